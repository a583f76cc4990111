"""How much of a reported accuracy is the split: the same models, measured twice."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cervix_models.plots import difference_chart, per_cent, standing_chart
from cervix_models.services.models import ModelRow
from ui import session, show
from ui.drawings import split_drawings
from ui.model_view import rows_to_show, standing


def page() -> None:
    """Shows both splits beside what the documents report, and why they differ."""
    session.require_role("student")
    st.title("What the split hides", anchor=False)
    show.notice()
    rows = rows_to_show()
    if not rows:
        return
    both = [row for row in rows if row.random]
    st.markdown(
        "SIPaKMeD's cells were cut from cluster images. Dealt out at random, cells of one image "
        "lie on both sides: the model is asked about cells whose neighbours, stain, focus and even "
        "overlapping pixels it learned from. With clusters kept apart it is asked about images it "
        "never saw. Both are measured here, on the same cells."
    )
    show.chart(standing_chart([standing(row) for row in rows]))
    _answer(both)
    _why(both)
    _compared(rows)
    _table(rows)


def _answer(both: list[ModelRow]) -> None:
    st.header("What the random split adds", anchor=False)
    if not both:
        st.info("No model here was measured on both splits yet.")
        return
    st.markdown(
        "Each cell is told twice, by a model that learned from its cluster and by one that did "
        "not. The difference is paired by cell; the line is its 95 % interval, drawn over clusters."
    )
    differences = {row.name: row.difference for row in both if row.difference}
    show.chart(difference_chart(differences, "Random minus cluster split"))


def _why(both: list[ModelRow]) -> None:
    st.header("Why", anchor=False)
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        st.html(
            '<div class="cx cx-split">'
            + "".join(
                f"<figure>{show.picture_html(address, words)}<figcaption>{title}</figcaption>"
                "</figure>"
                for title, address, words in split_drawings()
            )
            + "</div>"
        )
        st.caption(
            "Drawn, not photographed: one cluster image and the crops cut out of it. Blue, full "
            "line: learned from. Orange, dashed: asked."
        )
    with right:
        for row in both[:1]:
            leak = row.random_leak
            st.markdown(
                f"On the random split **{per_cent(leak['cells_with_a_relative_learned'])}** of the "
                "cells asked have a cell of their own cluster image among those learned from, "
                f"**{leak['relatives_learned_on_average']:.1f}** of them on average. "
                "With clusters kept apart none has."
            )
    dealt = session.dealt_cluster()
    if dealt is None:
        st.caption("With SIPaKMeD imported, the cells of one real cluster are shown here.")
        return
    label, cells = dealt
    st.markdown(f"**One cluster of {label} cells, as the random split dealt them out**")
    pictures = "".join(
        "<figure>"
        + show.picture_html(
            session.image_url(cell.content), f"{label} cell, {_side(asked=cell.asked)}"
        )
        + f"<figcaption>{_side(asked=cell.asked)}</figcaption></figure>"
        for cell in cells
    )
    st.html(f'<div class="cx cx-strip cx-whole">{pictures}</div>')


def _side(*, asked: bool) -> str:
    return "asked" if asked else "learned from"


def _compared(rows: list[ModelRow]) -> None:
    pairs = {f"{row.name} – {other}": found for row in rows for other, found in row.against.items()}
    if not pairs:
        return
    st.header("Other questions, asked the same way", anchor=False)
    st.markdown("Each line compares two models cell by cell, with clusters kept apart.")
    show.chart(difference_chart(pairs, "First minus second model"))
    abouts = {row.name: row.about for row in rows}
    for name in dict.fromkeys(row.name for row in rows if row.against):
        others = next(row.against for row in rows if row.name == name)
        for other in others:
            st.caption(
                f"**{show.plain(name)}** {show.plain(abouts[name])} "
                f"**{show.plain(other)}** {show.plain(abouts.get(other, ''))}"
            )


def _table(rows: list[ModelRow]) -> None:
    st.header("In numbers", anchor=False)
    st.dataframe(
        [_line(row) for row in rows],
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            name: st.column_config.NumberColumn(format="percent")
            for name in ("Clusters apart", "Random", "Reported")
        },
        alt=f"{len(rows)} classifiers on both splits, with the difference and the reported figure.",
    )


def _line(row: ModelRow) -> dict[str, Any]:
    gain = row.difference
    return {
        "Model": row.name,
        "Clusters apart": row.cluster["value"],
        "Random": row.random["value"] if row.random else None,
        "Difference, points": (
            f"{100 * gain['value']:+.1f} ({100 * gain['low']:+.1f} to {100 * gain['high']:+.1f})"
            if gain
            else "not measured"
        ),
        "Reported": row.reported.get("accuracy"),
        "Reported on": row.reported.get("split", "") and f"split {row.reported['split']}",
        "Source": row.reported.get("source", ""),
    }


page()
