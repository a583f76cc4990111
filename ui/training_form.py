"""The form of a training: a recipe, its settings by their types and bounds, a data set, a check."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.services.training import Extent, FormField, RecipeChoice, Wish
from cervix_models.tasks import ENDED, Job, duration
from ui import admin_services, show

CHECK, STARTED = "training-check", "training-started"  # in the session: ids of jobs
EVERY = 1.0  # seconds between two looks at a check
ACROSS = 3  # fields beside each other
EXTENT_WORDS: dict[Extent, str] = {
    "whole": "All folds, then weights and a card",
    "folds": "All folds: figures without weights",
    "fold": "One fold: a trial",
}
TABLE_WORDS = {"": "The recipe itself", "optimiser": "Optimiser", "augmentation": "Augmentation"}


def form() -> None:
    """Shows the form; a job that it asked for is kept in the session."""
    service = admin_services.training()
    choices = {each.name: each for each in service.recipes()}
    left, right = st.columns(2, gap="medium")
    with left:
        names = list(choices)
        first = names.index("cnn") if "cnn" in names else 0
        name = st.selectbox(
            "Recipe", names, index=first, key="training-recipe",
            format_func=lambda each: _recipe_words(choices[each]),
        )  # fmt: skip
        st.caption(show.plain(choices[name].about))
    with right:
        data = {each.key: each.words for each in service.data()}
        chosen: list[str] = []
        if data:
            chosen = st.multiselect(
                "Data set", list(data), default=list(data)[:1], key="training-data",
                format_func=lambda each: data.get(each, each),
            )  # fmt: skip
        else:
            st.info(
                "There is nothing to train on here yet. Import a set, or pack one: "
                "`python -m cervix_models data pack`"
            )
    extent, fold, model = _extent(service.form(name))
    changes = _settings(name, service.form(name))
    accepts = st.checkbox(
        "Train though nearly equal pictures are on both sides of a fold; the card will say so",
        key="training-accepts",
    )
    wish = Wish(name, changes, tuple(chosen), extent, fold, model.strip(), accepts)
    _expected(wish)
    # Not by callbacks: they would be given what the form said before its last field was left.
    with st.container(horizontal=True):
        check = st.button(
            "Check", icon=":material/fact_check:", key="training-do-check", disabled=not chosen,
            help="Looks for leaks, and tries a few steps to tell time and memory.",
        )  # fmt: skip
        start = st.button(
            "Start", type="primary", icon=":material/play_arrow:", key="training-do-start",
            disabled=not chosen,
        )  # fmt: skip
    if check or start:
        _ask(wish, CHECK if check else STARTED)
    if CHECK in st.session_state:
        _watch_check()


def _recipe_words(choice: RecipeChoice) -> str:
    return f"{choice.name} · {choice.kind}" if choice.kind else choice.name


def _extent(fields: list[FormField]) -> tuple[Extent, int, str]:
    """How much is trained, which fold of it, and the name of the new model."""
    one, two, three = st.columns([2, 1, 2], gap="medium")
    with one:
        extent = st.selectbox(
            "How much",
            list(EXTENT_WORDS),
            format_func=EXTENT_WORDS.__getitem__,
            key="training-extent",
        )
    with two:
        folds = next(int(each.value) for each in fields if each.name == "folds")
        fold = st.number_input(
            "Fold", 0, max(0, folds - 1), 0, key="training-fold", disabled=extent != "fold"
        )
    with three:
        name = st.text_input(
            "Name of the model", key="training-name", placeholder="as the recipe",
            help="Letters, digits, - and _. Needed where the data set has classes of its own.",
        )  # fmt: skip
    return extent, int(fold) if extent == "fold" else 0, name


def _settings(recipe: str, fields: list[FormField]) -> dict[str, Any]:
    """What is changed of the recipe's settings."""
    changes: dict[str, Any] = {}
    with st.expander("Settings of the recipe", icon=":material/tune:"):
        for table in dict.fromkeys(each.table for each in fields):
            words = TABLE_WORDS.get(table, table.capitalize())
            st.markdown(f"**{words}**")
            some = [each for each in fields if each.table == table]
            for start in range(0, len(some), ACROSS):
                columns = st.columns(ACROSS)
                for column, each in zip(columns, some[start : start + ACROSS], strict=False):
                    with column:
                        value = _widget(recipe, each)
                    if value != each.value:
                        changes[each.name] = value
    if changes:
        said = ", ".join(f"{name} {value}" for name, value in changes.items())
        st.caption(f"Changed: {show.plain(said)}")
    return changes


def _widget(recipe: str, field: FormField) -> Any:
    label = field.name.rpartition(".")[2].replace("_", " ")
    key = f"training-set-{recipe}-{field.name}"
    if field.kind == "flag":
        return st.checkbox(label, bool(field.value), key=key)
    if field.kind == "choice":
        at = field.choices.index(field.value) if field.value in field.choices else None
        return st.selectbox(label, field.choices, at, key=key)
    whole = field.kind == "whole"
    kind = int if whole else float
    low, high = (None if each is None else kind(each) for each in (field.low, field.high))
    return st.number_input(
        label, low, high, field.value, step=1 if whole else _step(field.value),
        format="%d" if whole else "%g", key=key, placeholder="as the model has it",
    )  # fmt: skip


def _step(value: float | None) -> float:
    """A tenth of the value's size."""
    return 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else 0.01


def _expected(wish: Wish) -> None:
    try:
        found = admin_services.training().expected(wish)
    except CervixError as problem:
        st.warning(show.plain(str(problem)))
        return
    if found is not None:
        st.caption(f"**{duration(found.seconds)}** expected. {show.plain(found.how)}")


def _ask(wish: Wish, what: str) -> None:
    service = admin_services.training()
    try:
        job = service.check(wish) if what == CHECK else service.start(wish)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    if what == CHECK:
        st.session_state[CHECK] = job.id
    else:
        st.query_params["job"] = job.id
        st.rerun()


def _watch_check() -> None:
    try:
        job = admin_services.training().job(st.session_state[CHECK])
    except CervixError as problem:
        del st.session_state[CHECK]
        st.warning(show.plain(str(problem)))
        return
    if job.state in ENDED:
        checked(job)
    else:
        _waiting()


@st.fragment(run_every=EVERY)
def _waiting() -> None:
    job = admin_services.training().job(st.session_state[CHECK])
    if job.state in ENDED:
        st.rerun()
    words = job.message if job.state == "running" else "Waits for a worker"
    st.progress(job.progress, f"Check: {words}")


def checked(job: Job) -> None:
    """Shows what a check found."""
    if job.result is None:
        st.error(show.plain(job.problem or f"The check is {job.state}."))
        return
    leaks = job.result.get("leaks", [])
    if leaks:
        st.warning(
            "**The split leaks.**\n"
            + "\n".join(f"- {show.plain(each['sentence'])}" for each in leaks)
        )
    else:
        st.success("No leak was found: no cluster, picture or near copy is on both sides.")
    measured = job.result.get("measured")
    if measured is None:
        st.caption("A few steps tell nothing of this kind of training; see what was recorded.")
        return
    one, two, three = st.columns(3)
    one.metric("Time", duration(measured["seconds"]))
    two.metric("Memory at most", f"{measured['memory'] / 1e9:.1f} GB")
    three.metric("Memory free now", f"{measured['free'] / 1e9:.1f} GB")
    if measured["memory"] > measured["free"]:
        st.warning("It may not fit into the memory that is free. Take a smaller batch.")
    st.caption(show.plain(measured["how"]))
