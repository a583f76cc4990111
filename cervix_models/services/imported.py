"""Imported cells for the pages on models: by hash, some of each class, and one cluster as a random
split deals it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cervix_models.cards import load_cards
from cervix_models.data.importing import find_sipakmed, list_datasets
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import png_of, read_rgb
from cervix_models.evaluation.held_out import HELD_OUT, load_held_out
from cervix_models.evaluation.leaks import relatives
from cervix_models.inference import square
from cervix_models.settings import Settings

FOLD = 0  # whose held-out cells are the ones asked
WANTED = 8  # cells of the cluster that is shown, at most
SEED = 0  # of the real cells that are shown


def cell_pictures(settings: Settings, sha256: Sequence[str]) -> dict[str, bytes]:
    """The image files of these cells, by hash, of those that are imported here."""
    wanted = set(sha256)
    return {
        row.sha256: (index.root / row.path).read_bytes()
        for index in list_datasets(settings.home).values()
        for row in index.cells
        if row.sha256 in wanted
    }


def cell_of(settings: Settings, label: str, number: int) -> bytes | None:
    """The image file of one SIPaKMeD cell of a class, by any number; None where that data set is
    not imported here, or has no such cell."""
    index = find_sipakmed(settings.home)
    rows = [row for row in index.cells if row.label == label] if index else []
    if index is None or not rows:
        return None
    order = np.random.default_rng(0).permutation(len(rows))
    return (index.root / rows[order[number % len(rows)]].path).read_bytes()


def real_cells(settings: Settings, side: int, count: int) -> dict[str, list[bytes]]:
    """So many real cells of each class as PNG, each of another cluster, scaled to `side` pixels as
    generators saw them; empty where SIPaKMeD is not imported here."""
    index = find_sipakmed(settings.home)
    if index is None:
        return {}
    random, found = np.random.default_rng(SEED), {}
    for name in CLASS_NAMES:
        one = {row.cluster: row for row in index.cells if row.label == name}
        chosen = random.permutation(sorted(one))[:count]
        pictures = (read_rgb(index.root / one[each].path) for each in chosen)
        found[name] = [png_of(square(each, side)) for each in pictures]
    return found


@dataclass(frozen=True)
class DealtCell:
    """One crop of the shown cluster, and on which side of a random split it came to lie."""

    content: bytes  # the image file
    asked: bool  # held out; else learned from


def dealt_cluster(settings: Settings) -> tuple[str, list[DealtCell]] | None:
    """The class of a cluster and its cells, or None where SIPaKMeD is not imported here.

    The cluster is the one with the most cells, up to WANTED, of which some are asked and others
    learned from.
    """
    name = next(
        (
            card.name
            for card in load_cards(settings.weights)
            if card.classes == CLASS_NAMES
            and (settings.weights / card.name / HELD_OUT["random"]).is_file()
        ),
        None,
    )
    index = find_sipakmed(settings.home)
    if name is None or index is None:
        return None
    held = load_held_out(name, settings.weights, "random")
    clusters, folds = held["clusters"].tolist(), held["folds"].astype(np.int64)
    files = {row.sha256: index.root / row.path for row in index.cells}
    asked = folds == FOLD
    known = np.array([each in files for each in held["sha256"]])
    mixed = set(held["clusters"][asked & known & (relatives(clusters, folds) > 0)].tolist())
    counts = Counter(c for c, there in zip(clusters, known, strict=True) if there)
    fitting = sorted(mixed, key=lambda each: (-min(counts[each], WANTED), each))
    if not fitting:
        return None
    rows = [at for at, each in enumerate(clusters) if each == fitting[0] and known[at]]
    cells = [DealtCell(files[held["sha256"][at]].read_bytes(), bool(asked[at])) for at in rows]
    return CLASS_NAMES[int(held["labels"][rows[0]])], cells[:WANTED]
