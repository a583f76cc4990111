"""The studio's part where nucleus and outline of a cell are drawn, and a cell is made to fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from cervix_models.contracts import GUIDANCE, HEED, RANGES, STEPS, Wish
from cervix_models.data.pictures import pixels_of, png_of
from cervix_models.data.shapes import Control, drawn_control, framed, of_labels
from cervix_models.errors import CervixError
from cervix_models.plots import per_cent
from ui import pictures, session, show
from ui.shaper import shape_cell

if TYPE_CHECKING:
    from cervix_models.services.steering import Offer, SteeredCell

CARD_PAGE = "../pages/models/card.py"
DRAW, READING, FILE, FREE = "Drawn", "A reading", "A file", "Nothing"
WAYS = [DRAW, READING, FILE, FREE]
KINDS = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"]
LATEST = 20  # readings to choose from
KEPT = 12  # makings that a session remembers
MOST = 8  # cells
DRAWN_SIDE = 64  # pixels of drawn outlines
GROWS = (-6, 12)  # pixels of the outlines' square that a nucleus is moved by
MADE = "steered"  # in the session
ENLARGED = 4  # times, for outlines that are one pixel wide


def steer_a_cell(offers: list[Offer]) -> None:
    """Shows what steers, and the cells that come of it."""
    named = {offer.name: offer for offer in offers}
    if all(offer.card is None for offer in offers):
        st.info(
            "No generator of ours that heeds outlines is here yet. Train one: "
            "`python -m cervix_models train cellflux`"
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        offer = named[st.selectbox("Generator", list(named), width=220, key="steer-generator")]
        label = st.selectbox("Class", offer.classes, width=230, key="steer-class")
        count = st.number_input("Cells", 1, MOST, 4, width=110, key="steer-count")
        seed = st.number_input("Seed", 0, 99_999, 1, width=120, key="steer-seed")
    if offer.card:
        st.page_link(
            CARD_PAGE, label="How it was made and measured", icon=":material/description:",
            query_params={"model": offer.name},
        )  # fmt: skip
    elif not _ready(offer):
        return
    left, right = st.columns([5, 7], gap="large")
    with left:
        way = st.segmented_control(
            "What the cell is made after", _ways(), default=DRAW, required=True, key="steer-way"
        )
        try:
            control = _control(way, min(offer.side, DRAWN_SIDE))
        except CervixError as problem:
            st.error(show.plain(str(problem)))
            return
        wish = _settings(label, int(count), int(seed))
    with right:
        if control is None and way != FREE:
            st.info("The cells appear here as soon as there is something to steer them by.")
            return
        cells = _made(offer.name, wish, control)
        if cells:
            _fit(cells, control)
            _others(label, int(count), int(seed))


def _ready(offer: Offer) -> bool:
    """Whether the large Flux can be used; where not, says what it takes."""
    st.markdown(
        "This is the system that the first document tried: FLUX.1, a model of twelve billion "
        "numbers that has seen photographs of everything but hardly a cell, told in words what a "
        "cell of the class looks like, and steered by edges. The document found its pictures "
        "*cartoonish*; `cellflux` is the same architecture, small, and taught with cells alone."
    )
    if offer.lacks:
        st.info(show.plain(offer.lacks), icon=":material/download:")
        return False
    if not offer.licence:
        return True
    with st.container(border=True, height=320):
        st.text(offer.licence)
    if st.button("I have read and accept this licence", icon=":material/gavel:"):
        session.steering().accept(session.current_user().name)
        st.rerun()
    return False


def _control(way: str, side: int) -> Control | None:
    """What steers, as it was drawn, read or brought in; None where nothing does yet."""
    if way == FREE:
        st.caption("The cells are made of noise and their class alone.")
        return None
    if way == DRAW:
        cell, nucleus = shape_cell("steer-shapes")
        control: Control | None = drawn_control(cell, nucleus, side)
    else:
        control = _of_reading(side) if way == READING else _of_file(side)
    return control if control is None else _grown(control, shown=way != DRAW)


def _ways() -> list[str]:
    """What may steer: readings are for those who read."""
    return [way for way in WAYS if way != READING or session.current_user().has("pathologist")]


def _of_reading(side: int) -> Control | None:
    rows = [row for row in session.triage().worklist(limit=LATEST) if row.current.mask_sha256]
    if not rows:
        st.caption("No cell was read here yet. Read one first, or draw the outlines.")
        st.page_link("../pages/triage/reading.py", label="Read cells", icon=":material/biotech:")
        return None
    named = {row.reading.id: row.current for row in rows}
    chosen = named[
        st.selectbox(
            "One of the latest readings", list(named), key="steer-reading",
            format_func=lambda each: (
                f"{show.answer_words(named[each])}, {show.when(named[each].created_at)}"
            ),
        )
    ]  # fmt: skip
    return of_labels(framed(session.triage().labels(chosen), side))


def _of_file(side: int) -> Control | None:
    from cervix_models.services.steering import control_of

    file = st.file_uploader(
        "A picture of labels (0 background, 1 cytoplasm, 2 nucleus), or of a cell, whose edges "
        "are taken",
        type=KINDS, key="steer-file",
    )  # fmt: skip
    return control_of(file.getvalue(), file.name, side) if file else None


def _grown(control: Control, *, shown: bool) -> Control:
    """The control with its nucleus larger or smaller, as a slider says."""
    from cervix_models.services.compare import grown

    if control.labels is not None:
        pixels = st.slider(
            "Nucleus larger or smaller", *GROWS, 0, key="steer-grow",
            help="The seed stays: what changes in the cell is due to its nucleus.",
        )  # fmt: skip
        control = of_labels(grown(control.labels, pixels, "nucleus")) if pixels else control
        shown = shown or bool(pixels)
    if shown:
        words = "Edges" if control.labels is None else "Nucleus and cell"
        st.image(_look_of(control), width=180, alt=f"{words} that are asked for")
    return control


def _look_of(control: Control) -> bytes:
    """What steers, as it is shown: outlines in the colours of the masks, on grey."""
    if control.labels is None:
        return png_of(control.picture)
    ground = np.full((*control.labels.shape, 3), 233, np.uint8)
    return _outlined(png_of(ground), control.labels)


def _outlined(png: bytes, labels: Any) -> bytes:
    times = np.ones((ENLARGED, ENLARGED), np.uint8)
    large = np.kron(pixels_of(png, "RGB"), times[..., None])
    return pictures.mask_over(png_of(large), np.kron(labels, times))


def _settings(label: str, count: int, seed: int) -> Wish:
    with st.expander("How it is made", icon=":material/tune:"):
        heed = st.slider(
            "Heed of the outlines", *RANGES["heed"], HEED, 0.1,
            key="steer-heed", help="At 0 they are not heeded at all (control strength).",
        )  # fmt: skip
        guidance = st.slider(
            "Push to the class", *RANGES["guidance"], GUIDANCE, 0.25,
            key="steer-guidance",
            help="How far a cell goes beyond what sets its class apart (guidance). More makes "
            "cells more typical, and more alike.",
        )  # fmt: skip
        steps = st.slider(
            "Steps", int(RANGES["steps"][0]), int(RANGES["steps"][1]), STEPS, key="steer-steps",
            help="From noise to a cell. More take longer.",
        )  # fmt: skip
    return Wish(label, count, seed, heed=heed, guidance=guidance, steps=steps)


def _made(name: str, wish: Wish, control: Control | None) -> list[SteeredCell]:
    """The cells of a wish: those that were made already, or new ones that are watched."""
    kept: dict[Any, list[SteeredCell]] = st.session_state.setdefault(MADE, {})
    key = (name, wish, control.picture.tobytes() if control else None)
    place = st.empty()
    if key not in kept:
        try:
            kept[key] = session.steering().make(name, wish, control, _watch(place, wish))
        except CervixError as problem:
            place.error(show.plain(str(problem)))
            return []
        for old in list(kept)[:-KEPT]:
            del kept[old]
    cells = kept[key]
    place.html(_row([_picture(each, at, wish.label) for at, each in enumerate(cells, start=1)]))
    return cells


def _watch(place: Any, wish: Wish) -> Callable[[int, list[bytes]], None]:
    """Shows cells in `place` while they come out of the noise."""
    place.caption("The cells are being made …")

    def shown(step: int, looks: list[bytes]) -> None:
        words = f"Synthetic cell after step {step} of {wish.steps}"
        row = [f"<figure>{show.picture_html(session.image_url(png), words)}</figure>"
               for png in looks]  # fmt: skip
        place.html(_row(row, f"Step {step} of {wish.steps}"))

    return shown


def _row(figures: list[str], words: str = "") -> str:
    above = f'<p role="status">{show.html(words)}</p>' if words else ""
    return f'<section class="cx cx-steered">{above}<div>{"".join(figures)}</div></section>'


def _picture(cell: SteeredCell, number: int, label: str) -> str:
    """A cell, with what the segmenter finds in it and the classifier's answer below."""
    top = max(cell.probabilities, key=lambda name: cell.probabilities[name])
    plain = show.picture_html(
        session.image_url(cell.png),
        f"Synthetic {label} cell, number {number}"
        + (", nearly a copy of a real one" if cell.near_copy else ""),
    )
    lined = show.picture_html(
        session.image_url(_outlined(cell.png, cell.labels)),
        f"Synthetic cell {number} with the outlines that are found in it",
    )
    frame = ' class="cx-near"' if cell.near_copy else ""
    told = f"{show.badge_html(top)} {per_cent(cell.probabilities[top])}"
    return f"<figure{frame}>{plain}{lined}<figcaption>{told}</figcaption></figure>"


def _fit(cells: list[SteeredCell], control: Control | None) -> None:
    """Says how far the cells heed what was asked."""
    if control is not None and control.labels is not None:
        parts = {
            part: float(np.mean([each.dice[part] for each in cells])) for part in cells[0].dice
        }
        st.markdown(
            f"Of what was asked for, the segmenter finds the nucleus with a Dice of "
            f"**{parts['nucleus']:.2f}** and the cell with **{parts['cell']:.2f}** (1: exactly)."
        )
    if any(each.near_copy for each in cells):
        st.warning(
            "A framed cell lies nearer to a cell that the generator learned from than 99 of 100 "
            "real cells of other clusters do: it may be nearly a copy.",
            icon=":material/content_copy:",
        )
    st.caption(
        "Below each cell: its outlines as our segmenter draws them, and the class that our "
        "classifier gives it."
    )


def _others(label: str, count: int, seed: int) -> None:
    """Shows what the generators that cannot be steered make of the same class."""
    cards = [card for card in session.synthesis().cards() if not card.recipe.get("flow")]
    names = [card.name for card in cards if label in card.classes]
    if not names:
        return
    st.markdown("**The same class by generators that heed no outline**")
    for name in names:
        try:
            made = session.made_cells(name, label, count, seed, 1.0)
        except CervixError as problem:
            st.error(show.plain(str(problem)))
            continue
        row = [
            f"<figure>{show.picture_html(session.image_url(each.png), f'Synthetic {label} cell')}"
            "</figure>"
            for each in made
        ]
        st.html(_row(row, name))
