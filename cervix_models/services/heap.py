"""What stays in memory for good is left out of garbage collection; threads share their heaps."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

M_ARENA_MAX = -8  # of mallopt(3), malloc.h of glibc
ARENAS = 2


def few_arenas() -> bool:
    """Whether the threads of this process now share ARENAS heaps; False where there is no glibc.

    By itself glibc gives threads up to eight heaps a processor, and each keeps what its threads
    freed. Streamlit has a thread for every run of a page: while thirty people read cells, memory
    grows by a quarter within a minute (`python -m ui.load`); with two heaps it stays as it is, and
    no reading takes longer. Call it before threads are started.
    """
    try:
        return bool(ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, ARENAS))
    except (OSError, AttributeError):
        return False


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
