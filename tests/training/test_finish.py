"""From runs to weights and a card, on a small packed set."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from cervix_models.cards import load_card, members_of
from cervix_models.checkpoints import load_network
from cervix_models.contracts import Card
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.splits import held_out_hash
from cervix_models.errors import DataError
from cervix_models.evaluation.held_out import load_held_out
from cervix_models.predictors import OutlineReader, tempered
from cervix_models.recipes import Optimiser
from cervix_models.settings import load_settings
from cervix_models.training.finish import finish, gathered, remeasure_segmenter
from cervix_models.training.fit import trained
from cervix_models.training.outlined import outlined_cells, segmenter_metrics
from cervix_models.training.protocol import Plan, folds_of, run_fold
from tests import tiny
from tests.fakes import drawn_cell

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Plan:
    folder = tmp_path_factory.mktemp("finish")
    given = tiny.recipe(
        "cnn", views=2, optimiser=Optimiser(epochs=3, batch_size=10, learning_rate=3e-3)
    )
    packed = tiny.packed(clusters=4, cells=3)
    made = Plan(given, packed, folder / "runs", folder / "weights")
    for number in (0, 1):
        run_fold(replace(made, protocol="random"), number)
    finish(made)
    return made


@pytest.fixture(scope="module")
def card(plan) -> Card:
    return load_network("tiny_cnn", plan.weights)[1]


def test_the_weights_are_those_of_the_final_run(plan) -> None:
    network, _ = load_network("tiny_cnn", plan.weights)
    final = trained(plan.recipe, plan.runs / "tiny_cnn" / "final")
    for one, two in zip(network.state_dict().values(), final.state_dict().values(), strict=True):
        assert torch.equal(one, two.half().float())


def test_the_card_says_what_was_learned_from(plan, card) -> None:
    assert (card.kind, card.classes, card.version) == ("classifier", CLASS_NAMES, "0.1")
    assert card.data["cells"] == 60
    assert card.data["clusters"] == 20
    assert card.data["images_sha256"] == held_out_hash(plan.packed.sha256)
    assert card.data["held_out_sha256"] == [fold.sha256 for fold in folds_of(plan)]
    assert card.data["first_weights"] == "random weights"
    assert card.recipe == json.loads(json.dumps(plan.recipe.as_dict()))
    assert (card.input["size"], card.input["views"], card.input["sees_scale"]) == (64, 2, False)
    assert card.intended_use.endswith("Not for diagnosis.")
    assert card.limits


def test_the_card_says_how_well(plan, card) -> None:
    folders = [plan.folder / "fold0", plan.folder / "fold1"]
    found = gathered(folders)
    right = found["probabilities"].argmax(1) == plan.packed.labels[found["positions"]]
    figures = card.metrics["cluster_split"]
    assert figures["accuracy"]["value"] == pytest.approx(right.mean())
    assert figures["accuracy"]["low"] <= right.mean() <= figures["accuracy"]["high"]
    assert figures["cells"] == 60
    assert np.sum(figures["confusion"]) == 60
    assert f"right in {right.mean():.1%} (" in card.summary
    assert "60 cells, 2 folds with clusters kept apart" in card.summary
    assert 0 <= figures["conformal"]["coverage"] <= 1
    assert 0 <= figures["refer"]["coverage"] <= 1
    assert {"accuracy_without_size", "accuracy_with_size"} == set(figures["scale"])


def test_the_random_split_stands_beside_it(plan, card) -> None:
    random = card.metrics["random_split"]
    assert random["cells"] == 60
    folder = replace(plan, protocol="random").folder
    found = gathered([folder / "fold0", folder / "fold1"])
    right = found["probabilities"].argmax(1) == plan.packed.labels[found["positions"]]
    assert random["accuracy"]["value"] == pytest.approx(right.mean())


def test_the_calibration_is_what_a_reader_needs(card) -> None:
    assert 0.2 <= card.calibration["temperature"] <= 5
    assert set(card.calibration["conformal_least"]) == set(CLASS_NAMES)
    assert 0 < card.calibration["refer_below"] <= 1


def test_what_is_done_is_finished_again_from_its_runs(plan, card) -> None:
    folder = finish(plan)
    again = load_network("tiny_cnn", plan.weights)[1]
    assert folder == plan.weights / "tiny_cnn"
    assert replace(again, created_at=card.created_at) == card


def test_gathered_predictions_know_their_fold(plan) -> None:
    found = gathered([plan.folder / "fold0", plan.folder / "fold1"])
    for number, fold in enumerate(folds_of(plan)):
        assert found["positions"][found["folds"] == number].tolist() == fold.held_out.tolist()


def test_what_the_folds_said_is_kept_by_the_hash_of_each_cell(plan, card) -> None:
    kept = load_held_out("tiny_cnn", plan.weights)
    found = gathered([plan.folder / "fold0", plan.folder / "fold1"])
    by_cell = dict(zip(kept["sha256"], range(len(kept["sha256"])), strict=True))
    rows = [by_cell[plan.packed.sha256[at]] for at in found["positions"]]
    assert sorted(rows) == list(range(len(plan.packed)))
    assert kept["folds"][rows].tolist() == found["folds"].tolist()
    assert kept["labels"][rows].tolist() == plan.packed.labels[found["positions"]].tolist()
    np.testing.assert_allclose(kept["probabilities"][rows], found["probabilities"], atol=1e-6)


def test_a_fold_that_was_not_predicted_is_named(plan) -> None:
    with pytest.raises(DataError, match=r"fold7 holds no predictions\.npz; .* train tiny_cnn"):
        gathered([plan.folder / "fold0", plan.folder / "fold7"])


def test_a_segmenter_gets_dice_and_boxes(tmp_path) -> None:
    given = tiny.recipe(
        tiny.register_outliner(), optimiser=Optimiser(epochs=3, batch_size=8, learning_rate=1e-6)
    )
    packed = tiny.packed(clusters=2, cells=1, herlev=8)
    finish(Plan(given, packed, tmp_path / "runs", tmp_path / "weights"))
    card = load_network(given.name, tmp_path / "weights")[1]
    figures = card.metrics["cluster_split"]
    assert card.classes == ("cell", "nucleus")
    assert (figures["outlined_cells"], figures["captures"], figures["boxed_cells"]) == (8, 4, 10)
    assert figures["dice"]["nucleus"]["value"] > 0.9  # it was made for drawn cells
    assert figures["dice"]["cytoplasm"]["value"] > 0.9
    assert set(figures["dice_by_class"]) == {"normal_columnar"}
    assert set(figures["boxes_by_class"]) == set(CLASS_NAMES)
    assert "nucleus on 8 Herlev cells, 2 folds with captures kept apart" in card.summary
    assert set(card.calibration["thresholds"]) == {"cell", "nucleus"}
    assert set(figures["iou"]) == {"nucleus", "cytoplasm", "cell"}
    assert figures["dice_with_background"]["value"] > 0.9
    assert figures["distances_in_pixels"]["cell"]["hausdorff_95"]["value"] < 10
    assert figures["distances_in_pixels"]["nucleus"]["not_found"] == 0
    curves = card.metrics["curves"]
    assert [each["epoch"] for each in curves] == [1, 2, 3]
    assert curves[-1]["val_nucleus_dice"] > 0.8
    again = remeasure_segmenter(given.name, tmp_path / "weights", packed)
    assert json.loads(json.dumps(again)) == json.loads(json.dumps(card.metrics))
    kept = load_held_out(given.name, tmp_path / "weights")
    assert kept["masks"].shape == (18, 64, 64)
    assert sorted(kept["sha256"]) == sorted(packed.sha256)


@pytest.fixture(scope="module")
def ensemble(plan) -> Plan:
    """An ensemble of the first model and of one that was trained longer."""
    longer = replace(plan.recipe, name="longer", optimiser=replace(plan.recipe.optimiser, epochs=5))
    finish(replace(plan, recipe=longer))
    both = replace(plan.recipe, name="both", model="", members=("tiny_cnn", "longer"))
    finish(replace(plan, recipe=both))
    return replace(plan, recipe=both)


def test_an_ensemble_is_measured_on_what_its_members_said(plan, ensemble) -> None:
    card, shares = members_of("both", plan.weights)
    cards = [load_card(name, plan.weights) for name in ("tiny_cnn", "longer")]
    right = np.array([each.metrics["cluster_split"]["accuracy"]["value"] for each in cards])
    assert list(shares.values()) == pytest.approx(list(right / right.sum()))
    assert card.data["members"] == {each.name: each.weights_sha256 for each in cards}
    assert card.data["held_out_sha256"] == cards[0].data["held_out_sha256"]
    said = [load_held_out(name, plan.weights) for name in ("tiny_cnn", "longer", "both")]
    tempers = [each.calibration["temperature"] for each in cards]
    by_cell = [dict(zip(s["sha256"], s["probabilities"], strict=True)) for s in said]
    for cell, found in by_cell[2].items():
        parts = [tempered(by_cell[i][cell][None], tempers[i])[0] for i in (0, 1)]
        wanted = sum(p * s for p, s in zip(parts, shares.values(), strict=True))
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_cascade_is_measured_as_it_answers(plan, ensemble) -> None:
    enough = 0.5
    finish(replace(plan, recipe=replace(ensemble.recipe, name="quick", enough=enough)))
    card = load_card("quick", plan.weights)
    assert (card.input["enough"], card.recipe["enough"]) == (enough, enough)
    assert "enough" not in load_card("both", plan.weights).input
    first = load_card("tiny_cnn", plan.weights).calibration["temperature"]
    said = [load_held_out(name, plan.weights) for name in ("tiny_cnn", "both", "quick")]
    alone, mean, quick = (each["probabilities"][np.argsort(each["sha256"])] for each in said)
    alone = tempered(alone, first)
    sure = alone.max(1) >= enough
    assert 0 < sure.sum() < len(sure)
    np.testing.assert_allclose(quick[sure], alone[sure], atol=1e-6)
    np.testing.assert_allclose(quick[~sure], mean[~sure], atol=1e-6)


def test_an_ensemble_of_other_folds_is_refused(plan, ensemble) -> None:
    other = replace(plan.recipe, name="other", seed=1)
    finish(replace(plan, recipe=other))
    both = replace(ensemble.recipe, members=("tiny_cnn", "other"))
    with pytest.raises(DataError, match="tiny_cnn and other were measured on other cells or in ot"):
        finish(replace(plan, recipe=both))


def test_an_ensemble_of_cells_that_were_not_packed_is_refused(plan, ensemble) -> None:
    less = replace(plan.packed, sha256=tuple("f" * 64 for _ in plan.packed.sha256))
    with pytest.raises(DataError, match="60 held-out cells are not in the packed file"):
        finish(replace(ensemble, packed=less))


def test_an_ensemble_has_no_folds_of_its_own(ensemble) -> None:
    with pytest.raises(DataError, match=r"learns nothing of its own.* member: tiny_cnn, longer"):
        run_fold(ensemble, 0)


def test_outlines_of_sipakmed_are_measured_apart(outliners) -> None:
    packed = outliners.packed
    known = packed.has_mask.copy()
    known[:2] = True
    masks = packed.masks.copy()
    masks[:2] = packed.masks[packed.where("herlev")[0]]
    found = gathered([outliners.folder / f"fold{n}" for n in (0, 1)])
    masked, _ = outlined_cells(outliners, found)
    plain = segmenter_metrics(outliners, masked)["cluster_split"]
    own = replace(outliners, packed=replace(packed, masks=masks, has_mask=known))
    figures = segmenter_metrics(own, masked)["cluster_split"]
    experts = figures.pop("dice_on_sipakmed_outlines")
    assert experts["cells"] == 2
    assert 0 <= experts["nucleus"]["low"] <= experts["nucleus"]["value"] <= 1
    assert figures == plain  # Herlev's cells and the boxes are as they were


@pytest.fixture(scope="module")
def outliners(tmp_path_factory) -> Plan:
    """Two small segmenters with weights and cards, the folder of both, and one that is finished."""
    folder = tmp_path_factory.mktemp("outliners")
    packed = tiny.packed(clusters=2, cells=1, herlev=8)
    model = tiny.register_outliner()
    for name, seed in (("outliner_a", 0), ("outliner_b", 1)):
        given = tiny.recipe(
            model, name=name, seed=seed, folds=2,
            optimiser=Optimiser(epochs=1, batch_size=8, learning_rate=1e-6),
        )  # fmt: skip
        made = Plan(replace(given, seed=0), packed, folder / "runs", folder / "weights")
        finish(made)
    return made


def _mean_of(plan: Plan, names: tuple[str, ...], monkeypatch) -> Plan:
    settings = {each: replace(plan.recipe, name=each) for each in names}
    monkeypatch.setattr("cervix_models.training.finish.load_recipe", settings.__getitem__)
    recipe = replace(plan.recipe, name="outliners", model="", members=names)
    return replace(plan, recipe=recipe)


def test_segmenters_are_averaged(outliners, monkeypatch) -> None:
    names = ("outliner_a", "outliner_b")
    finish(_mean_of(outliners, names, monkeypatch))
    card, shares = members_of("outliners", outliners.weights)
    assert (card.kind, card.classes) == ("segmenter", ("cell", "nucleus"))
    assert shares == {"outliner_a": 0.5, "outliner_b": 0.5}
    assert card.metrics["cluster_split"]["dice"]["nucleus"]["value"] > 0.9
    alone = load_card("outliner_a", outliners.weights)
    assert card.data["parameters"] == 2 * alone.data["parameters"]
    assert set(card.calibration["thresholds"]) == {"cell", "nucleus"}
    settings = replace(load_settings(), weights=outliners.weights, cache=outliners.runs / "cache")
    reader, one = (OutlineReader(each, settings) for each in ("outliners", "outliner_a"))
    cell = drawn_cell(120)
    (together,), (single,) = reader.predict([cell]), one.predict([cell])
    assert (together.nucleus == single.nucleus).mean() > 0.99


def test_segmenters_without_weights_keep_figures_and_no_masks(
    outliners, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr("cervix_models.training.finish.load_recipe", lambda name: by_name[name])
    names = ("outliner_a", "outliner_b")
    by_name = {name: replace(outliners.recipe, name=name) for name in names}
    both = replace(outliners.recipe, name="both", model="", members=names)
    for recipe in (*by_name.values(), both):
        finish(replace(outliners, recipe=recipe, weights=tmp_path), final=False)
        card = load_card(recipe.name, tmp_path)
        wanted = load_card(recipe.name.replace("both", "outliner_a"), outliners.weights)
        dice = card.metrics["cluster_split"]["dice"]["nucleus"]["value"]
        assert dice == pytest.approx(wanted.metrics["cluster_split"]["dice"]["nucleus"]["value"])
        assert [path.name for path in (tmp_path / recipe.name).iterdir()] == ["card.json"]


def test_members_of_two_kinds_are_refused(outliners, plan, card, monkeypatch) -> None:
    names = ("outliner_a", "tiny_cnn")
    shutil.copytree(plan.weights / "tiny_cnn", outliners.weights / "tiny_cnn")
    with pytest.raises(DataError, match="are classifier and segmenters; models of one kind"):
        finish(_mean_of(outliners, names, monkeypatch))


def test_members_with_maps_of_two_sizes_are_refused(outliners, monkeypatch, tmp_path) -> None:
    other = replace(outliners, runs=tmp_path / "runs")
    shutil.copytree(outliners.runs, other.runs)
    for path in (other.runs / "outliner_b" / "cluster").glob("fold*/predictions.npz"):
        found = dict(np.load(path))
        np.savez_compressed(path, **{**found, "maps": found["maps"][..., ::2, ::2]})
    with pytest.raises(DataError, match="draw maps of 2 sizes; one size was expected"):
        finish(_mean_of(other, ("outliner_a", "outliner_b"), monkeypatch))


def test_each_fold_is_drawn_at_thresholds_of_the_others(outliners) -> None:
    found = gathered([outliners.folder / f"fold{n}" for n in (0, 1)])
    outlined = outliners.packed.has_mask[found["positions"]]
    first = outlined & (found["folds"] == 0)
    pale = found["maps"].copy()
    pale[first] = (pale[first] * 0.7).astype(np.uint8)  # its best threshold is lower
    masks, calibration = outlined_cells(outliners, {**found, "maps": pale})
    truth = outliners.packed.masks[found["positions"]]
    other = outlined & (found["folds"] == 1)
    assert ((masks["masks"][other] > 0) == (truth[other] > 0)).mean() > 0.95
    assert 0.3 <= calibration["thresholds"]["cell"] <= 0.8
    assert "maps" not in masks
