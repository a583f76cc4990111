"""How well people tell made cells from real ones: signal detection, shares and mean ratings.

The signal is a made cell, and a hit is to say so. Every figure is `{value, low, high}`, the 95 %
interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import binomtest, norm, t

from cervix_models.errors import MeasurementError

Z = float(norm.ppf(0.975))
QUALITY = (1, 5)  # the ends of the scale of ratings


@dataclass(frozen=True)
class Said:
    """What was said of made and of real cells, in counts."""

    made: int = 0
    hits: int = 0  # made cells that were called made
    real: int = 0
    false_alarms: int = 0  # real cells that were called made

    def __add__(self, other: Said) -> Said:
        """The counts of both."""
        return Said(
            self.made + other.made,
            self.hits + other.hits,
            self.real + other.real,
            self.false_alarms + other.false_alarms,
        )


def detection(said: Said) -> dict[str, dict[str, float]]:
    """`d_prime`, `criterion` and `accuracy` of what was said.

    Half an answer is added to each count of "made" and one to each count of cells (the log-linear
    correction, Hautus 1995, Behav Res Methods 27:46), so that nobody is infinitely good. The
    variance is Gourevitch and Galanter's (1967, Psychometrika 32:25); that of the criterion is a
    quarter of it. A criterion above zero leans to saying "real". Raises MeasurementError where
    there were no made or no real cells, or more were called made than there were.
    """
    _check(said)
    hit, alarm = (said.hits + 0.5) / (said.made + 1), (said.false_alarms + 0.5) / (said.real + 1)
    high, low = float(norm.ppf(hit)), float(norm.ppf(alarm))
    variance = _variance(hit, high, said.made) + _variance(alarm, low, said.real)
    right = said.hits + said.real - said.false_alarms
    return {
        "d_prime": _around(high - low, Z * math.sqrt(variance)),
        "criterion": _around(-(high + low) / 2, Z * math.sqrt(variance) / 2),
        "accuracy": share(right, said.made + said.real),
    }


def share(count: int, total: int) -> dict[str, float]:
    """The part `count` is of `total`, with Wilson's interval (1927, J Am Stat Assoc 22:209).

    Raises MeasurementError where there is nothing to be a part of, or it is more than all.
    """
    if not 0 <= count <= total or total < 1:
        raise MeasurementError(
            f"{count} of {total} were given; a part of at least one was expected. Count again."
        )
    between = binomtest(count, total).proportion_ci(method="wilson")
    return {"value": count / total, "low": float(between.low), "high": float(between.high)}


def mean_rating(count: int, total: float, squares: float) -> dict[str, float]:
    """The mean of `count` ratings, of which the sum and the sum of squares are known, with
    Student's interval, cut at the ends of the scale; of a single one that is the whole scale.

    Raises MeasurementError where there is none.
    """
    if count < 1:
        raise MeasurementError(
            f"The mean of {count} ratings was asked for; at least one was expected. Rate first."
        )
    value, (least, most) = total / count, QUALITY
    if count == 1:
        return {"value": value, "low": float(least), "high": float(most)}
    variance = max(0.0, squares - total * value) / (count - 1)
    half = float(t.ppf(0.975, count - 1)) * math.sqrt(variance / count)
    return {"value": value, "low": max(value - half, least), "high": min(value + half, most)}


def _check(said: Said) -> None:
    within = 0 <= said.hits <= said.made and 0 <= said.false_alarms <= said.real
    if not (within and said.made and said.real):
        raise MeasurementError(
            f"{said.hits} of {said.made} made cells and {said.false_alarms} of {said.real} real "
            "ones were called made; parts of at least one made and one real cell were expected. "
            "Judge both kinds."
        )


def _variance(rate: float, score: float, cells: int) -> float:
    """Of the normal score of a rate."""
    return rate * (1 - rate) / (cells * float(norm.pdf(score)) ** 2)


def _around(value: float, half: float) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}
