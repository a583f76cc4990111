"""Fields of single cells: every pixel is known, and outlines are as those of their class."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.contracts import CYTOPLASM, NUCLEUS
from cervix_models.data.composing import SingleCell, at_size, composed, outlines_like
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.masks import CROP_MARGIN
from cervix_models.errors import DataError
from cervix_models.morphology.ranges import load_class_ranges

RANGES = load_class_ranges()


def cell(label: str = "Parabasal", tone: int = 120, seed: int = 0) -> SingleCell:
    labels = outlines_like(RANGES[label], np.random.default_rng(seed))
    image = np.full((*labels.shape, 3), 235, np.uint8)
    image[labels == CYTOPLASM], image[labels == NUCLEUS] = tone, 40
    return SingleCell(label, image, labels)


@pytest.mark.parametrize("label", CLASS_NAMES)
def test_outlines_are_as_large_as_those_of_their_class(label) -> None:
    drawn = [outlines_like(RANGES[label], np.random.default_rng(seed)) for seed in range(40)]
    for feature, value in (("nucleus_area", NUCLEUS), ("cytoplasm_area", CYTOPLASM)):
        areas = [int((each == value).sum()) for each in drawn]
        spread = RANGES[label][feature]
        assert spread.p25 < np.median(areas) < spread.p75
        assert np.percentile(areas, 10) < spread.p50 < np.percentile(areas, 90)
    for each in drawn:
        inside = each > 0
        assert not inside[:CROP_MARGIN].any()
        assert inside[CROP_MARGIN].any()
        assert not inside[:, -CROP_MARGIN:].any()
        assert inside[:, -CROP_MARGIN - 1].any()


def test_every_pixel_of_a_field_is_known() -> None:
    cells = [cell(tone=90 + 10 * at, seed=at) for at in range(6)]
    field = composed(cells, seed=3)
    assert field.image.shape[:2] == field.cells.shape == field.nuclei.shape
    assert field.classes == ("Parabasal",) * 6
    assert set(np.unique(field.cells)) == set(range(7))
    for number in range(1, 7):
        here = (field.cells == number) & (field.nuclei == 0)
        assert np.median(field.image[here]) == 80 + 10 * number
        kern = field.nuclei == number
        assert (field.cells[kern] == number).all()
        assert np.median(field.image[kern]) == 40
    assert np.median(field.image[field.cells == 0]) > 220
    assert len(field.centres) == 6
    for number, (x, y) in enumerate(field.centres, start=1):
        assert field.nuclei[int(y), int(x)] == number
    assert (composed(cells, seed=3).image == field.image).all()
    assert (composed(cells, seed=4).image[:50, :50] != field.image[:50, :50]).any()


def test_of_overlapping_cells_the_upper_one_is_told() -> None:
    large, small = cell("Superficial-Intermediate", 200, 1), cell("Parabasal", 100, 2)
    field = composed([large, small] * 2, seed=0)
    for number in (2, 4):
        body = (field.cells == number) & (field.nuclei == 0)
        assert np.median(field.image[body]) == 100


def test_a_square_cell_is_brought_to_the_size_of_its_outlines() -> None:
    labels = np.zeros((90, 120), np.uint8)
    assert at_size(np.zeros((64, 64, 3), np.uint8), labels).shape == (90, 120, 3)


@pytest.mark.parametrize("count", [0, 61])
def test_too_few_and_too_many_cells_are_refused(count) -> None:
    with pytest.raises(DataError, match=f"{count} cells were to be composed; 1 to 60"):
        composed([cell()] * count, seed=0)
