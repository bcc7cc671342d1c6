"""The dress rehearsal: a made-up class whose true scores are known."""

import pytest
from nbgrader.api import Gradebook

from autograder.nbgrader_adapter.rehearsal import BODIES, actors, enough
from autograder.nbgrader_adapter.rehearsal_course import MARK


@pytest.fixture
def own_course(course_root, tmp_path):
    """A course with the second one's exercises, in a folder of its own."""
    config = (course_root / "nbgrader_config.py").read_text()
    folders = [str(course_root / folder) for folder in ("exercises", "private")]  # imported from one place only
    (tmp_path / "nbgrader_config.py").write_text(config.replace('["exercises", "private"]', repr(folders)))
    return tmp_path


def test_the_second_course_passes_its_dress_rehearsal(own_course, cli):
    code, out, err = cli(own_course, "rehearse", "composed", "--students", 10)
    assert code == 0, err
    assert "10 submissions, 0 scores or misconceptions that are not as they must be" in out


def test_an_assignment_that_begins_with_a_class_passes_its_dress_rehearsal(own_course, cli):
    code, out, err = cli(own_course, "rehearse", "networks")
    assert code == 0, err
    assert "submissions, 0 scores or misconceptions that are not as they must be" in out
    with Gradebook(f"sqlite:///{own_course / 'rehearsal' / 'networks' / 'gradebook.db'}") as gradebook:
        full = gradebook.find_grade("check-Gate", "networks", "networks", "student-001").auto_score
        others = gradebook.find_grade("check-SignDescent", "networks", "networks", "student-001").auto_score
        for student in range(3, 3 + len(BODIES)):
            marks = [
                gradebook.find_grade(cell, "networks", "networks", f"student-{student:03}").auto_score
                for cell in ("check-Gate", "check-SignDescent")
            ]
            assert marks in ([0, others], [None, others])  # None where a busy machine's wall clock stopped it
    assert full > 0


def test_a_rehearsal_enters_nobody_in_the_real_course(own_course, cli):
    cli(own_course, "build", "composed")
    code, _, err = cli(own_course, "rehearse", "composed", "--students", 2)
    assert code == 0, err
    assert sorted(path.name for path in (own_course / "classroom").iterdir()) == ["source"]
    place = own_course / "rehearsal" / "composed"
    with Gradebook(f"sqlite:///{place / 'gradebook.db'}") as gradebook:
        assert {student.id for student in gradebook.students} == {"student-001", "student-002"}


def test_a_rehearsal_begins_anew_and_takes_what_lies_beside_the_source_notebook(own_course, cli):
    source = own_course / "classroom" / "source" / "composed"
    source.mkdir(parents=True)
    (source / "data.csv").write_text("1,2")
    place = own_course / "rehearsal" / "composed"
    for _ in range(2):
        assert cli(own_course, "rehearse", "composed", "--students", 1)[0] == 0
        assert (place / "release" / "composed" / "data.csv").read_text() == "1,2"
        assert not (place / "left").exists()
        (place / "left").touch()


def test_a_rehearsal_has_every_command_on_its_own_course(own_course, cli):
    cli(own_course, "rehearse", "composed", "--students", 2)
    code, out, err = cli(own_course / "rehearsal" / "composed", "scores", "composed")
    assert code == 0, err
    assert "student-002" in out


def test_a_folder_that_is_not_a_rehearsal_s_is_left_alone(own_course, cli):
    place = own_course / "rehearsal" / "composed"
    place.mkdir(parents=True)
    (place / "thesis.txt").write_text("mine")
    code, _, err = cli(own_course, "rehearse", "composed")
    assert code == 2
    assert f"{place} is not a rehearsal's: move it away" in err
    assert (place / "thesis.txt").read_text() == "mine"
    assert MARK not in err


@pytest.mark.parametrize("number", [0, -3])
def test_a_class_without_students_is_refused(number, own_course, cli):
    code, _, err = cli(own_course, "rehearse", "composed", "--students", number)
    assert code == 2
    assert f"a whole number of at least 1 is wanted, not '{number}'" in err
    assert not (own_course / "rehearsal").exists()


def test_the_class_holds_every_misconception_where_no_number_is_given(second_course, tmp_path):
    course = second_course(tmp_path / "course", "composed")
    assignment = course.catalogue.assignment("composed")
    held = {
        (exercise, name)
        for actor in actors(course, assignment, enough(assignment))
        for exercise, name in actor.misconceptions.items()
    }
    wanted = {(entry.name, wrong.name) for entry in assignment.entries for wrong in entry.exercise.misconceptions}
    assert held == wanted
