"""Works out all that is kept in `data/tables/` from the imported SIPaKMeD: the same bytes for the
same cells, weights and libraries. The map also depends on the processor, whose rounding t-SNE
magnifies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from cervix_models.cards import load_card, load_cards
from cervix_models.contracts import NUCLEUS, Image
from cervix_models.data.derived import (
    TABLES,
    CellMap,
    MeanCells,
    Overlaps,
    save_map,
    save_means,
    save_overlaps,
)
from cervix_models.data.importing import read_sipakmed
from cervix_models.data.index import Index, IndexRow
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import read_rgb
from cervix_models.data.table import TABLE, CellTable, save_table
from cervix_models.errors import DataError
from cervix_models.evaluation.held_out import load_held_out
from cervix_models.evaluation.leak_check import near_duplicates
from cervix_models.evaluation.near_copies import near_copies
from cervix_models.evaluation.overlaps import overlap_of, pairs_within
from cervix_models.gate import unit_length
from cervix_models.inference import square
from cervix_models.morphology.ranges import RANGES_PATH, RangesHeader, ranges_of, save_class_ranges
from cervix_models.predictors import EncoderReader
from cervix_models.services.cells import masks_of, measure_cells
from cervix_models.services.defaults import ENCODER, SEGMENTER
from cervix_models.settings import Settings

COPIES = "near_copies.json"
COMPARED = 160  # pixels a side of cells that are compared
SIDE = 64  # of a mean cell, pixels
DIRECTIONS = 4  # in which the cells of a class differ most
AT_ONCE = 64
SEED = 0
DIGITS = 2  # of a place on the map
Progress = Callable[[str], None]


def build_tables(settings: Settings, folder: Path = TABLES, say: Progress = lambda _: None) -> None:
    """Writes every table into `folder`, and says what it does. Raises DataError where SIPaKMeD is
    not imported or the default segmenter was not measured, WeightsError without the encoder."""
    index = read_sipakmed(settings.home)
    say("Measuring each cell")
    table = measure_cells(settings)
    save_table(table, folder / TABLE.name)
    card = load_card(SEGMENTER, settings.weights)
    header = RangesHeader(len(table.sha256), card.weights_sha256, "SIPaKMeD")
    save_class_ranges(ranges_of(table), header, folder / RANGES_PATH.name)
    rows = _in_order(index, table)
    say("Laying cells of one cluster over each other")
    save_overlaps(overlaps_within(index, rows), folder)
    say("Seeing each cell by the encoder")
    save_map(map_of(index, rows, EncoderReader(ENCODER, settings)), folder)
    say("Looking for cells that were photographed twice")
    text = json.dumps(copies_across(index, rows, settings), indent=1) + "\n"
    (folder / COPIES).write_text(text, encoding="utf-8")
    say("Averaging the cells of each class")
    save_means(mean_cells(index, rows, masks_of(settings)), folder)


def copies_across(index: Index, rows: Sequence[IndexRow], settings: Settings) -> dict[str, Any]:
    """Every two cells of different clusters whose pictures are nearly equal, and what the figures
    of the classifiers owe to them."""
    crops = np.stack([square(read_rgb(index.root / row.path), COMPARED) for row in rows])
    found = near_duplicates(crops, np.arange(len(rows)))
    pairs = [
        (rows[a].sha256, rows[b].sha256) for a, b in found if rows[a].cluster != rows[b].cluster
    ]
    measured = [each.name for each in load_cards(settings.weights) if each.kind == "classifier"]
    held_out = {}
    for name in measured:
        try:
            said = load_held_out(name, settings.weights)
        except DataError:
            continue  # it was not measured with clusters kept apart
        if set(said["sha256"]) <= {row.sha256 for row in rows}:
            held_out[name] = said
    return near_copies(pairs, held_out)


def overlaps_within(index: Index, rows: Sequence[IndexRow]) -> Overlaps:
    """Every two cells of one cluster that show the same pixels."""
    pairs = list(pairs_within([row.cluster for row in rows]))
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        laid = partial(_laid, index.root)
        found = list(pool.map(laid, *zip(*((rows[a], rows[b]) for a, b in pairs), strict=True),
                              chunksize=64)) if pairs else []  # fmt: skip
    known = [(pair, each) for pair, each in zip(pairs, found, strict=True) if each]
    return Overlaps(
        first=tuple(rows[a].sha256 for (a, _), _ in known),
        second=tuple(rows[b].sha256 for (_, b), _ in known),
        shifts=np.array([each[:2] for _, each in known], np.int16).reshape(-1, 2),
        pixels=np.array([each[2] for _, each in known], np.int32),
    )


def _laid(root: Path, first: IndexRow, second: IndexRow) -> tuple[int, int, int] | None:
    found = overlap_of(_crop(root / first.path), _crop(root / second.path))
    return (found.across, found.down, found.pixels) if found else None


@lru_cache(maxsize=32)  # a cluster; its pairs come after each other
def _crop(path: Path) -> Image:
    return read_rgb(path)


def map_of(index: Index, rows: Sequence[IndexRow], encoder: EncoderReader) -> CellMap:
    """A place for each cell by t-SNE (van der Maaten and Hinton, JMLR 2008) of what the encoder
    sees, features brought to length one."""
    from sklearn.manifold import TSNE

    seen = [
        encoder.see([read_rgb(index.root / row.path) for row in rows[at : at + AT_ONCE]])
        for at in range(0, len(rows), AT_ONCE)
    ]
    near = min(30.0, (len(rows) - 1) / 3)
    fitted = TSNE(perplexity=near, init="pca", random_state=SEED, n_jobs=1)
    places = fitted.fit_transform(unit_length(np.concatenate(seen)))
    return CellMap(tuple(row.sha256 for row in rows), places.round(DIGITS).astype(np.float32))


def mean_cells(
    index: Index, rows: Sequence[IndexRow], masks: dict[str, NDArray[np.uint8]]
) -> MeanCells:
    """Mean, directions and outlines of each class, every crop squashed to SIDE pixels a side."""
    found = [
        _mean_of(index, [row for row in rows if row.label == name], masks) for name in CLASS_NAMES
    ]
    return MeanCells(*(np.stack(each) for each in zip(*found, strict=True)))


def _mean_of(
    index: Index, rows: Sequence[IndexRow], masks: dict[str, NDArray[np.uint8]]
) -> Iterator[NDArray[np.generic]]:
    """The fields of MeanCells, of one class."""
    crops = np.stack([square(read_rgb(index.root / row.path), SIDE) for row in rows])
    flat = crops.reshape(len(rows), -1).astype(np.float64)
    mean = flat.mean(0)
    # the few directions of the small matrix of cells by cells, not of pixels by pixels
    values, vectors = np.linalg.eigh((flat - mean) @ (flat - mean).T)
    order = np.argsort(values)[::-1][:DIRECTIONS]
    steps = (flat - mean).T @ vectors[:, order] / np.sqrt(max(1, len(rows) - 1))
    steps *= np.where(steps.sum(0) < 0, -1, 1)  # towards the brighter
    shape = (SIDE, SIDE, 3)
    yield mean.round().astype(np.uint8).reshape(shape)
    yield steps.T.round().clip(-127, 127).astype(np.int8).reshape(-1, *shape)
    yield (values[order] / max(values.sum(), 1e-9)).clip(0).astype(np.float32)
    drawn = np.stack([_small(masks[row.sha256]) for row in rows])
    yield (100 * (drawn > 0).mean(0)).round().astype(np.uint8)
    yield (100 * (drawn == NUCLEUS).mean(0)).round().astype(np.uint8)
    yield np.array(len(rows))


def _small(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A label picture of SIDE pixels a side."""
    small = PilImage.fromarray(labels).resize((SIDE, SIDE), PilImage.Resampling.NEAREST)
    return np.asarray(small)


def _in_order(index: Index, table: CellTable) -> list[IndexRow]:
    known = {row.sha256: row for row in index.cells}
    return [known[each] for each in table.sha256]
