"""`autograder prove`: each thing that can be wrong with an exercise is found and named."""

import re
import time
from contextlib import suppress

import numpy as np
import pytest

from autograder.authoring.clock import cpu_time
from autograder.authoring.exercise import Case, Exercise
from autograder.authoring.mutants import mutants
from autograder.authoring.prove import Answers, prove
from autograder.cli import main

MODULE = '''
import numpy as np


def step(x, grads, *, lr=0.5, axis=0):
    """One step along the mean."""
    if lr < 0:
        raise ValueError("no such rate")
    return x - lr * np.mean(grads, axis=axis)


def halvings(x, *, until):
    """How often x is halved until it is at most `until`. x : float, (1,)"""
    count = 0
    while x > until:
        x = x / 2
        count += 1
    return count
'''


@pytest.fixture
def m(module_from):
    return module_from(MODULE)


def step_cases(rng):
    def case(name, shape, kind="values", dtype=float, **keywords):
        x, grads = rng.uniform(1, 2, shape).astype(dtype), rng.uniform(1, 2, (3, *shape)).astype(dtype)
        return Case(name, (x, grads), None, 1, kind, {"lr": 0.25} | keywords)

    return [
        case("a vector", (3,)),
        case("a matrix", (3, 3)),
        case("another axis", (3, 3), axis=1),
        case("float32 stays float32", (3,), "dtype", np.float32),
    ]


@pytest.fixture
def exercise(m):
    def make(cases=step_cases, wrong=True, **settings):
        made = Exercise(m.step, cases=cases, points=1, **settings)
        if wrong:
            made.misconception(
                "uphill", {"x - lr * np.mean(grads, axis=axis)": "x + lr * np.mean(grads, axis=axis)"}, "Downhill."
            )
        return made

    return make


def failures(*arguments, **keywords):
    return [str(failure) for failure in prove(*arguments, **keywords).failures]


def test_an_exercise_that_is_whole_is_proved(exercise):
    proof = prove(exercise())
    assert not proof.failures
    assert (proof.cases, proof.survivors, proof.luck) == (4, (), 0)
    assert proof.mutants > 10


def scaled(factor):
    def cases(rng):
        number, *others = step_cases(rng)
        return [Case(number.name, number.arguments, None, 1, number.kind, {"lr": factor(rng)}), *others]

    return cases


def renamed_by_the_draw(rng):
    return [Case(f"case {rng.integers(10**9)}", (np.ones(2), np.ones((3, 2))))]


@pytest.mark.parametrize(
    ("cases", "sentence"),
    [
        (renamed_by_the_draw, "step: cases: .*gives .* other names"),
        (lambda rng: [Case("a", (np.ones(2), np.ones((3, 2))), keywords={"lr": -1.0})], "cases: .*raises ValueError"),
        (lambda rng: [Case("a", (np.ones(2), np.ones((3, 2))), keywords={"lr": 0.0})], "step: uphill: .*passes every"),
        (lambda rng: [Case("a", (np.ones(2), np.zeros((3, 2))))], "step: the first argument: .*earns 100%"),
        (lambda rng: [Case("a", (np.full(2, .5), np.ones((3, 2))))], "step: a: zeros as the answer passes"),
        (lambda rng: [Case("a", (np.full(2, 1e9), np.full((3, 2), 2e9 - 1)))], "step: a: the reference fails where"),
        (lambda rng: step_cases(rng)[:2], "a keyword ignored, with `axis = 0`: this mutant keeps all points on 5 of 5"),
        (lambda rng: step_cases(rng)[:1], "for one dimension only, with `assert x.ndim == 1`"),
        (lambda rng: step_cases(rng)[:3], "in float64 only, with `x = x.astype\\('float64'\\)`"),
    ],
)  # fmt: skip
def test_a_case_that_shows_too_little_or_too_much_is_named(exercise, cases, sentence):
    found = failures(exercise(cases))
    assert any(re.search(sentence, failure) for failure in found), found


def test_misconceptions_that_are_one_are_named(exercise):
    made = exercise()

    @made.misconception("Downhill, too.")
    def climbs(x, grads, *, lr=0.5, axis=0):
        return x + lr * np.mean(grads, axis=axis)

    assert failures(made) == [
        "step: climbs: this misconception is taken for uphill: add a 'values' case that tells them, or merge them"
    ]


def test_an_exercise_without_misconceptions_or_with_half_a_sentence_is_named(exercise):
    assert failures(exercise(wrong=False))[0].startswith("step: misconceptions: it knows none")
    made = exercise(wrong=False)
    made.misconception("uphill", {"lr * np.mean(grads, axis=axis)": "-lr * np.mean(grads, axis=axis)"}, "downhill")
    assert failures(made)[0].startswith("step: uphill: its sentence does not end")


def test_luck_is_measured(exercise):
    made = exercise(scaled(lambda rng: float(rng.choice([0.0, 0.25]))))
    found = failures(made, sets=8)
    assert any("step: uphill: what it earns depends on the set, by 40%" in failure for failure in found)


def test_right_answers_must_pass_and_wrong_ones_lose(exercise):
    def by_hand(x, grads, *, lr=0.5, axis=0):
        return x - lr * grads.sum(axis) / grads.shape[axis]

    def always_first(x, grads, *, lr=0.5, axis=0):
        return x - lr * grads.mean(0)

    def rounded(x, grads, *, lr=0.5, axis=0):
        return np.round(by_hand(x, grads, lr=lr, axis=axis), 12).astype(x.dtype)

    assert not failures(exercise(), Answers(right=[by_hand], wrong=[always_first]))
    assert "always_first: this right answer fails another axis" in failures(exercise(), Answers([always_first]))[0]
    assert "keeps all points on 4 of 4 hidden sets" in failures(exercise(), Answers(wrong=[rounded]))[0]
    assert not failures(exercise(), Answers(wrong=[rounded], untellable={"rounded": "Beyond the tolerance."}))
    stale = failures(exercise(), Answers(wrong=[always_first], untellable={"always_first": "-", "gone": "-"}))
    assert ["always_first: it is named as untellable and loses" in stale[0], "no wrong answer is called so" in stale[1]]


def test_a_survivor_is_named_as_equivalent_and_no_longer_when_it_is_told(exercise):
    first = "if lr < 0:\n    raise ValueError('no such rate')"
    change = {first: "axis = 0\n" + first}
    made = exercise(lambda rng: [case for case in step_cases(rng) if case.name != "another axis"])
    made.equivalent(change, "Nobody asks for another axis.")
    assert not [failure for failure in failures(made) if "axis = 0" in failure]
    told = exercise()
    told.equivalent(change, "Nobody asks for another axis.")
    assert failures(told)[0].startswith("step: equivalent(): no mutant that keeps its points is this one any more")


def test_a_mutant_that_hangs_is_stopped_and_has_lost(m):
    def cases(rng):
        return [Case("a", (float(rng.uniform(8, 9)),), keywords={"until": 1.0}),
                Case("at the border", (4.0,), keywords={"until": 1.0})]  # fmt: skip

    made = Exercise(m.halvings, cases=cases, points=1)
    made.misconception("starts_at_one", {"count = 0": "count = 1"}, "Count from 0.")
    started = time.process_time()
    assert not prove(made).survivors
    assert time.process_time() - started < 30


def test_code_that_swallows_exceptions_is_stopped_too():
    def deaf():
        while True:
            with suppress(Exception):
                sum(range(100))

    with pytest.raises(TimeoutError), cpu_time(0.05):
        deaf()


def test_the_mutants_are_of_every_kind_and_leave_refusals_and_signatures_alone(m):
    made = mutants(m.step, arrays={"x": "numpy"}, pure=True)
    kinds = {mutant.what for mutant in made}
    assert kinds == {"an operator exchanged", "a keyword ignored", "a keyword argument left out",
                     "for one dimension only", "in float64 only", "an argument changed in place"}  # fmt: skip
    assert {mutant.what for mutant in mutants(m.halvings, arrays={}, pure=True)} == {
        "an operator exchanged", "a comparison changed", "a constant moved", "a sign turned", "a statement removed",
    }  # fmt: skip
    assert all("raise ValueError('no such rate')" in mutant.text for mutant in made)
    assert all("lr=0.5, axis=0" in mutant.text for mutant in made)
    assert len({mutant.text for mutant in made}) == len(made)


def test_the_command_prints_a_table_and_ends_with_1_where_something_failed(course_root, capsys):
    assert main(["--course", str(course_root), "prove", "halving_step", "bowl_depth", "--no-mutants"]) == 0
    out = capsys.readouterr().out
    assert "halving_step      4               2" in out
    assert "2 exercises, 0 failures" in out
    assert main(["--course", str(course_root), "prove", "--sets", "1", "backtrack"]) == 1
    assert "backtrack: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["halving_stp"], "there is no exercise called 'halving_stp'; known are: .* did you mean halving_step\\?"),
        (["--sets", "0"], "--sets: a whole number of at least 1 is wanted, not .0."),
        (["--answers", "nowhere"], "--answers nowhere is no folder"),
    ],
)
def test_a_mistake_in_what_was_given_is_one_sentence(course_root, capsys, arguments, sentence):
    assert main(["--course", str(course_root), "prove", *arguments]) == 2
    assert re.search(sentence, capsys.readouterr().err)
