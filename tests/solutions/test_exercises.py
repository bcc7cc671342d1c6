"""What every exercise of every topic owes: an honest reference, misconceptions that can be told apart, no free points.

Topics are found by their folders; a topic's right answers, written differently, stand in
`tests/solutions/<topic>/right_answers.py` as `RIGHT = {exercise's name: [answer, ...]}`.
"""
import copy
import importlib
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from autograder.cases import check_draws, hidden_oracles, public_oracles
from autograder.catalogue import exercises_of
from autograder.student.drive import Raised, run_driver, run_twice
from autograder.student.marking import judge, mark

ROOT = Path(__file__).parents[2]
TOPICS = sorted(path.parent.name for path in (ROOT / "solutions").glob("*/exercises.py"))
EXERCISES = [(topic, exercise) for topic in TOPICS
             for exercise in exercises_of(importlib.import_module(f"solutions.{topic}.exercises"))]
SEEDS = range(20)
PUBLIC = -1  # the cases that go out with the assignment, by which the grader recognises misconceptions

every_exercise = pytest.mark.parametrize("exercise", [pytest.param(e, id=f"{t}-{e.name}") for t, e in EXERCISES])
every_seed = pytest.mark.parametrize("seed", [PUBLIC, *SEEDS])


def oracles(exercise, seed):
    if seed == PUBLIC:
        return public_oracles(exercise)
    return hidden_oracles(exercise, b"the tests' own secret", "tests", seed)


def answers(exercise, answer, seed):
    """What `answer` gives to each case of the draw, once, or twice where purity is judged."""
    run = run_twice if exercise.pure else lambda *a: (run_driver(*a),)
    with np.errstate(all="ignore"):
        return [run(exercise.drive, answer, copy.deepcopy(o.arguments), copy.deepcopy(o.keywords))
                for o in oracles(exercise, seed)]


def mark_of(exercise, answer, seed):
    return mark(oracles(exercise, seed), answers(exercise, answer, seed), exercise.compare, pure=exercise.pure)


def wrong_cases(result):
    return [(case.name, case.mismatch) for case in result.cases if not case.passed]


def test_names_are_unique_over_the_course():
    names = [exercise.name for _, exercise in EXERCISES]
    assert len(names) == len(set(names))


@every_exercise
def test_it_has_three_misconceptions_a_place_to_read_and_gives_no_exercise_away(exercise):
    assert len(exercise.misconceptions) >= 3
    assert all(wrong.sentence.strip().endswith(".") for wrong in exercise.misconceptions)
    assert len({wrong.name for wrong in exercise.misconceptions}) == len(exercise.misconceptions)
    assert ".html#" in exercise.read
    assert not {given.__name__ for given in exercise.given} & {other.name for _, other in EXERCISES}


@every_exercise
def test_names_kinds_weights_and_shapes_do_not_depend_on_the_draw(exercise):
    check_draws(exercise, SEEDS)


@every_exercise
@every_seed
def test_the_reference_earns_everything(exercise, seed):
    assert not wrong_cases(mark_of(exercise, exercise.reference, seed))


@every_exercise
@every_seed
def test_the_reference_passes_with_its_arguments_moved_by_one_unit_in_the_last_place(exercise, seed):
    rng = np.random.default_rng(seed + 1)
    for oracle in oracles(exercise, seed):
        answer = run_driver(exercise.drive, exercise.reference, moved(oracle.arguments, rng), oracle.keywords)
        assert judge(oracle, answer, exercise.compare) is None, oracle.name


@every_exercise
@every_seed
def test_a_misconception_fails_and_is_recognised_as_itself(exercise, seed):
    cases = oracles(exercise, seed)
    for wrong in exercise.misconceptions:
        given = [(oracle.misconceptions[wrong.name],) * 2 for oracle in cases]
        result = mark(cases, given, exercise.compare, pure=exercise.pure)
        assert any(case.kind == "values" for case in result.cases if not case.passed), wrong.name
        assert result.misconception == wrong.name


@every_exercise
@every_seed
def test_every_two_misconceptions_differ_on_a_values_case(exercise, seed):
    cases = [oracle for oracle in oracles(exercise, seed) if oracle.kind == "values"]
    for a, b in itertools.permutations([wrong.name for wrong in exercise.misconceptions], 2):
        assert any(differ(exercise, o, o.misconceptions[a], o.misconceptions[b]) for o in cases), (a, b)


@every_exercise
@pytest.mark.parametrize("seed", range(3))
def test_a_trivial_function_earns_nothing(exercise, seed):
    for name, answer in trivial_functions().items():
        assert mark_of(exercise, answer, seed).share == 0, name


@every_exercise
@pytest.mark.parametrize("seed", range(3))
def test_a_trivial_value_passes_no_values_case(exercise, seed):
    for oracle in oracles(exercise, seed):
        if oracle.kind == "values":
            for name, value in trivial_values(oracle).items():
                assert judge(oracle, value, exercise.compare) is not None, (oracle.name, name)


@every_exercise
def test_the_starter_earns_nothing(exercise):
    if exercise.starter is not None:
        assert mark_of(exercise, exercise.starter, 0).share == 0


@pytest.mark.parametrize(("topic", "exercise"), [pytest.param(t, e, id=f"{t}-{e.name}") for t, e in EXERCISES])
def test_right_answers_that_are_written_differently_earn_everything(topic, exercise):
    found = right_answers(topic).get(exercise.name, [])
    assert found, f"tests/solutions/{topic}/right_answers.py has none for {exercise.name}"
    for answer, seed in itertools.product(found, range(5)):
        assert not wrong_cases(mark_of(exercise, answer, seed)), answer


def right_answers(topic):
    path = Path(__file__).parent / topic / "right_answers.py"
    spec = importlib.util.spec_from_file_location(f"right_answers_{topic}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.RIGHT


def differ(exercise, oracle, a, b):
    """Whether the two answers of a case would not be taken for one another."""
    if isinstance(a, Raised) or isinstance(b, Raised):
        return not (isinstance(a, Raised) and isinstance(b, Raised) and a.exception == b.exception)
    try:
        return exercise.compare(a, b, oracle.arguments, oracle.private) is not None
    except Exception:       # answers of two kinds
        return True


def trivial_functions():
    """Functions that only hand something back."""
    return {"nothing": lambda *args, **keywords: None,
            "the first argument": lambda *args, **keywords: args[0],
            "all arguments": lambda *args, **keywords: args,
            "the first and the last argument": lambda *args, **keywords: (args[0], args[-1]),
            "zeros": lambda *args, **keywords: np.zeros_like(args[0]),
            "zeros and the last argument": lambda *args, **keywords: (np.zeros_like(args[0]), args[-1])}


def trivial_values(oracle):
    """Answers that need no thought; zeros and ones have the shapes expected."""
    return {"None": None, "all arguments": oracle.arguments,
            **{f"argument {i}": argument for i, argument in enumerate(oracle.arguments)},
            "zeros": filled(oracle.expected, 0), "ones": filled(oracle.expected, 1)}


def filled(value, number):
    """`value` with every number in it replaced."""
    if isinstance(value, dict):
        return {key: filled(item, number) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [filled(item, number) for item in value]
    return value if value is None or isinstance(value, str) else np.full_like(value, number)


def moved(value, rng):
    """`value` with every float in its arrays moved by one unit in the last place, up or down."""
    if isinstance(value, dict):
        return {key: moved(item, rng) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(moved(item, rng) for item in value))
    if isinstance(value, (tuple, list)):
        return type(value)(moved(item, rng) for item in value)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f":
        return np.nextafter(value, rng.choice(np.array([-np.inf, np.inf], value.dtype), value.shape))
    return copy.deepcopy(value)
