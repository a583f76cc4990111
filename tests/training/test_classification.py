"""What a classifier's training does with a batch."""

from __future__ import annotations

import pytest
import torch

from cervix_models.recipes import Loss
from cervix_models.registry import create
from cervix_models.training.classification import ClassifierTraining
from tests import tiny


def test_mixed_images_and_targets_are_mixed_alike() -> None:
    torch.manual_seed(0)
    module = ClassifierTraining(create("cnn"), tiny.recipe("cnn", loss=Loss(mixup=0.4)), 1)
    images, targets = torch.rand(5, 3, 8, 8), torch.eye(5)
    for _ in range(5):
        mixed, shared = module._mixed(images, targets)
        torch.testing.assert_close(shared.sum(1), torch.ones(5))
        # The targets are one class a row, so each row of `shared` says which rows were mixed.
        torch.testing.assert_close(mixed, torch.einsum("nk,kchw->nchw", shared, images))


def test_what_is_watched_is_loss_and_accuracy(monkeypatch) -> None:
    class Says(torch.nn.Module):
        def forward(self, images):
            return torch.eye(5)[[0, 1, 2, 2]] * 9

    module, said = ClassifierTraining(Says(), tiny.recipe("cnn"), 1), {}
    monkeypatch.setattr(module, "log", lambda name, value, **_: said.update({name: float(value)}))
    images = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    module.validation_step({"image": images, "label": torch.tensor([0, 1, 2, 3])}, 0)
    assert said["val_accuracy"] == pytest.approx(0.75)
    assert said["val_loss"] == pytest.approx(9 / 4, abs=0.01)
