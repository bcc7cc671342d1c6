"""Archives that only the holder of a key can read, in the format of age (age-encryption.org), streamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from autograder.authoring.errors import ExerciseError

MAGIC = b"age-encryption.org/v1\n"
SECRET = "AGE-SECRET-KEY-1"


class Locked(Exception):
    """Not read with this key: it is another's, or the content was changed."""


def make_key(path: Path) -> str:
    """Write a new key, for its owner alone. Returns its public half, with which one can encrypt and not decrypt."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ExerciseError(f"{path} is there already: name another file for the new key") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# created: {datetime.now().astimezone().isoformat(timespec='seconds')}\n")
        file.write(f"# public key: {public}\n{identity}\n")
    return public


def recipients(path: Path) -> list[Any]:
    """For whom to encrypt: the public halves in a file, or those of the keys in it."""
    import pyrage

    def read(line: str) -> Any:
        if line.startswith(SECRET):
            return pyrage.x25519.Identity.from_str(line).to_public()
        return pyrage.x25519.Recipient.from_str(line)

    return _keys(path, read, "age key")


def identities(path: Path) -> list[Any]:
    """The keys in a file."""
    import pyrage

    return _keys(path, pyrage.x25519.Identity.from_str, f"key that decrypts ({SECRET}…)")


def _keys(path: Path, read: Any, wanted: str) -> list[Any]:
    from pyrage import IdentityError, RecipientError

    try:
        lines = [line.strip() for line in path.read_text("ascii").splitlines()]
        found = [read(line) for line in lines if line and not line.startswith("#")]
    except (UnicodeDecodeError, IdentityError, RecipientError):
        found = []
    if not found:
        raise ExerciseError(f"{path} holds no {wanted}: `autograder backup --new-key FILE` makes one")
    return found


@contextmanager
def encrypting(target: IO[bytes], keys: list[Any]) -> Iterator[IO[bytes]]:
    """What is written to the file that this gives arrives in `target` encrypted."""
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(_encrypt, os.fdopen(reading, "rb"), target, keys)
        try:
            with os.fdopen(writing, "wb") as file:
                yield file
        except BrokenPipeError:
            pass  # the other end knows why
        ended.result()


def _encrypt(source: IO[bytes], target: IO[bytes], keys: list[Any]) -> None:
    import pyrage

    noting = _Noting(target)
    with source:
        try:
            pyrage.encrypt_io(source, noting, keys)
        except Exception:
            raise noting.error or OSError("it could not be encrypted") from None


@contextmanager
def decrypting(source: IO[bytes], keys: list[Any]) -> Iterator[IO[bytes]]:
    """What is read from the file that this gives is `source` decrypted.

    Raises
    ------
    Locked
        It cannot be, at the latest when all of it is read.
    """
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(_decrypt, source, os.fdopen(writing, "wb"), keys)
        try:
            with os.fdopen(reading, "rb") as file:
                yield file
        except Exception:
            if isinstance(error := ended.exception(), Locked):
                raise error from None  # what was read was cut short by it
            raise
        if error := ended.exception():
            raise error


def _decrypt(source: IO[bytes], target: IO[bytes], keys: list[Any]) -> None:
    import pyrage

    noting = _Noting(target)
    try:
        pyrage.decrypt_io(source, noting, keys)
    except Exception as error:
        raise noting.error or Locked(str(error)) from None
    finally:
        with suppress(BrokenPipeError):  # the reader has seen enough
            target.close()


class _Noting:
    """A file that remembers why it could not be written: the library tells it in words alone."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()
