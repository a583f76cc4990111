"""Difficulty and discrimination of items against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.errors import MeasurementError
from cervix_models.evaluation.items import difficulties, discriminations

# Four people in rows, four items in columns.
RIGHT = np.array(
    [
        [1, 1, 1, 1],
        [1, 1, 0, 1],
        [1, 0, 0, 1],
        [0, 0, 1, 1],
    ],
    bool,
)


def test_difficulty_is_the_part_right_with_its_interval() -> None:
    found = difficulties(RIGHT)
    assert [each["value"] for each in found] == [0.75, 0.5, 0.5, 1.0]
    # Wilson, 2 of 4: centre 0.5, half (1.96 / (1 + 0.9604)) x sqrt(0.0625 + 0.06003) = 0.3500
    assert found[1]["low"] == pytest.approx(0.15, abs=0.001)
    assert found[1]["high"] == pytest.approx(0.85, abs=0.001)


def test_discrimination_correlates_an_item_with_the_rest() -> None:
    found = discriminations(RIGHT)
    # Item 1: right 1 1 1 0; rest 3 2 1 2: deviations .25 .25 .25 -.75 with 1 0 -1 0:
    # the sum of products is 0.
    assert found[0] == pytest.approx(0.0)
    # Item 2: 1 1 0 0; rest 3 2 2 2: .5 .5 -.5 -.5 with .75 -.25 -.25 -.25: sum 0.5;
    # sqrt(1 x 0.75) = 0.8660: 0.5774.
    assert found[1] == pytest.approx(0.5774, abs=0.0001)
    # Item 3: 1 0 0 1; rest 3 3 2 1: .5 -.5 -.5 .5 with .75 .75 -.25 -1.25: sum -0.5;
    # sqrt(1 x 2.75) = 1.6583: -0.3015.
    assert found[2] == pytest.approx(-0.3015, abs=0.0001)
    assert found[3] is None  # everybody is right


def test_what_is_undefined_is_none() -> None:
    assert discriminations(RIGHT[:2]) == [None] * 4  # two people
    alike = np.array([[1, 1], [0, 1], [1, 1]], bool)
    assert discriminations(alike) == [None, None]  # all alike on the other item
    with pytest.raises(MeasurementError, match=r"array of \(0, 4\); expected people in rows"):
        difficulties(np.zeros((0, 4), bool))
