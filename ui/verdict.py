"""A person's verdict on a reading, taken by button or key."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cervix_models.contracts import Reading, VerdictKind, WorklistRow
from cervix_models.data.labels import CLASSES
from cervix_models.errors import VerdictError
from ui import session, show


def take_verdict(row: WorklistRow, then: Callable[[], None] | None = None) -> None:
    """Shows the verdict on a reading, and takes another by button or key; `then` is called after
    one was stored."""
    reading = row.reading
    st.header("Your verdict", anchor=False)
    if row.verdict is not None:
        given = row.verdict
        remark = f" – {show.plain(given.remark)}" if given.remark else ""
        st.success(
            f"**{show.verdict_words(given)}**{remark}  \n{show.when(given.created_at)}",
            icon=":material/task_alt:",
        )
    if problem := st.session_state.pop("verdict_problem", None):
        st.error(show.plain(problem))
    st.text_input(
        "Remark (optional)",
        key=_remark_key(reading),
        max_chars=500,
        placeholder="Kept with the verdict",
    )
    with st.container(horizontal=True):
        agree = f"Agree: {show.answer_words(reading)}"
        _verdict_button(reading, then, agree, "agree", shortcut="A", kind="primary")
        if reading.label is not None:
            _verdict_button(reading, then, "Refer", "refer", shortcut="F")
    st.caption("Or it is:")
    with st.container(horizontal=True):
        for number, each in enumerate(CLASSES, start=1):
            if each.name != reading.label:
                _verdict_button(
                    reading, then, each.name, "correct", each.name, shortcut=str(number)
                )


def _verdict_button(
    reading: Reading,
    then: Callable[[], None] | None,
    text: str,
    verdict: VerdictKind,
    label: str | None = None,
    *,
    shortcut: str,
    kind: str = "secondary",
) -> None:
    st.button(
        text,
        key=f"verdict-{verdict}-{label}-{reading.id}",
        type="primary" if kind == "primary" else "secondary",
        shortcut=shortcut,
        on_click=_give_verdict,
        args=(reading, verdict, label, then),
    )


def _give_verdict(
    reading: Reading, verdict: VerdictKind, label: str | None, then: Callable[[], None] | None
) -> None:
    remark = st.session_state.get(_remark_key(reading), "").strip()
    author = session.current_user().name
    try:
        session.triage().give_verdict(reading.id, verdict, label, remark, author)
    except VerdictError as problem:
        st.session_state["verdict_problem"] = str(problem)
        return
    st.session_state[_remark_key(reading)] = ""
    st.toast("Verdict stored", icon=":material/task_alt:")
    if then is not None:
        then()


def _remark_key(reading: Reading) -> str:
    return f"remark-{reading.id}"
