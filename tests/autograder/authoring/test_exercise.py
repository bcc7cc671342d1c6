"""The contract of an exercise."""

import pytest

from autograder.authoring.exercise import Case, Exercise, ExerciseError
from autograder.student.compare import Mismatch


def f(x):
    return x


def cases(rng):
    return [Case("a", (1,))]


def judge(answer, expected, arguments, private):
    return "it is odd" if answer % 2 else None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"points": 0}, "f: points must be above 0, not 0"),
        ({"points": -1}, "f: points must be above 0"),
        ({"points": float("nan")}, "f: points must be above 0"),
        ({"points": 1, "judge": judge, "tolerance": (0, 1)}, "f: give a judge or a tolerance, not both"),
    ],
)
def test_it_refuses_with_a_sentence(settings, sentence):
    with pytest.raises(ExerciseError, match=sentence):
        Exercise(f, cases=cases, **settings)


def test_a_judge_s_sentence_becomes_a_mismatch():
    exercise = Exercise(f, cases=cases, points=1, judge=judge)
    assert exercise.compare(3, 1, (), None) == Mismatch("property", "it is odd")
    assert exercise.compare(2, 1, (), None) is None


def test_its_checks_are_the_text_of_the_module_of_driver_and_judge(catalogue):
    source = catalogue.exercises["classify"].checks_source
    assert source.startswith('"""Judges by property')
    assert catalogue.exercises["classify"].judge_name == "accuracy"
    assert catalogue.exercises["log_sum_exp"].checks_source == ""


def test_driver_and_judge_of_two_modules_are_refused(catalogue):
    exercise = Exercise(f, cases=cases, points=1, judge=judge, drive=catalogue.exercises["warm_up"].drive)
    with pytest.raises(ExerciseError, match="f: the driver and the judge must stand in one checks"):
        _ = exercise.checks_source
