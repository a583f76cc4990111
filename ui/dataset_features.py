"""What is measured of the cells, by class and together, on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.language import _
from cervix_models.morphology import feature_named
from cervix_models.plots import Points, cells_scatter, correlation_map, effects_chart, violins
from ui.dataset_gallery import show_chosen
from ui.figure_tools import Figure, show_figures

if TYPE_CHECKING:
    from cervix_models.services.dataset import DataSet

STRONGEST = 15  # features in the chart of effects
SECOND = "nucleus_cell_ratio"  # what a scatter has upwards at first


def show_features(service: DataSet) -> None:
    """Shows how features spread by class, which differ most, what goes along with what."""
    effects = service.effects
    ordered = list(effects.index)
    with st.container(horizontal=True):
        one = st.selectbox(
            _("Feature"), ordered, format_func=_title, width=340, key="feature-one"
        )  # fmt: skip
        other = st.selectbox(
            _("Against"), ordered, index=ordered.index(SECOND), format_func=_title, width=340,
            key="feature-other",
        )  # fmt: skip
        lasso = st.toggle(
            _("Choose cells with a lasso"), key="feature-lasso",
            help=_("Draw round points of the scatter to see their cells below it."),
        )  # fmt: skip
    chosen = show_figures(
        [
            _spread(service, one),
            _effects(service, one),
            _scatter(service, one, other, lasso=lasso),
            _correlations(service),
        ]
    ).get("feature-scatter", [])
    if lasso:
        show_chosen(service, chosen)


def _title(name: str) -> str:
    return _(feature_named(name).title)


def _axis(name: str) -> str:
    feature = feature_named(name)
    return f"{_(feature.title)} ({_(feature.unit)})" if feature.unit else _(feature.title)


def _spread(service: DataSet, name: str) -> Figure:
    known = service.cells[["label", name]].dropna()

    def values() -> dict[str, list[float]]:
        return {each: known.loc[known["label"] == each, name].tolist() for each in CLASS_NAMES}

    return Figure(
        "feature-spread", _title(name), lambda: violins(values(), _axis(name)), lambda: known,
        _("{meaning} Effect size η² = {effect:.2f}.").format(
            meaning=_(feature_named(name).meaning), effect=service.effects[name]
        ),
        given=(name,),
    )  # fmt: skip


def _effects(service: DataSet, name: str) -> Figure:
    effects = service.effects
    strongest = effects.head(STRONGEST)
    if name not in strongest:
        strongest = effects.loc[[*strongest.index[:-1], name]]
    shown = {_title(each): float(value) for each, value in strongest.items()}
    table = effects.rename_axis("feature").rename("effect").reset_index()
    return Figure(
        "feature-effects", _("Which features differ most by class"),
        lambda: effects_chart(shown, _title(name)), lambda: table,
        _(
            "The part of what the ranks of a feature differ by that goes with the class (Kruskal "
            "and Wallis): 0 none, 1 all. The {count} largest of {total}."
        ).format(count=len(shown), total=len(effects)),
        given=(name,),
    )  # fmt: skip


def _scatter(service: DataSet, one: str, other: str, *, lasso: bool) -> Figure:
    known = service.cells[["sha256", "label", "cluster", *dict.fromkeys((one, other))]].dropna()

    def points() -> Points:
        return Points(
            known[one].tolist(), known[other].tolist(), known["label"].tolist(),
            known.index.tolist(), known["cluster"].tolist(),
        )  # fmt: skip

    alt = _("{count} cells by {one} and {other}, in the colours and shapes of their classes.")
    words = alt.format(count=len(known), one=_title(one), other=_title(other))
    return Figure(
        "feature-scatter", _("{one} and {other}").format(one=_title(one), other=_title(other)),
        lambda: cells_scatter(points(), (_axis(one), _axis(other)), words, lasso=lasso),
        lambda: known, _("Point at a cell to see it; press a class above to hide it."),
        pictures=True, choose=lasso, given=(one, other, lasso),
    )  # fmt: skip


def _correlations(service: DataSet) -> Figure:
    found = service.correlations
    order = service.neighbours
    ordered = found.iloc[order, order]
    return Figure(
        "feature-correlations", _("What goes along with what"),
        lambda: correlation_map(ordered.to_numpy(), [_title(each) for each in ordered.index]),
        lambda: ordered.rename_axis("feature").reset_index(),
        _("Spearman’s correlation over all classes; features that go along stand together."),
    )  # fmt: skip
