"""The figures of what makes cells: what stands where, and what they say in words."""

from __future__ import annotations

import math

import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.plots import (
    Distance,
    Panel,
    alt_text,
    class_map,
    help_chart,
    kid_chart,
    nearest_chart,
    spread_chart,
    ways_chart,
)
from tests.fake_generators import between, told

FLOOR = {"value": 0.002, "low": -0.005, "high": 0.013}


def _named(figure) -> dict:
    return {trace.name: trace for trace in figure.data if trace.name}


def test_a_generator_stands_beside_the_one_it_improves_over_the_floor() -> None:
    figure = kid_chart(
        [Distance("a", between(0.3), FLOOR), Distance("a_better", between(0.1), FLOOR, "a")]
    )
    named = _named(figure)
    assert list(named["As its document describes"].y) == ["a"]
    assert list(named["Improved"].x) == [0.1]
    assert list(named["Improved"].error_x.array) == pytest.approx([0.02])
    (tie,) = [trace for trace in figure.data if trace.mode == "lines"]
    assert list(tie.y) == ["a", "a_better"]
    assert figure.layout.xaxis.type == "log"
    band = figure.layout.shapes[0]
    assert (band.x0, band.x1) == (0.001, 0.013)
    assert "a 0.300 (0.240 to 0.360); a_better 0.100" in alt_text(figure)
    assert "real against real 0.002 (-0.005 to 0.013)" in alt_text(figure)


def test_what_is_no_distance_on_a_logarithmic_axis_stands_at_its_end() -> None:
    near = {"value": -0.001, "low": -0.004, "high": 0.002}
    figure = kid_chart([Distance("near", near, FLOOR)])
    (dot,) = [trace for trace in figure.data if trace.name == "As its document describes"]
    assert (list(dot.x), list(dot.error_x.arrayminus)) == ([0.001], [0])
    assert list(dot.error_x.array) == pytest.approx([0.001])
    assert "-0.001 (-0.004 to 0.002)" in dot.customdata[0]
    assert figure.layout.xaxis.range[0] == pytest.approx(math.log10(0.001))


def test_precision_and_recall_stand_beside_those_of_real_cells() -> None:
    figure = spread_chart({"a": (0.7, 0.5), "b": (0.9, 0.1)}, (0.91, 0.93))
    named = _named(figure)
    assert (list(named["a"].y), list(named["a"].x)) == ([0.7], [0.5])
    assert list(named["Real against real"].x) == [0.93]
    assert len({trace.marker.symbol for trace in figure.data}) == 3
    assert "a precision 70.0 %, recall 50.0 %" in alt_text(figure)


def test_classes_are_shaded_by_share_or_by_nearness() -> None:
    shares = {"Real": told(0.9)["by_class"], "a": {**told(0.5)["by_class"], "All": 0.5}}
    (cells,) = class_map(shares, "Told").data
    assert list(cells.x) == ["DK", "KO", "MP", "PB", "SI", "All"]
    assert cells.z[0][5] is None
    assert list(cells.text[1])[-1] == "50"
    assert f"a: {CLASS_NAMES[0]} 46.0 %" in alt_text(class_map(shares, "Told"))
    (cells,) = class_map({"a": {"All": 0.1, CLASS_NAMES[0]: 0.01}}, "Far", share=False).data
    assert cells.z[0][0] < cells.z[0][1]  # the nearer the darker
    assert list(cells.text[0]) == ["0.100", "0.010"]


def test_copies_are_told_by_the_nearest_training_cell() -> None:
    found = {"real_first_percentile": 0.03, "real_median": 0.16, "made_least": 0.06,
             "made_median": 0.3, "flagged": 0.01}  # fmt: skip
    figure = nearest_chart({"a": found})
    named = _named(figure)
    assert list(named["Made, median"].y) == ["a<br>1.0 % flagged"]
    assert list(named["Real, first percentile"].x) == [0.03]
    assert "a median 0.300, least 0.060, real cells 0.160 and 0.030" in alt_text(figure)


def test_accuracy_stands_with_and_without_made_cells() -> None:
    real, both = {0.1: between(0.7), 1.0: between(0.9)}, {0.1: between(0.8), 1.0: between(0.9)}
    named = _named(help_chart(real, both, between(0.6)))
    assert list(named["Real cells"].customdata) == [10, 100]
    assert list(named["Real and made cells"].y) == [0.8, 0.9]
    assert list(named["Made cells alone"].x) == [0]
    assert "Made cells alone 60.0 % at 0 %" in alt_text(help_chart(real, both, between(0.6)))
    assert set(_named(help_chart(real, both, None))) == {"Real cells", "Real and made cells"}


def test_each_way_is_a_mark_in_each_panel() -> None:
    first, second = CLASS_NAMES[:2]
    values = {"one": {first: between(0.3), second: between(0.5)}, "two": {first: between(0.2)}}
    panels = [
        Panel("A", values, floors={"one": {first: 0.9}}),
        Panel("B", values, reported={"two": 0.7, "other": 0.1}),
    ]
    figure = ways_chart(panels)
    marks = [trace for trace in figure.data if trace.name == f"into {first}"]
    assert [list(trace.x) for trace in marks] == [[0.3, 0.2]] * 2
    assert [trace.name for trace in figure.data if trace.showlegend] == [
        "Real against real", f"into {first}", f"into {second}", "Reported, split not stated",
    ]  # fmt: skip
    (told_by,) = [t for t in figure.data if t.name.startswith("Reported") and len(t.x)]
    assert (list(told_by.x), list(told_by.y)) == ([0.7], [1])
    assert "two 0.200 (0.160 to 0.240) into" in alt_text(figure)
    assert "reported 0.700" in alt_text(figure)
    assert ways_chart(panels[:1], distances=True).layout.xaxis.type == "log"
