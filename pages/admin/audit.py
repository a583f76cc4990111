"""Who did what and when: the audit log, whether it is whole, and the log as a table."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.services.audit import AuditEntry, AuditFilter, AuditLog
from ui import admin_services, session, show

PAGE_SIZE = 50
STATE = "audit-chain"  # in the session: what checking found, and when
NUMBER = "audit-page"  # in the session: pages turned


def page() -> None:
    """Shows the entries that fit, the newest first."""
    session.require_role("admin")
    st.title("Audit log", anchor=False)
    st.markdown(
        "Entries are added and never changed. Each holds the hash of the one before, so that a "
        "changed, missing or moved entry shows."
    )
    log = admin_services.audit_log()
    try:
        _chain(log)
        chosen = _chosen(log)
        count = log.count(chosen)
        if not count:
            st.info("Nothing fits. Clear a filter.", icon=":material/filter_alt_off:")
            return
        _steps(log, chosen, count)
        offset = PAGE_SIZE * st.session_state[NUMBER]
        _table(log.entries(chosen, limit=PAGE_SIZE, offset=offset))
    except CervixError as problem:
        st.error(show.plain(str(problem)))


def _chain(log: AuditLog) -> None:
    """Says whether the log is whole."""
    again = st.button("Check again", icon=":material/verified:")
    if again or STATE not in st.session_state:
        with st.spinner("Every entry is hashed anew."):
            st.session_state[STATE] = log.verify(), datetime.now(UTC)
    chain, at = st.session_state[STATE]
    if chain.problem is not None:
        st.error(f"**The log is not whole.** {show.plain(chain.problem)}", icon=":material/error:")
        return
    st.success(
        f"{chain.count} entries, all whole and in their place; {chain.noted} heads that were "
        f"noted beside the database agree. Checked {show.when(at)}.",
        icon=":material/check:",
    )
    st.caption("The head of the log. Written down elsewhere, it proves the entries up to it.")
    st.code(f"{chain.count}:{chain.head}", language=None, wrap_lines=True)


def _chosen(log: AuditLog) -> AuditFilter:
    first, second, third = st.columns(3)
    actor = first.selectbox(
        "Who", log.actors(), index=None, placeholder="All", key="audit-who", on_change=_to_first
    )
    action = second.selectbox(
        "What", log.actions(), index=None, placeholder="All", key="audit-what", on_change=_to_first
    )
    days = third.date_input(
        "When (UTC)", [], key="audit-when", on_change=_to_first, format="YYYY-MM-DD"
    )
    span = days if isinstance(days, tuple) else (days,)
    since = _midnight(span[0]) if span else None
    until = _midnight(span[-1] + timedelta(days=1)) if span else None
    return AuditFilter(actor, action, since, until)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _to_first() -> None:
    st.session_state[NUMBER] = 0


def _turn(step: int) -> None:
    st.session_state[NUMBER] += step


def _steps(log: AuditLog, chosen: AuditFilter, count: int) -> None:
    last = (count - 1) // PAGE_SIZE
    number = min(st.session_state.get(NUMBER, 0), last)
    st.session_state[NUMBER] = number
    with st.container(horizontal=True):
        st.button("Newer", shortcut="K", disabled=number == 0, on_click=_turn, args=(-1,))
        st.button("Older", shortcut="J", disabled=number == last, on_click=_turn, args=(1,))
        st.download_button(
            "CSV", partial(_csv, log, chosen), "audit.csv", help="All entries that fit",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
    st.caption(f"{count} entries; page {number + 1} of {last + 1}.")


def _csv(log: AuditLog, chosen: AuditFilter) -> bytes:
    return log.table(chosen).data


def _table(entries: list[AuditEntry]) -> None:
    st.dataframe(
        [
            {
                "Number": each.number,
                "When (UTC)": each.created_at.astimezone(UTC).replace(tzinfo=None),
                "Who": each.actor,
                "What": each.action,
                "Of": each.subject,
                "Detail": json.dumps(each.detail, ensure_ascii=False) if each.detail else "",
                "SHA-256": each.sha256,
            }
            for each in entries
        ],
        hide_index=True,
        height="content",
        column_config={
            "When (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
            "SHA-256": st.column_config.TextColumn(width="small"),
        },
        alt=f"{len(entries)} entries of the audit log, the newest first.",
    )


page()
