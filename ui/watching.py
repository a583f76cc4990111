"""A job in the background, watched from the page that began it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cervix_models.services.jobs import Job

EVERY = 0.5  # seconds between two looks


@st.fragment(run_every=EVERY)
def watch(key: str, waiting: str, then: Callable[[Job[Any]], None]) -> None:
    """Shows how far the job is that the session keeps under `key`, and can stop it; before its
    first cell it says what it is `waiting` for. Once it has ended, `then` is called with it."""
    job: Job[Any] | None = st.session_state.get(key)
    if job is None:
        return
    if job.state == "running":
        words = f"{job.cells} cells read" if job.cells else waiting
        if job.stop.is_set():
            words = "Stopping"
        st.progress(job.done, words)
        st.button(
            "Stop and keep what was read", icon=":material/stop_circle:", on_click=job.stop.set,
            disabled=job.stop.is_set(),
        )  # fmt: skip
        return
    del st.session_state[key]
    then(job)
    st.rerun()
