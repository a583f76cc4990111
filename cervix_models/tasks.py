"""What crosses between pages, store and worker: jobs, their numbers, and who works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["queued", "running", "paused", "done", "failed", "cancelled"]
Asked = Literal["cancel", "pause"]
STATES: tuple[State, ...] = ("queued", "running", "paused", "done", "failed", "cancelled")
ENDED: tuple[State, ...] = ("done", "failed", "cancelled")
ATTEMPTS = 3  # starts of a job whose process dies, by default
LEASE = 20.0  # seconds for which a job is a worker's, unless it renews that
MACHINE = "machine"  # the part of a job's numbers that are of the machine: step is seconds


@dataclass(frozen=True)
class Job:
    """Something that a worker is to do, how far it is, and what came of it."""

    id: str
    kind: str
    title: str
    args: Mapping[str, Any]
    state: State
    asked: Asked | None  # of whoever does it
    progress: float  # part done
    message: str
    attempt: int  # starts so far, without those that were given back
    attempts: int  # at most
    owner: str | None  # who holds the lease
    lease_until: datetime | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    problem: str | None
    result: Mapping[str, Any] | None


@dataclass(frozen=True)
class NewJob:
    """A job that is asked for."""

    kind: str
    title: str
    args: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = ATTEMPTS


@dataclass(frozen=True)
class Metric:
    """One number that a job tells while it runs."""

    name: str  # such as train_loss
    step: int
    value: float
    part: str = ""  # such as fold0


@dataclass(frozen=True)
class Line:
    """One line of what a job says."""

    number: int
    text: str
    created_at: datetime


@dataclass(frozen=True)
class WorkerSeen:
    """A worker process, when it was last heard of."""

    id: str
    host: str
    pid: int
    kinds: tuple[str, ...]  # of jobs that it does
    started_at: datetime
    seen_at: datetime


def duration(seconds: float) -> str:
    """A time in words, such as `about 3 min`."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"about {seconds / size:.0f} {unit}"
    return f"about {seconds:.0f} s"
