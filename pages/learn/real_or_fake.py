"""Real cells and made ones, mixed: the learner says which is which, then sees the truth."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.language import _, later
from ui import session, show
from ui.judging_view import show_results
from ui.rounds import (
    ANSWERS,
    AT,
    PAIR,
    PROBLEM,
    ROUND,
    TOLD,
    WAY,
    show_grid,
    show_one,
    show_pair,
    show_problem,
)

if TYPE_CHECKING:
    from cervix_models.contracts import Card

# The same in every language: what was chosen stays when another is.
ALL = later("All, mixed")
GRID, ONE, PAIRS = later("Grid"), later("One by one"), later("Pairs")
COUNTS = (6, 12, 24)
SEEDS = 2**31


def page() -> None:
    """Shows a round of pictures, and under it what was said so far."""
    session.require_role("student")
    st.title(_("Real or fake"), anchor=False)
    show.notice()
    service = session.real_or_fake()
    cards, has_real = service.generators(), service.has_real()
    show_problem()
    if not has_real:
        st.info(
            _(
                "Real cells are lacking: SIPaKMeD is not imported here. Import it: {command}. "
                "Until then, cells of different generators are compared with each other."
            ).format(command="`python -m cervix_models data import PATH`")
        )
    ways = [GRID, ONE] if has_real and cards else []
    ways += [PAIRS] if len(cards) > 1 else []
    if ways and _under_way():
        _round()
        with st.expander(_("Another round"), icon=":material/casino:"):
            _door(cards, ways)
    elif ways:
        _intro(ways)
        _door(cards, ways)
        _round()
    else:
        _lacking(cards)
    show_results(service)


def _under_way() -> bool:
    """Whether there are pictures that were not all judged yet."""
    dealt = st.session_state.get(ROUND)
    if dealt is None:
        return PAIR in st.session_state
    return TOLD not in st.session_state and len(st.session_state[ANSWERS]) < len(dealt.questions)


def _intro(ways: list[str]) -> None:
    if GRID in ways:
        st.markdown(
            _(
                "About half of these pictures are real cells of SIPaKMeD; a generator made the "
                "others. Say which is which, and rate how good each picture is. While the question "
                "stands, every picture carries **???**, where made ones carry **SYN**, and each of "
                "their files is refused where cells are read."
            )
        )
    else:
        st.markdown(
            _("Two generators made a cell of the same class each. Say which looks more real.")
        )


def _lacking(cards: list[Card]) -> None:
    if not cards:
        st.info(
            _("No generator is here yet. Train one: {command}").format(
                command="`python -m cervix_models train cgan_projection`"
            )
        )
        return
    st.info(
        _("Pairs need two generators, and only {name} is here. Train another: {command}").format(
            name=show.plain(cards[0].name),
            command="`python -m cervix_models train cvae_residual`",
        )
    )


def _door(cards: list[Card], ways: list[str]) -> None:
    """What the next round shall be, and the button that deals it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = ways[0]
        if len(ways) > 1:
            way = st.segmented_control(
                _("Way"), ways, default=way, required=True, key="rof-way",
                format_func={each: _(each) for each in ways}.__getitem__,
            )  # fmt: skip
        chosen, count = ALL, COUNTS[1]
        if way != PAIRS:
            names = [ALL, *(card.name for card in cards)] if len(cards) > 1 else [cards[0].name]
            words = {each: _(each) if each == ALL else each for each in names}
            chosen = st.selectbox(
                _("Generator"), names, width=220, key="rof-generator",
                format_func=words.__getitem__,
            )  # fmt: skip
            count = st.segmented_control(
                _("Pictures"), COUNTS, default=COUNTS[1], required=True, key="rof-count"
            )
        deal = _("New pair") if way == PAIRS else _("Start a round")
        if not st.button(deal, type="primary", icon=":material/casino:", key="rof-deal"):
            return
    try:
        with st.spinner(_("Dealing")):
            _deal(way, () if chosen == ALL else (chosen,), count)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    st.rerun()


def _deal(way: str, names: tuple[str, ...], count: int) -> None:
    service, seed = session.real_or_fake(), secrets.randbelow(SEEDS)
    dealt = service.deal_pair(seed) if way == PAIRS else service.deal(names, count, seed)
    for key in (ROUND, PAIR, TOLD, AT):
        st.session_state.pop(key, None)
    st.session_state[PAIR if way == PAIRS else ROUND] = dealt
    st.session_state[ANSWERS] = {}
    st.session_state[WAY] = way


def _round() -> None:
    if pair := st.session_state.get(PAIR):
        show_pair(pair, _next_pair)
    elif dealt := st.session_state.get(ROUND):
        if st.session_state[WAY] == ONE:
            with st.container(key="rof-one"):
                show_one(dealt)
        else:
            show_grid(dealt)


def _next_pair() -> None:
    try:
        _deal(PAIRS, (), 0)
    except CervixError as problem:
        st.session_state[PROBLEM] = str(problem)


page()
