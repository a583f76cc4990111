"""The image sets: import from the server or by upload, look at their quality, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.services.datasets import OPEN, DataSets, ImportedSet
from cervix_models.services.set_imports import ImportWish
from cervix_models.tasks import Job
from ui import admin_services, session, show
from ui.set_quality_view import show_quality

SAID = "image-sets-said"  # in the session: what was just done
UPLOAD_MB = 1000
Found = TypeVar("Found")
LOOK = 2.0  # seconds between two looks at jobs that are under way


def page() -> None:
    """Shows the imported sets, one of them in full, and how others come in."""
    session.require_role("admin")
    st.title("Image sets", anchor=False)
    st.markdown(
        "Sets that models are trained and measured on. Every file is opened and checked before a "
        "set is taken in; its pictures are measured, and set against those the models learned from."
    )
    service = admin_services.datasets()
    if SAID in st.session_state:
        st.success(st.session_state.pop(SAID), icon=":material/check:")
    try:
        sets = service.all()
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    _table(sets)
    _import(service)
    _jobs(service)
    _corrected()
    if sets:
        by_name = {each.name: each for each in sets}
        st.header("One set", anchor=False)
        name = st.selectbox("Set", list(by_name), key="image-set", bind="query-params", width=420)
        _one(service, by_name[name])


def _table(sets: list[ImportedSet]) -> None:
    if not sets:
        st.info("No image set is imported here yet.", icon=":material/inbox:")
        return
    st.dataframe(
        [
            {
                "Name": each.name,
                "Kind": each.index.source,
                "Cells": len(each.index.cells),
                "Clusters": each.index.clusters,
                "Fields": len(each.index.fields),
                "Classes": len(each.index.counts),
                "Imported": each.imported_at,
                "Pictures in": "this installation" if each.own else str(each.index.root),
            }
            for each in sets
        ],
        hide_index=True,
        height="content",
        column_config={"Imported": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
        alt=f"{len(sets)} image sets with their cells, clusters and fields.",
    )


def _import(service: DataSets) -> None:
    st.header("Import", anchor=False)
    way = st.segmented_control(
        "From", ["The server", "An uploaded ZIP"], default="The server", required=True,
        key="import-way",
    )  # fmt: skip
    if way == "The server":
        path = _from_server(service)
    else:
        file = st.file_uploader(
            "ZIP of images in folders", type=["zip"], max_upload_size=UPLOAD_MB, key="import-zip",
            help="A folder a class, or a download as it comes. Links, hidden files and archives "
            "within it are refused.",
        )  # fmt: skip
        path = None
    name = st.text_input("Name of the set", max_chars=60, key="import-name", width=420)
    groups = st.text_input(
        "Where a file's name tells patient or slide (optional)", max_chars=200, key="import-groups",
        placeholder="patient([0-9]+)", width=420,
        help="A regular expression; what it finds is kept on one side of every split.",
    )  # fmt: skip
    leave_out = st.checkbox("Leave broken files out, instead of ending there.", key="import-broken")
    if not st.button("Import", type="primary", icon=":material/download:", key="import-go"):
        return
    if way != "The server" and file is not None:
        content, filename = file.getvalue(), file.name
        path = _tried(lambda: service.keep_upload(filename, content))
    if not path or not name.strip():
        st.error("Choose what to import, and give it a name.")
        return
    wish = ImportWish(path, name, groups.strip() or None, leave_out)
    if _tried(lambda: service.start(wish)) is not None:
        st.session_state[SAID] = "It waits for a worker, and is shown below."
        st.rerun()


def _from_server(service: DataSets) -> str | None:
    found = service.sources()
    if not found:
        st.caption(
            f"There is nothing in {show.plain(str(service.settings.imports))}. Put a folder or a "
            "ZIP there, or name another place in CERVIX_IMPORTS."
        )
        return None
    chosen: str | None = st.selectbox(
        "Folder or ZIP", found, index=None, key="import-path", width=420
    )
    return chosen


def _jobs(service: DataSets) -> None:
    going = any(job.state in OPEN for job in service.jobs())
    st.fragment(_progress, run_every=LOOK if going else None)(service)


def _progress(service: DataSets) -> None:
    jobs = service.jobs()
    for job in jobs:
        _job(job)
    seen = [job.id for job in jobs if job.state in OPEN]
    before = st.session_state.get("image-sets-open", seen)
    st.session_state["image-sets-open"] = seen
    if set(before) - set(seen):  # one has ended: the list of sets is another
        st.rerun()


def _job(job: Job) -> None:
    words = f"**{show.plain(job.title)}**"
    if job.state == "failed":
        st.error(f"{words}: {show.plain(job.problem or '')}", icon=":material/error:")
    elif job.state in OPEN:
        doing = job.message or ("waits for a worker" if job.state == "queued" else job.state)
        st.progress(min(1.0, max(0.0, job.progress)), f"{words}: {show.plain(doing)}")
    else:
        found = job.result or {}
        told = ", ".join(f"{value:,} {key}" for key, value in found.items() if key != "name")
        st.markdown(f"{words}: {job.state}" + (f"; {told}." if told else "."))


def _corrected() -> None:
    st.header("Corrected readings", anchor=False)
    service = admin_services.corrected()
    found = _tried(service.count)
    if found is None:
        return
    st.markdown(
        f"Readings with a class by a person: {found.with_class:,}; with outlines by a person: "
        f"{found.with_outlines:,}. They can become a set to learn from: samples, made cells and "
        "what models are measured on are left out, each cell keeps who said what and when, and "
        "models are measured on the same cells as before."
    )
    if not found.with_class and not found.with_outlines:
        return
    name = st.text_input("Name of the new set", max_chars=60, key="corrected-name", width=420)
    agreed = st.checkbox(
        "Whoever gave these pictures agreed that they may be learned from.", key="corrected-agreed"
    )
    if not st.button("Make a set", icon=":material/library_add:", key="corrected-go"):
        return
    with st.spinner("Setting them against the cells that models are measured on"):
        made = _tried(lambda: service.make(name, agreed=agreed))
    if made is not None:
        st.session_state[SAID] = (
            f"{show.plain(', '.join(made.names))}: {made.found.with_class:,} cells with a class, "
            f"{made.found.with_outlines:,} with outlines; {made.found.left_out:,} were left out. "
            f"Train on {show.plain(made.packed.name)}, alone or beside another."
        )
        st.rerun()


def _one(service: DataSets, one: ImportedSet) -> None:
    show_quality(service, one)
    with st.container(horizontal=True):
        if (
            st.button("Measure", icon=":material/straighten:", key="image-set-measure")
            and _tried(lambda: service.measure(one.name)) is not None
        ):
            st.rerun()
        with st.popover("Delete", icon=":material/delete:"):
            _delete(service, one.name)


def _delete(service: DataSets, name: str) -> None:
    found = _tried(lambda: service.dependants(name)) or []
    st.markdown("\n".join(f"- {show.plain(each)}" for each in found))
    typed = st.text_input(f"Type {name} to delete it", key=f"delete-typed-{name}")
    if not st.button("Delete the set", type="primary", key=f"delete-{name}"):
        return
    try:
        service.delete(name, typed)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    st.session_state[SAID] = f"{show.plain(name)} was deleted."
    st.rerun()


def _tried(action: Callable[[], Found]) -> Found | None:
    """What came of an action; where it was refused, the page says why."""
    try:
        return action()
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return None


page()
