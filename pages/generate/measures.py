"""Every generator and translator beside real cells: distances, classes, copies, and whether made
cells help."""

from __future__ import annotations

import streamlit as st

from cervix_models.errors import CervixError, WeightsError
from cervix_models.services.generation import GeneratorRow
from ui import session, show
from ui.generation_view import near, table, trial
from ui.translators_view import turned

CARD_PAGE = "../pages/models/card.py"
ABREAST = 8  # cells of a class
SEED = 1


def page() -> None:
    """Shows the figures of all that makes cells."""
    session.require_role("student")
    st.title("Generators measured", anchor=False)
    show.notice()
    try:
        rows, translators = session.generator_rows(), session.translator_rows()
        others = session.other_makers()
    except WeightsError as problem:
        st.error(show.plain(str(problem)))
        return
    if not rows and not translators and not others:
        st.info(
            "Nothing that makes cells is measured here yet. Train a generator: "
            "`python -m cervix_models train cgan_projection`",
            icon=":material/inbox:",
        )
        return
    if rows:
        st.markdown(
            f"As many made cells of each class as the {rows[0].held_out:,} real ones of clusters "
            "held out. *Real against real* is what training cells in their place reach: no "
            "generator should be asked for more."
        )
        near(rows)
        table(rows)
        trial(rows)
    turned(translators)
    for name in others:
        st.page_link(
            CARD_PAGE, label=f"Of other images: {name}", icon=":material/description:",
            query_params={"model": name},
        )  # fmt: skip
    if rows:
        _beside(rows)
        _about(rows)


def _beside(rows: list[GeneratorRow]) -> None:
    st.header("Made beside real", anchor=False)
    nearest = sorted(rows, key=lambda row: row.made.kid["value"])
    here = {row.name: row for row in nearest if row.here}
    if not here:
        names = " or ".join(f"`python -m cervix_models train {row.name}`" for row in rows[:2])
        st.info(f"No weights of these generators are here, so no cell can be made: {names}")
        return
    row = here[st.selectbox("Generator", list(here), key="beside", width=320)]
    real = session.real_cells(row.side, ABREAST)
    if not real:
        st.caption(
            "Real cells stand beside them once SIPaKMeD is imported: "
            "`python -m cervix_models data import PATH`"
        )
    try:
        with st.spinner("Making cells"):
            made = {
                label: session.made_cells(row.name, label, ABREAST, SEED, 1.0)
                for label in row.made.by_class
            }
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    for label, cells in made.items():
        _rows(label, [each.png for each in cells], real.get(label, []))


def _rows(label: str, made: list[bytes], real: list[bytes]) -> None:
    """A row of made cells, which carry their mark, above one of real cells."""
    above = "".join(
        f"<figure>{show.picture_html(session.image_url(png), f'Synthetic {label} cell {at}')}"
        "</figure>"
        for at, png in enumerate(made, start=1)
    )
    below = "".join(
        f"<figure>{show.picture_html(session.image_url(png), f'Real {label} cell {at}')}"
        "<figcaption>REAL</figcaption></figure>"
        for at, png in enumerate(real, start=1)
    )
    st.html(
        f'<section class="cx cx-beside"><p>{show.badge_html(label)} {show.html(label)}</p>'
        f"<div>{above}</div>{f'<div>{below}</div>' if real else ''}</section>"
    )


def _about(rows: list[GeneratorRow]) -> None:
    features = ", ".join(sorted({row.features for row in rows}))
    st.caption(
        f"Distances, precision and recall are of the features of our own encoder "
        f"({show.plain(features)}), which never saw a made cell. Inception’s weights are not part "
        "of this project, so these distances cannot be held against those of other papers; where "
        "they are at hand, `python -m cervix_models evaluate NAME` adds its distances to the card."
    )


page()
