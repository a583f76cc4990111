"""What is asked for: how many networks it trains, and of which files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cervix_models.recipes import load_recipe
from cervix_models.training.asked import Asked, files_of, trainings_of
from tests import tiny


def asked(name: str, **changed) -> Asked:
    return Asked(load_recipe(name), Path("runs"), Path("weights"), ("a", "b"), **changed)


@pytest.mark.parametrize(
    ("name", "changed", "count"),
    [
        ("cnn", {}, 6),
        ("cnn", {"folds_only": True}, 5),
        ("cnn", {"fold": 3}, 1),
        ("cnn", {"protocol": "random"}, 5),
        ("nucleus_finder", {}, 6),
        ("cgan", {}, 1),
        ("cellflux", {}, 2),
        ("encoder_mobilenet_v3_small", {}, 1),
        ("ensemble", {}, 0),
    ],
)
def test_networks_that_are_trained_are_counted(name, changed, count) -> None:
    given = asked(name, **changed)
    assert trainings_of(given.recipe, given) == count


def test_files_are_those_that_are_named_or_those_of_the_home(tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    assert files_of(asked("cnn"), settings) == [settings.home / "cells160.npz"]
    assert files_of(asked("nucleus_finder"), settings) == [settings.home / "fields.npz"]
    assert files_of(asked("cnn", files=(Path("a.npz"),)), settings) == (Path("a.npz"),)
