"""A round of real and made cells on a page: the questions, the answers, and the truth with its
clue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.language import _, later
from ui import session, show

if TYPE_CHECKING:
    from cervix_models.services.real_or_fake import Answer, Pair, Question, Round

# In the session.
ROUND, PAIR, WAY = "rof-round", "rof-pair", "rof-way-of-round"
ANSWERS, TOLD = "rof-answers", "rof-told"  # by the number of the picture; what was told of it
PROBLEM, AT = "rof-problem", "rof-at"

# The same in every language: what was said stays when another is chosen.
REAL, MADE = later("Real"), later("Made")
KEYS = {REAL: "E", MADE: "M"}  # Streamlit keeps R for itself
QUALITIES = (1, 2, 3, 4, 5)
SIDES = (later("Left side"), later("Right side"))
ALTS = (later("Left cell, synthetic"), later("Right cell, synthetic"))
PREFER = ((later("Left looks more real"), "1"), (later("Right looks more real"), "2"))
COLUMN = 152  # pixels of a picture in the grid
ABOUT_CLUES = later(
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
    words = {each: _(each) for each in (REAL, MADE)}
    # No form: it keeps to itself what was said until it is sent, by the words of the language then.
    with st.grid(min_column_width=COLUMN, key="rof-grid"):
        for each in dealt.questions:
            with st.container(gap="xsmall"):
                _picture(each)
                st.segmented_control(
                    _("Picture {number}").format(number=each.number), (REAL, MADE),
                    key=_said_key(dealt, each), format_func=words.__getitem__, on_change="ignore",
                )  # fmt: skip
                st.feedback("stars", key=_quality_key(dealt, each), on_change="ignore")
    st.button(
        _("Show the truth"), type="primary", icon=":material/visibility:", key="rof-truth",
        on_click=_answer_all, args=(dealt,),
    )  # fmt: skip
    st.caption(_("Stars rate the quality of a picture, and may be left out. So may any answer."))


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
        st.markdown(
            _("**Picture {number} of {count}**").format(
                number=question.number, count=len(dealt.questions)
            )
        )
        if not answered:
            _ask(dealt, question)
            return
        st.html(f'<div class="cx">{_truth_words(question, answers[question.number])}</div>')
        if not last:
            st.button(
                _("Next"), type="primary", shortcut="J", icon=":material/arrow_forward:",
                key=f"rof-next-{question.number}", on_click=_go, args=(at + 1,),
            )  # fmt: skip
    st.caption(_(ABOUT_CLUES))
    if last:
        _summary(dealt)


def show_pair(pair: Pair, then: Callable[[], None]) -> None:
    """Shows two made cells and asks which looks more real; then who made them. `then` deals the
    next pair."""
    chosen: int | None = st.session_state.get(TOLD)
    st.markdown(_("Two made cells of one class, **{label}**.").format(label=pair.label))
    figures = "".join(
        "<figure>"
        + show.picture_html(session.image_url(each.png), _(ALTS[at]))
        + f"<figcaption>{_pair_words(at, each.generator, chosen)}</figcaption></figure>"
        for at, each in enumerate(pair.cells)
    )
    st.html(f'<div class="cx cx-pair">{figures}</div>')
    with st.container(horizontal=True):
        if chosen is None:
            for at, (words, key) in enumerate(PREFER):
                st.button(
                    _(words), key=f"rof-prefer-{at}", shortcut=key,
                    on_click=_prefer, args=(pair, at),
                )  # fmt: skip
        else:
            st.button(
                _("Next pair"), type="primary", shortcut="J", icon=":material/arrow_forward:",
                key="rof-next-pair", on_click=then,
            )  # fmt: skip


def _pair_words(at: int, generator: str, chosen: int | None) -> str:
    side = show.html(_(SIDES[at]))
    if chosen is None:
        return side
    words = (
        _("{side}: made by {generator}, your choice")
        if chosen == at
        else _("{side}: made by {generator}")
    )
    return show.html(words).format(side=side, generator=f"<b>{show.html(generator)}</b>")


def _ask(dealt: Round, question: Question) -> None:
    st.segmented_control(
        _("Quality: 1 poor, 5 excellent (optional)"), QUALITIES, key=_quality_key(dealt, question)
    )
    with st.container(horizontal=True):
        for words, key in KEYS.items():
            st.button(
                _(words), key=f"rof-{words}-{question.number}", shortcut=key,
                on_click=_answer_one, args=(dealt, question, words == MADE),
            )  # fmt: skip


def _picture(question: Question, *, told: bool = False) -> None:
    content = question.truth if told else question.asked
    words = _("Picture {number}, real or made?").format(number=question.number)
    if told:
        words = _told_words(question)
    picture = show.picture_html(session.image_url(content), words)
    st.html(f'<div class="cx cx-asked">{picture}</div>')


def _told_words(question: Question) -> str:
    words = (
        _("Picture {number}, synthetic {label} cell")
        if question.made
        else _("Picture {number}, real {label} cell")
    )
    return words.format(number=question.number, label=question.label)


def _truths(questions: tuple[Question, ...]) -> None:
    answers: dict[int, Answer] = st.session_state[ANSWERS]
    with st.spinner(_("Measuring the pictures")):
        parts = [
            "<figure>"
            + show.picture_html(session.image_url(each.truth), _told_words(each))
            + f"<figcaption>{_truth_words(each, answers.get(each.number))}</figcaption></figure>"
            for each in questions
        ]
    st.html(f'<div class="cx cx-truths">{"".join(parts)}</div>')
    st.caption(_(ABOUT_CLUES))


def _truth_words(question: Question, answer: Answer | None) -> str:
    """What is told of a picture, as HTML: the truth, whether it was seen, and the clue."""
    if answer is None:
        mark = _("– not answered")
    elif answer.said_made == question.made:
        mark = _("✓ right")
    else:
        mark = _("✗ wrong")
    what = question.label
    if question.generator:
        what = _("{label}, by {generator}").format(label=what, generator=question.generator)
    try:
        clue = session.real_or_fake().clue(question)
    except CervixError as problem:
        clue = str(problem)
    return (
        f"<p><b>{show.html(_(MADE if question.made else REAL))}</b> "
        f"<span>{show.html(mark)}</span></p>"
        f"<p>{show.badge_html(question.label)} {show.html(what)}</p>"
        f'<p class="cx-quiet">{show.html(clue)}</p>'
    )


def _summary(dealt: Round) -> None:
    answers: dict[int, Answer] = st.session_state[ANSWERS]
    asked = [each for each in dealt.questions if each.number in answers]
    right = sum(answers[each.number].said_made == each.made for each in asked)
    made = sum(each.made for each in dealt.questions)
    st.info(
        _("**{right} of {asked} right.** {made} of the {count} pictures were made.").format(
            right=right, asked=len(asked), made=made, count=len(dealt.questions)
        ),
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
        state[PROBLEM] = _(
            "No picture was answered; at least one answer was expected. Say one first."
        )
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
