"""Imported cells for the pages on models, and what happens where none are imported."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.data.importing import import_dataset, list_datasets
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.packed import load_packed, pack
from cervix_models.data.pictures import pixels_of
from cervix_models.evaluation.held_out import save_held_out
from cervix_models.services.imported import cell_pictures, dealt_cluster, real_cells
from tests import tiny
from tests.data import made


@pytest.fixture
def settings(tmp_path):
    """An imported set of crops, and what a model said of them under the random split."""
    here = tiny.settings_in(tmp_path)
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png", clusters=2, cells=4)
    import_dataset(crops, here.home)
    packed = load_packed(pack(list_datasets(here.home).values(), tmp_path / "p.npz", size=32))
    tiny.save_tiny(here.weights, tiny.recipe("cnn", name="model"))
    count = len(packed)
    found = {
        "positions": np.arange(count),
        "folds": np.arange(count) % 2,
        "probabilities": np.full((count, 5), 0.2),
    }
    save_held_out(here.weights / "model", found, packed, CLASS_NAMES, "random")
    return here


def test_one_cluster_is_shown_as_it_was_dealt_out(settings) -> None:
    dealt = dealt_cluster(settings)
    assert dealt is not None
    label, cells = dealt
    assert label in CLASS_NAMES
    assert len(cells) == 4
    assert {cell.asked for cell in cells} == {True, False}
    assert all(cell.content.startswith(b"\x89PNG") for cell in cells)


def test_without_images_or_models_there_is_no_cluster(settings, tmp_path) -> None:
    assert dealt_cluster(replace(settings, home=tmp_path / "elsewhere")) is None
    assert dealt_cluster(replace(settings, weights=tmp_path / "nothing")) is None


def test_pictures_are_found_by_hash(settings, tmp_path) -> None:
    index = list_datasets(settings.home)["sipakmed"]
    row = index.cells[3]
    found = cell_pictures(settings, [row.sha256, "0" * 64])
    assert found == {row.sha256: (index.root / row.path).read_bytes()}
    assert cell_pictures(replace(settings, home=tmp_path / "elsewhere"), [row.sha256]) == {}


def test_real_cells_are_of_several_clusters_and_scaled_as_generators_saw_them(settings) -> None:
    found = real_cells(settings, 64, 8)
    assert list(found) == list(CLASS_NAMES)
    assert all(len(cells) == 2 for cells in found.values())  # one of each cluster
    assert {pixels_of(each, "RGB").shape for cells in found.values() for each in cells} == {
        (64, 64, 3)
    }
    assert real_cells(settings, 64, 1)[CLASS_NAMES[0]] == found[CLASS_NAMES[0]][:1]
    assert real_cells(settings, 64, 8) == found


def test_without_images_there_are_no_real_cells(settings, tmp_path) -> None:
    assert real_cells(replace(settings, home=tmp_path / "elsewhere"), 64, 8) == {}
