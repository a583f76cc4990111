"""Any folder of classes trains: the worked example of the documents, line by line, and refusals."""

from __future__ import annotations

import logging
import re
import shlex
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from cervix_models import __main__ as main_module
from cervix_models.cards import load_card, readable
from cervix_models.checkpoints import load_network
from cervix_models.data.packed import load_packed
from cervix_models.data.sources import recognise
from cervix_models.errors import DataError
from cervix_models.evaluation.protocols import held_out_of
from cervix_models.services.generation import other_makers, translator_rows
from cervix_models.services.turning import Turning
from cervix_models.settings import ROOT, load_settings
from cervix_models.training.judging import SEEN_BY
from scripts import draw_tissue
from tests import tiny
from tests.data import made

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

LINES = re.search(
    r"```sh\n(.*?)```", (ROOT / "docs/other_images.md").read_text("utf-8"), re.DOTALL
)[1].splitlines()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A folder, a home and weights of its own, and the threads as they were."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CERVIX_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def _follow(line: str, *more: str) -> int:
    """The exit code of a line of the documents."""
    words = shlex.split(line)
    if words[1].startswith("scripts/"):
        sys.modules["scripts." + Path(words[1]).stem].main(Path(words[2]), 3)
        return 0
    return main_module.main([*words[3:], *more])


@pytest.fixture
def tissue(tmp_path) -> Path:
    """The packed file of the worked example, of fewer images."""
    assert [_follow(line) for line in LINES[:3]] == [0, 0, 0]
    return tmp_path / "tissue.npz"


def test_the_worked_example_runs(tissue, tmp_path, capsys) -> None:
    assert len(LINES) == 5
    trial = ("--epochs", "1", "--runs", str(tmp_path / "runs"))
    assert _follow(LINES[3], *trial) == 0
    assert _follow(LINES[3], *trial, "--protocol", "random") == 0
    capsys.readouterr()
    assert _follow(LINES[4]) == 0
    assert "tissue_cnn, cluster protocol: 36 cells of 12 clusters" in capsys.readouterr().out
    network, card = load_network("tissue_cnn", tmp_path / "weights")
    assert card.classes == ("benign", "malignant")
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 2)
    assert "of 12 groups, which were kept apart" in " ".join(card.limits)
    assert card.summary.endswith("images, 5 folds with groups kept apart")
    assert "SIPaKMeD" not in " ".join((*card.limits, card.intended_use))
    assert "random_minus_cluster" in card.metrics
    assert not any(each.name == "tissue_cnn" for each in readable(tmp_path / "weights"))
    held = held_out_of("tissue_cnn", tmp_path / "weights")
    patients = [{c for c, f in zip(held.clusters, held.folds, strict=True) if f == n}
                for n in range(5)]  # fmt: skip
    assert sum(map(len, patients)) == len(set.union(*patients)) == draw_tissue.PATIENTS
    again = ("--fold", "0", "--packed", str(tissue), "--runs", str(tmp_path / "runs"))
    assert main_module.main(["evaluate", "tissue_cnn", *again]) == 0
    assert "benign " in capsys.readouterr().out


def test_every_image_is_its_own_cluster_where_no_group_is_told(tissue, tmp_path) -> None:
    again = ["data", "import", "tissue", "--name", "alone"]
    assert main_module.main(again) == 0
    assert main_module.main(["data", "pack", "alone", "--out", "alone.npz"]) == 0
    assert len(set(load_packed(tmp_path / "alone.npz").clusters)) == 36
    assert len(set(load_packed(tissue).clusters)) == draw_tissue.PATIENTS


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("cnn",), "cnn tells Dyskeratotic, .* the packed file has benign, malignant; .* --name"),
        (("cnn", "--name", "vgg16"), "'vgg16' is the name of a recipe; .* such as cnn_2"),
        (("cnn", "--name", "a/b"), "'a/b' is no name"),
        (("svm_features", "--name", "a"), "svm_features cannot be trained on other images"),
        (("ensemble", "--name", "a"), "ensemble cannot be trained on other images"),
        (("convnext_masked", "--name", "a"), "convnext_masked cannot be trained on other images"),
    ],
)
def test_what_cannot_be_trained_on_it_is_refused(tissue, capsys, options, sentence) -> None:
    assert main_module.main(["train", *options, "--packed", str(tissue)]) == 2
    assert re.search(sentence, capsys.readouterr().err)


def test_a_single_class_is_refused(tissue, tmp_path, capsys) -> None:
    shutil.rmtree(tmp_path / "tissue/malignant")
    Path("one").mkdir()
    Path("tissue").rename("one/benign-only")
    Path("one/benign-only/benign").rename("one/benign")
    Path("one/benign-only").rmdir()
    assert main_module.main(["data", "import", "one", "--name", "one"]) == 0
    assert main_module.main(["data", "pack", "one", "--out", "one.npz"]) == 0
    assert main_module.main(["train", "cnn", "--packed", "one.npz", "--name", "a"]) == 2
    assert "has the class benign alone; at least two were expected" in capsys.readouterr().err


def test_files_of_other_classes_are_not_joined(tissue) -> None:
    cells = tiny.packed()
    with pytest.raises(DataError, match=r"other classes were given together: Dyskeratotic"):
        cells + load_packed(tissue)


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ("(", r"'\(' is no regular expression"),
        ("slide([0-9]+)", "36 of 36 files .* finds no group in its name"),
    ],
)
def test_groups_that_are_none_are_refused(tissue, capsys, groups, sentence) -> None:
    assert main_module.main(["data", "import", "tissue", "--groups", groups]) == 2
    assert re.search(sentence, capsys.readouterr().err, re.DOTALL)


def test_groups_are_of_a_folder_of_classes_alone(tmp_path) -> None:
    with pytest.raises(DataError, match=r"recognised as sipakmed, .* Leave --groups out"):
        recognise(made.sipakmed_crops(tmp_path / "cells", ".png"), "([0-9]+)")


def test_images_of_one_folder_are_turned_into_those_of_another(tissue, tmp_path, capsys) -> None:
    tiny.save_seer(tmp_path / "weights", SEEN_BY)
    given = ("--packed", str(tissue), "--runs", str(tmp_path / "runs"))
    options = ("--name", "tissue_cycle", "--epochs", "1")
    assert main_module.main(["train", "cyclegan", *options, *given]) == 0
    settings = load_settings()
    card = load_card("tissue_cycle", settings.weights)
    assert (card.kind, card.classes) == ("translator", ("benign", "malignant"))
    ways = {label: way["from"] for label, way in card.metrics["ways"].items()}
    assert ways == {"malignant": ["benign"], "benign": ["malignant"]}
    assert not {"recognised", "outlines_kept"} & set(card.metrics["ways"]["benign"])
    assert "the kernel distance from real ones is" in card.summary
    assert "SIPaKMeD" not in " ".join((*card.limits, card.intended_use))
    capsys.readouterr()
    assert main_module.main(["evaluate", "tissue_cycle", *given]) == 0
    assert "into malignant, from benign" in capsys.readouterr().out
    assert other_makers(settings) == ["tissue_cycle"]
    assert translator_rows(settings) == []
    content = next(Path("tissue/benign").iterdir()).read_bytes()
    turning = Turning(SimpleNamespace(settings=settings))
    found = turning.turn("tissue_cycle", content, "a.png", "malignant", "benign", sample=False)
    assert found.after.png != found.before.png
    assert (found.after.labels, found.after.probabilities, found.kept) == (None, {}, {})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--source", "benign"), "classes benign were to be turned into none"),
        (("--source", "benign", "--target", "benign"), "turned into benign; at least one other"),
        (("--source", "benign", "--target", "odd"), "of benign, malignant. Give them"),
    ],
)
def test_folders_that_are_not_there_are_not_turned(tissue, capsys, options, sentence) -> None:
    given = ("--packed", str(tissue), "--name", "tissue_cycle")
    assert main_module.main(["train", "cyclegan", *given, *options]) == 2
    assert sentence in capsys.readouterr().err
