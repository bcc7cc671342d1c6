"""The map over forked processes."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autograder.pool import MAX_DEATHS, Crew, map_forked


def squared(_, number):
    return number * number


def dies_on_three(folder, number):
    if number == 3:
        (folder / f"{os.getpid()}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fails_on_three(_, number):
    if number == 3:
        raise ValueError("three is too many")
    return number


def dies_once(folder, number):
    mark = folder / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_item_comes_back_once_whatever_the_number_of_workers(workers):
    done = list(map_forked(squared, range(12), workers))
    assert sorted((d.item, d.result, d.error) for d in done) == [(n, n * n, "") for n in range(12)]


def test_an_exception_is_the_error_of_its_item_alone():
    done = {d.item: d for d in map_forked(fails_on_three, range(6), 2)}
    assert done[3].error == "ValueError: three is too many"
    assert all(done[n].result == n for n in range(6) if n != 3)


def test_the_death_of_a_worker_is_tried_again(tmp_path):
    done = {d.item: d.result for d in map_forked(dies_once, range(6), 2, lambda: tmp_path)}
    assert done == {n: n for n in range(6)}


def test_an_item_that_kills_its_worker_three_times_is_given_up_and_the_rest_goes_on(tmp_path):
    done = {d.item: d for d in map_forked(dies_on_three, range(6), 2, lambda: tmp_path)}
    assert "died 3 times" in done[3].error
    assert "SIGKILL" in done[3].error
    assert len(list(tmp_path.iterdir())) == MAX_DEATHS
    assert all(done[n].result == n for n in range(6) if n != 3)


def test_what_the_parent_does_with_the_equipment_comes_after_the_fork(tmp_path):
    given, released = [], []

    def equip():
        given.append(object())
        return tmp_path

    list(map_forked(squared, range(4), 2, equip, released.append))
    assert len(given) == len(released) == 2


def test_a_crew_takes_items_while_others_are_still_in_work():
    def wait_for(_, path):
        while not path.exists():
            time.sleep(0.01)
        return path.name

    with tempfile.TemporaryDirectory() as folder, Crew(wait_for, 2) as crew:
        slow, quick = Path(folder) / "slow", Path(folder) / "quick"
        quick.touch()
        crew.give(slow)
        assert crew.finished(0.05) == []
        crew.give(quick)
        assert [done.result for done in crew.finished()] == ["quick"]
        assert crew.unfinished == 1
        slow.touch()
        assert [done.result for done in crew.finished()] == ["slow"]


def test_a_crew_outlives_an_idle_worker_that_dies():
    with Crew(lambda _, __: os.getpid(), 1) as crew:
        crew.give(1)
        (first,) = crew.finished()
        os.kill(first.result, signal.SIGKILL)
        time.sleep(0.2)
        crew.give(2)
        while crew.unfinished:
            found = crew.finished()
    assert found[0].result != first.result


def test_workers_go_with_a_parent_that_is_killed(tmp_path):
    code = (
        "import os, pathlib, sys, time\nfrom autograder.pool import Crew\n"
        "def sleep(_, path):\n    pathlib.Path(path).write_text(str(os.getpid()))\n    time.sleep(60)\n"
        "with Crew(sleep, 1) as crew:\n    crew.give(sys.argv[1])\n    crew.finished()\n"
    )
    mark = tmp_path / "worker"
    parent = subprocess.Popen([sys.executable, "-c", code, str(mark)])
    while not mark.exists() or not mark.read_text():
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while is_running(worker := int(mark.read_text())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(worker)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
