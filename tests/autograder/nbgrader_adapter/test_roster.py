"""`autograder roster`: who is in the course, in the gradebook and in the exports."""

import csv
import shutil

import pytest
from nbgrader.api import Gradebook

from autograder.nbgrader_adapter.course import course_of
from autograder.nbgrader_adapter.exchange import steps
from autograder.settings import read_config

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework
    Points Possible,,,,,10
"Lovelace, Ada",4711,S-1,ada,Monday,9
"Noether, Emmy",4712,S-2,emmy,Tuesday,
"""


@pytest.fixture
def root(tmp_path, ordinary_course):
    """An ordinary course, with nobody in it and no gradebook yet."""
    shutil.copy(ordinary_course / "nbgrader_config.py", tmp_path)
    (tmp_path / "canvas.csv").write_text(CANVAS)
    return tmp_path


def opened(root):
    return Gradebook(f"sqlite:///{root / 'gradebook.db'}", "stock")


@pytest.fixture
def submitted(root, ordinary_course):
    """Somebody has submitted an assignment before there was a roster."""
    shutil.copy(ordinary_course / "gradebook.db", root)
    with opened(root) as gradebook, gradebook.db.no_autoflush:
        gradebook.add_student("ada", email="ada@example.org")
        gradebook.add_submission("ps1", "ada")
    return root


def names(root):
    with opened(root) as gradebook:
        return {
            student.id: (student.last_name, student.first_name, student.email, student.lms_user_id)
            for student in gradebook.students
        }


def test_the_gradebook_has_the_roster_s_names_and_is_its_owner_s_alone(root, cli):
    code, out, err = cli(root, "roster", root / "canvas.csv")
    assert (code, err) == (0, "")
    assert out == "2 students (Canvas): 2 new, 0 changed, 0 as they were\n"
    assert names(root) == {"ada": ("Lovelace", "Ada", None, "4711"), "emmy": ("Noether", "Emmy", None, "4712")}
    assert (root / "gradebook.db").stat().st_mode & 0o777 == 0o600


def test_what_the_gradebook_knew_and_the_list_does_not_stays(submitted, cli):
    _, out, _ = cli(submitted, "roster", submitted / "canvas.csv")
    assert out.startswith("2 students (Canvas): 1 new, 1 changed, 0 as they were")
    assert names(submitted)["ada"] == ("Lovelace", "Ada", "ada@example.org", "4711")
    with opened(submitted) as gradebook:
        assert gradebook.find_submission("ps1", "ada")


def test_the_same_list_again_changes_nothing(submitted, cli):
    cli(submitted, "roster", submitted / "canvas.csv")
    before = names(submitted)
    assert cli(submitted, "roster", submitted / "canvas.csv")[1].startswith(
        "2 students (Canvas): 0 new, 0 changed, 2 as they"
    )
    assert names(submitted) == before


def test_one_name_alone_leaves_no_none_to_formgrader(submitted, cli):
    (submitted / "list.csv").write_text("id,last_name\nada,Lovelace\n")
    cli(submitted, "roster", submitted / "list.csv")
    assert names(submitted)["ada"][:2] == ("Lovelace", "")


def test_a_dry_run_writes_nothing(submitted, cli):
    before = names(submitted)
    code, out, _ = cli(submitted, "roster", submitted / "canvas.csv", "--dry-run")
    assert code == 0
    assert "1 new, 1 changed" in out
    assert "nothing was written" in out
    assert names(submitted) == before
    assert not (submitted / "roster.csv").exists()


def test_who_has_left_is_named_and_stays_in_the_gradebook(submitted, cli):
    cli(submitted, "roster", submitted / "canvas.csv")
    (submitted / "list.csv").write_text("id,last_name\nada,Lovelace\n")
    _, out, _ = cli(submitted, "roster", submitted / "list.csv")
    assert "1 no longer in the roster; their grades stay: emmy" in out
    assert set(names(submitted)) == {"ada", "emmy"}
    shown = cli(submitted, "roster")[1]
    assert "emmy" not in shown
    assert "4711" in shown  # which this list did not say


def test_who_submitted_and_is_not_in_the_roster_is_named_with_who_may_be_meant(submitted, cli):
    (submitted / "list.csv").write_text("id,last_name\nadal,Lovelace\nemmy,Noether\n")
    assert (
        "1 in the gradebook and not in the roster: ada (is it adal?)"
        in cli(submitted, "roster", submitted / "list.csv")[1]
    )


@pytest.mark.parametrize(
    ("content", "words", "sentence"),
    [
        ("Name\nAda\n", (), "has no column with the students' accounts"),
        ("id,last_name\n../ada,L\n", (), "the account ../ada begins with '.'"),
        (CANVAS, ("--column", "account=Login"), "has no column 'Login'"),
        (CANVAS, ("--column", "who=ID"), "--column names the field 'who'"),
    ],
)
def test_a_wrong_list_is_one_sentence_and_nothing_is_written(root, cli, content, words, sentence):
    (root / "list.csv").write_text(content)
    code, _, err = cli(root, "roster", root / "list.csv", *words)
    assert code == 2
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert not (root / "gradebook.db").exists()
    assert not (root / "roster.csv").exists()


def test_a_course_without_a_roster_says_how_it_gets_one(root, cli):
    code, _, err = cli(root, "roster")
    assert code == 2
    assert "run `autograder roster FILE`" in err


def test_a_kept_roster_that_is_damaged_is_named_with_the_remedy(submitted, cli):
    (submitted / "roster.csv").write_text("nothing\n1\n")
    code, _, err = cli(submitted, "export", "--to", submitted / "grades.csv")
    assert code == 2
    assert "`autograder roster FILE` writes it anew" in err
    assert cli(submitted, "roster", submitted / "canvas.csv")[0] == 0


def exported(root, cli, *words):
    _, out, _ = cli(root, "export", "--to", root / "grades.csv", *words)
    with (root / "grades.csv").open(newline="") as file:
        return list(csv.DictReader(file)), out


def test_who_submitted_nothing_is_in_the_export_as_such(submitted, cli):
    cli(submitted, "roster", submitted / "canvas.csv")
    rows, out = exported(submitted, cli)
    found = {row["student_id"]: row for row in rows}
    assert (found["emmy"]["score"], found["emmy"]["submitted"], found["emmy"]["needs_person"]) == ("0", "no", "no")
    assert (found["ada"]["submitted"], found["ada"]["section"]) == ("yes", "Monday")
    assert "1 0, because nothing was submitted" in out


@pytest.mark.parametrize(("format_", "blank"), [("nbgrader", ""), ("canvas", ""), ("moodle", "-")])
def test_no_score_where_nothing_was_submitted_can_be_asked_for(submitted, cli, format_, blank):
    cli(submitted, "roster", submitted / "canvas.csv")
    rows, out = exported(submitted, cli, "--format", format_, "--absent", "blank")
    (emmy,) = (row for row in rows if "emmy" in row.values())
    assert emmy["score" if format_ == "nbgrader" else "ps1"] == blank
    assert "1 blank, because nothing was submitted" in out


def test_canvas_gets_its_own_ids_and_sections_back(submitted, cli):
    content = CANVAS.replace("ada,", "ada@example.org,").replace("emmy,", "emmy@example.org,")
    (submitted / "canvas.csv").write_text(content)
    cli(submitted, "roster", submitted / "canvas.csv", "--before-at")
    rows, _ = exported(submitted, cli, "--format", "canvas")
    (ada,) = (row for row in rows if row["ID"] == "4711")
    wanted = ("Lovelace, Ada", "S-1", "ada@example.org", "Monday")
    assert tuple(ada[name] for name in ("Student", "SIS User ID", "SIS Login ID", "Section")) == wanted


def test_feedback_calls_the_student_by_their_name(submitted, ordinary_course, cli):
    (submitted / "list.csv").write_text("id,last_name,first_name\nada,<b>Lovelace,Ada\n")
    cli(submitted, "roster", submitted / "list.csv")
    graded = submitted / "autograded" / "ada" / "ps1"
    graded.mkdir(parents=True)
    shutil.copy(ordinary_course / "release" / "ps1" / "ps1.ipynb", graded)
    steps.feedback(course_of(read_config(submitted)), "ps1", "ada")
    page = (submitted / "feedback" / "ada" / "ps1" / "ps1.html").read_text()
    assert '<p class="student">Ada &lt;b&gt;Lovelace (ada)</p>' in page


def test_the_report_names_who_submitted_and_who_did_not(submitted, cli):
    cli(submitted, "roster", submitted / "canvas.csv")
    code, _, err = cli(submitted, "report", "ps1", "--to", submitted / "report.html")
    assert (code, err) == (0, "")
    page = (submitted / "report.html").read_text()
    assert "Lovelace, Ada (ada)" in page
    assert "<li>Noether, Emmy (emmy)</li>" in page


def test_a_student_who_is_forgotten_is_in_no_roster(submitted, cli):
    cli(submitted, "roster", submitted / "canvas.csv")
    code, out, err = cli(submitted, "forget", "ada", "--yes")
    assert code == 0, err
    assert "the roster's line on ada" in out
    assert "emmy" in cli(submitted, "roster")[1]
    assert "ada" not in cli(submitted, "roster")[1]
    assert set(names(submitted)) == {"emmy"}
