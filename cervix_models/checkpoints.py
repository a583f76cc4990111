"""`weights/<name>/`: the weights of one model and its card, written together, refused apart."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from cervix_models.cards import (
    WEIGHTS,
    card_of_weights,
    file_hash,
    joint_hash,
    load_card,
    write_card,
)
from cervix_models.contracts import Card
from cervix_models.errors import WeightsError
from cervix_models.registry import create

# A tensor of small whole numbers times a power of two, as a network of eight bits has them, is kept
# as what is not zero of it, with a bit a place that says where, and nothing is lost.
EXPONENT, FILLED, SHAPE = "#exponent", "#filled", "#shape"
# Where a recipe asks for fewer bits, each row of a large tensor is brought to whole numbers by its
# own scale, and all are deflated.
SCALE = "#scale"
_WORTH = 4096  # numbers, of which either is tried
_EXPONENTS = range(-4, 20)


def save_weights(network: nn.Module, folder: Path, bits: int | None = None) -> str:
    """The sha256 of the weights written to `folder`: in half precision, or the large tensors in so
    many `bits`, 2 to 8, by which something is lost; without what the network learned by alone."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WEIGHTS
    part = path.with_suffix(".part")
    stored: dict[str, Tensor] = {}
    for key, value in network.state_dict().items():
        if not key.startswith(_learned_by(network)):
            stored |= _stored(key, _half(value), bits)
    save_file(stored, part)
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
    write_card(card, folder)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that save_weights wrote, in single precision. Raises WeightsError for
    any other file."""
    try:
        stored = load_file(path)
    except SafetensorError as problem:
        raise WeightsError(
            f"{path.parent.name}/{path.name} is no file of safetensors ({problem}); weights in "
            "that format were expected. Bring the file again from where you trust it."
        ) from problem
    plain = {key: value for key, value in stored.items() if "#" not in key}
    return {key: _single(_whole(key, value, stored)) for key, value in plain.items()}


def load_network(name: str, weights: Path) -> tuple[nn.Module, Card]:
    """The network of `weights/<name>/`, in evaluation mode and single precision, with its card. The
    head of an encoder, and what any other learned by alone, were never trained.

    Raises WeightsError where weights, card, classes and network do not belong together.
    """
    card = card_of_weights(name, weights)
    if card.kind == "encoder":
        network = create(str(card.recipe["model"]))
        _fill(network.get_submodule("trunk"), weights / name / WEIGHTS, name)
        return network.eval(), card
    network = create(str(card.recipe["model"]), len(card.classes))
    return _fill(network, weights / name / WEIGHTS, name), card


def _fill(network: nn.Module, path: Path, name: str) -> nn.Module:
    own = network.state_dict()
    kept = {key: own[key] for key in own if key.startswith(_learned_by(network))}
    state = {**kept, **read_weights(path)}
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as problem:
        first = str(problem).splitlines()[1].strip() if "\n" in str(problem) else str(problem)
        raise WeightsError(
            f"The weights of {name} do not fit its network: {first} Train it again."
        ) from problem
    return network.eval()


def _learned_by(network: nn.Module) -> tuple[str, ...]:
    """The beginnings of names of what a network needs to learn, and not once it is trained."""
    return tuple(f"{each}." for each in getattr(network, "learned_by", ()))


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


def _stored(key: str, value: Tensor, bits: int | None) -> dict[str, Tensor]:
    exponent = _exponent(value)
    if exponent is None:
        return _coarse(key, value, bits) if bits else {key: value}
    whole = torch.ldexp(value.float(), torch.tensor(exponent)).to(torch.int8).flatten()
    filled = np.packbits((whole != 0).numpy())
    return {
        key: whole[whole != 0].contiguous(),
        key + EXPONENT: torch.tensor(exponent),
        key + FILLED: torch.from_numpy(filled),
        key + SHAPE: torch.tensor(value.shape),
    }


def _coarse(key: str, value: Tensor, bits: int) -> dict[str, Tensor]:
    """A large tensor of several axes in few bits, any other as it is."""
    if not value.is_floating_point() or value.ndim < 2 or value.numel() < _WORTH:
        return {key: value}
    rows = value.float().flatten(1)
    most = 2 ** (bits - 1) - 1
    scale = (rows.abs().amax(1) / most).half().float().clamp(min=6e-8)
    whole = (rows / scale[:, None]).round().clamp(-most, most).to(torch.int8).numpy()
    return {
        key: torch.frombuffer(bytearray(_deflated(whole.tobytes())), dtype=torch.uint8),
        key + SCALE: scale.half(),
        key + SHAPE: torch.tensor(value.shape),
    }


def _deflated(whole: bytes) -> bytes:
    """Numbers that follow each other by chance, as zlib packs them most tightly."""
    by_counts = zlib.compressobj(9, zlib.DEFLATED, strategy=zlib.Z_HUFFMAN_ONLY)
    return by_counts.compress(whole) + by_counts.flush()


def _exponent(value: Tensor) -> int | None:
    """The least power of two that makes a tensor one of whole numbers of eight bits, if any."""
    if not value.is_floating_point() or value.numel() < _WORTH:
        return None
    for exponent in _EXPONENTS:
        scaled = torch.ldexp(value.double(), torch.tensor(exponent))
        if bool((scaled == scaled.round()).all()):
            return exponent if scaled.min() >= -128 and scaled.max() <= 127 else None
    return None


def _whole(key: str, value: Tensor, stored: dict[str, Tensor]) -> Tensor:
    """A tensor as it was before `_stored`."""
    if key + SHAPE not in stored:
        return value
    shape = stored[key + SHAPE].tolist()
    if key + SCALE in stored:
        codes = np.frombuffer(zlib.decompress(value.numpy().tobytes()), np.int8)
        rows = torch.from_numpy(codes.astype(np.float32)).view(shape[0], -1)
        return (rows * stored[key + SCALE].float()[:, None]).view(shape)
    places = np.unpackbits(stored[key + FILLED].numpy(), count=int(np.prod(shape))).astype(bool)
    out = torch.zeros(len(places))
    out[torch.from_numpy(places)] = torch.ldexp(value.float(), -stored[key + EXPONENT])
    return out.view(shape)
