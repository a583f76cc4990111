"""The SIPaKMeD cells as a whole: how many, how large, of which colour, how alike, what leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.language import _, later
from ui import session, show
from ui.dataset_features import show_features
from ui.dataset_gallery import show_gallery, show_means
from ui.dataset_groups import show_clusters, show_leaks
from ui.dataset_map import show_map
from ui.dataset_sizes import show_overview, show_sizes

if TYPE_CHECKING:
    from cervix_models.services.dataset import DataSet

VIEW = "view"  # in the address
VIEWS = {
    "overview": (later("Overview"), show_overview),
    "gallery": (later("Gallery"), show_gallery),
    "sizes": (later("Size and stain"), show_sizes),
    "features": (later("Features"), show_features),
    "map": (later("Map"), show_map),
    "means": (later("Mean cells"), show_means),
    "clusters": (later("Clusters"), show_clusters),
    "leaks": (later("What leaks"), show_leaks),
}


def page() -> None:
    """Shows one view of the data set."""
    session.require_role("student")
    st.title(_("The data set"), anchor=False)
    show.notice()
    service = session.dataset()
    asked = st.query_params.get(VIEW)
    first = asked if asked in VIEWS else next(iter(VIEWS))
    chosen = st.segmented_control(
        _("View"),
        list(VIEWS),
        default=first,
        format_func=lambda each: _(VIEWS[each][0]),
        required=True,
        label_visibility="collapsed",
        key="dataset-view",
        on_change=_turn,
    )
    if not service.is_imported():
        st.info(
            _(
                "SIPaKMeD is not imported here: numbers and outlines are shown, and no pictures. "
                "Import it: `python -m cervix_models data import PATH`."
            )
        )
    _show(chosen, service)


@st.fragment
def _show(view: str, service: DataSet) -> None:
    """Shows a view; its controls run it alone and not the whole page."""
    try:
        VIEWS[view][1](service)
    except CervixError as problem:
        st.error(show.plain(str(problem)))


def _turn() -> None:
    """Puts the chosen view into the address; no figure of another one stands alone any more."""
    st.query_params.clear()
    st.query_params[VIEW] = st.session_state["dataset-view"]


page()
