"""The kinds of jobs that a worker does, and where what does each is to be found."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from cervix_models.errors import JobError

if TYPE_CHECKING:
    from cervix_models.worker.doing import Doing

Lane = Literal["long", "short"]
LANES: tuple[Lane, ...] = ("short", "long")
Run = Callable[["Doing"], Mapping[str, Any]]  # what came of the job, as JSON can hold it


@dataclass(frozen=True)
class Kind:
    """One kind of job. A worker does one job of a lane at a time, so that a short one does not wait
    for a training."""

    name: str
    run: str  # `module:function`, imported by the job's own process alone
    lane: Lane

    def load(self) -> Run:
        """The function that does such a job."""
        module, _, name = self.run.partition(":")
        return cast("Run", getattr(importlib.import_module(module), name))


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """The kind, now known under its name."""
    _KINDS[kind.name] = kind
    return kind


def find(name: str) -> Kind:
    """The kind of this name. Raises JobError for one that is not known."""
    if name not in _KINDS:
        raise JobError(
            f"No kind of job is named {name!r}; there are {', '.join(sorted(_KINDS))}. Bring the "
            "worker to the version of the application."
        )
    return _KINDS[name]


def of_lane(lane: Lane) -> tuple[str, ...]:
    """The names of the kinds of a lane."""
    return tuple(sorted(each.name for each in _KINDS.values() if each.lane == lane))


register(Kind("train", "cervix_models.worker.training:train", "long"))
register(Kind("check", "cervix_models.worker.checking:check", "short"))
register(Kind("import", "cervix_models.worker.importing:import_set", "short"))
register(Kind("quality", "cervix_models.worker.importing:measure_set", "short"))
