"""A model's card on a page. What the card holds decides what is shown: nothing is typed here.

Figures are numbers, or `{"value": .., "low": .., "high": ..}` with their interval. By name:
`confusion` is a matrix of counts, `reliability` a list of bins (confidence, accuracy, count) and
`coverage_curve` a list of points (threshold, coverage, accuracy). A list of mappings is a table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from cervix_models.contracts import MAKERS, Card
from cervix_models.morphology import feature_named
from cervix_models.plots import (
    CoveragePoint,
    ReliabilityBin,
    confusion_matrix,
    coverage_curve,
    finding_curve,
    importance_chart,
    reliability_diagram,
    training_chart,
)
from ui import session, show
from ui.made_card import SHOWN, show_made

_SHORT = {"kid": "KID", "fid": "FID", "f1": "F1", "roc": "ROC", "auc": "AUC", "sha256": "SHA-256"}
PLOTTED = (
    "confusion", "reliability", "coverage_curve", "threshold_curve", "hardest", "curves",
)  # fmt: skip
MOST_TOLD = 15  # features
CURVES = (
    "val_accuracy", "val_cell_dice", "val_nucleus_dice", "train_loss", "critic_loss", "val_pixels",
    "train_cycle",
)  # fmt: skip
FILMED = {  # by the kind of model: what is said above its film, and to those who do not see it
    "segmenter": (
        "**What it drew of some cells after each epoch**, above their true outlines",
        "the outlines that it drew of some cells",
    ),
    "generator": (
        "**What it made of the same noise as it learned**, a row a class; all of it synthetic",
        "the cells that it made of the same noise",
    ),
}


def show_card(card: Card) -> None:
    """Shows a whole card: how well, on what, for what, and where it fails."""
    words = f"{card.kind} {card.name} {card.version}: {card.metrics.get('summary', '')}"
    st.html(f'<p class="cx"><b>{show.html(words[:1].upper() + words[1:])}</b></p>')
    left, right = st.columns(2, gap="large")
    with left:
        st.header("For what", anchor=False)
        st.markdown(show.plain(card.intended_use))
    with right:
        st.header("Where it fails", anchor=False)
        st.markdown("\n".join(f"- {show.plain(each)}" for each in card.limits) or "Not stated.")
    skipped: tuple[str, ...] = ("robustness", "foreign")  # the page Robustness lab shows them
    if card.kind in MAKERS:
        show_made(card)
        skipped = (*skipped, *SHOWN)
    groups = {
        name: value
        for name, value in card.metrics.items()
        if isinstance(value, Mapping) and "value" not in value and name not in skipped
    }
    for protocol, measured in groups.items():
        st.header(title(protocol), anchor=False)
        _measured(card, title(protocol), measured)
    if curves := card.metrics.get("curves"):
        st.header("While it learned", anchor=False)
        _curves(card.name, curves)
    if card.kind in FILMED and (film := session.film_of(card.name)):
        above, shown = FILMED[card.kind]
        st.markdown(above)
        words = f"Film of {card.name}: {shown}, epoch by epoch."
        picture = show.picture_html(session.film_url(film), words)
        st.html(f'<div class="cx cx-film">{picture}</div>')
    if lost := card.metrics.get("importances"):
        st.header("Which features it leans on", anchor=False)
        _importances(lost)
    loose = {
        name: value
        for name, value in card.metrics.items()
        if name not in ("summary", "curves", "importances", *skipped, *groups)
    }
    if loose:
        st.header("Also measured", anchor=False)
        _measured(card, "Also measured", loose)
    for name, table in (("Calibration and refusal", card.calibration), ("Data", card.data)):
        if table:
            st.header(name, anchor=False)
            _measured(card, name, table)
    _origin(card)


def figures(table: Mapping[str, Any], above: str = "") -> list[dict[str, str]]:
    """One row a figure or fact of `table`, mappings within it opened, intervals beside values."""
    rows: list[dict[str, str]] = []
    for name, value in table.items():
        if not above and (name in PLOTTED or _is_table(value) or _is_grid(value)):
            continue
        words = f"{above}{title(name)}" if not above else f"{above}: {name}"
        if isinstance(value, Mapping) and "value" not in value:
            rows += figures(value, words)
        else:
            rows.append({"Measure": words, "Value": _value(value), "Interval": _interval(value)})
    return rows


def tables(table: Mapping[str, Any]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The tables in `table`, by title: lists of mappings, such as what was tried, and mappings of
    mappings, such as the figures of each class."""
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    for name, value in table.items():
        if _is_table(value) and name not in PLOTTED:
            found[title(name)] = [
                {title(key): _whole(cell) for key, cell in row.items()} for row in value
            ]
        elif _is_grid(value):
            found[title(name)] = [
                {title(name): each, **{title(key): _whole(cell) for key, cell in row.items()}}
                for each, row in value.items()
            ]
    return found


def plots(card: Card, table: Mapping[str, Any]) -> list[tuple[str, go.Figure]]:
    """The figures that `table` has the numbers for, each with its title."""
    made = []
    if "confusion" in table:
        made.append(
            ("Which class is taken for which", confusion_matrix(table["confusion"], card.classes))
        )
    if "reliability" in table:
        bins = [ReliabilityBin(**each) for each in table["reliability"]]
        made.append(("Are the probabilities honest?", reliability_diagram(bins)))
    if "threshold_curve" in table:
        points = table["threshold_curve"]
        made.append(("How many nuclei at the cost of how many false ones", finding_curve(points)))
    if "coverage_curve" in table:
        points = [CoveragePoint(**each) for each in table["coverage_curve"]]
        made.append(
            ("What refusing buys", coverage_curve(points, card.calibration.get("refer_below")))
        )
    return made


def title(name: str) -> str:
    """A key of a card as words: `macro_f1` is `Macro F1`."""
    words = [_SHORT.get(each, each) for each in name.replace("_", " ").replace("-", " ").split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _measured(card: Card, name: str, table: Mapping[str, Any]) -> None:
    if shown := plots(card, table):
        for column, (words, figure) in zip(st.columns(max(2, len(shown))), shown, strict=False):
            with column:
                st.markdown(f"**{words}**")
                show.chart(figure)
    if "hardest" in table:
        _hardest(table["hardest"])
    if rows := figures(table):
        st.dataframe(rows, hide_index=True, alt=f"{name} of {card.name}, with intervals.")
    for words, lines in tables(table).items():
        st.markdown(f"**{show.plain(words)}**")
        st.dataframe(list(lines), hide_index=True, alt=f"{name}: {words} of {card.name}.")


def _curves(name: str, curves: Sequence[Mapping[str, float]]) -> None:
    known = [what for what in CURVES if any(what in each for each in curves)]
    columns = st.columns(2)
    for number, what in enumerate(known):
        with columns[number % 2]:
            show.chart(training_chart({name: curves}, what))


def _importances(lost: Sequence[Mapping[str, Any]]) -> None:
    st.markdown("What is lost where one feature is shuffled among held-out cells.")
    named = {
        feature_named(each["feature"]).title: each["accuracy_lost"] for each in lost[:MOST_TOLD]
    }
    figure = importance_chart(named)
    show.chart(figure)


def _hardest(cells: Sequence[Mapping[str, Any]]) -> None:
    """What it was most wrong about, as pictures where they are imported here."""
    st.markdown("**What it was most wrong about**")
    pictures = session.cell_pictures(tuple(each["sha256"] for each in cells))
    if not pictures:
        st.caption(
            "They are shown once their images are imported: "
            "`python -m cervix_models data import PATH`"
        )
        return
    st.html(
        '<div class="cx cx-strip cx-whole">'
        + "".join(_hard_cell(each, pictures[each["sha256"]]) for each in cells
                  if each["sha256"] in pictures)
        + "</div>"
    )  # fmt: skip


def _hard_cell(cell: Mapping[str, Any], picture: bytes) -> str:
    words = f"{cell['true']} cell, read as {cell['read_as']}"
    return (
        f"<figure>{show.picture_html(session.image_url(picture), words)}<figcaption>"
        f"{show.badge_html(cell['true'])} read as {show.badge_html(cell['read_as'])}"
        "</figcaption></figure>"
    )


def _origin(card: Card) -> None:
    st.header("Origin", anchor=False)
    facts = {
        "Weights, sha256": card.weights_sha256,
        "Made": card.created_at,
        "Licence": card.licence,
        "Classes in their order": ", ".join(card.classes),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{show.html(text)}</dd>" for name, text in facts.items())
    st.html(f'<dl class="cx cx-facts">{rows}</dl>')
    for name, table in (("Input", card.input), ("Recipe", card.recipe)):
        with st.expander(name):
            st.code(json.dumps(table, indent=2, ensure_ascii=False), language="json")


def _is_table(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], Mapping)


def _is_grid(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) > 1
        and all(isinstance(row, Mapping) and row and "value" not in row for row in value.values())
    )


def _whole(value: Any) -> str:
    interval = _interval(value)
    return _value(value) + (f" ({interval})" if interval else "")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _value(value["value"])
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(_value(each) for each in value)
    return str(value)


def _interval(value: Any) -> str:
    if isinstance(value, Mapping) and "low" in value and "high" in value:
        return f"{_value(value['low'])} to {_value(value['high'])}"
    return ""
