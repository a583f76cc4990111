"""Figures of what people said: what stands in which row, and what they say in words."""

from __future__ import annotations

import pytest

from cervix_models.plots import CalledReal, alt_text, called_real_chart, course_chart

HERE = {"value": 0.4, "low": 0.3, "high": 0.55}


def test_what_was_called_real_stands_beside_what_is_reported() -> None:
    figure = called_real_chart(
        [CalledReal("one", HERE), CalledReal("two", HERE, 0.8), CalledReal("three")]
    )
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["Here"].y) == ["one", "two"]
    assert list(by_name["Here"].error_x.array) == pytest.approx([0.15, 0.15])
    assert list(by_name["Here"].error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert (list(by_name["Reported, on other pictures"].x), by_name["Here"].x[0]) == ([0.8], 0.4)
    assert alt_text(figure) == (
        "Called real: one 40.0 % here; two 40.0 % here and 80.0 % reported; three not judged yet."
    )


def test_the_course_goes_round_by_round() -> None:
    figure = course_chart([{"value": 1.0, "low": -0.5, "high": 2.5}, HERE])
    (line,) = figure.data
    assert (list(line.x), list(line.y)) == ([1, 2], [1.0, 0.4])
    assert list(line.error_y.arrayminus) == pytest.approx([1.5, 0.1])
    assert "after round 1 1.0 (-0.5 to 2.5); after round 2 0.4 (0.3 to 0.6)" in alt_text(figure)
