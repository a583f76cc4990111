"""Fields as pictures and as slides: the same parts, the same overview, and clear refusals."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from cervix_models.data import slides
from cervix_models.data.slides import Part, Picture, Slide, identity_of, open_field
from cervix_models.errors import IntakeError


@pytest.fixture
def pixels() -> np.ndarray:
    rows, columns = np.mgrid[:700, :900]
    return np.stack([rows % 256, columns % 256, (rows + columns) % 256], 2).astype(np.uint8)


@pytest.fixture
def small(monkeypatch) -> None:
    """What is read whole is little, so that a small slide counts as a large one."""
    monkeypatch.setattr(slides, "SMALL", 100_000)


def _slide(path, pixels):
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb", compression="zlib")
    return path


def test_a_picture_is_read_whole(tmp_path, pixels) -> None:
    Image.fromarray(pixels).save(tmp_path / "field.png")
    source = open_field(tmp_path / "field.png")
    assert isinstance(source, Picture)
    assert (source.width, source.height, source.micrometres_per_pixel) == (900, 700, None)
    np.testing.assert_array_equal(source.region(100, 50, 30, 20), pixels[50:70, 100:130])
    assert source.overview(300).shape == (233, 300, 3)


def test_a_tiled_tiff_is_read_part_by_part(tmp_path, pixels, small) -> None:
    source = open_field(_slide(tmp_path / "slide.tif", pixels))
    assert isinstance(source, Slide)
    assert (source.width, source.height) == (900, 700)
    np.testing.assert_array_equal(source.region(200, 300, 400, 390), pixels[300:690, 200:600])
    view = source.overview(300)
    assert view.shape == (233, 300, 3)
    wanted = np.asarray(Image.fromarray(pixels).resize((300, 233), Image.Resampling.BOX), float)
    assert np.abs(view - wanted).mean() < 6


def _scanned(path, pixels):
    """A slide in the layout of Aperio's scanners: levels, thumbnail, label and macro picture."""
    words = "Aperio Image Library v11.2.1\r\n900x700 [0,0 900x700] (256x256)"
    plain = {"photometric": "rgb", "metadata": None}
    tiles = {"tile": (256, 256), "compression": "zlib", **plain}
    label, macro = np.full((50, 60, 3), 200, np.uint8), np.full((50, 90, 3), 100, np.uint8)
    with tifffile.TiffWriter(path) as file:
        file.write(pixels, description=f"{words}|AppMag = 40|MPP = 0.2500", **tiles)
        file.write(pixels[::8, ::8].copy(), description=words, **plain)
        file.write(pixels[::4, ::4].copy(), description=words, **tiles)
        file.write(label, subfiletype=1, description="Aperio\r\nlabel 60x50", **plain)
        file.write(macro, subfiletype=9, description="Aperio\r\nmacro 90x50", **plain)
    return path


@pytest.mark.parametrize("limit", [40_000_000, 100_000])
def test_a_slide_of_a_scanner_is_read_whatever_its_size(
    tmp_path, pixels, monkeypatch, limit
) -> None:
    monkeypatch.setattr(slides, "SMALL", limit)
    source = open_field(_scanned(tmp_path / "slide.svs", pixels))
    assert (source.width, source.height, source.micrometres_per_pixel) == (900, 700, 0.25)
    assert source.shrinks == (1, 4)
    np.testing.assert_array_equal(source.region(200, 300, 400, 390), pixels[300:690, 200:600])
    np.testing.assert_array_equal(source.shrunk(400, 80, 40, 80, 4), pixels[80:160:4, 400:440:4])


def test_a_small_tiled_tiff_is_a_picture(tmp_path, pixels) -> None:
    assert isinstance(open_field(_slide(tmp_path / "field.tif", pixels)), Picture)


def test_a_large_picture_in_one_piece_is_refused(tmp_path, pixels, small) -> None:
    Image.fromarray(pixels).save(tmp_path / "field.png")
    with pytest.raises(IntakeError, match="vips tiffsave"):
        open_field(tmp_path / "field.png")


def test_what_is_no_field_is_refused(tmp_path) -> None:
    with pytest.raises(IntakeError, match="is no file"):
        open_field(tmp_path / "gone.svs")
    (tmp_path / "words.tif").write_text("no picture")
    with pytest.raises(IntakeError, match=r"words\.tif holds text"):
        open_field(tmp_path / "words.tif")


def test_a_part_of_a_slide_is_a_field_of_its_own(tmp_path, pixels, small) -> None:
    part = Part(open_field(_slide(tmp_path / "slide.tif", pixels)), 120, 80, 400, 300)
    wanted = pixels[80:380, 120:520]
    np.testing.assert_array_equal(part.region(10, 20, 50, 40), wanted[20:60, 10:60])
    view = part.overview(200)
    assert view.shape == (150, 200, 3)
    np.testing.assert_array_equal(view, part.shrunk(0, 0, 400, 300, 2))
    np.testing.assert_array_equal(part.overview(4096), wanted)


def test_a_slide_is_known_again_under_another_name(tmp_path, pixels) -> None:
    slide = _slide(tmp_path / "slide.tif", pixels)
    other = _slide(tmp_path / "other.tif", pixels[::-1])
    renamed = slide.rename(tmp_path / "renamed.tif")
    Image.fromarray(pixels).save(tmp_path / "plain.png")
    found = [identity_of(path) for path in (renamed, other, tmp_path / "plain.png")]
    assert len(set(found)) == 3
    assert all(0 < len(each) <= 64 for each in found)
    renamed.rename(slide)
    assert identity_of(slide) == found[0]


def test_a_slide_that_breaks_off_is_refused_with_a_sentence(tmp_path, pixels, small) -> None:
    path = tmp_path / "slide.tif"
    noise = np.random.default_rng(0).integers(0, 255, pixels.shape, np.uint8)
    tifffile.imwrite(path, noise, tile=(256, 256), photometric="rgb", metadata=None)
    whole = path.read_bytes()
    source = open_field(path)
    path.write_bytes(whole[:600_000])
    with pytest.raises(IntakeError, match="cannot be read as a slide"):
        source.region(0, 0, 900, 700)
