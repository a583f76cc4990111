"""The table of cells: written, read, joined by hash, refused where it is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.table import TABLE, CellTable, load_table, save_table
from cervix_models.errors import DataError
from cervix_models.morphology import FEATURES


@pytest.fixture
def table() -> CellTable:
    return CellTable(
        sha256=("aa", "bb", "cc"),
        labels=np.array([0, 4, 2]),
        clusters=("x/1", "x/1", "y/2"),
        sizes=np.array([[10, 20], [30, 40], [50, 60]]),
        names=("nucleus_area", "halo_contrast"),
        features=np.array([[1, 2], [3, np.nan], [5, 6]], np.float32),
    )


def test_what_is_written_is_read(tmp_path, table) -> None:
    save_table(table, tmp_path / "t.parquet")
    again = load_table(tmp_path / "t.parquet")
    assert (again.sha256, again.clusters, again.names) == (
        table.sha256, table.clusters, table.names,
    )  # fmt: skip
    for name in ("labels", "sizes", "features"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))


def test_cells_are_found_by_hash(table) -> None:
    assert table.at(["cc", "aa"]).tolist() == [2, 0]
    with pytest.raises(DataError, match=r"1 cells are not in .* dd first"):
        table.at(["aa", "dd"])


def test_what_is_no_table_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="There is no table of cells at"):
        load_table(tmp_path / "t.parquet")
    pd.DataFrame({"sha256": ["aa"]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="label, cluster, width, height is missing"):
        load_table(tmp_path / "t.parquet")


def test_the_table_of_the_project_has_every_feature_and_class() -> None:
    found = load_table(TABLE)
    assert found.names == tuple(each.name for each in FEATURES)
    assert set(found.labels) == set(range(len(CLASS_NAMES)))
    assert len(set(found.sha256)) == len(found.sha256) > 3000
    assert np.isfinite(found.features).mean() > 0.999
