"""The studio's part that composes a field of steered cells, of which every pixel is known."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import CervixError
from ui import pictures, session, show

if TYPE_CHECKING:
    from cervix_models.services.composing import MadeField
    from cervix_models.services.steering import Offer

MADE = "made-field"  # in the session
USUAL, MOST = 2, 6  # cells of a class


def compose_a_field(offers: list[Offer]) -> None:
    """Takes how many cells of each class, and shows the field with what is known of it."""
    names = [offer.name for offer in offers if offer.card and offer.classes == CLASS_NAMES]
    if not names:
        st.info(
            "No generator that heeds outlines is here yet. Train one: "
            "`python -m cervix_models train cellflux`"
        )
        return
    st.markdown(
        "Each cell is made after outlines as those of its class are spread, and laid on one "
        "ground: so the place of every nucleus and every border is known."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Generator", names, width=220, key="field-generator")
        seed = st.number_input("Seed", 0, 99_999, 1, width=120, key="field-seed")
        counts = {
            label: int(st.number_input(label, 0, MOST, USUAL, width=150, key=f"field-{label}"))
            for label in CLASS_NAMES
        }
        asked = st.button("Make the field", type="primary", icon=":material/grid_on:")
    if asked:
        _make(name, counts, int(seed))
    if MADE in st.session_state:
        _shown(st.session_state[MADE])


def _make(name: str, counts: dict[str, int], seed: int) -> None:
    from cervix_models.services.composing import made_field

    place = st.empty()

    def watch(done: int, of: int) -> None:
        place.progress(done / of, f"Cell {done} of {of}")

    try:
        st.session_state[MADE] = made_field(session.steering(), name, counts, seed, watch)
    except CervixError as problem:
        place.error(show.plain(str(problem)))
        return
    place.empty()


def _shown(field: MadeField) -> None:
    truth = field.truth
    outlined = st.toggle("Show what is known", value=False, key="field-outlined")
    png = field.png
    if outlined:
        png = pictures.known_over(png, truth.cells, truth.nuclei, truth.classes)
    counts = Counter(truth.classes)
    told = ", ".join(f"{counts[label]} {label}" for label in CLASS_NAMES if counts[label])
    words = f"Synthetic field of {len(truth.classes)} cells: {told}"
    st.image(png, width="stretch", alt=words + (", with their outlines" if outlined else ""))
    show.legend([label for label in CLASS_NAMES if counts[label]])
    with st.container(horizontal=True):
        st.download_button(
            "Field with its truth", partial(session.archive_of_field, field), "synthetic-field.zip",
            icon=":material/download:", on_click="ignore",
            help="The picture, marked; the number of the cell and the nucleus that each pixel is "
            "of; and the class of each number",
        )  # fmt: skip
