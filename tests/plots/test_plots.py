"""The figures: what they draw, in which order, and that nothing vanishes on light or dark."""

import json

import numpy as np
import pytest

from cervix_models.contracts import FeatureRange
from cervix_models.data.labels import CLASS_NAMES, CLASSES, class_named
from cervix_models.errors import MeasurementError
from cervix_models.morphology import feature_named
from cervix_models.plots import (
    CoveragePoint,
    ReliabilityBin,
    alt_text,
    amount,
    confusion_matrix,
    coverage_curve,
    feature_strip,
    per_cent,
    percentile_radar,
    probability_bars,
    reliability_diagram,
)
from cervix_models.plots.base import BLUE, CLEAR, GREY

PROBABILITIES = dict(zip(CLASS_NAMES, (0.02, 0.9, 0.05, 0.0296, 0.0004), strict=True))
BINS = [ReliabilityBin(0.55, 0.5, 20), ReliabilityBin(0.75, 0, 0), ReliabilityBin(0.98, 0.97, 400)]
POINTS = [CoveragePoint(0.9, 0.7, 0.99), CoveragePoint(0.0, 1.0, 0.95)]


def ranges(name="nucleus_area"):
    return {
        each: {name: FeatureRange(100 + at, 200 + at, 300 + at, 400 + at, 500 + at, 80)}
        for at, each in enumerate(CLASS_NAMES)
    }


def figures():
    return {
        "bars": probability_bars(PROBABILITIES),
        "strip": feature_strip(feature_named("nucleus_area"), 250, ranges()),
        "reliability": reliability_diagram(BINS),
        "confusion": confusion_matrix(np.eye(5, dtype=int) * 7, CLASS_NAMES),
        "coverage": coverage_curve(POINTS, chosen=0.9),
    }


@pytest.mark.parametrize("kind", figures())
def test_every_figure_lies_clear_leaves_letters_to_the_page_and_speaks(kind):
    figure = figures()[kind]
    layout = json.loads(figure.to_json())["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == CLEAR
    assert "color" not in layout.get("font", {})
    assert layout["dragmode"] is False
    assert layout["xaxis"]["fixedrange"]
    assert layout["yaxis"]["fixedrange"]
    assert len(alt_text(figure)) > 30
    assert figure.layout.width is None


def test_bars_keep_the_order_colours_and_letters_of_the_classes():
    shuffled = dict(reversed(PROBABILITIES.items()))
    bar = probability_bars(shuffled).data[0]
    assert list(bar.marker.color) == [each.colour for each in CLASSES]
    assert [label[3:5] for label in bar.y] == [each.short for each in CLASSES]
    assert list(bar.x) == list(PROBABILITIES.values())
    assert bar.text[1] == "90.0 %"
    assert "Koilocytotic 90.0 %" in alt_text(probability_bars(shuffled))


def test_bars_of_a_referred_reading_show_no_class_above_another():
    bar = probability_bars(PROBABILITIES, neutral=True).data[0]
    assert set(bar.marker.color) == {GREY}


def test_strip_draws_the_percentiles_and_the_value():
    figure = feature_strip(feature_named("nucleus_area"), 250, ranges())
    pale, full, tick = figure.data[:3]
    assert (pale.base[0], pale.base[0] + pale.x[0]) == (100, 500)
    assert (full.base[0], full.base[0] + full.x[0]) == (200, 400)
    assert tick.x[0] == 300
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 250
    assert figure.layout.annotations[0].text == "<b>250 px²</b>"
    assert len(figure.data) == 15


def test_strip_is_in_micrometres_where_the_scale_is_known():
    figure = feature_strip(feature_named("nucleus_area"), 250, ranges(), 0.2)
    assert figure.layout.shapes[0].x0 == pytest.approx(10)
    assert figure.data[0].base[0] == pytest.approx(4)
    assert figure.layout.annotations[0].text == "<b>10.0 µm²</b>"
    assert figure.layout.xaxis.title.text == "Nucleus area (µm²)"


def test_strip_lives_without_a_value_and_without_ranges():
    feature = feature_named("nucleus_area")
    assert not feature_strip(feature, None, ranges()).layout.shapes
    empty = feature_strip(feature, 250, {})
    assert not empty.data
    assert "No ranges" in alt_text(empty)


def test_reliability_leaves_out_empty_bins():
    honest, dots = reliability_diagram(BINS).data
    assert list(honest.x) == list(honest.y) == [0, 1]
    assert list(dots.x) == [0.55, 0.98]
    assert dots.marker.size[1] > dots.marker.size[0]
    assert dots.line.color == BLUE


def test_confusion_shades_by_row_and_writes_counts():
    matrix = np.zeros((5, 5), int)
    matrix[0] = (6, 2, 0, 0, 0)
    cells = confusion_matrix(matrix, CLASS_NAMES).data[0]
    assert list(cells.z[0]) == [0.75, 0.25, 0, 0, 0]
    assert not np.any(cells.z[1:])
    assert cells.text[0][1] == 2
    assert list(cells.x) == [each.short for each in CLASSES]
    assert "6 of 8 right" in alt_text(confusion_matrix(matrix, CLASS_NAMES))


def test_a_matrix_of_another_size_is_refused():
    with pytest.raises(MeasurementError, match="one row and one column a class"):
        confusion_matrix(np.eye(4), CLASS_NAMES)


def test_coverage_runs_from_few_to_all_and_rings_the_threshold_in_use():
    figure = coverage_curve(POINTS, chosen=0.88)
    curve, ring = figure.data
    assert list(curve.x) == [0.7, 1.0]
    assert ring.x[0] == 0.7
    assert "70.0 % answered,<br>99.0 % right" in figure.layout.annotations[0].text
    assert not coverage_curve([]).data[0].x


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (0.0004, "< 0.1 %"), (0.5, "50.0 %"), (0.9996, "> 99.9 %"), (1, "100.0 %")],
)
def test_per_cent_never_rounds_to_certainty(share, text):
    assert per_cent(share) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12345.6, "px²", "12 346 px²"),
        (45.67, "px", "45.7 px"),
        (0.01234, "", "0.0123"),
        (-12.3, "°", "-12.3°"),
    ],
)
def test_amounts_have_three_digits_and_a_unit(value, unit, text):
    assert amount(value, unit) == text


def test_a_radar_has_a_closed_spoke_a_feature_and_the_middle_half() -> None:
    figure = percentile_radar({"Nucleus area": 90.0, "Halo contrast": 12.4}, "Koilocytotic")
    *rings, cell = figure.data
    assert [set(each.r) for each in rings] == [{25}, {75}]
    assert list(cell.theta) == ["Nucleus area", "Halo<br>contrast", "Nucleus area"]
    assert list(cell.r) == [90, 12.4, 90]
    assert cell.line.color == class_named("Koilocytotic").colour
    assert alt_text(figure) == (
        "Percentiles of this cell among Koilocytotic cells: Nucleus area 90, Halo contrast 12."
    )
    assert "none" in alt_text(percentile_radar({}, "Parabasal"))
