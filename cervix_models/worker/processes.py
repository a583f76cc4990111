"""Processes that end with the one that started them, and groups of them that are signalled."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
TAIL = 12  # lines of what a process said, where it died
READ = 20_000  # bytes of its end that are looked at


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Has the system send this process a signal once its parent is gone; where it can, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def signal_group(leader: int, number: int) -> None:
    """Sends a signal to all processes of a group; to nobody where all are gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def tail_of(path: Path) -> str:
    """The last lines of a file, without what progress bars wrote over; empty where it is not."""
    if not path.is_file():
        return ""
    with path.open("rb") as opened:
        opened.seek(max(0, path.stat().st_size - READ))
        text = opened.read().decode("utf-8", "replace")
    lines = [line.rpartition("\r")[2].rstrip() for line in text.split("\n")]
    return "\n".join([line for line in lines if line][-TAIL:])


def ending_words(code: int) -> str:
    """How a process ended, in words, by its exit status."""
    if code >= 0:
        return f"Its process ended with status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    hint = ", as where memory runs out" if -code == signal.SIGKILL else ""
    return f"Its process was ended by {name}{hint}"
