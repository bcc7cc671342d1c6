"""The instructor's copy of the course holds nobody who was made up."""

from __future__ import annotations

import os

from deploy.hub.classroom import give_course
from deploy.hub.layout import Layout

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "stock"
"""


def test_the_instructor_s_copy_has_no_rehearsal_and_has_the_roster(tmp_path):
    course = tmp_path / "course"
    made_up = course / "rehearsal" / "ps1" / "submitted" / "student-001"
    made_up.mkdir(parents=True)
    (course / "source" / "rehearsal").mkdir(parents=True)  # an assignment that is called so
    (course / "nbgrader_config.py").write_text(CONFIG)
    (course / "roster.csv").write_text("student_id\nada\n")
    home = tmp_path / "home"
    home.mkdir()
    layout = Layout(tmp_path / "hub", tmp_path / "software")
    copy = give_course(course, home, layout, (os.getuid(), os.getgid()), shared=False)
    assert not (copy / "rehearsal").exists()
    assert (copy / "source" / "rehearsal").is_dir()
    assert (copy / "roster.csv").read_text() == "student_id\nada\n"
