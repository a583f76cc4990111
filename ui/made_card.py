"""The figures of a generator or a translator on its card: its own first, those of real cells
beside them."""

from __future__ import annotations

import streamlit as st

from cervix_models.contracts import Card
from cervix_models.services.generation import (
    Help,
    Likeness,
    Measure,
    Way,
    by_inception,
    heeded,
    help_words,
    kept,
    measures,
    ways_of,
)

MEASURES_PAGE = "../pages/generate/measures.py"
# What this module shows of a card's metrics; the rest is shown as of other cards.
SHOWN = (
    "kid", "fid", "precision", "recall", "recognised", "kid_by_class", "floor", "memorised",
    "again", "ways", "help", "inception", "control", "against",
)  # fmt: skip


def show_made(card: Card) -> None:
    """Shows how near what it makes comes to real cells, and whether that helps."""
    if "ways" in card.metrics:
        for way in ways_of(card.metrics):
            _way(card.name, way)
    elif {"kid", "floor", "memorised"} <= set(card.metrics):
        _likeness(card)
    if found := card.metrics.get("help"):
        st.header("Does it help a classifier?", anchor=False)
        st.markdown(help_words(Help.of(found).gains))
        _arms(card.name, Help.of(found))
    st.page_link(
        MEASURES_PAGE, label="All generators beside each other", icon=":material/query_stats:"
    )


def _likeness(card: Card) -> None:
    made, floor = Likeness.of(card.metrics), Likeness.of(card.metrics["floor"])
    st.header("Beside real cells", anchor=False)
    lines = measures(made, floor, card.metrics["memorised"])
    lines += [
        *heeded(card.metrics),
        *by_inception(card.metrics),
        *kept({}, card.metrics.get("again", {})),
    ]
    _lines(lines, f"Figures of {card.name}.")
    st.markdown("**Of each class**")
    rows = [_of_class(name, made, floor) for name in made.by_class]
    st.dataframe(rows, hide_index=True, alt=f"Cells of {card.name} by class, beside real ones.")


def _of_class(name: str, made: Likeness, floor: Likeness) -> dict[str, str]:
    told = Measure(name, {"value": made.by_class[name]}, None, share=True)
    row = {"Class": name, "Taken for it": told.words(told.made)}
    if name in floor.by_class:
        row["Real ones"] = told.words({"value": floor.by_class[name]})
    if name in made.kid_by_class:
        near = Measure(name, made.kid_by_class[name], floor.kid_by_class.get(name), share=False)
        row |= {"KID": near.words(near.made), "Real against real": near.words(near.real)}
    return row


def _way(name: str, way: Way) -> None:
    st.header(f"Into {way.label}", anchor=False)
    st.caption(f"{way.cells:,} cells that were {' or '.join(way.sources)}")
    lines = [*measures(way.made, way.floor, way.memorised), *kept(way.outlines, way.again)]
    _lines(lines, f"Figures of {name}, cells turned into {way.label}.")


def _lines(lines: list[Measure], alt: str) -> None:
    rows = [
        {"Measure": each.name, "Made": each.words(each.made), "Real": each.words(each.real)}
        for each in lines
    ]
    st.dataframe(rows, hide_index=True, height="content", alt=alt)


def _arms(name: str, found: Help) -> None:
    rows = [
        {
            "Real cells": f"{100 * each.share:g} %",
            "Made cells": each.made,
            "Learned from": each.cells,
            "Told rightly": Measure("", each.accuracy, None, share=True).words(each.accuracy),
        }
        for each in found.arms
    ]
    alt = f"What {found.learner} tells rightly that learned from real cells and those of {name}."
    st.dataframe(rows, hide_index=True, height="content", alt=alt)
