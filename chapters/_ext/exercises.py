"""The exercises of a topic as cards at the end of its chapter, where an answer is written, run and checked.

A page gets them where its topic has an `assignment.md`: nothing is written in the page. The site has, in
`_static/exercises/`, stubs and public cases, the student's half of the grader and what runs it; in `_static/pyodide/`
Python and NumPy. None of it is loaded before a reader opens a card or runs an answer.
"""
from __future__ import annotations

import ast
import hashlib
import html
import json
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import autograder
from autograder.authoring.assignment_text import blocks, read_text
from autograder.authoring.build import described, given_version
from autograder.authoring.exercise import Exercise
from autograder.authoring.source import definition, imports_for
from chapters._ext import browser_python
from chapters._ext.browser_python import EXERCISES, NotFetched
from chapters._ext.edition import exercises
from chapters._ext.interactive import BUNDLE, CACHE, modules, node

GRADER = Path(autograder.__file__).parent
SCRIPTS = {"cards.js": "--format=iife", "worker.js": "--format=esm", "editor.js": "--format=esm"}
TITLE = re.compile(r"^## +(?:\d+\. +)?(.+)$", re.MULTILINE)
NOTE = ("Write your answers here, or take them with you as notebooks. *Run and check* puts an answer to the **public "
        "cases, which are not your grade**, and says which misconception it is where it knows it. Python and NumPy "
        "come with the first run (9 MB, by [Pyodide](https://pyodide.org)); what you write stays in this browser.")
NEEDS = "It needs {}, which does not run in this page: it is checked in the assignment only."
NOT_HERE = "This copy of the book has no Python for the browser: it is checked in the assignment only."


# ------------------------------------------------------------------------------------------------------ what is shipped


def topics(source: Path) -> list[str]:
    return sorted(path.parent.name for path in (source / "solutions").glob("*/assignment.md"))


def cards(source: Path, cache: Path = CACHE) -> dict[str, dict[str, Any]]:
    """What the cards of each topic show and ship; kept until something that it is made of changes."""
    file = cache / f"exercises-{fingerprint(source)}.json"
    if not file.exists():
        held: dict[str, Exercise] = {}
        for topic in topics(source):
            held |= exercises(topic)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)     # a misconception may well divide by zero
            made = {topic: topic_cards(source / "solutions" / topic / "assignment.md", held)
                    for topic in topics(source)}
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache, delete=False, encoding="utf-8") as draft:
            json.dump(made, draft)
        Path(draft.name).rename(file)
    return json.loads(file.read_text("utf-8"))


def fingerprint(source: Path) -> str:
    """Changes with every module of the solutions, every assignment and the grader's halves that make cards of them."""
    digest = hashlib.sha256(np.__version__.encode())
    files = [*source.glob("solutions/**/*.py"), *source.glob("solutions/*/assignment.md"), Path(__file__),
             *GRADER.glob("student/*.py"), *GRADER.glob("authoring/*.py")]
    for path in sorted(files):
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def topic_cards(path: Path, held: dict[str, Exercise]) -> dict[str, Any]:
    """The cards of one assignment by the names of the functions, in the assignment's order."""
    _, text, markers = read_text(path)
    asked = [held[marker.argument] for marker in markers if marker.kind == "exercise"]
    made: dict[str, Any] = {}
    prose, code = "", []
    for block in blocks(text, path):
        if block.kind == "prose":
            prose = block.body
        elif block.kind == "code":
            code.append(block.body)
        elif block.kind == "exercise":
            exercise = held[block.argument]
            title, task = titled(prose, exercise.name)
            made[exercise.name] = {"title": title, "task": task, "points": exercise.points, "needs": needs(exercise),
                                   "given": "\n\n\n".join([*map(definition, exercise.given), *code]),
                                   "imports": imports(exercise, asked), "stub": given_version(exercise),
                                   "cases": None if needs(exercise) else described(exercise)}
            prose = ""
    return made


def titled(prose: str, name: str) -> tuple[str, str]:
    """The last heading of an assignment's text, without its number, and what stands below it."""
    headings = list(TITLE.finditer(prose))
    return (headings[-1][1], prose[headings[-1].end():].strip()) if headings else (name, prose)


def needs(exercise: Exercise) -> str:
    """The library beside NumPy that an exercise needs, its driver and judge included; '' where it needs none."""
    if exercise.torch:
        return "PyTorch"
    lines = [*own_imports(exercise), *(ast.unparse(one) for one in ast.parse(exercise.checks_source).body
                                        if isinstance(one, (ast.Import, ast.ImportFrom)))]
    there = {*sys.stdlib_module_names, "numpy", "autograder"}
    return next((root for root in (re.split(r"[ .]", line)[1] for line in lines) if root not in there), "")


def own_imports(exercise: Exercise) -> list[str]:
    """What an exercise and what it is given import, but for what it is given."""
    held = {one.__name__ for one in (exercise.reference, *exercise.given)}
    return [line for line in imports_for([exercise.reference, *exercise.given]) if line.split()[-1] not in held]


def imports(exercise: Exercise, asked: list[Exercise]) -> str:
    """What a notebook with this exercise imports: as the assignment's own, with no library that is not needed."""
    fitting = [one for one in asked if needs(one) in ("", needs(exercise))]
    always = ["import numpy as np", *(["import torch"] if exercise.torch else [])]
    return "\n".join(sorted({*always, *(line for one in fitting for line in own_imports(one))}))


def before(card: dict[str, Any]) -> str:
    """What a card's answer is given: imports and definitions."""
    return "\n\n\n".join(filter(None, [card["imports"], card["given"]])) + "\n"


def shipped(described_cards: dict[str, Any]) -> dict[str, Any]:
    """The file of a topic, which the student's half reads as it reads an assignment's file of public cases."""
    return {"exercises": {name: (card["cases"] or {}) | {"before": before(card)}
                          for name, card in described_cards.items()}}


def harness(size: int) -> dict[str, Any]:
    """The student's half of the grader and what runs it in the page; `size` is what else the browser fetches."""
    files = {f"autograder/{path.relative_to(GRADER).as_posix()}": path.read_text("utf-8")
             for path in [GRADER / "__init__.py", *sorted(GRADER.glob("student/*.py"))]}
    return {"bytes": size, "files": files | {"in_page.py": (EXERCISES / "in_page.py").read_text("utf-8")}}


def assets(cache: Path = CACHE) -> Path:
    """A folder with `exercises/`: the scripts, bundled, and their style."""
    digest = hashlib.sha256()
    for path in sorted(EXERCISES.glob("*")):
        digest.update(f"{path.name}\0".encode() + (path.read_bytes() if path.is_file() else b"") + b"\0")
    folder = cache / f"cards-{digest.hexdigest()[:16]}"
    if not folder.exists():
        bundler = modules(cache=cache)
        try:
            installed = modules(EXERCISES, cache, "The exercises in the page")
        except ExtensionError:
            installed = None                        # the plain field serves; whoever builds is told of it below
        with tempfile.TemporaryDirectory(dir=cache) as held:
            work, out = Path(held) / "source", Path(held) / "ready" / "exercises"
            shutil.copytree(EXERCISES, work)
            out.mkdir(parents=True)
            (work / "node_modules").symlink_to(installed or bundler)
            for name, form in SCRIPTS.items():
                if installed or name != "editor.js":
                    node([str(bundler / "esbuild/bin/esbuild"), *BUNDLE, form, "--external:../pyodide/*",
                          f"--outfile={out / name}", name], work)
            shutil.copy(EXERCISES / "cards.css", out)
            if installed is None:
                return Path(shutil.copytree(out.parent, cache / "cards-incomplete", dirs_exist_ok=True))
            if not folder.exists():
                (Path(held) / "ready").rename(folder)
    return folder


# ------------------------------------------------------------------------------------------------------------- the page


def opening(topic: str, name: str, card: dict[str, Any]) -> str:
    """The head of a card, up to what is asked."""
    points = f"{card['points']:g} point{'' if card['points'] == 1 else 's'}"
    return (f'<details class="exercise-card" id="exercise-{name}" data-exercise="{name}" data-topic="{topic}">\n'
            f'<summary><span class="exercise-title">{html.escape(card["title"])}</span> <code>{name}</code> '
            f'<span class="exercise-points">{points}</span> <b class="exercise-state" data-part="state"></b>'
            '</summary>\n'
            '<div class="exercise-task">\n')


def closing(name: str, card: dict[str, Any], runs: bool) -> str:
    """The rest of a card: what is given, the field for the answer, the buttons and the place of the outcome."""
    given = html.escape(before(card).strip())
    reason = NEEDS.format(card["needs"]) if card["needs"] else "" if runs else NOT_HERE
    run = "" if reason else '<button type="button" class="exercise-run" data-part="run">Run and check</button> '
    rows = card["stub"].count("\n") + 1
    return (
        f'</div>\n<details class="exercise-given"><summary>What it is given</summary><pre>{given}</pre></details>\n'
        f'<div class="exercise-editor"><textarea rows="{rows}" cols="80" spellcheck="false" '
        f'autocomplete="off" autocapitalize="off" aria-label="Your answer: {name}" aria-describedby="hint-{name}">'
        f'{html.escape(card["stub"])}</textarea></div>\n'
        f'<p class="exercise-hint" id="hint-{name}">Tab indents, Esc leaves the editor'
        f'{"" if reason else ", Ctrl or ⌘ with Enter runs"}.</p>\n'
        f'{f"<p>{reason}</p>" if reason else ""}<noscript><p>The buttons need scripts, which this browser does not run.'
        f'</p></noscript>\n<p class="exercise-buttons">{run}'
        '<button type="button" data-part="again">Start again</button> '
        '<button type="button" data-part="take">Take it with me</button></p>\n'
        f'<p class="exercise-status" role="status" data-part="status"></p><progress data-part="bar" max="1" hidden '
        f'aria-label="Python is on its way"></progress>\n'
        f'<div class="exercise-result" role="region" aria-label="What became of {name}" data-part="result"></div>\n'
        "</details>\n")


class Exercises(SphinxDirective):
    """Puts the cards of a topic where it stands, which is the end of the topic's chapter."""
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        topic = self.arguments[0]
        box = nodes.container(classes=["exercise-cards"])
        box += self.parsed(NOTE)
        for name, card in self.config.exercises_cards[topic].items():
            box += nodes.raw("", opening(topic, name, card), format="html")
            box += self.parsed(card["task"])
            box += nodes.raw("", closing(name, card, self.config.exercises_run), format="html")
        up = "../" * self.env.docname.count("/") + "_static/exercises"
        box += nodes.raw("", f'<script defer src="{up}/cards.js"></script>', format="html", exercises=topic)
        return [box]

    def parsed(self, text: str) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(StringList(text.splitlines(), self.env.docname), self.content_offset, holder)
        return list(holder.children)


def shown_topics(app: Sphinx) -> Iterator[str]:
    """The topics that have a chapter."""
    for page in sorted(app.env.found_docs):
        if (topic := topic_of(app, page)) is not None:
            yield topic


def topic_of(app: Sphinx, page: str) -> str | None:
    folder, _, topic = page.rpartition("/")
    return topic if folder == "chapters" and topic in app.config.exercises_cards else None


def append(app: Sphinx, page: str, content: list[str]) -> None:
    """Let a topic's chapter end in its cards."""
    if (topic := topic_of(app, page)) is not None:
        content[0] = f"{content[0].rstrip()}\n\n```{{exercises}} {topic}\n```\n"


def style(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None) -> None:
    """Link the cards' style in the head of the pages that have some."""
    if tree is not None and any("exercises" in node for node in tree.findall(nodes.raw)):
        app.add_css_file("exercises/cards.css")


def serve(app: Sphinx, config: Any) -> None:
    """Make the files ready; where Python for the browser cannot be fetched, the book is built without, and says so."""
    config.exercises_cards = cards(Path(app.srcdir))
    if not config.exercises_cards:
        return
    config.html_static_path.append(str(assets()))
    try:
        config.html_static_path.append(str(browser_python.pyodide_folder(config.numpy_wheel)))
        config.exercises_run = True
    except NotFetched as why:
        print("The book is built without Python for the browser: its exercises can be written in the page, and are "
              f"checked in the assignment only.\n{why}", file=sys.stderr)


def write(app: Sphinx, error: Exception | None) -> None:
    """Write what the cards load: of each topic that has a chapter the stubs and public cases."""
    out = Path(app.outdir) / "_static"
    if error is not None or not (out / "exercises").exists():
        return
    for topic in shown_topics(app):
        held = shipped(app.config.exercises_cards[topic])
        (out / "exercises" / f"{topic}.json").write_text(json.dumps(held), "utf-8")
    size = sum(path.stat().st_size for path in out.glob("pyodide/*") if path.suffix != ".mjs")
    (out / "exercises" / "harness.json").write_text(json.dumps(harness(size)), "utf-8")


def setup(app: Sphinx) -> None:
    app.add_config_value("exercises_cards", {}, "env")
    app.add_config_value("exercises_run", False, "env")
    app.add_config_value("numpy_wheel", "", "env")
    app.add_directive("exercises", Exercises)
    app.connect("config-inited", serve)
    app.connect("source-read", append)
    app.connect("html-page-context", style)
    app.connect("build-finished", write)
