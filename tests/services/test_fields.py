"""Whole fields: every nucleus once, cells where they lie, stored together, stopped and resumed."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from cervix_models.contracts import Segmentation
from cervix_models.data.marks import is_marked
from cervix_models.data.sample_field import SIZE, sample_field
from cervix_models.data.slides import Picture
from cervix_models.errors import IntakeError
from cervix_models.reports.incoming import labels_from
from cervix_models.services import exports, field_reader
from cervix_models.services.fields import by_concern
from tests.fakes import SIDE, field_of, png


def _on(_done: float, _cells: int) -> bool:
    return True


def test_every_nucleus_becomes_a_cell_where_it_lies(fields) -> None:
    image, centres = field_of(3, 2)
    made = fields.read(Picture(image), _on, micrometres_per_pixel=0.2)
    rows = fields.cells(made.id)
    assert made.complete
    assert (made.width, made.height) == (3 * SIDE, 2 * SIDE)
    assert len(rows) == 6
    for row, centre in zip(rows, centres, strict=True):
        place, reading = row.place, row.reading
        assert np.hypot(place.x - centre[0], place.y - centre[1]) < 3
        assert 0 <= place.left <= place.x < place.left + reading.width <= made.width
        assert reading.micrometres_per_pixel == 0.2
    assert fields.fields() == [made]
    assert fields.field(made.id) == made
    assert [use.role for use in made.models][-1] == "finder"
    assert fields.triage.worklist() == []


def test_parts_of_a_large_field_give_each_nucleus_once(fields, monkeypatch) -> None:
    monkeypatch.setattr(field_reader, "CORE", 200)
    image, centres = field_of(5, 3)
    asked = []

    class Watched(Picture):
        def region(self, *window: int) -> np.ndarray:
            asked.append(window)
            return super().region(*window)

    made = fields.read(Watched(image), _on)
    places = [row.place for row in fields.cells(made.id)]
    assert len(asked) > 4
    assert all(
        max(width, height) <= 200 * 4 / 3 + 2 * field_reader.RIM for *_, width, height in asked
    )
    found = np.array([(each.x, each.y) for each in places])
    assert len(found) == len(centres)
    for centre in centres:
        assert np.hypot(*(found - centre).T).min() < 3
    assert sorted(each.number for each in places) == list(range(1, len(centres) + 1))


def test_a_stopped_field_keeps_what_was_read(fields) -> None:
    image, _ = field_of(4, 3)
    made = fields.read(Picture(image), lambda _done, cells: cells < 8)
    assert not made.complete
    assert len(fields.cells(made.id)) == 8
    assert not fields.field(made.id).complete


def test_an_empty_field_is_stored_without_cells(fields) -> None:
    made = fields.read(Picture(np.full((300, 400, 3), 235, np.uint8)), _on)
    assert made.complete
    assert fields.cells(made.id) == []


def test_an_upload_is_read_in_the_background(fields) -> None:
    image, _ = field_of(2, 1)
    job = fields.start(png(image), "field.png")
    end = time.monotonic() + 60
    while job.state == "running" and time.monotonic() < end:
        time.sleep(0.05)
    assert (job.state, job.problem, job.cells, job.done) == ("done", None, 2, 1.0)
    assert len(fields.cells(job.found.id)) == 2


def test_a_bad_upload_or_scale_starts_nothing(fields) -> None:
    with pytest.raises(IntakeError, match="holds text"):
        fields.start(b"no picture at all", "field.png")
    with pytest.raises(IntakeError, match="The scale is 99 micrometres"):
        fields.start(png(field_of(1, 1)[0]), "field.png", micrometres_per_pixel=99)
    assert fields.fields() == []


def test_the_sample_field_is_read_only_as_a_sample(fields) -> None:
    field = sample_field()
    with pytest.raises(IntakeError, match="choose the sample field"):
        fields.start(field, "field.png")
    job = fields.start(field, "field.png", sample=True)
    end = time.monotonic() + 120
    while job.state == "running" and time.monotonic() < end:
        time.sleep(0.05)
    rows = fields.cells(job.found.id)
    assert rows
    assert all(row.reading.sample for row in rows)
    height, width = SIZE
    assert not any(row.place.x > 0.86 * width and row.place.y > 0.9 * height for row in rows)
    kept = fields.triage.blob(fields.field(job.found.id).image_sha256)
    with Image.open(io.BytesIO(kept)) as shown:
        assert is_marked(shown)


def test_neighbours_of_a_cell_are_those_of_its_field(fields) -> None:
    made = fields.read(Picture(field_of(3, 1)[0]), _on)
    ids = [row.reading.id for row in fields.cells(made.id)]
    assert fields.triage.neighbours(ids[0]) == (None, ids[1])
    assert fields.triage.neighbours(ids[1]) == (ids[0], ids[2])
    assert fields.triage.neighbours(ids[2]) == (ids[1], None)


def test_a_deleted_field_is_gone_with_its_cells(fields) -> None:
    made = fields.read(Picture(field_of(2, 1)[0]), _on)
    fields.delete(made.id)
    assert fields.fields() == []
    assert not [path for path in fields.triage.settings.blobs.rglob("*") if path.is_file()]


def test_geojson_of_a_field_holds_the_outlines_where_they_lie(fields) -> None:
    made = fields.read(Picture(field_of(2, 1)[0]), _on)
    rows = fields.cells(made.id)
    content = exports.export_field_geojson(made, rows, fields.triage.blob).data
    found = json.loads(content)["features"]
    assert [each["properties"]["objectType"] for each in found] == ["cell"] * len(found)
    assert found
    whole = labels_from(content, "field.geojson", made.height, made.width)
    wanted = np.zeros_like(whole)
    for row in rows:
        labels = fields.triage.labels(row.reading)
        height, width = labels.shape
        left, top = row.place.left, row.place.top
        part = wanted[top : top + height, left : left + width]
        np.maximum(part, labels, out=part)
    assert (whole == wanted).mean() > 0.999


def test_the_label_tiff_of_a_field_has_each_cell_by_its_number(fields, monkeypatch) -> None:
    monkeypatch.setattr("cervix_models.reports.label_image.TILE", 64)  # cells cross the tiles
    made = fields.read(Picture(field_of(2, 2)[0]), _on, micrometres_per_pixel=0.5)
    rows = fields.cells(made.id)
    content = exports.export_field_tiff(made, rows, fields.triage.blob).data
    with tifffile.TiffFile(io.BytesIO(content)) as opened:
        cells, nuclei = (page.asarray() for page in opened.pages)
        tags = opened.pages[0].tags
        assert tags["XResolution"].value == (20_000, 1)
        assert "Not a medical device" in tags["ImageDescription"].value
    assert cells.dtype == np.uint16
    for page, part in ((cells, "cell"), (nuclei, "nucleus")):
        wanted = np.zeros((made.height, made.width), np.uint16)
        for row in reversed(rows):  # the lower number lies above
            labels = Segmentation.from_labels(fields.triage.labels(row.reading))
            mask, place = getattr(labels, part), row.place
            window = wanted[place.top :, place.left :][: mask.shape[0], : mask.shape[1]]
            window[mask] = place.number
        np.testing.assert_array_equal(page, wanted)
    assert set(np.unique(nuclei)) == {0, 1, 2, 3, 4}


def test_a_field_without_cells_has_an_empty_label_tiff(fields) -> None:
    made = fields.read(Picture(np.full((300, 400, 3), 235, np.uint8)), _on)
    content = exports.export_field_tiff(made, [], fields.triage.blob).data
    with tifffile.TiffFile(io.BytesIO(content)) as opened:
        assert [page.shape for page in opened.pages] == [(300, 400)] * 2
        assert not opened.pages[0].asarray().any()


def test_no_cell_of_a_normal_class_is_ranked(fields) -> None:
    made = fields.read(Picture(field_of(4, 1)[0]), _on)
    rows = fields.cells(made.id)
    said = [("Parabasal", 0.9), (None, 0.6), ("Koilocytotic", 0.97), ("Metaplastic", 0.9)]
    rows = [
        replace(
            row,
            reading=replace(row.reading, label=label, probabilities={"Koilocytotic": share}),
        )
        for row, (label, share) in zip(rows, said, strict=True)
    ]
    assert [row.place.number for row in by_concern(rows)] == [3, 2, 1, 4]
