from __future__ import annotations

import numpy as np
import pytest

from cervix_models.data.derived import (
    MAP,
    MEANS,
    OVERLAPS,
    TABLES,
    CellMap,
    MeanCells,
    Overlaps,
    load_map,
    load_means,
    load_overlaps,
    save_map,
    save_means,
    save_overlaps,
)
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.table import load_table
from cervix_models.errors import DataError

FOUND = Overlaps(("a", "b"), ("c", "d"), np.array([[3, -4], [0, 5]], np.int16), np.array([7, 9]))


def test_tables_come_back_as_they_were_written(tmp_path) -> None:
    places = CellMap(("a", "b"), np.array([[1.5, 2], [3, -4]], np.float32))
    save_map(places, tmp_path)
    assert load_map(tmp_path).sha256 == places.sha256
    assert np.array_equal(load_map(tmp_path).places, places.places)
    save_overlaps(FOUND, tmp_path)
    again = load_overlaps(tmp_path)
    assert (again.first, again.second) == (FOUND.first, FOUND.second)
    assert np.array_equal(again.shifts, FOUND.shifts)
    assert np.array_equal(again.pixels, FOUND.pixels)
    means = MeanCells(*(np.full(n, n, np.uint8) for n in range(1, 7)))
    save_means(means, tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(vars(means).values(),
               vars(load_means(tmp_path)).values(), strict=True))  # fmt: skip


def test_no_overlaps_are_a_table_too(tmp_path) -> None:
    none = Overlaps((), (), np.zeros((0, 2), np.int16), np.zeros(0, np.int32))
    save_overlaps(none, tmp_path)
    assert load_overlaps(tmp_path).shifts.shape == (0, 2)


@pytest.mark.parametrize(
    ("load", "name"), [(load_map, MAP), (load_overlaps, OVERLAPS), (load_means, MEANS)]
)
def test_what_is_missing_or_no_table_is_refused(tmp_path, load, name) -> None:
    with pytest.raises(DataError, match=r"is missing or is no such table.*data tables"):
        load(tmp_path)
    save_map(CellMap(("a",), np.zeros((1, 2), np.float32)), tmp_path)
    wrong = (tmp_path / MAP).read_bytes() if name != MAP else b""
    if wrong:
        (tmp_path / name).write_bytes(wrong)
        with pytest.raises(DataError, match="is no such table"):
            load(tmp_path)


def test_the_tables_of_the_project_fit_each_other() -> None:
    table, places, overlaps, means = load_table(), load_map(), load_overlaps(), load_means()
    assert places.sha256 == table.sha256
    assert np.isfinite(places.places).all()
    cluster = dict(zip(table.sha256, table.clusters, strict=True))
    pairs = list(zip(overlaps.first, overlaps.second, strict=True))
    assert len(set(pairs)) == len(pairs) > 1000
    assert all(cluster[a] == cluster[b] for a, b in pairs)
    assert means.counts.tolist() == [(table.labels == at).sum() for at in range(len(CLASS_NAMES))]
    assert means.mean.shape[0] == len(CLASS_NAMES)
    assert sum(each.stat().st_size for each in TABLES.iterdir()) < 5e6
