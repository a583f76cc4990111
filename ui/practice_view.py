"""Practice and drills on a page: a cell, the answer, what is told of it, the next."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import CervixError
from cervix_models.language import _, several
from cervix_models.lessons import RATINGS
from ui import lessons, session, show
from ui.answer_view import (
    Told,
    answer_buttons,
    criteria,
    layers,
    model_words,
    show_picture,
    verdict_words,
)

if TYPE_CHECKING:
    from cervix_models.services.learned import Confused
    from cervix_models.services.learning import Answered, Question

# In the session, each with the name of the way: practice or drill.
QUESTION, ANSWERED, PROBLEM, RUN = "quiz-question", "quiz-answered", "quiz-problem", "quiz-run"
PAIR = "quiz-pair"  # the two classes of the drill
PRACTICE, DRILL = "practice", "drill"
MOST_PAIRS = 6
FEWEST = 2  # times that two classes were confused, to be worth a drill


@st.fragment
def practise() -> None:
    """Shows one cell after the other of all classes."""
    _turn(PRACTICE, CLASS_NAMES)


@st.fragment
def drill() -> None:
    """Shows the learner's own confusions, and one cell after the other of the two classes that
    were chosen."""
    pair: tuple[str, str] | None = st.session_state.get(PAIR)
    if pair is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{pair[0]}** · **{pair[1]}**")
            st.button(
                _("Another pair"), icon=":material/swap_horiz:", on_click=_choose, args=(None,)
            )
        _turn(DRILL, pair)
        return
    learner = session.current_user().name
    synthetic = not lessons.shared_cells().real()
    try:
        found = lessons.learning().figures(learner, synthetic=synthetic).confused
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    _pairs([each for each in _together(found) if each[2] >= FEWEST][:MOST_PAIRS])


def leave() -> None:
    """Takes back what was asked and not answered: its clock would run on."""
    for way in (PRACTICE, DRILL):
        if f"{ANSWERED}-{way}" not in st.session_state:
            st.session_state.pop(f"{QUESTION}-{way}", None)


def _pairs(pairs: list[tuple[str, str, int]]) -> None:
    if not pairs:
        st.info(
            _(
                "No two classes were confused twice so far. Practise first; or choose two classes "
                "yourself."
            ),
            icon=":material/fitness_center:",
        )
    else:
        st.markdown(_("What you confused most. Choose a pair to train it:"))
        for one, two, count in pairs:
            times = several("{count} time", "{count} times", count).format(count=count)
            st.button(
                _("{one} and {other}: {times}").format(one=one, other=two, times=times),
                key=f"drill-{one}-{two}", on_click=_choose, args=((one, two),),
            )  # fmt: skip
    with (
        st.form("drill-own", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        one = st.selectbox(_("One class"), CLASS_NAMES, index=2, width=240)
        two = st.selectbox(_("The other"), CLASS_NAMES, index=3, width=240)
        if st.form_submit_button(_("Train these two")):
            if one == two:
                st.error(_("Both are {label}. Choose two classes.").format(label=one))
            else:
                _choose((one, two))
                st.rerun(scope="fragment")


def _together(found: tuple[Confused, ...]) -> list[tuple[str, str, int]]:
    """Confusions of two classes either way, the most frequent first."""
    counts: dict[tuple[str, ...], int] = {}
    for each in found:
        key = tuple(sorted((each.label, each.said), key=CLASS_NAMES.index))
        counts[key] = counts.get(key, 0) + each.count
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [(one, two, count) for (one, two), count in ordered]


def _choose(pair: tuple[str, str] | None) -> None:
    st.session_state[PAIR] = pair
    for key in (QUESTION, ANSWERED, PROBLEM):
        st.session_state.pop(f"{key}-{DRILL}", None)


def _turn(way: str, among: tuple[str, ...]) -> None:
    """One question, or what is told after its answer."""
    if problem := st.session_state.pop(f"{PROBLEM}-{way}", None):
        st.error(show.plain(problem))
    question = st.session_state.get(f"{QUESTION}-{way}") or _ask(way, among)
    if question is None:
        return
    answered: Answered | None = st.session_state.get(f"{ANSWERED}-{way}")
    picture, words = st.columns([2, 3], gap="medium", vertical_alignment="top")
    if answered is None:
        with picture:
            show_picture(
                question.picture,
                _("Synthetic cell to be named")
                if question.cell.synthetic
                else _("Cell to be named"),
                scale=not question.cell.synthetic,
            )
        with words:
            _question(way, question)
    else:
        _told(way, question, answered, picture, words)
    show.notice()


def _question(way: str, question: Question) -> None:
    again = " · " + _("you have seen it before") if question.again else ""
    st.markdown(_("**Which class is this cell?**") + again)
    answer_buttons(
        f"{way}-{question.cell.key[:12]}-{question.asked_at:%H%M%S%f}",
        question.among,
        partial(_answer, way),
    )
    run: list[bool] = st.session_state.get(f"{RUN}-{way}", [])
    if run:
        st.caption(_("This visit: {right} of {count} right").format(right=sum(run), count=len(run)))


def _told(
    way: str, question: Question, answered: Answered, picture: st.delta_generator.DeltaGenerator,
    words: st.delta_generator.DeltaGenerator,
) -> None:  # fmt: skip
    cell = question.cell
    told = Told(
        key=f"{way}-{cell.key[:12]}",
        label=cell.label,
        said=answered.answer.said,
        synthetic=cell.synthetic,
        picture=question.picture,
        outlined=partial(lessons.outlined, cell),
        heard=lessons.shared_cells().heard(cell),
        cell=cell,
    )
    with words:
        verdict_words(told)
        st.button(
            _("Next"), type="primary", shortcut="J", icon=":material/arrow_forward:",
            key=f"next-{told.key}-{len(st.session_state.get(f'{RUN}-{way}', []))}",
            on_click=_next, args=(way,),
        )  # fmt: skip
        st.caption(_rated_words(answered))
        criteria(told)
        model_words(told)
    with picture:  # last, as outlines may take a moment
        layers(told)


def _rated_words(answered: Answered) -> str:
    """How the answer was rated, and when the cell comes again."""
    given = answered.answer
    parts = [_(RATINGS[given.rating])]
    if given.seconds is not None:
        took = _("{seconds} s").format(seconds=f"{given.seconds:.1f}")
        if answered.usual is not None:
            took = _("{seconds} s, usually {usual} s").format(
                seconds=f"{given.seconds:.1f}", usual=f"{answered.usual:.1f}"
            )
        parts.append(took)
    wait = wait_words((answered.due - given.created_at).total_seconds())
    parts.append(_("it comes again in {time}").format(time=wait))
    return " · ".join(parts)


def wait_words(seconds: float) -> str:
    """A time to wait in its largest unit."""
    if seconds < 90:
        return _("a minute")
    if seconds < 5400:
        minutes = round(seconds / 60)
        return several("{count} minute", "{count} minutes", minutes).format(count=minutes)
    if seconds < 36 * 3600:
        hours = round(seconds / 3600)
        return several("{count} hour", "{count} hours", hours).format(count=hours)
    days = round(seconds / 86_400)
    return several("{count} day", "{count} days", days).format(count=days)


def _ask(way: str, among: tuple[str, ...]) -> Question | None:
    """The next question, kept in the session; None where there is none, and the page says why."""
    state = st.session_state
    try:
        with st.spinner(_("Looking for a cell"), show_time=False):
            question = lessons.learning().ask(
                session.current_user().name, among=among, last=state.get(f"quiz-last-{way}")
            )
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return None
    state[f"{QUESTION}-{way}"] = question
    return question


def _answer(way: str, said: str) -> None:
    state = st.session_state
    question: Question = state[f"{QUESTION}-{way}"]
    if f"{ANSWERED}-{way}" in state:
        return
    try:
        answered = lessons.learning().answer(question, said, session.current_user().name)
    except CervixError as problem:
        state[f"{PROBLEM}-{way}"] = str(problem)
        return
    state[f"{ANSWERED}-{way}"] = answered
    state[f"{RUN}-{way}"] = [*state.get(f"{RUN}-{way}", []), answered.answer.right]


def _next(way: str) -> None:
    state = st.session_state
    if f"{ANSWERED}-{way}" not in state:
        return
    question = state.pop(f"{QUESTION}-{way}", None)
    if question is not None:
        state[f"quiz-last-{way}"] = question.cell.key
    state.pop(f"{ANSWERED}-{way}", None)


def due_words(due: int, next_due: datetime | None, now: datetime) -> str:
    """How many cells wait, or when the next one does."""
    if due:
        return several(
            "{count} cell waits to be seen again.", "{count} cells wait to be seen again.", due
        ).format(count=due)
    if next_due is None:
        return _("No cell waits to be seen again.")
    return _("The next cell comes again in {time}.").format(
        time=wait_words((next_due - now).total_seconds())
    )
