"""Figures of learners say in words what they show, with letters beside colours."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import MeasurementError
from cervix_models.plots import (
    ItemSpot,
    Part,
    alt_text,
    calls_chart,
    classes_chart,
    items_chart,
    learning_chart,
    named_matrix,
    scores_chart,
)

HALF = {"value": 0.5, "low": 0.25, "high": 0.75}


def test_the_matrix_shades_by_row_and_says_each_row() -> None:
    counts = np.zeros((5, 5), int)
    counts[2] = (0, 0, 3, 1, 0)
    figure = named_matrix(counts, CLASS_NAMES)
    assert figure.data[0].z[2][2] == 0.75
    assert list(figure.data[0].x) == ["DK", "KO", "MP", "PB", "SI"]
    assert figure.data[0].customdata[2][3] == "Metaplastic, named Parabasal: 1 (25.0 %)"
    assert "Metaplastic: 3 of 4 named rightly" in alt_text(figure)
    with pytest.raises(MeasurementError, match="one row and one column a class"):
        named_matrix(np.zeros((4, 5)), CLASS_NAMES)


def test_classes_without_answers_have_a_row_and_no_dot() -> None:
    parts = [Part(name, HALF if name == "Parabasal" else None, 4) for name in CLASS_NAMES]
    figure = classes_chart(parts)
    assert list(figure.data[0].y) == ["PB"]
    assert list(figure.layout.yaxis.categoryarray) == ["SI", "PB", "MP", "KO", "DK"]
    assert "Parabasal: 50.0 % of 4 (25.0 % to 75.0 %)" in alt_text(figure)
    assert "Metaplastic: none asked yet" in alt_text(figure)


def test_calls_are_two_bars() -> None:
    figure = calls_chart(Part("Over-called", HALF, 8), Part("Under-called", None, 0))
    assert list(figure.data[0].y) == ["Over-called"]
    assert alt_text(figure) == "Over-called: 50.0 % of 8 (25.0 % to 75.0 %); " + (
        "Under-called: none asked yet."
    )


def test_the_course_is_told_step_by_step() -> None:
    figure = learning_chart([20, 40], [HALF, {"value": 0.9, "low": 0.7, "high": 1.0}])
    assert list(figure.data[0].y) == [0.5, 0.9]
    assert "up to answer 40: 90.0 %" in alt_text(figure)


def test_scores_are_counted() -> None:
    figure = scores_chart([3, 3, 5], 5)
    assert list(figure.data[0].y) == [0, 0, 0, 2, 0, 1]
    assert figure.layout.yaxis.dtick == 1
    assert alt_text(figure) == "2 people have 3 right; 1 person has 5 right."


def test_items_carry_number_and_letters() -> None:
    figure = items_chart([ItemSpot(7, "Koilocytotic", 0.5, -0.25)])
    assert list(figure.data[0].text) == ["7 KO"]
    at_one_spot = [ItemSpot(at, "Parabasal", 0.5, 0.3) for at in range(1, 7)]
    shown = items_chart([*at_one_spot, ItemSpot(7, "Metaplastic", 0.6, 0.3)]).data[0].text
    assert list(shown) == ["1 PB, 2 PB, 3 PB, 4 PB …", "", "", "", "", "", "7 MP"]
    assert alt_text(figure) == "cell 7, Koilocytotic: 50.0 % right, discrimination -0.25."
