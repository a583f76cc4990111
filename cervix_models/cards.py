"""Cards as files: what is known of each model's weights, readable without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

from cervix_models.contracts import Card, ModelRole, ModelUse
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import WeightsError

CARD = "card.json"
WEIGHTS = "model.safetensors"
FILM = "film.webp"  # of how a segmenter or a generator learned
# Of each kind, in order; of a classifier, where its recipe names no others.
OUTPUTS = {
    "classifier": CLASS_NAMES,
    "segmenter": ("cell", "nucleus"),
    "finder": ("nucleus",),
    "encoder": (),
    "generator": CLASS_NAMES,
    "translator": CLASS_NAMES,
    "adapter": (),
}


def load_card(name: str, weights: Path) -> Card:
    """The card of `weights/<name>/`. Raises WeightsError where there is none or a broken one."""
    path = weights / name / CARD
    if not path.is_file():
        known = ", ".join(card.name for card in load_cards(weights)) or "none"
        raise WeightsError(
            f"No weights of {name!r} are in {weights} (there: {known}). Give one of these, or "
            f"train it with: python -m cervix_models train {name}"
        )
    return _read(path)


def card_of_weights(name: str, weights: Path) -> Card:
    """The card of `weights/<name>/`, whose weights lie beside it.

    Raises WeightsError where they do not, or are not those that the card tells of.
    """
    folder, card = weights / name, load_card(name, weights)
    path = folder / WEIGHTS
    if not path.is_file():
        raise WeightsError(
            f"{name} has a card but no {WEIGHTS} in {folder}. Get the file again, or train it "
            f"with: python -m cervix_models train {name}"
        )
    found = file_hash(path)
    if found != card.weights_sha256:
        raise WeightsError(
            f"The weights of {name} have the hash {found[:12]}; its card tells of "
            f"{card.weights_sha256[:12]}. They are not those that were measured: get both again."
        )
    wanted = tuple(card.recipe.get("classes", OUTPUTS[card.kind]))
    if card.classes != wanted:
        raise WeightsError(
            f"The weights of {name} know the classes {', '.join(card.classes)}; expected "
            f"{', '.join(wanted)} in this order. Train the model on these classes."
        )
    return card


def load_cards(*shelves: Path) -> list[Card]:
    """All cards in these folders, such as `weights/`, each folder by name. Raises WeightsError."""
    return [_read(path) for each in shelves for path in sorted(each.glob(f"[!.]*/{CARD}"))]


def members_of(name: str, weights: Path) -> tuple[Card, dict[str, float]]:
    """The card of `weights/<name>/`, and each member's share where it is an ensemble; else none.

    Raises WeightsError where the members are not those that were measured together.
    """
    card = load_card(name, weights)
    shares: dict[str, float] = dict(card.input.get("members", {}))
    if shares:
        found = joint_hash(load_card(each, weights).weights_sha256 for each in shares)
        if found != card.weights_sha256:
            raise WeightsError(
                f"The members of {name} ({', '.join(shares)}) have other weights than were "
                f"measured together: {found[:12]} instead of {card.weights_sha256[:12]}. "
                f"Measure them again: python -m cervix_models train {name}"
            )
    return card, shares


def readable(*shelves: Path) -> list[Card]:
    """The cards of classifiers of the five cell classes whose weights, or all of whose members'
    weights, are at hand; the most accurate first."""
    found = [card for card in load_cards(*shelves) if card.classes == CLASS_NAMES]
    here = [card for card in found if card.calibration and at_hand(card, *shelves)]
    return sorted(here, key=lambda card: (-accuracy_of(card), card.name))


def at_hand(card: Card, *shelves: Path) -> bool:
    """Whether the weights of a card, or all of its members' weights, lie in `shelves`."""
    names = card.input.get("members", None) or (card.name,)
    return all(any((each / name / WEIGHTS).is_file() for each in shelves) for name in names)


def here_of(kinds: Iterable[str], *shelves: Path) -> list[Card]:
    """The cards of these kinds whose weights are at hand, by name."""
    found = [card for card in load_cards(*shelves) if card.kind in kinds]
    return [card for card in found if at_hand(card, *shelves)]


def accuracy_of(card: Card) -> float:
    """The part of cells told rightly with clusters kept apart; 0 where it was not measured."""
    figures = card.metrics.get("cluster_split", {})
    return float(figures.get("accuracy", {}).get("value", 0.0))


def use_of(role: ModelRole, card: Card) -> ModelUse:
    """The weights of a card in the part they play in a reading."""
    return ModelUse(role, card.name, card.version, card.weights_sha256, card.summary)


def joint_hash(sha256: Iterable[str]) -> str:
    """The sha256 of several, one a line in their order: the name of an ensemble's weights."""
    return hashlib.sha256("\n".join(sha256).encode()).hexdigest()


def write_card(card: Card, folder: Path) -> None:
    """Writes a card as a file, asking nothing of the weights beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


def file_hash(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(path: Path) -> Card:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise WeightsError(f"{path} is not JSON ({problem}). Get the file again.") from problem
    names = {each.name for each in fields(Card)}
    found = set(table) if isinstance(table, dict) else set()
    if found != names:
        odd = ", ".join(sorted(found ^ names))
        raise WeightsError(f"{path} is not a card of this version: {odd}. Train the model again.")
    return Card(**{**table, "classes": tuple(table["classes"]), "limits": tuple(table["limits"])})
