"""The dress rehearsal: a made-up class whose true scores are known."""


def test_the_second_course_passes_its_dress_rehearsal(course_root, tmp_path, cli):
    config = (course_root / "nbgrader_config.py").read_text()
    folders = [str(course_root / folder) for folder in ("exercises", "private")]  # imported from one place only
    config = config.replace('["exercises", "private"]', repr(folders))
    (tmp_path / "nbgrader_config.py").write_text(config)
    code, out, err = cli(tmp_path, "rehearse", "composed", "--students", 10)
    assert code == 0, err
    assert "10 submissions, 0 scores or misconceptions that are not as they must be" in out
