"""Figures of a whole field say what they show."""

from __future__ import annotations

from cervix_models.plots import alt_text, class_counts, ratio_histogram


def test_counts_stand_in_the_one_order_with_referred_cells_last() -> None:
    figure = class_counts({"Refer": 3, "Parabasal": 2})
    (bars,) = figure.data
    assert list(bars.y)[-1] == "Refer"
    assert list(bars.x) == [0, 0, 0, 2, 0, 3]
    assert "Parabasal 2" in alt_text(figure)


def test_ratios_are_stacked_by_class_and_every_cell_counted_once() -> None:
    figure = ratio_histogram({"Parabasal": [0.31, 0.33, float("nan")], "Refer": [0.9]})
    assert [each.name for each in figure.data] == ["Parabasal", "Refer"]
    assert [int(sum(each.y)) for each in figure.data] == [2, 1]
    assert "3 cells: median 0.33" in alt_text(figure)


def test_a_field_without_ratios_says_so() -> None:
    assert "No cell" in alt_text(ratio_histogram({}))
