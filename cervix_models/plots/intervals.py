"""What figures with intervals share, on even and on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

Figures = Mapping[str, float]  # value, and where there is an interval low and high


def whiskers(values: Sequence[Figures], least: float = -math.inf) -> dict[str, object]:
    """The ends of intervals as whiskers that end at `least`."""
    clipped = [{key: max(least, each[key]) for key in ("value", "low", "high")} for each in values]
    return {
        "type": "data",
        "symmetric": False,
        "array": [each["high"] - each["value"] for each in clipped],
        "arrayminus": [each["value"] - each["low"] for each in clipped],
        "thickness": 1.5,
        "width": 4,
    }


def axis_start(figures: Iterable[Figures]) -> float:
    """Where a logarithmic axis begins: the power of ten under the least positive value, a
    thousandth at the most; what is lower stands at its end."""
    values = [each["value"] for each in figures if each["value"] > 0]
    under = 10.0 ** math.floor(math.log10(min(values, default=1.0)))
    return float(min(1e-3, max(1e-4, under)))


def largest(figures: Iterable[Figures]) -> float:
    """The largest value, or end of an interval."""
    return max(each.get("high", each["value"]) for each in figures)


def interval_words(each: Figures) -> str:
    """A figure with its interval, to three decimals."""
    ends = f" ({each['low']:.3f} to {each['high']:.3f})" if "low" in each else ""
    return f"{each['value']:.3f}{ends}"
