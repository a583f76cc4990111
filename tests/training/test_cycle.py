"""What turns cells heeds the wanted class, and its critics are told no more than they may be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cervix_models.__main__ import main
from cervix_models.registry import create
from cervix_models.training.cycle import CycleTraining
from tests import tiny


@pytest.fixture(scope="module")
def training() -> CycleTraining:
    torch.manual_seed(0)
    return CycleTraining(create("cyclegan"), tiny.recipe("cyclegan"), 10)


def _batch(labels: list[int]) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (len(labels), 3, 64, 64), generator=draw).byte()
    return {"image": images, "label": torch.tensor(labels), "row": torch.arange(len(labels))}


@pytest.mark.parametrize("name", ["cyclegan", "cyclegan_vgg16", "cyclegan_resnet50"])
def test_the_wanted_class_steers_the_change_of_a_cell(name) -> None:
    torch.manual_seed(0)
    network = create(name).eval()
    cell = torch.rand(1, 3, 64, 64).expand(2, -1, -1, -1)
    with torch.inference_mode():
        before = network(cell, torch.eye(5)[[3, 4]])
        torch.testing.assert_close(before, cell, atol=0.05, rtol=0)  # it begins with no change
        network.there.last.weight.mul_(100)
        one, other = network(cell, torch.eye(5)[[3, 4]])
    assert (one - cell[0]).abs().mean() > 0.01
    assert (one - other).abs().mean() > 0.02 * (one - cell[0]).abs().mean()


def test_a_critic_is_not_told_the_class_of_an_unlabelled_cell(training) -> None:
    training.settings = replace(training.settings, labelled=0.0)
    labels = [3, 4, 3, 4]
    real = training._domain(_batch(labels), training.targets)
    assert len(real["label"]) == 4
    assert not real["known"].any()
    assert not training._told(real).any()
    source = training._domain(_batch([0, 1, 0, 1]), training.sources)
    made = training._turned_into(training.network.there, source, training.of_target, real)
    losses = []
    for given in (real, {**real, "label": 7 - real["label"]}):
        training.draw.manual_seed(2)
        losses.append(training._judged(training.of_target, given, made).item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    known = {**real, "known": torch.ones(4, dtype=torch.bool)}
    training.draw.manual_seed(2)
    assert training._judged(training.of_target, known, made).item() > losses[0] + 0.1


def test_cells_of_one_domain_alone_change_nothing(training, monkeypatch) -> None:
    stepped = []
    monkeypatch.setattr(training, "_stepped", lambda *given: stepped.append(given))
    monkeypatch.setattr(training, "optimizers", lambda: (None, None))
    training.training_step(_batch([0, 1, 0]), 0)
    assert not stepped


@pytest.mark.parametrize("given", [["cnn"], ["cyclegan"], ["cnn", "--name", "new"]])
def test_sides_of_what_turns_nothing_are_refused(given, capsys) -> None:
    assert main(["train", *given, "--source", "Parabasal"]) == 2
    error = capsys.readouterr().err
    assert "--source and --target were given for" in error
    assert "Leave them out, or choose such a recipe: train cyclegan --name NAME." in error
