"""What stays in memory for good is left out of garbage collection."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def settling() -> Iterator[None]:
    """Models and their libraries are loaded within it; they stay, and are never looked at again.

    They are half a million objects. Streamlit collects garbage after every run of a page, which
    holds all threads while it looks at each of them: half a second a run, and while a page watches
    the loading, more than the loading itself. Within, collections find nothing to look at; after
    it, they find only what came since.
    """
    gc.callbacks.append(_hide)
    try:
        yield
    finally:
        gc.callbacks.remove(_hide)
        gc.unfreeze()
        gc.collect()
        gc.freeze()


def _hide(phase: str, _info: dict[str, int]) -> None:
    """Takes all objects out of the collection that is about to start."""
    if phase == "start":
        gc.freeze()
