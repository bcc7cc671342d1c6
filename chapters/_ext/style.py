"""The look of the book's figures: a chapter's first cell calls `use_course_style()`.

Ink is pure black and paper pure white, which the book turns into the page's own colours, light or dark; outside the
book a figure is an ordinary one on white. The colours of `COLOURS` stand out from both grounds by 3 to 1 at least, and
each comes with its own dashes, so that no line is told by its colour alone.
"""
from __future__ import annotations

from typing import Any

COLOURS = ("#2b7bd1", "#c2600f", "#12875a", "#b0479f", "#8a7a12", "#6f6fd6", "#c43d55")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.4)), (0, (6, 1.6, 1.2, 1.6)), (0, (9, 2)),
                           (0, (3, 1.4, 1.2, 1.4, 1.2, 1.4)), (0, (2.5, 2.5)))
INK, PAPER = "#000000", "#ffffff"           # follow the theme
FIXED_DARK, FIXED_LIGHT = "#010101", "#fefefe"      # do not: for marks on a coloured ground, such as a heat map

SETTINGS: dict[str, Any] = {
    "figure.figsize": (5.6, 3.4), "figure.constrained_layout.use": True,   # small, so that a phone can show its text
    "figure.facecolor": PAPER, "savefig.facecolor": PAPER, "axes.facecolor": "none",
    "font.size": 11, "axes.titlesize": 12, "axes.labelsize": 11, "legend.fontsize": 10,
    "xtick.labelsize": 10, "ytick.labelsize": 10, "figure.titlesize": 12,
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": INK, "grid.alpha": 0.14, "grid.linewidth": 0.7,
    "lines.linewidth": 2.0, "lines.markersize": 5,
    "legend.facecolor": PAPER, "legend.edgecolor": "none", "legend.framealpha": 0.85, "legend.handlelength": 2.8,
    "image.cmap": "viridis", "axes.titlelocation": "left", "axes.titlepad": 8,
    "svg.fonttype": "path",                 # what was laid out is what is seen, formulas too
    "svg.hashsalt": "course",               # the same drawing from build to build
}


def use_course_style() -> None:
    """Set Matplotlib to the course's look, and, in a notebook, to SVG."""
    import matplotlib
    from cycler import cycler

    for name, value in SETTINGS.items():
        matplotlib.rcParams[name] = value       # type: ignore[index]
    matplotlib.rcParams["axes.prop_cycle"] = cycler(color=COLOURS) + cycler(linestyle=DASHES)
    try:
        from IPython.core.getipython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    if get_ipython() is not None:
        # a tight box would give every figure a size of its own
        set_matplotlib_formats("svg", bbox_inches=None, metadata={"Date": None})
