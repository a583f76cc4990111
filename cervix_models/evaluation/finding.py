"""How well found nuclei match annotated ones: by their centres, each counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from cervix_models.evaluation.classification import interval

WITHIN = 12.0  # pixels between the centres of a found and an annotated nucleus that are one
WIDER = 20.0  # pixels, as some are annotated at their rim rather than at their centre
MOST_FALSE = 0.5  # other objects for each nucleus that is found
DRAWS = 1000
Points = NDArray[np.float64]


@dataclass(frozen=True)
class FoundField:
    """One field: what was found in it, and what was annotated."""

    found: Points  # (k, 3): x, y, score
    truth: Points  # (m, 2)
    labels: tuple[str, ...]  # of the annotated ones
    fold: int
    sha256: str  # of the image file


def matched(found: Points, truth: Points, within: float = WITHIN) -> NDArray[np.int64]:
    """For each found centre `(k, 2)` the annotated one `(m, 2)` that it is, or -1.

    As many pairs as there can be, and of those the nearest; each centre is in one pair at most.
    """
    out = np.full(len(found), -1, np.int64)
    if len(found) and len(truth):
        apart = cdist(found, truth)
        cost = np.where(apart <= within, apart / within, 1e3)
        for one, other in zip(*linear_sum_assignment(cost), strict=True):
            if apart[one, other] <= within:
                out[one] = other
    return out


def counts_at(
    fields: Sequence[FoundField], thresholds: Sequence[float], within: float = WITHIN
) -> NDArray[np.int64]:
    """Found, right and annotated nuclei `(n, 3)` of each field, at the threshold of each."""
    rows = []
    for field, least in zip(fields, thresholds, strict=True):
        chosen = field.found[field.found[:, 2] >= least, :2]
        right = int((matched(chosen, field.truth, within) >= 0).sum())
        rows.append((len(chosen), right, len(field.truth)))
    return np.array(rows, np.int64).reshape(-1, 3)


def best_threshold(fields: Sequence[FoundField]) -> float:
    """The threshold, of 0.10, 0.11 ... 0.90, at which most nuclei of these fields are found with at
    most MOST_FALSE other objects for each; where none is so good, that of the largest F1."""
    levels = np.round(np.arange(0.1, 0.91, 0.01), 2).tolist()
    parts = {at: _parts(counts_at(fields, [at] * len(fields)).sum(0)) for at in levels}
    good = [
        at for at in levels
        if parts[at]["false_for_each_true"] <= MOST_FALSE and parts[at]["recall"] > 0
    ]  # fmt: skip
    if good:
        return float(max(good, key=lambda at: parts[at]["recall"]))
    return float(max(levels, key=lambda at: parts[at]["f1"]))


def finding_figures(fields: Sequence[FoundField], seed: int = 0) -> dict[str, Any]:
    """What a finder is worth on held-out fields, with 95 % intervals by bootstrap over fields.

    The threshold of each fold's fields is chosen on the fields of the other folds; `threshold` is
    the one of all. `wider` counts a nucleus as found within WIDER pixels; `apart_pixels` is how far
    found centres are from annotated ones, of pairs within twice that. Also the recall by label, and
    `threshold_curve`, the same over thresholds.
    """
    folds = sorted({field.fold for field in fields})
    elsewhere = {fold: best_threshold([f for f in fields if f.fold != fold]) for fold in folds}
    chosen = [elsewhere[field.fold] for field in fields]
    counts = counts_at(fields, chosen)
    picks = np.random.default_rng(seed).integers(len(fields), size=(DRAWS, len(fields)))
    return {
        "fields": len(fields),
        "nuclei": int(counts[:, 2].sum()),
        "within_pixels": WITHIN,
        "threshold": best_threshold(fields),
        **_with_intervals(counts, picks),
        "wider": {
            "within_pixels": WIDER,
            **_with_intervals(counts_at(fields, chosen, WIDER), picks),
        },
        "apart_pixels": _apart(fields, chosen),
        "labels": _by_label(fields, chosen),
        "threshold_curve": _curve(fields),
    }


def _with_intervals(
    counts: NDArray[np.int64], picks: NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    """The figures of all fields, each with its interval over the drawn ones."""
    drawn = [_parts(row) for row in counts[picks].sum(1)]
    return {
        name: {"value": value, **interval([each[name] for each in drawn])}
        for name, value in _parts(counts.sum(0)).items()
    }


def _apart(fields: Sequence[FoundField], thresholds: Sequence[float]) -> dict[str, float]:
    """Median and ninth decile of the distances between found and annotated centres."""
    far: list[float] = []
    for field, least in zip(fields, thresholds, strict=True):
        chosen = field.found[field.found[:, 2] >= least, :2]
        pairs = matched(chosen, field.truth, 2 * WIDER)
        ends = field.truth[pairs[pairs >= 0]]
        far += np.hypot(*(chosen[pairs >= 0] - ends).T).tolist()
    if not far:
        return {}
    return {"median": float(np.median(far)), "ninth_decile": float(np.quantile(far, 0.9))}


def _parts(counts: NDArray[np.int64]) -> dict[str, float]:
    found, right, there = (float(each) for each in counts)
    return {
        "recall": right / max(1.0, there),
        "precision": right / max(1.0, found),
        "false_for_each_true": (found - right) / max(1.0, right),
        "f1": _f1(counts),
    }


def _f1(counts: NDArray[np.int64]) -> float:
    found, right, there = counts
    return float(2 * right / max(1, found + there))


def _by_label(fields: Sequence[FoundField], thresholds: Sequence[float]) -> dict[str, Any]:
    """How many nuclei of each label there are, and the part that was found."""
    there: dict[str, list[bool]] = {}
    for field, least in zip(fields, thresholds, strict=True):
        pairs = matched(field.found[field.found[:, 2] >= least, :2], field.truth)
        for at, name in enumerate(field.labels):
            there.setdefault(name, []).append(at in pairs)
    return {
        name: {"nuclei": len(hits), "recall": float(np.mean(hits))}
        for name, hits in sorted(there.items())
    }


def _curve(fields: Sequence[FoundField]) -> list[dict[str, float]]:
    levels = np.round(np.arange(0.1, 0.91, 0.05), 2)
    rows = [counts_at(fields, [level] * len(fields)).sum(0) for level in levels]
    return [
        {"threshold": float(level), **{k: round(v, 4) for k, v in _parts(row).items()}}
        for level, row in zip(levels, rows, strict=True)
    ]


def kept_fields(stored: Mapping[str, Any]) -> list[FoundField]:
    """The fields that `stored_fields` made arrays of."""
    ends, marks = np.cumsum(stored["found_counts"]), np.cumsum(stored["truth_counts"])
    labels = [each.decode() for each in stored["labels"].tolist()]
    out = []
    for at, fold in enumerate(stored["folds"]):
        one = slice(ends[at] - stored["found_counts"][at], ends[at])
        two = slice(marks[at] - stored["truth_counts"][at], marks[at])
        found, truth = stored["found"][one].astype(float), stored["truth"][two].astype(float)
        sha256 = stored["sha256"][at].tobytes().hex()
        out.append(FoundField(found, truth, tuple(labels[two]), int(fold), sha256))
    return out


def stored_fields(fields: Sequence[FoundField]) -> dict[str, NDArray[Any]]:
    """The fields as arrays without pickles."""
    return {
        "sha256": np.stack(
            [np.frombuffer(bytes.fromhex(each.sha256), np.uint8) for each in fields]
        ),
        "folds": np.array([each.fold for each in fields], np.uint8),
        "found_counts": np.array([len(each.found) for each in fields], np.int64),
        "truth_counts": np.array([len(each.truth) for each in fields], np.int64),
        "found": np.concatenate([each.found for each in fields]).astype(np.float32),
        "truth": np.concatenate([each.truth for each in fields]).astype(np.float32),
        "labels": np.array([name.encode() for each in fields for name in each.labels]),
    }
