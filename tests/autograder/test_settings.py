"""The instructor's settings."""

import ast
import os
import re
import stat
from pathlib import Path

import pytest
from traitlets.config import LoggingConfigurable

from autograder.authoring.exercise import ExerciseError
from autograder.settings import AutograderSettings, read_config


@pytest.fixture
def settings(tmp_path):
    return AutograderSettings(root=str(tmp_path), exercises=["exercises"], secret_file="deep/secret")


def test_the_secret_is_made_once_and_is_its_owner_s_alone(settings):
    secret = settings.secret()
    assert len(secret) >= 32
    assert settings.secret() == secret
    assert stat.S_IMODE(os.stat(settings.secret_path).st_mode) == 0o600


def test_two_courses_have_two_secrets(settings, tmp_path):
    other = AutograderSettings(root=str(tmp_path / "other"))
    assert other.secret() != settings.secret()


@pytest.mark.parametrize("content", [b"", b"   \n", b"short", b" " * 40])
def test_a_secret_that_anybody_could_guess_is_refused(content, settings):
    settings.secret_path.parent.mkdir()
    settings.secret_path.write_bytes(content)
    with pytest.raises(ExerciseError, match="too short to be a course secret: remove it and a new one is made"):
        settings.secret()


def test_white_space_round_the_secret_is_nothing(settings):
    secret = settings.secret()
    settings.secret_path.write_bytes(b"\n" + secret + b"\n\n")
    assert settings.secret() == secret


def test_paths_start_from_the_root(settings, tmp_path):
    assert settings.folders == [tmp_path / "exercises"]
    assert settings.store_folder == tmp_path / ".autograder"


def test_the_root_is_the_folder_of_the_settings_file_where_it_is_not_set(course_root, tmp_path):
    assert read_config(course_root).AutograderSettings.root == str(course_root)
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.AutograderSettings.root = '/elsewhere'\n")
    assert read_config(tmp_path).AutograderSettings.root == "/elsewhere"


def test_every_setting_is_in_the_instructors_table_with_its_default():
    page = (Path(__file__).parents[2] / "chapters" / "instructors.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \| \S.*\|$", page, re.MULTILINE))
    traits = AutograderSettings.class_traits(config=True)
    assert {name: ast.literal_eval(text) for name, text in rows.items()} == {
        name: trait.default() for name, trait in traits.items() if name not in LoggingConfigurable.class_traits()
    }


def test_limits_are_what_the_settings_say(tmp_path):
    limits = AutograderSettings(root=str(tmp_path), cell_seconds=7, submission_seconds=8, memory_mib=99).limits
    assert (limits.cell_seconds, limits.submission_seconds, limits.memory_mib) == (7, 8, 99)
