"""The services of an administrator's pages on models and data sets, for the person at a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.services.promotions import Promotions
from ui import session

if TYPE_CHECKING:
    from cervix_models.services.corrected import Corrected
    from cervix_models.services.datasets import DataSets


@st.cache_resource(show_spinner=False)
def shared_promotions() -> Promotions:
    """The service of promotions, one a process. Raises StorageError where the store cannot be
    opened."""
    triage = session.shared_triage()
    return Promotions(triage.store, triage.settings)


def promotions() -> Promotions:
    """The service of promotions, for a page: it stops with the reason as `triage` does."""
    session.triage()
    return session.in_hands(shared_promotions())


@st.cache_resource(show_spinner=False)
def shared_datasets() -> DataSets:
    """The service of image sets, one a process. Raises StorageError where the store cannot be
    opened."""
    from cervix_models.services.datasets import DataSets  # brings pandas and SciPy

    triage = session.shared_triage()
    return DataSets(triage.store, triage.settings)


def datasets() -> DataSets:
    """The service of image sets, for a page: it stops with the reason as `triage` does."""
    session.triage()
    return session.in_hands(shared_datasets())


@st.cache_resource(show_spinner=False)
def shared_corrected() -> Corrected:
    """The service of corrected readings, one a process. Raises StorageError where the store cannot
    be opened."""
    from cervix_models.services.corrected import Corrected  # brings SciPy

    triage = session.shared_triage()
    return Corrected(triage.store, triage.settings)


def corrected() -> Corrected:
    """The service of corrected readings, for a page: it stops with the reason as `triage` does."""
    session.triage()
    return session.in_hands(shared_corrected())
