"""Lists stored readings, filters them, opens one, and hands them out as a table."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import streamlit as st

from cervix_models.contracts import WorklistRow
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.plots import per_cent
from cervix_models.services import exports
from ui import session, show
from ui.downloads import File, of_readings, offer
from ui.routes import picture_url

PAGE_SIZE = 20
DECISIONS = {"class": "Class given", "refer": "Refer"}
VERDICTS = {"open": "Not yet", "agree": "Agree", "correct": "Corrected", "refer": "Refer"}
READING_PAGE = "../pages/triage/reading.py"


def page() -> None:
    """Shows the stored readings, newest first."""
    session.require_role("pathologist")
    st.title("Worklist", anchor=False)
    filters = _filters()
    offset = PAGE_SIZE * st.session_state.setdefault("worklist_page", 0)
    rows = session.triage().worklist(**filters, limit=PAGE_SIZE + 1, offset=offset)
    shown, more = rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
    if not shown:
        _empty(filtered=any(filters.values()))
        return
    _steps(shown, more=more)
    _table(shown)
    show.notice()


def _filters() -> dict[str, str | None]:
    with st.container(key="filters"):
        first, second, third = st.columns(3, wrap=False)
    with first:
        decision = st.selectbox(
            "Decision", list(DECISIONS), index=None, format_func=DECISIONS.__getitem__,
            placeholder="All", key="filter_decision", on_change=_to_first_page,
        )  # fmt: skip
    with second:
        label = st.selectbox(
            "Class", CLASS_NAMES, index=None, placeholder="All", key="filter_label",
            on_change=_to_first_page,
        )  # fmt: skip
    with third:
        verdict = st.selectbox(
            "Verdict", list(VERDICTS), index=None, format_func=VERDICTS.__getitem__,
            placeholder="All", key="filter_verdict", on_change=_to_first_page,
        )  # fmt: skip
    return {"decision": decision, "label": label, "verdict": verdict}


def _to_first_page() -> None:
    st.session_state["worklist_page"] = 0


def _empty(*, filtered: bool) -> None:
    if filtered:
        st.info(
            "No reading fits these filters. Clear one of them.", icon=":material/filter_alt_off:"
        )
        return
    st.info(
        "Nothing has been read yet. Drop a cell image, or try a sample cell; it is listed here.",
        icon=":material/inbox:",
    )
    st.page_link(READING_PAGE, label="Read cells", icon=":material/upload:")


def _table(rows: list[WorklistRow]) -> None:
    chosen = st.dataframe(
        [_line(row) for row in rows],
        hide_index=True,
        key="worklist",
        on_select="rerun",
        selection_mode="single-row",
        row_height=64,
        height="content",
        column_config={
            "Cell": st.column_config.ImageColumn("Cell", width="small"),
            "Read at": st.column_config.DatetimeColumn("Read at (UTC)", format="D MMM YYYY, HH:mm"),
        },
        alt=f"{len(rows)} readings, newest first: picture, answer, probability, verdict, time.",
    )
    if chosen["selection"]["rows"]:
        _open(rows[chosen["selection"]["rows"][0]])


def _line(row: WorklistRow) -> dict[str, Any]:
    reading = row.reading
    return {
        "Cell": picture_url("image", reading.image_sha256),
        "Answer": show.answer_words(reading),
        "Probability": per_cent(reading.probabilities[reading.label]) if reading.label else "–",
        "Verdict": show.verdict_words(row.verdict),
        "Remark": row.verdict.remark if row.verdict else "",
        "Outlines": "corrected" if row.corrected else "",
        "Read at": reading.created_at.astimezone(UTC).replace(tzinfo=None),
        "Sample": "synthetic" if reading.sample else "",
    }


def _steps(rows: list[WorklistRow], *, more: bool) -> None:
    number = st.session_state["worklist_page"]
    waiting = next((row for row in rows if row.verdict is None), None)
    with st.container(horizontal=True):
        if st.button("Open the next without a verdict", shortcut="O", disabled=waiting is None):
            _open(waiting or rows[0])
        st.button("Newer", shortcut="K", disabled=number == 0, on_click=_turn, args=(-1,))
        st.button("Older", shortcut="J", disabled=not more, on_click=_turn, args=(1,))
        _exports(rows)
    st.caption("Choose a row to open its reading.")


def _exports(rows: list[WorklistRow]) -> None:
    """Offers the shown readings as files, made when they are asked for."""
    corrected = File(
        "Corrected outlines", "zip", lambda: exports.export_training(rows, session.triage().blob),
        "Pictures and masks that people corrected, to train a segmenter on: unpack the ZIP, "
        "then python -m cervix_models data import",
    )  # fmt: skip
    with st.popover("Export these readings", icon=":material/download:"):
        offer([*of_readings(rows), corrected], "readings", width="stretch")


def _turn(step: int) -> None:
    st.session_state["worklist_page"] += step


def _open(row: WorklistRow) -> None:
    st.switch_page(READING_PAGE, query_params={"reading": row.reading.id})


page()
