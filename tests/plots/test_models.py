"""The figures of several models: what stands in which row, and what they say in words."""

from __future__ import annotations

import json

import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.plots import (
    Standing,
    alt_text,
    bending_chart,
    difference_chart,
    opinion_map,
    outline_chart,
    size_chart,
    standing_chart,
    training_chart,
)


def _between(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.02}


STANDINGS = [
    Standing("large", _between(0.96), _between(0.98), 0.99, _between(0.02), 25_000_000),
    Standing("small", _between(0.91), parameters=286_117),
]


def test_each_model_has_a_row_with_all_that_is_known() -> None:
    figure = standing_chart(STANDINGS)
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["Clusters kept apart, ours"].y) == ["large", "small"]
    assert list(by_name["Random split, ours"].y) == ["large"]
    assert list(by_name["Reported, split not stated"].x) == [0.99]
    bars = by_name["Clusters kept apart, ours"].error_x
    assert list(bars.array) == pytest.approx([0.02, 0.02])
    assert list(bars.arrayminus) == pytest.approx([0.01, 0.01])
    assert list(figure.layout.yaxis.categoryarray) == ["small", "large"]  # drawn from below
    assert "large 96.0 % with clusters kept apart, 98.0 % on the random split" in alt_text(figure)


def test_differences_are_in_points_with_their_sign() -> None:
    figure = difference_chart({"a": _between(0.016), "b": _between(-0.02)}, "Random minus cluster")
    assert list(figure.data[0].x) == pytest.approx([1.6, -2.0])
    assert "a +1.6 (+0.6 to +3.6); b -2.0 (-3.0 to +0.0)" in alt_text(figure)


def test_size_is_shown_where_it_is_known() -> None:
    figure = size_chart([*STANDINGS, Standing("unknown", _between(0.5))])
    assert list(figure.data[0].x) == [286_117, 25_000_000]
    assert figure.layout.xaxis.type == "log"


def test_curves_of_a_measure_that_was_not_logged_are_left_out() -> None:
    curves = {"a": [{"epoch": 1, "val_loss": 0.5}, {"epoch": 2, "val_loss": 0.25}], "b": []}
    figure = training_chart(curves, "val_loss")
    assert [trace.name for trace in figure.data] == ["a"]
    assert "a 0.5 to 0.25 in 2 epochs" in alt_text(figure)
    assert "no curve is known" in alt_text(training_chart(curves, "val_accuracy"))


def test_a_bending_model_stands_over_what_the_gate_refuses() -> None:
    points = [
        {"strength": s, "accuracy": _between(a), "refused": r}
        for s, a, r in ((0, 0.95, 0.0), (2, 0.5, 0.75))
    ]
    figure = bending_chart({"a": points}, "Blur", "px", 0)
    assert [trace.name for trace in figure.data] == ["refused by the gate", "a"]
    assert list(figure.data[0].y) == [0.0, 0.75]
    assert "the gate refuses 0.0 % at 0, 75.0 % at 2; a is right in 95.0 % at 0" in alt_text(figure)


def test_opinions_are_in_the_order_of_classes_and_told_in_full() -> None:
    said = {name: 0.004 if at else 0.984 for at, name in enumerate(CLASS_NAMES)}
    figure = opinion_map({"whole:<br>part": said})
    assert list(figure.data[0].text[0]) == ["98", "0", "0", "0", "0"]
    assert f"whole: part: {CLASS_NAMES[0]} 98.4 %" in alt_text(figure)


def test_no_figure_has_a_ground_of_its_own() -> None:
    for figure in (standing_chart(STANDINGS), size_chart(STANDINGS)):
        assert json.loads(figure.to_json())["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"


def test_each_segmenter_has_a_row_with_three_regions_and_what_is_reported() -> None:
    dice = {
        name: {"nucleus": _between(0.93), "cell": _between(0.94), "cytoplasm": _between(0.83)}
        for name in ("one", "two")
    }
    figure = outline_chart(dice, {"one": {"nucleus": 0.933}, "two": {}})
    ours = [trace for trace in figure.data if trace.name == "Held-out cells, ours"]
    assert [list(trace.x) for trace in ours] == [[0.93] * 2, [0.94] * 2, [0.83] * 2]
    assert len({trace.yaxis for trace in ours}) == 3  # a panel a region
    assert list(ours[1].error_x.array) == pytest.approx([0.02, 0.02])
    (told,) = [trace for trace in figure.data if trace.name.startswith("Reported")]
    assert (list(told.y), told.yaxis) == (["one"], ours[0].yaxis)
    assert [trace.showlegend for trace in figure.data].count(True) == 2
    assert "one nucleus 0.930, cell 0.940, cytoplasm 0.830" in alt_text(figure)


def test_names_in_the_size_chart_cover_no_other() -> None:
    crowd = [Standing(f"network_{n}", _between(0.9 + n / 2000), parameters=25_000_000 + n)
             for n in range(6)]  # fmt: skip
    lone = Standing("small", _between(0.8), parameters=10_000)
    (dots,) = size_chart([*crowd, lone]).data
    named = [each for each in dots.text if each]
    assert "small" in named
    assert "network_5" in named  # the most accurate of the crowd
    assert len(named) < 7
    assert set(dots.hovertext) == {each.name for each in (*crowd, lone)}
