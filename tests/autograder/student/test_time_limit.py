"""A call that does not end, in the student's own notebook."""

import shutil
import signal
import sys
import threading
import time

import pytest

from autograder.student.time_limit import ended_after


def spin():
    while True:
        pass


def test_a_call_without_an_end_is_ended():
    began = time.monotonic()
    with ended_after(0.2) as bell:
        spin()
    assert bell.rang
    assert time.monotonic() - began < 5


def test_a_call_that_ends_in_time_is_left_alone():
    with ended_after(60) as bell:
        value = sum(range(1000))
    assert (bell.rang, value) == (False, 499500)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_an_end_that_is_caught_is_known_all_the_same():
    with ended_after(0.2) as bell:
        try:
            spin()
        except BaseException:
            value = 3
    assert (bell.rang, value) == (True, 3)


def test_a_handler_of_the_notebook_s_own_comes_back():
    def own(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGALRM, own)
    try:
        with ended_after(60):
            assert signal.getsignal(signal.SIGALRM) is not own
        assert signal.getsignal(signal.SIGALRM) is own
    finally:
        signal.signal(signal.SIGALRM, before)


def test_another_thread_is_not_bounded_and_does_not_fail():
    found = []

    def work():
        with ended_after(0.01) as bell:
            found.append(bell)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0].rang is False


def test_a_person_at_a_debugger_is_not_interrupted():
    traced = sys.gettrace()
    sys.settrace(lambda *arguments: None)
    try:
        with ended_after(0.05) as bell:
            time.sleep(0.2)
    finally:
        sys.settrace(traced)
    assert bell.rang is False


SHORT = "from autograder.student import time_limit\ntime_limit.SECONDS = 0.3\nfrom autograder import check\n"


@pytest.fixture
def desk(source, tmp_path):
    """A folder as a student has it: the public cases beside the notebook."""
    shutil.copy(source / "descent" / "descent.cases.json", tmp_path)
    return tmp_path


def test_check_says_on_which_case_a_function_did_not_end(as_student, desk):
    code = "def running_mean(mean, value, count):\n    while True:\n        count += 1"
    found = as_student(f"{SHORT}{code}\ncheck(running_mean)", desk)
    said = " ".join(found.stderr.split())
    assert found.returncode == 1
    assert "running_mean: 0 of 4 public cases are right. On the case “five numbers” it did not end within 0.3" in said
    assert said.count("not tried, because an earlier case did not end") == 2
    assert "The case “five numbers” puts it through" in said


def test_a_case_that_ends_is_judged_before_one_that_does_not(as_student, desk):
    code = (
        "calls = []\ndef running_mean(mean, value, count):\n"
        "    calls.append(1)\n    while len(calls) > 10: pass\n    return mean + (value - mean) / (count + 1)"
    )
    found = as_student(f"{SHORT}{code}\ncheck(running_mean)", desk)
    assert "running_mean: 2 of 4 public cases are right." in " ".join(found.stderr.split())


def test_a_value_returned_after_the_end_does_not_count(as_student, desk):
    code = (
        "def running_mean(mean, value, count):\n    try:\n        while True: pass\n"
        "    except BaseException:\n        return mean + (value - mean) / (count + 1)"
    )
    found = as_student(f"{SHORT}{code}\ncheck(running_mean)", desk)
    assert "0 of 4 public cases are right" in found.stderr
