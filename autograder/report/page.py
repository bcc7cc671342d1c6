"""The page: one HTML file that loads nothing. Names of students and files are data, and escaped."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.files import replacing
from autograder.nbgrader_adapter.course import Course
from autograder.report import plots
from autograder.report.collected import Collected, collect
from autograder.report.statistics import FEWEST, distribution, qualities, totals

MOST = 15  # bars in a plot; the table has all
LARGE = 100  # students; beyond, the tables can be sorted and searched
TEMPLATES = Path(__file__).parent / "templates"


def write_report(course: Course, assignment: str, path: Path) -> tuple[str, ...]:
    """Returns a sentence for each student's record that cannot be read, and is missing in the page.

    Raises ExerciseError where nothing has a grade, or the file cannot be written.
    """
    collected = collect(course, assignment)
    with replacing(path) as file:
        file.write(render(collected))
    return collected.damaged


def render(collected: Collected) -> str:
    found, sums, of = qualities(collected), totals(collected), sum(item.points for item in collected.items)
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    script = (TEMPLATES / "tables.js").read_text() if collected.submitted > LARGE else ""
    return environment.get_template("report.html.j2").render(
        collected=collected,
        of=of,
        sums=distribution(sums),
        qualities=found,
        fewest=FEWEST,
        cpu=distribution([used.cpu_seconds for used in collected.used]),
        memory=distribution([used.memory_mib for used in collected.used]),
        plots={
            "scores": Markup(plots.scores(sums, of)) if sums and of else "",
            "qualities": Markup(plots.qualities(found)) if found else "",
            "held": Markup(plots.held(collected.held[:MOST])) if collected.held else "",
            "failing": Markup(plots.failing(collected.failing[:MOST])) if collected.failing else "",
            "used": Markup(plots.used(collected.used)) if collected.used else "",
        },
        most=MOST,
        script=Markup(script),  # ours; the policy in the page allows this text and no other
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        now=datetime.now().strftime("%Y-%m-%d %H:%M"),
    )
