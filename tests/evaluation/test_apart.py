"""What parts two classes: the better measurement first, and none that says the same again."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.table import CellTable
from cervix_models.errors import DataError
from cervix_models.evaluation.apart import best_apart, superiority

NAMES = ("far", "far_again", "near", "same")


def table() -> CellTable:
    """Forty cells of two classes that lie far apart by one measurement and nearer by another."""
    random = np.random.default_rng(0)
    labels = np.repeat([2, 3], 20)
    far = np.where(labels == 2, 10.0, 0.0) + random.normal(0, 1, 40)
    near = np.where(labels == 2, 0.0, 1.5) + random.normal(0, 1, 40)
    features = np.stack([far, 3 * far + 1, near, random.normal(0, 1, 40)], axis=1)
    features[0, 2] = np.nan
    return CellTable(
        tuple(f"{each:064d}" for each in range(40)), labels, ("a",) * 40,
        np.full((40, 2), 100), NAMES, features.astype(np.float32),
    )  # fmt: skip


def test_superiority_counts_pairs_and_ties_half() -> None:
    assert superiority(np.array([2.0, 3.0]), np.array([1.0])) == 1
    assert superiority(np.array([1.0]), np.array([1.0, 2.0])) == 0.25
    assert superiority(np.array([1.0, 1.0]), np.array([1.0])) == 0.5


def test_the_best_comes_first_and_one_that_says_the_same_is_left_out() -> None:
    found = best_apart(table(), CLASS_NAMES[2], CLASS_NAMES[3], NAMES, 2)
    assert [each.feature for each in found] == ["far", "near"]
    assert (found[0].larger, found[0].effect) == (1.0, 1.0)
    assert found[1].larger < 0.5 < found[1].effect == 1 - found[1].larger
    assert found[0].one[2] == pytest.approx(10, abs=1)
    assert list(found[0].one) == sorted(found[0].one)


def test_the_other_way_round_the_effect_is_the_same() -> None:
    there = best_apart(table(), CLASS_NAMES[2], CLASS_NAMES[3], ("far", "near"), 2)
    back = best_apart(table(), CLASS_NAMES[3], CLASS_NAMES[2], ("far", "near"), 2)
    assert [each.effect for each in there] == pytest.approx([each.effect for each in back])
    assert (there[0].one, there[0].other) == (back[0].other, back[0].one)


def test_a_class_without_cells_is_told() -> None:
    with pytest.raises(DataError, match="has none of Dyskeratotic"):
        best_apart(table(), "Dyskeratotic", CLASS_NAMES[2], NAMES, 2)
