"""scripts/train_all.sh: what is trained anew, and what is left as it is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from cervix_models.checkpoints import save_card
from cervix_models.recipes import load_recipe
from cervix_models.settings import ROOT
from tests import tiny

# A `python` that hands the look at recipes to the real one, and only notes the commands.
NOTES = """#!/usr/bin/env bash
if [ "$1" = "-" ]; then exec "{python}" "$@"; fi
echo "$*" >> "{notes}"
[ "$4" != "ranges" ] || exit "${{RANGES_FAIL:-0}}"
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
RANGES = "-m cervix_models calibrate ranges"


def test_what_has_no_weights_is_trained_and_then_calibrated(run) -> None:
    called, _ = run("cnn")
    train = "-m cervix_models train cnn --packed cells.npz --runs runs"
    assert called == [train, f"{train} --protocol random", GATE, RANGES]


def test_without_names_every_recipe_is_trained(run, tmp_path) -> None:
    fields = tmp_path / "fields.npz"
    fields.touch()
    called, _ = run(FIELDS=str(fields))
    trained = {line.split()[3] for line in called if " train " in line}
    assert sorted(trained) == sorted(p.stem for p in ROOT.glob("cervix_models/recipes/*.toml"))


def test_a_finder_is_trained_from_fields_or_left_out_where_there_are_none(run, tmp_path) -> None:
    called, said = run("nucleus_finder", FIELDS=str(tmp_path / "fields.npz"))
    assert called == []
    assert "data pack cric --fields" in said
    (tmp_path / "fields.npz").touch()
    called, _ = run("nucleus_finder", FIELDS=str(tmp_path / "fields.npz"))
    assert called[0].startswith(f"-m cervix_models train nucleus_finder --packed {tmp_path}")
    assert "cells.npz" not in called[0]


def test_an_ensemble_comes_after_its_members(run) -> None:
    called, _ = run()
    trained = [line.split()[3] for line in called if " train " in line]
    for name in trained:
        for member in load_recipe(name).members:
            assert trained.index(member) < trained.index(name)


def test_an_ensemble_of_other_weights_is_measured_anew(run, tmp_path) -> None:
    weights, ensemble = tmp_path / "weights", load_recipe("ensemble")
    for each in ensemble.members:
        tiny.save_tiny(weights, tiny.recipe("cnn", name=each))
    tiny.save_ensemble(weights, ensemble)
    assert run("ensemble")[0] == []
    tiny.save_tiny(weights, tiny.recipe("cnn", name=ensemble.members[1]), seed=1)
    called, _ = run("ensemble")
    assert called[0].startswith("-m cervix_models train ensemble")


def test_an_encoder_comes_first_and_who_reads_outlines_after_their_segmenter(run) -> None:
    called, _ = run()
    trained = [line.split()[3] for line in called if " train " in line]
    assert trained[0].startswith("encoder_")
    assert trained.index("dual_head_unet") < trained.index("svm_features")


def test_weights_too_large_for_git_are_measured_and_made_only_where_asked(run, tmp_path) -> None:
    called, _ = run("vgg16")
    assert called[0].endswith("train vgg16 --packed cells.npz --runs runs --folds-only")
    called, _ = run("vgg16", ALL="1")
    assert called[0].endswith("train vgg16 --packed cells.npz --runs runs")
    measured = tiny.card(load_recipe("vgg16"), "", metrics={"summary": "", "random_split": {}})
    save_card(measured, tmp_path / "weights" / "vgg16")
    assert run("vgg16")[0] == []
    assert run("vgg16", ALL="1")[0] != []


def test_weights_of_the_same_recipe_are_left_as_they_are(run, tmp_path) -> None:
    both = {"summary": "", "random_split": {}}
    tiny.save_tiny(tmp_path / "weights", load_recipe("cnn"), metrics=both)
    called, said = run("cnn")
    assert called == []
    assert "cnn: its weights are those of its recipe" in said


def test_weights_of_another_recipe_are_trained_anew(run, tmp_path) -> None:
    tiny.save_tiny(tmp_path / "weights", load_recipe("cnn"))
    tiny.rewrite_card("cnn", tmp_path / "weights", recipe={"model": "cnn", "seed": 5})
    called, _ = run("cnn")
    assert called[0].startswith("-m cervix_models train cnn")


def test_ranges_that_cannot_be_measured_do_not_stop_it(run) -> None:
    _, said = run("cnn", RANGES_FAIL="2")
    assert "import SIPaKMeD, then run: python -m cervix_models calibrate ranges" in said
