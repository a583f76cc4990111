from __future__ import annotations

import numpy as np
import pytest

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.plots import (
    Points,
    alt_text,
    cells_scatter,
    cluster_colours,
    colour_bands,
    correlation_map,
    counts_chart,
    effects_chart,
    grouped_scatter,
    leaks_chart,
    sizes_chart,
    violins,
)

POINTS = Points(
    x=[0.0, 1, 2], y=[3.0, 4, 5], labels=[CLASS_NAMES[0], CLASS_NAMES[2], CLASS_NAMES[0]],
    keys=[4, 7, 9], words=["one", "two", "three"],
)  # fmt: skip


def test_counts_stand_before_what_is_published() -> None:
    published = dict.fromkeys(CLASS_NAMES, 10)
    figure = counts_chart(published, {CLASS_NAMES[0]: 7}, "cells")
    whole, part = figure.data
    assert list(whole.x) == [10] * 5
    assert list(part.x) == [7, 0, 0, 0, 0]
    assert f"{CLASS_NAMES[0]}: 7 of 10" in alt_text(figure)


def test_violins_are_named_by_letters_and_told_in_words() -> None:
    figure = violins({name: [1.0, 2, 3] for name in CLASS_NAMES}, "size")
    outlines = [each for each in figure.data if each.type == "scatter"]
    assert list(figure.layout.xaxis.ticktext) == ["DK", "KO", "MP", "PB", "SI"]
    assert [each.line.color for each in outlines] == [class_named(n).colour for n in CLASS_NAMES]
    assert outlines[3].text == ("Parabasal: median 2, middle half 1.5 to 2.5<br>all from 1 to 3")
    assert "Parabasal: median 2, middle half 1.5 to 2.5" in alt_text(figure)


def test_a_violin_goes_from_end_to_end_and_is_widest_where_most_lie() -> None:
    values = [0.0, 4, 5, 5, 5, 6, 10]
    outline, box = violins({CLASS_NAMES[0]: values}, "size").data
    assert (outline.y.min(), outline.y.max()) == (0, 10)
    assert outline.y[np.argmax(outline.x)] == pytest.approx(5, abs=0.1)
    assert outline.x.max() == pytest.approx(-outline.x.min())
    assert (box.q1[0], box.median[0], box.q3[0]) == (4.5, 5, 5.5)
    assert (box.lowerfence[0], box.upperfence[0]) == (4, 6)


@pytest.mark.parametrize("values", [[3.0], [3.0, 3], [0.0, 0, 0, 0, 9]])
def test_a_violin_of_few_or_equal_values_is_drawn(values) -> None:
    outline = violins({CLASS_NAMES[0]: values}, "size").data[0]
    assert np.isfinite(outline.x).all()
    assert np.isfinite(outline.y).all()


def test_colours_go_from_dark_to_light() -> None:
    colours = np.array([[9, 9, 9], [1, 1, 1], [5, 5, 5]], np.uint8)
    figure = colour_bands(dict.fromkeys(CLASS_NAMES, colours))
    assert np.asarray(figure.data[0].z)[0, :, 0].tolist() == [1, 5, 9]
    assert "Metaplastic: RGB 5, 5, 5" in alt_text(figure)


def test_the_chosen_effect_stands_out() -> None:
    figure = effects_chart({"area": 0.6, "hue": 0.2}, "hue")
    assert len(set(figure.data[0].marker.color)) == 2
    assert "area 0.60; hue 0.20" in alt_text(figure)


def test_correlations_are_drawn_from_minus_one_to_one() -> None:
    drawn = correlation_map(np.eye(2), ["a", "b"]).data[0]
    assert (drawn.zmin, drawn.zmax, list(drawn.x)) == (-1, 1, ["a", "b"])


def test_classes_have_a_colour_and_a_shape_each() -> None:
    figure = cells_scatter(POINTS, ("across", "up"), "Two classes.")
    assert [each.name for each in figure.data] == ["DK", "MP"]
    assert len({each.marker.symbol for each in figure.data}) == 2
    assert list(figure.data[0].customdata) == [4, 9]
    assert figure.layout.dragmode is False
    assert cells_scatter(POINTS, ("", ""), "", lasso=True).layout.dragmode == "lasso"


def test_groups_are_drawn_in_the_order_of_their_colours() -> None:
    figure = grouped_scatter(
        POINTS, ["x", "y", "x"], {"y": "#111111", "x": "#222222"}, ("", ""), ""
    )
    assert [each.name for each in figure.data] == ["y", "x"]
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol


def test_a_group_of_two_classes_has_two_shapes_and_stands_once_in_the_legend() -> None:
    figure = grouped_scatter(POINTS, ["x", "x", "x"], {"x": "#222222"}, ("", ""), "")
    assert len({each.marker.symbol for each in figure.data}) == 2
    assert [each.showlegend for each in figure.data] == [True, False]
    assert {each.legendgroup for each in figure.data} == {"x"}


def test_neighbouring_clusters_differ_in_colour() -> None:
    colours = cluster_colours(["b", "a", "c", "a"])
    assert list(colours) == ["a", "b", "c"]
    assert len(set(colours.values())) == 3


def test_sizes_of_clusters_are_counted() -> None:
    figure = sizes_chart({CLASS_NAMES[0]: [1, 1, 3], CLASS_NAMES[1]: [2]})
    assert list(figure.data[0].y) == [2, 0, 1]
    assert "3 clusters, 1 cells at the median, 3 at most" in alt_text(figure)


def test_leaks_are_parts_of_the_held_out_cells() -> None:
    figure = leaks_chart({"random": (0.9, 0.5), "cluster": (0.0, 0.0)})
    assert [list(each.x) for each in figure.data] == [[0.9, 0.0], [0.5, 0.0]]
    assert "random: 90.0 %, 50.0 %" in alt_text(figure)
    assert figure.data[0].y == pytest.approx(("random", "cluster"))
