"""`autograder similar` on a class that is made up: how long it takes, and how far copies stand out from the others.

Everybody writes the momentum assignment on their own, which a program plays: it takes the reference or a misconception
and, at random, names intermediate results, swaps what may be swapped, renames variables and adds comments. A few copy
another's work and rename and comment it anew.

    python -m benchmarks.similar [--class 300] [--copies 5]
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import tempfile
from pathlib import Path

from autograder.nbgrader_adapter.course import Course
from benchmarks.course import ASSIGNMENTS, BIN, ROOT, answers_of, make_course
from benchmarks.machine import describe, measure, today

LEAST = 20  # the lowest score that is looked at
RESULT = ROOT / "benchmarks" / "results" / "similar.json"
WORDS = ("step", "rate", "total", "state", "now", "old", "new", "part", "left", "right", "mean", "value", "slope")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--class", type=int, default=300, dest="size", help="submissions")
    parser.add_argument("--copies", type=int, default=5, help="of them, copied from another")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        course = make_course(folder, ASSIGNMENTS["torch"])
        copied = hand_in(course, ASSIGNMENTS["torch"], options.size, options.copies)
        command = [str(BIN / "autograder"), "similar", ASSIGNMENTS["torch"], "--least", str(LEAST), "--pairs", "1000"]
        measured = measure(command, folder, folder / "log")
        scores = scores_on((folder / "similar.html").read_text())
    others = [score for pair, score in scores.items() if pair not in copied]
    row = {
        "submissions": options.size,
        "pairs": options.size * (options.size - 1) // 2,
        "seconds": round(measured.seconds, 1),
        "cpu_seconds": round(measured.cpu_seconds, 1),
        "peak_mib": round(measured.peak_mib),
        "copies": len(copied),
        "scores_of_copies": sorted(scores.get(pair, 0) for pair in copied),
        "highest_score_of_others": max(others, default=0),
        "others_from_30": sum(score >= 30 for score in others),
    }
    RESULT.write_text(json.dumps({"machine": describe(), "date": today(), "rows": [row]}, indent=1) + "\n")
    print(json.dumps(row, indent=1))


def scores_on(page: str) -> dict[tuple[str, str], int]:
    """The pairs in the page's table, with their scores."""
    rows = re.findall(r"""<a href="#pair-\d+">(\S+) and (\S+)</a></th><td>(\d+)</td>""", page)
    return {(first, second): int(score) for first, second, score in rows}


def hand_in(course: Course, assignment: str, size: int, copies: int) -> set[tuple[str, str]]:
    """Put a class's work where collecting puts it. Returns the pairs of which one copied the other."""
    answers: list[dict[str, str]] = []
    for number in range(size - copies):
        chance = random.Random(number)
        own = {name: written(source, chance) for name, source in answers_of(course, assignment, number).items()}
        answers.append(own)
    for number in range(copies):
        chance = random.Random(-1 - number)
        answers.append({name: disguised(source, chance) for name, source in answers[7 * number].items()})
    release = course.folder / "release" / assignment / f"{assignment}.ipynb"
    notebook = json.loads(release.read_text())
    cells = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in notebook["cells"]}
    for number, own in enumerate(answers):
        for name, source in own.items():
            cells[f"solution-{name}"]["source"] = source
        folder = course.folder / "submitted" / f"student-{number:03}" / assignment
        folder.mkdir(parents=True)
        (folder / release.name).write_text(json.dumps(notebook))
    return {(f"student-{7 * number:03}", f"student-{size - copies + number:03}") for number in range(copies)}


def written(source: str, chance: random.Random) -> str:
    """The same computation as somebody else would write it."""
    tree = _Writer(chance).visit(ast.parse(source))
    return disguised(ast.unparse(ast.fix_missing_locations(tree)), chance)


def disguised(source: str, chance: random.Random) -> str:
    """Other names for the variables that a function makes, and other comments."""
    tree = ast.parse(source)
    made = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names = {name: f"{chance.choice(WORDS)}_{number}" for number, name in enumerate(sorted(made))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
    lines = ast.unparse(tree).splitlines()
    return "\n".join(line + (f"  # {chance.choice(WORDS)}" if chance.random() < 0.3 else "") for line in lines)


class _Writer(ast.NodeTransformer):
    """Swaps what may be swapped, and gives names to what is computed on the way."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._count = chance, 0
        self._before: list[ast.stmt] = []

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Mult | ast.Add) and self._chance.random() < 0.4:
            node.left, node.right = node.right, node.left
        return self._named(node) if self._chance.random() < 0.25 else node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node  # what is in it has no line before

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        return node

    visit_GeneratorExp = visit_SetComp = visit_DictComp = visit_IfExp = visit_ListComp

    def visit_While(self, node: ast.While) -> ast.stmt:
        node.body = [line for one in node.body for line in self._line(one)]
        return node

    def _named(self, node: ast.expr) -> ast.expr:
        self._count += 1
        name = f"made_{self._count}"
        self._before.append(ast.Assign([ast.Name(name, ast.Store())], node))
        return ast.Name(name, ast.Load())

    def _line(self, node: ast.stmt) -> list[ast.stmt]:
        outer, self._before = self._before, []
        made = self.visit(node)
        before, self._before = self._before, outer
        return [*before, made]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = [line for one in node.body for line in self._line(one)]
        return node


if __name__ == "__main__":
    main()
