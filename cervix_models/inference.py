"""Networks as ONNX sessions on the processor, and the views an image is read in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from cervix_models.contracts import Image, Mask, Segmentation
from cervix_models.data.packed import squash

log = logging.getLogger(__name__)

Batch = NDArray[np.float32]
Run = Callable[..., list[Batch]]  # of one batch an input, all of one length

PACKED_SIDE = 160
AT_ONCE = 8  # images a run


def prepared(
    images: Sequence[Image], side: int, mean: Sequence[float], std: Sequence[float]
) -> Batch:
    """Images `(n, 3, side, side)` squashed to a square and normalised, float32."""
    return normalised(np.stack([square(each, side) for each in images]), mean, std)


def normalised(pixels: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]) -> Batch:
    """Pictures `(n, h, w, 3)` as a network takes them, `(n, 3, h, w)`, float32."""
    batch = pixels.astype(np.float32) / 255
    batch = (batch - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2))


def prepared_masks(masks: Sequence[Segmentation], side: int) -> Batch:
    """Masks `(n, 2, side, side)` of cell and nucleus, 0 or 1, float32, as two more channels."""
    return np.stack(
        [[_square_mask(part, side) for part in (each.cell, each.nucleus)] for each in masks]
    )


def _square_mask(mask: Mask, side: int) -> NDArray[np.float32]:
    picture = PilImage.fromarray(mask.astype(np.uint8))
    for size in (PACKED_SIDE, side):
        picture = picture.resize((size, size), PilImage.Resampling.NEAREST)
    return np.asarray(picture, np.float32)


def square(image: Image, side: int) -> Image:
    """The image `(side, side, 3)`, by way of the packed file's size, as the cells that the networks
    learned from."""
    packed = PilImage.fromarray(squash(image, PACKED_SIDE))
    return np.asarray(packed.resize((side, side), PilImage.Resampling.BILINEAR))


def turned(batch: Batch, view: int) -> Batch:
    """View 0..7 of `(n, c, h, w)`: `view % 4` quarter turns, mirrored first from view 4 on."""
    mirrored = batch[..., ::-1] if view >= 4 else batch
    return np.ascontiguousarray(np.rot90(mirrored, view % 4, axes=(2, 3)))


def turned_back(batch: Batch, view: int) -> Batch:
    """What `turned` undoes."""
    back = np.rot90(batch, -(view % 4), axes=(2, 3))
    return np.ascontiguousarray(back[..., ::-1] if view >= 4 else back)


def stretched(maps: Batch, shape: tuple[int, ...]) -> Batch:
    """Maps `(c, h, w)` brought to another height and width, bilinearly."""
    height, width = shape
    pick = PilImage.Resampling.BILINEAR
    planes = [PilImage.fromarray(plane).resize((width, height), pick) for plane in maps]
    return np.stack([np.asarray(plane, np.float32) for plane in planes])


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities `(n, c)` of logits `(n, c)`."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    return shifted / shifted.sum(axis=1, keepdims=True)


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    """Probabilities of single logits, any shape."""
    return (1 / (1 + np.exp(-logits.astype(np.float32)))).astype(np.float32)


def open_session(path: Path, threads: int) -> Run:
    """A function from a batch an input, all of one length, to the outputs of the ONNX file at
    `path`.

    Batches are run in small parts: larger ones leave the processor's cache, and cost more.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(*batches: Batch) -> list[Batch]:
        starts = range(0, len(batches[0]), AT_ONCE)
        given = [[batch[i : i + AT_ONCE] for batch in batches] for i in starts]
        parts = [session.run(None, dict(zip(names, some, strict=True))) for some in given]
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    return run
