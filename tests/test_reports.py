"""Exports hold what the reading holds, in the form that other programs open."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pypdf
import pytest
import shapely

from cervix_models.contracts import NOTICE, FeatureRange, HeatShares, WorklistRow
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import StorageError
from cervix_models.reports.feature_table import number
from cervix_models.reports.geojson import reading_geojson
from cervix_models.reports.outlines import outline
from cervix_models.reports.pdf import ReportPictures, reading_pdf
from cervix_models.reports.record import reading_from_json, reading_json
from cervix_models.reports.table import readings_csv
from cervix_models.services import exports
from tests.storage.samples import (
    cell_labels,
    ellipse,
    make_reading,
    make_verdict,
    pictures,
    png,
    referred,
)

REMARK = "Thin halo; Größe, мазок.\nSecond look <b>needed</b> & more."
ROW = WorklistRow(make_reading(), make_verdict("correct", "Metaplastic", REMARK))
REFERRED = WorklistRow(referred(1, micrometres_per_pixel=None), None)
MASK = png(cell_labels())


def table(rows) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(readings_csv(rows)))


def test_a_table_has_a_row_a_reading() -> None:
    found = table([ROW, REFERRED])
    assert list(found["id"]) == ["reading-0000", "reading-0001"]
    assert list(found["label"].fillna("")) == ["Koilocytotic", ""]
    first, second = found.iloc[0], found.iloc[1]
    for name in CLASS_NAMES:
        assert first[f"probability_{name}"] == ROW.reading.probabilities[name]
        assert math.isnan(second[f"probability_{name}"])
    assert first["time"] == "2026-03-14T12:00:00.123456+00:00"
    assert (first["verdict"], first["verdict_label"]) == ("correct", "Metaplastic")
    assert (first["remark"], first["author"]) == (REMARK, "A. Reader")
    assert (first["heat_nucleus"], first["heat_background"]) == (0.5, 0.1)
    assert first["models"] == f"classifier resnet@1.2:{'c' * 64}; segmenter outliner@0.9:{'d' * 64}"
    assert second["reasons"] == "The picture is blurred. Take it again in focus."
    assert set(found["notice"]) == {NOTICE}


def test_a_table_has_every_feature_and_lengths_in_micrometres() -> None:
    more = make_reading(2, micrometres_per_pixel=None, features={"mine": 2.0, "nucleus_area": 10.0})
    found = table([ROW, WorklistRow(more, None)])
    names = [name for name in found if name in {*ROW.reading.features, "mine"}]
    assert names == ["nucleus_area", "nucleus_solidity", "cytoplasm_area", "mine"]
    assert list(found["nucleus_area"]) == [1005.0, 10.0]
    assert found["nucleus_area_um2"][0] == 1005.0 * 0.25**2
    assert math.isnan(found["nucleus_area_um2"][1])
    assert "nucleus_solidity_um" not in found
    assert not [name for name in table([WorklistRow(more, None)]) if "_um" in name]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_table_runs_no_formula(start) -> None:
    remark = f'{start}HYPERLINK("http://example.org","x")'
    row = replace(ROW, verdict=replace(make_verdict(remark=remark), author="=1+1"))
    (line,) = csv.DictReader(io.StringIO(readings_csv([row]).decode("utf-8-sig"), newline=""))
    assert line["remark"] == f"'{remark}"
    assert line["author"] == "'=1+1"


def test_a_table_keeps_negative_numbers_as_numbers_and_leaves_gaps_for_none() -> None:
    given = make_reading(features={"halo_contrast": -0.25, "nucleus_area": math.nan})
    found = table([WorklistRow(given, None)]).iloc[0]
    assert found["halo_contrast"] == -0.25
    assert math.isnan(found["nucleus_area"])


def test_a_table_of_nothing_has_its_header() -> None:
    assert table([]).empty
    assert "id" in table([])


@pytest.mark.parametrize("row", [ROW, REFERRED])
def test_a_record_comes_back_as_it_was(row) -> None:
    data = reading_json(row)
    assert reading_from_json(data) == row
    found = json.loads(data)
    assert found["schema"] == "cervix-reading/1"
    assert found["notice"] == NOTICE
    assert found["reading"]["created_at"].endswith("+00:00")


def test_a_record_holds_no_nan_and_gives_it_back() -> None:
    row = WorklistRow(make_reading(features={"nucleus_area": math.nan}), None)
    data = reading_json(row)
    assert json.loads(data, parse_constant=pytest.fail)["reading"]["features"] == {
        "nucleus_area": None
    }
    assert math.isnan(reading_from_json(data).reading.features["nucleus_area"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe", "Error"),
        (b"[]", "TypeError"),
        (b'{"reading": {}}', "KeyError: 'schema'"),
        (b'{"schema": "cervix-reading/9"}', "its schema is 'cervix-reading/9'"),
        (b'{"schema": "cervix-reading/1", "reading": {}, "verdict": null}', "KeyError"),
    ],
)
def test_what_is_no_record_is_refused(data, reason) -> None:
    with pytest.raises(StorageError, match=f"{reason}.*; expected JSON of the schema"):
        reading_from_json(data)


def features_of(reading, mask=MASK) -> dict[str, dict]:
    found = json.loads(reading_geojson(reading, mask))
    assert (found["type"], found["notice"]) == ("FeatureCollection", NOTICE)
    return {each["properties"].get("name", "cell"): each for each in found["features"]}


def shape(geometry) -> shapely.Geometry:
    return shapely.from_geojson(json.dumps(geometry))


def test_outlines_are_where_the_cell_is() -> None:
    labels = np.zeros((200, 300), np.uint8)
    labels[ellipse(200, 300, (70, 90), centre=(0.5, 0.4))] = 1
    labels[ellipse(200, 300, (20, 30), centre=(0.5, 0.4))] = 2
    found = features_of(make_reading(), png(labels))
    cytoplasm, nucleus = shape(found["Cytoplasm"]["geometry"]), shape(found["Nucleus"]["geometry"])
    for geometry, (rows, columns) in ((cytoplasm, (70, 90)), (nucleus, (20, 30))):
        assert geometry.geom_type == "Polygon"
        assert geometry.is_valid
        assert geometry.exterior.is_closed
        assert geometry.area == pytest.approx(math.pi * rows * columns, rel=0.02)
        assert geometry.bounds == pytest.approx(
            (120 - columns, 100 - rows, 120 + columns, 100 + rows), abs=1
        )
        assert (geometry.centroid.x, geometry.centroid.y) == pytest.approx((120, 100), abs=0.2)
    assert cytoplasm.contains(nucleus)


def test_holes_and_pieces_are_kept() -> None:
    region = np.zeros((60, 90), bool)
    region[5:45, 5:45] = True
    region[15:35, 15:35] = False
    region[20:30, 20:30] = True  # an island in the hole
    region[0:8, 70:90] = True  # at the picture's corner
    found = outline(region)
    assert found.is_valid
    assert found.geom_type == "MultiPolygon"
    assert sorted(len(each.interiors) for each in found.geoms) == [0, 0, 1]
    assert found.area == pytest.approx(region.sum(), rel=0.01)
    assert found.bounds == (5, 0, 90, 45)


def test_outlines_open_in_qupath() -> None:
    found = features_of(make_reading())
    assert list(found) == ["Cytoplasm", "Nucleus", "cell"]
    for name in ("Cytoplasm", "Nucleus"):
        properties = found[name]["properties"]
        assert properties["objectType"] == "annotation"
        assert properties["classification"]["name"] == name
        assert all(0 <= each <= 255 for each in properties["classification"]["color"])
    cell = found["cell"]
    assert cell["properties"]["objectType"] == "cell"
    assert cell["properties"]["classification"] == {
        "name": "Koilocytotic",
        "color": [204, 121, 167],
    }
    assert cell["properties"]["measurements"] == make_reading().features
    assert cell["nucleusGeometry"] == found["Nucleus"]["geometry"]
    assert found["Nucleus"]["properties"]["measurements"] == {
        "nucleus_area": 1005.0,
        "nucleus_solidity": 0.98,
    }
    assert cell["properties"]["metadata"]["Notice"] == NOTICE
    assert len({each["id"] for each in found.values()}) == 3
    assert features_of(make_reading()) == found


def test_outlines_of_a_referred_cell_name_no_class() -> None:
    given = referred(probabilities={"Koilocytotic": 0.6, "Metaplastic": 0.4})
    assert "Koilocytotic" not in reading_geojson(given, MASK).decode()
    assert features_of(given)["cell"]["properties"]["classification"]["name"] == "Refer"


def test_outlines_without_nucleus_or_mask() -> None:
    labels = np.minimum(cell_labels(), 1)
    found = features_of(make_reading(), png(labels))
    assert list(found) == ["Cytoplasm", "cell"]
    assert "nucleusGeometry" not in found["cell"]
    assert features_of(make_reading(), None) == {}
    assert features_of(make_reading(), png(np.zeros((9, 9), np.uint8))) == {}
    with pytest.raises(StorageError, match="holds other values than 0, 1 and 2"):
        reading_geojson(make_reading(), png(np.full((9, 9), 3, np.uint8)))


NAMES = ("image_sha256", "mask_sha256", "heat_sha256")
PICTURES = ReportPictures(*(pictures()[name] for name in NAMES))
SPREAD = FeatureRange(900, 950, 1000, 1050, 1100, 40)


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def test_a_report_says_what_the_reading_says() -> None:
    first, second = pages_of(reading_pdf(ROW, PICTURES, {"Parabasal": {"nucleus_area": SPREAD}}))
    for text in (first, second):
        assert NOTICE in text
    for said in (
        "Koilocytotic", "91.0 %", "14 March 2026, 12:00:00 UTC", "0" * 64, "c" * 64, "d" * 64,
        "Corrects it to Metaplastic.", "A. Reader", "Größe, мазок.", "<b>needed</b> & more.",
        "nucleus 50 %, cytoplasm 40 %, background 10 %", "0.25 µm a pixel",
    ):  # fmt: skip
        assert said in " ".join(first.split()), said
    assert "900–1,100" in second
    assert "62.8 µm²" in second  # 1005 px² at 0.25 µm


def test_a_report_is_the_same_each_time() -> None:
    assert reading_pdf(ROW, PICTURES, {}) == reading_pdf(ROW, PICTURES, {})


def test_a_report_of_a_referral_names_no_class_as_the_answer() -> None:
    given = referred(probabilities=dict.fromkeys(CLASS_NAMES, 0.2), conformal_set=("Koilocytotic",))
    (text,) = pages_of(reading_pdf(WorklistRow(given, None), PICTURES, {}))
    assert "Refer" in text
    assert "The picture is blurred." in text
    assert "no answer: referred" in text
    assert "Cannot be left out" not in text  # of one class, it would read as the answer
    assert text.count("Koilocytotic") == 1  # among the bars, grey, in their one order


def test_a_report_without_outlines_or_probabilities() -> None:
    (text,) = pages_of(reading_pdf(REFERRED, replace(PICTURES, mask=None, heat=None), {}))
    assert "No outlines were found." in text
    assert "Calibrated" not in text
    assert "Grad-CAM" not in text


def test_a_report_says_where_heat_falls_mostly_outside_and_what_is_synthetic() -> None:
    given = make_reading(heat=HeatShares(0.1, 0.2, 0.7), sample=True)
    first, _ = pages_of(reading_pdf(WorklistRow(given, None), PICTURES, {}))
    assert "Most of it falls outside the cell" in " ".join(first.split())
    assert "Synthetic sample" in first
    assert "Synthetic sample" not in pages_of(reading_pdf(ROW, PICTURES, {}))[0]


def test_a_report_takes_the_longest_remark() -> None:
    row = replace(ROW, verdict=make_verdict(remark="word " * 200 + "x" * 1000))
    pages = pages_of(reading_pdf(row, PICTURES, {}))
    assert all(NOTICE in text for text in pages)
    assert "".join(pages).count("word") == 200


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0.00"),
        (12345.6, "12,346"),
        (81.72, "81.7"),
        (0.0041234, "0.0041"),
        (-0.25, "−0.250"),
        (-0.00001, "0.0000"),
        (math.nan, "–"),
    ],
)
def test_numbers_are_short(value, written) -> None:
    assert number(value) == written


def test_exports_have_a_name_a_type_and_the_content() -> None:
    blobs = {name[0] * 64: data for name, data in zip("abc", pictures().values(), strict=True)}
    named = dict(zip(NAMES, blobs, strict=True))
    row = WorklistRow(make_reading(**named, id="../a b"), None)
    made = [
        exports.export_json(row),
        exports.export_geojson(row, blobs.__getitem__),
        exports.export_pdf(row, blobs.__getitem__),
        exports.export_csv([row]),
    ]
    names = [each.filename for each in made]
    assert names[:3] == [f"reading-___a_b.{ending}" for ending in ("json", "geojson", "pdf")]
    assert names[3].startswith("readings-")
    kinds = [each.mime for each in made]
    assert kinds == ["application/json", "application/geo+json", "application/pdf", "text/csv"]
    assert made[2].data.startswith(b"%PDF-")
    assert len(json.loads(made[1].data)["features"]) == 3
    assert reading_from_json(made[0].data) == row
