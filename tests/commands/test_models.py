"""The commands that tell of models: list, evaluate, robustness."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from cervix_models import __main__ as main_module
from cervix_models.cards import load_card
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import DataError
from cervix_models.evaluation.held_out import save_held_out
from cervix_models.predictors import tempered
from cervix_models.recipes import list_recipes
from cervix_models.services.disturbances import SLIDERS
from cervix_models.services.generation import Measure
from cervix_models.training import robustness
from cervix_models.training.finish import finish, remeasure
from cervix_models.training.judging import SEEN_BY
from cervix_models.training.protocol import Plan, folds_of
from tests import tiny
from tests.fakes import drawn_cell

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Weights of a small network with what its folds said of 60 cells under both protocols."""
    folder = tmp_path / "weights"
    monkeypatch.setenv("CERVIX_WEIGHTS", str(folder))
    tiny.save_tiny(folder, tiny.recipe("cnn", name="small"))
    packed, random = tiny.packed(clusters=4, cells=3), np.random.default_rng(0)
    for protocol, right in (("cluster", 0.7), ("random", 0.9)):
        answers = np.where(random.random(60) < right, packed.labels, (packed.labels + 1) % 5)
        rows = np.full((60, 5), 0.05) + 0.75 * np.eye(5)[answers]
        found = {"positions": np.arange(60), "folds": np.arange(60) // 3 % 2, "probabilities": rows}
        save_held_out(folder / "small", found, packed, CLASS_NAMES, protocol)
    return folder


def test_every_recipe_is_listed_with_what_is_known(weights, capsys) -> None:
    assert main_module.main(["list"]) == 0
    said = capsys.readouterr().out
    for name in list_recipes():
        assert f"\n{name} (" in f"\n{said}"
    assert "not measured here yet; weights: python -m cervix_models train cnn" in said


def test_a_model_is_measured_again_from_what_is_kept(weights, capsys) -> None:
    assert main_module.main(["evaluate", "small", "--protocol", "random"]) == 0
    said = capsys.readouterr().out
    metrics = load_card("small", weights).metrics
    value = metrics["random_split"]["accuracy"]["value"]
    assert f"accuracy                     {value:.4f} (" in said
    assert "random minus cluster split" in said
    assert metrics["cluster_split"]["accuracy"]["value"] < value
    written = json.loads((weights / "small" / "card.json").read_text())
    assert written["metrics"]["random_minus_cluster"]["cells"] == 60
    assert all(f"  {name:<28}" in said for name in CLASS_NAMES)


def test_a_protocol_that_was_not_run_is_named(weights, capsys) -> None:
    (weights / "small" / "held_out_random.npz").unlink()
    assert main_module.main(["evaluate", "small", "--protocol", "random"]) == 2
    assert "train small --protocol random" in capsys.readouterr().err


def test_a_segmenter_needs_the_file_with_the_true_outlines(weights, capsys) -> None:
    given = tiny.recipe(tiny.register_outliner(), name="lines")
    tiny.save_tiny(weights, given)
    assert main_module.main(["evaluate", "lines"]) == 2
    assert "cells160.npz cannot be read as a packed data file" in capsys.readouterr().err


def test_a_segmenter_is_no_classifier_to_be_measured_as_one(weights) -> None:
    given = tiny.recipe(tiny.register_outliner(), name="lines")
    tiny.save_tiny(weights, given)
    with pytest.raises(DataError, match="lines is a segmenter; a classifier was expected"):
        remeasure("lines", weights)


def test_a_generator_is_measured_again_and_told_beside_real_cells(
    tmp_path, monkeypatch, capsys
) -> None:
    settings = tiny.save_defaults(tmp_path)
    tiny.save_seer(settings.weights, SEEN_BY)
    packed = tiny.packed(clusters=4, cells=4)
    monkeypatch.setenv("CERVIX_WEIGHTS", str(settings.weights))
    monkeypatch.setattr("cervix_models.data.packed.load_packed", lambda _: packed)
    for model in ("cgan", "cyclegan"):
        given = tiny.recipe(model)
        held = folds_of(Plan(given, packed, tmp_path, settings.weights))[0].sha256
        tiny.save_tiny(settings.weights, given, data={"held_out_sha256": [held]})
        assert main_module.main(["evaluate", f"tiny_{model}"]) == 0
        said = capsys.readouterr().out
        metrics = load_card(f"tiny_{model}", settings.weights).metrics
        assert said.startswith(f"tiny_{model}: {metrics['summary']}\n")
        assert "FID, too large at so few cells" in said
        first = metrics if model == "cgan" else metrics["ways"][CLASS_NAMES[2]]
        kid, floor = first["kid"], first["floor"]["kid"]
        told = Measure("KID", kid, floor, share=False)
        assert re.search(f"{re.escape(told.words(kid))} +{re.escape(told.words(floor))}", said)
        assert all(name in said for name in CLASS_NAMES)
    assert f"24 cells into {CLASS_NAMES[0]}, from {', '.join(CLASS_NAMES[2:])}\n" in said
    assert "Outlines kept, mean IoU" in said
    assert "Made again, SSIM" in said


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Plans of two small networks with trained folds, beside small default models."""
    folder = tmp_path_factory.mktemp("robust")
    settings = tiny.save_defaults(folder)
    packed = tiny.packed(clusters=4, cells=3, herlev=6)
    plan = Plan(tiny.recipe("cnn", name="one"), packed, folder / "runs", settings.weights)
    other = replace(plan, recipe=tiny.recipe("cnn", name="two", seed=0))
    for each in (plan, other):
        finish(each, final=each is plan)
    return [plan, other], settings


def test_folds_alone_are_measured_and_make_no_weights(trained) -> None:
    _, settings = trained
    card = load_card("two", settings.weights)
    assert card.weights_sha256 == ""
    assert not (settings.weights / "two" / "model.safetensors").exists()
    assert card.metrics["cluster_split"]["cells"] == 60
    assert card.data["training"]["seconds_a_fold"] > 0
    assert card.data["parameters"] == 286_117
    assert card.metrics["curves"][0]["epoch"] == 1


def test_held_out_cells_are_disturbed_and_the_gate_is_asked(trained) -> None:
    plans, settings = trained
    guard = robustness.open_guard("ensemble", "dual_head_unet", settings)
    found = robustness.measure_robustness(plans[:1], guard, cells=10)
    kept = load_card("one", settings.weights).metrics["robustness"]
    assert (kept["fold"], kept["cells"]) == (0, 10)
    assert set(found["one"]) == {"blur", "stain", "light", "jpeg", "resolution"}
    for points in found["one"].values():
        for each in points:
            assert 0 <= each["accuracy"]["low"] <= each["accuracy"]["value"] <= 1
            assert each["wrong_and_not_refused"] <= 1 - each["refused"] + 1e-9
    neutral = {each.name: each.neutral for each in SLIDERS}
    untouched = [
        each["accuracy"]
        for name, points in found["one"].items()
        for each in points
        if each["strength"] == neutral[name]
    ]
    assert untouched == [untouched[0]] * 5


def test_other_sets_are_told_as_normal_or_abnormal(trained) -> None:
    plans, settings = trained
    packed = plans[0].packed
    kinds = [*packed.classes[:60], *(["normal_columnar"] * 3), *(["severe_dysplastic"] * 3)]
    guard = robustness.open_guard("ensemble", "dual_head_unet", settings)
    given = replace(packed, classes=tuple(kinds))
    found = robustness.measure_foreign(["one"], guard, given)["one"]
    assert set(found) == {"herlev"}
    assert (found["herlev"]["cells"], found["herlev"]["abnormal_cells"]) == (6, 3)
    assert 0 <= found["herlev"]["roc_auc"] <= 1
    kept = load_card("one", settings.weights).metrics["foreign"]
    assert "Koilocytotic and Dyskeratotic are taken as abnormal" in kept["mapping"]


def test_an_ensemble_is_disturbed_by_the_folds_of_its_members(trained, monkeypatch) -> None:
    plans, settings = trained
    monkeypatch.setattr(robustness, "load_recipe", lambda name: plans[0].recipe)
    image, weights = drawn_cell(64), settings.weights
    mean = replace(plans[0].recipe, name="mean", model="", members=("one",))
    tiny.save_ensemble(weights, mean)
    masks = robustness.open_guard("ensemble", "dual_head_unet", settings).look([image])[0]
    alone = robustness._of_fold(plans[0], [image], masks)
    heat = float(load_card("one", weights).calibration["temperature"])
    both = robustness._said(replace(plans[0], recipe=mean), [image], masks)
    np.testing.assert_allclose(both, tempered(alone, heat), atol=1e-9)
