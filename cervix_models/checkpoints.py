"""`weights/<name>/`: the weights of one model and its card, written together, refused apart."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from cervix_models.cards import (
    CARD,
    WEIGHTS,
    card_of_weights,
    file_hash,
    joint_hash,
    load_card,
)
from cervix_models.contracts import Card
from cervix_models.errors import WeightsError
from cervix_models.registry import create


def save_weights(network: nn.Module, folder: Path) -> str:
    """The sha256 of the half-precision weights written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WEIGHTS
    part = path.with_suffix(".part")
    save_file({key: _half(value) for key, value in network.state_dict().items()}, part)
    part.replace(path)
    return file_hash(path)


def save_card(card: Card, folder: Path) -> None:
    """Writes the card beside its weights. Raises WeightsError where it tells of others."""
    found = weights_hash(folder, tuple(card.input.get("members", ())))
    if found and card.weights_sha256 != found:  # a card may tell of weights that are not at hand
        raise WeightsError(
            f"The card of {card.name} tells of weights {card.weights_sha256[:12]}, but "
            f"{folder} has {found[:12]}. Write the card again from these weights."
        )
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


def load_network(name: str, weights: Path) -> tuple[nn.Module, Card]:
    """The network of `weights/<name>/`, in evaluation mode and single precision, with its card.

    Raises WeightsError where weights, card, classes and network do not belong together.
    """
    card = card_of_weights(name, weights)
    network = create(str(card.recipe["model"]), len(card.classes))
    return _fill(network, weights / name / WEIGHTS, name), card


def _fill(network: nn.Module, path: Path, name: str) -> nn.Module:
    state = {key: _single(value) for key, value in load_file(path).items()}
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as problem:
        first = str(problem).splitlines()[1].strip() if "\n" in str(problem) else str(problem)
        raise WeightsError(
            f"The weights of {name} do not fit its network: {first} Train it again."
        ) from problem
    return network.eval()


def weights_hash(folder: Path, members: tuple[str, ...] = ()) -> str:
    """The hash of the weights in `folder`, or of those of the members beside it; "" where there
    are none."""
    if members:
        return joint_hash(_stated(folder.parent / each) for each in members)
    return file_hash(folder / WEIGHTS) if (folder / WEIGHTS).is_file() else ""


def _stated(folder: Path) -> str:
    """The hash of the weights in `folder`, or where they are not at hand, the one of their card."""
    return weights_hash(folder) or load_card(folder.name, folder.parent).weights_sha256


def _half(value: Tensor) -> Tensor:
    """Half precision, but for numbers that are too large for it."""
    if not value.is_floating_point() or not value.half().isfinite().all():
        return value.contiguous()
    return value.half().contiguous()


def _single(value: Tensor) -> Tensor:
    return value.to(torch.float32) if value.is_floating_point() else value
