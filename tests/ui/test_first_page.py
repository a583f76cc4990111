"""The first page of an app that is started for it, and every page of one that runs."""

from __future__ import annotations

import pytest

from cervix_models.errors import CervixError
from ui import first_page as module
from ui.first_page import every_page, first_page, pages


def test_the_first_page_is_run_as_a_browser_asks_for_it() -> None:
    assert 0.1 < first_page() < 60


def test_a_first_page_that_fails_is_said(monkeypatch, tmp_path) -> None:
    (tmp_path / "app.py").write_text("raise RuntimeError('no page')\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    with pytest.raises(CervixError, match="ended with an error"):
        first_page()


def test_every_page_is_visited_by_its_address(monkeypatch) -> None:
    assert {"dataset", "triage", "card"} <= set(pages())
    monkeypatch.setattr(module, "pages", lambda: ["card"])
    ((name, seconds),) = every_page()
    assert name == "card"
    assert 0.01 < seconds < 60


def test_a_page_that_is_none_is_said(monkeypatch, tmp_path) -> None:
    (tmp_path / "app.py").write_text(
        "import streamlit as st\n"
        "def one():\n    st.title('one')\n"
        "def two():\n    raise RuntimeError('broken')\n"
        "st.navigation([st.Page(one, default=True), st.Page(two)]).run()\n"
    )
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "pages", lambda: ["two"])
    with pytest.raises(CervixError, match="“two” ended with an error"):
        next(every_page())
