"""What a notebook shows at its end: what is cleared, updated or written over neither stands nor counts."""

from __future__ import annotations

import pytest

from autograder.sandbox.host.outputs import CUT, Recorder


def recorded(*messages, most=1000, in_all=None):
    recorder = Recorder(most, in_all)
    recorder.begin()
    for message in messages:
        recorder.take(message)
    return recorder.cells[0]


def printed(text, name="stdout"):
    return {"out": "stream", "name": name, "text": text}


def shown(text, identity=None, kind="display"):
    return {"out": kind, "data": {"text/plain": text}, "metadata": {}, "id": identity}


def clear(wait):
    return {"out": "clear", "wait": wait}


def texts(cell):
    return [output["text"] if "text" in output else output["data"]["text/plain"] for output in cell]


@pytest.mark.parametrize(
    ("parts", "seen"),
    [
        (["1 of 2\r", "2 of 2\n"], "2 of 2\n"),
        (["abc\rX"], "Xbc"),
        (["abc\r\n", "d"], "abc\nd"),
        (["a\nb\rc"], "a\nc"),
        (["a\r", "b\r", "c\r", "d"], "d"),
        (["\rx"] * 3, "x"),
        (["done"], "done"),
    ],
)
def test_a_carriage_return_writes_over_the_line(parts, seen):
    assert texts(recorded(*map(printed, parts))) == [seen]


def test_a_bar_that_is_longer_than_the_room_stays_whole():
    bar = [printed(f"\rstep {step:5} " + "#" * 50) for step in range(500)]
    cell = recorded(*bar, printed("\ndone\n"))
    assert texts(cell) == ["step   499 " + "#" * 50 + "\ndone\n"]


@pytest.mark.parametrize("wait", [True, False])
def test_frames_that_are_cleared_leave_room_for_the_last_and_for_what_follows(wait):
    frames = [part for step in range(100) for part in (shown(f"{step}" * 200), clear(wait))]
    assert texts(recorded(*frames, shown("last"), printed("after"))) == ["last", "after"]


def test_an_update_takes_the_place_of_what_it_updates():
    updates = [shown("x" * 800 + str(step), "a", "update") for step in range(100)]
    cell = recorded(shown("begin", "a"), *updates, printed("after"))
    assert texts(cell) == ["x" * 800 + "99", "after"]


def test_an_update_counts_for_each_display_that_it_changes():
    cell = recorded(*[shown(".", "a")] * 5, shown("x" * 500, "a", "update"))
    assert texts(cell)[:5] == ["."] * 5
    assert texts(cell)[-1] == CUT


def test_a_display_that_comes_after_an_update_is_its_own():
    assert texts(recorded(shown("1", "a"), shown("2", "a", "update"), shown("3", "a"))) == ["2", "3"]


def test_what_is_too_large_is_named_and_what_follows_is_shown():
    assert texts(recorded(shown("x" * 2000), printed("after"))) == [CUT + "after"]


def test_a_flood_is_cut_once():
    (cell,) = [recorded(*[printed("x" * 100)] * 50)]
    assert texts(cell)[0].endswith(CUT)
    assert texts(cell)[0].count(CUT) == 1
    assert len(texts(cell)[0]) < 1100


def test_the_cells_of_a_notebook_share_a_bound():
    recorder = Recorder(1000, 2500)
    for _ in range(10):
        recorder.begin()
        recorder.take(printed("x" * 900))
    sizes = [sum(map(len, texts(cell))) for cell in recorder.cells]
    assert sizes[:2] == [900, 900]
    assert sum(sizes) < 2500 + 10 * len(CUT)
