"""The figures of `make bench`, on small models and without starting the app."""

from __future__ import annotations

import re

import pytest

from cervix_models.errors import CervixError
from cervix_models.services import bench as bench_module
from cervix_models.services.bench import bench


def test_every_figure_is_printed_with_its_unit(tiny_models, monkeypatch) -> None:
    monkeypatch.setattr(bench_module, "load_settings", lambda: tiny_models)
    monkeypatch.setattr(bench_module, "_first_page", lambda: 1.5)
    lines = list(bench(readings=3, bulk=4))
    found = {line[:34].strip(): line[34:].split() for line in lines}
    assert [unit for _, unit in found.values()] == ["s", "ms", "ms", "images/s", "MB", "s"]
    figures = {name: float(value) for name, (value, _) in found.items()}
    assert all(value > 0 for value in figures.values())
    median, slowest = figures["one reading, median"], figures["one reading, 95th percentile"]
    assert median <= slowest
    assert figures["app started and first page shown"] == 1.5
    assert all(re.fullmatch(r".{34} +[\d.]+ \S+", line) for line in lines)


def test_the_first_page_is_run_as_a_browser_asks_for_it() -> None:
    assert 0.1 < bench_module._first_page() < 60


def test_a_first_page_that_fails_is_said(monkeypatch, tmp_path) -> None:
    (tmp_path / "app.py").write_text("raise RuntimeError('no page')\n")
    monkeypatch.setattr(bench_module, "ROOT", tmp_path)
    with pytest.raises(CervixError, match="ended with an error"):
        bench_module._first_page()


def test_an_app_that_does_not_answer_is_stopped_and_said(monkeypatch) -> None:
    stopped = []

    class Silent:
        def __init__(self, command, **_options) -> None:
            assert command[1:4] == ["-m", "streamlit", "run"]

        def terminate(self) -> None:
            stopped.append("terminated")

        def wait(self) -> None:
            stopped.append("waited for")

    monkeypatch.setattr(bench_module.subprocess, "Popen", Silent)
    with pytest.raises(CervixError, match=r"did not answer within 0 s; .*`make run`"):
        bench_module._first_page(patience=0.1)
    assert stopped == ["terminated", "waited for"]
