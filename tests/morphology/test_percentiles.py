"""Where a value lies among the cells of each class."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.table import CellTable, load_table, save_table
from cervix_models.errors import DataError
from cervix_models.morphology import class_percentiles


@pytest.fixture
def table(tmp_path):
    """A hundred cells of the first class with areas 0 to 99, thirty of the second, ten others."""
    labels = np.repeat([0, 1, 2], [100, 30, 10])
    area = np.concatenate([np.arange(100), np.full(30, 7.3), np.arange(10)]).astype(np.float32)
    ratio = np.where(labels == 0, np.nan, 0.5).astype(np.float32)
    made = CellTable(
        sha256=tuple(f"{n:064x}" for n in range(140)),
        labels=labels,
        clusters=("a",) * 140,
        sizes=np.full((140, 2), 50),
        names=("nucleus_area", "nucleus_cell_ratio"),
        features=np.stack([area, ratio], 1),
    )
    path = tmp_path / "cells.parquet"
    save_table(made, path)
    return path


def test_a_value_is_placed_among_the_cells_of_each_class(table) -> None:
    found = class_percentiles({"nucleus_area": 24.5, "nucleus_cell_ratio": 0.2}, table)
    first, second, third = CLASS_NAMES[:3]
    assert found[first] == {"nucleus_area": 25.0}  # no cell of it has the ratio
    assert found[second] == {"nucleus_area": 100.0, "nucleus_cell_ratio": 0.0}
    assert found[third] == {}  # too few cells


@pytest.mark.parametrize(
    ("value", "placed"), [(-1.0, 0.0), (0.0, 0.5), (50.0, 50.5), (99.0, 99.5), (1e9, 100.0)]
)
def test_cells_with_the_same_value_count_half(table, value, placed) -> None:
    assert class_percentiles({"nucleus_area": value}, table)[CLASS_NAMES[0]] == {
        "nucleus_area": placed
    }


def test_equal_values_meet_whatever_their_precision(table) -> None:
    assert class_percentiles({"nucleus_area": 7.3}, table)[CLASS_NAMES[1]]["nucleus_area"] == 50


def test_what_is_no_value_or_no_feature_is_left_out(table) -> None:
    found = class_percentiles({"nucleus_area": float("nan"), "mood": 1.0}, table)
    assert all(each == {} for each in found.values())


def test_without_a_table_it_says_so(tmp_path) -> None:
    with pytest.raises(DataError, match="There is no table of cells"):
        class_percentiles({"nucleus_area": 1.0}, tmp_path / "none.parquet")


def test_real_cells_lie_in_the_middle_of_their_class() -> None:
    real = load_table()
    medians = {
        name: float(np.nanmedian(real.features[real.labels == 3, at]))
        for at, name in enumerate(real.names)
    }
    found = class_percentiles(medians)[CLASS_NAMES[3]]
    assert len(found) == len(real.names)
    assert all(abs(found[name] - 50) < 1 for name in ("nucleus_area", "cell_circularity"))
