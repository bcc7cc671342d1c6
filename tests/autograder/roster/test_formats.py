"""Lists of students as Canvas, Moodle and nbgrader export them, and files that are none."""

import pytest

from autograder.authoring.errors import ExerciseError
from autograder.roster.formats import column_names, read_roster
from autograder.roster.kept import keep_roster, kept_roster, merged
from autograder.roster.person import Person

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (123),Current Score
,,,,,Manual Posting,
    Points Possible,,,,,10,(read only)
"Lovelace, Ada",4711,S-1,ada,Monday and Tuesday,9,90
Emmy Noether,4712,S-2,emmy,Monday,,
"Student, Test",4799,,0a1b2c,Monday,,
"""
MOODLE = """\
"First name","Last name","ID number",Institution,Department,"Email address",Username,"Assignment: One (Real)"
Ada,Lovelace,77,,,ada@example.org,ada,-
Émilie,du Châtelet,78,,,emilie@example.org,emilie,10.00
"""
NBGRADER = """\
id,last_name,first_name,email,lms_user_id
ada,Lovelace,Ada,ada@example.org,4711
emmy,Noether,Emmy,,
"""
EXPORTED = """\
assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score
ps1,,,ada,Lovelace,Ada,,3
ps2,,,ada,Lovelace,Ada,,4
"""
ADA = Person("ada", "Lovelace", "Ada", "ada@example.org")


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_canvas_s_students_are_read_and_what_is_no_student_is_not(file):
    found = read_roster(file(CANVAS))
    assert found.format == "Canvas"
    assert found.people == (
        Person("ada", "Lovelace", "Ada", "", "4711", "S-1", "ada", "Monday and Tuesday"),
        Person("emmy", "Noether", "Emmy", "", "4712", "S-2", "emmy", "Monday"),
    )


def test_moodle_s_students_are_read(file):
    found = read_roster(file(MOODLE))
    assert found.format == "Moodle"
    assert found.people == (
        Person("ada", "Lovelace", "Ada", "ada@example.org", "77", "", "ada"),
        Person("emilie", "du Châtelet", "Émilie", "emilie@example.org", "78", "", "emilie"),
    )


def test_nbgrader_s_students_are_read(file):
    found = read_roster(file(NBGRADER))
    assert found.format == "nbgrader"
    assert found.people == (
        Person("ada", "Lovelace", "Ada", "ada@example.org", "4711"),
        Person("emmy", "Noether", "Emmy"),
    )


def test_a_line_for_each_assignment_is_one_student(file):
    assert read_roster(file(EXPORTED)).people == (Person("ada", "Lovelace", "Ada"),)


@pytest.mark.parametrize(
    "content",
    [
        MOODLE.encode("utf-8-sig"),
        MOODLE.encode("utf-16"),
        MOODLE.replace(",", ";"),
        MOODLE.replace(",", "\t"),
        MOODLE.replace("\n", "\r\n"),
        MOODLE.replace('"Last name"', "Surname"),
        MOODLE + ",,,,,,,\n\n",
    ],
    ids=["BOM", "UTF-16", "semicolons", "tabs", "Windows", "an older Moodle", "blank lines"],
)
def test_a_file_as_other_programs_write_it_says_the_same(file, content):
    assert read_roster(file(content)).people == read_roster(file(MOODLE)).people


def test_accounts_can_stand_in_another_column_before_the_at(file):
    content = MOODLE.replace("Username", "Alias")
    found = read_roster(file(content), {"account": "Email address"}, before_at=True)
    assert [one.account for one in found.people] == ["ada", "emilie"]
    assert found.people[0].email == "ada@example.org"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty: export the list of students again"),
        (b"PK\x03\x04 and more", "is a spreadsheet or an archive: save it as CSV in UTF-8"),
        ("name\nJosé".encode("latin-1"), "is no text in UTF-8: save it as CSV in UTF-8"),
        (
            "Nachname,Vorname\nLovelace,Ada\n",
            "has no column with the students' accounts: looked for 'SIS Login ID' (Canvas), 'Username' (Moodle), "
            "'student_id' or 'id' (nbgrader); found 'Nachname', 'Vorname': name one with --column account=NAME",
        ),
        ("id,last_name\n,Lovelace\n", "line 2 (Lovelace) has no account in the column 'id': fill it in"),
        ("id,email\nada,a\nemmy,b\nada,c\n", "the account 'ada' stands in line 2 and in line 4: leave one of them"),
        ("id,email,email\nada,a,b\n", "has more than one column called 'email'"),
        ("id,last_name\n", "has the columns of nbgrader, and no student"),
        ("id,last_name\nada,a\x07b\n", "holds a character that no name has"),
        ("id,last_name\nada," + "x" * 129 + "\n", "the last name is longer than 128 characters"),
        ('id,last_name\nada,"' + "x" * 200_000 + "\n", "cannot be read as CSV"),
    ],
)
def test_a_wrong_file_is_one_sentence(file, content, sentence):
    with pytest.raises(ExerciseError) as said:
        read_roster(file(content))
    assert sentence in str(said.value)
    assert "\n" not in str(said.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ExerciseError, match=r"nobody\.csv cannot be read: No such file or directory"):
        read_roster(tmp_path / "nobody.csv")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("account", "--column takes FIELD=NAME"),
        ("acount=Username", "--column names the field 'acount'; the fields are account, last_name"),
    ],
)
def test_a_column_that_is_no_field_s_is_refused(given, sentence):
    with pytest.raises(ExerciseError, match=sentence):
        column_names([given])


def test_a_column_that_the_file_has_not_is_named_with_what_it_has(file):
    with pytest.raises(ExerciseError, match=r"has no column 'Usrname'.*it has 'First name', 'Last name'"):
        read_roster(file(MOODLE), {"account": "Usrname"})


def test_what_is_kept_is_read_again_and_its_owner_s_alone(file, tmp_path):
    people = read_roster(file(CANVAS)).people
    place = tmp_path / "kept" / "roster.csv"
    keep_roster(place, people)
    assert tuple(kept_roster(place).values()) == people
    assert place.stat().st_mode & 0o777 == 0o600


def test_a_later_list_keeps_what_only_an_earlier_one_knew(file):
    canvas = {one.account: one for one in read_roster(file(CANVAS)).people}
    found = merged(canvas, [ADA])
    assert found == {
        "ada": Person("ada", "Lovelace", "Ada", "ada@example.org", "4711", "S-1", "ada", "Monday and Tuesday")
    }
