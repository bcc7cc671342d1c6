"""What was measured of grading, as Markdown: for the README and for the book."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GRADING = ROOT / "benchmarks" / "results" / "grading.json"
README = ROOT / "README.md"
_BLOCK = re.compile(r"(?<=<!-- grading: written by make bench -->\n).*?(?=<!-- end -->)", re.DOTALL)


def read() -> dict[str, Any]:
    """The results: `machine`, `date`, and `rows`."""
    found: dict[str, Any] = json.loads(GRADING.read_text())
    return found


def comparison(results: dict[str, Any]) -> str:
    """Each assignment, by nbgrader as it comes and by ours."""
    lines = [
        "| assignment | graded by | workers | submissions | seconds a submission | times as fast | peak MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        ratio = row["ratio_to_nbgrader"]
        lines.append(
            f"| {row['assignment']} | `{row['grader']}` | {row['workers']} | {row['submissions']:,} | "
            f"{row['seconds_per_submission']:.3g} | {'' if ratio is None else f'{ratio:.0f}'} | {row['peak_mib']:,} |"
        )
    return "\n".join(lines)


def shares(results: dict[str, Any]) -> str:
    """Where the time of `autograder grade` goes, by assignment, with one worker."""
    lines = [
        "| assignment | start, seconds once | cells and answers | forks, marking, notebooks and gradebook |",
        "|---|---|---|---|",
    ]
    for row in results["rows"]:
        if (parts := row.get("parts")) and row["workers"] == 1:
            lines.append(
                f"| {row['assignment']} | {parts['start_seconds']:.1f} | "
                f"{parts['session_cpu_seconds'] * 1000:.0f} ms | {parts['grader_cpu_seconds'] * 1000:.0f} ms |"
            )
    return "\n".join(lines)


def machine(results: dict[str, Any]) -> str:
    """One sentence on what it was measured on."""
    of = results["machine"]
    return (
        f"Measured on {results['date']}: {of['cores']} cores of {of['cpu']}, {of['system']}, Python {of['python']}, "
        f"PyTorch {of['torch']}, nbgrader {of['nbgrader']}."
    )


def in_readme(text: str, results: dict[str, Any]) -> str:
    """`text` with the table of these results between its marks."""
    return _BLOCK.sub(lambda _: f"{comparison(results)}\n\n{machine(results)}\n", text)
