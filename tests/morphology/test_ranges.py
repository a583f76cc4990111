"""The spread of features by class, and the file that keeps it."""

import json

import pytest

from cervix_models.errors import DataError
from cervix_models.morphology import (
    RangesHeader,
    class_ranges,
    load_class_ranges,
    load_ranges_header,
    save_class_ranges,
)

HEADER = RangesHeader(cells=202, segmenter_sha256="ab" * 32, data_set="made up")


def cells(count=101):
    return [{"nucleus_area": float(each), "halo_contrast": each / 1000} for each in range(count)]


def test_percentiles_of_a_known_row():
    spread = class_ranges({"Parabasal": cells()})["Parabasal"]["nucleus_area"]
    assert (spread.p5, spread.p25, spread.p50, spread.p75, spread.p95) == (5, 25, 50, 75, 95)
    assert spread.count == 101


def test_classes_come_in_their_one_order_and_rare_features_are_left_out():
    some = cells() + [{"cytoplasm_area": 5.0}] * 19
    ranges = class_ranges({"Parabasal": cells(), "Dyskeratotic": some})
    assert list(ranges) == ["Dyskeratotic", "Parabasal"]
    assert list(ranges["Dyskeratotic"]) == ["nucleus_area", "halo_contrast"]


def test_what_is_saved_is_loaded_and_saved_the_same(tmp_path):
    ranges = class_ranges({"Parabasal": cells(), "Metaplastic": cells(60)})
    first, second = tmp_path / "new" / "a.json", tmp_path / "b.json"
    save_class_ranges(ranges, HEADER, first)
    backwards = {name: dict(reversed(ranges[name].items())) for name in reversed(ranges)}
    save_class_ranges(backwards, HEADER, second)
    assert first.read_bytes() == second.read_bytes()
    assert load_ranges_header(first) == HEADER
    loaded = load_class_ranges(first)
    assert list(loaded) == ["Metaplastic", "Parabasal"]
    assert loaded["Parabasal"]["halo_contrast"].p95 == pytest.approx(0.095)
    assert loaded["Parabasal"]["nucleus_area"] == ranges["Parabasal"]["nucleus_area"]


def test_a_missing_table_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="no table of feature ranges"):
        load_class_ranges(tmp_path / "none.json")


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps({"ranges": {"A": {"b": {"p5": 1}}}})])
def test_a_broken_table_is_refused(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(DataError, match="is no table of feature ranges"):
        load_class_ranges(path)
    with pytest.raises(DataError, match="is no table of feature ranges"):
        load_ranges_header(path)
