"""The studio's part that turns a cell into one of another class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cervix_models.contracts import Card
from cervix_models.data.labels import short_name
from cervix_models.data.pictures import pixels_of, png_of
from cervix_models.errors import CervixError
from cervix_models.plots import per_cent
from ui import pictures, session, show

if TYPE_CHECKING:
    from cervix_models.services.turning import Look, Turned

CARD_PAGE = "../pages/models/card.py"
KINDS = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"]
DRAWN, IMPORTED, OWN = "Drawn sample", "Imported cell", "Your own"
ENLARGED = 5  # times, for outlines that are one pixel wide


def turn_a_cell(cards: list[Card]) -> None:
    """Shows a cell before, after and back again, with what classifier and segmenter see."""
    if not cards:
        st.info(
            "No network that turns cells is here yet. Train one: "
            "`python -m cervix_models train cyclegan`"
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        named = {card.name: card for card in cards}
        card = named[st.selectbox("Network", list(named), width=250, key="turn-network")]
        source, target = card.recipe["cycle"]["source"], card.recipe["cycle"]["target"]
        label = st.selectbox("Turn into", [*target, *source], width=230, key="turn-into")
        start = st.selectbox(
            "A cell of class", source if label in target else target, width=250, key="turn-from"
        )
    st.page_link(
        CARD_PAGE, label="How it was made and measured", icon=":material/description:",
        query_params={"model": card.name},
    )  # fmt: skip
    given = _given(start)
    if given is None:
        return
    content, name, sample = given
    try:
        with st.spinner("Turning the cell"):
            found = session.turned(card.name, content, name, label, start, sample=sample)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    _shown(found, start)


def _given(start: str) -> tuple[bytes, str, bool] | None:
    """The image file to turn, its name, and whether it is a sample of ours."""
    kinds = [OWN]
    if any(of == start for _, of, _ in session.samples()):
        kinds = [DRAWN, IMPORTED, OWN] if session.imported_cell(start, 0) else [DRAWN, OWN]
    first = IMPORTED if IMPORTED in kinds else kinds[0]
    kind = st.segmented_control("Which cell", kinds, default=first, required=True, key="turn-kind")
    if kind == OWN:
        file = st.file_uploader("An image of one cell", type=KINDS, key="turn-upload")
        return (file.getvalue(), file.name, False) if file else None
    at = int(st.session_state.setdefault("turn-number", 0))
    st.button("Another cell", icon=":material/casino:", on_click=_another)
    if kind == IMPORTED:
        content = session.imported_cell(start, at)
        return (content, "The imported cell", False) if content else None
    drawn = [content for _, of, content in session.samples() if of == start]
    return drawn[at % len(drawn)], "The sample", True


def _another() -> None:
    st.session_state["turn-number"] = int(st.session_state["turn-number"]) + 1


def _shown(found: Turned, start: str) -> None:
    if told := found.after.probabilities:
        st.markdown(
            f"The classifier gives **{show.plain(found.label)}** {per_cent(told[found.label])} "
            f"now, {per_cent(found.before.probabilities[found.label])} before. Of the nucleus "
            f"{per_cent(found.kept['nucleus'])} stay where they were, of the cell "
            f"{per_cent(found.kept['cell'])} (Dice)."
        )
    else:
        st.caption("No classifier and no segmenter of ours knows these images.")
    if found.near_copy:
        st.warning(
            "The turned cell lies nearer to a cell that the network learned from than 99 of 100 "
            "real cells of other clusters do: it may be nearly a copy.",
            icon=":material/content_copy:",
        )
    titles = ("Before", f"As {found.label}", f"Back as {start}")
    looks = (found.before, found.after, found.again)
    for column, title, look in zip(st.columns(3, gap="medium"), titles, looks, strict=True):
        with column:
            _look(title, look, made=title != "Before")
    name = f"synthetic-{found.generator}-{short_name(found.label).lower()}.png"
    st.download_button(
        "Turned cell", found.after.png, name, mime="image/png",
        icon=":material/download:", on_click="ignore", help="Marked as synthetic",
    )  # fmt: skip


def _look(title: str, look: Look, *, made: bool) -> None:
    words = f"{'Synthetic cell' if made else 'The cell'}, {title.lower()}"
    times = np.ones((ENLARGED, ENLARGED), np.uint8)
    shown = show.picture_html(session.image_url(look.png), words)
    if look.labels is not None:
        large = np.kron(pixels_of(look.png, "RGB"), times[..., None])
        outlined = pictures.mask_over(png_of(large), np.kron(look.labels, times))
        shown += show.picture_html(session.image_url(outlined), words + ", with its outlines")
    st.html(f'<section class="cx cx-turned"><p>{show.html(title)}</p><div>{shown}</div></section>')
    if look.probabilities:
        show.bars(look.probabilities, narrow=True)
