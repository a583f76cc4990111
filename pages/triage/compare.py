"""Several classifiers and segmenters on one cell, side by side; and what is said of it if its
outline is changed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.contracts import Reading, WorklistRow
from cervix_models.errors import StorageError, WeightsError
from cervix_models.plots import opinion_map, per_cent
from ui import pictures, session, show
from ui.outline_editor import edit_outline

if TYPE_CHECKING:
    from cervix_models.services.compare import Drawing, Opinion

RECENT = 30
FIRST = 3  # models that are compared when nothing was chosen
CHOSEN = "compared-reading"  # in the session
READING_PAGE = "../pages/triage/reading.py"


def page() -> None:
    """Shows what the chosen models say of the reading that the address names."""
    session.require_role("pathologist")
    st.title("Compare models", anchor=False)
    show.notice()
    row = _reading()
    if row is None:
        return
    reading = row.reading
    names = _models()
    if not names:
        st.info("Choose at least one model.")
        return
    try:
        with st.spinner("Asking the models"):
            found = session.opinions(reading, tuple(names))
    except (WeightsError, StorageError) as problem:
        st.error(show.plain(str(problem)))
        return
    image = session.triage().blob(reading.image_sha256)
    _side_by_side(found, image)
    _together(found)
    _outlines(reading, image)
    edit_outline(reading, found, image)


def _reading() -> WorklistRow | None:
    rows = session.triage().worklist(limit=RECENT)
    wanted = st.query_params.get("reading")
    if wanted is not None and wanted not in [row.reading.id for row in rows]:
        try:
            rows.insert(0, session.triage().reading(wanted))
        except StorageError:
            st.warning("There is no reading of this address here. Choose one below.")
    if not rows:
        st.info("Nothing has been read yet. Read a cell first, then compare the models on it.")
        st.page_link(READING_PAGE, label="Read cells", icon=":material/upload:")
        return None
    known = {row.reading.id: row for row in rows}
    words = _words(rows)
    chosen = wanted if wanted in known else next(iter(known))
    st.session_state[CHOSEN] = st.query_params["reading"] = chosen
    st.selectbox(
        "Cell", list(known), key=CHOSEN, format_func=words.__getitem__, on_change=_choose, width=420
    )
    return known[chosen]


def _choose() -> None:
    st.query_params["reading"] = st.session_state[CHOSEN]


def _words(rows: list[WorklistRow]) -> dict[str, str]:
    """What each reading is called, by its id; those of one minute and class are numbered, as the
    box goes by the words alone."""
    words: dict[str, str] = {}
    for row in rows:
        reading = row.reading
        sample = ", sample" if reading.sample else ""
        plain = f"{show.answer_words(reading)}{sample}, {show.when(reading.created_at)}"
        number = sum(each.startswith(plain) for each in words.values()) + 1
        words[reading.id] = plain if number == 1 else f"{plain} ({number})"
    return words


def _models() -> list[str]:
    try:
        cards = session.triage().classifiers()
    except WeightsError as problem:
        st.error(show.plain(str(problem)))
        return []
    names = [card.name for card in cards]
    default = session.triage().defaults().classifier
    first = [default, *(each for each in names if each != default)]
    chosen: list[str] = st.multiselect(
        "Models", names, default=[each for each in first if each in names][:FIRST], key="compared"
    )
    return chosen


def _side_by_side(found: list[Opinion], image: bytes) -> None:
    with st.grid(min_column_width=220):
        for opinion in found:
            with st.container(gap="small"):
                _opinion(opinion, image)


def _opinion(opinion: Opinion, image: bytes) -> None:
    words = opinion.label or "Refer"
    st.html(
        f'<div class="cx"><b>{show.html(opinion.name)}</b><br>{show.badge_html(opinion.label)} '
        f"{show.html(words)}{_share(opinion)}</div>"
    )
    if opinion.heat is None:
        st.image(image, alt="The cell, without heat", width=220)
        reason = "It reads measurements, which have no place in the picture."
        st.caption(reason if opinion.probabilities else "No heat: the picture was refused.")
    else:
        st.image(
            pictures.heat_over(image, opinion.heat),
            alt=f"Where {opinion.name} looked, for {words}",
            width=220,
        )
    for reason in opinion.reasons:
        st.caption(show.plain(reason))


def _outlines(reading: Reading, image: bytes) -> None:
    try:
        found = session.drawings(reading)
    except (WeightsError, StorageError) as problem:
        st.error(show.plain(str(problem)))
        return
    if len(found) < 2:
        return
    st.header("What each segmenter outlines", anchor=False)
    st.caption(
        f"Agreement is the Dice with {show.plain(found[0].name)}, which outlines what is read here."
    )
    with st.grid(min_column_width=220):
        for at, drawing in enumerate(found):
            with st.container(gap="small"):
                _drawing(drawing, image, first=at == 0)


def _drawing(drawing: Drawing, image: bytes, *, first: bool) -> None:
    st.markdown(f"**{show.plain(drawing.name)}**")
    words = f"The cell with the outlines of {drawing.name}"
    st.image(pictures.mask_over(image, drawing.labels), alt=words, width=220)
    nucleus, cell = drawing.pixels["nucleus"], drawing.pixels["cell"]
    part = per_cent(nucleus / cell) if cell else "none"
    lines = [f"Nucleus {nucleus:,} px, cell {cell:,} px; the nucleus is {part} of the cell."]
    if not first:
        lines.append(
            f"Agreement: nucleus {drawing.agreement['nucleus']:.2f}, "
            f"cell {drawing.agreement['cell']:.2f}."
        )
    st.caption(" ".join(lines))


def _share(opinion: Opinion) -> str:
    return f" {per_cent(opinion.probabilities[opinion.label])}" if opinion.label else ""


def _together(found: list[Opinion]) -> None:
    st.header("What each gives each class", anchor=False)
    table = {each.name: each.probabilities for each in found if each.probabilities}
    for opinion in found:
        for member in opinion.members:
            table[f"{opinion.name}:<br>{member.name}, {member.share:.0%}"] = member.probabilities
    if not table:
        st.info("The picture was refused before any class was asked for.")
        return
    figure = opinion_map(table)
    show.chart(figure)
    for opinion in found:
        if opinion.disagreement is not None:
            st.markdown(_agreement(opinion))


def _agreement(opinion: Opinion) -> str:
    said = {member.name: member.label for member in opinion.members}
    apart = per_cent(opinion.disagreement or 0.0)
    if len(set(said.values())) == 1:
        return (
            f"**{show.plain(opinion.name)}**: its members agree on {next(iter(said.values()))}; "
            f"their probabilities lie {apart} apart."
        )
    parts = ", ".join(f"{show.plain(name)} says {label}" for name, label in said.items())
    return (
        f"**{show.plain(opinion.name)}**: its members disagree. {parts}; their probabilities lie "
        f"{apart} apart. A person should read this cell."
    )


page()
