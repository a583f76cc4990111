"""Trainings: asked for, checked, watched, paused and gone on with; `?job=` names one."""

from __future__ import annotations

import streamlit as st

from cervix_models.tasks import Job
from ui import admin_services, session, show
from ui.training_form import form
from ui.training_job import JOB, badge, one, open_job

EVERY = 5.0  # seconds between two looks at the list


def page() -> None:
    """Shows the form and the list of trainings, or the one that the address names."""
    session.require_role("admin")
    st.title("Training", anchor=False)
    _workers()
    wanted = st.query_params.get(JOB)
    if wanted is not None:
        one(wanted)
        return
    st.header("New training", anchor=False)
    form()
    st.header("Trainings", anchor=False)
    _list()


def _workers() -> None:
    found = admin_services.training().workers()
    if not found:
        st.warning(
            "No worker runs, so jobs wait. Start one beside the application: "
            "`python -m cervix_models worker`, or both together with `make run`.",
            icon=":material/engineering:",
        )
        return
    hosts = ", ".join(f"{each.host} (process {each.pid})" for each in found)
    st.caption(show.plain(f"{len(found)} worker{'s' if len(found) > 1 else ''} on {hosts}"))


@st.fragment(run_every=EVERY)
def _list() -> None:
    jobs = admin_services.training().jobs()
    if not jobs:
        st.markdown("None yet.")
    for each in jobs:
        _row(each)


def _row(job: Job) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.button(
            show.plain(job.title), key=f"training-open-{job.id}", type="tertiary",
            icon=":material/model_training:", on_click=open_job, args=(job.id,),
        )  # fmt: skip
        words = f"{badge(job)} {show.plain(show.when(job.created_at))}"
        if job.state == "running":
            words += f" · {100 * job.progress:.0f} % · {show.plain(job.message)}"
        st.markdown(words, width="stretch")


page()
