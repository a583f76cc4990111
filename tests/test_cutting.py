"""Cells cut out of a field: each nucleus gets its own cell, and none of its neighbour's."""

from __future__ import annotations

import numpy as np

from cervix_models.cutting import REACH, cut_cells, density
from cervix_models.data.masks import CROP_MARGIN


def _field(cells: list[tuple[float, float, float]], shape=(420, 600)) -> np.ndarray:
    """A light ground with round stained cells (x, y, radius), each with a dark nucleus."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    image = np.full((*shape, 3), (232, 236, 240), np.uint8)
    for x, y, radius in cells:
        image[np.hypot(rows - y, columns - x) < radius] = (150, 190, 200)
    for x, y, _ in cells:
        image[np.hypot(rows - y, columns - x) < 14] = (70, 60, 120)
    return image


def _centres(cells) -> np.ndarray:
    return np.array([[x, y] for x, y, _ in cells])


def test_the_ground_has_no_density_and_a_nucleus_the_most() -> None:
    dark = density(_field([(300, 200, 80)]))
    assert dark[5, 5] == 0
    assert 0.3 < dark[200, 360] < dark[200, 300]


def test_a_lone_cell_is_cut_out_with_its_margin() -> None:
    cells = [(300.0, 200.0, 80.0)]
    (cut,) = cut_cells(_field(cells), _centres(cells))
    height, width = cut.inside.shape
    assert abs(cut.left - (220 - CROP_MARGIN)) <= 6
    assert abs(cut.top - (120 - CROP_MARGIN)) <= 6
    assert abs(width - (160 + 2 * CROP_MARGIN)) <= 10
    assert abs(height - (160 + 2 * CROP_MARGIN)) <= 10
    assert cut.inside.all()  # no other cell is near
    assert _field(cells)[cut.window].shape[:2] == cut.inside.shape


def test_touching_cells_are_parted_between_their_nuclei() -> None:
    cells = [(200.0, 200.0, 80.0), (330.0, 200.0, 80.0)]
    one, two = cut_cells(_field(cells), _centres(cells))
    assert abs(one.left + one.inside.shape[1] - CROP_MARGIN - 265) <= 12
    assert abs(two.left + CROP_MARGIN - 265) <= 12
    y = 200 - one.top
    assert one.inside[y, 200 - one.left]
    assert not one.inside[y, one.inside.shape[1] - 2]  # what is beyond the border is the other's


def test_a_cell_reaches_no_further_than_a_cell_can() -> None:
    image = np.full((900, 1200, 3), (150, 190, 200), np.uint8)  # a sheet without any border
    image[:60] = image[-60:] = (240, 240, 240)
    (cut,) = cut_cells(image, np.array([[600.0, 450.0]]))
    assert max(cut.inside.shape) <= 2 * (REACH + CROP_MARGIN) + 8


def test_a_nucleus_at_the_border_or_beside_another_has_a_window_inside_the_field() -> None:
    image = _field([(3, 3, 60), (300, 200, 60)])
    cuts = cut_cells(image, np.array([[3.0, 3.0], [300, 200], [300.5, 200.5]]))
    assert len(cuts) == 3
    for cut in cuts:
        rows, columns = cut.window
        assert 0 <= rows.start < rows.stop <= 420
        assert 0 <= columns.start < columns.stop <= 600


def test_a_field_without_nuclei_has_no_cells() -> None:
    assert cut_cells(_field([]), np.empty((0, 2))) == []
