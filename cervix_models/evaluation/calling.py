"""How cells were called: over- and under-calling as signal detection, apart from accuracy.

The signal is an abnormal cell (dyskeratotic, koilocytotic); normal and benign ones are the rest. A
hit is to call an abnormal cell by either abnormal class, even by the wrong one of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cervix_models.data.labels import CLASS_NAMES, CLASSES
from cervix_models.evaluation import classification
from cervix_models.evaluation.detection import Said, detection, share

ABNORMAL = frozenset(each.name for each in CLASSES if each.group == "abnormal")

Figures = Mapping[str, float]  # value, low, high: the 95 % interval
Lean = Literal["over", "under", "neither"]
Called = tuple[str, str]  # the true class, and what was said


@dataclass(frozen=True)
class Calls:
    """How abnormal cells were told from normal and benign ones."""

    abnormal: int  # cells that are abnormal
    missed: int  # of these, called normal or benign: under-called
    benign: int  # cells that are normal or benign
    alarms: int  # of these, called abnormal: over-called
    under: Figures | None  # the part missed
    over: Figures | None  # the part of false alarms
    d_prime: Figures | None  # None without cells of both kinds
    criterion: Figures | None  # below 0: leans to abnormal

    @property
    def lean(self) -> Lean:
        """To what the answers lean, where the whole interval of the criterion says so."""
        if self.criterion is None or self.criterion["low"] <= 0 <= self.criterion["high"]:
            return "neither"
        return "over" if self.criterion["high"] < 0 else "under"


def calls(pairs: Iterable[Called]) -> Calls:
    """How abnormal cells were told from the others in pairs of the true class and what was said,
    by `evaluation.detection` with its log-linear correction."""
    told = [(true in ABNORMAL, said in ABNORMAL) for true, said in pairs]
    abnormal = sum(true for true, _ in told)
    hits = sum(true and said for true, said in told)
    benign = len(told) - abnormal
    alarms = sum(said and not true for true, said in told)
    both = detection(Said(abnormal, hits, benign, alarms)) if abnormal and benign else None
    return Calls(
        abnormal=abnormal,
        missed=abnormal - hits,
        benign=benign,
        alarms=alarms,
        under=share(abnormal - hits, abnormal) if abnormal else None,
        over=share(alarms, benign) if benign else None,
        d_prime=both["d_prime"] if both else None,
        criterion=both["criterion"] if both else None,
    )


def confusion(pairs: Iterable[Called]) -> NDArray[np.int64]:
    """Counts `(5, 5)` of cells: true classes in rows, what was said in columns, as CLASS_NAMES."""
    places = [(CLASS_NAMES.index(true), CLASS_NAMES.index(said)) for true, said in pairs]
    labels, answers = np.array(places, np.int64).reshape(-1, 2).T
    return classification.confusion(answers, labels)
