"""What the numbers of a class say of an assignment and its exercises.

Difficulty of an exercise: the mean share of its points, in [0, 1]; a low number is a hard exercise.

Discrimination: the corrected item-total correlation, Pearson's r between the points in the exercise and the sum of the
points in all others. Near 1 the exercise sorts the class as the rest does; near 0 it tells nothing; below 0 those who
are good at the rest fail it, and it, or its cases, should be looked at.

Whoever has not begun an exercise tells nothing of it, and counts in neither.

Both: Lord and Novick (1968), Statistical Theories of Mental Test Scores, chapter 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autograder.report.collected import Collected, Item

FEWEST = 10  # with fewer students a correlation is mostly chance


@dataclass(frozen=True)
class Quality:
    """difficulty, discrimination : None where there is none, and `why` says why.

    students : how many have a score in it.
    """

    item: Item
    students: int
    difficulty: float | None
    discrimination: float | None
    why: str = ""


@dataclass(frozen=True)
class Distribution:
    """Of a handful of numbers."""

    count: int
    mean: float
    lowest: float
    quarter: float
    median: float
    three_quarters: float
    highest: float


def distribution(values: Sequence[float]) -> Distribution | None:
    """None of nothing."""
    if not values:
        return None
    lowest, quarter, median, three_quarters, highest = np.percentile(values, [0, 25, 50, 75, 100])
    numbers = (np.mean(values), lowest, quarter, median, three_quarters, highest)
    return Distribution(len(values), *(float(number) for number in numbers))


def totals(collected: Collected) -> list[float]:
    """Of everybody whose every part has a score, late penalties off."""
    return [max(0.0, row.total - row.penalty) for row in collected.rows if row.total is not None]


def qualities(collected: Collected) -> list[Quality]:
    """Of each exercise, in the order of the assignment."""
    whole = [row for row in collected.rows if row.total is not None]
    table = np.array([[row.cells.get(item.cell) or 0.0 for item in collected.items] for row in whole])
    found = []
    for index, item in enumerate(collected.items):
        begun = [row for row in collected.rows if (row.student, item.cell) not in collected.not_begun]
        scored = [row.cells[item.cell] for row in begun if row.cells.get(item.cell) is not None]
        difficulty = float(np.mean(np.array(scored, float)) / item.points) if scored and item.points else None
        here = [(row.student, item.cell) not in collected.not_begun for row in whole]
        discrimination, why = _discrimination(table[here] if whole else table, index)
        if difficulty is None:
            why = "nobody has a score in it yet" if item.points else "it is worth no points"
        found.append(Quality(item, len(scored), difficulty, discrimination if difficulty is not None else None, why))
    return found


def _discrimination(table: np.ndarray, index: int) -> tuple[float | None, str]:
    """table : students × exercises, those who have a score in all."""
    if len(table) < FEWEST:
        return None, f"only {len(table)} have a score in every part; it takes {FEWEST}"
    if table.shape[1] < 2:
        return None, "it takes a second exercise"
    own, rest = table[:, index], np.delete(table, index, axis=1).sum(1)
    if np.ptp(own) == 0:
        return None, "everybody has the same score in it"
    if np.ptp(rest) == 0:
        return None, "everybody has the same score in all the others"
    return float(np.corrcoef(own, rest)[0, 1]), ""
