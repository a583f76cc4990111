"""Tiles of a slide: of every level, from a pyramid, from one level, and from a plain picture."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from cervix_models.data import pyramid, slides
from cervix_models.data.pyramid import TILE, Pyramid
from cervix_models.data.slides import Picture, Slide, open_field
from cervix_models.errors import IntakeError

WIDTH, HEIGHT = 1300, 700


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Smooth colours, so that any way of making a picture smaller gives nearly the same."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([rows * 0.3, columns * 0.18, (rows + columns) * 0.1], 2).astype(np.uint8)


@pytest.fixture(params=["picture", "one level", "pyramid"])
def source(request, pixels, tmp_path, monkeypatch):
    """The same slide, kept in three ways."""
    if request.param == "picture":
        return Picture(pixels)
    monkeypatch.setattr(slides, "SMALL", 100_000)
    path = tmp_path / "slide.tif"
    form = {"tile": (256, 256), "photometric": "rgb", "compression": "zlib"}
    with tifffile.TiffWriter(path) as writer:
        writer.write(pixels, **form)
        for shrink in (2, 4) if request.param == "pyramid" else ():
            small = Image.fromarray(pixels).resize((WIDTH // shrink, HEIGHT // shrink))
            writer.write(np.asarray(small), subfiletype=1, **form)
    opened = open_field(path)
    assert isinstance(opened, Slide)
    return opened


@pytest.fixture
def small_overview(monkeypatch) -> None:
    """Low levels are cut from the overview, and high ones are not, as on a large slide."""
    monkeypatch.setattr(pyramid, "OVERVIEW", 400)
    monkeypatch.setattr(pyramid, "AT_ONCE", TILE)


def put_together(tiles: Pyramid, level: int) -> np.ndarray:
    """All tiles of a level as one picture."""
    shrink = 2 ** (tiles.last - level)
    across, down = (-(-side // (TILE * shrink)) for side in (WIDTH, HEIGHT))
    rows = [
        np.concatenate([tiles.tile(level, column, row) for column in range(across)], axis=1)
        for row in range(down)
    ]
    return np.concatenate(rows)


@pytest.mark.usefixtures("small_overview")
def test_the_tiles_of_each_level_are_the_slide(source, pixels) -> None:
    tiles = Pyramid(source)
    assert tiles.last == 11
    for level in range(3, 12):
        whole = put_together(tiles, level)
        shrink = 2 ** (11 - level)
        assert whole.shape == (-(-HEIGHT // shrink), -(-WIDTH // shrink), 3)
        wanted = np.asarray(Image.fromarray(pixels).resize(whole.shape[1::-1], Image.BOX), float)
        assert np.abs(whole - wanted).max() < 3 + shrink / 8
    np.testing.assert_array_equal(put_together(tiles, 11), pixels)
    assert tiles.tile(0, 0, 0).shape == (1, 1, 3)


@pytest.mark.usefixtures("small_overview")
def test_the_overview_is_made_once_and_only_where_no_level_is_near(source, monkeypatch) -> None:
    tiles, made = Pyramid(source), []
    plain = type(source).overview
    monkeypatch.setattr(
        type(source), "overview", lambda self, side: made.append(side) or plain(self, side)
    )
    for level in (9, 10, 11):
        tiles.tile(level, 0, 0)
    assert made == ([] if len(source.shrinks) > 1 else [pyramid.OVERVIEW])
    for level in (8, 9, 8):
        tiles.tile(level, 0, 0)
    assert made == [pyramid.OVERVIEW]


@pytest.mark.parametrize("at", [(12, 0, 0), (-1, 0, 0), (11, 6, 0), (11, 0, 3), (11, -1, 0)])
def test_a_tile_beside_the_slide_is_refused(pixels, at) -> None:
    with pytest.raises(IntakeError, match="1300 x 700 pixels has levels 0 to 11"):
        Pyramid(Picture(pixels)).tile(*at)
