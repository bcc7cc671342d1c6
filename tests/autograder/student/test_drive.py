"""Running an answer on the cases."""

import itertools

import numpy as np

from autograder.student.drive import MAX_YIELDS, Raised, call, load_checks, run_driver, run_twice


def test_a_generator_is_consumed_up_to_a_bound():
    assert run_driver(call, itertools.count, (), {}) == list(range(MAX_YIELDS))


def test_an_exception_is_an_answer():
    def fails():
        raise ValueError("no")

    found = run_driver(call, fails, (), {})
    assert (found.exception, found.message) == ("ValueError", "no")


def test_an_exception_in_the_middle_of_a_generator_is_an_answer():
    def fails():
        yield 1
        raise ValueError("no")

    assert isinstance(run_driver(call, fails, (), {}), Raised)


def test_two_calls_get_the_same_objects_and_the_caller_s_are_left_alone():
    def spoils(x):
        x += 1
        return x

    x = np.zeros(2)
    first, second = run_twice(call, spoils, (x,), {})
    assert first.tolist() == [1, 1]
    assert second.tolist() == [2, 2]
    assert x.tolist() == [0, 0]


def test_a_message_is_bounded():
    def fails():
        raise ValueError("x" * 10**6)

    assert len(run_driver(call, fails, (), {}).message) <= 1000


def test_checks_are_made_from_their_text():
    assert load_checks("def twice(f, x):\n    return f(f(x))\n").twice(lambda x: x + 1, 1) == 3
