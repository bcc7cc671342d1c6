"""What every exercise of every topic owes: `autograder prove` has nothing to say about it, and it gives none away.

Topics are found by their folders; a topic's right answers, written differently, stand in
`tests/solutions/<topic>/right_answers.py` as `RIGHT = {exercise's name: [answer, ...]}`, its wrong ones in
`wrong_answers.py` as `WRONG`, with `UNTELLABLE = {exercise's name: {answer's name: reason}}`.
"""
import importlib
from pathlib import Path

import pytest

from autograder.authoring.catalogue import exercises_of
from autograder.authoring.proof_table import answers_for
from autograder.authoring.prove import prove

ROOT = Path(__file__).parents[2]
TOPICS = sorted(path.parent.name for path in (ROOT / "solutions").glob("*/exercises.py"))
EXERCISES = [(topic, exercise) for topic in TOPICS
             for exercise in exercises_of(importlib.import_module(f"solutions.{topic}.exercises"))]

every_exercise = pytest.mark.parametrize("exercise", [pytest.param(e, id=f"{t}-{e.name}") for t, e in EXERCISES])


def test_names_are_unique_over_the_course():
    names = [exercise.name for _, exercise in EXERCISES]
    assert len(names) == len(set(names))


@every_exercise
def test_it_has_a_place_to_read_and_gives_no_exercise_away(exercise):
    assert ".html#" in exercise.read
    assert not {given.__name__ for given in exercise.given} & {other.name for _, other in EXERCISES}


@every_exercise
def test_it_is_proved(exercise):
    proof = prove(exercise, answers_for(exercise, ROOT / "tests" / "solutions"))
    assert not proof.failures, "\n".join(map(str, proof.failures))
