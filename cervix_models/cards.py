"""Cards as files: what is known of each model's weights, readable without torch."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from cervix_models.contracts import Card
from cervix_models.errors import WeightsError

CARD = "card.json"


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


def load_cards(weights: Path) -> list[Card]:
    """All cards under `weights/`, by name."""
    return [_read(path) for path in sorted(weights.glob(f"*/{CARD}"))]


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
