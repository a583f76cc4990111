"""Outlines over a picture: lines that do not hide the cell, and the mark of a synthetic one."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from cervix_models.data.marks import is_marked, mark_synthetic
from cervix_models.data.overlays import LIGHT_BLUE, NUCLEUS_COLOUR, border, lines_over
from cervix_models.data.pictures import png_of

LABELS = np.zeros((60, 80), np.uint8)
LABELS[10:50, 10:70] = 1
LABELS[25:35, 30:50] = 2
GREY = np.full((60, 80, 3), 128, np.uint8)


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def test_a_small_picture_is_enlarged_and_only_lines_are_drawn() -> None:
    picture = opened(lines_over(png_of(GREY), LABELS))
    assert picture.size == (480, 360)
    pixels = np.asarray(picture)
    assert tuple(pixels[180, 240]) == (128, 128, 128)  # within the nucleus
    assert tuple(pixels[120, 100]) == (128, 128, 128)  # within the cytoplasm
    assert tuple(pixels[180, 180]) == NUCLEUS_COLOUR  # its left border
    edge = pixels[60, 70:410]
    blue = (edge == LIGHT_BLUE).all(axis=1).mean()
    assert 0.5 < blue < 0.8  # dashed
    assert not is_marked(picture)


def test_the_picture_of_a_synthetic_cell_keeps_its_mark() -> None:
    made = mark_synthetic(GREY, "a made cell")
    picture = opened(lines_over(made, LABELS, about="outlines of a made cell"))
    assert is_marked(picture)
    assert is_marked(Image.fromarray(np.asarray(picture)))  # by its letters alone


def test_a_border_touches_what_is_outside() -> None:
    region = np.zeros((5, 5), bool)
    region[1:4, 1:4] = True
    assert border(region).sum() == 8
    assert border(np.ones((3, 3), bool)).sum() == 8
