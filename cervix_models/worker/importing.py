"""The jobs `import` and `quality`: an image set taken in, and what it is like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cervix_models.services.set_imports import ImportWish
from cervix_models.services.set_imports import import_set as imported
from cervix_models.services.set_quality import report_on
from cervix_models.worker.doing import Doing


def import_set(doing: Doing) -> Mapping[str, Any]:
    """What was found in the set. Raises DataError where it cannot be imported."""

    def tell(done: float, words: str) -> None:
        doing.check()
        doing.tell(done, words)

    return imported(doing.settings, ImportWish.of(doing.job.args), tell)


def measure_set(doing: Doing) -> Mapping[str, Any]:
    """What a set that is imported is like, in numbers. Raises DataError."""
    name = str(doing.job.args["name"])

    def tell(done: int, total: int) -> None:
        doing.check()
        doing.tell(done / total, "Measuring")

    found = report_on(doing.settings.home, name, tell)
    return {
        "name": name,
        "copies": found.copies_count,
        "near": found.near_count,
        "known": found.known_count,
    }
