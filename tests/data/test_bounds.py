"""Numbers between bounds, as types."""

from __future__ import annotations

import math

import pytest

from cervix_models.data.bounds import Bounds, Count, Part, bounds_of


def test_the_bounds_of_a_type_are_found() -> None:
    assert bounds_of(Part) == bounds_of(Part | None) == Bounds(0, 1)
    assert bounds_of(Count).high == 10_000
    assert bounds_of(float) is None
    assert bounds_of(str | None) is None


@pytest.mark.parametrize(
    ("value", "within"), [(0, True), (1, True), (0.5, True), (-0.1, False), (math.nan, False)]
)
def test_the_ends_are_within(value, within) -> None:
    assert (value in Bounds(0, 1)) is within
