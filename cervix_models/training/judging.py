"""Who says what made cells are: an encoder, a classifier and a segmenter that never saw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from cervix_models.contracts import Image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.evaluation.generation import likeness, recognised
from cervix_models.evaluation.segmentation import iou_scores, pixel_scores
from cervix_models.predictors import ClassReader, EncoderReader, OutlineReader, open_classifier
from cervix_models.settings import Settings
from cervix_models.training.inception import InceptionReader, inception_at_hand

SEEN_BY = "encoder_mobilenet_v3_small"  # self-supervised; it gives the features
AT_ONCE = 32  # pictures


@dataclass(frozen=True)
class Judges:
    """Those that look at made cells; pictures are `(n, 3, side, side)` uint8."""

    encoder: EncoderReader
    reader: ClassReader | None  # of pictures of other classes there is none that knows them
    outlines: OutlineReader | None
    inception: InceptionReader | None = None  # where its weights are at hand

    @classmethod
    def of(
        cls, classifier: str, segmenter: str, settings: Settings, classes: tuple[str, ...]
    ) -> Judges:
        """Our self-supervised encoder and, where the classes are the five of cells, those of these
        names. Raises WeightsError."""
        encoder, path = EncoderReader(SEEN_BY, settings), inception_at_hand(settings.pretrained)
        inception = InceptionReader(path) if path else None
        if classes != CLASS_NAMES:
            return cls(encoder, None, None, inception)
        reader = open_classifier(classifier, settings)
        return cls(encoder, reader, OutlineReader(segmenter, settings), inception)

    @property
    def names(self) -> dict[str, str]:
        """Who they are, for the card."""
        readers = {"features": self.encoder, "judge": self.reader, "outlines": self.outlines}
        return {part: each.card.name for part, each in readers.items() if each}

    def features(self, images: Tensor) -> NDArray[np.float32]:
        """What the encoder sees in pictures, `(n, width)`."""
        return self.encoder.see(as_pictures(images))

    def by_inception(self, real: Tensor, made: Tensor, other: Tensor) -> dict[str, Any]:
        """How near made pictures, and `other` real ones as their floor, come to real ones by the
        features of Inception, as a card has it: nothing where its weights are not at hand."""
        if self.inception is None:
            return {}
        here, own, floor = (self.inception.see(as_pictures(each)) for each in (real, made, other))
        found = likeness(here, own)
        return {"inception": {**found, "floor": likeness(here, floor)}}

    def recognised(self, images: Tensor, labels: NDArray[np.int64]) -> dict[str, Any]:
        """How many pictures the classifier takes for their class, as a card has it: nothing where
        none knows their classes."""
        if self.reader is None:
            return {}
        pictures = as_pictures(images)
        found = [
            self.reader.see(pictures[i : i + AT_ONCE]).probabilities.argmax(1)
            for i in range(0, len(pictures), AT_ONCE)
        ]
        told = recognised(labels, np.concatenate(found), self.reader.card.classes)
        return {"recognised": told}

    def outlined(self, images: Tensor) -> NDArray[np.uint8] | None:
        """The segmenter's label of each pixel of pictures, `(n, side, side)`, where one knows
        them."""
        if self.outlines is None:
            return None
        pictures = as_pictures(images)
        found = [
            each.labels()
            for i in range(0, len(pictures), AT_ONCE)
            for each in self.outlines.predict(pictures[i : i + AT_ONCE])
        ]
        return np.stack(found)

    def kept(self, truth: NDArray[np.uint8] | None, after: Tensor) -> dict[str, Any]:
        """How far pictures keep outlines, as a card has it: nothing where none are drawn."""
        found = None if truth is None else self.outlined(after)
        if truth is None or found is None:
            return {}
        return {"outlines_kept": kept_outlines(truth, found)}


def kept_outlines(truth: NDArray[np.uint8], found: NDArray[np.uint8]) -> dict[str, float]:
    """How far labels of pixels stay the same, as the FCN score of the second document counts it:
    mean intersection over union, accuracy of pixels, mean of classes."""
    shares, pixels = iou_scores(found, truth), pixel_scores(found, truth)
    return {
        "iou": float(np.mean([shares["nucleus"].mean(), shares["cytoplasm"].mean()])),
        "pixel_accuracy": float(pixels["pixel_accuracy"].mean()),
        "class_accuracy": float(np.nanmean(pixels["mean_class_accuracy"])),
    }


def as_pictures(images: Tensor) -> list[Image]:
    """Tensors `(n, 3, h, w)` uint8 as pictures `(h, w, 3)`."""
    return list(images.permute(0, 2, 3, 1).contiguous().numpy())


def as_tensor(images: Sequence[Image]) -> Tensor:
    """Pictures of one size as `(n, 3, h, w)` uint8."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


def as_whole(images: Tensor) -> Tensor:
    """Pictures in 0..1 as uint8."""
    return (images * 255).round().clamp(0, 255).byte()


def likenesses(real: Tensor, again: Tensor) -> dict[str, float]:
    """How like pictures `(n, 3, h, w)` in 0..1 are to those they were made from."""
    alike = cast(Tensor, structural_similarity_index_measure(again, real, data_range=1.0))
    return {
        "ssim": float(alike),
        "psnr": float(peak_signal_noise_ratio(again, real, data_range=1.0)),
        "mse": float(nn.functional.mse_loss(again, real)),
    }
