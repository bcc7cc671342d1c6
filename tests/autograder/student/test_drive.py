"""Running an answer on the cases."""

import itertools
import linecache

import numpy as np

from autograder.student.crossing import ask
from autograder.student.drive import MAX_YIELDS, Raised, call, load_checks, run_driver


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
    first, second = ask(call, spoils, (x,), {})
    assert first.tolist() == [1, 1]
    assert second.tolist() == [2, 2]
    assert x.tolist() == [0, 0]


def test_a_message_is_bounded():
    def fails():
        raise ValueError("x" * 10**6)

    assert len(run_driver(call, fails, (), {}).message) <= 1000


def test_checks_are_made_from_their_text():
    assert load_checks("def twice(f, x):\n    return f(f(x))\n").twice(lambda x: x + 1, 1) == 3


def cells(*sources):
    """The namespace of a notebook with these cells."""
    namespace = {}
    for number, source in enumerate(sources):
        name = f"<cell {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), namespace)
    return namespace


GIVEN = "def total(values):\n    return sum(v for v in values)"


def test_an_error_in_given_code_is_told_at_the_student_s_line_and_names_what_was_called():
    answer = cells(GIVEN, "def mine(x):\n    return total(x) + 1")["mine"]
    found = run_driver(call, answer, (3.0,), {})
    assert found.line == "return total(x) + 1"
    assert found.message.startswith("'float' object is not iterable (in `")
    assert found.message.endswith("which this line called)")


def test_an_error_in_a_class_s_own_method_is_told_at_its_line():
    mine = cells("class Mine:\n    def step(self, x):\n        return 1 / x")["Mine"]
    found = run_driver(lambda answer, x: answer().step(x), mine, (0,), {})
    assert (found.line, found.message) == ("return 1 / x", "division by zero")


def test_an_error_of_the_driver_says_that_it_could_not_go_on_with_the_answer():
    drive = load_checks("def run_steps(step, x):\n    params, state = step(x)\n    return params\n").run_steps
    answer = cells("def mine(x):\n    return x")["mine"]
    found = run_driver(drive, answer, (3.0,), {})
    assert found.line == ""
    assert found.message == (
        "cannot unpack non-iterable float object (in `run_steps`, which could not go on with what your answer returned)"
    )
