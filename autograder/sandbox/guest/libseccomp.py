"""The six functions of libseccomp that compile a filter, which Debian's own apt needs and so has installed."""

from __future__ import annotations

import ctypes
import os
from typing import NamedTuple

ALLOW = 0x7FFF0000
EQUAL, MASKED_EQUAL = 4, 7  # SCMP_CMP_EQ, SCMP_CMP_MASKED_EQ
_NATIVE, _OPTIMIZE, _BINARY_TREE = 0, 8, 2  # SCMP_ARCH_NATIVE, SCMP_FLTATR_CTL_OPTIMIZE


def refuse(number: int) -> int:
    """The action by which a call fails with this errno."""
    return 0x00050000 | number


class Comparison(NamedTuple):
    """An argument of a call, by its place: equal to `value`, or `value` being the mask, equal to `other` under it."""

    place: int
    operator: int
    value: int
    other: int = 0


class _Comparison(ctypes.Structure):
    _fields_ = [
        ("place", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("other", ctypes.c_uint64),
    ]


class Filter:
    """Rules on system calls; what no rule allows has the action `default`."""

    def __init__(self, default: int) -> None:
        self._library = _load()
        self._context = ctypes.c_void_p(self._library.seccomp_init(default))
        if not self._context:
            raise OSError("libseccomp makes no filter")
        # a binary tree, not a chain of 250 comparisons
        _check(self._library.seccomp_attr_set(self._context, _OPTIMIZE, _BINARY_TREE), "attribute")

    def add(self, action: int, name: str, *comparisons: Comparison) -> None:
        """A rule for the call `name`, where this architecture and this libseccomp know it."""
        number = self._library.seccomp_syscall_resolve_name_arch(_NATIVE, name.encode())
        if number >= 0:
            given = (_Comparison * len(comparisons))(*(_Comparison(*each) for each in comparisons))
            result = self._library.seccomp_rule_add_array(self._context, action, number, len(comparisons), given)
            _check(result, f"rule for {name}")

    def program(self) -> bytes:
        """The rules as a program for the kernel, 8 bytes an instruction."""
        with os.fdopen(os.memfd_create("filter"), "w+b") as file:
            _check(self._library.seccomp_export_bpf(self._context, file.fileno()), "export")
            file.seek(0)
            return file.read()

    def release(self) -> None:
        self._library.seccomp_release(self._context)


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL("libseccomp.so.2")
    pointer, number, word = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32
    for name, result, arguments in (
        ("seccomp_init", pointer, [word]),
        ("seccomp_attr_set", number, [pointer, number, word]),
        ("seccomp_syscall_resolve_name_arch", number, [word, ctypes.c_char_p]),
        ("seccomp_rule_add_array", number, [pointer, word, number, ctypes.c_uint, ctypes.POINTER(_Comparison)]),
        ("seccomp_export_bpf", number, [pointer, number]),
        ("seccomp_release", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _check(result: int, what: str) -> None:
    if result < 0:
        raise OSError(-result, f"seccomp, {what}: {os.strerror(-result)}")
