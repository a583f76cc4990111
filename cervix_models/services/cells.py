"""Measures every imported cell by outlines of a network that never saw it: the table of cells."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from tqdm import tqdm

from cervix_models.contracts import NUCLEUS, Segmentation
from cervix_models.data.importing import read_sipakmed
from cervix_models.data.index import IndexRow
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import read_rgb
from cervix_models.data.table import CellTable
from cervix_models.evaluation.held_out import load_held_out
from cervix_models.morphology import FEATURES, measure
from cervix_models.services.defaults import SEGMENTER
from cervix_models.settings import Settings

log = logging.getLogger(__name__)


def measure_cells(settings: Settings) -> CellTable:
    """The table of all SIPaKMeD cells. Raises DataError without them."""
    index = read_sipakmed(settings.home)
    masks = masks_of(settings)
    rows = [row for row in index.cells if row.label in CLASS_NAMES and row.sha256 in masks]
    measured = partial(_measured, index.root)
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        found = pool.map(measured, rows, [masks[row.sha256] for row in rows], chunksize=16)
        features = np.stack(list(tqdm(found, total=len(rows), unit="cell")))
    return CellTable(
        sha256=tuple(row.sha256 for row in rows),
        labels=np.array([CLASS_NAMES.index(str(row.label)) for row in rows], np.int64),
        clusters=tuple(row.cluster for row in rows),
        sizes=np.array([(row.width, row.height) for row in rows], np.int64),
        names=tuple(each.name for each in FEATURES),
        features=features,
    )


def masks_of(settings: Settings) -> dict[str, NDArray[np.uint8]]:
    """The label pictures of all held-out cells, by the sha256 of the cell. Raises DataError."""
    held = load_held_out(SEGMENTER, settings.weights)
    return dict(zip(held["sha256"], held["masks"], strict=True))


def _measured(root: Path, row: IndexRow, labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The features of one cell in the order of FEATURES, NaN where one could not be measured."""
    image = read_rgb(root / row.path)
    mask = enlarged(labels, image.shape[:2])
    if not (mask.nucleus.any() and mask.cytoplasm.any()):
        return np.full(len(FEATURES), np.nan, np.float32)
    found = measure(image, mask)
    return np.array([found.get(each.name, np.nan) for each in FEATURES], np.float32)


def enlarged(labels: NDArray[np.uint8], shape: tuple[int, ...]) -> Segmentation:
    """A label picture brought to another height and width with smooth outlines."""
    height, width = shape
    cell, nucleus = (
        np.asarray(
            PilImage.fromarray((part * 255).astype(np.uint8)).resize(
                (width, height), PilImage.Resampling.BILINEAR
            )
        )
        > 127
        for part in (labels > 0, labels == NUCLEUS)
    )
    return Segmentation(nucleus=nucleus, cytoplasm=cell & ~nucleus)
