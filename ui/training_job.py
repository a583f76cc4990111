"""One training as it goes on: how far it is, curves, pictures, machine, log, and what can be done
with it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.plots.jobs import epoch_curves, machine_curves, step_curves
from cervix_models.services.training import CHECK, Watched
from cervix_models.tasks import Job, State
from ui import admin_services, session, show
from ui.training_form import checked

JOB = "job"  # in the address
PROBLEM = "training-job-problem"
EVERY = 2.0  # seconds between two looks
ACTIVE: tuple[State, ...] = ("queued", "running")
STATE_WORDS: dict[State, tuple[str, str]] = {
    "queued": ("gray", "waits"),
    "running": ("blue", "runs"),
    "paused": ("orange", "paused"),
    "done": ("green", "done"),
    "failed": ("red", "failed"),
    "cancelled": ("gray", "cancelled"),
}


def open_job(job_id: str | None) -> None:
    """Has the page show a job, or the list."""
    if job_id is None:
        st.query_params.clear()
    else:
        st.query_params[JOB] = job_id


def badge(job: Job) -> str:
    """The state of a job as Markdown; what it was asked to do stands beside it."""
    colour, words = STATE_WORDS[job.state]
    asked = f", asked to {job.asked}" if job.asked else ""
    return f":{colour}-badge[{words}{asked}]"


def one(job_id: str) -> None:
    """Shows a job, again and again while it waits or runs."""
    st.button(
        "All trainings", icon=":material/arrow_back:", key="training-all", on_click=open_job,
        args=(None,),
    )  # fmt: skip
    try:
        job = admin_services.training().job(job_id)
    except CervixError as problem:
        st.warning(show.plain(str(problem)))
        return
    st.header(show.plain(job.title), anchor=False)
    if problem_said := st.session_state.pop(PROBLEM, None):
        st.error(show.plain(problem_said))
    if job.state in ACTIVE:
        _live(job_id, job.state)
    else:
        _shown(admin_services.training().watch(job_id))


@st.fragment(run_every=EVERY)
def _live(job_id: str, state: State) -> None:
    try:
        found = admin_services.training().watch(job_id)
    except CervixError as problem:
        st.warning(show.plain(str(problem)))
        return
    if found.job.state != state:
        st.rerun()
    _shown(found)


def _shown(found: Watched) -> None:
    job = found.job
    st.markdown(f"{badge(job)} &nbsp; {show.plain(_about(job))}")
    if job.state not in ("done", "failed"):
        st.progress(job.progress, show.plain(_progress(job)))
    if job.problem:
        st.error(show.plain(job.problem).replace("\n", "  \n"))
    _doors(job)
    if job.kind == CHECK and job.state == "done":
        checked(job)
    elif job.result:
        _result(job)
    _curves(found)
    _pictures(found)
    _log(found)
    with st.expander("What was asked for", icon=":material/list:"):
        st.json(dict(job.args))


def _about(job: Job) -> str:
    parts = [f"asked for by {job.created_by}, {show.when(job.created_at)}"]
    if job.ended_at is not None:
        parts.append(f"ended {show.when(job.ended_at)}")
    if job.attempt > 1:
        parts.append(f"attempt {job.attempt} of {job.attempts}")
    return " · ".join(parts)


def _progress(job: Job) -> str:
    if job.state == "queued":
        return "Waits for a worker"
    return f"{100 * job.progress:.0f} % · {job.message}" if job.message else "Begins"


def _doors(job: Job) -> None:
    """What can be done with a job in its state."""
    service = admin_services.training()
    with st.container(horizontal=True):
        if job.state in ACTIVE:
            _door("Pause", "pause", service.pause, job, stopped=job.asked is not None)
            _door("Cancel", "cancel", service.cancel, job, stopped=job.asked == "cancel")
        if job.state == "paused":
            _door("Cancel", "cancel", service.cancel, job)
        if job.state in ("paused", "cancelled"):
            _door("Resume", "resume", service.resume, job)
        if job.state == "failed":
            _door("Try again", "replay", service.resume, job)
        if job.state in ("done", "failed", "cancelled"):
            with st.popover("Delete", icon=":material/delete:"):
                st.markdown(
                    "The job, its curves and its files are deleted, also its checkpoints. A model "
                    "that was promoted stays."
                )
                st.button(
                    "Delete it for good", type="primary", key="training-delete", on_click=_delete,
                    args=(job.id,),
                )  # fmt: skip


def _door(
    words: str, icon: str, do: Callable[[str], None], job: Job, *, stopped: bool = False
) -> None:
    st.button(
        words, icon=f":material/{icon}:", key=f"training-{icon}", disabled=stopped,
        on_click=_tried, args=(do, job.id),
    )  # fmt: skip


def _tried(do: Callable[[str], None], job_id: str) -> None:
    try:
        do(job_id)
    except CervixError as problem:
        st.session_state[PROBLEM] = str(problem)


def _delete(job_id: str) -> None:
    _tried(admin_services.training().delete, job_id)
    if PROBLEM not in st.session_state:
        open_job(None)


def _result(job: Job) -> None:
    result = job.result or {}
    figures = result.get("metrics", {})
    st.success(show.plain(f"{result.get('name')}: {figures.get('summary') or 'trained'}"))
    st.caption(
        f"In `{result.get('folder')}` of the home"
        + (f", weights `{result['weights_sha256'][:12]}`" if result.get("weights_sha256") else "")
        + ". It reads nothing until it is promoted."
    )


def _curves(found: Watched) -> None:
    figures = [
        ("Loss by step", step_curves(found.metrics)),
        ("Losses by epoch", epoch_curves(found.metrics, losses=True)),
        ("Figures by epoch", epoch_curves(found.metrics, losses=False)),
        ("The machine", machine_curves(found.metrics)),
    ]
    shown = [(title, figure) for title, figure in figures if figure is not None]
    for start in range(0, len(shown), 2):
        for column, (title, figure) in zip(
            st.columns(2, gap="medium"), shown[start : start + 2], strict=False
        ):
            with column:
                st.markdown(f"**{title}**")
                show.chart(figure)


def _pictures(found: Watched) -> None:
    if not found.pictures:
        return
    st.markdown("**Pictures while it learns**")
    for each in found.pictures:
        words = f"{each.part}, epoch {each.epoch}"
        address = session.image_url(each.png)
        st.html(f'<div class="cx-film">{show.picture_html(address, words)}</div>')
        st.caption(words)


def _log(found: Watched) -> None:
    if found.lines:
        with st.expander("Log", icon=":material/notes:", expanded=found.job.state == "failed"):
            text = "\n".join(f"{each.created_at:%H:%M:%S}  {each.text}" for each in found.lines)
            st.code(text, language=None, wrap_lines=True, height=260)
