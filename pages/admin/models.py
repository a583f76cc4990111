"""Which model reads by default: what runs made, set side by side; promote and roll back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cervix_models.contracts import DefaultKind, Promotion
from cervix_models.errors import CervixError
from cervix_models.services.promotions import KINDS, REASON, Candidate, Promotions
from ui import admin_services, runs_view, session, show

SAID = "promotion-said"  # in the session: what was just done


def page() -> None:
    """Shows the models of one kind, which of them reads, and lets another read."""
    session.require_role("admin")
    st.title("Models and runs", anchor=False)
    st.markdown(
        "What reads where nobody chooses. A model of a run is copied when it is promoted, and "
        "never changed again; the next reading is by it, in every session, and readings keep the "
        "hash of what read them."
    )
    kind: DefaultKind = st.segmented_control(
        "Kind", KINDS, default=KINDS[0], format_func=str.capitalize, required=True,
        key="runs-kind",
    )  # fmt: skip
    service = admin_services.promotions()
    if SAID in st.session_state:
        st.success(st.session_state.pop(SAID), icon=":material/check:")
    try:
        candidates, history = service.candidates(kind), service.history(kind)
        _now(service, kind, history)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    if not candidates:
        st.info(f"There is no {kind} here yet. Train one on the page Training.")
        return
    runs_view.overview(candidates, kind)
    if len(candidates) > 1:
        runs_view.compare(candidates, kind)
        _promote(service, [each for each in candidates if not each.default])
    _history(history)


def _now(service: Promotions, kind: DefaultKind, history: list[Promotion]) -> None:
    name = getattr(service.defaults(), kind)
    st.markdown(f"**Reads now:** {show.plain(name)}" + (f", {_since(history)}" if history else "."))
    before = service.before(kind)
    if before is None:
        return
    with st.expander(f"Roll back to {before}", icon=":material/undo:"):
        reason = st.text_area("Why", max_chars=REASON, key=f"roll-back-why-{kind}")
        if st.button("Roll back", key=f"roll-back-{kind}", type="primary"):
            _act(lambda: service.roll_back(kind, reason))


def _since(history: list[Promotion]) -> str:
    newest = history[0]
    words = f"since {show.when(newest.created_at)}, by {newest.created_by}: {newest.reason}"
    return show.plain(words)


def _promote(service: Promotions, candidates: list[Candidate]) -> None:
    st.header("Promote", anchor=False)
    by_title = {each.title: each for each in candidates}
    title = st.selectbox("Model", list(by_title), key="promote-model", width=420)
    candidate = by_title[title]
    if candidate.lacks:
        st.warning(
            "It cannot be the default:\n"
            + "\n".join(f"- {show.plain(each)}" for each in candidate.lacks),
            icon=":material/block:",
        )
        return
    confirmed = False
    try:
        against = service.concerns(candidate)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    if against:
        st.warning(
            "Before it reads, mind this:\n" + "\n".join(f"- {show.plain(each)}" for each in against)
        )
        confirmed = st.checkbox(
            "It shall read nevertheless.", key=f"promote-confirmed-{candidate.key}"
        )
    reason = st.text_area("Why", max_chars=REASON, key="promote-why", width=620)
    if st.button("Make it the default", type="primary", icon=":material/publish:"):
        _act(lambda: service.promote(candidate, reason, confirmed=confirmed))


def _history(history: list[Promotion]) -> None:
    st.header("History", anchor=False)
    if not history:
        st.markdown("Nothing was promoted yet: what came with the project reads.")
        return
    st.dataframe(
        [
            {
                "When": each.created_at,
                "Model": each.name,
                "Version": each.version,
                "By": each.created_by,
                "Why": each.reason,
                "Weights": each.weights_sha256[:12],
            }
            for each in history
        ],
        hide_index=True,
        height="content",
        column_config={"When": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
        alt=f"{len(history)} promotions, the newest first.",
    )


def _act(action: Callable[[], Promotion]) -> None:
    """Does what a button asks for, and shows the page anew with what came of it."""
    try:
        made = action()
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    st.session_state[SAID] = f"{show.plain(made.name)} reads from now on."
    st.rerun()


page()
