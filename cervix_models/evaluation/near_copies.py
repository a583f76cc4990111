"""How much figures owe to cells that were photographed twice: SIPaKMeD has fields that overlap, so
that a cell of one cluster is seen again in another, on the other side of the split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Pair = tuple[str, str]  # hashes of two cells of different clusters


def near_copies(pairs: Sequence[Pair], held_out: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The pairs, and of each classifier what it got right of all held-out cells and of those
    without a near copy in another fold. `held_out` is by name, as `load_held_out` gives it."""
    return {
        "pairs": [list(each) for each in pairs],
        "count": len(pairs),
        "cells": len({cell for pair in pairs for cell in pair}),
        "models": {name: _of_model(pairs, found) for name, found in sorted(held_out.items())},
    }


def _of_model(pairs: Sequence[Pair], found: Mapping[str, Any]) -> dict[str, Any]:
    place = {sha256: at for at, sha256 in enumerate(found["sha256"])}
    right = found["probabilities"].argmax(1) == found["labels"]
    twice = np.zeros(len(right), bool)
    for pair in pairs:
        at = [place[each] for each in pair if each in place]
        if len(at) == 2 and found["folds"][at[0]] != found["folds"][at[1]]:
            twice[at] = True
    return {
        "cells": len(right),
        "seen_twice": int(twice.sum()),
        "accuracy": round(float(right.mean()), 4),
        "accuracy_without": round(float(right[~twice].mean()), 4),
    }
