"""scripts/train_all.sh and its plan: what is trained anew, and what is left as it is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from cervix_models.cards import load_card
from cervix_models.checkpoints import save_card
from cervix_models.contracts import MAKERS
from cervix_models.recipes import Recipe, load_recipe
from cervix_models.registry import find
from cervix_models.settings import ROOT
from scripts.needed import needed
from tests import tiny

# A `python` that hands the look at recipes to the real one, and only notes the commands.
NOTES = """#!/usr/bin/env bash
if [ "$2" = "scripts.needed" ]; then exec "{python}" "$@"; fi
echo "$*" >> "{notes}"
[ "$4" != "tables" ] || exit "${{TABLES_FAIL:-0}}"
"""


@pytest.fixture
def run(tmp_path):
    """Runs the script with recipes; what it would have called, a line each."""
    notes, python = tmp_path / "notes.txt", tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(NOTES.format(python=sys.executable, notes=notes))
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    environment = {
        **os.environ,
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "CERVIX_WEIGHTS": str(tmp_path / "weights"),
        "PACKED": "cells.npz",
        "RUNS": "runs",
        "PYTHONPATH": str(ROOT),
    }

    def call(*recipes: str, **more: str) -> tuple[list[str], str]:
        notes.write_text("")
        done = subprocess.run(
            [ROOT / "scripts" / "train_all.sh", *recipes],
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return notes.read_text().splitlines(), done.stdout

    return call


GATE = "-m cervix_models calibrate gate --packed cells.npz --runs runs"
TELL = "-m cervix_models calibrate tell --packed cells.npz"
TABLES = "-m cervix_models data tables"
CNN = "-m cervix_models train cnn --packed cells.npz --runs runs"


def test_what_has_no_weights_is_trained_and_then_calibrated(run) -> None:
    called, said = run("cnn", TABLES_FAIL="2")
    assert called == [CNN, f"{CNN} --protocol random", GATE, TELL, TABLES]
    assert "import SIPaKMeD, then run: python -m cervix_models data tables" in said


def test_a_finder_is_trained_from_fields_or_left_out_where_there_are_none(run, tmp_path) -> None:
    called, said = run("nucleus_finder", FIELDS=str(tmp_path / "fields.npz"))
    assert called == []
    assert "data pack cric --fields" in said
    (tmp_path / "fields.npz").touch()
    called, _ = run("nucleus_finder", FIELDS=str(tmp_path / "fields.npz"))
    assert called[0].startswith(f"-m cervix_models train nucleus_finder --packed {tmp_path}")
    assert "cells.npz" not in called[0]


def test_what_is_large_is_measured_by_its_folds_unless_all_is_asked(run, tmp_path) -> None:
    both = {"summary": "", "random_split": {}}
    tiny.save_tiny(tmp_path / "weights", load_recipe("cnn"), metrics=both)
    called, said = run("cnn", "vgg16")
    assert called[0].endswith("train vgg16 --packed cells.npz --runs runs --folds-only")
    assert "cnn: its weights are those of its recipe" in said
    called, _ = run("vgg16", ALL="1")
    assert called[0].endswith("train vgg16 --packed cells.npz --runs runs")
    called, _ = run("vgg16", LIMIT="500")
    assert called[0].endswith("train vgg16 --packed cells.npz --runs runs")


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> dict[str, list[str]]:
    """What is needed where there are no weights at all."""
    return dict(needed(tmp_path_factory.mktemp("weights")))


def test_without_names_every_recipe_is_trained(everything) -> None:
    assert all(everything.values())
    assert sorted(everything) == sorted(p.stem for p in ROOT.glob("cervix_models/recipes/*.toml"))


def test_an_ensemble_comes_after_its_members(everything) -> None:
    order = list(everything)
    for name in order:
        for member in load_recipe(name).members:
            assert order.index(member) < order.index(name)


def _makes_cells(recipe: Recipe) -> bool:
    return bool(recipe.model) and find(recipe.model).kind in MAKERS


def test_what_makes_cells_comes_after_all_that_judge_it(everything) -> None:
    order = list(everything)
    recipes = [load_recipe(name) for name in order]
    adapters = [each.name for each in recipes if each.lora]
    makers = [each.name for each in recipes if not each.lora and _makes_cells(each)]
    assert {"cgan", "cvae", "cyclegan", "cellflux"} <= set(makers)
    assert order[-len(makers + adapters) :] == makers + adapters
    assert everything["cvae"] == ["weights", "help"]
    assert everything["cyclegan"] == ["weights"]


def test_a_generator_is_trained_and_then_tried(run, tmp_path) -> None:
    called, _ = run("cgan")
    trial = "-m cervix_models augment cgan --packed cells.npz --runs runs"
    assert called[:2] == ["-m cervix_models train cgan --packed cells.npz --runs runs", trial]
    tiny.save_tiny(tmp_path / "weights", load_recipe("cgan"))
    assert run("cgan")[0] == [trial]
    tiny.save_tiny(tmp_path / "weights", load_recipe("cgan"), metrics={"summary": "", "help": {}})
    assert run("cgan")[0] == []


def test_an_encoder_comes_first_and_who_reads_outlines_after_their_segmenter(everything) -> None:
    order = list(everything)
    assert order[0].startswith("encoder_")
    assert order.index("dual_head_unet") < order.index("svm_features")


def test_an_ensemble_of_other_weights_is_measured_anew(tmp_path) -> None:
    ensemble = load_recipe("ensemble")
    for each in ensemble.members:
        tiny.save_tiny(tmp_path, tiny.recipe("cnn", name=each))
    tiny.save_ensemble(tmp_path, ensemble)
    assert dict(needed(tmp_path, ["ensemble"])) == {"ensemble": []}
    tiny.save_tiny(tmp_path, tiny.recipe("cnn", name=ensemble.members[1]), seed=1)
    assert dict(needed(tmp_path, ["ensemble"])) == {"ensemble": ["weights"]}


def test_an_ensemble_is_measured_anew_with_a_member_that_is_trained(tmp_path) -> None:
    ensemble = load_recipe("ensemble")
    for each in ensemble.members:
        tiny.save_tiny(tmp_path, load_recipe(each))
    tiny.save_ensemble(tmp_path, ensemble)
    tiny.rewrite_card(ensemble.members[0], tmp_path, recipe={"model": "cnn", "seed": 5})
    found = dict(needed(tmp_path, ["ensemble", *ensemble.members]))
    assert found["ensemble"] == ["weights"]
    assert found[ensemble.members[0]] == ["weights", "random"]


def test_a_measured_model_without_weights_is_made_only_where_all_is_asked(tmp_path) -> None:
    measured = tiny.card(load_recipe("vgg16"), "", metrics={"summary": "", "random_split": {}})
    save_card(measured, tmp_path / "vgg16")
    assert dict(needed(tmp_path, ["vgg16"])) == {"vgg16": []}
    assert dict(needed(tmp_path, ["vgg16"], whole=True)) == {"vgg16": ["weights", "random"]}


def test_weights_of_another_recipe_are_trained_anew(tmp_path) -> None:
    tiny.save_tiny(tmp_path, load_recipe("cnn"))
    assert dict(needed(tmp_path, ["cnn"])) == {"cnn": ["random"]}
    recipe = load_card("cnn", tmp_path).recipe
    tiny.rewrite_card("cnn", tmp_path, recipe={**recipe, "about": "Told in other words."})
    assert dict(needed(tmp_path, ["cnn"])) == {"cnn": ["random"]}
    tiny.rewrite_card("cnn", tmp_path, recipe={**recipe, "seed": 5})
    assert dict(needed(tmp_path, ["cnn"])) == {"cnn": ["weights", "random"]}
