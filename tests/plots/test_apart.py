"""The figure of two classes by the measurements that part them."""

from __future__ import annotations

from cervix_models.plots import Parted, alt_text, apart_chart

ROWS = [
    Parted("Area", "px²", 0.9, (1, 2, 3, 4, 5), (11, 12, 13, 14, 15)),
    Parted("Roundness", "", 0.7, (0.1, 0.2, 0.3, 0.4, 0.5), (0.6, 0.7, 0.8, 0.9, 1.0)),
]


def test_each_measurement_has_both_classes_on_an_axis_of_its_own() -> None:
    figure = apart_chart("Metaplastic", "Parabasal", ROWS)
    assert [(trace.xaxis, trace.y[0]) for trace in figure.data] == [
        ("x", "PB"), ("x", "MP"), ("x2", "PB"), ("x2", "MP"),
    ]  # fmt: skip
    box = figure.data[1]
    assert (box.lowerfence[0], box.q1[0], box.median[0], box.q3[0], box.upperfence[0]) == (
        1, 2, 3, 4, 5,
    )  # fmt: skip
    domains = [figure.layout.yaxis.domain, figure.layout.yaxis2.domain]
    assert domains[0][0] > domains[1][1]
    assert figure.layout.height > apart_chart("Metaplastic", "Parabasal", ROWS[:1]).layout.height


def test_it_says_the_medians_in_words() -> None:
    words = alt_text(apart_chart("Metaplastic", "Parabasal", ROWS))
    assert words == (
        "What parts Metaplastic and Parabasal: Area, median 3 px² in Metaplastic and 13.0 px² in "
        "Parabasal; Roundness, median 0.3 in Metaplastic and 0.8 in Parabasal."
    )
