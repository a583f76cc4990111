"""The service of the audit log, for the person at a session."""

from __future__ import annotations

import streamlit as st

from cervix_models.services.audit import AuditLog
from ui import session


@st.cache_resource(show_spinner=False)
def shared_audit_log() -> AuditLog:
    """The service of the audit log, one a process. Raises StorageError where the store cannot be
    opened."""
    return AuditLog(session.shared_triage().store)


def audit_log() -> AuditLog:
    """The service of the audit log, for a page: it stops with the reason as `session.triage`
    does."""
    session.triage()
    return session.in_hands(shared_audit_log())
