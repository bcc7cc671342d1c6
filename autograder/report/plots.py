"""Plots as SVG for a page: the ink takes the page's colours, light or dark, and each says in words what it shows."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autograder.report.collected import Failing, MisconceptionCount, Used
from autograder.report.statistics import Quality

BLUE, ORANGE, GREEN = "#2b7bd1", "#c2600f", "#12875a"  # at least 3 to 1 on white and on the dark page
INK = "#000000"  # becomes the page's
WIDTH = 6.6  # inches
STYLE: Any = {
    "font.size": 10,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.14,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "report",
}


def scores(totals: Sequence[float], of: float) -> str:
    """A histogram of the total scores, in ten bins."""
    edges = [of * tenth / 10 for tenth in range(11)]
    with matplotlib.rc_context(STYLE):
        figure = Figure((WIDTH, 2.6))
        axes = figure.subplots()
        counts, _ = np.histogram([min(total, of) for total in totals], bins=edges)
        bars = axes.bar(edges[:-1], counts, width=0.92 * of / 10, align="edge", color=BLUE)
        axes.bar_label(bars, [str(count or "") for count in counts])
        axes.set(xlabel="points", ylabel="students", xticks=edges, xlim=(0, of))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        said = ", ".join(f"{edges[i]:g} to {edges[i + 1]:g}: {count}" for i, count in enumerate(counts) if count)
        return _svg(figure, "scores", f"Histogram of the total scores. Students by points: {said}.")


def qualities(found: Sequence[Quality]) -> str:
    """Difficulty and discrimination of each exercise, side by side."""
    names = [quality.item.name for quality in found]
    with matplotlib.rc_context(STYLE):
        figure = Figure((WIDTH, 0.9 + 0.32 * len(found)))
        left, right = figure.subplots(1, 2, sharey=True)
        _bars(left, names, [quality.difficulty for quality in found], BLUE, ".0%")
        left.set(xlim=(0, 1.18), xticks=[0, 0.5, 1], xticklabels=["0", "½", "1"], title="mean share of the points")
        _bars(right, names, [quality.discrimination for quality in found], ORANGE, ".2f")
        right.set(xlim=(-1.25, 1.25), xticks=[-1, 0, 1], title="discrimination")
        right.axvline(0, color=INK, linewidth=0.8)
        right.spines.left.set_visible(False)
        said = "; ".join(
            f"{quality.item.name} {_said(quality.difficulty)} and {_said(quality.discrimination)}" for quality in found
        )
        return _svg(figure, "qualities", f"Mean share of the points and discrimination of each exercise: {said}.")


def held(found: Sequence[MisconceptionCount]) -> str:
    """How many students hold each misconception."""
    names = [f"{one.exercise}: {one.words}" for one in found]
    counts = [one.students for one in found]
    return _counts("misconceptions", names, counts, GREEN, "Students who hold each misconception")


def failing(found: Sequence[Failing]) -> str:
    """The share of students that fail each case."""
    names = [f"{one.exercise}: {one.case}" for one in found]
    shares = [one.students / one.judged for one in found]
    with matplotlib.rc_context(STYLE):
        figure = Figure((WIDTH, 0.7 + 0.28 * len(found)))
        axes = figure.subplots()
        _bars(axes, names, shares, ORANGE, ".0%")
        axes.set(xlim=(0, 1.15), xticks=[0, 0.5, 1], xticklabels=["0", "50%", "100%"], xlabel="of the answers fail it")
        said = "; ".join(f"{name} {share:.0%}" for name, share in zip(names, shares, strict=True))
        return _svg(figure, "cases", f"Share of the answers that fail each case: {said}.")


def used(found: Sequence[Used]) -> str:
    """Processor time and memory of each submission."""
    with matplotlib.rc_context(STYLE):
        figure = Figure((WIDTH, 2.4))
        for axes, values, label, colour in (
            (figure.add_subplot(1, 2, 1), [one.cpu_seconds for one in found], "CPU seconds", BLUE),
            (figure.add_subplot(1, 2, 2), [one.memory_mib for one in found], "MiB of memory", GREEN),
        ):
            axes.hist(values, bins=12, color=colour, rwidth=0.92)
            axes.set(xlabel=label, ylabel="submissions")
            axes.set_xlim(left=0)
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        most = f"{max(one.cpu_seconds for one in found):.2g} s and {max(one.memory_mib for one in found):.2g} MiB"
        return _svg(figure, "used", f"Histograms of processor time and memory of the submissions; at most {most}.")


def _counts(key: str, names: Sequence[str], counts: Sequence[int], colour: str, what: str) -> str:
    with matplotlib.rc_context(STYLE):
        figure = Figure((WIDTH, 0.7 + 0.28 * len(names)))
        axes = figure.subplots()
        _bars(axes, names, counts, colour, ".0f")
        axes.set(xlabel="students", xlim=(0, max(counts) * 1.12))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        said = "; ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True))
        return _svg(figure, key, f"{what}: {said}.")


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float | None], colour: str, form: str) -> None:
    """Horizontal bars, the first on top, each with its number; without one where there is none."""
    bars = axes.barh(range(len(names)), [value or 0 for value in values], color=colour, height=0.7)
    axes.bar_label(bars, ["–" if value is None else format(value, form) for value in values], padding=3)
    axes.set_yticks(range(len(names)), [name.replace("$", r"\$") for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def _said(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _svg(figure: Figure, key: str, alt: str) -> str:
    """The `<svg>` element, with ids of its own; black becomes the page's ink, and there is no ground."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{key}-', text)
    text = re.sub(r'xlink:href="#', f'href="#{key}-', text)
    text = text.replace("url(#", f"url(#{key}-").replace(INK, "currentColor")
    text = re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"| xmlns:xlink="[^"]*"', "", text, count=3)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}" fill="currentColor" class="plot"', 1)
