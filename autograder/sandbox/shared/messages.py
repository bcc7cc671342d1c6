"""Messages between the grader and a session: JSON in packets, with a cap on what is put together from them.

The sockets keep packet boundaries (SOCK_SEQPACKET). A packet's first byte says whether its message goes on ('+'),
ends here ('.'), or whether the sender died and what came before it is void ('!'). No length is ever believed, no
file descriptor is taken from the inside, and nothing is unpickled.
"""

from __future__ import annotations

import array
import json
import os
import select
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

CHUNK = 1 << 16
PACKETS_AT_ONCE = 64  # so that a flood cannot keep the reader from looking at its clock
PARTS = 1 << 20  # commas and brackets of one message: bounds what its JSON can grow to
WEIGHTS = {b",": 1, b"[": 1, b"{": 3}  # by what each takes in memory


class ChannelError(Exception):
    """The other side broke the rules; the sentence says how."""


class Closed(ChannelError):
    """The other side is gone."""


class Late(ChannelError):
    """Nothing, or not all, came in time."""


class Channel:
    """One end of a packet socket.

    Parameters
    ----------
    sock : the socket; it is made non-blocking
    cap : bytes of the longest message that is accepted
    takes_descriptors : whether file descriptors are taken; only the fork server takes them, from the grader
    """

    def __init__(self, sock: socket.socket, cap: int, *, takes_descriptors: bool = False) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.cap = cap
        self.received = 0
        self._partial = bytearray()
        self._takes_descriptors = takes_descriptors
        self._descriptors: list[int] = []

    def fileno(self) -> int:
        return self.sock.fileno()

    def close(self) -> None:
        self.sock.close()

    def send(self, message: Any, deadline: float | None = None, descriptors: Sequence[int] = ()) -> None:
        """Send `message` as JSON; `deadline` is on the monotonic clock."""
        self.send_bytes(json.dumps(message).encode(), deadline, descriptors=descriptors)

    def send_bytes(
        self, data: bytes, deadline: float | None = None, *, void: bool = False, descriptors: Sequence[int] = ()
    ) -> None:
        """Send bytes that are JSON already; `void` cancels the half message of a sender that died."""
        view = memoryview(data)
        for start in range(0, max(len(view), 1), CHUNK):
            last = start + CHUNK >= len(view)
            mark = b"!" if void and start == 0 and last else b"." if last else b"+"
            self._send_packet(mark + view[start : start + CHUNK], deadline, descriptors if last else ())

    def _send_packet(self, packet: bytes, deadline: float | None, descriptors: Sequence[int]) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        while True:
            try:
                self.sock.sendmsg([packet], rights, socket.MSG_NOSIGNAL)
                return
            except BlockingIOError:
                wait([self], deadline, write=True)
            except OSError as error:
                raise Closed(f"the other side is gone ({error.strerror})") from None

    def drain(self) -> Iterator[bytes]:
        """The messages that are complete by now, perhaps none, as they are asked for. It never waits."""
        for _ in range(PACKETS_AT_ONCE):
            packet = self._packet()
            if packet is None:
                return
            message = self._join(packet)
            if message is not None:
                yield message

    def _packet(self) -> bytes | None:
        """The next packet, or None where there is none yet."""
        try:
            if self._takes_descriptors:
                packet, self._descriptors, _, _ = socket.recv_fds(self.sock, CHUNK + 2, 253)
                for descriptor in self._descriptors:
                    os.set_inheritable(descriptor, False)  # they come as if a program that is run were to have them
            else:
                packet = self.sock.recv(CHUNK + 2)  # descriptors that come along are closed by the kernel
        except BlockingIOError:
            return None
        except OSError as error:
            raise Closed(f"the other side is gone ({error.strerror})") from None
        if not packet:
            raise Closed("the other side is gone")
        return packet

    def take_descriptors(self) -> list[int]:
        """Those that came with the last packet."""
        taken, self._descriptors = self._descriptors, []
        return taken

    def _join(self, packet: bytes) -> bytes | None:
        self.received += len(packet)
        mark, body = packet[:1], packet[1:]
        if mark == b"!":
            self._partial.clear()
        elif mark not in (b"+", b".") or len(body) > CHUNK:
            raise ChannelError("what came is not a message")
        if len(self._partial) + len(body) > self.cap:
            self._partial.clear()
            raise ChannelError(f"a message of more than {self.cap >> 10} KiB is not read")
        self._partial += body
        if mark == b"+":
            return None
        message = bytes(self._partial)
        self._partial.clear()
        return message

    def receive(self, deadline: float | None = None) -> dict[str, Any]:
        """Wait for one message, and leave what follows it where it is."""
        while True:
            packet = self._packet()
            if packet is None:
                wait([self], deadline)
            elif (message := self._join(packet)) is not None:
                return read(message)


class _Readable(Protocol):
    def fileno(self) -> int: ...


_Either = TypeVar("_Either", bound=_Readable)


def wait(channels: Sequence[_Readable], deadline: float | None, *, write: bool = False) -> None:
    """Return when one of the channels is ready; raise `Late` at the deadline."""
    poller = select.poll()
    for channel in channels:
        poller.register(channel, select.POLLOUT if write else select.POLLIN)
    left = None if deadline is None else (deadline - time.monotonic()) * 1000
    if (left is not None and left <= 0) or not poller.poll(left):
        raise Late("nothing came in time")


def first_ready(channels: Sequence[_Either], deadline: float | None) -> _Either:
    """The first channel on which something came, or whose other side is gone; raise `Late` at the deadline."""
    wait(channels, deadline)
    poller = select.poll()
    for channel in channels:
        poller.register(channel, select.POLLIN)
    ready = {descriptor for descriptor, _ in poller.poll(0)}
    return next(channel for channel in channels if channel.fileno() in ready)


def read(message: bytes) -> dict[str, Any]:
    """The JSON object in `message`, or `ChannelError`."""
    if sum(weight * message.count(mark) for mark, weight in WEIGHTS.items()) > PARTS:
        raise ChannelError(f"a message of more than {PARTS:,} parts is not read")
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        raise ChannelError("what came is not JSON") from None
    if not isinstance(value, dict):
        raise ChannelError("what came is not a JSON object")
    return value


def pair(cap: int) -> tuple[Channel, socket.socket]:
    """The grader's end of a new channel, and the socket to hand inside."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Channel(ours, cap), theirs
