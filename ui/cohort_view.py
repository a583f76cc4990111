"""The results of a set on a page: people, items, what was taken for what, files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import CervixError
from cervix_models.language import _, several
from cervix_models.plots import ItemSpot, items_chart, named_matrix, per_cent, scores_chart
from ui import lessons, show
from ui.downloads import File, offer
from ui.learner_view import show_calls
from ui.routes import picture_url

if TYPE_CHECKING:
    from cervix_models.services.cohort import Cohort, ItemResult, Person

METRIC = 170  # pixels
EVERY = 5.0  # seconds between two looks at who takes part
FEWEST, MANY = 3, 30  # people: for a discrimination at all, and for one that is not rough


@st.fragment(run_every=EVERY)
def show_people(set_id: str, seen: int) -> None:
    """Shows who takes part and how far they are; where more have ended than were `seen`, the
    whole page is shown anew."""
    try:
        found = lessons.classroom().cohort(set_id)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    if len(found.done) != seen:
        st.rerun(scope="app")
    st.subheader(_("Who takes part"), anchor=False)
    if not found.people:
        st.caption(_("Nobody has joined so far."))
        return
    count = len(found.items)
    st.dataframe(
        [_person(each, count) for each in found.people], hide_index=True, height="content",
        placeholder="–", alt=_("Who takes part, how far they are, and how many are right."),
    )  # fmt: skip


def show_results(found: Cohort) -> None:
    """Shows what those who are done came to."""
    done, items = found.done, len(found.items)
    if not done:
        st.info(_("There are no results until somebody has handed in, or the time is up."))
        return
    with st.container(horizontal=True):
        st.metric(_("Have ended"), len(done), border=True, width=METRIC)
        if found.score is not None:
            st.metric(
                _("Mean right"), per_cent(found.score["value"]), border=True, width=METRIC,
                help=_("{low} to {high}").format(
                    low=per_cent(found.score["low"]), high=per_cent(found.score["high"])
                ),
            )  # fmt: skip
        st.metric(_("Not answered"), found.unanswered, border=True, width=METRIC)
    st.caption(
        several(
            "Figures are of {count} person who has ended. What is not answered counts as wrong, "
            "and is no answer in the matrix and in the lean.",
            "Figures are of the {count} people who have ended. What is not answered counts as "
            "wrong, and is no answer in the matrix and in the lean.",
            len(done),
        ).format(count=len(done))
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Scores"), anchor=False)
        show.chart(scores_chart([each.right for each in done], items))
    with right:
        st.subheader(_("What the group named what"), anchor=False)
        show.chart(named_matrix(found.matrix, CLASS_NAMES))
    show_calls(found.calls, group=True)
    st.caption(
        _(
            "The intervals take all answers for independent; those of one person are alike, so "
            "that the true intervals are wider."
        )
    )
    _items(found)


def files(found: Cohort) -> None:
    """Shows what can be taken out: answers and items as CSV, the cells as a deck for Anki."""
    from cervix_models.services import lesson_exports as exports

    store = lessons.shared_cells().store
    st.subheader(_("Take it out"), anchor=False)
    with st.container(horizontal=True):
        offer(
            [
                File(
                    _("Answers (CSV)"), "answers.csv", lambda: exports.answers_file(found),
                    _("A row for each person and cell"),
                ),
                File(
                    _("Cells (CSV)"), "items.csv", lambda: exports.items_file(found),
                    _("A row for each cell with its figures"),
                ),
                File(
                    _("Anki deck"), "apkg", lambda: exports.deck_of_set(found, store),
                    _("The picture in front; class, criteria and outlines behind"),
                ),
            ],
            f"set-{found.teaching_set.code}",
        )  # fmt: skip


def _items(found: Cohort) -> None:
    st.subheader(_("Cell by cell"), anchor=False)
    _flagged(found)
    spots = [
        ItemSpot(each.item.number, each.item.label, each.right["value"], each.discrimination)
        for each in found.items
        if each.right is not None and each.discrimination is not None
    ]
    if spots:
        show.chart(items_chart(spots))
    st.dataframe(
        [_line(each) for each in found.items], hide_index=True, height="content", placeholder="–",
        alt=_("Each cell of the set with its truth, difficulty and discrimination."),
        column_config={_("Cell"): st.column_config.NumberColumn(pinned=True)},
    )  # fmt: skip
    undefined = len(found.items) - len(spots)
    st.caption(
        _(
            "Difficulty is the part right, with its 95 % interval. Discrimination is the corrected "
            "point-biserial correlation: between being right on this cell and how many of the "
            "others were right."
        )
        + " "
        + (
            _(
                "It is undefined for {count} of {items} cells: it needs {fewest} people, some "
                "right and some wrong, who differ on the other cells."
            ).format(count=undefined, items=len(found.items), fewest=FEWEST)
            + " "
            if undefined
            else ""
        )
        + (
            _("With fewer than {many} people it is rough.").format(many=MANY)
            if len(found.done) < MANY
            else ""
        )
    )


def _flagged(found: Cohort) -> None:
    from cervix_models.services.cohort import FLAGS

    flagged = [each for each in found.items if each.flags]
    if not flagged:
        st.markdown(_("No cell stands out."))
        return
    st.markdown(_("These cells stand out. Look at them before you count them:"))
    parts = []
    for each in flagged:
        item = each.item
        words = _("Cell {number}, {label}").format(number=item.number, label=item.label)
        reasons = "".join(f"<p>{show.html(_(FLAGS[flag]))}</p>" for flag in each.flags)
        share = per_cent(each.right["value"]) if each.right else "–"
        right = show.html(_("{share} right").format(share=share))
        parts.append(
            "<figure>"
            + show.picture_html(picture_url("image", item.picture), words)
            + f"<figcaption><p><b>{item.number}</b> {show.badge_html(item.label)} "
            f"{right}</p>{reasons}</figcaption></figure>"
        )
    st.html(f'<div class="cx cx-truths cx-flagged">{"".join(parts)}</div>')


def _person(each: Person, items: int) -> dict[str, Any]:
    over = _("ended") if each.done else _("going on")
    return {
        _("Name"): each.sitting.name,
        _("State"): over,
        _("Answered"): f"{each.answered} / {items}",
        _("Right"): f"{each.right} / {items}" if each.done else None,
        _("Time"): None if each.seconds is None or not each.done else _clock(each.seconds),
    }


def _line(each: ItemResult) -> dict[str, Any]:
    right = each.right or {}
    return {
        _("Cell"): each.item.number,
        _("Truth"): each.item.label,
        _("Right"): per_cent(right["value"]) if right else None,
        _("95 % interval"): _("{low} to {high}").format(
            low=per_cent(right["low"]), high=per_cent(right["high"])
        )
        if right
        else None,
        _("Discrimination"): _("undefined")
        if each.discrimination is None
        else f"{each.discrimination:+.2f}",
        _("Often named instead"): each.wrong,
        _("Not answered"): each.unanswered,
        _("The model said"): max(each.item.heard, key=each.item.heard.__getitem__)
        if each.item.heard
        else None,
    }


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
