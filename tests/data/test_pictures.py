"""Image files as pixels, and pixels as image files."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from cervix_models.data.pictures import grey_png, read_rgb

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def test_every_file_is_read_as_rgb(tmp_path) -> None:
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    found = read_rgb(tmp_path / "grey.png")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.stack([GREY] * 3, axis=2))


def test_grey_pixels_come_back_from_their_png() -> None:
    with Image.open(io.BytesIO(grey_png(GREY))) as opened:
        assert (opened.format, opened.mode) == ("PNG", "L")
        np.testing.assert_array_equal(np.asarray(opened), GREY)
