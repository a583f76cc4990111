"""All that is kept of the cells, from an imported set, to the same bytes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from cervix_models.contracts import CYTOPLASM, NUCLEUS
from cervix_models.data.derived import load_map, load_means, load_overlaps
from cervix_models.data.importing import import_dataset, read_sipakmed, scan
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.packed import load_packed, pack
from cervix_models.data.sample_field import render_field
from cervix_models.data.table import load_table
from cervix_models.errors import DataError
from cervix_models.evaluation.held_out import HELD_OUT, load_held_out, save_held_out
from cervix_models.morphology import FEATURES
from cervix_models.morphology.ranges import load_class_ranges, load_ranges_header
from cervix_models.services import cells as cells_module
from cervix_models.services import tables as tables_module
from cervix_models.services.defaults import ENCODER, SEGMENTER
from cervix_models.services.tables import build_tables
from cervix_models.settings import ROOT

CELLS = 3  # of each class; the first two of a cluster overlap


@pytest.fixture
def settings(tiny_models, tmp_path, monkeypatch):
    """A home with crops of a field, two of each class overlapping, and outlines of them."""
    monkeypatch.setattr("cervix_models.morphology.ranges.MINIMUM_CELLS", 2)
    field, folder = render_field(), tmp_path / "cells"
    for number, name in enumerate(CLASS_NAMES):
        (folder / name).mkdir(parents=True)
        for cell, left in enumerate((100, 150, 800)):
            top = 100 + 250 * number
            part = field[top : top + 80, left : left + 90]
            Image.fromarray(part).save(folder / name / f"001_{cell + 1:02d}.png")
    weights = shutil.copytree(tiny_models.weights, tmp_path / "weights")
    found = replace(tiny_models, home=tmp_path / "home", weights=weights)
    index = import_dataset(folder, found.home).index
    packed = load_packed(pack([index], tmp_path / "packed.npz", size=160, quality=90))
    masks = np.zeros((len(packed.sha256), 160, 160), np.uint8)
    masks[:, 20:140, 20:140], masks[:, 60:100, 60:100] = CYTOPLASM, NUCLEUS
    positions = np.arange(len(masks))
    said = {"positions": positions, "folds": positions % 2, "masks": masks}
    save_held_out(found.weights / SEGMENTER, said, packed, CLASS_NAMES)
    return found


class Eyes:
    """An encoder that sees the mean colour."""

    def __init__(self, *_given) -> None:
        self.seen = 0

    def see(self, images):
        return np.stack([each.reshape(-1, 3).mean(0) for each in images]).astype(np.float32)


def test_all_tables_are_built_to_the_same_bytes(settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tables_module, "EncoderReader", Eyes)
    said: list[str] = []
    for folder in ("one", "two"):
        build_tables(settings, tmp_path / folder, said.append)
    files = sorted(each.name for each in (tmp_path / "one").iterdir())
    assert len(files) == 6
    assert len(said) == 2 * 5
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()

    one = tmp_path / "one"
    table = load_table(one / "sipakmed_cells.parquet")
    assert table.names == tuple(each.name for each in FEATURES)
    area = table.features[:, table.names.index("nucleus_area")]
    assert area == pytest.approx(90 / 4 * 80 / 4, rel=0.1)
    assert load_map(one).sha256 == table.sha256
    overlaps = load_overlaps(one)
    assert len(overlaps.first) == len(CLASS_NAMES)
    assert overlaps.shifts.tolist() == [[50, 0]] * len(CLASS_NAMES)
    assert overlaps.pixels.tolist() == [40 * 80] * len(CLASS_NAMES)
    assert json.loads((one / "near_copies.json").read_text())["count"] == 0
    means = load_means(one)
    assert means.counts.tolist() == [CELLS] * len(CLASS_NAMES)
    assert means.nucleus[:, 32, 32].tolist() == [100] * len(CLASS_NAMES)
    assert means.cell[:, 2, 2].tolist() == [0] * len(CLASS_NAMES)
    assert load_class_ranges(one / "feature_ranges.json")[CLASS_NAMES[0]]["nucleus_area"].count == 3
    assert load_ranges_header(one / "feature_ranges.json").cells == len(CLASS_NAMES) * CELLS


def test_mean_and_directions_are_those_of_the_cells(settings) -> None:
    index = read_sipakmed(settings.home)
    masks = {row.sha256: np.full((160, 160), CYTOPLASM, np.uint8) for row in index.cells}
    found = tables_module.mean_cells(index, index.cells, masks)
    crops = [
        np.asarray(Image.open(index.root / row.path).resize((64, 64)), np.float64)
        for row in index.cells
        if row.label == CLASS_NAMES[0]
    ]
    assert np.abs(found.mean[0] - np.mean(crops, 0)).mean() < 6  # resized by way of 160 pixels
    assert found.explained[0, :2].sum() == pytest.approx(1, abs=1e-4)  # three cells, two directions
    assert found.explained[0, 0] >= found.explained[0, 1]


def test_the_encoder_is_the_one_that_measures_generators(tmp_path) -> None:
    from cervix_models.training.judging import SEEN_BY

    assert ENCODER == SEEN_BY


def test_without_the_cells_the_sentence_says_how_to_import_them(tiny_models, tmp_path) -> None:
    with pytest.raises(DataError, match=r"SIPaKMeD is not imported, .* data import PATH"):
        build_tables(replace(tiny_models, home=tmp_path), tmp_path / "tables")


@pytest.mark.realdata
@pytest.mark.skipif(
    not (ROOT / "weights" / SEGMENTER / HELD_OUT["cluster"]).is_file(), reason="no outlines here"
)
def test_the_tables_in_git_are_those_of_the_real_cells(image_folder) -> None:
    index, table, overlaps = scan(image_folder / "sipakmed"), load_table(), load_overlaps()
    held = load_held_out(SEGMENTER, ROOT / "weights")
    masks = dict(zip(held["sha256"], held["masks"], strict=True))
    rows = {row.sha256: row for row in index.cells}
    some = range(0, len(table.sha256), 200)
    measured = [
        cells_module._measured(index.root, rows[each], masks[each])
        for each in (table.sha256[at] for at in some)
    ]
    np.testing.assert_allclose(np.stack(measured), table.features[list(some)], rtol=1e-5)
    known = dict(zip(zip(overlaps.first, overlaps.second, strict=True),
                     zip(overlaps.shifts.tolist(), overlaps.pixels.tolist(), strict=True),
                     strict=True))  # fmt: skip
    clusters = dict.fromkeys(table.clusters)
    for cluster in list(clusters)[::50]:
        inside = [rows[sha] for sha, each in zip(table.sha256, table.clusters, strict=True)
                  if each == cluster]  # fmt: skip
        found = tables_module.overlaps_within(index, inside)
        for pair in combinations([row.sha256 for row in inside], 2):
            assert (pair in set(zip(found.first, found.second, strict=True))) == (pair in known)
