"""The first page of an app that is started for it."""

from __future__ import annotations

import pytest

from cervix_models.errors import CervixError
from ui import first_page as module
from ui.first_page import first_page


def test_the_first_page_is_run_as_a_browser_asks_for_it() -> None:
    assert 0.1 < first_page() < 60


def test_a_first_page_that_fails_is_said(monkeypatch, tmp_path) -> None:
    (tmp_path / "app.py").write_text("raise RuntimeError('no page')\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    with pytest.raises(CervixError, match="ended with an error"):
        first_page()


def test_an_app_that_does_not_answer_is_stopped_and_said(monkeypatch) -> None:
    stopped = []

    class Silent:
        def __init__(self, command, **_options) -> None:
            assert command[1:4] == ["-m", "streamlit", "run"]

        def terminate(self) -> None:
            stopped.append("terminated")

        def wait(self) -> None:
            stopped.append("waited for")

    monkeypatch.setattr(module.subprocess, "Popen", Silent)
    with pytest.raises(CervixError, match=r"did not answer within 0 s; .*`make run`"):
        first_page(patience=0.1)
    assert stopped == ["terminated", "waited for"]
