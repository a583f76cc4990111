"""A server that was asked to stop does so, also where a browser keeps its connection open."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

GRACE = 10.0  # seconds that answers under way are given


@asynccontextmanager
async def stopping_in_time(_app: Any) -> AsyncIterator[None]:
    """While the server runs: of a signal to stop it hears again after GRACE seconds.

    Uvicorn waits without end for connections to close; an interrupt that follows a first signal
    makes it leave at once. Outside the main thread, where no signals arrive, nothing is done.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            _insist(number)
    yield


def _insist(number: signal.Signals) -> None:
    """Follows the signal up, after whoever handles it now was told."""
    before = signal.getsignal(number)

    def handle(given: int, frame: FrameType | None) -> None:
        if callable(before):
            before(given, frame)
        again = threading.Timer(GRACE, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True  # a server that stops sooner is not held up
        again.start()

    if callable(before):
        signal.signal(number, handle)
