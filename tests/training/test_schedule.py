"""Optimisers and schedules as a recipe asks for them."""

from __future__ import annotations

import pytest
import torch

from cervix_models.recipes import Optimiser
from cervix_models.registry import create
from cervix_models.training.schedule import configure


def test_biases_and_norms_are_not_decayed() -> None:
    network = create("mobilenetv2")
    groups = configure(network, Optimiser(weight_decay=0.1), 10)["optimizer"].param_groups
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0]
    assert all(each.ndim > 1 for each in groups[0]["params"])
    assert all(each.ndim <= 1 for each in groups[1]["params"])
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


@pytest.mark.parametrize(
    ("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_the_recipe_names_the_optimiser(name, kind) -> None:
    found = configure(create("cnn"), Optimiser(name=name, schedule="constant"), 10)
    assert type(found["optimizer"]) is kind
    assert set(found) == {"optimizer"}


def test_one_cycle_rises_to_its_rate_and_falls() -> None:
    settings = Optimiser(learning_rate=0.01, warm_up=0.25)
    found = configure(create("cnn"), settings, 40)
    optimiser, cycle = found["optimizer"], found["lr_scheduler"]["scheduler"]
    assert found["lr_scheduler"]["interval"] == "step"
    rates = []
    for _ in range(40):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if len(rates) < 40:
            cycle.step()
    assert max(rates) == pytest.approx(0.01)
    assert rates.index(max(rates)) in (9, 10)
    assert rates[0] < 0.001
    assert rates[-1] < rates[0]


def test_a_plateau_looks_at_the_watched_cells() -> None:
    found = configure(create("cnn"), Optimiser(schedule="plateau"), 40)
    assert found["lr_scheduler"]["monitor"] == "val_loss"


def test_a_plateau_has_the_factor_and_patience_that_are_set() -> None:
    settings = Optimiser(schedule="plateau", plateau_factor=0.4, plateau_patience=2)
    found = configure(create("cnn"), settings, 40)
    plateau, rate = found["lr_scheduler"]["scheduler"], settings.learning_rate
    for _ in range(4):  # the first is the best; two more are waited for
        assert found["optimizer"].param_groups[0]["lr"] == rate
        plateau.step(1.0)
    assert found["optimizer"].param_groups[0]["lr"] == pytest.approx(0.4 * rate)


def test_a_polynomial_fades_over_the_epochs() -> None:
    found = configure(create("cnn"), Optimiser(schedule="polynomial", epochs=10), 40)
    rates = []
    for _ in range(10):
        rates.append(found["optimizer"].param_groups[0]["lr"])
        found["optimizer"].step()
        found["lr_scheduler"].step()
    assert rates == pytest.approx([1e-3 * (1 - n / 10) ** 0.9 for n in range(10)])
    assert found["optimizer"].param_groups[0]["lr"] == 0
