"""Wrong answers that the catalogue does not know lose points, and what one earns does not hang on the hidden set.

They stand in `tests/solutions/<topic>/wrong_answers.py` as `WRONG = {exercise's name: [answer, ...]}`.
"""
import copy
import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from autograder.cases import hidden_oracles, public_oracles
from autograder.catalogue import exercises_of
from autograder.student.drive import run_driver, run_twice
from autograder.student.marking import mark

HERE = Path(__file__).parent
PUBLIC = -1
SEEDS = (PUBLIC, 0, 1, 2, 3)


def wrong_answers(topic):
    spec = importlib.util.spec_from_file_location(f"wrong_answers_{topic}", HERE / topic / "wrong_answers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WRONG


TOPICS = sorted(path.parent.name for path in HERE.glob("*/wrong_answers.py"))
EXERCISES = [(topic, exercise) for topic in TOPICS
             for exercise in exercises_of(importlib.import_module(f"solutions.{topic}.exercises"))]
WRONG = {topic: wrong_answers(topic) for topic in TOPICS}
ANSWERS = [pytest.param(exercise, answer, id=f"{exercise.name}-{answer.__name__}")
           for topic, exercise in EXERCISES for answer in WRONG[topic].get(exercise.name, [])]
MISCONCEPTIONS = [pytest.param(exercise, wrong.name, id=f"{exercise.name}-{wrong.name}")
                  for _, exercise in EXERCISES for wrong in exercise.misconceptions]


def oracles(exercise, seed):
    if seed == PUBLIC:
        return public_oracles(exercise)
    return hidden_oracles(exercise, b"the tests' own secret", "tests", seed)


def mark_of(exercise, answer, seed):
    run = run_twice if exercise.pure else lambda *a: (run_driver(*a),)
    asked = oracles(exercise, seed)
    with np.errstate(all="ignore"):
        given = [run(exercise.drive, answer, copy.deepcopy(o.arguments), copy.deepcopy(o.keywords)) for o in asked]
    return mark(asked, given, exercise.compare, pure=exercise.pure)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_exercise_has_wrong_answers_with_names_of_their_own(topic):
    names = {exercise.name for of, exercise in EXERCISES if of == topic}
    assert set(WRONG[topic]) == names
    for answers in WRONG[topic].values():
        assert len(answers) >= 8
        assert len({answer.__name__ for answer in answers}) == len(answers)


@pytest.mark.filterwarnings("ignore")       # what a wrong answer does may be worth a warning
@pytest.mark.parametrize(("exercise", "answer"), ANSWERS)
def test_a_wrong_answer_loses_points_on_the_public_and_on_every_hidden_set(exercise, answer):
    assert all(mark_of(exercise, answer, seed).share < 1 for seed in SEEDS)


@pytest.mark.parametrize(("exercise", "name"), MISCONCEPTIONS)
def test_what_a_misconception_earns_hardly_depends_on_the_set(exercise, name):
    shares = []
    for seed in range(12):
        asked = oracles(exercise, seed)
        given = [(oracle.misconceptions[name],) * 2 for oracle in asked]
        shares.append(mark(asked, given, exercise.compare, pure=exercise.pure).share)
    assert max(shares) - min(shares) < .1
