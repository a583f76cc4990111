"""Where the models bend: one cell under sliders, a fold under the same, and other data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.contracts import NOTICE, WorklistRow
from cervix_models.errors import CervixError, StorageError
from cervix_models.plots import bending_chart, opinion_map, per_cent
from cervix_models.services.disturbances import SLIDERS, Slider
from cervix_models.services.models import ModelRow
from ui import session, show
from ui.model_view import rows_to_show

if TYPE_CHECKING:
    from cervix_models.services.compare import Opinion

RECENT = 20
FIRST = 3


SETS = {"herlev": "Herlev", "cric": "CRIC, windows", "cric_fields": "CRIC, cells of fields"}


def page() -> None:
    """Shows the lab and the tables measured with it."""
    session.require_role("student")
    st.title("Robustness lab", anchor=False)
    show.notice()
    rows = rows_to_show()
    if not rows:
        return
    _lab([row.name for row in rows if row.here])
    _fold([row for row in rows if row.robustness])
    _foreign([row for row in rows if row.foreign])


def _lab(names: list[str]) -> None:
    st.header("One cell", anchor=False)
    left, right = st.columns([2, 3], gap="large")
    with left:
        content = _cell()
        default = session.triage().defaults().classifier
        first = [default, *(each for each in names if each != default)]
        chosen = st.multiselect(
            "Models", names, default=[each for each in first if each in names][:FIRST]
        )
        strengths = {each.name: _slider(each) for each in SLIDERS}
        st.button("Undo all", icon=":material/undo:", on_click=_undo)
    if content is None or not chosen:
        return
    with right:
        try:
            with st.spinner("Asking the models"):
                png, found = session.triage().opinions_disturbed(content, strengths, chosen)
        except CervixError as problem:
            st.error(show.plain(str(problem)))
            return
        _answers(png, found)


def _cell() -> bytes | None:
    samples = {f"Sample: {label}": content for _, label, content in session.samples()}
    known = {
        f"Reading of {show.when(row.reading.created_at)}: {show.answer_words(row.reading)}": (
            row.reading.image_sha256
        )
        for row in _recent()
        if not row.reading.sample
    }
    chosen = st.selectbox("Cell", [*samples, *known])
    if chosen in samples:
        return samples[chosen]
    try:
        return session.triage().blob(known[chosen])
    except StorageError as problem:
        st.error(show.plain(str(problem)))
        return None


def _recent() -> list[WorklistRow]:
    """The latest readings, for those who read."""
    reads = session.current_user().has("pathologist")
    return session.triage().worklist(limit=RECENT) if reads else []


def _slider(slider: Slider) -> float:
    title = f"{slider.title} ({slider.unit})" if slider.unit else slider.title
    return st.slider(
        title, slider.low, slider.high, slider.neutral, slider.step, key=f"lab-{slider.name}"
    )


def _undo() -> None:
    for each in SLIDERS:
        st.session_state[f"lab-{each.name}"] = each.neutral


def _answers(png: bytes, found: list[Opinion]) -> None:
    picture, words = st.columns([1, 1], gap="medium")
    picture.image(png, alt="The cell as the models see it now", width="stretch")
    with words:
        for opinion in found:
            share = per_cent(opinion.probabilities[opinion.label]) if opinion.label else ""
            st.html(
                f'<div class="cx"><b>{show.html(opinion.name)}</b> '
                f"{show.badge_html(opinion.label)} {show.html(opinion.label or 'Refer')} {share}"
                "</div>"
            )
        reasons = dict.fromkeys(reason for opinion in found for reason in opinion.reasons)
        for reason in reasons:
            st.caption(show.plain(reason))
    table = {each.name: each.probabilities for each in found if each.probabilities}
    if table:
        show.chart(opinion_map(table))
    else:
        st.info("The gate refuses this picture: no model is asked.", icon=":material/block:")


def _fold(rows: list[ModelRow]) -> None:
    st.header("Cells that were never seen", anchor=False)
    if not rows:
        st.info("No model here was measured under disturbances yet.")
        return
    about = rows[0].robustness
    st.markdown(
        f"{about['cells']} held-out cells of one fold, disturbed step by step, read by the fold’s "
        "own networks. Grey is what the product’s gate would refuse: a good gate rises before the "
        "lines fall."
    )
    chosen = st.segmented_control(
        "Disturbance",
        [each.name for each in SLIDERS],
        format_func={each.name: each.title for each in SLIDERS}.__getitem__,
        default=SLIDERS[0].name,
        required=True,
    )
    slider = next(each for each in SLIDERS if each.name == chosen)
    curves = {row.name: row.robustness[chosen] for row in rows if chosen in row.robustness}
    show.chart(bending_chart(curves, slider.title, slider.unit, slider.neutral))
    st.dataframe(
        [
            {"Model": name, "Strength": each["strength"], "Right": each["accuracy"]["value"],
             "Low": each["accuracy"]["low"], "High": each["accuracy"]["high"],
             "Refused": each["refused"], "Wrong, not refused": each["wrong_and_not_refused"]}
            for name, points in curves.items() for each in points
        ],
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="percent")
            for name in ("Right", "Low", "High", "Refused", "Wrong, not refused")
        },
        alt=f"Accuracy and refusals of each model by strength of {slider.title.lower()}.",
    )  # fmt: skip


def _foreign(rows: list[ModelRow]) -> None:
    st.header("Other laboratories", anchor=False)
    if not rows:
        st.info("No model here was tried on Herlev or CRIC yet.")
        return
    st.markdown(show.plain(rows[0].foreign["mapping"]))
    lines = [
        {
            "Model": row.name,
            "Set": name,
            "ROC AUC": found["roc_auc"],
            "Sensitivity": found["sensitivity"]["value"],
            "Specificity": found["specificity"]["value"],
            "Refused by the gate": found["refused_by_the_gate"],
            "Cells": found["cells"],
        }
        for source, name in SETS.items()
        for row in rows
        if (found := row.foreign.get(source))
    ]
    st.dataframe(
        lines,
        hide_index=True,
        height="content",
        column_config={
            "ROC AUC": st.column_config.NumberColumn(format="%.3f"),
            **{
                name: st.column_config.NumberColumn(format="percent")
                for name in ("Sensitivity", "Specificity", "Refused by the gate")
            },
        },
        alt="Abnormal against normal on Herlev and CRIC, by model.",
    )
    st.caption(
        "None of these models learned from Herlev or CRIC. The product refuses most of these "
        f"pictures; the figures are of all of them, refused or not. {NOTICE}"
    )


page()
