"""Models side by side on a page: figures with intervals, curves, recipes, data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import streamlit as st

from cervix_models.contracts import DefaultKind
from cervix_models.plots import training_chart
from cervix_models.services.comparing import MEASURES, differences, figure_of, told
from cervix_models.services.promotions import Candidate
from ui import show

FROM = {"run": "a run", "kept": "kept here", "shipped": "came with the project"}
CURVES = {
    "val_accuracy": "Held-out accuracy",
    "val_loss": "Held-out loss",
    "val_cell_dice": "Held-out Dice of the cell",
    "val_nucleus_dice": "Held-out Dice of the nucleus",
    "train_loss": "Training loss",
}
# Of a recipe and of the data of a card: what says nothing of how a model came to be.
LEFT_OUT = ("name", "about", "version", "held_out_sha256", "run", "megabytes", "training")
AT_FIRST = 3  # models that are compared before others are chosen
MOST = 6


def overview(candidates: Sequence[Candidate], kind: DefaultKind) -> None:
    """Shows a line a model: where it is from, how well it was measured, and whether it may read."""
    st.dataframe(
        [_line(each, kind) for each in candidates],
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            "Reads now": st.column_config.CheckboxColumn(width="small"),
            "May read": st.column_config.CheckboxColumn(
                width="small", help="Whether it has all that a default needs"
            ),
        },
        alt=f"{len(candidates)} {kind}s with their figures, and which of them reads now.",
    )


def compare(candidates: Sequence[Candidate], kind: DefaultKind) -> None:
    """Asks which models to set beside each other, and does."""
    st.header("Compare", anchor=False)
    by_title = {each.title: each for each in candidates}
    first = [t for t, each in by_title.items() if each.default]
    first += [t for t in by_title if t not in first]
    chosen = st.multiselect(
        "Models", list(by_title), default=first[:AT_FIRST], max_selections=MOST,
        key=f"runs-compared-{kind}",
    )  # fmt: skip
    if len(chosen) < 2:
        st.caption("Choose at least two.")
        return
    some = {title: by_title[title] for title in chosen}
    _figures(some, kind)
    _curves(some)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Recipes", anchor=False)
        _different({t: each.card.recipe for t, each in some.items()}, "The recipes are the same.")
    with right:
        st.subheader("Data", anchor=False)
        _different(
            {t: each.card.data for t, each in some.items()}, "They learned from the same images."
        )


def _line(each: Candidate, kind: DefaultKind) -> dict[str, Any]:
    figures = {m.title: told(m, figure_of(each.card, m)) for m in MEASURES[kind][:2]}
    return {
        "Model": each.title,
        "Reads now": each.default,
        "May read": not each.lacks,
        **figures,
        "From": FROM[each.source],
        "Started by": each.origin.get("started_by"),
        "Made": each.card.created_at[:16].replace("T", " "),
        "Weights": each.card.weights_sha256[:12],
    }


def _figures(some: Mapping[str, Candidate], kind: DefaultKind) -> None:
    rows = [
        {"Measure": m.title, **{t: told(m, figure_of(each.card, m)) for t, each in some.items()}}
        for m in MEASURES[kind]
    ]
    st.dataframe(
        rows, hide_index=True, height="content",
        alt=f"{len(rows)} figures of {', '.join(some)}, each with its 95 % interval.",
    )  # fmt: skip
    st.caption(
        "On cells, or fields, that the network had not seen; in brackets the 95 % interval. Where "
        "intervals overlap much, either model may be the better one."
    )


def _curves(some: Mapping[str, Candidate]) -> None:
    curves = {t: each.card.metrics.get("curves") or [] for t, each in some.items()}
    known = [
        what for what in CURVES if any(what in each for curve in curves.values() for each in curve)
    ]
    if not known:
        return
    st.subheader("While they learned", anchor=False)
    what = st.selectbox(
        "Curve", known, format_func=lambda each: CURVES[each], key="runs-curve", width=320
    )
    shown = {t: curve for t, curve in curves.items() if curve}
    show.chart(training_chart(cast("Mapping[str, Sequence[Mapping[str, float]]]", shown), what))


def _different(tables: Mapping[str, Mapping[str, Any]], same: str) -> None:
    found = {
        key: row for key, row in differences(tables).items() if key.split(".")[0] not in LEFT_OUT
    }
    if not found:
        st.markdown(same)
        return
    rows = [{"": key, **row} for key, row in found.items()]
    st.dataframe(
        rows, hide_index=True, height="content",
        alt=f"What differs: {', '.join(found)}.",
    )  # fmt: skip
