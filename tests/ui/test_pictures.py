import io

import numpy as np
import pytest
from PIL import Image as Pictures

from tests.fakes import png
from ui import pictures


def labels() -> np.ndarray:
    made = np.zeros((20, 30), np.uint8)
    made[4:16, 5:25] = 1
    made[8:12, 10:16] = 2
    return made


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Pictures.open(io.BytesIO(content)))


def test_the_mask_is_coloured_and_see_through() -> None:
    made = pixels(pictures.mask_picture(png(labels())))
    assert made.shape == (20, 30, 4)
    assert tuple(made[0, 0]) == (0, 0, 0, 0)
    assert tuple(made[5, 6]) == (*pictures.CYTOPLASM_COLOUR, pictures.MASK_ALPHA)
    assert tuple(made[9, 12]) == (*pictures.NUCLEUS_COLOUR, pictures.MASK_ALPHA)


def test_a_photograph_is_no_mask() -> None:
    with pytest.raises(ValueError, match="holds other values than 0, 1 and 2"):
        pictures.mask_picture(png(np.full((4, 4), 200, np.uint8)))


def test_heat_is_viridis_from_dark_blue_to_yellow() -> None:
    made = pixels(pictures.heat_picture(png(np.array([[0, 128, 255]], np.uint8))))
    assert tuple(made[0, 0]) == (68, 1, 84, 255)
    assert tuple(made[0, 2]) == (253, 231, 37, 255)
    lightness = made[0, :, :3].astype(float) @ (0.299, 0.587, 0.114)
    assert list(lightness) == sorted(lightness)


def test_outlines_run_round_the_regions_and_the_cytoplasm_holds_the_nucleus() -> None:
    found = pictures.outlines(png(labels()))
    (nucleus,), (cell,) = found["nucleus"], found["cytoplasm"]
    for points, (left, top, right, bottom) in (
        (nucleus, (10, 8, 16, 12)),
        (cell, (5, 4, 25, 16)),
    ):
        x, y = np.array(points).T
        assert (x.min(), y.min(), x.max(), y.max()) == (left, top, right, bottom)
        assert points[0] == points[-1]


def test_a_region_at_the_edge_is_closed_at_the_edge() -> None:
    (cell,) = pictures.outlines(png(np.ones((12, 12), np.uint8)))["cytoplasm"]
    x, y = np.array(cell).T
    assert (x.min(), y.min(), x.max(), y.max()) == (0, 0, 12, 12)


def test_an_empty_mask_has_no_outlines() -> None:
    found = pictures.outlines(png(np.zeros((9, 9), np.uint8)))
    assert found == {"nucleus": [], "cytoplasm": []}


def test_parts_are_tinted_within_full_borders() -> None:
    labels = np.zeros((40, 50), np.uint8)
    labels[5:35, 8:42], labels[15:25, 20:30] = 1, 2
    grey = png(np.full((40, 50, 3), 200, np.uint8))
    with Pictures.open(io.BytesIO(pictures.mask_over(grey, labels))) as opened:
        found = np.asarray(opened)
    assert (found[0, 0] == 200).all()  # the ground as it was
    for row, column, colour in (
        (5, 20, pictures.CYTOPLASM_COLOUR),
        (34, 41, pictures.CYTOPLASM_COLOUR),
        (15, 25, pictures.NUCLEUS_COLOUR),
    ):
        assert tuple(found[row, column]) == colour
    inside = found[20, 25].astype(float)
    assert 0 < np.abs(inside - 200).max() < 60
    labels[:, :2] = 1  # a part that the picture's edge cuts off ends there
    with Pictures.open(io.BytesIO(pictures.mask_over(grey, labels))) as opened:
        assert tuple(np.asarray(opened)[20, 0]) == pictures.CYTOPLASM_COLOUR
