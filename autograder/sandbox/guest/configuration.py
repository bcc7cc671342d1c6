"""What every session of one fork server has in common."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.sandbox.guest.namespaces import Namespaces
from autograder.sandbox.guest.shell import Shell


@dataclass(frozen=True)
class SessionConfiguration:
    """What every session of one fork server has in common.

    layers : those to set
    readable : paths that can be read
    listed : folders of which only the names in them can be read
    place : the private root, where there is one
    outer : the namespaces that the fork server left, by kind
    code : the seccomp program
    torch : whether PyTorch is loaded
    mapped : bytes of address space that every fork starts with
    """

    layers: tuple[str, ...]
    readable: tuple[str, ...]
    listed: tuple[str, ...]
    place: Namespaces | None
    outer: dict[str, str]
    code: bytes
    shell: Shell
    torch: bool
    mapped: int
