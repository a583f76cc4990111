from __future__ import annotations

import io
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.derived import (
    TABLES,
    CellMap,
    Overlaps,
    save_map,
    save_overlaps,
)
from cervix_models.data.importing import import_dataset
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.table import TABLE, CellTable, save_table
from cervix_models.errors import DataError
from cervix_models.services.dataset import PUBLISHED, DataSet, Placed
from cervix_models.settings import load_settings
from tests.data import made


@pytest.fixture(scope="module")
def real() -> DataSet:
    """The tables of the project, without pictures."""
    return DataSet(load_settings())


def small(tmp_path, pairs, clusters=("a", "a", "a", "b")) -> DataSet:
    """Four cells of one class with pairs of them as overlaps: (first, second, across, down)."""
    names = tuple("abcd")
    table = CellTable(
        sha256=names, labels=np.zeros(4, np.int64), clusters=clusters,
        sizes=np.full((4, 2), 50), names=("nucleus_area",), features=np.ones((4, 1), np.float32),
    )  # fmt: skip
    save_table(table, tmp_path / TABLE.name)
    save_map(CellMap(names, np.zeros((4, 2), np.float32)), tmp_path)
    first, second, *shifts = zip(*pairs, strict=True) if pairs else ((), (), (), ())
    shifts = np.array(shifts, np.int16).T.reshape(-1, 2)
    save_overlaps(Overlaps(first, second, shifts, np.full(len(pairs), 9)), tmp_path)
    return DataSet(load_settings(), tmp_path)


def test_published_counts_are_those_of_the_paper(real) -> None:
    assert sum(clusters for clusters, _ in PUBLISHED.values()) == 966
    assert sum(cells for _, cells in PUBLISHED.values()) == 4049
    counts = real.counts()
    assert counts["label"].tolist() == list(CLASS_NAMES)
    assert counts["cells"].sum() == len(real.cells)
    assert (counts["cells"] < counts["cells_published"]).all()


def test_each_cell_has_its_place_and_what_was_said_of_it(real) -> None:
    cells = real.cells
    assert cells["sha256"].is_unique
    assert cells[["x", "y"]].notna().all().all()
    assert cells["said"].isin(CLASS_NAMES).all()
    assert (cells["right"] == (cells["said"] == cells["label"])).all()
    assert cells["probability"].between(0.2, 1).all()
    assert 0.95 < cells["right"].mean() < 0.99  # the card of the default classifier says .97


def test_features_are_ordered_by_what_they_tell_of_the_class(real) -> None:
    effects = real.effects
    assert set(effects.index) == set(real.features)
    assert effects.is_monotonic_decreasing
    assert effects["nucleus_orientation"] < 0.05 < 0.5 < effects["cytoplasm_area"]
    assert sorted(real.neighbours) == list(range(len(real.features)))
    assert real.correlations.loc["nucleus_area", "nucleus_equivalent_diameter"] > 0.99


def test_random_splits_leak_and_one_by_clusters_does_not(real) -> None:
    *random, cluster = real.leaks
    assert (cluster.split, cluster.relatives, cluster.pixels) == ("cluster", 0, 0)
    assert len(random) == 5
    assert all(each.relatives > 0.9 and 0.4 < each.pixels < each.relatives for each in random)


def test_clusters_count_the_pairs_that_share_pixels(tmp_path) -> None:
    known = small(tmp_path, [("a", "b", 10, 5), ("b", "c", 10, 5)])
    rows = known.clusters.set_index("cluster")
    assert rows.loc["a", ["cells", "pairs", "overlapped"]].tolist() == [3, 2, 1.0]
    assert rows.loc["b", ["cells", "pairs", "overlapped"]].tolist() == [1, 0, 0.0]


def test_crops_are_laid_out_by_the_pixels_they_share(tmp_path) -> None:
    known = small(tmp_path, [("a", "b", 10, 5), ("b", "c", -20, 5)])
    (group,) = known.laid_out("a")
    assert sorted(group, key=lambda each: each.sha256) == [
        Placed("a", 10, 0, 50, 50), Placed("b", 20, 5, 50, 50), Placed("c", 0, 10, 50, 50),
    ]  # fmt: skip
    assert known.laid_out("b") == [[Placed("d", 0, 0, 50, 50)]]
    with pytest.raises(DataError, match="no cluster 'z'"):
        known.laid_out("z")


def test_crops_that_share_nothing_lie_apart(tmp_path) -> None:
    groups = small(tmp_path, [("a", "c", 10, 5)]).laid_out("a")
    assert [sorted(each.sha256 for each in group) for group in groups] == [["a", "c"], ["b"]]


def test_tables_that_do_not_fit_are_refused(tmp_path) -> None:
    known = small(tmp_path, [])
    save_map(CellMap(("a",), np.zeros((1, 2), np.float32)), tmp_path)
    with pytest.raises(DataError, match="of 1 cells and the table of 4"):
        _ = known.cells


def test_a_cell_without_its_picture_is_a_silhouette(real) -> None:
    row = real.cells.iloc[0]
    content, kind = real.picture(row.sha256)
    assert kind == "image/png"
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert pixels.shape[:2] == (row.height, row.width)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) == 3  # ground, cytoplasm, nucleus
    assert real.picture("0") == (content, kind)
    with pytest.raises(DataError, match="No cell zz"):
        real.picture("zz")
    with pytest.raises(DataError, match="No cell has the row 999999"):
        real.picture("999999")


def test_a_cell_of_an_imported_set_is_its_own_picture(tmp_path) -> None:
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png")
    home = tmp_path / "home"
    index = import_dataset(crops, home).index
    shutil.copytree(TABLES, tmp_path / "tables")
    known = DataSet(replace(load_settings(), home=home), tmp_path / "tables")
    assert known.is_imported()
    content, kind = known.picture(index.cells[0].sha256)
    assert kind == "image/jpeg"
    assert Image.open(io.BytesIO(content)).size == (40, 30)
