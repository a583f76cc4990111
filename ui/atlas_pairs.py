"""Look-alikes on a screen: two classes side by side, what tells them apart, and what parts them by
measurement."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from cervix_models.data.labels import class_named
from cervix_models.data.teaching import LOOKALIKES, LookAlike
from cervix_models.language import _
from cervix_models.morphology import feature_named
from cervix_models.plots import Parted, apart_chart
from cervix_models.services.atlas import Atlas, AtlasCell, Example
from ui import atlas_cell, atlas_view, session, show

BESIDE = 2  # cells of each class
WIDEST = 210  # pixels of the widest of them


def pairs(atlas: Atlas, chosen: atlas_view.Chosen, found: Mapping[str, bytes]) -> None:
    """Shows the pair that is picked."""
    names = [_name(each) for each in LOOKALIKES]
    picked = st.segmented_control(
        _("Pair"), range(len(LOOKALIKES)), format_func=names.__getitem__, default=0, required=True,
        key="atlas-pair",
    )  # fmt: skip
    pair = LOOKALIKES[picked or 0]
    st.markdown(_(pair.words))
    _cells(atlas, pair, chosen, found)
    if chosen:
        _mixed(atlas, pair)
    _chart(atlas, pair)


def _name(pair: LookAlike) -> str:
    return (
        f"{class_named(pair.one).short} {pair.one} · {class_named(pair.other).short} {pair.other}"
    )


def _cells(
    atlas: Atlas, pair: LookAlike, chosen: atlas_view.Chosen, found: Mapping[str, bytes]
) -> None:
    real = {
        name: [each for each in chosen.get(name, {}).get("typical", ()) if each.sha256 in found]
        for name in (pair.one, pair.other)
    }
    if all(real.values()):
        both = [each for some in real.values() for each in some[:BESIDE]]
        zoom = atlas_view.zoom_of(both, WIDEST)
        sides = {name: _real(some[:BESIDE], found, zoom) for name, some in real.items()}
    else:
        drawn = {name: atlas.drawn(name) for name in real}
        zoom = min(atlas_view.LARGEST_ZOOM, WIDEST / max(each.size[0] for each in drawn.values()))
        sides = {name: _drawn(cell, zoom) for name, cell in drawn.items()}
    st.html(
        '<div class="cx cx-sides">'
        + "".join(
            f"<div><p>{show.badge_html(name)} <b>{escape(name)}</b></p>"
            f'<div class="cx-examples">{figures}</div></div>'
            for name, figures in sides.items()
        )
        + "</div>"
    )
    st.caption(_("All of these cells are enlarged alike."))


def _real(some: list[Example], found: Mapping[str, bytes], zoom: float) -> str:
    return "".join(
        atlas_view.example_figure(each, found[each.sha256], zoom, told=False) for each in some
    )


def _drawn(cell: AtlasCell, zoom: float) -> str:
    words = _("Drawn {label} cell, synthetic").format(label=cell.label)
    return (
        f'<figure><img src="{session.image_url(cell.picture)}" alt="{escape(words)}" '
        f'style="width:{cell.size[0] * zoom:.0f}px"></figure>'
    )


def _mixed(atlas: Atlas, pair: LookAlike) -> None:
    mixed = atlas.mixed(pair.one, pair.other)
    st.markdown(
        _(
            "The model, asked about cells of clusters that it had not learned from, read "
            "{one_as_other} of {ones} {one} cells as {other}, and {other_as_one} of {others} "
            "{other} cells as {one}."
        ).format(
            one=pair.one, other=pair.other, one_as_other=mixed.one_as_other, ones=mixed.ones,
            other_as_one=mixed.other_as_one, others=mixed.others,
        )
    )  # fmt: skip


def _chart(atlas: Atlas, pair: LookAlike) -> None:
    found = atlas.apart(pair.one, pair.other)
    st.markdown(f"**{_('The measurements that part them best')}**")
    rows = []
    for each in found:
        feature = feature_named(each.feature)
        rows.append(
            Parted(
                atlas_cell.title_of(each.feature), feature.unit, each.effect, each.one, each.other
            )
        )
        larger = pair.one if each.larger > 0.5 else pair.other
        st.markdown(
            "- "
            + _("{feature}: the {larger} cell has more in {count} of 100 pairs.").format(
                feature=atlas_cell.title_of(each.feature),
                larger=larger,
                count=f"{100 * each.effect:.0f}",
            )
        )
    show.chart(apart_chart(pair.one, pair.other, rows))
    st.caption(
        _(
            "Boxes: the middle half of the cells, with the median; whiskers: the middle 90 %. A "
            "pair is one cell of each class, drawn by chance. Colours depend on how few slides "
            "were stained: between laboratories, trust shapes more. Measured on outlines of "
            "networks that never saw the cells."
        )
    )
