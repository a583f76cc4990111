"""The care page's sentences on a screen, each with its sources, their years and when it was
checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from html import escape

import streamlit as st

from cervix_models.data.care import Context, Rung, Sentence, is_old, sentences
from cervix_models.data.care_sources import SOURCES
from cervix_models.data.care_words import CONTENT
from cervix_models.language import _, later, several
from ui import show

NUMBERS = {key: number for number, key in enumerate(SOURCES, start=1)}
CERTAINTY = {"high": later("high"), "good": later("good"), "low": later("low")}
MANY_DIGITS = 2  # of a threshold, at most


def today() -> date:
    """The day on which the page is shown."""
    return datetime.now(UTC).date()


def age_warning(today: date) -> None:
    """Shows how many sentences were checked too long ago, if any were."""
    old = sum(is_old(each, today) for each in sentences(CONTENT))
    if old:
        words = several(
            "{count} sentence was last checked more than 12 months ago, and is marked. Guidance "
            "changes: look at its source before you rely on it.",
            "{count} sentences were last checked more than 12 months ago, and are marked. Guidance "
            "changes: look at their sources before you rely on them.",
            old,
        )
        st.warning(words.format(count=old), icon=":material/history:")


def content(today: date) -> None:
    """Shows all that the page says, then the sources."""
    _list(CONTENT.limits, today)
    st.header(_("The nearest category of the Bethesda system"), anchor=False)
    st.markdown(
        _(
            "Pathologists report a whole slide in the categories of the Bethesda system. This is "
            "the category that each class of cells comes nearest to, and how certain that is."
        )
    )
    _html(f'<ul class="cx-context">{"".join(_context(row, today) for row in CONTENT.context)}</ul>')
    st.caption(
        _(
            "NILM: negative for intraepithelial lesion or malignancy. ASC-US: atypical squamous "
            "cells of undetermined significance. ASC-H: atypical squamous cells, a high-grade "
            "lesion cannot be excluded. LSIL, HSIL: low-grade, high-grade squamous intraepithelial "
            "lesion."
        )
    )
    _disputed(today)
    _ladder(today)
    _plans(today)
    _approaches(today)
    _prevention(today)
    _sources()


def sentence_html(sentence: Sentence, today: date) -> str:
    """A sentence with the numbers of its sources, their years and its date of checking, and with a
    mark where that was more than twelve months before `today`."""
    numbers = ", ".join(str(NUMBERS[key]) for key in sentence.sources)
    years = ", ".join(
        str(SOURCES[key].year) if SOURCES[key].year else _("undated") for key in sentence.sources
    )
    about = _("{years}; checked {date}").format(years=years, date=sentence.checked.isoformat())
    told = several("Source {numbers}", "Sources {numbers}", len(sentence.sources))
    words = (
        f"{escape(_(sentence.text))}"
        f'<sup title="{escape(told.format(numbers=numbers))}">[{numbers}]</sup> '
        f"<small>{escape(about)}</small>"
    )
    if is_old(sentence, today):
        mark = _("Checked more than 12 months ago")
        words += f' <b class="cx-old">⚠ {escape(mark)}</b>'
    return words


def range_words(rung: Rung) -> str:
    """The range of a rung in words, such as `0.15 to under 0.55 %`."""
    low, high = _number(rung.low), None if rung.high is None else _number(rung.high)
    if high is None:
        return _("{low} % or more").format(low=low)
    if rung.low == 0:
        return _("under {high} %").format(high=high)
    return _("{low} to under {high} %").format(low=low, high=high)


def _number(value: float) -> str:
    return f"{value:.{MANY_DIGITS}f}".rstrip("0").rstrip(".")


def _html(inner: str) -> None:
    st.html(f'<div class="cx cx-care">{inner}</div>')


def _list(given: Iterable[Sentence], today: date) -> None:
    _html(f"<ul>{_items(given, today)}</ul>")


def _items(given: Iterable[Sentence], today: date) -> str:
    return "".join(f"<li>{sentence_html(each, today)}</li>" for each in given)


def _named(labels: Sequence[str]) -> str:
    return " ".join(f"<span>{show.badge_html(name)} {escape(name)}</span>" for name in labels)


def _context(row: Context, today: date) -> str:
    certainty = _("Certainty: {certainty}").format(certainty=_(CERTAINTY[row.certainty]))
    return (
        f'<li><p class="cx-class">{_named((row.label,))}</p>'
        f"<div><p><b>{escape(_(row.nearest))}</b></p><p>{escape(certainty)}</p></div>"
        f"<ul>{_items(row.notes, today)}</ul></li>"
    )


def _disputed(today: date) -> None:
    st.header(_("Dyskeratotic cells: where the sources disagree"), anchor=False)
    st.markdown(
        _(
            "“Dyskeratotic” says how a cell makes keratin, not how its nucleus looks. The sources "
            "draw different conclusions from it; none of them settles the question for a single "
            "cell, and this page does not either."
        )
    )
    cards = "".join(
        f"<li><p><b>{escape(_(each.side))}</b></p><p>{sentence_html(each.says, today)}</p></li>"
        for each in CONTENT.positions
    )
    _html(f'<ul class="cx-positions">{cards}</ul>')


def _ladder(today: date) -> None:
    st.header(_("From risk to action: the ladder of the ASCCP"), anchor=False)
    st.markdown(
        _(
            "The guideline of the ASCCP acts on risk: of CIN 3+, which is CIN 3, adenocarcinoma in "
            "situ or cancer. The same risk leads to the same action, however it came about."
        )
    )
    st.warning(
        _(
            "**No cell class of this app gives such a risk.** It is estimated for a person, from "
            "history, age and the HPV result, none of which a picture of a cell holds."
        ),
        icon=":material/person_alert:",
    )
    rungs = "".join(_rung(at, rung, today) for at, rung in enumerate(CONTENT.ladder))
    _html(f'<ol class="cx-ladder">{rungs}</ol><ul>{_items(CONTENT.ladder_limits, today)}</ul>')


def _rung(at: int, rung: Rung, today: date) -> str:
    horizon = _("risk within five years") if rung.horizon == "five years" else _("risk now")
    return (
        f'<li style="--rung:{at}"><p><span class="cx-range">{escape(range_words(rung))}</span> '
        f"<span>{escape(horizon)}</span></p><p><b>{escape(_(rung.action))}</b></p>"
        f"<p>{sentence_html(rung.sentence, today)}</p></li>"
    )


def _plans(today: date) -> None:
    st.subheader(_("One category of a slide, three plans"), anchor=False)
    _list(CONTENT.plans, today)


def _approaches(today: date) -> None:
    st.header(_("The students’ treatment approaches, in context"), anchor=False)
    st.markdown(
        _(
            "This app grew from a students’ project whose page names an approach for each kind of "
            "cell. A cell has no treatment; beside each approach stands what guidance says."
        )
    )
    rows = "".join(
        f'<li><p class="cx-class">{_named(each.labels)}</p>'
        f"<div><p><b>{escape(_('The project said'))}</b></p>"
        f"<p>{sentence_html(each.said, today)}</p></div>"
        f"<div><p><b>{escape(_('Guidance says'))}</b></p>"
        f"<ul>{_items(each.guidance, today)}</ul></div></li>"
        for each in CONTENT.approaches
    )
    _html(f'<ul class="cx-context cx-approaches">{rows}</ul>')


def _prevention(today: date) -> None:
    st.header(_("Prevention"), anchor=False)
    st.markdown(
        _(
            "Cervical cancer can largely be prevented, by vaccination and by screening. What is "
            "offered, and at what age, differs between countries: ask a doctor, a nurse or the "
            "local programme."
        )
    )
    with st.grid(min_column_width=340):
        with st.container():
            st.subheader(_("Vaccination against HPV"), anchor=False)
            _list(CONTENT.vaccination, today)
        with st.container():
            st.subheader(_("Screening"), anchor=False)
            _list(CONTENT.screening, today)


def _sources() -> None:
    st.header(_("Sources"), anchor=False)
    rows = "".join(
        f"<li>{escape(each.title)}, {each.year or escape(_('undated'))}. "
        f'<span class="cx-address">{escape(_(each.address))}</span>. '
        f"<small>{escape(_(each.seen))}</small></li>"
        for each in SOURCES.values()
    )
    _html(f'<ol class="cx-sources">{rows}</ol>')
    st.caption(_("The addresses are text: this page fetches nothing."))
