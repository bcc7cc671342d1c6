"""The race: its script makes the steps of solutions/, and its figure can be used by everybody."""
from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
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


@pytest.fixture
def race(javascript) -> Callable[[str, Any], Any]:
    return functools.partial(javascript, "race/mathematics.js")


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
    exec(next(cell for cell in cells if "\nsurfaces = {" in cell).removeprefix(":tags: [hide-input]\n"), names)
    return names["surfaces"]


# ------------------------------------------------------------------------------------------------------ the mathematics


def test_the_script_s_steps_are_those_of_solutions(race):
    cases = [case for seed in range(64) for case in settings(seed)]
    paths = race("""
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
def test_the_script_s_surfaces_are_the_page_s(key, race):
    loss, gradient, start, minima, window = page_surfaces()[KEYS[key]]
    points = np.random.default_rng(0).uniform([window[0], window[2]], [window[1], window[3]], (200, 2))
    there = race("""
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


def test_a_race_is_the_steps_one_after_another(race):
    """On the ravines, where a rounding error is not multiplied by what comes after it."""
    rng = np.random.default_rng(2)
    cases = [{"surface": surface, "runner": runner, "lr": 10 ** rng.uniform(-3, -0.6), "momentum": rng.uniform(0, 0.95)}
             for surface in ("ravine", "turned") for runner in RUNNERS for _ in range(16)]
    paths = race("""
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


def test_a_runner_that_diverges_stops_and_stays_finite(race):
    paths = race("""
        return Object.values(math.surfaces).flatMap((surface) => Object.values(math.runners).map((runner) =>
          math.race(surface, runner, { lr: 3.16, momentum: 0.99 }, 100)));""", {})
    assert any(len(path) < 101 for path in paths)
    assert all(np.isfinite(path).all() and np.abs(path).max() <= 1e6 for path in paths)


# ----------------------------------------------------------------------------------------------------------- the figure


def test_no_runner_is_told_by_its_colour_alone():
    text = (FOLDER / "figure.js").read_text("utf-8")
    looks = re.findall(r'(\w+): \["(\w+)", "(\w+)"\]', text)
    css = (FOLDER.parent / "base" / "base.css").read_text("utf-8")
    rules = [re.search(rf"\.interactive \.{ink} {{([^}}]*)}}", css)[1] for _, ink, _ in looks]
    colours = [re.search(r"--ink: (#\w+)", rule)[1] for rule in rules]
    dashes = [found[1] if (found := re.search(r"stroke-dasharray: ([^;]+)", rule)) else "" for rule in rules]
    assert tuple(key for key, _, _ in looks) == RUNNERS
    assert len(set(colours)) == len(set(dashes)) == len({shape for *_, shape in looks}) == len(RUNNERS)
    assert set(colours) <= set(COLOURS)         # which are held to stand out from both grounds
