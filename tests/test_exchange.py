"""Outlines go out to other programs and come back as they were."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pypdf
import pytest
from PIL import Image

from cervix_models.contracts import NOTICE, Segmentation, WorklistRow
from cervix_models.data.importing import scan
from cervix_models.data.masks import mask_of
from cervix_models.errors import IntakeError
from cervix_models.reports.coco import readings_coco
from cervix_models.reports.geojson import reading_geojson
from cervix_models.reports.incoming import labels_from
from cervix_models.reports.label_image import reading_tiff
from cervix_models.reports.record import reading_from_json, reading_json
from cervix_models.reports.table import readings_csv, readings_parquet
from cervix_models.services import exports
from tests.storage.samples import (
    cell_labels,
    make_reading,
    make_revision,
    make_verdict,
    pictures,
    png,
    referred,
)

LABELS = cell_labels()
READING = make_reading()
HEIGHT, WIDTH = LABELS.shape


def ragged() -> np.ndarray:
    """Labels with holes, pieces, single pixels and regions at the picture's edge."""
    rng = np.random.default_rng(3)
    blobs = np.asarray(
        Image.fromarray(rng.integers(0, 256, (12, 16), dtype=np.uint8)).resize((WIDTH, HEIGHT))
    )
    cell = blobs > 110
    return Segmentation(nucleus=cell & (blobs > 170), cytoplasm=cell & (blobs <= 170)).labels()


@pytest.mark.parametrize("labels", [LABELS, ragged()], ids=["cell", "ragged"])
def test_geojson_comes_back_as_the_same_masks(labels) -> None:
    out = reading_geojson(READING, png(labels))
    np.testing.assert_array_equal(labels_from(out, "a.geojson", HEIGHT, WIDTH), labels)


def test_annotations_alone_come_back_too() -> None:
    out = json.loads(reading_geojson(READING, png(LABELS)))
    kept = [each for each in out["features"] if "nucleusGeometry" not in each]
    assert len(kept) == 2
    for given in (kept, {"type": "FeatureCollection", "features": kept}):
        found = labels_from(json.dumps(given).encode(), "a.geojson", HEIGHT, WIDTH)
        np.testing.assert_array_equal(found, LABELS)
    for each in kept:  # known by their class alone
        del each["properties"]["name"]
    found = labels_from(json.dumps(kept).encode(), "a.geojson", HEIGHT, WIDTH)
    np.testing.assert_array_equal(found, LABELS)
    nucleus = labels_from(json.dumps(kept[1]).encode(), "a.geojson", HEIGHT, WIDTH)
    np.testing.assert_array_equal(nucleus == 2, LABELS == 2)
    assert set(np.unique(nucleus)) == {0, 2}


@pytest.mark.parametrize("labels", [LABELS, ragged()], ids=["cell", "ragged"])
def test_label_tiff_comes_back_and_says_what_it_is(labels) -> None:
    out = reading_tiff(READING, png(labels))
    np.testing.assert_array_equal(labels_from(out, "a.tif", HEIGHT, WIDTH), labels)
    with Image.open(io.BytesIO(out)) as opened:
        assert opened.tag_v2[270].startswith(
            "0 background, 1 cytoplasm, 2 nucleus. Reading reading"
        )
        assert NOTICE in opened.tag_v2[270]
        assert (opened.tag_v2[296], float(opened.tag_v2[282])) == (3, 40_000)  # 0.25 um a pixel
    bare = reading_tiff(replace(READING, micrometres_per_pixel=None), None)
    with Image.open(io.BytesIO(bare)) as opened:
        assert 282 not in opened.tag_v2
        assert not np.asarray(opened).any()


@pytest.mark.parametrize("labels", [LABELS, ragged()], ids=["cell", "ragged"])
def test_coco_holds_the_same_masks(labels) -> None:
    found = json.loads(readings_coco([(READING, png(labels)), (referred(1), None)]))
    assert [each["name"] for each in found["categories"]] == ["cell", "nucleus"]
    assert [each["id"] for each in found["images"]] == [1, 2]
    assert found["images"][0]["file_name"] == f"{READING.image_sha256}.png"
    assert found["info"]["description"] == NOTICE
    wanted = {1: labels > 0, 2: labels == 2}
    assert {each["category_id"] for each in found["annotations"]} == {1, 2}
    for each in found["annotations"]:
        region = wanted[each["category_id"]]
        rows, columns = np.nonzero(region)
        left, top, width, height = each["bbox"]
        assert (left, top) == (columns.min(), rows.min())
        assert (left + width, top + height) == (columns.max() + 1, rows.max() + 1)
        assert each["area"] == region.sum()
        np.testing.assert_array_equal(_decoded(each["segmentation"]), region)


def _decoded(segmentation) -> np.ndarray:
    if isinstance(segmentation, dict):
        assert segmentation["size"] == [HEIGHT, WIDTH]
        values = np.arange(len(segmentation["counts"])) % 2 == 1
        return np.repeat(values, segmentation["counts"]).reshape((HEIGHT, WIDTH), order="F")
    rings = [np.reshape(each, (-1, 2)).tolist() for each in segmentation]
    shape = {"type": "MultiPolygon", "coordinates": [[[*ring, ring[0]]] for ring in rings]}
    feature = {"type": "Feature", "geometry": shape, "properties": {"name": "Cell"}}
    return labels_from(json.dumps(feature).encode(), "c", HEIGHT, WIDTH) > 0


def test_parquet_holds_what_the_csv_holds() -> None:
    rows = [WorklistRow(READING, None), WorklistRow(referred(1), None)]
    found = pd.read_parquet(io.BytesIO(readings_parquet(rows)))
    table = pd.read_csv(io.BytesIO(readings_csv(rows)))
    assert list(found) == list(table)
    assert list(found["id"]) == list(table["id"])
    assert found["nucleus_area"][0] == READING.features["nucleus_area"]
    assert pd.read_parquet(io.BytesIO(readings_parquet([]))).empty


FAR = {"type": "Polygon", "coordinates": [[[900, 900], [950, 900], [950, 950], [900, 900]]]}


def _feature(geometry: object, **properties: object) -> bytes:
    made = {"type": "Feature", "geometry": geometry, "properties": properties}
    return json.dumps({"type": "FeatureCollection", "features": [made]}).encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no picture", "m holds no outlines that can be read"),
        (b"{", "m is no GeoJSON that can be read"),
        (_feature({"type": "Polygon", "coordinates": "x"}, name="Cell"), "m is no GeoJSON"),
        (_feature(None, name="Cell"), "m is no GeoJSON"),
        (_feature(FAR, name="Cell"), "m outlines nothing within 160 x 120 pixels"),
        (_feature(FAR, name="Artefact"), "m outlines nothing within"),
        (png(LABELS[:50]), "m is 160 x 50 pixels; 160 x 120 of one grey value"),
        (png(np.stack([LABELS] * 3, 2)), "m is 160 x 120 pixels of several colours"),
        (png(LABELS * 100), "m holds the value 100; 0 background"),
    ],
)
def test_what_is_no_outline_is_refused(content, sentence) -> None:
    with pytest.raises(IntakeError, match=sentence):
        labels_from(content, "m", HEIGHT, WIDTH)


def _corrected(number: int = 0, **changes) -> tuple[WorklistRow, dict[str, bytes]]:
    """A reading whose outlines a person shifted, and the pictures by their hash."""
    given = pictures(seed=number)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in given.items()}
    moved = png(np.roll(LABELS, 4, axis=1))
    own = hashlib.sha256(moved).hexdigest()
    reading = make_reading(number, **{**hashes, **changes})
    blobs = {hashes[name]: data for name, data in given.items()} | {own: moved}
    revision = make_revision(mask_sha256=own, features={"nucleus_area": 7.0})
    return WorklistRow(reading, make_verdict("correct", "Metaplastic"), revision), blobs


def test_exports_hold_the_newest_outlines() -> None:
    row, blobs = _corrected()
    moved = np.roll(LABELS, 4, axis=1)
    for export in (exports.export_geojson, exports.export_tiff):
        data = export(row, blobs.__getitem__).data
        np.testing.assert_array_equal(labels_from(data, "a", HEIGHT, WIDTH), moved)
    coco = json.loads(exports.export_coco([row], blobs.__getitem__).data)
    nucleus = next(each for each in coco["annotations"] if each["category_id"] == 2)
    np.testing.assert_array_equal(_decoded(nucleus["segmentation"]), moved == 2)
    table = pd.read_csv(io.BytesIO(exports.export_csv([row]).data))
    assert table["nucleus_area"][0] == 7
    said = table[["outlines", "outlines_author", "outlines_label", "label"]].iloc[0]
    assert list(said) == ["painted", "A. Reader", "Metaplastic", "Koilocytotic"]
    whole = pd.read_parquet(io.BytesIO(exports.export_parquet([row]).data))
    assert whole["outlines_time"][0].startswith("2026-03-14T14:00")
    assert reading_from_json(exports.export_json(row).data) == row
    text = pypdf.PdfReader(io.BytesIO(exports.export_pdf(row, blobs.__getitem__).data)).pages[0]
    assert "Corrected by A. Reader, 14 March 2026" in " ".join(text.extract_text().split())


def test_a_record_without_outlines_of_a_person_comes_back() -> None:
    row = WorklistRow(READING, None)
    data = json.loads(reading_json(row))
    assert data["revision"] is None
    del data["revision"]  # as earlier versions wrote it
    assert reading_from_json(json.dumps(data).encode()) == row
    assert pd.read_csv(io.BytesIO(readings_csv([row])))["outlines"][0] == "segmenter"


def test_corrected_outlines_are_a_set_to_train_on(tmp_path) -> None:
    rows, blobs = [], {}
    for number, changes in enumerate(({}, {}, {"sample": True}, {})):
        row, more = _corrected(number, **changes)
        rows.append(row)
        blobs |= more
    rows[1] = replace(rows[1], verdict=None)
    rows[3] = replace(rows[3], revision=replace(rows[3].revision, origin="segmenter"))
    rows.append(WorklistRow(make_reading(9), None))
    made = exports.export_training(rows, blobs.__getitem__)
    assert (made.mime, made.filename[-4:]) == ("application/zip", ".zip")
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        archive.extractall(tmp_path / "corrected")
    told = json.loads((tmp_path / "corrected/manifest.json").read_text())
    assert told["notice"] == NOTICE
    assert [each["author"] for each in told["cells"]] == ["A. Reader"] * 2
    index = scan(tmp_path / "corrected")
    assert index.source == "herlev"
    assert index.counts == {"Metaplastic": 1, "unknown": 1}
    for row in index.cells:
        np.testing.assert_array_equal(mask_of(index, row), np.roll(LABELS, 4, axis=1))
