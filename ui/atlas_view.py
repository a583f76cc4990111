"""The atlas on a screen: the five classes side by side, one of them closer, and one at a time for a
projector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.data.teaching import NOTES
from cervix_models.errors import CervixError
from cervix_models.language import _, later
from cervix_models.morphology import feature_named
from cervix_models.plots import amount, per_cent
from cervix_models.services.atlas import KINDS, Atlas, AtlasCell, Example, Kind
from ui import atlas_cell, session, show

Chosen = Mapping[str, Mapping[Kind, tuple[Example, ...]]]
AT = "atlas-at"  # in the session: which class the projector shows
OVERVIEW_ZOOM = 0.44  # of the pixels of a crop; one for all classes, so that sizes compare
WIDEST, LARGEST_ZOOM = 230, 1.6  # pixels of the widest example of a class, and its zoom at most
LISTED = ("nucleus_area", "cytoplasm_area", "nucleus_cell_ratio")  # where there is no picture
KIND_TITLES: dict[Kind, str] = {
    "typical": later("Typical"),
    "borderline": later("Borderline"),
    "hardest": later("Hardest"),
}
KIND_WORDS: dict[Kind, str] = {
    "typical": later(
        "The model is sure of the class, and all measurements lie near the middle of the class; "
        "each cell is of another cluster."
    ),
    "borderline": later(
        "The cells that the model is least sure of, between the class and another one."
    ),
    "hardest": later(
        "The model is most wrong here, or the label is: it gives another class the larger "
        "probability."
    ),
}


def examples(atlas: Atlas) -> tuple[Chosen, Mapping[str, bytes]]:
    """The examples of each class and kind, and their pictures by hash, of those that are imported;
    both empty, with the reason shown, where they cannot be told."""
    try:
        return atlas.examples(), session.atlas_pictures()
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return {}, {}


def plainest(atlas: Atlas, label: str, chosen: Chosen, found: Mapping[str, bytes]) -> AtlasCell:
    """The most typical cell of a class that is imported, or a drawn one. Raises DataError."""
    for example in chosen.get(label, {}).get("typical", ()):
        if example.sha256 in found:
            return atlas.cell(example, found[example.sha256])
    return atlas.drawn(label)


def overview(atlas: Atlas, chosen: Chosen, found: Mapping[str, bytes]) -> None:
    """Shows the five classes side by side, their cells at one scale."""
    cells = [plainest(atlas, name, chosen, found) for name in CLASS_NAMES]
    high = OVERVIEW_ZOOM * max(cell.size[1] for cell in cells)
    cards = "".join(_card(cell) for cell in cells)
    st.html(f'<ul class="cx cx-atlas" style="--bed:{high:.0f}px">{cards}</ul>')
    words = _(
        "All five cells are enlarged alike, so that their sizes can be compared. Group: the data "
        "set’s own word for the class."
    )
    st.caption(words)


def closer(atlas: Atlas, label: str, chosen: Chosen, found: Mapping[str, bytes]) -> None:
    """Shows what a class is, its criteria on a cell, and its examples."""
    notes = NOTES[label]
    shown = [each for each in _in_order(chosen.get(label, {})) if each.sha256 in found]
    st.html(
        f'<div class="cx cx-class-head"><p>{show.badge_html(label)} <b>{escape(label)}</b> '
        f"{_group(label)}</p><p>{escape(_(notes.description))}</p>"
        f"<p><small>{escape(_('In our words, after: {source}').format(source=notes.source))}"
        "</small></p></div>"
    )
    st.markdown(f"**{_('What to look for')}**")
    cell = plainest(atlas, label, chosen, found)
    if shown:
        names = [_name(each, shown) for each in shown]
        picked = st.selectbox(
            _("Point it out on"), range(len(shown)), format_func=names.__getitem__, width=280,
            key=f"atlas-on-{label}",
        )  # fmt: skip
        example = shown[picked or 0]
        cell = atlas.cell(example, found[example.sha256])
    _pointed(atlas, cell)
    st.markdown(f"**{_('Typical, borderline and hardest')}**")
    told = st.toggle(
        _("Show what the model said"), key="atlas-told",
        help=_("Look first. The answers are those of networks that never saw the cell’s cluster."),
    )  # fmt: skip
    for kind in KINDS:
        _kind(atlas, kind, chosen.get(label, {}).get(kind, ()), found, told=told)


def projector(atlas: Atlas, chosen: Chosen, found: Mapping[str, bytes]) -> None:
    """Shows one class in large type, with the way to the next and the one before by keys."""
    at = st.session_state.setdefault(AT, 0)
    label = CLASS_NAMES[at]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Previous"), icon=":material/arrow_back:", shortcut="Left", key="atlas-previous",
            on_click=_turn, args=(-1,),
        )  # fmt: skip
        st.button(
            _("Next"), icon=":material/arrow_forward:", shortcut="Right", key="atlas-next",
            on_click=_turn, args=(1,), type="primary",
        )  # fmt: skip
        st.markdown(_("{at} of {count}").format(at=at + 1, count=len(CLASS_NAMES)), width="content")
    cell = plainest(atlas, label, chosen, found)
    items = "".join(
        f"<li><p><b>{escape(_(each.title))}</b></p><p>{escape(_(each.words))}</p></li>"
        for each in NOTES[label].criteria
    )
    st.html(
        f'<div class="cx cx-projector"><p class="cx-name">{show.badge_html(label)} '
        f"<b>{escape(label)}</b> {_group(label)}</p><div>{atlas_cell.pointed_html(cell)}"
        f'<ol class="cx-points">{items}</ol></div></div>'
    )
    atlas_cell.caption(cell)


def example_figure(example: Example, picture: bytes, zoom: float, *, told: bool) -> str:
    """An example as HTML at a zoom, with what the model said of it where that is `told`."""
    address = session.image_url(picture)
    words = _("{label} cell of the data set, {kind}, {width} by {height} pixels").format(
        label=example.label, kind=_(KIND_TITLES[example.kind]).lower(), width=example.width,
        height=example.height,
    )  # fmt: skip
    said = f"<figcaption>{_said(example)}</figcaption>" if told else ""
    return (
        f'<figure><img src="{address}" alt="{escape(words)}" '
        f'style="width:{example.width * zoom:.0f}px">{said}</figure>'
    )


def zoom_of(shown: Sequence[Example], widest: float = WIDEST) -> float:
    """The zoom that these examples share: the widest of them fits, and none is blown up."""
    return min(LARGEST_ZOOM, widest / max((each.width for each in shown), default=1))


def _card(cell: AtlasCell) -> str:
    width, _height = cell.size
    words = _("Drawn {label} cell, synthetic") if cell.drawn else _("Typical {label} cell")
    return (
        f'<li><div class="cx-bed"><img src="{session.image_url(cell.picture)}" '
        f'alt="{escape(words.format(label=cell.label))}" '
        f'style="width:{width * OVERVIEW_ZOOM:.0f}px"></div>'
        f"<p>{show.badge_html(cell.label)} <b>{escape(cell.label)}</b></p>"
        f"<p>{_group(cell.label)}</p><p>{escape(_(NOTES[cell.label].description))}</p></li>"
    )


def _group(label: str) -> str:
    group = _(atlas_cell.GROUPS[class_named(label).group])
    return f'<span class="cx-tag">{escape(group)}</span>'


def _in_order(kinds: Mapping[Kind, tuple[Example, ...]]) -> list[Example]:
    return [each for kind in KINDS for each in kinds.get(kind, ())]


def _name(example: Example, shown: Sequence[Example]) -> str:
    alike = [each for each in shown if each.kind == example.kind]
    return f"{_(KIND_TITLES[example.kind])} {alike.index(example) + 1}"


def _pointed(atlas: Atlas, cell: AtlasCell) -> None:
    features = [each.feature for each in NOTES[cell.label].criteria if each.feature]
    st.html(
        f'<div class="cx cx-closer">{atlas_cell.pointed_html(cell)}'
        f"{atlas_cell.criteria_html(cell, atlas.measured(cell, features))}</div>"
    )
    atlas_cell.caption(cell)


def _kind(
    atlas: Atlas, kind: Kind, given: Sequence[Example], found: Mapping[str, bytes], *, told: bool
) -> None:
    words = f"**{_(KIND_TITLES[kind])}.** {_(KIND_WORDS[kind])}"
    shown = [each for each in given if each.sha256 in found]
    st.markdown(words)
    if shown:
        zoom = zoom_of(shown)
        figures = "".join(
            example_figure(each, found[each.sha256], zoom, told=told) for each in shown
        )
        st.html(f'<div class="cx cx-examples">{figures}</div>')
    elif given:
        st.dataframe(
            [_line(each, atlas.values(each), told=told) for each in given],
            hide_index=True, height="content",
            alt=_("What is known of these cells without their pictures."),
        )  # fmt: skip
    else:
        st.caption(_("There is none."))


def _line(
    example: Example, values: Mapping[str, float], *, told: bool
) -> dict[str, str | int | None]:
    known: dict[str, str | int | None] = {
        _("Cluster"): example.cluster.rsplit("/", 1)[-1],
        _("Width in pixels"): example.width,
        _("Height in pixels"): example.height,
    }
    for name in LISTED:
        unit = feature_named(name).unit
        title = atlas_cell.title_of(name)
        known[title] = amount(values[name], unit) if name in values else None
    if told:
        known |= {
            _("Read as"): example.said,
            _("Probability"): per_cent(example.probability),
            _("Of its own class"): per_cent(example.own),
        }
    return known


def _said(example: Example) -> str:
    """What the model said: its answer, and in doubt the class of the cell or its rival as well."""
    shares = {example.label: example.own, example.rival: example.own - example.margin}
    named = sorted(shares, key=shares.__getitem__, reverse=True)
    if example.kind == "typical":
        named = [example.said]
    return "<br>".join(f"{show.badge_html(name)} {per_cent(shares[name])}" for name in named)


def _turn(step: int) -> None:
    st.session_state[AT] = (st.session_state[AT] + step) % len(CLASS_NAMES)
