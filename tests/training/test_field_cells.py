"""Cells are cut out of annotated fields round the nuclei that were found and annotated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.importing import import_dataset
from cervix_models.evaluation.finding import FoundField, stored_fields
from cervix_models.services.defaults import CLASSIFIER, FINDER, SEGMENTER
from cervix_models.training.field_cells import field_cells
from cervix_models.training.robustness import FIELDS, measure_foreign, open_guard
from tests import tiny
from tests.fakes import drawn_cell

SIDE = 150


@pytest.fixture
def guard(tmp_path):
    """The small default models, an imported field of four cells, and what a finder found in it."""
    settings = tiny.save_defaults(tmp_path)
    folder = tmp_path / "cric"
    folder.mkdir()
    field = np.concatenate([drawn_cell(SIDE, seed) for seed in range(4)], axis=1)
    Image.fromarray(field).save(folder / "a.png")
    truth = np.array([((at + 0.55) * SIDE, 0.5 * SIDE) for at in range(4)])
    words = ["HSIL", "Negative for intraepithelial lesion", "LSIL", "SCC"]
    lines = [f"a.png,{at},{words[at]},{x},{y}" for at, (x, y) in enumerate(truth)]
    (folder / "nuclei.csv").write_text("\n".join(["image,cell_id,bethesda,x,y", *lines]) + "\n")
    index = import_dataset(folder, settings.home).index
    found = np.column_stack([truth + 2, [0.9, 0.8, 0.2, 0.9]])  # the third is below the threshold
    found = np.vstack([found, [SIDE, SIDE - 5, 0.7]])  # one where nothing is annotated
    kept = FoundField(found, truth, tuple(words), 0, index.fields[0].sha256)
    path = settings.weights / FINDER / "held_out.npz"
    np.savez(path, allow_pickle=False, **stored_fields([kept]))
    return open_guard(CLASSIFIER, SEGMENTER, settings)


def test_found_and_annotated_nuclei_become_cells(guard) -> None:
    cells = field_cells(guard)
    assert list(cells.kinds) == ["HSIL", "Negative for intraepithelial lesion", "SCC"]
    assert len(cells.images) == len(cells.masks) == len(cells.clusters) == 3
    for image, mask in zip(cells.images, cells.masks, strict=True):
        assert image.shape[:2] == mask.nucleus.shape
        assert min(image.shape[:2]) >= 64
    assert len(set(cells.clusters)) == 1


def test_they_are_told_as_normal_or_abnormal(guard) -> None:
    packed = tiny.packed(clusters=2, cells=2)
    found = measure_foreign([CLASSIFIER], guard, packed)[CLASSIFIER]
    assert (found[FIELDS]["cells"], found[FIELDS]["abnormal_cells"]) == (3, 2)
    assert set(found[FIELDS]["called_abnormal_by_class"]) == {
        "HSIL", "Negative for intraepithelial lesion", "SCC",
    }  # fmt: skip


def test_fields_that_are_not_imported_here_give_no_cells(guard, tmp_path) -> None:
    elsewhere = replace(guard.settings, home=tmp_path / "empty")
    assert not field_cells(replace(guard, settings=elsewhere)).images


def test_without_a_measured_finder_there_are_no_cells(tmp_path) -> None:
    settings = tiny.save_defaults(tmp_path)
    assert not field_cells(open_guard(CLASSIFIER, SEGMENTER, settings)).images
