"""`autograder prove`: the table of proofs, and for each failure the exercise, the case and what to do."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from autograder.authoring.catalogue import Catalogue
from autograder.authoring.errors import ExerciseError
from autograder.authoring.exercise import Exercise
from autograder.authoring.prove import Answers, Failure, Proof, prove

HEAD = ("exercise", "cases", "misconceptions", "right", "wrong", "mutants", "survivors", "luck", "")


def prove_all(
    catalogue: Catalogue, names: Sequence[str], *, sets: int, with_mutants: bool, answers: Path | None
) -> int:
    """Prove these exercises, or all; print a row for each, then the failures. 1 where there is one, else 0."""
    if answers is not None and not answers.is_dir():
        raise ExerciseError(f"--answers {answers} is no folder: name one that holds <topic>/right_answers.py")
    chosen = [_known(catalogue, name) for name in names] or list(catalogue.exercises.values())
    width = max([len(exercise.name) for exercise in chosen] + [len(HEAD[0])])
    print(_row(HEAD, width))
    failures: list[Failure] = []
    for exercise in chosen:
        supplied = answers_for(exercise, answers)
        proof = prove(exercise, supplied, sets=sets, with_mutants=with_mutants)
        print(_row(_cells(proof, supplied, with_mutants), width), flush=True)
        failures += proof.failures
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    print(f"\n{len(chosen)} exercises, {len(failures)} failures")
    return int(bool(failures))


def answers_for(exercise: Exercise, folder: Path | None) -> Answers:
    """What `<folder>/<topic>/right_answers.py` and `wrong_answers.py` hold for an exercise.

    `RIGHT` and `WRONG` map an exercise's name to a list of answers; `UNTELLABLE` maps it to {name of a wrong answer:
    why no case can tell it}.
    """
    if folder is None:
        return Answers()
    topic = folder / Path(inspect.getfile(exercise.draw)).parent.name
    right, wrong = (_module(topic / f"{kind}_answers.py") for kind in ("right", "wrong"))
    return Answers(
        right=getattr(right, "RIGHT", {}).get(exercise.name, ()),
        wrong=getattr(wrong, "WRONG", {}).get(exercise.name, ()),
        untellable=getattr(wrong, "UNTELLABLE", {}).get(exercise.name, {}),
    )


def _module(path: Path) -> ModuleType | None:
    if not path.exists():
        return None
    name = f"{path.stem}_of_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a class finds its module there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ExerciseError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _known(catalogue: Catalogue, name: str) -> Exercise:
    if name in catalogue.exercises:
        return catalogue.exercises[name]
    near = difflib.get_close_matches(name, catalogue.exercises, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    known = ", ".join(sorted(catalogue.exercises)) or "none"
    raise ExerciseError(f"there is no exercise called {name!r}; known are: {known}{hint}")


def _cells(proof: Proof, answers: Answers, with_mutants: bool) -> tuple[str, ...]:
    return (
        proof.exercise.name,
        str(proof.cases),
        str(len(proof.exercise.misconceptions)),
        str(len(answers.right)),
        str(len(answers.wrong)),
        str(proof.mutants) if with_mutants else "-",
        str(len(proof.survivors)) if with_mutants else "-",
        f"{proof.luck:.2f}",
        f"{len(proof.failures)} failed" if proof.failures else "proved",
    )


def _row(cells: Sequence[str], width: int) -> str:
    name, *numbers, verdict = cells
    columns = [cell.rjust(len(head)) for cell, head in zip(numbers, HEAD[1:], strict=False)]
    return "  ".join([name.ljust(width), *columns, verdict]).rstrip()
