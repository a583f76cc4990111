from __future__ import annotations

import numpy as np
import pytest

from cervix_models.evaluation.spreads import rank_correlations, rank_effects, side_by_side


def test_effect_is_worked_out_as_by_hand() -> None:
    # ranks 1..6, classes 1,2,3 and 4,5,6: H = 12/(6*7) * (6*6/3 + 15*15/3) - 3*7 = 27/7
    values = np.array([[1.0], [2], [3], [10], [11], [40]])
    wanted = (27 / 7 - 2 + 1) / (6 - 2)
    assert rank_effects(values, np.array([0, 0, 0, 1, 1, 1]))[0] == pytest.approx(wanted)


def test_effect_of_nothing_and_of_what_does_not_vary() -> None:
    labels = np.array([0, 1] * 50)
    values = np.stack([np.repeat(np.arange(50.0), 2), np.ones(100)], 1)
    effects = rank_effects(values, labels)
    assert effects[0] == 0
    assert np.isnan(effects[1])


def test_unknown_values_are_left_out() -> None:
    values = np.array([[1.0], [2], [np.nan], [3], [10], [11], [40], [np.nan]])
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert rank_effects(values, labels)[0] == pytest.approx((27 / 7 - 1) / 4)
    assert np.isnan(rank_effects(np.full((3, 1), np.nan), np.arange(3)))[0]


def test_correlations_are_those_of_ranks() -> None:
    one = np.array([1.0, 2, 3, 4, 5])
    found = rank_correlations(np.stack([one, one**3, -one, [2.0, 1, 4, 3, 5], np.ones(5)], 1))
    assert found[0, 1] == pytest.approx(1)
    assert found[0, 2] == pytest.approx(-1)
    assert found[0, 3] == pytest.approx(1 - 6 * 4 / (5 * 24))
    assert np.isnan(found[0, 4])


def test_what_goes_along_stands_together() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(size=(2, 300))
    columns = [one, other, -one + random.normal(size=300) / 9, other + random.normal(size=300) / 9]
    order = side_by_side(rank_correlations(np.stack(columns, 1)))
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(order.index(0) - order.index(2)) == 1
    assert abs(order.index(1) - order.index(3)) == 1
