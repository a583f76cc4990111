"""The scale that a picture's file gives, by each way that files have to say it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from cervix_models.data.intake import take_cell_image
from cervix_models.data.scale import scale_in
from tests.fakes import drawn_cell

CELL = drawn_cell(64)


def _scale(content: bytes) -> float | None:
    with Image.open(io.BytesIO(content)) as picture:
        return scale_in(picture)


def _saved(kind: str, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(CELL).save(out, kind, **options)
    return out.getvalue()


def _tiff(**options) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, CELL, photometric="rgb", **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "JPEG"])
def test_a_resolution_in_dots_an_inch_is_a_scale(kind) -> None:
    dots = 25_400 / 0.5
    assert _scale(_saved(kind, dpi=(dots, dots))) == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("dots", [72, 96, 300, 1200])
def test_resolutions_of_screen_and_print_are_none(dots) -> None:
    assert _scale(_saved("PNG", dpi=(dots, dots))) is None


def test_a_file_that_says_nothing_has_no_scale() -> None:
    assert _scale(_saved("PNG")) is None
    assert _scale(_tiff()) is None


def test_axes_of_two_scales_give_none() -> None:
    assert _scale(_saved("PNG", dpi=(50_800, 40_000))) is None


def test_centimetres_of_tiff_are_understood() -> None:
    content = _tiff(resolution=(40_000, 40_000), resolutionunit="CENTIMETER")
    assert _scale(content) == pytest.approx(0.25)


@pytest.mark.parametrize(("unit", "factor"), [("micron", 1), ("um", 1), ("nm", 1e-3), ("mm", 1e3)])
def test_imagej_says_it_in_its_description(unit, factor) -> None:
    pixels_a_unit = factor / 0.2
    content = _tiff(
        resolution=(pixels_a_unit, pixels_a_unit), description=f"ImageJ=1.54f\nunit={unit}\n",
        metadata=None,
    )  # fmt: skip
    assert _scale(content) == pytest.approx(0.2, rel=1e-3)


def test_imagej_with_a_unit_of_no_length_gives_none() -> None:
    content = _tiff(resolution=(5, 5), description="ImageJ=1.54f\nunit=pixel\n", metadata=None)
    assert _scale(content) is None


@pytest.mark.parametrize(("unit", "size"), [("µm", 0.25), ("nm", 250.0), (None, 0.25)])
def test_ome_says_it_in_xml(unit, size) -> None:
    units = f'PhysicalSizeXUnit="{unit}" PhysicalSizeYUnit="{unit}"' if unit else ""
    words = f'<OME><Pixels PhysicalSizeX="{size}" PhysicalSizeY="{size}" {units}/></OME>'
    content = _tiff(description=words.encode(), metadata=None)
    assert _scale(content) == pytest.approx(0.25)


@pytest.mark.parametrize("dots", [(0, 0), (float("inf"), 1.0), (-5.0, -5.0)])
def test_senseless_values_give_none(dots) -> None:
    picture = Image.fromarray(CELL)
    picture.info["dpi"] = dots
    assert scale_in(picture) is None


def test_an_upload_brings_its_scale_and_says_so() -> None:
    taken = take_cell_image(_saved("PNG", dpi=(50_800, 50_800)), "cell.png")
    assert taken.micrometres_per_pixel == pytest.approx(0.5, rel=1e-3)
    assert taken.warnings == ("The file gives its scale as 0.5 µm per pixel.",)
    np.testing.assert_array_equal(taken.pixels, CELL)
