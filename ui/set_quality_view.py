"""The quality report of an image set on a page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cervix_models.plots.quality import balance_chart, measure_chart
from cervix_models.services.datasets import DataSets, ImportedSet
from cervix_models.services.set_quality import DRIFTED, REFERENCE, Quality
from ui import show

TITLES = {
    "sharpness": "Sharpness",
    "brightness": "Brightness",
    "contrast": "Contrast",
    "colour": "Strength of colour",
    "red": "Red",
    "green": "Green",
    "blue": "Blue",
    "side": "Side in pixels",
}
SHOWN = 4  # measures that are plotted at first: those that are farthest


def show_quality(service: DataSets, one: ImportedSet) -> None:
    """Shows what a set is like: classes, sizes, copies, and how far it is from the set that the
    models learned from."""
    quality = service.quality(one.name)
    if quality is None:
        st.info(
            "It was not measured yet: copies, sizes and colours are known once it was.",
            icon=":material/straighten:",
        )
        _classes(one)
        return
    _findings(quality, one.name)
    _classes(one)
    ours, theirs = service.measures(one.name)
    if ours is None:
        return
    apart = one.name != REFERENCE and theirs is not None
    order = [each.measure for each in quality.drifts] or list(TITLES)
    st.subheader(f"Set against {REFERENCE}" if apart else "Measures", anchor=False)
    if quality.drifts:
        _drifts(quality)
    chosen = st.multiselect(
        "Measures", order, default=order[:SHOWN], format_func=lambda each: TITLES[each],
        key=f"set-measures-{one.name}",
    )  # fmt: skip
    with st.grid(min_column_width=340):
        for name in chosen:
            other = theirs[name].tolist() if apart and theirs is not None else []
            with st.container():
                show.chart(
                    measure_chart(TITLES[name], ours[name].tolist(), other, (one.name, REFERENCE))
                )


def _findings(quality: Quality, name: str) -> None:
    known = (
        f"Nearly equal to a picture of {REFERENCE}: {quality.known_count:,}. What a model says of "
        "these is no measure of it."
    )
    lines = [
        f"Broken files that were left out: {len(quality.broken):,}.",
        f"Pictures with copies that are equal byte for byte: {quality.copies_count:,}.",
        f"Pairs of pictures that are nearly equal: {quality.near_count:,}; in different clusters, "
        f"so that a split may part them: {quality.across:,}.",
        *([known] if name != REFERENCE else []),
    ]
    st.markdown("\n".join(f"- {each}" for each in lines))
    lists: tuple[tuple[str, Sequence[str]], ...] = (
        ("Broken files", quality.broken),
        ("Copies", [", ".join(each) for each in quality.copies]),
        ("Nearly equal", [" and ".join(each) for each in quality.near]),
        (f"Nearly equal to {REFERENCE}", [" and ".join(each) for each in quality.known]),
    )
    for title, rows in lists:
        if rows:
            with st.expander(f"{title}, the first {len(rows)}"):
                st.dataframe(
                    [{title: each} for each in rows], hide_index=True,
                    alt=f"{len(rows)} lines: {title.lower()}.",
                )  # fmt: skip


def _classes(one: ImportedSet) -> None:
    if not one.index.cells:
        return
    st.subheader("Classes", anchor=False)
    show.chart(balance_chart(one.index.counts))


def _drifts(quality: Quality) -> None:
    st.dataframe(
        [
            {
                "Measure": TITLES[each.measure],
                "Drift": each.words,
                "PSI": each.psi,
                "Kolmogorov and Smirnov": each.ks,
                "p": each.p,
            }
            for each in quality.drifts
        ],
        hide_index=True,
        height="content",
        column_config={
            "PSI": st.column_config.NumberColumn(
                format="%.2f",
                help="Population stability index: from {} on some, from {} much".format(*DRIFTED),
            ),
            "Kolmogorov and Smirnov": st.column_config.NumberColumn(
                format="%.2f", help="Largest distance of the two distributions, 0 to 1"
            ),
            "p": st.column_config.NumberColumn(format="%.2g"),
        },
        alt=f"{len(quality.drifts)} measures, the one that is farthest first.",
    )
    st.caption(
        "Where the drift is much, a model that learned from the other set may err here, and its "
        "gate refuse more."
    )
