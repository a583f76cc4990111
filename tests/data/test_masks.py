from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.importing import scan
from cervix_models.data.masks import (
    UNKNOWN,
    contour_mask,
    crop_origin,
    herlev_mask,
    mask_of,
    read_contour,
)
from cervix_models.errors import DataError
from tests.data import made


def test_herlev_colours_become_labels(tmp_path) -> None:
    index = scan(made.herlev(tmp_path))
    labels = mask_of(index, index.rows[0])
    assert labels.shape == (30, 40)
    assert labels.dtype == np.uint8
    assert (labels[0] == UNKNOWN).all()
    assert labels[2, 2] == 0
    assert (labels == 2).sum() == 100
    assert (labels == 1).sum() == 20 * 30 - 100


def test_a_strange_colour_is_refused(tmp_path) -> None:
    Image.fromarray(np.full((4, 4, 3), (1, 2, 3), np.uint8)).save(tmp_path / "a-d.png")
    with pytest.raises(DataError, match=r"holds the colour \(1, 2, 3\)"):
        herlev_mask(tmp_path / "a-d.png")


def test_an_outline_is_read_as_x_and_y(tmp_path) -> None:
    path = tmp_path / "012_cyt01.dat"
    path.write_text("1.5,2\r\n3,4.25\r\n\r\n-5e0, 6\r\n")
    np.testing.assert_array_equal(read_contour(path), [[1.5, 2], [3, 4.25], [-5, 6]])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1,2\n3\n", r"Line 2 of the outline .*012_cyt01\.dat reads '3'; two numbers x,y"),
        ("1,2\nx,y\n", "Line 2 of the outline .* reads 'x,y'"),
        ("1,2\n3,4\n", "has 2 usable points"),
        ("1,2\n3,4\nnan,5\n", "at least 3 finite ones"),
        ("", "has 0 usable points"),
    ],
)
def test_a_broken_outline_is_refused_with_its_line(tmp_path, text, sentence) -> None:
    path = tmp_path / "012_cyt01.dat"
    path.write_text(text)
    with pytest.raises(DataError, match=sentence):
        read_contour(path)


@pytest.mark.parametrize("beside", [False, True])
def test_outlines_are_drawn_where_the_crop_was_cut(tmp_path, beside) -> None:
    index = scan(made.sipakmed_full(tmp_path, beside=beside))
    labels = mask_of(index, index.cells[0])
    assert labels.shape == (30, 40)
    rows, columns = np.nonzero(labels)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 19, 10, 29)
    rows, columns = np.nonzero(labels == 2)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (12, 17, 16, 22)


@pytest.mark.parametrize(
    ("box", "crop", "origin"),
    [
        ((60.5, 50.5, 80, 60), (40, 30), (50.0, 40.0)),
        ((4, 300, 60, 340), (70, 60), (0.0, 290.0)),  # clipped at the left
        ((12, 15, 60, 40), (68, 45), (2.0, 5.0)),  # near the field's corner, but not clipped
        ((1990, 700, 2040, 730), (68, 50), (1980.0, 690.0)),  # clipped at the right
        ((10.4, 10.9, 30, 20), (40, 30), (0.0, 0.0)),  # in the crop's own pixels
        ((3, 3, 37, 27), (40, 30), (0.0, 0.0)),  # so, and cut closer
    ],
)
def test_the_place_of_a_crop_is_found_from_its_outline(box, crop, origin) -> None:
    assert crop_origin(np.array(made.square(*box), np.float64), crop) == origin


def test_an_outline_of_another_cell_is_refused() -> None:
    outline = np.array(made.square(500, 500, 700, 600), np.float64)
    with pytest.raises(DataError, match="but the crop is 40 x 30"):
        contour_mask(outline, outline, (40, 30))
