"""Every model beside the others: how right, how sure, how large, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from cervix_models.plots import (
    outline_chart,
    per_cent,
    size_chart,
    standing_chart,
    training_chart,
)
from cervix_models.services.models import ModelRow, SegmenterRow
from ui import session, show
from ui.model_view import rows_elsewhere, rows_to_show, standing

CARD_PAGE = "../pages/models/card.py"
CURVES = {
    "val_accuracy": "Held-out accuracy",
    "val_loss": "Held-out loss",
    "train_loss": "Training loss",
}


def page() -> None:
    """Shows the table of all classifiers, and figures of it."""
    session.require_role("student")
    st.title("Leaderboard", anchor=False)
    show.notice()
    rows = rows_to_show()
    if not rows:
        return
    st.markdown(
        "Accuracy on SIPaKMeD cells that a model never saw, with the cells of one cluster image "
        "always on one side. Lines are 95 % intervals: models whose lines overlap much may change "
        "places on other cells."
    )
    standings = [standing(row) for row in rows]
    show.chart(standing_chart(standings))
    _table(rows)
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Does size help?", anchor=False)
        show.chart(size_chart(standings))
    with right:
        st.header("While they learned", anchor=False)
        _curves(rows)
    if segmenters := session.segmenter_rows():
        _segmenters(segmenters)
    if others := rows_elsewhere():
        _elsewhere(others)


def _table(rows: list[ModelRow]) -> None:
    speeds: dict[str, float] = st.session_state.setdefault("speeds", {})
    here = [row.name for row in rows if row.here]
    st.button(
        "Time the models on this machine", icon=":material/timer:", on_click=_time, args=(here,),
        help="One sample cell, its outlines given; the median of several readings.",
    )  # fmt: skip
    shares: dict[str, Any] = {
        name: st.column_config.NumberColumn(name, format="percent", help=words)
        for name, words in (
            ("Accuracy", "Clusters kept apart"),
            ("Low", "Lower end of the 95 % interval"),
            ("High", "Upper end of the 95 % interval"),
            ("Macro F1", "Mean of the five classes"),
            ("Answered", "Part of the cells that it answers when it shall be right in 99 %"),
            ("Random split", "Cells dealt out at random: too good, as clusters are on both sides"),
            ("Reported", "By the document it comes from, on its own split"),
        )
    }
    columns = {
        **shares,
        "Calibration error": st.column_config.NumberColumn(
            format="%.3f", help="Expected calibration error; 0 is an honest model"
        ),
        "MB": st.column_config.NumberColumn(format="%.1f", help="In half precision"),
        "ms here": st.column_config.NumberColumn(
            format="%.0f", help="Time of one answer on this machine; press the button above"
        ),
    }
    _lines(
        "leaderboard", {row.name: _line(row, speeds.get(row.name)) for row in rows}, columns,
        f"{len(rows)} classifiers, the most accurate first: accuracy with its interval, "
        "calibration, size, time and origin of the first weights.",
    )  # fmt: skip


def _lines(
    key: str, lines: Mapping[str, Mapping[str, Any]], columns: Mapping[str, Any], alt: str
) -> None:
    """A table with a line a model, by its name; the one that is chosen opens its card."""
    chosen = st.dataframe(
        list(lines.values()),
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        height="content",
        placeholder="–",
        column_config={
            **columns,
            "Parameters": st.column_config.NumberColumn(format="compact"),
            "Training a fold, min": st.column_config.NumberColumn(format="%.1f"),
        },
        alt=alt,
    )
    st.caption("Choose a row to open its card. A click on a head sorts.")
    if chosen["selection"]["rows"]:
        name = list(lines)[chosen["selection"]["rows"][0]]
        st.switch_page(CARD_PAGE, query_params={"model": name})


def _line(row: ModelRow, speed: float | None) -> dict[str, Any]:
    return {
        "Model": row.name,
        "Accuracy": row.cluster["value"],
        "Low": row.cluster["low"],
        "High": row.cluster["high"],
        "Macro F1": row.macro_f1["value"],
        "Calibration error": row.calibration_error["value"],
        "Answered": row.answered,
        "Random split": row.random["value"] if row.random else None,
        "Reported": row.reported.get("accuracy"),
        "Parameters": row.parameters,
        "MB": row.megabytes,
        "ms here": speed,
        "Weights here": row.here,
        "First weights": row.start,
        "Training a fold, min": row.seconds_a_fold / 60 if row.seconds_a_fold else None,
        "Trained on": row.trained_on,
        "What it is": row.about,
    }


def _segmenters(rows: list[SegmenterRow]) -> None:
    st.header("Segmenters", anchor=False)
    st.markdown(
        f"How well nucleus and cell are outlined on {rows[0].cells} Herlev cells that a model "
        "never saw, with the cells of one capture always on one side. SIPaKMeD has no outlines "
        "here, but each of its crops is a box that the cell should fill."
    )
    reported = {
        row.name: {
            key.removeprefix("dice_"): value
            for key, value in row.reported.items()
            if key.startswith("dice_")
        }
        for row in rows
    }
    show.chart(outline_chart({row.name: row.dice for row in rows}, reported))
    dice = {
        name: st.column_config.NumberColumn(name, format="%.3f", help=words)
        for name, words in (
            ("Nucleus", "Dice; 1 is a perfect outline"),
            ("Cell", "Dice of the whole cell"),
            ("Cytoplasm", "Dice of the cell without its nucleus"),
            ("With background", "Mean Dice of background, cytoplasm and nucleus"),
        )
    }
    distances = {
        f"{name} HD95, px": st.column_config.NumberColumn(
            format="%.1f", help="95th percentile of the distances between both outlines"
        )
        for name in ("Nucleus", "Cell")
    }
    boxes = st.column_config.NumberColumn(
        format="percent", help="SIPaKMeD boxes that the found cell meets within a tenth"
    )
    _lines(
        "segmenters", {row.name: _segmenter_line(row) for row in rows},
        {**dice, **distances, "Boxes met": boxes},
        f"{len(rows)} segmenters, the best first: Dice, distances, boxes, size and origin.",
    )  # fmt: skip


def _segmenter_line(row: SegmenterRow) -> dict[str, Any]:
    return {
        "Segmenter": row.name,
        "Nucleus": row.dice["nucleus"]["value"],
        "Cell": row.dice["cell"]["value"],
        "Cytoplasm": row.dice["cytoplasm"]["value"],
        "With background": row.with_background["value"],
        "Nucleus HD95, px": row.hausdorff["nucleus"]["value"],
        "Cell HD95, px": row.hausdorff["cell"]["value"],
        "Boxes met": row.boxes["value"],
        "Parameters": row.parameters or None,
        "Weights here": row.here,
        "First weights": row.start,
        "Training a fold, min": row.seconds_a_fold / 60 if row.seconds_a_fold else None,
        "Trained on": row.trained_on,
        "What it is": row.about,
    }


def _elsewhere(rows: list[ModelRow]) -> None:
    st.header("Trained on other images", anchor=False)
    st.caption("Each on a set of its own, so their figures do not compare.")
    for row in rows:
        interval = f"{per_cent(row.cluster['low'])} to {per_cent(row.cluster['high'])}"
        st.page_link(
            CARD_PAGE,
            label=f"**{show.plain(row.name)}** tells {show.plain(', '.join(row.classes))} apart: "
            f"right in {per_cent(row.cluster['value'])} ({interval}) of {row.images:,} images",
            icon=":material/category:",
            query_params={"model": row.name},
        )


def _time(names: list[str]) -> None:
    service = session.triage()
    _, _, content = session.samples()[0]
    st.session_state["speeds"] = {name: service.milliseconds(name, content) for name in names}


def _curves(rows: list[ModelRow]) -> None:
    curves = {row.name: row.curves for row in rows if row.curves}
    if not curves:
        st.info("No model here kept the curves of its training.")
        return
    what = st.segmented_control(
        "Curve", list(CURVES), format_func=CURVES.__getitem__, default="val_accuracy", required=True
    )
    show.chart(training_chart(curves, what))
    st.caption("Mean of the folds. Support vector machines are solved for and have no curve.")


page()
