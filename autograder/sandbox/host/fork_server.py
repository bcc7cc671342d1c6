"""The warm process that forks sessions, as the grader holds it."""

from __future__ import annotations

import base64
import copy
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.sandbox.host import launch
from autograder.sandbox.host.layers import LAYERS, REQUIRED, SessionError, wants
from autograder.sandbox.host.playback import Playback
from autograder.sandbox.host.scratch import make_base
from autograder.sandbox.host.session import Session
from autograder.sandbox.interface import Layer, Limits, Question, Step, Transcript, Unprotected
from autograder.sandbox.shared import messages
from autograder.sandbox.shared.readable_paths import readable_paths

START_SECONDS = 180.0
REPLY_SECONDS = 60.0
MAX_SNAPSHOTS = 200
_CONTROL_BYTES = 1 << 18


class ForkServer:
    """A process that has NumPy, IPython and, if asked, PyTorch loaded, and forks a locked-in session for each play.

    Parameters
    ----------
    torch : whether sessions have PyTorch; without it they cannot import it
    layers : names of the layers of protection to use, each of which must hold; None for all that this machine gives
    readable : paths that sessions may read besides the interpreter, its packages and the system's libraries
    protected : paths that sessions must not read; folders of them that lie in one of these are hidden there
    unprotected : start even where a required layer is missing; the transcripts record it

    Raises
    ------
    Unprotected
        A required layer is missing, or a protected path could be read and cannot be hidden.
    """

    def __init__(
        self,
        *,
        torch: bool = True,
        layers: Sequence[str] | None = None,
        readable: Iterable[str | Path] = (),
        protected: Iterable[str | Path] = (),
        unprotected: bool = False,
    ) -> None:
        self._wants = wants(layers, unprotected)
        self._readable, self.hidden = readable_paths(readable, protected)
        self._torch = torch
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._base = ""
        self._loaded = False
        self.layers: tuple[Layer, ...] = ()

    def launch(self) -> None:
        """Start it, and do not wait; `ready` does."""
        self._base, self._held = make_base()
        self._channel, theirs = messages.pair(1 << 20)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed in _stop)
        self._deadline = time.monotonic() + START_SECONDS
        with theirs:
            self._process = launch.start(theirs, self._base, self._log)
        order = {"torch": self._torch, "layers": self._wants, "readable": self._readable, "base": self._base}
        order["hidden"] = self.hidden
        with suppress(messages.ChannelError):  # it is dead already, which `ready` will tell
            self._channel.send(order, self._deadline)

    def ready(self) -> ForkServer:
        """Wait until it has loaded what it needs; start it first, where that is still to be done."""
        if not self._loaded:
            if self._process is None:
                self.launch()
            self._await()
        return self

    def __enter__(self) -> ForkServer:
        return self.ready()

    def __exit__(self, *_: Any) -> None:
        self._stop()

    def play(
        self,
        steps: Sequence[Step],
        questions: Sequence[Question | None],
        limits: Limits | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> Transcript:
        """Run the cells, then ask the questions.

        Parameters
        ----------
        steps : cells and snapshots, in the notebook's order
        questions : one for each snapshot, in order; None where nothing is asked
        files : what lies beside the notebook, by relative path

        Raises
        ------
        SessionError
            The machinery failed: nothing can be said about the submission.
        """
        return Playback(self, steps, questions, limits or Limits(), _checked(files or {})).run()

    @contextmanager
    def session(
        self, snapshots: int, limits: Limits, files: Mapping[str, bytes], cpu: float, checks: Iterable[str] = ()
    ) -> Iterator[Session]:
        """A fresh session for the time of the block.

        checks : the texts of `checks.py` that its questions will name, for the fork server to compile once
        cpu : seconds after which the kernel kills any one of its processes
        """
        if snapshots > MAX_SNAPSHOTS:
            raise SessionError(f"a notebook with {snapshots} checked functions is more than {MAX_SNAPSHOTS}")
        caps = [_CONTROL_BYTES, 4 * limits.output_bytes + (1 << 18), *[limits.answer_message_bytes] * snapshots]
        pairs = [messages.pair(cap) for cap in caps]
        ours = [channel for channel, _ in pairs]
        request = {
            "base": self._base,
            "files": {name: base64.b64encode(data).decode() for name, data in files.items()},
            "cpu": cpu,
            "checks": sorted(set(checks)),
            "request_bytes": 16 << 20,
            **{name: getattr(limits, name) for name in ("memory_mib", "file_mib", "scratch_mib", "output_bytes")},
            "processes": limits.all_processes(snapshots),
            "descriptors": limits.descriptors + snapshots,
        }
        try:
            reply = self._ask({"open": request}, [sock.fileno() for _, sock in pairs])
        finally:
            for _, sock in pairs:
                sock.close()
        live = Session(
            reply["pid"],
            self._two_steps,
            ours[0],
            ours[1],
            ours[2:],
            limits,
            reply["scratch"],
        )
        try:
            held = live.start()
            if lost := set(self._active) - set(held):
                raise Unprotected(f"The layers {', '.join(sorted(lost))} did not hold in a session, so it was stopped.")
            yield live
        finally:
            with suppress(SessionError):
                self._ask({"close": reply["pid"]})
            live.close()
            if reply["scratch"]:
                shutil.rmtree(reply["scratch"], ignore_errors=True)

    def lane(self) -> ForkServer:
        """The same fork server over a line of its own, for a worker that is forked from here.

        When the worker dies, the fork server ends the sessions that it had opened.
        """
        channel, theirs = messages.pair(self._channel.cap)
        with theirs:
            self._ask({"lane": True}, [theirs.fileno()])
        lane = copy.copy(self)
        lane._channel, lane._lock, lane._process = channel, threading.Lock(), None
        return lane

    def hang_up(self) -> None:
        """Close this process's end of a lane, once the worker that uses it is forked."""
        self._channel.close()

    @property
    def active(self) -> tuple[str, ...]:
        """The layers that every session has."""
        return self._active

    def _await(self) -> None:
        """Wait until it is loaded and says which layers hold."""
        try:
            reply = self._channel.receive(self._deadline)
            if "failed" in reply:
                raise SessionError(f"the session's fork server did not start: {reply['failed']}")
        except messages.ChannelError as error:
            said = self._said()
            self._stop()
            raise SessionError(f"the session's fork server did not start ({error}): {said}") from None
        except SessionError:
            self._stop()
            raise
        self._active: tuple[str, ...] = tuple(reply["layers"])
        self._loaded = True
        self._two_steps = bool(reply["two_steps"])
        missing = reply["missing"]
        self.layers = tuple(
            Layer(name, name in self._active, name in REQUIRED, missing.get(name, does))
            for name, does in LAYERS.items()
        )
        lost = [layer for layer in self.layers if self._wants[layer.name] == "required" and not layer.holds]
        if lost:
            self._stop()
            raise Unprotected(f"Student code is not run: the layer '{lost[0].name}' is {lost[0].sentence}.")

    def _stop(self) -> None:
        if self._process is None:
            return
        self._channel.close()
        if not self._loaded:
            self._process.kill()  # it does not listen before it has loaded all
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._process, self._loaded = None, False
        shutil.rmtree(self._base, ignore_errors=True)
        os.close(self._held)

    def _ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        """One request to the fork server and its reply; a fork server that is gone is started again, once."""
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                if "close" in request:
                    return {}
                self._stop()
                self.ready()
            try:
                deadline = time.monotonic() + REPLY_SECONDS
                self._channel.send(request, deadline, descriptors)
                return self._channel.receive(deadline)
            except messages.ChannelError as error:
                if self._process is not None:
                    self._process.kill()
                raise SessionError(f"the session's fork server does not answer ({error}): {self._said()}") from None

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read()[-2000:].decode("utf-8", "replace").strip()


def probe() -> tuple[Layer, ...]:
    """Which layers hold on this machine, tried in a fork server that is thrown away."""
    with ForkServer(torch=False, unprotected=True) as fork_server:
        return fork_server.layers


def _checked(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
            raise ValueError(f"{name!r} is not a path beside the notebook")
    return files
