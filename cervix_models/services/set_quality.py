"""The quality report of an imported set, kept beside its index."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cervix_models.data.importing import Progress, list_datasets
from cervix_models.data.index import Index
from cervix_models.errors import DataError
from cervix_models.evaluation.quality import (
    MUCH,
    SOME,
    Drift,
    Small,
    copies,
    drifts,
    known_in,
    measured,
    near_copies,
)

log = logging.getLogger(__name__)

TABLE, SMALL, REPORT = "measures.parquet", "small.npz", "quality.json"
DRIFTED = (SOME, MUCH)  # from which stability index on
REFERENCE = "sipakmed"  # the set that the models learned from
NAMED = 100  # pairs that a report names; the rest are counted


@dataclass(frozen=True)
class Quality:
    """What a set is like."""

    pictures: int
    broken: tuple[str, ...]  # what is wrong with files that were left out
    copies: tuple[tuple[str, ...], ...]  # pictures that are equal, together
    copies_count: int  # of groups
    near: tuple[tuple[str, str], ...]  # pictures that are nearly equal
    near_count: int
    across: int  # of these pairs, how many lie in different clusters
    known: tuple[tuple[str, str], ...]  # pictures nearly equal to one of the reference
    known_count: int
    drifts: tuple[Drift, ...]  # from the reference; empty where that is not imported here


def report_on(home: Path, name: str, progress: Progress, broken: Sequence[str] = ()) -> Quality:
    """The report of an imported set, measured now and kept. Raises DataError where no such set is
    imported, or its pictures cannot be read."""
    index = _index(home, name)
    table, small = _measured(home, name, index, progress)
    equal, near = copies(table), near_copies(table, small)
    clusters = dict(zip(table["path"], table["cluster"], strict=True))
    known, moved = _against_reference(home, name, table, small)
    quality = Quality(
        pictures=len(table),
        broken=tuple(broken),
        copies=tuple(tuple(each) for each in equal[:NAMED]),
        copies_count=len(equal),
        near=tuple(near[:NAMED]),
        near_count=len(near),
        across=sum(clusters[one] != clusters[two] for one, two in near),
        known=tuple(known[:NAMED]),
        known_count=len({one for one, _ in known}),
        drifts=tuple(moved),
    )
    path = home / "datasets" / name / REPORT
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(quality), indent=1), encoding="utf-8")
    part.replace(path)
    return quality


def kept_report(home: Path, name: str) -> Quality | None:
    """The report that is kept of a set, or None."""
    path = home / "datasets" / name / REPORT
    if not path.is_file():
        return None
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    pairs = {key: tuple(map(tuple, told[key])) for key in ("copies", "near", "known")}
    moved = tuple(Drift(**each) for each in told["drifts"])
    return Quality(**{**told, **pairs, "broken": tuple(told["broken"]), "drifts": moved})


def kept_measures(home: Path, name: str) -> pd.DataFrame | None:
    """The measures that are kept of a set, a row a picture, or None."""
    path = home / "datasets" / name / TABLE
    return pd.read_parquet(path) if path.is_file() else None


def small_pictures(home: Path, name: str, progress: Progress) -> Small:
    """All pictures of an imported set, small, in the order of its index. Raises DataError."""
    return _measured(home, name, _index(home, name), progress)[1]


def _index(home: Path, name: str) -> Index:
    sets = list_datasets(home)
    if name not in sets:
        raise DataError(
            f"No image set is named {name!r}; imported: {', '.join(sets) or 'none'}. Import it."
        )
    return sets[name]


def _measured(
    home: Path, name: str, index: Index, progress: Progress
) -> tuple[pd.DataFrame, Small]:
    """What is kept of a set's pictures, measured now where they were not yet, or are others."""
    folder = home / "datasets" / name
    if (folder / TABLE).is_file() and (folder / SMALL).is_file():
        table = pd.read_parquet(folder / TABLE)
        with np.load(folder / SMALL, allow_pickle=False) as stored:
            small = stored["small"]
        if table["sha256"].tolist() == [row.sha256 for row in index.rows]:
            return table, small
    try:
        table, small = measured(index, progress)
    except OSError as problem:
        raise DataError(
            f"A picture of {name} cannot be read ({problem}); all pictures of its index were "
            f"expected in {index.root}. Bring them back, or import the set again."
        ) from problem
    table.to_parquet(folder / f"{TABLE}.part", index=False)
    (folder / f"{TABLE}.part").replace(folder / TABLE)
    with (folder / f"{SMALL}.part").open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, small=small)
    (folder / f"{SMALL}.part").replace(folder / SMALL)
    return table, small


def _against_reference(
    home: Path, name: str, table: pd.DataFrame, small: Small
) -> tuple[list[tuple[str, str]], list[Drift]]:
    """Pictures that the reference has too, and how far all are from it."""
    sets: Mapping[str, Index] = list_datasets(home)
    if name == REFERENCE or REFERENCE not in sets:
        return [], []
    try:
        other, theirs = _measured(home, REFERENCE, sets[REFERENCE], lambda _done, _total: None)
    except DataError as problem:
        log.warning("Nothing is set against %s: %s", REFERENCE, problem)
        return [], []
    pairs = known_in(small, theirs)
    known = [(table["path"].iloc[a], other["path"].iloc[b]) for a, b in pairs]
    return known, drifts(table, other)
