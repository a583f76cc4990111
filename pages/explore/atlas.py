"""The five classes side by side: what to look for, on a cell, and what is easily mistaken."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.errors import CervixError
from cervix_models.language import _
from cervix_models.services.atlas import Atlas
from ui import atlas_pairs, atlas_view, session, show

LARGE = "atlas-projector"  # in the session: whether one class fills the page


def page() -> None:
    """Shows the classes, all of them or one at a time for a projector."""
    session.require_role("student")
    st.title(_("Atlas"), anchor=False)
    show.notice()
    atlas = session.atlas()
    chosen, found = atlas_view.examples(atlas)
    large = st.session_state.setdefault(LARGE, False)
    # A button and no switch: from within a switch the arrow keys would not turn the pages.
    st.button(
        _("Leave the projector") if large else _("Projector"), shortcut="P", on_click=_switch,
        icon=":material/fullscreen_exit:" if large else ":material/slideshow:", key="atlas-large",
        help=_("One class at a time in large type; next and previous by the arrow keys."),
    )  # fmt: skip
    if large:
        _shown(atlas_view.projector, atlas, chosen, found)
        return
    if chosen and not found:
        _lacking()
    _shown(atlas_view.overview, atlas, chosen, found)
    _closer(atlas, chosen, found)
    _pairs(atlas, chosen, found)


def _shown(part: Callable[..., None], *given: object) -> None:
    """Shows a part of the page, or why it cannot be shown."""
    try:
        part(*given)
    except CervixError as problem:
        st.error(show.plain(str(problem)))


def _switch() -> None:
    st.session_state[LARGE] = not st.session_state[LARGE]


def _lacking() -> None:
    st.info(
        _(
            "Real cells are lacking: SIPaKMeD is not imported here. Import it: {command}. Until "
            "then, criteria are pointed out on drawn cells, and of the examples only their numbers "
            "are shown."
        ).format(command="`python -m cervix_models data import PATH`")
    )


@st.fragment
def _closer(atlas: Atlas, chosen: atlas_view.Chosen, found: Mapping[str, bytes]) -> None:
    st.header(_("One class closer"), anchor=False)
    label = st.segmented_control(
        _("Class"), CLASS_NAMES, default=CLASS_NAMES[0], required=True, key="atlas-class",
        format_func=lambda name: f"{class_named(name).short} {name}",
    )  # fmt: skip
    _shown(atlas_view.closer, atlas, label or CLASS_NAMES[0], chosen, found)


@st.fragment
def _pairs(atlas: Atlas, chosen: atlas_view.Chosen, found: Mapping[str, bytes]) -> None:
    st.header(_("Look-alikes"), anchor=False)
    _shown(atlas_pairs.pairs, atlas, chosen, found)


page()
