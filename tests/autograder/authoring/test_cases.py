"""Cases drawn and answered."""

import itertools

import numpy as np
import pytest

from autograder.authoring.cases import PUBLIC_SEED, case_set_of, check_draws, draw, hidden_oracles, public_oracles
from autograder.authoring.exercise import Case, Exercise, ExerciseError
from autograder.student.marking import PURITY

SECRET = b"a secret that only these tests have"


def double(x):
    """Two times x."""
    return 2 * x


def exercise(cases, reference=double):
    return Exercise(reference, cases=cases, points=1)


def numbers(*cases):
    """An exercise of one random number a case."""
    return exercise(lambda rng: [Case(*case[:1], (rng.normal(),), None, *case[1:]) for case in cases])


def arguments(oracles):
    return [oracle.arguments for oracle in oracles]


def test_public_cases_are_the_same_every_time():
    assert arguments(public_oracles(numbers(("a",)))) == arguments(public_oracles(numbers(("a",))))


def test_an_oracle_holds_what_the_reference_and_every_misconception_answers():
    found = numbers(("a",))
    found.misconception("It is added, not doubled.")(lambda x: x + 1)
    (oracle,) = public_oracles(found)
    (x,) = oracle.arguments
    assert oracle.expected == 2 * x
    assert list(oracle.misconceptions.values()) == [x + 1]


@pytest.mark.parametrize(
    ("secret", "assignment", "case_set", "other"),
    [(SECRET, "one", 3, False), (b"another", "one", 3, True), (SECRET, "two", 3, True), (SECRET, "one", 4, True)],
    ids=["the same", "another secret", "another assignment", "another set"],
)
def test_hidden_cases_go_by_secret_assignment_and_set(secret, assignment, case_set, other):
    found = numbers(("a",))
    first = arguments(hidden_oracles(found, SECRET, "one", 3))
    assert (arguments(hidden_oracles(found, secret, assignment, case_set)) != first) is other


def test_two_exercises_of_one_generator_have_hidden_cases_of_their_own():
    def half(x):
        return x / 2

    one, two = (exercise(lambda rng: [Case("a", (rng.normal(),))], f) for f in (double, half))
    assert arguments(hidden_oracles(one, SECRET, "w", 0)) != arguments(hidden_oracles(two, SECRET, "w", 0))


def test_no_hidden_set_is_the_public_one():
    found = numbers(("a",))
    public = arguments(public_oracles(found))
    assert all(arguments(hidden_oracles(found, SECRET, "one", n)) != public for n in range(16))


def test_students_are_spread_over_all_sets_and_neighbours_mostly_differ():
    sets = [case_set_of(SECRET, "one", f"student-{n:03}", "the same text", 16) for n in range(400)]
    counts = np.bincount(sets, minlength=16)
    assert counts.min() > 8
    assert np.mean([a == b for a, b in itertools.pairwise(sets)]) < 0.15


def test_a_student_s_set_stays_and_cannot_be_told_without_the_secret():
    assert case_set_of(SECRET, "one", "ada", "text", 16) == case_set_of(SECRET, "one", "ada", "text", 16)
    assert len({case_set_of(bytes([n]) * 32, "one", "ada", "text", 16) for n in range(100)}) == 16


def test_a_submission_that_is_changed_meets_another_set():
    sets = [case_set_of(SECRET, "one", "ada", f"attempt {n}", 16) for n in range(400)]
    assert np.bincount(sets, minlength=16).min() > 8


def test_names_that_run_together_are_kept_apart():
    names = [("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd")]
    assert len({case_set_of(SECRET, *three, 2**32) for three in names}) == 3


def test_hidden_cases_are_answered_once():
    calls = []

    def counted(x):
        calls.append(x)
        return x

    found = exercise(lambda rng: [Case("a", (rng.normal(),))], counted)
    for _ in range(3):
        hidden_oracles(found, SECRET, "one", 0)
    assert len(calls) == 1


def test_an_answer_that_spoils_its_arguments_spoils_only_its_own_copy():
    def spoils(x):
        x[:] = 0
        return x

    found = exercise(lambda rng: [Case("a", (np.ones(2),))], spoils)
    assert public_oracles(found)[0].arguments[0].tolist() == [1, 1]


def failing(rng):
    raise KeyError("x")


BAD = {
    "a generator that fails": (failing, "double: its case generator fails: KeyError"),
    "a generator of nothing": (lambda rng: None, "double: its case generator fails"),
    "no case": (lambda rng: [], "none of its cases is of the kind 'values'"),
    "no values case": (lambda rng: [Case("a", (1,), kind="edge")], "none of its cases is of the kind 'values'"),
    "one name twice": (lambda rng: [Case("a", (1,)), Case("a", (2,))], "two of its cases have one name"),
    "the name of the purity case": (lambda rng: [Case(PURITY, (1,))], "one is called"),
    "an unknown kind": (lambda rng: [Case("a", (1,)), Case("b", (1,), kind="shape")], "'b' has an unknown kind"),
    "a weight of nothing": (lambda rng: [Case("a", (1,), weight=0)], "a weight that is not above 0"),
    "a weight of NaN": (lambda rng: [Case("a", (1,), weight=float("nan"))], "a weight that is not above 0"),
}


@pytest.mark.parametrize(("generator", "sentence"), BAD.values(), ids=BAD.keys())
def test_a_bad_generator_is_refused_with_a_sentence(generator, sentence):
    with pytest.raises(ExerciseError, match=sentence):
        draw(exercise(generator), PUBLIC_SEED)


UNSTEADY = {
    "names": lambda rng: [Case(f"a{rng.integers(10**6)}", (1.0,))],
    "kinds": lambda rng: [Case("a", (1.0,)), Case("b", (1.0,), kind=rng.choice(["values", "edge"]))],
    "weights": lambda rng: [Case("a", (1.0,), weight=rng.uniform(1, 2))],
    "shapes": lambda rng: [Case("a", (rng.normal(size=rng.integers(1, 10**3)),))],
    "dtypes": lambda rng: [Case("a", (rng.normal(size=2).astype(rng.choice(["f4", "f8", "f2"])),))],
    "shapes of keywords": lambda rng: [Case("a", (1.0,), keywords={"x": rng.normal(size=rng.integers(1, 10**3))})],
    "shapes inside lists": lambda rng: [Case("a", ([rng.normal(size=rng.integers(1, 10**3))],))],
    "numbers of cases": lambda rng: [Case(f"a{n}", (1.0,)) for n in range(rng.integers(1, 10**3))],
}


@pytest.mark.parametrize("generator", UNSTEADY.values(), ids=UNSTEADY.keys())
def test_what_may_not_depend_on_the_draw_is_refused(generator):
    with pytest.raises(ExerciseError, match="double: its case generator gives"):
        check_draws(exercise(generator), range(20))


def test_a_steady_generator_is_accepted():
    check_draws(numbers(("a",), ("b", 2, "edge")))


def test_a_reference_that_fails_on_its_own_cases_is_refused():
    def broken(x):
        raise ZeroDivisionError("no")

    with pytest.raises(ExerciseError, match=r"broken: its reference raises ZeroDivisionError \(no\) on the case 'a'"):
        public_oracles(exercise(lambda rng: [Case("a", (1,))], broken))
