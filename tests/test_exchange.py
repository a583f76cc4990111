"""Outlines go out to other programs and come back as they were."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cervix_models.contracts import NOTICE, Segmentation, WorklistRow
from cervix_models.errors import IntakeError
from cervix_models.reports.coco import readings_coco
from cervix_models.reports.geojson import reading_geojson
from cervix_models.reports.incoming import labels_from
from cervix_models.reports.label_image import reading_tiff
from cervix_models.reports.table import readings_csv, readings_parquet
from tests.storage.samples import cell_labels, make_reading, png, referred

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
