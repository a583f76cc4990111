"""A learner's own figures on a page: how often right, how they lean, what is confused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import CervixError
from cervix_models.language import _, several
from cervix_models.plots import (
    Part,
    calls_chart,
    classes_chart,
    learning_chart,
    named_matrix,
    per_cent,
)
from ui import lessons, session, show
from ui.downloads import File, offer
from ui.practice_view import due_words

if TYPE_CHECKING:
    from cervix_models.services.learned import Calls, Learned

METRIC = 170  # pixels


def show_figures() -> None:
    """Shows what the answers of the learner at this session come to."""
    synthetic = not lessons.shared_cells().real()
    learner = session.current_user().name
    try:
        found = lessons.learning().figures(learner, synthetic=synthetic)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    show.notice()
    if found.right is None:
        st.info(_("There are no figures until you have named a cell. Practise first."))
        return
    _head(found)
    show_calls(found.calls)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("By class"), anchor=False)
        show.chart(classes_chart([Part(e.label, e.right, e.asked) for e in found.classes]))
    with right:
        st.subheader(_("What you named what"), anchor=False)
        show.chart(named_matrix(found.matrix, CLASS_NAMES))
    show.legend(CLASS_NAMES)
    if len(found.course) > 1:
        st.subheader(_("How it goes"), anchor=False)
        show.chart(learning_chart([e.until for e in found.course], [e.right for e in found.course]))
    _table(found)
    _deck(learner, synthetic=synthetic)


def show_calls(found: Calls, *, group: bool = False) -> None:
    """Shows over- and under-calling as signal detection, in words and figures; of a learner, or of
    a `group`."""
    st.subheader(_("Calling too much, or too little"), anchor=False)
    lean = {
        "over": _("The answers lean to calling cells abnormal.")
        if group
        else _("You lean to calling cells abnormal."),
        "under": _("The answers lean to calling cells normal or benign.")
        if group
        else _("You lean to calling cells normal or benign."),
        "neither": _("The answers lean clearly neither way.")
        if group
        else _("You lean clearly neither way."),
    }[found.lean]
    if found.criterion is None or found.d_prime is None:
        st.caption(_("Nothing can be told of this until cells of both kinds were named."))
        return
    st.markdown(f"**{lean}**")
    with st.container(horizontal=True):
        st.metric(
            _("Sensitivity d′"), f"{found.d_prime['value']:.2f}", border=True, width=METRIC,
            help=_(
                "How well abnormal cells are told from the others, whatever the lean. 0: not at "
                "all. Above 3: nearly always."
            ),
        )  # fmt: skip
        st.metric(
            _("Bias c"), f"{found.criterion['value']:+.2f}", border=True, width=METRIC,
            help=_("Below 0: leans to abnormal. Above 0: leans to normal or benign."),
        )  # fmt: skip
    show.chart(
        calls_chart(
            Part(_("Over-called"), found.over, found.benign),
            Part(_("Under-called"), found.under, found.abnormal),
        )
    )
    st.caption(
        _(
            "Abnormal means dyskeratotic or koilocytotic, in the data set’s own words; "
            "superficial-intermediate, parabasal and metaplastic cells are normal or benign. "
            "Over-called: {alarms} of {benign} normal or benign cells were called abnormal. "
            "Under-called: {missed} of {abnormal} abnormal cells were called normal or benign. "
            "95 % intervals: d′ {d_prime}, c {criterion}."
        ).format(
            alarms=found.alarms,
            benign=found.benign,
            missed=found.missed,
            abnormal=found.abnormal,
            d_prime=_numbers(found.d_prime),
            criterion=_numbers(found.criterion),
        )
    )


def _head(found: Learned) -> None:
    with st.container(horizontal=True):
        if found.right is not None:
            st.metric(
                _("Right at first sight"), per_cent(found.right["value"]), border=True,
                width=METRIC, help=_shares(found.right),
            )  # fmt: skip
        if found.repeats_right is not None:
            st.metric(
                _("Right when seen again"), per_cent(found.repeats_right["value"]), border=True,
                width=METRIC, help=_shares(found.repeats_right),
            )  # fmt: skip
        if found.seconds is not None:
            st.metric(
                _("Time an answer"), _("{seconds} s").format(seconds=f"{found.seconds:.1f}"),
                border=True, width=METRIC, help=_("Median"),
            )  # fmt: skip
    first = sum(each.asked for each in found.classes)
    st.markdown(
        several("{count} cell named.", "{count} cells named.", first).format(count=first)
        + " "
        + due_words(found.due, found.next_due, datetime.now(UTC))
        + " "
        + _(
            "All figures but “seen again” count the first answer to each cell in practice alone: "
            "who meets a picture again may know it by heart."
        )
    )


def _table(found: Learned) -> None:
    rows = [
        {
            _("Class"): each.label,
            _("Named"): each.asked,
            _("Right"): None if each.right is None else per_cent(each.right["value"]),
            _("95 % interval"): None if each.right is None else _shares(each.right),
            _("Time (median)"): None
            if each.seconds is None
            else _("{seconds} s").format(seconds=f"{each.seconds:.1f}"),
        }
        for each in found.classes
    ]
    with st.expander(_("As a table"), icon=":material/table:"):
        st.dataframe(
            rows, hide_index=True, height="content", placeholder="–",
            alt=_("How often each class was named rightly, with intervals and times."),
        )  # fmt: skip


def _deck(learner: str, *, synthetic: bool) -> None:
    learning = lessons.learning()
    wrong = len(learning.mistakes(learner, synthetic=synthetic))
    if not wrong:
        return
    from cervix_models.services.lesson_exports import deck_of_mistakes

    st.subheader(_("Take your mistakes along"), anchor=False)
    named = several(
        "{count} cell that you named wrongly, as a deck for Anki.",
        "{count} cells that you named wrongly, as a deck for Anki.",
        wrong,
    ).format(count=wrong)
    how = _(
        "The picture is in front; class, criteria and outlines behind. A deck that is imported "
        "again brings itself up to date."
    )
    st.caption(f"{named} {how}")
    offer(
        [
            File(
                _("Anki deck"),
                "apkg",
                lambda: deck_of_mistakes(learning, learner, synthetic=synthetic),
            )
        ],
        "cells-to-see-again",
    )


def _shares(found: Mapping[str, float]) -> str:
    return _("{low} to {high}").format(low=per_cent(found["low"]), high=per_cent(found["high"]))


def _numbers(found: Mapping[str, float]) -> str:
    return _("{low} to {high}").format(low=f"{found['low']:.2f}", high=f"{found['high']:.2f}")
