"""A small data set for the atlas: imported cells, what a classifier and a segmenter said of them,
and the table of their measurements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cervix_models.data.importing import import_dataset, read_sipakmed
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.packed import load_packed, pack
from cervix_models.data.table import CellTable, save_table
from cervix_models.evaluation.held_out import save_held_out
from cervix_models.morphology import FEATURES
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.settings import Settings
from tests import tiny
from tests.data import made

CLUSTERS, CELLS = 6, 4  # of each class, and of each cluster
SIDE = 32  # pixels of the masks


def atlas_data(folder: Path, *, wrong: bool = True) -> tuple[Settings, Path]:
    """Settings whose home has 24 cells a class and whose weights were measured on them, and the
    path of the table. Where `wrong`, the first two cells of the first class are read as the second
    one; the third is a toss-up between both; of all others the answer is right."""
    settings = tiny.settings_in(folder)
    crops = made.sipakmed_crops(folder / "cells", suffix=".png", clusters=CLUSTERS, cells=CELLS)
    import_dataset(crops, settings.home)
    index = read_sipakmed(settings.home)
    packed = load_packed(pack([index], folder / "packed.npz", size=SIDE))
    count = len(packed)
    found = {"positions": np.arange(count), "folds": np.arange(count) % 2}
    said = np.full((count, 5), 0.01)
    said[np.arange(count), packed.labels] = 0.96
    first = np.flatnonzero(packed.labels == 0)
    if wrong:
        said[first[0]] = (0.05, 0.9, 0.02, 0.02, 0.01)
        said[first[1]] = (0.2, 0.5, 0.1, 0.1, 0.1)
    said[first[2]] = (0.45, 0.4, 0.05, 0.05, 0.05)
    masks = np.zeros((count, SIDE, SIDE), np.uint8)
    masks[:, 4:28, 4:28] = 1
    masks[:, 12:20, 12:20] = 2
    for name, kept in ((CLASSIFIER, {"probabilities": said}), (SEGMENTER, {"masks": masks})):
        save_held_out(settings.weights / name, {**found, **kept}, packed, CLASS_NAMES)
    random = np.random.default_rng(0)
    features = random.normal(0, 1, (count, len(FEATURES))) + packed.labels[:, None]
    table = CellTable(
        sha256=packed.sha256, labels=packed.labels, clusters=packed.clusters, sizes=packed.sizes,
        names=tuple(each.name for each in FEATURES), features=features.astype(np.float32),
    )  # fmt: skip
    path = folder / "table.parquet"
    save_table(table, path)
    return settings, path


def use_table(monkeypatch, path: Path) -> None:
    """From now on the atlas reads the table at `path` in the place of the project's own."""
    from cervix_models.data.table import load_table
    from cervix_models.morphology import class_percentiles
    from cervix_models.services import atlas

    load: Callable[[], CellTable] = lambda: load_table(path)  # noqa: E731
    monkeypatch.setattr(atlas, "load_table", load)
    monkeypatch.setattr(atlas, "class_percentiles", lambda values: class_percentiles(values, path))
