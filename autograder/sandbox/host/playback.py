"""A submission from its first cell to its last answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from autograder.sandbox.host.endings import Clock, Dead, Over
from autograder.sandbox.host.outputs import Recorder
from autograder.sandbox.host.questions import Lost, Questioner, Room
from autograder.sandbox.host.session import GRACE, Session
from autograder.sandbox.interface import Answer, Cell, CellResult, Limits, Question, Snapshot, Step, Transcript
from autograder.sandbox.shared.messages import ChannelError, Closed

if TYPE_CHECKING:
    from autograder.sandbox.host.fork_server import ForkServer

RERUNS = 3
CELLS_SHARE = 0.75  # of the submission's CPU time; the rest is for the answers, so that long cells cost no others
SEND_SECONDS = 10.0
SNAPSHOT_SECONDS = 10.0


@dataclass
class _Run:
    """One pass over the cells. `died` is the step whose cell took the process with it."""

    recorder: Recorder
    results: list[tuple[Literal["done", "error", "stopped", "not run"], str, int | None]] = field(default_factory=list)
    kept: dict[int, bool] = field(default_factory=dict)  # the snapshots that were taken
    stayed: bool = False  # the last of them is the notebook's process itself
    died: int | None = None
    rest: str = ""  # why what follows is not run


class Playback:
    """One submission's steps and questions, played within its limits."""

    def __init__(
        self,
        fork_server: ForkServer,
        steps: Sequence[Step],
        questions: Sequence[Question | None],
        limits: Limits,
        files: Mapping[str, bytes],
    ) -> None:
        self.fork_server = fork_server
        self.steps = steps
        self.questions = questions
        self.limits = limits
        self.files = files
        self.snapshots = sum(isinstance(step, Snapshot) for step in steps)
        if len(questions) != self.snapshots:
            raise ValueError(f"{self.snapshots} snapshots need as many questions (or None), not {len(questions)}")
        self._lasting = False  # whether snapshots survive an answer that ends a process
        self._results: tuple[CellResult, ...] | None = None
        room = Room(limits.answers_bytes)  # of all the submission's answers
        given = [(k, question) for k, question in enumerate(questions) if question is not None]
        self._talks = {k: Questioner(question, limits, room) for k, question in given}
        self._deadline = time.monotonic() + limits.submission_seconds * limits.wall_factor
        self._spent = 0.0
        self._peak = 0.0
        self._number = 0
        self._checks = [question.checks for question in questions if question is not None]

    def run(self) -> Transcript:
        """Play it: again without a cell that killed the process, a few times at most, and again where an answer ended
        its snapshot, with snapshots that last."""
        dropped: dict[int, CellResult] = {}
        while True:
            cpu = self.limits.submission_seconds
            with self.fork_server.session(self.snapshots, self.limits, self.files, cpu + 5, self._checks) as live:
                live.bound(0.0 if self._lasting else self._spent, CELLS_SHARE * cpu, self._deadline)
                run = self._cells(live, dropped)
                final = run.died is None or len(dropped) == RERUNS or not self._worth_rerun(run)
                finished = final and self._answered(live, run)
                self._spent += live.usage().cpu
                self._peak = max(self._peak, live.peak)
            if finished:
                return self._transcript(live.layers)
            if not final:
                assert run.died is not None
                dropped[run.died] = _results(run)[-1]

    def _worth_rerun(self, run: _Run) -> bool:
        assert run.died is not None
        return not run.rest and run.died + 1 < len(self.steps)

    def _cells(self, live: Session, dropped: Mapping[int, CellResult]) -> _Run:
        run = _Run(Recorder(self.limits.output_bytes, self.limits.outputs_bytes))
        taken = 0
        for index, step in enumerate(self.steps):
            if isinstance(step, Snapshot):
                if not run.rest and run.died is None and taken in self._left():
                    # after the last step nothing is run that could tell a copy from the process itself
                    run.stayed = not self._lasting and index == len(self.steps) - 1
                    run.kept[taken] = self._keep(live, taken, stay=run.stayed)
                taken += 1
            elif run.died is not None or run.rest:
                run.results.append(("not run", run.rest or "cells before it ended the process too often", None))
            elif index in dropped:
                run.recorder.adopt(dropped[index].outputs)
                run.results.append((dropped[index].status, dropped[index].reason, run.recorder.count - 1))
            else:
                self._cell(live, run, index, step)
                if run.died is not None and len(dropped) < RERUNS and self._worth_rerun(run):
                    return run
        return run

    def _cell(self, live: Session, run: _Run, index: int, step: Cell) -> None:
        run.recorder.begin()
        here = run.recorder.count - 1
        status: str = "stopped"
        reason = ""
        clock = Clock(self.limits.cell_seconds, self.limits.cell_seconds * self.limits.wall_factor)
        try:
            status = self._talk(live, {"cell": step.source}, clock, run.recorder)
        except Over as over:
            reason = str(over)
            run.rest = reason if over.whole else ""
            if over.fatal or not self._interrupted(live, run.recorder):
                self._bury(live, run, index)
        except Dead as dead:
            reason = str(dead)
            self._bury(live, run, index)
        except ChannelError as error:
            reason = self._bury(live, run, index)
            if not isinstance(error, Closed):
                reason = f"it broke the session's protocol: {error}"
        run.results.append(("done" if status == "done" else "error" if status == "error" else "stopped", reason, here))

    def _talk(self, live: Session, request: dict[str, Any], clock: Clock, recorder: Recorder | None) -> str:
        """Send one request to the notebook's process and take what comes until it is done; its status."""
        self._number += 1
        number = self._number
        status = "error"

        def take(message: dict[str, Any]) -> bool:
            nonlocal status
            if "done" in message:
                if message["done"] != number:
                    raise ChannelError("it answered what was not asked")
                status = str(message.get("status"))
                return True
            if recorder is not None:
                recorder.take(message)
            return False

        live.data.send({**request, "number": number}, time.monotonic() + SEND_SECONDS)
        live.talk(live.data, take, clock, 2 * self.limits.traffic_bytes)
        return status

    def _interrupted(self, live: Session, recorder: Recorder) -> bool:
        """Whether the running cell ended on an interrupt."""
        number = self._number

        def take(message: dict[str, Any]) -> bool:
            recorder.take(message)
            return message.get("done") == number

        live.interrupt()
        try:
            live.talk(live.data, take, Clock(GRACE, GRACE, whole=False), 2 * self.limits.traffic_bytes)
        except (Over, Dead, ChannelError):
            return False
        return True

    def _bury(self, live: Session, run: _Run, index: int) -> str:
        run.died = index
        how = live.end_notebook()
        for name in ("stdout", "stderr"):
            if live.left.get(name):
                run.recorder.take({"out": "stream", "name": name, "text": live.left[name]})
        return how

    def _keep(self, live: Session, snapshot: int, *, stay: bool) -> bool:
        """Have a snapshot taken, or the notebook's process stay as this one; whether it was."""
        request = {"snapshot": snapshot, "stay": stay, "lasting": self._lasting}
        try:
            return self._talk(live, request, Clock(SNAPSHOT_SECONDS, SNAPSHOT_SECONDS), None) == "done"
        except (Over, Dead, ChannelError):
            return False

    def _answered(self, live: Session, run: _Run) -> bool:
        """Ask; whether every question has its answers now. If not, the next session's snapshots are to last."""
        if self._results is None:
            self._results = _results(run)  # frozen before the first question is sent
        if run.died is None and not run.stayed:
            live.end_notebook()
        live.look_at_memory()
        played_before = live.usage().cpu if self._lasting else 0.0  # the cells' time is counted once
        live.bound(self._spent - played_before, self.limits.submission_seconds, self._deadline)
        for k, talk in self._left().items():
            if run.kept.get(k):
                talk.turn_to(live, k, lasting=self._lasting)
            else:
                why = run.rest or "no snapshot could be taken of the notebook's process"
                talk.fill(Answer("stopped", reason=why))
        talks = self._left().values()
        try:
            # What the student gets to see of any answer has come before any process of theirs knows a hidden case.
            for visible in (True, False):
                for talk in talks:
                    talk.ask(visible=visible)
        except Lost:
            self._lasting = True
            return False
        return True

    def _left(self) -> dict[int, Questioner]:
        """The snapshots that have something left to be asked."""
        return {k: talk for k, talk in self._talks.items() if not talk.finished}

    def _transcript(self, layers: tuple[str, ...]) -> Transcript:
        assert self._results is not None
        answers = tuple(tuple(self._talks[k].answers) if k in self._talks else () for k in range(self.snapshots))
        return Transcript(self._results, answers, layers, round(self._spent, 3), round(self._peak, 1))


def _results(run: _Run) -> tuple[CellResult, ...]:
    cells = run.recorder.cells
    return tuple(
        CellResult(status, () if here is None else tuple(cells[here]), reason) for status, reason, here in run.results
    )
