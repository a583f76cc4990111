from __future__ import annotations

import pytest

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.plots import alt_text
from cervix_models.plots.quality import PLAIN, balance_chart, measure_chart


def test_a_bar_a_class_in_its_colour() -> None:
    figure = balance_chart({CLASS_NAMES[0]: 12, "benign": 1200})
    (bar,) = figure.data
    assert list(bar.x) == [12, 1200]
    assert list(bar.marker.color) == [class_named(CLASS_NAMES[0]).colour, PLAIN]
    assert alt_text(figure).endswith(f"{CLASS_NAMES[0]}: 12; benign: 1,200.")


def test_two_sets_are_laid_over_each_other() -> None:
    figure = measure_chart("Red", [0.1, 0.2, 0.3, 0.4], [0.5] * 7, ("mine", "sipakmed"))
    assert [each.name for each in figure.data] == ["mine", "sipakmed"]
    assert [sum(each.y) for each in figure.data] == pytest.approx([1, 1])
    assert "mine: half of the pictures between 0.175 and 0.325" in alt_text(figure)
    assert figure.layout.showlegend


def test_one_set_stands_alone_and_one_value_is_drawn() -> None:
    figure = measure_chart("Side", [80.0] * 3, [], ("mine", "sipakmed"))
    assert len(figure.data) == 1
    assert sum(figure.data[0].y) == pytest.approx(1)
    assert not figure.layout.showlegend
