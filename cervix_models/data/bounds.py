"""Numbers that lie between bounds, as types of a dataclass's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, get_args


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest value that a setting may have."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high


Part = Annotated[float, Bounds(0, 1)]
Rate = Annotated[float, Bounds(0, 1)]
Weight = Annotated[float, Bounds(0, 1e6)]
Count = Annotated[int, Bounds(1, 10_000)]
CountOrNone = Annotated[int, Bounds(0, 10_000)]
Views = Annotated[int, Bounds(1, 8)]
Folds = Annotated[int, Bounds(2, 50)]
Pixels = Annotated[int, Bounds(16, 2048)]
Seed = Annotated[int, Bounds(0, 2**31 - 1)]
Degrees = Annotated[float, Bounds(0, 180)]


def bounds_of(hint: Any) -> Bounds | None:
    """The bounds of a type; None where it has none. Of a type or None, those of the type."""
    found = getattr(hint, "__metadata__", ())
    inner = found or [bounds_of(each) for each in get_args(hint)]
    return next((each for each in inner if isinstance(each, Bounds)), None)
