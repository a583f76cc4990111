"""Networks as ONNX files, checked with torch."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cervix_models.checkpoints import load_network
from cervix_models.classifiers.base import CellClassifier
from cervix_models.contracts import Card
from cervix_models.errors import WeightsError
from cervix_models.generators.cyclegan import CycleGan
from cervix_models.inference import Batch, open_session

log = logging.getLogger(__name__)

TOLERANCE = 1e-3  # largest difference of any output between torch and ONNX Runtime, on noise


class _WithEmbedding(nn.Module):
    """A classifier that says its embedding beside its logits."""

    def __init__(self, network: CellClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.network.embed(images)
        return self.network.head(embedding), embedding


class _Embedding(nn.Module):
    """An encoder that says its embedding alone."""

    def __init__(self, network: CellClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network.embed(images)


class _BothWays(nn.Module):
    """A translator that turns the same cells into both domains."""

    def __init__(self, network: CycleGan) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.there(images, classes), self.network.back(images, classes)


_AS: dict[str, Callable[..., nn.Module]] = {
    "classifier": _WithEmbedding,
    "encoder": _Embedding,
    "translator": _BothWays,
}


def export(name: str, weights: Path, path: Path, threads: int) -> None:
    """Writes the network of `weights/<name>/` to `path`.

    Raises WeightsError where weights and network do not belong together, or ONNX Runtime and torch
    disagree.
    """
    network, card = load_network(name, weights)
    log.info("Exporting %s for ONNX Runtime, once", card.name)
    for talkative in ("onnxscript", "onnx_ir"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    wrapped = _AS[card.kind](network).eval() if card.kind in _AS else network
    random, count = np.random.default_rng(0), torch.export.Dim("n")
    noise = [random.normal(size=(2, *each)).astype(np.float32) for each in _shapes(card)]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, torch.inference_mode():
        part = Path(folder, "part.onnx")
        example = tuple(torch.from_numpy(each) for each in noise)
        torch.onnx.export(
            wrapped,
            example,
            part,
            dynamo=True,
            external_data=False,
            verbose=False,
            dynamic_shapes=tuple({0: count} for _ in example),
        )
        _check_agree(wrapped(*example), open_session(part, threads)(*noise), card.name)
        part.replace(path)


def _shapes(card: Card) -> list[tuple[int, ...]]:
    """The shapes of what the network is given of one cell, one an input."""
    if card.kind == "generator":
        return [(int(card.input["latent"]),), (len(card.classes),)]
    if card.kind == "translator":
        return [(3, card.input["size"], card.input["size"]), (len(card.classes),)]
    reads = card.input.get("reads", "image")
    if reads == "features":
        return [(len(card.input["features"]),)]
    side = int(card.input["size"])
    return [(5 if reads == "masked" else 3, side, side)]


def _check_agree(
    torch_says: Tensor | tuple[Tensor, ...], onnx_says: list[Batch], name: str
) -> None:
    wanted = torch_says if isinstance(torch_says, tuple) else (torch_says,)
    pairs = zip(wanted, onnx_says, strict=True)
    apart = max(float(np.abs(a.numpy() - b).max()) for a, b in pairs)
    if not apart <= TOLERANCE:
        raise WeightsError(
            f"ONNX Runtime and torch differ by {apart:.2g} on {name}; at most {TOLERANCE:g} was "
            "expected. Report it with the versions of torch and onnxruntime."
        )
