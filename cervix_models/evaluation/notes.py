"""What a card says beside what was measured: earlier attempts, and what documents report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def notes_of(name: str) -> dict[str, Any]:
    """What was tried before this recipe was chosen, and what the document it comes from reports."""
    path = Path(__file__).with_name("notes.json")
    notes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")).get(name, {})
    return notes
