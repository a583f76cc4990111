"""The commands that train, fit and measure, on a packed file of small made cells."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from PIL import Image

from cervix_models import __main__ as main_module
from cervix_models.checkpoints import load_network
from cervix_models.data.importing import scan
from cervix_models.data.packed import pack
from cervix_models.recipes import load_recipe
from cervix_models.services import bench as bench_module
from cervix_models.services import tables as tables_module
from cervix_models.services.defaults import CLASSIFIER, QUICK, SEGMENTER
from cervix_models.training import gate as gate_module
from tests.data import made
from tests.fakes import drawn_cell

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

RECIPE = """
name = "quick"
model = "cnn"
version = "0.1"
about = "Made for the tests."
start = "random"
folds = 2
views = 1

[optimiser]
epochs = 3
batch_size = 8
"""


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    """A home and weights of its own, and the threads and log level as they were."""
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CERVIX_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    crops = made.sipakmed_crops(folder / "cells", suffix=".png", clusters=4, cells=2)
    for number, path in enumerate(sorted(crops.rglob("*.png"))):
        Image.fromarray(drawn_cell(60, number)).save(path)
    return pack([scan(crops)], folder / "cells64.npz", size=64)


@pytest.fixture
def recipe(tmp_path) -> str:
    path = tmp_path / "quick.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return str(path)


def _train(tmp_path, recipe: str, packed: Path, *options: str) -> int:
    asked = ["train", recipe, "--packed", str(packed), "--runs", str(tmp_path / "runs"), *options]
    return main_module.main(asked)


def test_a_recipe_becomes_weights_and_a_card(tmp_path, recipe, packed) -> None:
    assert _train(tmp_path, recipe, packed, "--epochs", "1") == 0
    _, card = load_network("quick", tmp_path / "weights")
    assert card.metrics["cluster_split"]["cells"] == 40
    assert card.recipe["optimiser"]["epochs"] == 1  # what was done, not what the recipe asks
    assert (tmp_path / "runs" / "quick" / "final" / "done.json").is_file()


def test_one_fold_writes_predictions_and_no_weights(tmp_path, recipe, packed) -> None:
    assert _train(tmp_path, recipe, packed, "--epochs", "1", "--fold", "1") == 0
    runs = tmp_path / "runs" / "quick" / "cluster"
    assert [path.name for path in runs.iterdir()] == ["fold1"]
    assert not (tmp_path / "weights").exists()


def test_runs_of_a_trial_are_not_taken_for_the_whole(tmp_path, recipe, packed, capsys) -> None:
    assert _train(tmp_path, recipe, packed, "--epochs", "1", "--fold", "0") == 0
    assert _train(tmp_path, recipe, packed, "--fold", "0") == 2
    assert "other settings (epochs)" in capsys.readouterr().err


def test_the_random_split_is_measured_without_weights(tmp_path, recipe, packed) -> None:
    assert _train(tmp_path, recipe, packed, "--epochs", "1", "--protocol", "random") == 0
    runs = tmp_path / "runs" / "quick" / "random"
    assert sorted(path.parent.name for path in runs.glob("*/predictions.npz")) == ["fold0", "fold1"]
    kept = [path.name for path in (tmp_path / "weights" / "quick").iterdir()]
    assert kept == ["held_out_random.npz"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--fold", "2"), "Fold 2 was asked for; quick has the folds 0 to 1"),
        (("--fold", "-1"), "Fold -1 was asked for"),
    ],
)
def test_a_fold_that_is_none_is_refused(
    tmp_path, recipe, packed, capsys, options, sentence
) -> None:
    assert _train(tmp_path, recipe, packed, *options) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("epochs", ["0", "-1", "many"])
def test_epochs_are_counted_from_one(tmp_path, recipe, packed, capsys, epochs) -> None:
    with pytest.raises(SystemExit) as stopped:
        _train(tmp_path, recipe, packed, "--epochs", epochs)
    assert stopped.value.code == 2
    assert "--epochs" in capsys.readouterr().err


def test_what_is_missing_is_said(tmp_path, recipe, packed, capsys) -> None:
    assert main_module.main(["train", recipe]) == 2
    assert "cells160.npz cannot be read as a packed data file" in capsys.readouterr().err
    assert _train(tmp_path, "nothing", packed) == 2
    assert "No recipe is named 'nothing'" in capsys.readouterr().err


def test_the_gate_is_fitted_and_tried_with_both_default_models(
    tmp_path, packed, monkeypatch
) -> None:
    said = []
    monkeypatch.setattr(gate_module, "fit_gate", lambda *given: said.append(given))
    monkeypatch.setattr(gate_module, "try_gate", lambda *given: said.append(given))
    asked = ["calibrate", "gate", "--packed", str(packed), "--runs", str(tmp_path / "runs")]
    assert main_module.main(asked) == 0
    for name, (lead, *given), tried in zip((CLASSIFIER, QUICK), said[::2], said[1::2], strict=True):
        settings = given[-1]
        assert given == [name, SEGMENTER, settings]
        assert lead.recipe.name == load_recipe(name).members[0]
        assert lead.runs == tmp_path / "runs"
        assert settings.weights == tmp_path / "weights"
        assert tried == (name, SEGMENTER, settings)
    del said[:]
    assert main_module.main([*asked, "--classifier", QUICK]) == 0
    assert [given[-3] for given in said] == [QUICK, QUICK]


def test_a_gate_without_runs_is_refused(tmp_path, packed, capsys) -> None:
    asked = ["calibrate", "gate", "--packed", str(packed), "--runs", str(tmp_path / "runs")]
    assert main_module.main(asked) == 2
    assert "holds no predictions.npz" in capsys.readouterr().err


def test_tables_are_built_or_refused(tmp_path, monkeypatch, capsys) -> None:
    asked = ["data", "tables", "--out", str(tmp_path / "tables")]
    assert main_module.main(asked) == 2
    assert "SIPaKMeD is not imported" in capsys.readouterr().err
    said = []

    def build(settings, folder, say) -> None:
        said.append((settings.home, folder))
        folder.mkdir()
        (folder / "a.parquet").write_bytes(b"x" * 300_000)

    monkeypatch.setattr(tables_module, "build_tables", build)
    assert main_module.main(asked) == 0
    assert said == [(tmp_path / "home", tmp_path / "tables")]
    assert "0.3 MB" in capsys.readouterr().out


def test_bench_prints_its_lines(monkeypatch, capsys) -> None:
    monkeypatch.setattr(bench_module, "bench", lambda *given: iter([f"asked {given}", "done"]))
    assert main_module.main(["bench"]) == 0
    assert capsys.readouterr().out == "asked (40, 256)\ndone\n"
    assert main_module.main(["bench", "--readings", "2", "--bulk", "3"]) == 0
    assert "asked (2, 3)" in capsys.readouterr().out


def test_bench_without_weights_is_refused(capsys) -> None:
    assert main_module.main(["bench"]) == 2
    assert f"train {SEGMENTER}" in capsys.readouterr().err


def test_a_verb_is_needed(capsys) -> None:
    with pytest.raises(SystemExit):
        main_module.main(["calibrate"])
    assert "verb" in capsys.readouterr().err
