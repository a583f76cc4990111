"""Measured translators as the page on generators shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from cervix_models.data.labels import short_name
from cervix_models.plots import Panel, ways_chart
from cervix_models.services.generation import OUTLINES, TranslatorRow, Way
from ui import show


def turned(rows: Sequence[TranslatorRow]) -> None:
    """Shows how near turned cells come to real ones, and what is kept of the cells they were."""
    st.header("Real cells turned into another class", anchor=False)
    if not rows:
        st.info(
            "No translator is measured here yet. Train one: `python -m cervix_models train "
            "cyclegan`",
            icon=":material/inbox:",
        )
        return
    left, right = st.columns(2, gap="large")
    with left:
        kid = _of_ways(rows, lambda way: way.made.kid)
        floor = {row.name: {way.label: way.floor.kid["value"] for way in row.ways} for row in rows}
        show.chart(ways_chart([Panel("Kernel distance (KID)", kid, floor)], distances=True))
        _again(rows)
    with right:
        show.chart(ways_chart([_recognised(rows), *(_kept(rows, key) for key in OUTLINES)]))
        st.caption(
            "FCN score: what a segmenter outlines in the turned cell against what it outlines in "
            "the cell before. The document’s own figures are of other data and another judge."
        )


def _of_ways(
    rows: Sequence[TranslatorRow], take: Callable[[Way], Mapping[str, float]]
) -> dict[str, dict[str, Mapping[str, float]]]:
    return {row.name: {way.label: take(way) for way in row.ways} for row in rows}


def _recognised(rows: Sequence[TranslatorRow]) -> Panel:
    values = _of_ways(rows, lambda way: {"value": way.made.recognised or 0.0})
    floors = {
        row.name: {w.label: w.floor.recognised for w in row.ways if w.floor.recognised is not None}
        for row in rows
    }
    return Panel("Taken for the class asked for", values, floors, _reported(rows, "accuracy"))


def _kept(rows: Sequence[TranslatorRow], key: str) -> Panel:
    values = _of_ways(rows, lambda way: {"value": way.outlines[key]})
    return Panel(f"FCN score: {OUTLINES[key]}", values, reported=_reported(rows, key))


def _reported(rows: Sequence[TranslatorRow], key: str) -> dict[str, float]:
    return {row.name: float(row.reported[key]) for row in rows if key in row.reported}


def _again(rows: Sequence[TranslatorRow]) -> None:
    lines = [
        {
            "Translator": row.name,
            "Into": short_name(way.label),
            "SSIM": way.again["ssim"],
            "PSNR, dB": way.again["psnr"],
            "MSE": way.again["mse"],
        }
        for row in rows
        for way in row.ways
    ]
    st.markdown("**Turned there and back: how like the cell they were**")
    st.dataframe(
        lines, hide_index=True, height="content",
        column_config={
            "SSIM": st.column_config.NumberColumn(format="%.3f", help="1 is the same picture"),
            "PSNR, dB": st.column_config.NumberColumn(format="%.1f", help="Higher is more alike"),
            "MSE": st.column_config.NumberColumn(format="%.4f", help="0 is the same picture"),
        },
        alt="SSIM, PSNR and MSE of cells turned there and back, by translator and class.",
    )  # fmt: skip
