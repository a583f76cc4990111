"""An exam or exercise on a page: joining, the cells one by one, the time left, and the result."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.language import _, several
from cervix_models.plots import per_cent
from ui import lessons, show
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
    from cervix_models.lessons import SetItem
    from cervix_models.services.classroom import Going

SITTING, CODE = "sitting", "code"  # in the address
MINE = "quiz-sittings"  # in the session: secret ids of sittings by set and name
AT, PROBLEM, SHOWN_AT = "exam-at", "exam-problem", "exam-shown-at"
LATER = 0.5  # seconds after the end of the time, when the page looks for it
HURRY = 60  # seconds, from which on the time is shown as short
TICKING = """
(() => {
  const clock = document.querySelector('.cx-clock'), end = performance.now() + 1000 * %(seconds)f;
  clearInterval(window.examClock);
  window.examClock = setInterval(() => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    const shown = Math.floor(left / 60) + ':' + String(left %% 60).padStart(2, '0');
    clock.textContent = clock.textContent.replace(/\\d+:\\d\\d/, shown);
    clock.classList.toggle('cx-short', left <= %(hurry)d);
  }, 250);
})();
"""


def exam() -> None:
    """Shows the door to exams, or the sitting that the address names."""
    secret = st.query_params.get(SITTING)
    if secret is None:
        _door()
        return
    try:
        going = lessons.classroom().going(secret)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    if going is None:
        st.warning(_("No sitting has this address here. Join again with your code."))
        st.query_params.clear()
        _door()
        return
    if going.over is None:
        if going.sitting.ends_at is not None:
            _clock(going.sitting.ends_at)
        _sitting(secret)
    else:
        _result(going)
    show.notice()


def _door() -> None:
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(show.plain(problem))
    st.markdown(
        _(
            "Join with the code that your instructor gave you. Your name tells your instructor "
            "whose answers these are; it is kept with them until the set is deleted."
        )
    )
    with (
        st.form("exam-join", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        code = st.text_input(
            _("Code"), value=st.query_params.get(CODE, ""), max_chars=12, width=160,
            key="exam-code", autocomplete="off",
        )  # fmt: skip
        name = st.text_input(
            _("Your name"), max_chars=80, width=260, key="exam-name", autocomplete="name"
        )
        pressed = st.form_submit_button(_("Join"), type="primary", icon=":material/login:")
    if pressed:
        _join(code, name)


def _join(code: str, name: str) -> None:
    mine: list[str] = st.session_state.setdefault(MINE, [])
    classroom = lessons.classroom()
    try:
        sitting = None
        for secret in mine:  # of this very session
            going = classroom.going(secret)
            if going is not None and _same(going, code, name):
                sitting = going.sitting
        sitting = sitting or classroom.join(code, name)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    st.session_state[MINE] = [*mine, sitting.id]
    st.query_params.clear()
    st.query_params[SITTING] = sitting.id
    st.rerun()


def _same(going: Going, code: str, name: str) -> bool:
    from cervix_models.services.classroom import code_of

    names = [" ".join(each.split()).casefold() for each in (going.sitting.name, name)]
    return going.teaching_set.code == code_of(code) and names[0] == names[1]


def _clock(ends: datetime) -> None:
    """The time that is left, which the browser counts down; once it is up, the page shows the end.

    A fragment that runs every second would do it too, but leaves elements of others on the page.
    """
    left = (ends - datetime.now(UTC)).total_seconds()
    seconds = max(0, math.ceil(left))
    words = _("Time left: {minutes}:{seconds}").format(
        minutes=seconds // 60, seconds=f"{seconds % 60:02}"
    )
    st.html(
        f'<p class="cx cx-clock" role="timer">{show.html(words)}</p>'
        f"<script>{TICKING % {'seconds': left, 'hurry': HURRY}}</script>",
        unsafe_allow_javascript=True,
    )
    st.fragment(_end_of_time, run_every=max(left, 0) + LATER)(ends)


def _end_of_time(ends: datetime) -> None:
    if datetime.now(UTC) >= ends:
        st.rerun(scope="app")


@st.fragment
def _sitting(secret: str) -> None:
    """The item in turn, its buttons, and the way to the others."""
    going = lessons.classroom().going(secret)
    if going is None or going.over is not None:
        st.rerun(scope="app")
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(show.plain(problem))
    count = len(going.items)
    at = min(st.session_state.get(f"{AT}-{secret}", _first_open(going)), count - 1)
    st.session_state[f"{AT}-{secret}"] = at
    item, exercise = going.items[at], going.teaching_set.kind == "exercise"
    said = going.answers.get(item.number)
    st.markdown(
        _("Cell **{number}** of {count} · {answered} answered").format(
            number=at + 1, count=count, answered=len(going.answers)
        )
    )
    picture, words = st.columns([2, 3], gap="medium", vertical_alignment="top")
    if exercise and said is not None:
        with words:
            _steps(going, at)
        _tell(going, item, picture, words)
    else:
        with picture:
            show_picture(
                lessons.shared_cells().store.blob(item.picture),
                _("Cell {number} of {count}, to be named").format(number=item.number, count=count),
                scale=not going.teaching_set.synthetic,
            )
        with words:
            st.markdown(_("**Which class is this cell?**"))
            st.session_state.setdefault(f"{SHOWN_AT}-{secret}-{item.number}", datetime.now(UTC))
            answer_buttons(
                f"{secret[:8]}-{item.number}", _all(), partial(_answer, secret, item.number),
                None if said is None else said.said,
            )  # fmt: skip
            if said is not None:
                st.caption(_("Answered. You may change it until you hand in."))
            _steps(going, at)
    _hand_in(going)


def _all() -> tuple[str, ...]:
    from cervix_models.data.labels import CLASS_NAMES

    return CLASS_NAMES


def _first_open(going: Going) -> int:
    """The position of the first item that is not answered; of the last one where all are."""
    for at, item in enumerate(going.items):
        if item.number not in going.answers:
            return at
    return len(going.items) - 1


def _steps(going: Going, at: int) -> None:
    secret, last = going.sitting.id, len(going.items) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Previous"), icon=":material/arrow_back:", shortcut="K", disabled=at == 0,
            key="exam-previous", on_click=_go, args=(secret, at - 1),
        )  # fmt: skip
        st.button(
            _("Next"), icon=":material/arrow_forward:", shortcut="J", disabled=at == last,
            key="exam-next", on_click=_go, args=(secret, at + 1),
        )  # fmt: skip


def _hand_in(going: Going) -> None:
    open_ones = len(going.items) - len(going.answers)
    words = _("Hand in")
    if open_ones:
        st.caption(
            several(
                "{count} cell is not answered yet, and would count as wrong.",
                "{count} cells are not answered yet, and would count as wrong.",
                open_ones,
            ).format(count=open_ones)
        )
    with st.popover(words, icon=":material/task_alt:"):
        st.markdown(_("After this, no answer can be given or changed."))
        st.button(
            _("Hand in for good"), type="primary", key="exam-hand-in", on_click=_end,
            args=(going.sitting.id,),
        )  # fmt: skip


def _result(going: Going) -> None:
    over = {
        "handed in": _("You have handed in."),
        "late": _("The time is up."),
        "closed": _("Your instructor closed this set."),
    }[str(going.over)]
    st.header(show.plain(going.teaching_set.name), anchor=False)
    count = len(going.items)
    unanswered = count - len(going.answers)
    st.markdown(
        over
        + " "
        + _("{answered} of {count} cells are answered.").format(
            answered=len(going.answers), count=count
        )
    )
    if not going.told:
        _waiting(going)
        return
    st.info(
        _("**{right} of {count} right** ({share})").format(
            right=going.right, count=count, share=per_cent(going.right / count)
        )
        + (
            " "
            + several(
                "{count} cell was not answered, and counts as wrong.",
                "{count} cells were not answered, and count as wrong.",
                unanswered,
            ).format(count=unanswered)
            if unanswered
            else ""
        ),
        icon=":material/task_alt:",
    )
    _truths(going)


@st.fragment(run_every=5.0)
def _waiting(going: Going) -> None:
    """Says that the truth comes later, and looks whether it is there."""
    found = lessons.classroom().going(going.sitting.id)
    if found is None or found.told:
        st.rerun(scope="app")
    st.info(
        _(
            "The truth is shown here once your instructor closes the exam. Keep the address of "
            "this page."
        ),
        icon=":material/hourglass:",
    )


@st.fragment
def _truths(going: Going) -> None:
    """All items with the truth, and one of them in full."""
    from ui.routes import picture_url

    number = st.session_state.get("exam-look", going.items[0].number)
    with st.grid(min_column_width=104, key="exam-truths"):
        for item in going.items:
            said = going.answers.get(item.number)
            with st.container(gap="xsmall"):
                words = _("Cell {number}, {label}").format(number=item.number, label=item.label)
                picture = show.picture_html(picture_url("image", item.picture), words)
                st.html(f'<div class="cx cx-cell">{picture}</div>')
                st.button(
                    f"{item.number} {_mark(item, said.said if said else None)}",
                    key=f"exam-look-{item.number}", on_click=_look, args=(item.number,),
                    type="primary" if item.number == number else "secondary", width="stretch",
                )  # fmt: skip
    item = next(each for each in going.items if each.number == number)
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="top")
    _tell(going, item, left, right)


def _mark(item: SetItem, said: str | None) -> str:
    if said is None:
        return "–"
    return "✓" if said == item.label else "✗"


def _tell(
    going: Going, item: SetItem, picture: st.delta_generator.DeltaGenerator,
    words: st.delta_generator.DeltaGenerator,
) -> None:  # fmt: skip
    cells, given = lessons.shared_cells(), going.answers.get(item.number)
    told = Told(
        key=f"{going.sitting.id[:8]}-{item.number}",
        label=item.label,
        said=given.said if given else None,
        synthetic=going.teaching_set.synthetic,
        picture=cells.store.blob(item.picture),
        outlined=partial(
            lessons.outlined_item, item.picture, item.mask, synthetic=going.teaching_set.synthetic
        )
        if item.mask
        else None,
        heard=item.heard,
        cell=cells.cell(item.cell, item.label, synthetic=going.teaching_set.synthetic),
    )
    with words:
        verdict_words(told)
        criteria(told)
        model_words(told)
    with picture:
        layers(told)


def _answer(secret: str, number: int, said: str) -> None:
    state, classroom, now = st.session_state, lessons.classroom(), datetime.now(UTC)
    # Where fragments run at once, Streamlit can leave the buttons of the cell before on the page,
    # and a key then presses both (seen with 1.67): only the cell in turn is answered.
    if state.get(f"{AT}-{secret}") != number - 1:
        return
    shown: datetime = state.get(f"{SHOWN_AT}-{secret}-{number}", now)
    try:
        going = classroom.going(secret)
        if going is None:
            return
        classroom.answer(going, number, said, (now - shown).total_seconds())
    except CervixError as problem:
        state[PROBLEM] = str(problem)
        return
    if going.teaching_set.kind == "exam" and number < len(going.items):
        state[f"{AT}-{secret}"] = number  # the position of the next one


def _go(secret: str, at: int) -> None:
    st.session_state[f"{AT}-{secret}"] = at


def _end(secret: str) -> None:
    try:
        lessons.classroom().hand_in(secret)
    except CervixError as problem:
        st.session_state[PROBLEM] = str(problem)


def _look(number: int) -> None:
    st.session_state["exam-look"] = number
