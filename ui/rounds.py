"""A round of real and made cells on a page: the questions, the answers, and the truth with its
clue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.errors import CervixError
from ui import session, show

if TYPE_CHECKING:
    from cervix_models.services.real_or_fake import Answer, Pair, Question, Round

# In the session.
ROUND, PAIR, WAY = "rof-round", "rof-pair", "rof-way-of-round"
ANSWERS, TOLD = "rof-answers", "rof-told"  # by the number of the picture; what was told of it
PROBLEM, AT = "rof-problem", "rof-at"

REAL, MADE = "Real", "Made"
KEYS = {REAL: "E", MADE: "M"}  # Streamlit keeps R for itself
QUALITIES = (1, 2, 3, 4, 5)
QUALITY = "Quality: 1 poor, 5 excellent (optional)"
COLUMN = 152  # pixels of a picture in the grid
ABOUT_CLUES = (
    "The clue is measured, not guessed: fine detail, grain, spread of colours, evenness of the "
    "rim, contrast of edges, and the gaps in the spectrum that enlarging by a network leaves. Each "
    "is compared with real cells of the class at the same size. A clue is told where a picture has "
    "more, or less, of one than 95 % of them have. By each measure alone one real cell in ten lies "
    "so far out: a clue is no proof."
)


def show_problem() -> None:
    """Shows why the last answer was not taken, if so."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(show.plain(problem))


def show_grid(dealt: Round) -> None:
    """Shows all pictures of a round with their questions, or with the truth once it was asked
    for."""
    if TOLD in st.session_state:
        _summary(dealt)
        _truths(dealt.questions)
        return
    with st.form("rof-form", border=False):
        with st.grid(min_column_width=COLUMN, key="rof-grid"):
            for each in dealt.questions:
                with st.container(gap="xsmall"):
                    _picture(each)
                    st.segmented_control(
                        f"Picture {each.number}", (REAL, MADE), key=_said_key(dealt, each)
                    )
                    st.feedback("stars", key=_quality_key(dealt, each))
        st.form_submit_button(
            "Show the truth", type="primary", icon=":material/visibility:",
            on_click=_answer_all, args=(dealt,),
        )  # fmt: skip
    st.caption("Stars rate the quality of a picture, and may be left out. So may any answer.")


def show_one(dealt: Round) -> None:
    """Shows one picture of a round, its question, and after the answer the truth."""
    answers: dict[int, Answer] = st.session_state[ANSWERS]
    at = min(st.session_state.get(AT, 0), len(dealt.questions) - 1)
    question = dealt.questions[at]
    last = at == len(dealt.questions) - 1
    picture, words = st.columns([1, 2], gap="large", vertical_alignment="top")
    answered = question.number in answers
    with picture:
        _picture(question, told=answered)
    with words:
        st.markdown(f"**Picture {question.number} of {len(dealt.questions)}**")
        if not answered:
            _ask(dealt, question)
            return
        st.html(f'<div class="cx">{_truth_words(question, answers[question.number])}</div>')
        if not last:
            st.button(
                "Next", type="primary", shortcut="J", icon=":material/arrow_forward:",
                key=f"rof-next-{question.number}", on_click=_go, args=(at + 1,),
            )  # fmt: skip
    st.caption(ABOUT_CLUES)
    if last:
        _summary(dealt)


def show_pair(pair: Pair, then: Callable[[], None]) -> None:
    """Shows two made cells and asks which looks more real; then who made them. `then` deals the
    next pair."""
    chosen: int | None = st.session_state.get(TOLD)
    st.markdown(f"Two made cells of one class, **{pair.label}**.")
    figures = "".join(
        "<figure>"
        + show.picture_html(session.image_url(each.png), f"{side} cell, synthetic")
        + f"<figcaption>{_pair_words(side, each.generator, chosen, at)}</figcaption></figure>"
        for at, (side, each) in enumerate(zip(("Left", "Right"), pair.cells, strict=True))
    )
    st.html(f'<div class="cx cx-pair">{figures}</div>')
    with st.container(horizontal=True):
        if chosen is None:
            for at, (side, key) in enumerate((("Left", "1"), ("Right", "2"))):
                st.button(
                    f"{side} looks more real", key=f"rof-prefer-{at}", shortcut=key,
                    on_click=_prefer, args=(pair, at),
                )  # fmt: skip
        else:
            st.button(
                "Next pair", type="primary", shortcut="J", icon=":material/arrow_forward:",
                key="rof-next-pair", on_click=then,
            )  # fmt: skip


def _pair_words(side: str, generator: str, chosen: int | None, at: int) -> str:
    if chosen is None:
        return side
    yours = ", your choice" if chosen == at else ""
    return f"{side}: made by <b>{show.html(generator)}</b>{yours}"


def _ask(dealt: Round, question: Question) -> None:
    st.segmented_control(QUALITY, QUALITIES, key=_quality_key(dealt, question))
    with st.container(horizontal=True):
        for words, key in KEYS.items():
            st.button(
                words, key=f"rof-{words}-{question.number}", shortcut=key,
                on_click=_answer_one, args=(dealt, question, words == MADE),
            )  # fmt: skip


def _picture(question: Question, *, told: bool = False) -> None:
    content = question.truth if told else question.asked
    words = f"Picture {question.number}, {_kind(question) if told else 'real or made?'}"
    picture = show.picture_html(session.image_url(content), words)
    st.html(f'<div class="cx cx-asked">{picture}</div>')


def _kind(question: Question) -> str:
    return f"synthetic {question.label} cell" if question.made else f"real {question.label} cell"


def _truths(questions: tuple[Question, ...]) -> None:
    answers: dict[int, Answer] = st.session_state[ANSWERS]
    with st.spinner("Measuring the pictures"):
        parts = [
            "<figure>"
            + show.picture_html(
                session.image_url(each.truth), f"Picture {each.number}, {_kind(each)}"
            )
            + f"<figcaption>{_truth_words(each, answers.get(each.number))}</figcaption></figure>"
            for each in questions
        ]
    st.html(f'<div class="cx cx-truths">{"".join(parts)}</div>')
    st.caption(ABOUT_CLUES)


def _truth_words(question: Question, answer: Answer | None) -> str:
    """What is told of a picture, as HTML: the truth, whether it was seen, and the clue."""
    if answer is None:
        mark = "– not answered"
    elif answer.said_made == question.made:
        mark = "✓ right"
    else:
        mark = "✗ wrong"
    maker = f", by {show.html(question.generator)}" if question.generator else ""
    try:
        clue = session.real_or_fake().clue(question)
    except CervixError as problem:
        clue = str(problem)
    return (
        f"<p><b>{MADE if question.made else REAL}</b> <span>{mark}</span></p>"
        f"<p>{show.badge_html(question.label)} {show.html(question.label)}{maker}</p>"
        f'<p class="cx-quiet">{show.html(clue)}</p>'
    )


def _summary(dealt: Round) -> None:
    answers: dict[int, Answer] = st.session_state[ANSWERS]
    asked = [each for each in dealt.questions if each.number in answers]
    right = sum(answers[each.number].said_made == each.made for each in asked)
    made = sum(each.made for each in dealt.questions)
    st.info(
        f"**{right} of {len(asked)} right.** {made} of the {len(dealt.questions)} pictures were "
        "made.",
        icon=":material/task_alt:",
    )


def _answer_all(dealt: Round) -> None:
    from cervix_models.services.real_or_fake import Answer

    state = st.session_state
    answers = {}
    for each in dealt.questions:
        if said := state.get(_said_key(dealt, each)):
            stars = state.get(_quality_key(dealt, each))
            answers[each.number] = Answer(said == MADE, None if stars is None else stars + 1)
    if not answers:
        state[PROBLEM] = "No picture was answered; at least one answer was expected. Say one first."
        return
    if _keep(dealt, answers):
        state[TOLD] = True


def _answer_one(dealt: Round, question: Question, said_made: bool) -> None:
    from cervix_models.services.real_or_fake import Answer

    quality = st.session_state.get(_quality_key(dealt, question))
    _keep(dealt, {question.number: Answer(said_made, quality)})


def _keep(dealt: Round, answers: dict[int, Answer]) -> bool:
    """Whether the answers were stored; where not, the page says why."""
    try:
        session.real_or_fake().keep(dealt, answers, session.current_user().name)
    except CervixError as problem:
        st.session_state[PROBLEM] = str(problem)
        return False
    st.session_state[ANSWERS] = st.session_state[ANSWERS] | answers
    return True


def _prefer(pair: Pair, which: int) -> None:
    try:
        session.real_or_fake().prefer(pair, which, session.current_user().name)
    except CervixError as problem:
        st.session_state[PROBLEM] = str(problem)
        return
    st.session_state[TOLD] = which


def _go(at: int) -> None:
    st.session_state[AT] = at


def _said_key(dealt: Round, question: Question) -> str:
    return f"rof-said-{dealt.id}-{question.number}"


def _quality_key(dealt: Round, question: Question) -> str:
    return f"rof-quality-{dealt.id}-{question.number}"
