"""Cells made by generators: of a class, by a seed, and on the way from one to another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.contracts import Card
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import CervixError
from cervix_models.plots import per_cent
from ui import session, show
from ui.field_maker_view import compose_a_field
from ui.steering_view import steer_a_cell
from ui.turning_view import turn_a_cell

if TYPE_CHECKING:
    from cervix_models.services.synthesis import MadeCell

ALL = "All classes"
CARD_PAGE = "../pages/models/card.py"
MOST_SHOWN = 24  # of a class
MOST_SEED = 99_999
WALK_STEPS = 16


def page() -> None:
    """Shows what a generator makes."""
    session.require_role("student")
    st.title("Studio", anchor=False)
    show.notice()
    cards, turners = session.synthesis().cards(), session.turning().cards()
    if not cards and not turners:
        st.info(
            "No generator is here yet. Train one: `python -m cervix_models train cgan_projection`"
        )
        return
    st.markdown(
        "These cells belong to nobody: a network that has seen real ones makes them up. Each is "
        "marked **SYN** in its corner and in its file, and is refused where cells are read."
    )
    made, walk, steer, field, turn = st.tabs(
        ["Cells", "From one to another", "Draw a cell", "A field", "Turn a cell"],
        on_change="rerun", key="studio-tab",
    )  # fmt: skip
    if made.open:
        with made:
            card = _generator(cards, "studio-generator")
            if card:
                _cells(card)
    if walk.open:
        with walk:
            card = _generator(cards, "walk-generator")
            if card:
                _walk(card)
    if steer.open:
        with steer:
            steer_a_cell(session.steering().offers())
    if field.open:
        with field:
            compose_a_field(session.steering().offers())
    if turn.open:
        with turn:
            turn_a_cell(turners)


def _generator(cards: list[Card], key: str) -> Card | None:
    if not cards:
        st.info("No generator that makes cells of a class is here yet.")
        return None
    named = {card.name: card for card in cards}
    name = st.selectbox("Generator", list(named), width=320, key=key)
    card = named[name]
    recognised, kid = card.metrics.get("recognised"), card.metrics.get("kid")
    if recognised and kid:
        floor = card.metrics["floor"]
        st.html(
            '<p class="cx cx-quiet">A classifier takes '
            f"{per_cent(recognised['value'])} of its cells for the class asked for "
            f"({per_cent(floor['recognised']['value'])} of real ones, which it learned from). "
            f"Its distance from real cells (KID) is {kid['value']:.3f}; between real ones it is "
            f"{floor['kid']['value']:.3f}.</p>"
        )
    st.page_link(
        CARD_PAGE,
        label="How it was made and measured",
        icon=":material/description:",
        query_params={"model": name},
    )
    return card


def _cells(card: Card) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox("Class", [ALL, *card.classes], width=250)
        count = st.number_input("Cells of each class", 1, MOST_SHOWN, 6, width=170)
        seed = _seed("Seed", "studio-seed")
        temperature = st.slider(
            "Variety", 0.0, 1.5, 1.0, 0.1, width=220,
            help="How far from the middle of its class a cell may be (temperature). 1 is what the "
            "generator learned with; at 0 all cells of a class are alike.",
        )  # fmt: skip
    labels = card.classes if label == ALL else (label,)
    try:
        with st.spinner("Making cells"):
            made = [
                each
                for name in labels
                for each in session.made_cells(card.name, name, count, seed, temperature)
            ]
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    for name in labels:
        _row(name, [each for each in made if each.label == name])
    if any(each.near_copy for each in made):
        st.warning(
            "A framed cell lies nearer to a cell that the generator learned from than 99 of 100 "
            "real cells of other clusters do: it may be nearly a copy.",
            icon=":material/content_copy:",
        )
    st.download_button(
        "ZIP with a manifest",
        partial(session.archive_of, made),
        f"synthetic-{card.name}-{seed}.zip",
        icon=":material/download:", on_click="ignore",
        help="The pictures, marked, and what made each of them",
    )  # fmt: skip


def _seed(title: str, key: str) -> int:
    """A seed, with a button for another."""
    st.session_state.setdefault(key, 1)
    seed = st.number_input(
        title, 0, MOST_SEED, key=key, width=130,
        help="The same seed makes the same cells.",
    )  # fmt: skip
    st.button(
        "Others", icon=":material/casino:", key=f"{key}-others", on_click=_another, args=(key,)
    )
    return int(seed)


def _another(key: str) -> None:
    st.session_state[key] = (int(st.session_state[key]) + 1) % (MOST_SEED + 1)


def _row(label: str, made: list[MadeCell]) -> None:
    pictures = "".join(
        f'<span class="{"cx-near" if each.near_copy else ""}">'
        + show.picture_html(
            session.image_url(each.png),
            f"Synthetic {label} cell, number {each.number}"
            + (", nearly a copy of a real one" if each.near_copy else ""),
        )
        + "</span>"
        for each in made
    )
    st.html(
        f'<section class="cx cx-made"><p>{show.badge_html(label)} {show.html(label)}</p>'
        f"<div>{pictures}</div></section>"
    )


def _walk(card: Card) -> None:
    first, last = st.columns(2)
    with first:
        start = _spot(card, "From", 0)
    with last:
        end = _spot(card, "To", 1)
    try:
        with st.spinner("Making the way"):
            steps, film = session.walk(card.name, start, end, WALK_STEPS)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    at = st.slider("Step", 1, WALK_STEPS, (WALK_STEPS + 1) // 2)
    words = f"Synthetic cell, step {at} of {WALK_STEPS} from {start[0]} to {end[0]}"
    moving = f"Film from {start[0]} to {end[0]} and back, synthetic"
    st.html(
        '<div class="cx cx-walk">'
        f"<figure>{show.picture_html(session.image_url(steps[at - 1]), words)}"
        f"<figcaption>Step {at} of {WALK_STEPS}</figcaption></figure>"
        f"<figure>{show.picture_html(session.film_url(film), moving)}"
        "<figcaption>All of it, there and back</figcaption></figure></div>"
    )
    st.download_button(
        "Film", film, f"synthetic-walk-{card.name}.webp", mime="image/webp",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _spot(card: Card, title: str, which: int) -> tuple[str, int, int]:
    first = min(3 * which, len(CLASS_NAMES) - 1)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(title, card.classes, index=first, key=f"walk-class-{which}", width=250)
        seed = _seed("Seed", f"walk-seed-{which}")
        number = st.number_input(
            "Number", 1, MOST_SHOWN, 1, key=f"walk-number-{which}", width=110,
            help="Which of the cells of this seed, as the tab Cells shows them",
        )  # fmt: skip
    return label, seed, int(number)


page()
