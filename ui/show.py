"""Small pieces that pages are made of: notice, badges, bars, ranges and lines of cards."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from cervix_models.contracts import NOTICE, FeatureRange, HeatShares, ModelUse, Reading, Verdict
from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.language import _
from cervix_models.morphology import Feature, to_micrometres
from cervix_models.plots import alt_text, amount, per_cent

if TYPE_CHECKING:
    from cervix_models.services.uncertainty import Spread

MOSTLY_OUTSIDE = 0.5  # share of the heat on the background from which a page must say so
NEUTRAL = "#8a9499"

Ranges = Mapping[str, Mapping[str, FeatureRange]]


def notice() -> None:
    """Shows the sentence that stands beside every result."""
    st.html(f'<p class="cx cx-notice" role="note">{escape(_(NOTICE))}</p>')


def chart(figure: go.Figure) -> None:
    """Shows a figure, with what it says in words for those who do not see it."""
    st.plotly_chart(figure, config={"displayModeBar": False}, alt=alt_text(figure))


def plain(text: str) -> str:
    """`text` as Markdown that shows it letter by letter: names and remarks come from outside."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>$~:])", r"\\\1", text)


def html(text: str) -> str:
    """`text` as HTML that shows it letter by letter."""
    return escape(text)


def picture_html(address: str, words: str) -> str:
    """A picture with its alternative text, as HTML."""
    return f'<img src="{escape(address)}" alt="{escape(words)}">'


def badge_html(label: str | None) -> str:
    """The two letters of a class on its colour, or `?` where the reading is referred."""
    if label is None:
        return '<span class="cx-badge cx-refer">?</span>'
    if label not in CLASS_NAMES:  # of other images than the five cell classes
        return f"<b>{html(label)}</b>"
    kind = class_named(label)
    return f'<span class="cx-badge" style="background:{kind.colour}">{kind.short}</span>'


def answer_words(reading: Reading) -> str:
    """The class, or `Refer`, as one or two words."""
    return reading.label or _("Refer")


def short_words(reading: Reading) -> str:
    """The two letters of the class, or `refer`."""
    return class_named(reading.label).short if reading.label else "refer"


def picture_words(reading: Reading) -> str:
    """What the picture of a reading shows, for readers who do not see it."""
    if reading.sample and reading.label:
        words = _("Synthetic sample cell, {width} by {height} pixels, read as {label}.")
    elif reading.sample:
        words = _("Synthetic sample cell, {width} by {height} pixels, referred.")
    elif reading.label:
        words = _("Cell image, {width} by {height} pixels, read as {label}.")
    else:
        words = _("Cell image, {width} by {height} pixels, referred.")
    return words.format(width=reading.width, height=reading.height, label=reading.label)


def when(moment: datetime) -> str:
    """A time as `21 Nov 2026, 14:05 UTC`."""
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def answer(reading: Reading) -> None:
    """Shows the class with its probability, or that the reading is referred and why."""
    words = f"<strong>{escape(answer_words(reading))}</strong>"
    if reading.label is None:
        reasons = "".join(f"<li>{escape(each)}</li>" for each in reading.reasons)
        below = f'<ul class="cx-reasons">{reasons}</ul>'
    else:
        share = per_cent(reading.probabilities[reading.label])
        words += f' <span class="cx-share">{share}</span>'
        group = class_named(reading.label).group
        below = f'<p class="cx-quiet">In the data set’s own words: {group}.</p>'
    line = f'<div class="cx-answer">{badge_html(reading.label)}{words}</div>'
    st.html(f'<div class="cx">{line}{below}</div>')


def legend(labels: Collection[str | None]) -> None:
    """Shows the letters and colours of those classes, in their one order, and of `Refer` (None)."""
    names = [name for name in (*CLASS_NAMES, None) if name in labels]
    words = " ".join(
        f"<span>{badge_html(name)} {escape(name or _('Refer'))}</span>" for name in names
    )
    st.html(f'<p class="cx cx-legend">{words}</p>')


def probabilities(reading: Reading) -> None:
    """Shows a bar a class in the classes' one order; grey where the reading is referred."""
    bars(reading.probabilities, NEUTRAL if reading.label is None else None)


def bars(shares: Mapping[str, float], colour: str | None = None, *, narrow: bool = False) -> None:
    """Shows a bar a class in the classes' one order, in the classes' colours or all in one; where
    it is `narrow`, each below its class."""
    rows = [
        f"<li>{badge_html(name)}<span>{name}</span>"
        f"{_bar(shares[name], colour or class_named(name).colour)}"
        f'<span class="cx-value">{per_cent(shares[name])}</span></li>'
        for name in CLASS_NAMES
    ]
    kinds = "cx cx-bars cx-narrow" if narrow else "cx cx-bars"
    told = escape(_("Probability of each class"))
    st.html(f'<ul class="{kinds}" aria-label="{told}">{"".join(rows)}</ul>')


def conformal(reading: Reading) -> None:
    """Shows the classes that hold the true one in 90 % of cells."""
    if reading.conformal_set:
        names = " ".join(f"{badge_html(name)} {name}" for name in reading.conformal_set)
        st.html(
            f'<p class="cx cx-quiet">90 % set, holds the true class in 9 of 10 cells: {names}</p>'
        )


def heat_shares(shares: HeatShares) -> None:
    """Shows where the heat lies, and says so where most of it is not on the cell."""
    parts = (
        ("nucleus", shares.nucleus, "#8a9499"),
        ("cytoplasm", shares.cytoplasm, "#aeb6ba"),
        ("outside the cell", shares.background, "#5d676c"),
    )
    fills = "".join(_fill(share, colour) for _, share, colour in parts)
    words = " · ".join(f"{name} {per_cent(share)}" for name, share, _ in parts)
    st.html(
        '<div class="cx cx-heat"><span><b>Where the classifier looked</b> (Grad-CAM heat)</span>'
        f'<span class="cx-track" aria-hidden="true">{fills}</span><span>{words}</span></div>'
    )
    if shares.background > MOSTLY_OUTSIDE:
        st.warning(
            "Most of the heat falls outside the cell: the classifier looked elsewhere. "
            "Trust this reading less.",
            icon=":material/visibility_off:",
        )


def feature_rows(
    features: tuple[Feature, ...],
    values: Mapping[str, float],
    ranges: Ranges,
    scale: float | None,
    spreads: Mapping[str, Spread] | None = None,
) -> list[dict[str, Any]]:
    """One table row a measured feature: the value in pixels, its spread over turned views where
    that was asked for, in micrometres where there is a scale, and where the middle 90 % of each
    class lie, marked ● where the value is within."""
    rows = []
    for feature in features:
        if feature.name not in values:
            continue
        value = values[feature.name]
        row = {"Feature": feature.title + (" (added)" if feature.added else "")}
        row["Value"] = amount(value, feature.unit)
        if spreads:
            spread = spreads.get(feature.name)
            row["Over 8 views"] = (
                f"{amount(spread.low, '')} to {amount(spread.high, '')}" if spread else "–"
            )
        if scale:
            metric = to_micrometres(feature.name, value, scale)
            row["In µm"] = amount(metric, feature.metric_unit) if feature.power else "–"
        for name in CLASS_NAMES:
            row[class_named(name).short] = _range_words(
                value, ranges.get(name, {}).get(feature.name)
            )
        row["Meaning"] = feature.meaning
        rows.append(row)
    return rows


def verdict_words(verdict: Verdict | None) -> str:
    """A verdict in a few words, or a dash where there is none."""
    if verdict is None:
        return "–"
    return {
        "agree": "Agree",
        "refer": "Refer",
        "correct": f"Is {verdict.label}",
    }[verdict.kind]


def card_line(use: ModelUse) -> None:
    """Shows which weights spoke, and in one line how well they were measured."""
    st.html(
        f'<p class="cx cx-quiet"><b>{use.role.capitalize()}</b> {escape(use.summary)} '
        f"<code>{escape(use.sha256[:12])}</code></p>"
    )


def _range_words(value: float, spread: FeatureRange | None) -> str:
    if spread is None:
        return "–"
    within = "● " if spread.p5 <= value <= spread.p95 else ""
    return f"{within}{amount(spread.p5, '')} … {amount(spread.p95, '')}"


def _bar(share: float, colour: str) -> str:
    return f'<span class="cx-track" aria-hidden="true">{_fill(share, colour)}</span>'


def _fill(share: float, colour: str) -> str:
    return f'<span class="cx-fill" style="width:{100 * share:.1f}%;background:{colour}"></span>'
