"""The slides of a folder: listed, opened, looked at by tiles, and read part by part."""

from __future__ import annotations

import io
import json
import time

import numpy as np
import pytest
import tifffile
from PIL import Image

from cervix_models.contracts import OnSlide
from cervix_models.data import slides as sources
from cervix_models.errors import IntakeError
from cervix_models.services import exports, slides
from cervix_models.services.slides import Slides
from tests.fakes import SIDE, drawn_cell, field_of

ACROSS, DOWN = 6, 4


@pytest.fixture
def shown(fields, monkeypatch):
    """The service, over a folder with one slide of drawn cells."""
    monkeypatch.setattr(sources, "SMALL", 100_000)
    made = Slides(fields)
    made.folder.mkdir(parents=True)
    image, _ = field_of(ACROSS, DOWN)
    save(made.folder / "smear.tif", image)
    return made


def save(path, image) -> None:
    tifffile.imwrite(path, image, tile=(128, 128), photometric="rgb", compression="zlib")


def finished(job):
    end = time.monotonic() + 60
    while job.state == "running" and time.monotonic() < end:
        time.sleep(0.02)
    return job


def test_a_folder_that_is_not_there_has_no_slides(fields) -> None:
    assert Slides(fields).listing() == []


def test_slides_are_listed_by_name_and_nothing_else_is(shown) -> None:
    (shown.folder / "notes.txt").write_text("no slide")
    (shown.folder / "b").mkdir()
    for name in ("b/second.svs", "first.mrxs", "Third.NDPI"):
        (shown.folder / name).write_bytes(b"x")
    parts = shown.folder / "first"
    parts.mkdir()
    (parts / "Data0001.tif").write_bytes(b"x")
    names = [each.name for each in shown.listing()]
    assert names == ["Third.NDPI", "b/second.svs", "first.mrxs", "smear.tif"]
    assert len({each.key for each in shown.listing()}) == 4


def test_tiles_come_as_pictures(shown) -> None:
    (file,) = shown.listing()
    tile = Image.open(io.BytesIO(shown.tile(file.key, 10, 1, 0)))
    assert (tile.format, tile.size) == ("JPEG", (256, 256))
    image, _ = field_of(ACROSS, DOWN)
    away = [np.abs(np.asarray(tile, float) - image[:256, x : x + 256]).mean() for x in (256, 512)]
    assert away[0] < 6 < away[1]
    with pytest.raises(IntakeError, match="none there"):
        shown.tile(file.key, 10, 9, 0)
    with pytest.raises(IntakeError, match="No slide has the key 'gone'"):
        shown.tile("gone", 0, 0, 0)


def test_few_slides_stay_open(shown, monkeypatch) -> None:
    monkeypatch.setattr(slides, "OPEN", 1)
    save(shown.folder / "other.tif", field_of(3, 3)[0])
    first, second = shown.listing()
    opened = shown.open(first.key)
    assert shown.open(first.key) is opened
    shown.open(second.key)
    assert shown.open(first.key) is not opened


def test_what_was_deleted_is_no_longer_open(shown) -> None:
    (file,) = shown.listing()
    shown.open(file.key)
    file.path.unlink()
    with pytest.raises(IntakeError, match="No slide has the key"):
        shown.open(file.key)


def test_a_part_becomes_a_field_that_knows_where_it_lies(shown) -> None:
    (file,) = shown.listing()
    box = (2 * SIDE, SIDE, 3 * SIDE, 2 * SIDE)
    made = finished(shown.start(file.key, box, micrometres_per_pixel=0.25)).found
    assert made.on_slide == OnSlide(shown.open(file.key).identity, 2 * SIDE, SIDE)
    assert (made.width, made.height, made.micrometres_per_pixel) == (*box[2:], 0.25)
    rows = shown.fields.cells(made.id)
    assert len(rows) == 6
    assert shown.parts(file.key) == [made]
    assert shown.fields.fields() == [made]
    kept = Image.open(io.BytesIO(shown.fields.triage.blob(made.image_sha256)))
    np.testing.assert_array_equal(
        np.asarray(kept), field_of(ACROSS, DOWN)[0][SIDE : 3 * SIDE, 2 * SIDE : 5 * SIDE]
    )


def test_its_outlines_go_out_in_pixels_of_the_slide(shown) -> None:
    (file,) = shown.listing()
    made = finished(shown.start(file.key, (SIDE, 2 * SIDE, SIDE, SIDE))).found
    (row,) = shown.fields.cells(made.id)
    out = json.loads(exports.export_field_geojson(made, [row], shown.fields.triage.blob).data)
    ring = np.concatenate([np.array(each) for each in _rings(out["features"][0]["geometry"])])
    place = row.place
    assert ring[:, 0].min() >= SIDE + place.left
    assert ring[:, 1].min() >= 2 * SIDE + place.top
    assert ring.max(axis=0)[0] <= SIDE + place.left + row.reading.width
    nucleus = np.concatenate(
        [np.array(each) for each in _rings(out["features"][0]["nucleusGeometry"])]
    )
    assert np.hypot(*(nucleus.mean(0) - (SIDE + place.x, 2 * SIDE + place.y))) < 8


def _rings(geometry):
    parts = geometry["coordinates"]
    return parts if geometry["type"] == "Polygon" else [ring for part in parts for ring in part]


def test_a_view_over_the_border_is_cut_to_the_slide(shown) -> None:
    (file,) = shown.listing()
    made = finished(shown.start(file.key, (-50, 3 * SIDE, SIDE + 50, 900))).found
    assert (made.on_slide.left, made.on_slide.top) == (0, 3 * SIDE)
    assert (made.width, made.height) == (SIDE, SIDE)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((5000, 0, 100, 100), "Move the view onto the slide"),
        ((0, 0, 0, 100), "Move the view onto the slide"),
        ((0, 0, 900, 600), "at most 0 are read at once. Zoom in"),
    ],
)
def test_a_part_that_cannot_be_read_is_refused(shown, monkeypatch, box, words) -> None:
    monkeypatch.setattr(slides, "PART", 400_000)
    (file,) = shown.listing()
    with pytest.raises(IntakeError, match=words):
        shown.start(file.key, box)


def test_a_file_that_is_no_slide_is_refused(shown) -> None:
    (shown.folder / "broken.svs").write_bytes(b"II*\0 and no more")
    broken = shown.listing()[0]
    with pytest.raises(IntakeError, match=r"broken\.svs"):
        shown.open(broken.key)


def test_parts_are_found_again_after_the_slide_is_renamed(shown) -> None:
    (file,) = shown.listing()
    made = finished(shown.start(file.key, (0, 0, SIDE, SIDE))).found
    save(shown.folder / "other.tif", np.tile(drawn_cell(SIDE, seed=99), (4, 4, 1)))
    file.path.rename(shown.folder / "renamed.tif")
    parts = {each.name: shown.parts(each.key) for each in shown.listing()}
    assert parts == {"other.tif": [], "renamed.tif": [made]}
