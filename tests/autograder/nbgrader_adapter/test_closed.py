"""What nbgrader's own commands make in a course is for its owner alone."""

import shutil

import pytest
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.nbgrader_adapter.closed import make_folders


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_gradebook_that_nbgrader_makes_is_its_owner_s_alone(ordinary_course):
    assert mode(ordinary_course / "gradebook.db") == 0o600


@pytest.mark.parametrize("name", ["submitted", "autograded", "feedback"])
def test_so_are_the_folders_of_what_students_hand_in(ordinary_course, name):
    assert mode(ordinary_course / name) == 0o700


def test_what_is_there_already_keeps_its_mode(tmp_path):
    (tmp_path / "submitted").mkdir()
    (tmp_path / "submitted").chmod(0o750)
    make_folders(CourseDirectory(config=Config({"CourseDirectory": {"root": str(tmp_path)}})))
    assert mode(tmp_path / "submitted") == 0o750
    assert mode(tmp_path / "autograded") == 0o700


def test_a_course_that_a_group_shares_is_left_to_nbgrader(tmp_path):
    make_folders(CourseDirectory(config=Config({"CourseDirectory": {"root": str(tmp_path), "groupshared": True}})))
    assert list(tmp_path.iterdir()) == []


def test_a_build_makes_a_source_that_nobody_else_can_read(course_root, tmp_path, cli):
    config = (course_root / "nbgrader_config.py").read_text()
    folders = [str(course_root / folder) for folder in ("exercises", "private")]
    (tmp_path / "nbgrader_config.py").write_text(config.replace('["exercises", "private"]', repr(folders)))
    code, _, err = cli(tmp_path, "build", "composed")
    assert code == 0, err
    assert mode(tmp_path / "classroom") == 0o700
    assert mode(tmp_path / "classroom" / "source") == 0o700
    shutil.rmtree(tmp_path / "classroom")
