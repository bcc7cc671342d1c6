"""A course in one file: a compressed tar that says first what it holds, and last what every file's content must be.

`head.json` stands first and `hashes.json` last, so that an archive is written, and read, from one end to the other.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from autograder.authoring.errors import ExerciseError

HEAD, HASHES = "head.json", "hashes.json"
FORMAT = 1
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints", "watch.lock", "watch.db-journal", "graded_submissions")
DAMAGE = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, KeyError, TypeError, AttributeError)
MOST_HEAD = 1 << 20
MOST_HASHES = 1 << 30


class Damaged(Exception):
    """Not what was written; the text says what is wrong."""


class ArchiveWriter:
    """Writes an archive to a stream. left_out : what is no plain file, such as a link, and stays behind."""

    def __init__(self, stream: IO[bytes], head: Mapping[str, Any]) -> None:
        self._gzip = gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=6, mtime=0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._hashes: dict[str, tuple[int, str]] = {}
        self.left_out: list[Path] = []
        self._add_json(HEAD, {"format": FORMAT, **head})

    @property
    def files(self) -> int:
        return len(self._hashes)

    def add(self, name: str, path: Path, whole: Callable[[Path], Path] = Path) -> None:
        """Add a file, or a folder with all that it holds.

        whole : gives the file whose content is taken for a file's, such as a copy of a database that is written to.
        """
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            self._add_entry(tarfile.DIRTYPE, name, status)
            for inner in sorted(path.iterdir()):
                if inner.name not in LEFT_OUT:
                    with suppress(FileNotFoundError):  # it was removed in the meantime
                        self.add(f"{name}/{inner.name}", inner, whole)
        elif stat.S_ISREG(status.st_mode):
            self._add_file(name, whole(path), status)
        else:
            self.left_out.append(path)

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._add_json(HASHES, self._hashes)
            self._tar.close()
            self._gzip.close()
        else:
            with suppress(OSError):  # what was written is nothing now
                self._gzip.close()

    def _add_file(self, name: str, path: Path, like: os.stat_result) -> None:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            hashing = _Hashing(file)
            try:
                self._add_entry(tarfile.REGTYPE, name, like, size, hashing)
            except OSError as error:
                if error.errno is not None:
                    raise
                raise ExerciseError(f"{path} changed while it was read: run this again") from None
        self._hashes[name] = (size, hashing.digest())

    def _add_json(self, name: str, content: Any) -> None:
        data = json.dumps(content).encode()
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o600
        self._tar.addfile(info, io.BytesIO(data))

    def _add_entry(self, kind: bytes, name: str, like: os.stat_result, size: int = 0, file: Any = None) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime, info.size = kind, stat.S_IMODE(like.st_mode) & 0o777, int(like.st_mtime), size
        self._tar.addfile(info, file)


class ArchiveReader:
    """Reads an archive from a stream, once. head : what was said of it.

    Raises
    ------
    Damaged
        It is no archive, here and in `unpack`.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._gzip = gzip.GzipFile(fileobj=stream)
        with _damage():
            self._tar = tarfile.open(fileobj=self._gzip, mode="r|")  # noqa: SIM115 - it holds nothing of its own
            first = self._tar.next()
            if first is None or first.name != HEAD:
                raise Damaged("it does not begin as a backup does")
            self.head: dict[str, Any] = self._json(first, MOST_HEAD)
            self.places: dict[str, str] = {str(name): str(path) for name, path in self.head["places"].items()}
            if self.head["format"] != FORMAT:
                raise Damaged(f"it has format {self.head['format']!r}, which this version does not know")

    def unpack(self, targets: Mapping[str, Path] | None) -> int:
        """Write each place's content to its target; without targets, only look at it. Returns the number of files.

        Targets must not exist. What is written is whole only when this returns: what is wrong may be found last.
        """
        seen: dict[str, tuple[int, str]] = {}
        with _damage():
            hashes = None
            for info in iter(self._tar.next, None):
                if hashes is not None:
                    raise Damaged("something stands behind its end")
                if info.name == HASHES:
                    found = self._json(info, MOST_HASHES)
                    hashes = {name: (int(size), str(digest)) for name, (size, digest) in found.items()}
                    continue
                target = self._target(info.name, targets)
                if info.isdir():
                    if target:
                        target.mkdir(mode=0o700)
                        target.chmod(info.mode & 0o777 | 0o700)
                elif info.isreg():
                    seen[info.name] = self._write(info, target)
                else:
                    raise Damaged(f"{info.name!r} is neither a file nor a folder")
            while self._gzip.read(1 << 20):  # to the end, where the checksum stands
                pass
            if hashes is None:
                raise Damaged("its end is missing")
            wrong = sorted(name for name in hashes.keys() | seen.keys() if hashes.get(name) != seen.get(name))
            if wrong:
                raise Damaged(f"{wrong[0]!r} is not what was backed up")
        return len(seen)

    def _json(self, info: tarfile.TarInfo, most: int) -> dict[str, Any]:
        file = self._tar.extractfile(info)
        if file is None or info.size > most:
            raise Damaged(f"{info.name!r} is not what it should be")
        content = json.loads(file.read())
        if not isinstance(content, dict):
            raise Damaged(f"{info.name!r} is not what it should be")
        return content

    def _target(self, name: str, targets: Mapping[str, Path] | None) -> Path | None:
        place = next((place for place in self.places if name == place or name.startswith(f"{place}/")), None)
        rest = name[len(place) :].split("/")[1:] if place is not None else []
        if place is None or any(part in ("", ".", "..") or "\0" in part for part in rest):
            raise Damaged(f"{name!r} is not in any of its places")
        return None if targets is None else targets[place].joinpath(*rest)

    def _write(self, info: tarfile.TarInfo, target: Path | None) -> tuple[int, str]:
        file = self._tar.extractfile(info)
        if file is None:
            raise Damaged(f"{info.name!r} cannot be read")
        hashing = _Hashing(file)
        if target is None:
            shutil.copyfileobj(hashing, _Nowhere())
        else:
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as written:
                shutil.copyfileobj(hashing, written)
                os.fchmod(written.fileno(), info.mode & 0o777)
            os.utime(target, (info.mtime, info.mtime))
        return hashing.size, hashing.digest()


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise Damaged(f"{type(error).__name__}: {error}") from error
    except OSError as error:
        if error.errno is not None:  # the disk's, not the archive's
            raise
        raise Damaged(str(error)) from error


class _Hashing:
    """A file that is read and hashed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    def digest(self) -> str:
        return self._hash.hexdigest()


class _Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)
