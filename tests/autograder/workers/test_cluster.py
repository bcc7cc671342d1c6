"""The map over a Dask cluster, where tasks or workers stand still."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial

import psutil
import pytest

from autograder.workers import cluster
from autograder.workers.cluster import ends_worker_after, map_dask


@pytest.fixture
def scheduler(tmp_path):
    """Start a scheduler on loopback and so many workers, each with its nanny: its address, and all that was started."""
    started = []

    def start(*words):
        words = [sys.executable, "-m", *words, "--host", "127.0.0.1", "--no-dashboard"]
        environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
        started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment))

    def make(workers):
        file = tmp_path / "scheduler.json"
        start("distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(file))
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        for number in range(workers):
            folder = ["--local-directory", str(tmp_path / f"{number}")]
            start("distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1", *folder)
        return json.loads(file.read_text())["address"], started

    yield make
    family = [member for one in started if one.poll() is None for member in psutil.Process(one.pid).children(True)]
    for process in started:
        process.kill()
        process.wait(30)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, 30)


def sleeps_on_three(folder, number):
    with ends_worker_after(2 if number == 3 else 600, folder / f"{number}"):
        time.sleep(600 if number == 3 else 0)
        return number


def test_a_task_that_does_not_end_is_ended_with_its_worker_and_given_up_alone(scheduler, tmp_path):
    address, _ = scheduler(1)
    found = map_dask(partial(sleeps_on_three, tmp_path / "stalls"), range(5), address, 600)
    done = {d.item: d for d in found}
    assert done[3].result is None
    assert done[3].error == "TimeoutError: it did not come to an end within 2 s, 2 times"
    assert all(done[n].result == n for n in range(5) if n != 3)


def test_a_cluster_without_workers_keeps_nobody_waiting(scheduler, monkeypatch):
    monkeypatch.setattr(cluster, "LOST_SECONDS", 1.0)
    monkeypatch.setattr(cluster, "LOOK", 0.2)
    address, _ = scheduler(0)
    found = list(map_dask(abs, [1, 2], address, 0.5))
    assert sorted(done.item for done in found) == [1, 2]
    assert all("it has no workers, or they are stopped" in done.error for done in found)


def test_a_scheduler_that_is_gone_keeps_nobody_waiting(scheduler, monkeypatch):
    monkeypatch.setattr(cluster, "LOOK", 0.2)
    address, started = scheduler(0)
    threading.Timer(2.0, started[0].kill).start()
    found = list(map_dask(abs, [1, 2], address, 600))
    assert sorted(done.item for done in found) == [1, 2]
    assert all("its scheduler is gone" in done.error for done in found)
