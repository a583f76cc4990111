from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.people import ROLES, Person
from tests.fake_fields import FakeFields
from tests.fakes import FakeTriage
from ui import identity, routes, session, viewer

MAIN = Path(__file__).parents[2] / "ui" / "main.py"


EVERYBODY = Person("local", ROLES)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> Person:
    """Who is at the page: somebody with every role."""
    monkeypatch.setattr(identity, "person", lambda: EVERYBODY)
    return EVERYBODY


@pytest.fixture
def triage(monkeypatch: pytest.MonkeyPatch) -> FakeTriage:
    """A triage service without models, in the place of the real one."""
    fake = FakeTriage()
    monkeypatch.setattr(session, "shared_triage", lambda: fake)
    routes._drawn.cache_clear()
    viewer._outlines.cache_clear()
    return fake


@pytest.fixture
def fields(triage: FakeTriage, monkeypatch: pytest.MonkeyPatch) -> FakeFields:
    """A service of fields in memory, in the place of the real one."""
    fake = FakeFields(triage)
    monkeypatch.setattr(session, "shared_fields", lambda: fake)
    session.thumbnail.clear()
    return fake


@pytest.fixture
def app(triage: FakeTriage) -> AppTest:
    """The whole application on its front page, over the fake service."""
    return AppTest.from_file(str(MAIN), default_timeout=30).run()
