"""Measured generators as their page shows them: figures of all, and the trial of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from cervix_models.plots import (
    Distance,
    class_map,
    help_chart,
    kid_chart,
    nearest_chart,
    spread_chart,
)
from cervix_models.services.generation import GeneratorRow, Help, Likeness, help_words
from ui import show

CARD_PAGE = "../pages/models/card.py"
REAL = "Real cells"
RECOGNISED, KID = "Taken for the class", "Distance (KID)"


def near(rows: Sequence[GeneratorRow]) -> None:
    """Shows how near made cells come to real ones, in all and by class, and whether they are
    copies."""
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Distance from real cells", anchor=False)
        show.chart(kid_chart([Distance(r.name, r.made.kid, r.floor.kid, r.improves) for r in rows]))
    with right:
        st.header("Precision and recall", anchor=False)
        points = {row.name: (row.made.precision, row.made.recall) for row in rows}
        floor = rows[0].floor
        show.chart(spread_chart(points, (floor.precision, floor.recall)))
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Of each class", anchor=False)
        _by_class(rows)
    with right:
        st.header("Nearest training cell", anchor=False)
        show.chart(nearest_chart({row.name: row.memorised for row in rows}))
        st.caption(
            "Whether they are copies. Flagged: nearer to a training cell than all but the nearest "
            "hundredth of unseen real cells."
        )


def _by_class(rows: Sequence[GeneratorRow]) -> None:
    what = RECOGNISED
    if any(row.made.kid_by_class for row in rows):
        what = st.segmented_control(
            "Measure", [RECOGNISED, KID], default=RECOGNISED, required=True,
            label_visibility="collapsed",
        )  # fmt: skip
    if what == KID:
        shown = {row.name: _distances(row.made) for row in rows if row.made.kid_by_class}
        floor = next(row.floor for row in rows if row.made.kid_by_class)
        show.chart(class_map({REAL: _distances(floor), **shown}, "Distance by class", share=False))
        return
    shown = {row.name: _shares(row.made) for row in rows}
    show.chart(class_map({REAL: _shares(rows[0].floor), **shown}, "Taken for the class asked for"))
    st.caption(
        f"By the classifier {show.plain(rows[0].judge)}, which learned from all real cells, those "
        "held out from the generators among them: of real cells it is too good."
    )


def _shares(found: Likeness) -> dict[str, float]:
    total = {} if found.recognised is None else {"All": found.recognised}
    return {**found.by_class, **total}


def _distances(found: Likeness) -> dict[str, float]:
    by_class = {name: each["value"] for name, each in found.kid_by_class.items()}
    return {**by_class, "All": found.kid["value"]}


def table(rows: Sequence[GeneratorRow]) -> None:
    """Shows all figures as a table; a row that is chosen opens its card."""
    floor = rows[0].floor
    lines = [
        {
            "Generator": REAL,
            **_figures(floor),
            "Nearest, median": rows[0].memorised["real_median"],
        },
        *({"Generator": row.name, **_figures(row.made), **_more(row)} for row in rows),
    ]
    shares: dict[str, Any] = {
        name: st.column_config.NumberColumn(name, format="percent", help=words)
        for name, words in (
            ("Precision", "Made cells that lie among the real ones"),
            ("Recall", "Real cells that lie among the made ones"),
            ("Taken for the class", "By a classifier"),
            ("Flagged", "Nearer to a training cell than nearly all unseen real cells"),
        )
    }
    distances = {
        name: st.column_config.NumberColumn(name, format="%.4f", help=words)
        for name, words in (
            ("KID", "Kernel distance; 0 where both are of one kind"),
            ("Low", "Lower end of the 95 % interval"),
            ("High", "Upper end of the 95 % interval"),
            ("Nearest, median", "Distance to the nearest training cell"),
        )
    }
    fid = st.column_config.NumberColumn(
        format="%.2f", help="Fréchet distance: too large at so few cells. Compare KID."
    )
    chosen = st.dataframe(
        lines, hide_index=True, key="generators", on_select="rerun", selection_mode="single-row",
        height="content", placeholder="–", column_config={**shares, **distances, "FID": fid},
        alt=f"{len(rows)} generators beside real cells: distances, precision, recall and copies.",
    )  # fmt: skip
    st.caption("Choose a row to open its card. FID is too large at so few cells: compare KID.")
    if chosen["selection"]["rows"] and (at := chosen["selection"]["rows"][0]):
        st.switch_page(CARD_PAGE, query_params={"model": rows[at - 1].name})


def _figures(found: Likeness) -> dict[str, Any]:
    return {
        "KID": found.kid["value"],
        "Low": found.kid["low"],
        "High": found.kid["high"],
        "FID": found.fid,
        "Precision": found.precision,
        "Recall": found.recall,
        "Taken for the class": found.recognised,
    }


def _more(row: GeneratorRow) -> dict[str, Any]:
    return {
        "Nearest, median": row.memorised["made_median"],
        "Flagged": row.memorised["flagged"],
        "Weights here": row.here,
        "What it is": row.about,
    }


def trial(rows: Sequence[GeneratorRow]) -> None:
    """Shows whether made cells help a classifier, of a chosen generator."""
    st.header("Does it help?", anchor=False)
    tried = {row.name: row.help for row in rows if row.help}
    if lacking := [row.name for row in rows if not row.help]:
        st.caption(f"Not tried yet: `python -m cervix_models augment {' '.join(lacking)}`")
    if not tried:
        return
    name = st.selectbox("Generator", list(tried), key="trial", width=320)
    _tried(tried[name])


def _tried(found: Help) -> None:
    st.markdown(f"**{help_words(found.gains)}**")
    left, right = st.columns(2, gap="large")
    real, both = (
        {each.share: each.accuracy for each in found.of_real(made=made)} for made in (False, True)
    )
    alone = found.made_alone
    with left:
        show.chart(help_chart(real, both, alone.accuracy if alone else None))
        st.caption(
            f"{show.plain(found.learner)} tells {found.held_out:,} real cells of clusters held "
            f"out. All took as many steps; each mark is the mean of {found.draws} paired draws. "
            "Lines are 95 % intervals."
        )
    with right:
        _gains(found.gains)
        if alone and alone.by_class:
            st.markdown("**Of each class**")
            show.chart(class_map(_learned_from(found), "Told rightly, by what it learned from"))


def _gains(gains: Mapping[float, Mapping[str, float]]) -> None:
    lines = [
        {
            "Real cells": f"{100 * share:g} %",
            "Gain, points": f"{100 * each['value']:+.1f}",
            "95 % interval": f"{100 * each['low']:+.1f} to {100 * each['high']:+.1f}",
            "Helps": each["low"] > 0,
        }
        for share, each in gains.items()
    ]
    st.dataframe(lines, hide_index=True, alt="Gain by made cells at each share of real cells.")


def _learned_from(found: Help) -> dict[str, dict[str, float]]:
    """The accuracy by class of what learned from real cells and from made ones, and the reverse."""
    whole = found.of_real(made=False)[-1]
    alone = found.made_alone
    rows = {
        "Real, from<br>real cells": (whole.by_class, whole.accuracy),
        **({"Real, from<br>made cells": (alone.by_class, alone.accuracy)} if alone else {}),
    }
    if found.reverse:
        rows["Made, from<br>real cells"] = (found.reverse["by_class"], found.reverse["accuracy"])
    return {name: {**each, "All": total["value"]} for name, (each, total) in rows.items()}
