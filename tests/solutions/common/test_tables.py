"""The table that pages show: Markdown where it is rendered, aligned text elsewhere."""
import numpy as np
import pytest

from solutions.common.tables import Table, cost_table


def test_it_is_markdown_in_a_page():
    shown = Table(["method", "steps"], [["heavy ball", 93], ["Nesterov", np.float64(1 / 3)]])._repr_markdown_()
    assert shown.splitlines() == ["| method | steps |", "| --- | --: |", "| heavy ball | 93 |", "| Nesterov | 0.333 |"]


def test_it_is_aligned_text_elsewhere():
    assert repr(Table(["a", "b"], [["long", 1]])).splitlines() == ["a     b", "long  1"]


def test_a_row_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="2 values"):
        Table(["a", "b"], [["x"]])


@pytest.mark.parametrize(
    ("number", "shown"), [(1000.0, "1,000"), (6907.6, "6,910"), (3.2e7, "3.2e+07"), (0.00012345, "0.000123")]
)
def test_a_number_is_shown_with_three_digits(number, shown):
    assert Table(["x"], [[number]]).rows == [[shown]]


def test_a_bar_in_a_cell_does_not_end_it():
    shown = Table(["until |y| > .5"], [["a | b"]])._repr_markdown_().splitlines()
    assert shown == [r"| until \|y\| > .5 |", "| --- |", r"| a \| b |"]


def test_costs_have_a_row_for_each_size_and_device():
    def row(size, how, microseconds):
        return {"what": "conv2d", "size": size, "how": how, "median_us": microseconds}

    other = {"what": "LSTM", "size": "small", "how": "NumPy", "median_us": 1.0}
    measured = {
        "cpu": {"machine": {"cpu": "C"}, "date": "2026-01-02", "rows": [row("small", "NumPy", 2500.0), other]},
        "cuda": {"machine": {"gpu": "G"}, "date": "2026-01-03", "rows": [row("small", "PyTorch twin", 30.0)]},
    }
    assert cost_table(measured, "conv2d").rows == [
        ["conv2d", "small", "2.5", "", "", "C, 2026-01-02"], ["conv2d", "small", "", "0.03", "", "G, 2026-01-03"]]
