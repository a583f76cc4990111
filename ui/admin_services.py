"""The services of the administrators' pages, which all sessions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import session

if TYPE_CHECKING:
    from cervix_models.services.training import Training


@st.cache_resource(show_spinner=False)
def shared_training() -> Training:
    """The service of trainings, one a process. Raises StorageError where the store cannot be
    opened."""
    from cervix_models.services.training import Training

    triage = session.shared_triage()
    return Training(triage.store, triage.settings)


def training() -> Training:
    """The service of trainings, for a page: it stops with the reason as `session.triage` does."""
    session.triage()
    return session.in_hands(shared_training())
