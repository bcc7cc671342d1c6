"""What every session of one template has in common."""

from __future__ import annotations

from dataclasses import dataclass

from .shell import Shell
from .world import World


@dataclass(frozen=True)
class Setting:
    """What every session of one template has in common.

    layers : those to set
    readable : paths that can be read
    listed : folders of which only the names in them can be read
    place : the private root, where there is one
    outer : the namespaces that the template left, by kind
    code : the seccomp program
    torch : whether PyTorch is loaded
    mapped : bytes of address space that every fork starts with
    """

    layers: tuple[str, ...]
    readable: tuple[str, ...]
    listed: tuple[str, ...]
    place: World | None
    outer: dict[str, str]
    code: bytes
    shell: Shell
    torch: bool
    mapped: int
