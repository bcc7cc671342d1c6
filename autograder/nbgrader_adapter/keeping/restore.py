"""A course put back from its copy: all of it, or nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from autograder.authoring.errors import ExerciseError
from autograder.files import drafted
from autograder.nbgrader_adapter.keeping import keys
from autograder.nbgrader_adapter.keeping.archive import ArchiveReader, Damaged
from autograder.nbgrader_adapter.keeping.places import GRADEBOOK
from autograder.nbgrader_adapter.watch.single_instance import only_watcher

JOURNAL = ".restoring.json"
BESIDE = ("-journal", "-wal", "-shm")  # what SQLite keeps beside a database, and would play into another one


@dataclass(frozen=True)
class Restored:
    """What a backup holds. places : where its parts were put, or would be; made : when it was made."""

    course: str
    made: str
    files: int
    places: dict[str, Path]


def check(archive: Path, key: Path | None = None) -> Restored:
    """Read a backup to its end and write nothing. Raises ExerciseError where it is not what was written."""
    with _opened(archive, key) as reader:
        return _summary(reader, reader.unpack(None), {name: Path(path) for name, path in reader.places.items()})


def restore(folder: Path, archive: Path, key: Path | None = None, *, replace: bool, outside: bool) -> Restored:
    """Put a backup into the course's folder.

    key : the file of the keys that decrypt it. replace : whether what is there gives way. outside : whether parts that
    lay elsewhere than in the course's folder are put back there.

    Raises
    ------
    ExerciseError
        It cannot be, and everything is as it was.
    """
    folder = folder.resolve()
    undo_earlier(folder)
    with ExitStack() as stack:
        reader = stack.enter_context(_opened(archive, key))
        targets = {name: _target(folder, name, path) for name, path in reader.places.items()}
        _require_inside(folder, targets, outside)
        occupied = {path: None for path in targets.values() if _holds_something(path)}
        if occupied and not replace:
            shown = ", ".join(str(_short(path, folder)) for path in list(occupied)[:6])
            more = f" and {len(occupied) - 6} more" if len(occupied) > 6 else ""
            raise ExerciseError(
                f"the course in {folder} is not empty (it has {shown}{more}): name an empty folder with --course, or "
                "give --replace to have the backup take the place of what is there"
            )
        if (store := targets.get("verdicts")) is not None and store.is_dir():
            stack.enter_context(only_watcher(store / "watch.lock"))
        swap = Swap(folder, targets)
        try:
            swap.prepare()
            files = reader.unpack({step.name: step.new for step in swap.steps})
        except BaseException:
            swap.undo()
            raise
        swap.do()
        return _summary(reader, files, targets)


@dataclass(frozen=True)
class Step:
    """A place that is filled. new : what comes. old : where what was there waits until all is done."""

    name: str
    place: Path
    new: Path
    old: Path
    was_there: bool


class Swap:
    """All places at once: everything is ready beside its place before the first gives way.

    A journal in the course's folder tells a later run what to undo, should the machine stop in between.
    """

    def __init__(self, folder: Path, targets: dict[str, Path]) -> None:
        self.folder = folder
        found = dict(targets)
        if GRADEBOOK in targets:
            place = targets[GRADEBOOK]
            found |= {f"{GRADEBOOK}{end}": place.with_name(place.name + end) for end in BESIDE}
        self.steps = [
            Step(
                name,
                place,
                place.with_name(f".{place.name}.restored"),
                place.with_name(f".{place.name}.before-restore"),
                os.path.lexists(place),
            )
            for name, place in found.items()
        ]
        self._made: list[Path] = []

    def prepare(self) -> None:
        for step in self.steps:
            if os.path.lexists(step.old):
                raise ExerciseError(f"{step.old} is in the way, with what an earlier restore took out: move it away")
            remove(step.new)
        for folder in (self.folder, *(step.place.parent for step in self.steps)):
            missing = [one for one in (folder, *folder.parents) if not one.exists()]
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for one in missing:
                one.chmod(0o700)
            self._made += missing
        self._note("preparing")

    def do(self) -> None:
        try:
            self._note("swapping")
            for step in self.steps:
                if step.was_there:
                    os.replace(step.place, step.old)
                if os.path.lexists(step.new):
                    os.replace(step.new, step.place)
        except BaseException:
            self.undo(swapping=True)
            raise
        self._note("done")
        for step in self.steps:
            remove(step.old)
        (self.folder / JOURNAL).unlink()

    def undo(self, *, swapping: bool = False) -> None:
        _undo(self.steps, swapping=swapping)
        (self.folder / JOURNAL).unlink(missing_ok=True)
        for folder in sorted(self._made, reverse=True):
            with suppress(OSError):
                folder.rmdir()

    def _note(self, phase: str) -> None:
        plain = [
            {name: value if isinstance(value, bool) else str(value) for name, value in vars(step).items()}
            for step in self.steps
        ]
        with drafted(self.folder / JOURNAL) as file:
            json.dump({"phase": phase, "steps": plain}, file)
            file.flush()
            os.fsync(file.fileno())


def undo_earlier(folder: Path) -> None:
    """Undo what an earlier run, which the machine ended, left half-done; where all was in its place, clear up."""
    journal = folder / JOURNAL
    if not journal.is_file():
        return
    try:
        noted = json.loads(journal.read_text())
        steps = [
            Step(one["name"], Path(one["place"]), Path(one["new"]), Path(one["old"]), bool(one["was_there"]))
            for one in noted["steps"]
        ]
        phase = noted["phase"]
    except (ValueError, KeyError, TypeError):
        raise ExerciseError(
            f"{journal} cannot be read: an earlier restore left it; look at what stands in the course's folder, then "
            "remove it"
        ) from None
    if phase == "done":
        for step in steps:
            remove(step.old)
    else:
        _undo(steps, swapping=phase == "swapping")
    journal.unlink()


def _undo(steps: list[Step], *, swapping: bool) -> None:
    for step in reversed(steps):
        if swapping and os.path.lexists(step.old):
            remove(step.place)
            os.replace(step.old, step.place)
        elif swapping and not step.was_there and not os.path.lexists(step.new):
            remove(step.place)
        remove(step.new)


def remove(path: Path) -> None:
    """A file, a link or a folder with all it holds; nothing where nothing is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _opened(archive: Path, key: Path | None) -> Iterator[ArchiveReader]:
    """The backup, open. What is wrong with it, found there or while it is read, is an ExerciseError."""
    again = "take another copy"
    try:
        with archive.open("rb") as file, ExitStack() as stack:
            is_locked = file.read(len(keys.MAGIC)) == keys.MAGIC
            file.seek(0)
            if is_locked and key is None:
                raise ExerciseError(f"{archive} is encrypted: name the file of its key with --key")
            if key is not None and not is_locked:
                raise ExerciseError(f"{archive} is not encrypted: leave --key out, if you trust where it comes from")
            stream = stack.enter_context(keys.decrypting(file, keys.identities(key))) if key is not None else file
            yield ArchiveReader(stream)
    except Damaged as error:
        raise ExerciseError(f"{archive} is damaged, or no backup ({error}): {again}") from None
    except keys.Locked as error:
        raise ExerciseError(
            f"{archive} cannot be decrypted with {key} ({error}): name its own key, or {again}"
        ) from None
    except FileNotFoundError as error:
        if error.filename != str(archive):
            raise
        raise ExerciseError(f"{archive} is not there: name the file that `autograder backup` wrote") from None
    except IsADirectoryError as error:
        if error.filename != str(archive):
            raise
        raise ExerciseError(f"{archive} is a folder: name the file in it") from None


def _target(folder: Path, name: str, path: str) -> Path:
    """Where a place is put. Raises Damaged where no backup says so."""
    if not path or "\0" in path or ".." in PurePath(path).parts or not PurePath(path).parts or "" in name.split("/"):
        raise Damaged(f"its place {name!r} is {path!r}")
    return folder / path  # an absolute path stays


def _require_inside(folder: Path, targets: dict[str, Path], outside: bool) -> None:
    paths = [path for path in targets.values() if folder not in path.parents]
    if paths and not outside:
        raise ExerciseError(
            f"a part of the course lay outside of its folder, in {', '.join(map(str, paths[:6]))}: give --outside to "
            "have it put back there, if you trust where the backup comes from"
        )


def _holds_something(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return os.path.lexists(path) and (path.is_symlink() or path.stat().st_size > 0)


def _short(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _summary(reader: ArchiveReader, files: int, places: dict[str, Path]) -> Restored:
    return Restored(str(reader.head.get("course", "")), str(reader.head.get("made", "")), files, places)
