"""The folders of fork servers: one that is held stays, one whose grader was killed goes when the next starts."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.sandbox.host.scratch import make_base

HOLDER = """
import sys, time
from autograder.sandbox.host.scratch import make_base
print(make_base()[0], flush=True)
time.sleep(600)
"""


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Where folders are made, and one whose maker lives; all are old."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    base = Path(holder.stdout.readline().strip())
    (base / "scratch").mkdir()
    os.utime(base, (0, 0))
    yield holder, base
    holder.kill()
    holder.communicate()


def test_a_folder_goes_when_its_grader_was_killed_and_not_before(folders):
    holder, base = folders
    os.close(make_base()[1])
    assert base.is_dir()
    holder.kill()
    holder.wait()
    os.close(make_base()[1])
    assert not base.exists()


def test_what_is_not_a_folder_of_ours_is_left_alone(folders, tmp_path):
    for name in ("session-link", "session-file"):
        (tmp_path / name).symlink_to(tmp_path) if "link" in name else (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (0, 0), follow_symlinks=False)
    os.close(make_base()[1])
    assert (tmp_path / "session-link").is_symlink()
    assert (tmp_path / "session-file").is_file()
