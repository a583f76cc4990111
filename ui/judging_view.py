"""What was said so far of real and of made cells, on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.plots import CalledReal, called_real_chart, course_chart, per_cent
from ui import session, show

if TYPE_CHECKING:
    from cervix_models.services.judged import Figures, JudgedRow, Results
    from cervix_models.services.real_or_fake import RealOrFake

METRIC = 170  # pixels
MINE, ALL = "Yours", "Everybody’s"


def show_results(service: RealOrFake) -> None:
    """Shows how well made cells are told from real ones, and how each generator stands."""
    st.header("What was said so far", anchor=False)
    whose = st.segmented_control(
        "Whose answers", (MINE, ALL), default=MINE, required=True, key="rof-whose"
    )
    learner = session.current_user().name if whose == MINE else None
    try:
        found = service.results(learner)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    _told(found)
    _generators(found)


def _told(found: Results) -> None:
    if found.told is None:
        st.caption("Nothing can be told of real and made cells until some of both were judged.")
        return
    accuracy, bias = found.told["accuracy"], found.told["criterion"]
    with st.container(horizontal=True):
        st.metric(
            "Right", per_cent(accuracy["value"]), border=True, width=METRIC, help=_shares(accuracy)
        )
        st.metric(
            "Sensitivity d′", f"{found.told['d_prime']['value']:.2f}", border=True, width=METRIC,
            help="0: made cells are not told from real ones. 1: they are in about two of three "
            "cases. Above 3: nearly always.",
        )  # fmt: skip
        st.metric(
            "Bias c", f"{bias['value']:+.2f}", border=True, width=METRIC,
            help="Below 0: inclined to say made. Above 0: inclined to say real.",
        )  # fmt: skip
    st.markdown(
        f"{found.judged} pictures in {_rounds(found.rounds)}. 95 % intervals: right "
        f"{_shares(accuracy)}; d′ {_numbers(found.told['d_prime'])}; c {_numbers(bias)}. "
        f"{_lean(bias)}"
    )
    if len(found.course) > 1:
        st.markdown("**d′ by all that was said up to each round**")
        show.chart(course_chart(found.course))


def _rounds(count: int) -> str:
    return "one round" if count == 1 else f"{count} rounds"


def _lean(bias: Figures) -> str:
    if bias["low"] > 0:
        return "The answers lean to “real”."
    if bias["high"] < 0:
        return "The answers lean to “made”."
    return "They lean clearly neither to “real” nor to “made”."


def _generators(found: Results) -> None:
    st.subheader("By generator", anchor=False)
    show.chart(
        called_real_chart(
            [CalledReal(row.name, row.called_real, row.reported_real) for row in found.rows]
        )
    )
    pairs = any(row.pairs for row in found.rows)
    st.dataframe(
        [_line(row, pairs=pairs) for row in found.rows],
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            "KID": st.column_config.NumberColumn(
                format="%.3f", help="Distance from real cells as a network sees it, by the card"
            ),
            "Reported real": st.column_config.NumberColumn(format="percent"),
            "Reported quality": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="What was said of each generator’s cells and of real ones, beside KID and what "
        "documents report.",
    )
    st.caption(
        "Each figure has its 95 % interval. d′ sets a generator’s cells against the real ones of "
        "the same rounds. A generator that deceives has a d′ near 0, and as many of its cells are "
        f"called real as of the real ones. Reported is what “{show.plain(found.source)}” gives of "
        f"other pictures: {show.plain(found.pictures)}."
    )


def _line(row: JudgedRow, *, pairs: bool) -> dict[str, Any]:
    told = row.told or {}
    return {
        "Cells": row.name,
        **({"Preferred": _part(row.preferred), "Pairs": row.pairs} if pairs else {}),
        "Judged": row.judged,
        "Called real": _part(row.called_real),
        "d′": _figure(told.get("d_prime")),
        "Bias c": _figure(told.get("criterion")),
        "Quality": _figure(row.quality, 1),
        "Rated": row.rated,
        "KID": row.kid,
        "Reported real": row.reported_real,
        "Reported quality": row.reported_quality,
    }


def _part(found: Figures | None) -> str | None:
    return None if found is None else f"{per_cent(found['value'])} ({_shares(found)})"


def _figure(found: Mapping[str, float] | None, digits: int = 2) -> str | None:
    if found is None:
        return None
    return f"{found['value']:.{digits}f} ({_numbers(found, digits)})"


def _shares(found: Mapping[str, float]) -> str:
    return f"{100 * found['low']:.0f} to {100 * found['high']:.0f} %"


def _numbers(found: Mapping[str, float], digits: int = 2) -> str:
    return f"{found['low']:.{digits}f} to {found['high']:.{digits}f}"
