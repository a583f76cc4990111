"""Whether this installation could do its work now, and what waits to be done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from typing import get_args

from cervix_models.cards import here_of
from cervix_models.errors import CervixError
from cervix_models.services.defaults import defaults_of
from cervix_models.settings import Settings
from cervix_models.storage.store import Store
from cervix_models.tasks import State

ROOM = 200_000_000  # bytes that must be free for pictures


def faults(settings: Settings, opened: Callable[[], Store]) -> list[str]:
    """What keeps this installation from reading a cell, as sentences; empty where nothing does.
    `opened` gives the store that readings are kept in."""
    found = []
    try:
        defaults = defaults_of(opened().promotions.newest())
    except CervixError as problem:
        return [str(problem)]
    if not os.access(settings.home, os.W_OK):
        found.append(f"The folder {settings.home} cannot be written. Give the right to.")
    elif (free := shutil.disk_usage(settings.home).free) < ROOM:
        found.append(f"{free / 1e6:.0f} MB are free in {settings.home}; {ROOM / 1e6:.0f} are "
                     "needed. Free some.")  # fmt: skip
    names = {card.name for card in here_of(("classifier", "segmenter"), *settings.shelves)}
    found += [
        f"There are no weights of {name} in {settings.weights} or {settings.models}. Bring them, "
        "or train it."
        for name in (defaults.classifier, defaults.segmenter)
        if name not in names
    ]
    return found


def queued(store: Store) -> Mapping[str, int]:
    """How many jobs are in each state. Raises StorageError."""
    return {state: store.jobs.count(states=[state]) for state in get_args(State)}
