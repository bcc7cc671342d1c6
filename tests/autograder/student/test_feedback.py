"""What a student reads."""

import numpy as np
import pytest

from autograder.student.compare import Mismatch, same
from autograder.student.drive import Raised
from autograder.student.feedback import Feedback, Line, hidden_lines, public_lines, shown, worked_case
from autograder.student.marking import CaseMark, Mark, Oracle

SECRET = "31415.926"
MISMATCHES = {
    kind: Mismatch(kind, f"the answer is {SECRET}")
    for kind in ("type", "shape", "dtype", "nan", "property", "values", "an unknown kind")
}


def marked(mismatch, answer=None):
    return Mark((CaseMark("a case", "values", 1, mismatch, answer),))


@pytest.mark.parametrize("mismatch", MISMATCHES.values(), ids=MISMATCHES.keys())
def test_a_hidden_line_never_holds_a_value(mismatch):
    (line,) = hidden_lines(marked(mismatch, float(SECRET)))
    assert SECRET not in line.note
    assert line.note
    assert line.passed is False


@pytest.mark.parametrize("name", ["ValueError", "LinAlgError", "Secret0231", "NotImplementedError"])
@pytest.mark.parametrize("line", ["x = f(y)", "raise Secret0231", ""])
def test_a_hidden_exception_shows_neither_its_class_nor_its_line(name, line):
    (found,) = hidden_lines(marked(Mismatch("raised", f"it raised {name} at {line}"), Raised(name, SECRET, line)))
    assert found.note == "an exception"


@pytest.mark.parametrize("kind", ["stopped", "refused", "missing"])
def test_what_gave_no_answer_does_not_say_how_it_ended(kind):
    (found,) = hidden_lines(marked(Mismatch(kind, "process died: exit code 173"), None))
    assert found.note == "no answer"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (np.array([1.0, 2.0]) + 1e-5, "close"),
        (np.array([1.0, 2.002]), "close"),
        (np.array([1.0, 2.02]), "wrong"),
        (np.array([1e300, 2.0]), "wrong"),
        (np.array([1.0, 3e-7]), "wrong"),
        (np.array([np.inf, 2.0]), "not finite"),
        (np.array([np.nan, 2.0]), "not finite"),
        (np.ones((2, 1)), "wrong shape"),
        ("1, 2", "wrong"),
        (None, "wrong"),
    ],
)
def test_a_hidden_answer_is_told_one_word_of_a_few(answer, word):
    found = same(answer, np.array([1.0, 2.0]))
    assert hidden_lines(marked(found))[0].note == word


def test_the_error_s_power_of_ten_cannot_be_told_from_a_hidden_line():
    notes = {hidden_lines(marked(same(np.array([10.0**n]), np.array([0.0]))))[0].note for n in range(-5, 300)}
    assert notes == {"wrong"}


def test_a_public_line_has_the_whole_reason():
    assert SECRET in public_lines(marked(MISMATCHES["values"]))[0].note


def test_a_worked_case_shows_arguments_expected_and_answer():
    oracle = Oracle("small", (np.arange(3.0),), {"lr": 0.25}, (np.ones(2), 7), "values")
    text = worked_case(oracle, None)
    for part in ("“small”", "[0., 1., 2.]", "shape (3,), float64", "lr=0.25", "7", "None"):
        assert part in text


def test_a_long_value_is_shortened():
    assert len(shown(np.zeros(10**6))) < 300
    assert len(shown("x" * 10**6)) <= 200
    assert len(shown(list(range(10**6)))) < 300


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<b>\nlines</b>"])
def test_html_is_escaped_everywhere(text):
    page = Feedback(text, (Line(text, False, text),), (text,), text).html()
    assert text not in page
    assert "&lt;" in page


def test_a_link_is_a_link_only_where_it_is_an_address():
    assert "<a " in Feedback("", (), read="https://example.org/a.html").html()
    assert "<a " not in Feedback("", (), read="javascript:alert(1)").html()


def test_text_and_html_say_the_mark_in_words():
    feedback = Feedback("headline", (Line("one", True), Line("two", False), Line("three", None)))
    for form in (feedback.text(), feedback.html()):
        assert "right" in form
        assert "wrong" in form
        assert "—" in form


def test_the_wrong_entry_of_a_long_value_is_shown_whatever_else_is_cut():
    path = [np.array([float(i)]) for i in range(30)]
    text = worked_case(Oracle("long", (), {}, path), [*path[:20], 99.5, *path[21:]], path=(20,))
    assert "[20]: [20.]" in text
    assert "[20]: 99.5" in text


def test_without_a_wrong_entry_the_first_six_are_shown():
    assert shown(list(range(9))) == "[0, 1, 2, 3, 4, 5, ...]"
    assert shown(list(range(9)), (6,)) == "[0, 1, 2, 3, 4, 5, [6]: 6, ...]"
    assert shown(list(range(9)), (8,)) == "[0, 1, 2, 3, 4, 5, ..., [8]: 8]"
    assert shown([list(range(9))], (0, 8)) == "[[0, 1, 2, 3, 4, 5, ..., [8]: 8]]"


def test_a_long_reason_is_cut_in_the_table():
    (line,) = public_lines(marked(Mismatch("raised", "it raised ValueError: " + "words\n" * 500)))
    assert len(line.note) <= 300
    assert "\n" not in line.note


def test_what_was_not_judged_is_neither_right_nor_wrong():
    mark = marked(Mismatch("not judged", "not judged, because no answer was right"))
    assert [line.passed for line in (*public_lines(mark), *hidden_lines(mark))] == [None, None]
