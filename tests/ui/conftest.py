from __future__ import annotations

import pytest

from tests.fakes import FakeTriage
from ui import routes, session, viewer


@pytest.fixture
def triage(monkeypatch: pytest.MonkeyPatch) -> FakeTriage:
    """A triage service without models, in the place of the real one."""
    fake = FakeTriage()
    monkeypatch.setattr(session, "shared_triage", lambda: fake)
    routes._drawn.cache_clear()
    viewer._outlines.cache_clear()
    return fake
