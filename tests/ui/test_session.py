import subprocess
import sys
from pathlib import Path

import pytest
import streamlit as st

from cervix_models.errors import StorageError
from cervix_models.people import Person
from ui import identity, session

ROOT = Path(__file__).parents[2]
TENSORS = ("torch", "torchvision", "timm", "onnxruntime", "lightning")
VISIT = """
import sys
from streamlit.testing.v1 import AppTest
from cervix_models.people import ROLES, Person
from ui import identity
identity.person = lambda: Person("local", ROLES)
app = AppTest.from_file("ui/main.py", default_timeout=60).run()
for page in ("triage/worklist", "models/card"):
    app.switch_page(f"../pages/{page}.py").run()
    assert app.title, page
    assert not app.exception, page
print("loaded:", [name for name in sys.argv[1:] if name in sys.modules])
"""


class StoppedError(Exception):
    pass


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sentences: list[str] = []

    def stop() -> None:
        raise StoppedError

    monkeypatch.setattr(st, "error", sentences.append)
    monkeypatch.setattr(st, "stop", stop)
    return sentences


def test_who_lacks_the_role_is_stopped_with_a_sentence(monkeypatch, said) -> None:
    student = Person("someone", ("student",))
    monkeypatch.setattr(identity, "person", lambda: student)
    assert session.require_role("student") is student
    with pytest.raises(StoppedError):
        session.require_role("admin")
    assert "for the role “admin”" in said[0]


def test_a_store_that_cannot_be_opened_stops_the_page_with_the_reason(monkeypatch, said) -> None:
    def broken() -> None:
        raise StorageError("The folder cannot be made.")

    monkeypatch.setattr(session, "shared_triage", broken)
    with pytest.raises(StoppedError):
        session.triage()
    assert said == ["The folder cannot be made."]


def test_pages_that_read_nothing_load_no_model_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", VISIT, *TENSORS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "loaded: []" in done.stdout, done.stdout + done.stderr
