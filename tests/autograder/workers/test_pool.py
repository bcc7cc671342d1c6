"""The map over forked processes."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from autograder.workers.pool import MAX_DEATHS, MAX_STALLS, Crew, map_forked


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
        "import os, pathlib, sys, time\nfrom autograder.workers.pool import Crew\n"
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


# ------------------------------------------------------------------------------------------------- no end, and no hang


def sleeps_on_three(folder, number):
    if number == 3:
        (folder / f"{os.getpid()}").touch()
        time.sleep(600)
    return number


def stops_on_three(folder, number):
    if number == 3:
        (folder / f"{os.getpid()}").touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    return number


def stops_once(folder, number):
    mark = folder / "stopped"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    return number


def short_for_three(number):
    """A bound that only what stands still meets, on a machine under load too."""
    return 4 if number == 3 else 600


@pytest.mark.parametrize("function", [sleeps_on_three, stops_on_three])
def test_a_worker_that_makes_no_progress_is_ended_and_its_item_given_up_after_a_retry(function, tmp_path):
    done = {d.item: d for d in map_forked(function, range(6), 2, lambda: tmp_path, seconds=short_for_three)}
    assert done[3].result is None
    assert done[3].error == "the process that grades it did not come to an end within 4 s, 2 times"
    assert all(done[n].result == n for n in range(6) if n != 3)
    tried = [int(file.name) for file in tmp_path.iterdir()]
    assert len(tried) == MAX_STALLS
    assert not any(is_running(pid) for pid in tried)


def test_an_item_whose_worker_was_stopped_once_has_its_result(tmp_path):
    found = map_forked(stops_once, range(6), 2, lambda: tmp_path, seconds=short_for_three)
    assert {d.item: d.result for d in found} == {n: n for n in range(6)}


def test_a_worker_that_is_stopped_in_the_middle_of_its_answer_keeps_nobody(tmp_path):
    def answers_at_length(_, number):
        (tmp_path / f"{os.getpid()}").touch()
        return b"x" * (3_000_000 if number == 3 else number)

    with Crew(answers_at_length, 1, seconds=short_for_three) as crew:
        crew.give(3)
        assert crew.finished(0) == []
        while not list(tmp_path.iterdir()):
            time.sleep(0.02)
        time.sleep(0.5)  # the first of its answer fills the socket, for nobody reads it
        os.kill(int(next(tmp_path.iterdir()).name), signal.SIGSTOP)
        crew.give(1)
        found = {}
        while crew.unfinished:
            found |= {done.item: len(done.result) for done in crew.finished()}
    assert found == {3: 3_000_000, 1: 1}


def test_an_item_of_many_megabytes_reaches_a_worker_that_was_stopped_when_it_was_given():
    """It does not go into a socket at once, and whoever gives it has others to look after."""
    with Crew(lambda _, item: len(item), 2, seconds=lambda _: 6) as crew:
        crew.give(b"1")
        (first,) = crew.finished()
        (worker,) = crew._team
        os.kill(worker.process.pid, signal.SIGSTOP)
        crew.give(b"x" * 30_000_000)
        found = []
        while crew.unfinished:
            found += crew.finished()
    assert first.result == 1
    assert [done.result for done in found] == [30_000_000]


def test_what_takes_long_within_its_bound_is_not_ended():
    found = list(map_forked(lambda _, seconds: time.sleep(seconds), [1.2], 1, seconds=lambda _: 60))
    assert [done.error for done in found] == [""]


def test_the_time_in_which_the_parent_itself_was_stopped_does_not_count(tmp_path):
    code = (
        "import os, pathlib, sys, time\nfrom autograder.workers.pool import map_forked\n"
        "def work(_, folder):\n"
        "    trial = len(list(folder.iterdir()))\n    (folder / str(trial)).touch()\n"
        "    time.sleep(1)\n    return trial\n"
        "(done,) = map_forked(work, [pathlib.Path(sys.argv[1])], 1, seconds=lambda _: 4)\nprint(done.result)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    while not list(tmp_path.iterdir()):
        time.sleep(0.02)
    parent.send_signal(signal.SIGSTOP)
    time.sleep(5)
    parent.send_signal(signal.SIGCONT)
    assert parent.communicate(timeout=60)[0] == "0\n"


def test_a_process_in_which_a_library_has_started_threads_is_not_forked():
    code = (
        "import numpy\nfrom autograder.authoring.exercise import ExerciseError\n"
        "from autograder.workers.pool import map_forked\n"
        "try:\n    list(map_forked(lambda _, n: n, [1], 1))\nexcept ExerciseError as error:\n    print(error)\n"
    )
    told = {**os.environ, "OPENBLAS_NUM_THREADS": "4"}
    words = [sys.executable, "-c", code]
    said = subprocess.run(words, env=told, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "threads that a library started" in said


def test_a_process_in_which_python_has_threads_is_forked():
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        assert [done.result for done in map_forked(squared, [3], 1)] == [9]
    finally:
        over.set()
        thread.join()


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
