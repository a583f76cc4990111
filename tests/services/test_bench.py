"""The figures of `make bench`, on small models."""

from __future__ import annotations

import re

import numpy as np

from cervix_models.services import bench as bench_module
from cervix_models.services.bench import bench
from tests.fakes import drawn_cell


def test_every_figure_is_printed_with_its_unit(tiny_models, monkeypatch) -> None:
    monkeypatch.setattr(bench_module, "load_settings", lambda: tiny_models)
    monkeypatch.setattr(bench_module, "render_field", lambda: np.tile(drawn_cell(200), (2, 3, 1)))
    lines = list(bench(readings=3, bulk=4))
    found = {line[:34].strip(): line[34:].split() for line in lines}
    assert [unit for _, unit in found.values()] == ["s", "ms", "ms", "images/s", "s", "MB"]
    figures = {name: float(value) for name, (value, _) in found.items()}
    assert all(value > 0 for value in figures.values())
    median, slowest = figures["one reading, median"], figures["one reading, 95th percentile"]
    assert median <= slowest
    assert all(re.fullmatch(r".{34} +[\d.]+ \S+", line) for line in lines)
