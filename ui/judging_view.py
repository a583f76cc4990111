"""What was said so far of real and of made cells, on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.language import _, later, several
from cervix_models.plots import CalledReal, called_real_chart, course_chart, per_cent
from ui import session, show

if TYPE_CHECKING:
    from cervix_models.services.judged import Figures, JudgedRow, Results
    from cervix_models.services.real_or_fake import RealOrFake

METRIC = 170  # pixels
MINE, ALL = later("Yours"), later("Everybody’s")


def show_results(service: RealOrFake) -> None:
    """Shows how well made cells are told from real ones, and how each generator stands."""
    st.header(_("What was said so far"), anchor=False)
    words = {each: _(each) for each in (MINE, ALL)}
    whose = st.segmented_control(
        _("Whose answers"), (MINE, ALL), default=MINE, required=True, key="rof-whose",
        format_func=words.__getitem__,
    )  # fmt: skip
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
        st.caption(_("Nothing can be told of real and made cells until some of both were judged."))
        return
    accuracy, bias = found.told["accuracy"], found.told["criterion"]
    with st.container(horizontal=True):
        st.metric(
            _("Right"), per_cent(accuracy["value"]), border=True, width=METRIC,
            help=_shares(accuracy),
        )  # fmt: skip
        st.metric(
            _("Sensitivity d′"), f"{found.told['d_prime']['value']:.2f}", border=True, width=METRIC,
            help=_(
                "0: made cells are not told from real ones. 1: they are in about two of three "
                "cases. Above 3: nearly always."
            ),
        )  # fmt: skip
        st.metric(
            _("Bias c"), f"{bias['value']:+.2f}", border=True, width=METRIC,
            help=_("Below 0: inclined to say made. Above 0: inclined to say real."),
        )  # fmt: skip
    counted = several(
        "{pictures} pictures in one round.", "{pictures} pictures in {rounds} rounds.", found.rounds
    ).format(pictures=found.judged, rounds=found.rounds)
    intervals = _("95 % intervals: right {right}; d′ {d_prime}; c {bias}.").format(
        right=_shares(accuracy), d_prime=_numbers(found.told["d_prime"]), bias=_numbers(bias)
    )
    st.markdown(f"{counted} {intervals} {_lean(bias)}")
    if len(found.course) > 1:
        st.markdown(_("**d′ by all that was said up to each round**"))
        show.chart(course_chart(found.course))


def _lean(bias: Figures) -> str:
    if bias["low"] > 0:
        return _("The answers lean to “real”.")
    if bias["high"] < 0:
        return _("The answers lean to “made”.")
    return _("They lean clearly neither to “real” nor to “made”.")


def _generators(found: Results) -> None:
    st.subheader(_("By generator"), anchor=False)
    show.chart(
        called_real_chart(
            [CalledReal(_name(row), row.called_real, row.reported_real) for row in found.rows]
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
                format="%.3f", help=_("Distance from real cells as a network sees it, by the card")
            ),
            _("Reported real"): st.column_config.NumberColumn(format="percent"),
            _("Reported quality"): st.column_config.NumberColumn(format="%.2f"),
        },
        alt=_(
            "What was said of each generator’s cells and of real ones, beside KID and what "
            "documents report."
        ),
    )
    st.caption(
        _(
            "Each figure has its 95 % interval. d′ sets a generator’s cells against the real ones "
            "of the same rounds. A generator that deceives has a d′ near 0, and as many of its "
            "cells are called real as of the real ones. Reported is what “{source}” gives of other "
            "pictures: {pictures}."
        ).format(source=show.plain(found.source), pictures=show.plain(_(found.pictures)))
    )


def _name(row: JudgedRow) -> str:
    from cervix_models.services.judged import REAL

    return _(row.name) if row.name == REAL else row.name


def _line(row: JudgedRow, *, pairs: bool) -> dict[str, Any]:
    told = row.told or {}
    return {
        _("Cells"): _name(row),
        **({_("Preferred"): _part(row.preferred), _("Pairs"): row.pairs} if pairs else {}),
        _("Judged"): row.judged,
        _("Called real"): _part(row.called_real),
        "d′": _figure(told.get("d_prime")),
        _("Bias c"): _figure(told.get("criterion")),
        _("Quality"): _figure(row.quality, 1),
        _("Rated"): row.rated,
        "KID": row.kid,
        _("Reported real"): row.reported_real,
        _("Reported quality"): row.reported_quality,
    }


def _part(found: Figures | None) -> str | None:
    return None if found is None else f"{per_cent(found['value'])} ({_shares(found)})"


def _figure(found: Mapping[str, float] | None, digits: int = 2) -> str | None:
    if found is None:
        return None
    return f"{found['value']:.{digits}f} ({_numbers(found, digits)})"


def _shares(found: Mapping[str, float]) -> str:
    low, high = (f"{100 * found[end]:.0f}" for end in ("low", "high"))
    return _("{low} to {high} %").format(low=low, high=high)


def _numbers(found: Mapping[str, float], digits: int = 2) -> str:
    low, high = (f"{found[end]:.{digits}f}" for end in ("low", "high"))
    return _("{low} to {high}").format(low=low, high=high)
