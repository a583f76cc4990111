"""From probability maps to one cell with one nucleus, on drawn maps."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.outlines import LEAST_CELL, LEAST_NUCLEUS, cell_at, one_cell

SIDE = 100


def _disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


def _maps(cell: np.ndarray, nucleus: np.ndarray) -> np.ndarray:
    return np.stack([cell, nucleus]).astype(np.float32)


def test_a_plain_cell_comes_back() -> None:
    cell, nucleus = _disc(50, 50, 30), _disc(55, 48, 8)
    found = one_cell(_maps(cell, nucleus))
    np.testing.assert_array_equal(found.cell, cell)
    np.testing.assert_array_equal(found.nucleus, nucleus)
    assert not (found.nucleus & found.cytoplasm).any()


def test_holes_are_filled() -> None:
    cell, nucleus = _disc(50, 50, 30), _disc(50, 50, 10)
    holed = one_cell(_maps(cell & ~_disc(35, 50, 4), nucleus & ~_disc(50, 50, 3)))
    np.testing.assert_array_equal(holed.cell, cell)
    np.testing.assert_array_equal(holed.nucleus, nucleus)


def test_a_bay_is_no_hole() -> None:
    bay = np.zeros((SIDE, SIDE), bool)
    bay[48:52, 60:] = True
    cell = _disc(50, 50, 30) & ~bay
    np.testing.assert_array_equal(one_cell(_maps(cell, _disc(40, 50, 5))).cell, cell)


def test_of_two_cells_the_middle_one_is_taken() -> None:
    middle, corner = _disc(50, 50, 18), _disc(14, 14, 26)
    assert corner.sum() > middle.sum()
    found = one_cell(_maps(middle | corner, _disc(50, 50, 5) | _disc(10, 10, 9)))
    np.testing.assert_array_equal(found.cell, middle)
    np.testing.assert_array_equal(found.nucleus, _disc(50, 50, 5))


def test_of_two_nuclei_the_larger_is_taken() -> None:
    small, large = _disc(40, 50, 4), _disc(62, 50, 7)
    found = one_cell(_maps(_disc(50, 50, 35), small | large))
    np.testing.assert_array_equal(found.nucleus, large)
    assert found.cytoplasm[small].all()


def test_a_nucleus_outside_the_cell_is_not_its_nucleus() -> None:
    found = one_cell(_maps(_disc(50, 50, 20), _disc(90, 90, 6)))
    np.testing.assert_array_equal(found.cell, _disc(50, 50, 20))
    assert not found.nucleus.any()


def test_a_nucleus_at_the_rim_belongs_to_the_cell() -> None:
    cell, nucleus = _disc(50, 50, 20), _disc(68, 50, 6)
    found = one_cell(_maps(cell, nucleus))
    np.testing.assert_array_equal(found.nucleus, nucleus)
    np.testing.assert_array_equal(found.cell, cell | nucleus)


def test_nothing_is_found_where_nothing_is() -> None:
    found = one_cell(np.zeros((2, SIDE, SIDE), np.float32))
    assert not found.cell.any()
    assert found.nucleus.shape == found.cytoplasm.shape == (SIDE, SIDE)


@pytest.mark.parametrize("over", [False, True])
def test_crumbs_are_no_cell_and_no_nucleus(over) -> None:
    cell, nucleus = np.zeros((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)
    cell[45, : int(LEAST_CELL * SIDE**2) - (not over)] = True
    assert one_cell(_maps(cell, nucleus)).cell.any() == over
    nucleus[50, 50 : 50 + int(LEAST_NUCLEUS * SIDE**2) - (not over)] = True
    assert one_cell(_maps(_disc(50, 50, 30), nucleus)).nucleus.any() == over


def test_the_threshold_decides() -> None:
    maps = 0.6 * _maps(_disc(50, 50, 30), _disc(50, 50, 8))
    assert one_cell(maps).cell.any()
    assert not one_cell(maps, (0.7, 0.7)).cell.any()


def _two_cells() -> np.ndarray:
    """Maps of two touching cells of one piece, each with a nucleus."""
    maps = np.zeros((2, 60, 100), np.float32)
    maps[0, 10:50, 5:95] = 0.9
    maps[1, 25:35, 20:30] = maps[1, 25:35, 70:80] = 0.9
    return maps


def test_the_cell_at_a_known_nucleus_is_taken_and_nothing_of_the_other() -> None:
    inside = np.zeros((60, 100), bool)
    inside[:, 50:] = True
    found = cell_at(_two_cells(), (76.0, 30.0), inside)
    assert found.nucleus[30, 75]
    assert not found.cell[:, :50].any()
    assert found.cell[12, 90]
    assert not (found.nucleus & found.cytoplasm).any()


def test_the_nucleus_near_the_known_place_counts_not_the_larger() -> None:
    maps = _two_cells()
    maps[1, 20:45, 15:45] = 0.9
    found = cell_at(maps, (75.0, 30.0), np.ones((60, 100), bool))
    assert found.nucleus.sum() == 100


def test_without_a_nucleus_near_the_place_there_is_no_cell() -> None:
    found = cell_at(_two_cells(), (50.0, 15.0), np.ones((60, 100), bool))
    assert not found.cell.any()
