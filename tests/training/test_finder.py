"""A finder is trained on fields, measured on those held out, and its card says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cervix_models.__main__ import main
from cervix_models.cards import load_card
from cervix_models.checkpoints import load_network
from cervix_models.data.augmentation import Augmentation
from cervix_models.data.composing import SingleCell, composed
from cervix_models.data.fields import FieldSet, pack_composed
from cervix_models.errors import DataError
from cervix_models.evaluation.finding import kept_fields
from cervix_models.registry import create
from cervix_models.training import finder
from cervix_models.training.finder import FieldPlan, find_fold, finish_finder, remeasure_finder
from cervix_models.training.finding import FieldWindows, FinderTraining, peak_map
from tests import tiny


def _fields(count: int = 4) -> FieldSet:
    random = np.random.default_rng(0)
    images, centres = [], []
    for _ in range(count):
        image = np.full((70, 100, 3), 230, np.uint8)
        at = np.array([[30.0, 30.0], [75.0, 45.0]]) + random.uniform(-8, 8, (2, 2))
        for x, y in at:
            image[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5] = 60
        images.append(image)
        centres.append(at * 3)
    return FieldSet(
        images=tuple(images),
        centres=tuple(centres),
        labels=(("LSIL", "HSIL"),) * count,
        sizes=np.array([(300, 210)] * count),
        sha256=tuple(f"{at:064x}" for at in range(count)),
        scale=1 / 3,
    )


def _plan(tmp_path, **changed) -> FieldPlan:
    recipe = tiny.recipe("nucleus_finder", side=64, images=("cric",), **changed)
    return FieldPlan(recipe, _fields(), tmp_path / "runs", tmp_path / "weights")


def test_a_map_peaks_at_each_centre() -> None:
    peaks = peak_map(np.array([[10.5, 20.5], [0.5, 0.5]]), (40, 50))
    assert peaks.shape == (40, 50)
    assert peaks[20, 10] == pytest.approx(1.0)
    assert peaks[0, 0] == pytest.approx(1.0)
    assert peaks[39, 49] == 0.0
    assert peaks[20, 13] == pytest.approx(np.exp(-0.5), abs=1e-5)  # three pixels away


def test_windows_show_image_and_peaks_of_one_place() -> None:
    fields = _fields()
    windows = FieldWindows(fields, np.arange(4), 64, seed=0)
    assert len(windows) == 8  # as many as cover the four fields
    batch = windows[[0, 1, 2, 3, 4, 5, 6, 7]]
    assert batch["image"].shape == (8, 3, 64, 64)
    top = batch["peaks"][:, 0] > 0.9
    assert top.any()
    assert (batch["image"][:, 0][top] == 60).all()


def test_the_mirrored_rim_of_a_turned_window_does_not_count(tmp_path) -> None:
    """A network that is wrong only where the window shows its own mirror image loses nothing."""

    class Still(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk = torch.nn.Sequential()
            self.bias = torch.nn.Parameter(torch.tensor(-8.0))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.bias.expand(len(images), 1, 32, 32)

    turned = Augmentation(scale=0, shift=0.6, flip=False, stain=0, brightness=0, blur=0, noise=0)
    module = FinderTraining(Still(), tiny.recipe("nucleus_finder", augmentation=turned), 2)
    peaks = torch.zeros(4, 1, 64, 64)
    module.log = lambda *_, **__: None
    loss = module.training_step({"image": torch.zeros(4, 3, 64, 64).byte(), "peaks": peaks}, 0)
    assert loss.item() == pytest.approx(np.log1p(np.exp(-8)), rel=1e-3)


def test_frozen_blocks_stay_as_they_start() -> None:
    network = create("nucleus_finder")
    module = FinderTraining(network, tiny.recipe("nucleus_finder", frozen=3), 2).train()
    optimiser = module.configure_optimizers()["optimizer"]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    module.log = lambda *_, **__: None
    peaks = torch.zeros(2, 1, 64, 64)
    peaks[:, :, 30, 30] = 1
    batch = {"image": torch.randint(0, 256, (2, 3, 64, 64)).byte(), "peaks": peaks}
    module.training_step(batch, 0).backward()
    optimiser.step()
    moved = {key for key, value in network.state_dict().items() if not value.equal(before[key])}
    assert not any(key.startswith(("trunk.0.", "trunk.1.", "trunk.2.")) for key in moved)
    assert any(key.startswith("trunk.3.") for key in moved)


@pytest.mark.filterwarnings("ignore")
def test_folds_and_final_run_make_weights_and_card(tmp_path) -> None:
    plan = _plan(tmp_path)
    folder = finish_finder(plan)
    card = load_card(plan.recipe.name, plan.weights)
    assert (card.kind, card.classes) == ("finder", ("nucleus",))
    figures = card.metrics["held_out_fields"]
    assert (figures["fields"], figures["nuclei"]) == (4, 8)
    assert {"value", "low", "high"} <= set(figures["recall"])
    assert card.metrics["summary"].startswith("found ")
    assert card.calibration["threshold"] >= 0.1
    assert card.input["scale"] == pytest.approx(1 / 3)
    network, _ = load_network(plan.recipe.name, plan.weights)
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1, 32, 32)
    with np.load(folder / "held_out.npz", allow_pickle=False) as stored:
        kept = kept_fields(stored)
    assert sorted(each.fold for each in kept) == [0, 0, 1, 1]
    assert {each.sha256 for each in kept} == set(plan.fields.sha256)
    tiny.rewrite_card(card.name, plan.weights, metrics={"summary": "old"}, calibration={})
    assert remeasure_finder(card.name, plan.weights)["summary"] == card.metrics["summary"]
    again = load_card(card.name, plan.weights)
    assert again.calibration == card.calibration
    assert again.metrics["held_out_fields"] == figures


@pytest.mark.filterwarnings("ignore")
def test_composed_fields_are_learned_from_in_every_fold_and_never_searched(
    tmp_path, monkeypatch
) -> None:
    shown: list[int] = []

    class Noting(FieldWindows):
        def __init__(self, fields, rows, side, seed) -> None:
            shown.append(sum(fields.sha256[at].startswith("made") for at in rows))
            super().__init__(fields, rows, side, seed)

    monkeypatch.setattr(finder, "FieldWindows", Noting)
    made = replace(_fields(3), sha256=("made0", "made1", "made2"), made_by="cellflux")
    plan = replace(_plan(tmp_path), made=made)
    assert plan.folder != _plan(tmp_path).folder
    finish_finder(plan)
    assert shown == [3, 0] * 3  # learned from and watched, in two folds and the final run
    card = load_card(plan.recipe.name, plan.weights)
    assert card.data["composed"] == {"by": "cellflux", "fields": 3, "nuclei": 6}
    assert card.data["fields"] == card.metrics["held_out_fields"]["fields"] == 4


def test_packed_files_of_composed_fields_alone_are_refused(tmp_path, capsys) -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[8:32, 8:32], labels[16:24, 16:24] = 1, 2
    cell = SingleCell("Parabasal", np.full((40, 40, 3), 120, np.uint8), labels)
    path = pack_composed([composed([cell], 0)], "cellflux", tmp_path / "made.npz")
    assert main(["train", "nucleus_finder", "--packed", str(path), str(path)]) == 2
    said = capsys.readouterr().err
    assert "0 packed files of real fields and 2 of composed ones were given" in said


@pytest.mark.filterwarnings("ignore")
def test_a_fold_that_is_done_is_not_searched_again(tmp_path, monkeypatch) -> None:
    plan = _plan(tmp_path)
    first = find_fold(plan, 0)
    monkeypatch.setattr(finder, "_searched", None)
    again = find_fold(plan, 0)
    assert [each.labels for each in first] == [each.labels for each in again]


def test_a_fold_that_is_none_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="Fold 7 was asked for"):
        find_fold(_plan(tmp_path), 7)


def test_fewer_fields_than_folds_are_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="4 fields were given for 9 folds"):
        find_fold(_plan(tmp_path, folds=9), 0)


def test_options_of_other_recipes_are_refused(capsys) -> None:
    assert main(["train", "nucleus_finder", "--protocol", "random"]) == 2
    assert "its folds keep whole fields apart" in capsys.readouterr().err


def test_a_finder_that_was_not_measured_is_not_evaluated(tmp_path) -> None:
    tiny.save_tiny(tmp_path, tiny.recipe("nucleus_finder", name="found"))
    with pytest.raises(DataError, match="Train them: python -m cervix_models train found"):
        remeasure_finder("found", tmp_path)
