"""The notebook's process: it runs one cell after the other as it is told, and forks the snapshots."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from autograder.sandbox.guest import snapshot
from autograder.sandbox.guest.event_loop import CellLoop
from autograder.sandbox.guest.shell import Shell, nowhere
from autograder.sandbox.guest.streams import Collector, Stream
from autograder.sandbox.shared.messages import Channel


def serve(channel: Channel, snapshots: list[int], shell: Shell, output_bytes: int) -> None:
    """Do what the grader asks until it hangs up.

    snapshots : the descriptors for the snapshots, in order; each snapshot takes one along
    """
    collector = Collector(channel.send, output_bytes)
    shell.send = _sender(channel, collector)
    sys.stdout, sys.stderr = Stream(1, collector), Stream(2, collector)
    vars(sys).update(__stdout__=sys.stdout, __stderr__=sys.stderr)
    waiting = dict(enumerate(snapshots))
    loop = CellLoop()
    shell.loop_runner = loop.run_await
    while True:
        request = channel.receive()
        status = "done"
        if "cell" in request:
            status = _run(shell, collector, loop, request["cell"])
        elif request["stay"]:
            channel.send({"done": request["number"], "status": status})
            _silence(shell, collector)
            snapshot.be_snapshot(channel, waiting, request["snapshot"], shell.user_ns)
        else:
            _snapshot(channel, waiting, request["snapshot"], shell, collector, lasting=request["lasting"])
        channel.send({"done": request["number"], "status": status})


def _run(shell: Shell, collector: Collector, loop: CellLoop, source: str) -> str:
    collector.begin()
    status = "error"
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        shell.reported = False
        with loop.around_cell():
            result = shell.run_cell(source, store_history=True)
        status = "done" if result.success else "error"
        if status == "error" and not shell.reported:  # no memory was left to say so
            _report(collector, result.error_in_exec or result.error_before_exec)
    except BaseException as error:  # a shell that the student has changed, or an interrupt on the way out
        _report(collector, error)
    finally:
        _quieten()
        sys.stdout.flush()
        sys.stderr.flush()
        collector.sync()
    return status


def _report(collector: Collector, error: Any) -> None:
    name = type(error).__name__
    collector.send({"out": "error", "ename": name, "evalue": str(error), "traceback": [f"{name}: {error}"]})


def _quieten() -> None:
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _silence(shell: Shell, collector: Collector) -> None:
    """Let outputs go nowhere: an answer may display, plot, print and log, and none of that is looked at."""
    shell.send = collector.send = nowhere


def _snapshot(
    channel: Channel, waiting: dict[int, int], index: int, shell: Shell, collector: Collector, *, lasting: bool
) -> None:
    if snapshot.fork_with_state() == 0:
        try:
            _silence(shell, collector)
            snapshot.be_snapshot(channel, waiting, index, shell.user_ns, lasting=lasting)
        finally:
            os._exit(1)
    os.close(waiting.pop(index))


def _sender(channel: Channel, collector: Collector) -> Any:
    def send(message: dict[str, Any]) -> None:
        """Outputs other than the streams'; what was written before comes before."""
        collector.sync()
        size = _size(message)
        if message.get("out") == "clear":
            collector.clear()
        if size > min(collector.room, collector.traffic):
            channel.send({"out": "cut"})
            return
        collector.traffic -= size
        collector.room -= 0 if message.get("out") == "update" else size
        try:
            channel.send(message)
        except (TypeError, ValueError):
            channel.send({"out": "unreadable"})

    return send


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_size(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return sum(_size(item) for item in value)
    return len(value) if isinstance(value, str) else 8
