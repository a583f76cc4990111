"""The services of the administrators' pages, which all sessions share, for the person at one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import session

if TYPE_CHECKING:
    from cervix_models.services.audit import AuditLog
    from cervix_models.services.corrected import Corrected
    from cervix_models.services.datasets import DataSets
    from cervix_models.services.promotions import Promotions
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


@st.cache_resource(show_spinner=False)
def shared_promotions() -> Promotions:
    """The service of promotions, one a process. Raises StorageError where the store cannot be
    opened."""
    from cervix_models.services.promotions import Promotions

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


@st.cache_resource(show_spinner=False)
def shared_audit_log() -> AuditLog:
    """The service of the audit log, one a process. Raises StorageError where the store cannot be
    opened."""
    from cervix_models.services.audit import AuditLog

    return AuditLog(session.shared_triage().store)


def audit_log() -> AuditLog:
    """The service of the audit log, for a page: it stops with the reason as `session.triage`
    does."""
    session.triage()
    return session.in_hands(shared_audit_log())
