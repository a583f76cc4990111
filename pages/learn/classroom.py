"""Sets of cells for learners: made, joined by a code, closed, their results; `?set=` names one."""

from __future__ import annotations

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.language import _
from cervix_models.lessons import TeachingSet
from ui import lessons, session, show
from ui.cohort_view import files, show_people, show_results
from ui.exam_view import CODE
from ui.set_maker_view import KINDS, SET, SHOWNS, make_set

AT_ONCE = 20  # sets of the list
PROBLEM = "classroom-problem"


def page() -> None:
    """Shows the list of sets and the form for a new one, or the set that the address names."""
    session.require_role("instructor")
    st.title(_("Classroom"), anchor=False)
    classroom = lessons.classroom()
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(show.plain(problem))
    show.notice()
    wanted = st.query_params.get(SET)
    if wanted is not None:
        _one(wanted)
        return
    sets = classroom.sets()
    if sets:
        with st.expander(_("New set"), icon=":material/add:"):
            make_set()
        _list(sets)
        return
    st.markdown(
        _(
            "Make a set of cells, give its code to your learners, and see what the group came to: "
            "which cells are hard, which tell good readers apart, and where the group leans."
        )
    )
    make_set()


def _list(sets: list[TeachingSet]) -> None:
    st.header(_("Sets"), anchor=False)
    for each in sets[:AT_ONCE]:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    show.plain(each.name), key=f"open-{each.id}", icon=":material/groups:",
                    on_click=_open, args=(each.id,),
                )  # fmt: skip
                st.markdown(f"`{each.code}`")
            st.caption(_about(each))


def _one(set_id: str) -> None:
    st.button(_("All sets"), icon=":material/arrow_back:", on_click=_open, args=(None,))
    try:
        found = lessons.classroom().cohort(set_id)
    except CervixError as problem:
        st.warning(show.plain(str(problem)))
        return
    given = found.teaching_set
    st.header(show.plain(given.name), anchor=False)
    st.caption(_about(given))
    if given.closed_at is None:
        _door(given)
    show_people(given.id, len(found.done))
    show_results(found)
    files(found)
    _ends(given)


def _door(given: TeachingSet) -> None:
    """The code by which learners join, and the address that has it."""
    label = show.html(_("Learners open Quiz, then Exam, and join with this code:"))
    st.html(f'<div class="cx"><p>{label}</p><p class="cx-code">{show.html(given.code)}</p></div>')
    if here := st.context.url:
        st.code(f"{here.split('?')[0].rsplit('/', 1)[0]}/quiz?{CODE}={given.code}", language=None)


def _ends(given: TeachingSet) -> None:
    with st.container(horizontal=True):
        if given.closed_at is None:
            with st.popover(_("Close the set"), icon=":material/lock:"):
                st.markdown(
                    _(
                        "Nobody can join or answer any more. Who has not handed in keeps what is "
                        "answered so far. It cannot be opened again."
                    )
                )
                st.button(
                    _("Close it for good"), type="primary", key="set-close", on_click=_close,
                    args=(given.id,),
                )  # fmt: skip
        with st.popover(_("Delete the set"), icon=":material/delete:"):
            st.markdown(
                _("The set, all names and all answers are deleted. Take out what you need first.")
            )
            st.button(
                _("Delete it for good"), type="primary", key="set-delete", on_click=_delete,
                args=(given.id,),
            )  # fmt: skip


def _about(given: TeachingSet) -> str:
    parts = [_(KINDS[given.kind])]
    if given.minutes is not None:
        parts.append(_("{minutes} minutes").format(minutes=given.minutes))
    if given.kind == "exam":
        parts.append(_("truth shown: {when}").format(when=_(SHOWNS[given.shown])))
    kind = _("synthetic cells by {origin}") if given.synthetic else _("real cells of {origin}")
    parts.append(kind.format(origin=show.plain(given.origin)))
    parts.append(show.when(given.created_at))
    if given.closed_at is not None:
        parts.append(_("closed {when}").format(when=show.when(given.closed_at)))
    return " · ".join(parts)


def _open(set_id: str | None) -> None:
    if set_id is None:
        st.query_params.clear()
    else:
        st.query_params[SET] = set_id


def _close(set_id: str) -> None:
    try:
        lessons.classroom().close(set_id)
    except CervixError as problem:
        st.session_state[PROBLEM] = str(problem)


def _delete(set_id: str) -> None:
    try:
        lessons.classroom().delete(set_id)
    except CervixError as problem:
        st.session_state[PROBLEM] = str(problem)
        return
    st.query_params.clear()


page()
