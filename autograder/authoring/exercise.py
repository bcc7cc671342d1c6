"""An exercise: the reference that is its stub, solution and oracle, the cases, and the misconceptions it can name."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

import numpy as np

from autograder.authoring.change import changed, changed_text
from autograder.authoring.errors import ExerciseError
from autograder.student.compare import Mismatch, same
from autograder.student.drive import call

Judge = Callable[..., "Mismatch | str | None"]
Kind = Literal["values", "edge", "dtype"]


@dataclass(frozen=True)
class Case:
    """One question put to the student's answer.

    name : what the student reads beside its mark.
    arguments : positional arguments of the driver, after the answer itself.
    private : for the judge alone; it never reaches the student's process.
    weight : its share of the exercise's points.
    kind : 'values', or one that counts only when a 'values' case passes: 'edge' for the borders of the domain,
        'dtype' where the dtype is judged as well as the values.
    keywords : keyword arguments of the driver.
    """

    name: str
    arguments: tuple
    private: Any = None
    weight: float = 1
    kind: Kind = "values"
    keywords: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that people really give, and the sentence that mends it."""

    answer: Callable
    sentence: str

    @property
    def name(self) -> str:
        return self.answer.__name__


@dataclass(frozen=True)
class Equivalent:
    """A text of the reference that differs from it and is as right, and why it is."""

    text: str
    reason: str


class Exercise:
    """A function or class that students write and the grader checks.

    Parameters
    ----------
    reference : function or class
        Its signature and docstring are the stub, its body the solution, its values the oracle.
    cases : Generator -> list of Case
        Draws the cases. Names, kinds and weights must not depend on the draw.
    points : float
        For the whole exercise; split over the cases by weight.
    drive : callable, `drive(answer, *arguments, **keywords) -> values`
        Runs where the student's code runs and, on the reference, outside. A function of a `checks.py`.
    judge : callable, `judge(answer, expected, arguments, private) -> None, str or Mismatch`
        Runs outside; None means right. The default compares shape, then values.
    tolerance : (rtol, atol), replaces the default judge's own, which goes by dtype
    given : functions and classes that the stub needs and the student gets
    starter : function or class
        A wrong version to be mended, shown in place of an empty body.
    methods : names of the methods to blank where the reference is a class
    pure : bool
        Whether the answer must leave its arguments as they were; adds the case 'leaves its arguments alone'.
    torch : bool
        Whether it needs PyTorch: its notebook imports it and its session has it.
    seconds : float
        CPU time for one call.
    read : str
        Where to read, as the feedback shows it: a page and anchor of the book.
    """

    def __init__(
        self,
        reference: Any,
        *,
        cases: Callable[[np.random.Generator], Sequence[Case]],
        points: float,
        drive: Callable = call,
        judge: Judge | None = None,
        tolerance: tuple[float, float] | None = None,
        given: Sequence[Any] = (),
        starter: Any = None,
        methods: Sequence[str] = (),
        pure: bool = True,
        torch: bool = False,
        seconds: float = 4,
        read: str = "",
    ) -> None:
        if judge is not None and tolerance is not None:
            raise ExerciseError(f"{reference.__name__}: give a judge or a tolerance, not both")
        if not points > 0:
            raise ExerciseError(f"{reference.__name__}: points must be above 0, not {points}")
        self.reference = reference
        self.draw = cases
        self.points = points
        self.drive = drive
        self.judge = judge
        self.tolerance = tolerance
        self.given = tuple(given)
        self.starter = starter
        self.methods = tuple(methods)
        self.pure = pure
        self.torch = torch
        self.seconds = seconds
        self.read = read
        self.misconceptions: list[Misconception] = []
        self.equivalents: list[Equivalent] = []

    @property
    def name(self) -> str:
        return self.reference.__name__

    def __repr__(self) -> str:
        return f"Exercise({self.name})"

    @overload
    def misconception(self, sentence: str, /) -> Callable[[Callable], Callable]: ...

    @overload
    def misconception(self, name: str, change: Mapping[str, str], sentence: str, /) -> Callable: ...

    def misconception(self, first: str, change: Mapping[str, str] | None = None, sentence: str = "", /) -> Callable:
        """Name a wrong answer, and the sentence that a student who gives it should read.

        `misconception("buffer_summed", {"(1 - momentum) * grads": "grads"}, "Your buffer …")`: the reference with each
        old piece replaced by the new one; see `authoring.change.changed`. `@misconception("Your buffer …")` decorates
        what is another algorithm altogether.

        Returns
        -------
        The wrong answer; the decorator, where only a sentence is given.

        Raises
        ------
        ExerciseError
            An old piece does not stand in the reference exactly once, or the name is taken.
        """
        if change is not None:
            return self._register(changed(self.reference, first, change), sentence)
        return lambda answer: self._register(answer, first)

    def _register(self, answer: Callable, sentence: str) -> Callable:
        wrong = Misconception(answer, sentence)
        if any(wrong.name == other.name for other in self.misconceptions):
            raise ExerciseError(f"{self.name}: it has a misconception called {wrong.name!r} already; rename one")
        self.misconceptions.append(wrong)
        return answer

    def equivalent(self, change: Mapping[str, str], reason: str) -> None:
        """Say of a change of the reference that no case can tell it from the reference, or needs to, and why.

        `autograder prove` makes such changes of its own, and lists the ones that lose no points.
        """
        self.equivalents.append(Equivalent(changed_text(self.reference, change, f"{self.name}: equivalent()"), reason))

    def compare(self, answer: Any, expected: Any, arguments: tuple, private: Any = None) -> Mismatch | None:
        """The judge's verdict, or the default judge's; a plain sentence becomes a `Mismatch`."""
        if self.judge is None:
            return same(answer, expected, tolerance=self.tolerance)
        found = self.judge(answer, expected, arguments, private)
        return Mismatch("property", found) if isinstance(found, str) else found

    @property
    def checks_source(self) -> str:
        """The text of the module that holds the driver and the judge; '' where both are the defaults."""
        modules = {inspect.getmodule(f) for f in (self.drive, self.judge) if f not in (call, None)}
        if len(modules) > 1:
            raise ExerciseError(f"{self.name}: the driver and the judge must stand in one checks.py")
        module = next(iter(modules), None)
        return inspect.getsource(module) if module else ""

    @property
    def returns(self) -> tuple[str, ...]:
        """The names of what comes back, as the driver's docstring has them, or the reference's."""
        return returned_names((self.reference if self.drive is call else self.drive).__doc__ or "")

    @property
    def driver_name(self) -> str:
        """The driver's name in `checks_source`; '' for the default."""
        return "" if self.drive is call else self.drive.__name__

    @property
    def judge_name(self) -> str:
        return "" if self.judge is None else self.judge.__name__


def returned_names(docstring: str) -> tuple[str, ...]:
    """'params, state : …' under numpydoc's heading `Returns` as ('params', 'state'); () where nothing has a name."""
    lines = inspect.cleandoc(docstring).splitlines()
    start = next((i for i, pair in enumerate(itertools.pairwise(lines)) if _is_heading(*pair, "Returns")), None)
    if start is None:
        return ()
    names: list[str] = []
    for line, below in itertools.zip_longest(lines[start + 2 :], lines[start + 3 :], fillvalue=""):
        if _is_heading(line, below):
            break
        head, colon, _ = line.partition(" : ")
        if colon and not line[0].isspace():
            names += [part.strip() for part in head.split(",")]
    return tuple(names) if all(name.isidentifier() for name in names) else ()


def _is_heading(line: str, below: str, name: str = "") -> bool:
    return bool(line) and bool(below) and set(below) == {"-"} and line == (name or line)
