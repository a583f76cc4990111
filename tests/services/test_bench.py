"""The figures of `make bench`, on small models."""

from __future__ import annotations

import re

import numpy as np

from cervix_models.services import bench as bench_module
from cervix_models.services.bench import bench
from tests import tiny
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


def test_how_long_made_cells_take_is_told_of_every_generator(tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    for model in ("cgan", "cvae"):
        tiny.save_maker(settings.weights, tiny.recipe(model))
    lines = sorted(bench_module._made(settings))
    assert [line[:34].strip() for line in lines] == [
        f"16 cells by tiny_{m}" for m in ("cgan", "cvae")
    ]
    assert all(float(line.split()[-2]) > 0 and line.endswith(" s") for line in lines)


def test_how_long_steered_cells_take_is_told_of_what_heeds_outlines(tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    tiny.save_tiny(settings.weights, tiny.recipe("cellflux", name="deaf"))
    tiny.save_tiny(
        settings.weights, tiny.recipe("cellflux"), metrics={"summary": "", "control": {"cells": 1}}
    )
    (line,) = bench_module._steered(settings)
    assert line[:34].strip() == "8 steered cells by tiny_cellflux"
    assert float(line.split()[-2]) > 0
    assert line.endswith(" s")
