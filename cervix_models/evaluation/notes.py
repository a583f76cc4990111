"""What a card says beside what was measured: earlier attempts, and what documents report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cervix_models.language import later

JUDGED = (  # what was judged in these documents, as their notes word it: marked for translation
    later("breast tissue (BreakHis); how many people, and pictures, is not stated"),
)


def notes_of(name: str) -> dict[str, Any]:
    """What was tried before this recipe was chosen, and what the document it comes from reports."""
    notes: dict[str, Any] = _all().get(name, {})
    return notes


def judged_by_people() -> dict[str, dict[str, Any]]:
    """What documents report of people who judged made pictures, by the name of the generator."""
    reported = {name: notes.get("reported", {}) for name, notes in _all().items()}
    return {name: each for name, each in reported.items() if "people_called_real" in each}


def _all() -> dict[str, Any]:
    path = Path(__file__).with_name("notes.json")
    notes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notes
