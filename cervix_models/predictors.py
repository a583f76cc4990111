"""Weights and card made into something that reads images: ONNX Runtime on the processor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervix_models.cards import members_of
from cervix_models.contracts import Card, Classification, Image, Mask, Segmentation
from cervix_models.errors import MeasurementError
from cervix_models.finding import Sight, nuclei_of
from cervix_models.inference import (
    Batch,
    Run,
    prepared,
    prepared_masks,
    sigmoid,
    softmax,
    stretched,
    turned,
    turned_back,
)
from cervix_models.morphology import measure
from cervix_models.outlines import cell_at, one_cell
from cervix_models.sessions import onnx_session
from cervix_models.settings import Settings

Masks = Sequence[Segmentation]


@dataclass(frozen=True)
class Seen:
    """What a classifier saw in some images."""

    probabilities: NDArray[np.float64]  # (n, 5), calibrated, in the card's order of classes
    embeddings: Batch  # (n, width), mean over the views


class ClassReader(ABC):
    """What gives cells their classes: one network, or several that are averaged."""

    card: Card

    @property
    def members(self) -> Sequence[Card]:
        """The cards of those that are averaged; none where it is one network."""
        return ()

    @property
    def lead(self) -> ClassReader:
        """The network whose embeddings it answers: itself, or the first of those averaged."""
        return self

    @abstractmethod
    def see(self, images: Sequence[Image], masks: Masks | None = None) -> Seen:
        """Probabilities and embeddings of images; `masks` are their outlines.

        Raises MeasurementError where the model reads outlines and none are given.
        """

    def predict(self, images: Sequence[Image], masks: Masks | None = None) -> list[Classification]:
        """One classification an image. Raises as `see` does."""
        return [self.named(row) for row in self.see(images, masks).probabilities]

    def named(self, row: NDArray[np.float64]) -> Classification:
        """One row of probabilities, by name of class."""
        return Classification(dict(zip(self.card.classes, map(float, row), strict=True)))


class CellReader(ClassReader):
    """A classifier of `weights/`: calibrated probabilities, averaged over flips and turns."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Loads the weights `name`. Raises WeightsError."""
        self.run, self.card = onnx_session(name, settings)

    def see(self, images: Sequence[Image], masks: Masks | None = None) -> Seen:
        """Probabilities and embeddings of images; `masks` are their outlines."""
        batch, views = given_batch(self.card, images, masks), int(self.card.input.get("views", 1))
        count = len(batch)
        if views > 1:
            batch = np.concatenate([turned(batch, view) for view in range(views)])
        logits, embeddings = self.run(batch)
        mean = softmax(logits).reshape(views, count, -1).mean(0)
        return Seen(
            probabilities=tempered(mean, float(self.card.calibration["temperature"])),
            embeddings=embeddings.reshape(views, count, -1).mean(0),
        )


Here = Mapping[str, CellReader]  # classifiers that are loaded already, by name


class EnsembleReader(ClassReader):
    """Classifiers of `weights/` whose calibrated probabilities are averaged by their shares.

    Where the card says what is `enough`, the others are asked only of the images of which the first
    is less sure than that (a cascade, after Viola and Jones, CVPR 2001).
    """

    def __init__(
        self, card: Card, shares: Mapping[str, float], settings: Settings, here: Here
    ) -> None:
        """Loads the members that are not `here`. Raises WeightsError."""
        self.card, self.shares = card, list(shares.values())
        self.readers = [here.get(name) or CellReader(name, settings) for name in shares]

    @property
    def members(self) -> Sequence[Card]:
        """The cards of those that are averaged."""
        return [reader.card for reader in self.readers]

    @property
    def lead(self) -> ClassReader:
        """The first of those that are averaged."""
        return self.readers[0]

    def see(self, images: Sequence[Image], masks: Masks | None = None) -> Seen:
        """Probabilities of all members together, and embeddings of the first."""
        first = self.lead.see(images, masks)
        rest = np.flatnonzero(unsure(first.probabilities, self.card.input.get("enough"))).tolist()
        found = first.probabilities.copy()
        if rest:
            some = [images[at] for at in rest]
            theirs = None if masks is None else [masks[at] for at in rest]
            others = [each.see(some, theirs).probabilities for each in self.readers[1:]]
            found[rest] = averaged([found[rest], *others], self.shares)
        return Seen(
            probabilities=tempered(found, float(self.card.calibration["temperature"])),
            embeddings=first.embeddings,
        )


def open_classifier(name: str, settings: Settings, here: Here | None = None) -> ClassReader:
    """The classifier or ensemble of `weights/<name>/`, itself or its members from `here` where
    they are. Raises WeightsError."""
    here = here or {}
    if name in here:
        return here[name]
    card, shares = members_of(name, settings.shelf(name))
    return EnsembleReader(card, shares, settings, here) if shares else CellReader(name, settings)


class OutlineReader:
    """A segmenter of `weights/`, or the mean of several: one cell and its nucleus, averaged over
    flips and turns."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Loads the weights `name`, or those of its members. Raises WeightsError."""
        self.card, members = members_of(name, settings.shelf(name))
        self._parts = [onnx_session(each, settings) for each in members or (name,)]
        fitted = self.card.calibration.get("thresholds", {"cell": 0.5, "nucleus": 0.5})
        self.thresholds = float(fitted["cell"]), float(fitted["nucleus"])

    def predict(self, images: Sequence[Image]) -> list[Segmentation]:
        """One segmentation an image, at the image's own size."""
        return [
            one_cell(stretched(each, image.shape[:2]), self.thresholds)
            for each, image in zip(self._maps(images), images, strict=True)
        ]

    def predict_at(
        self,
        images: Sequence[Image],
        points: Sequence[tuple[float, float]],
        insides: Sequence[Mask],
    ) -> list[Segmentation]:
        """One segmentation an image, of the cell round the nucleus at a known point `(x, y)`,
        within what is `inside`; as it stands, without other views."""
        maps = self._maps(images, views=(0,))
        return [
            cell_at(stretched(each, image.shape[:2]), point, inside, self.thresholds)
            for each, image, point, inside in zip(maps, images, points, insides, strict=True)
        ]

    def views_of(self, image: Image, views: int) -> list[Segmentation]:
        """One segmentation a view of one image, at the image's own size and as it stands."""
        maps = (self._maps([image], views=(view,))[0] for view in range(views))
        return [one_cell(stretched(each, image.shape[:2]), self.thresholds) for each in maps]

    def _maps(self, images: Sequence[Image], views: Sequence[int] | None = None) -> Batch:
        """Probabilities `(n, 2, side, side)`, the mean of the members and of the views, turned
        back; default: the views that each was measured with."""
        return np.mean([_viewed(*part, images, views) for part in self._parts], axis=0)


def _viewed(run: Run, card: Card, images: Sequence[Image], views: Sequence[int] | None) -> Batch:
    batch = _prepared(images, card)
    chosen = range(int(card.input["views"])) if views is None else views
    maps = [turned_back(sigmoid(run(turned(batch, view))[0]), view) for view in chosen]
    return np.mean(maps, axis=0)


class EncoderReader:
    """A self-supervised encoder of `weights/`: what it sees in pictures, whatever their class."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Loads the weights `name`. Raises WeightsError."""
        self.run, self.card = onnx_session(name, settings)

    def see(self, images: Sequence[Image]) -> Batch:
        """Features `(n, width)` of images."""
        return self.run(_prepared(images, self.card))[0]


class NucleusReader:
    """A finder of `weights/`: the nuclei of a whole field."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Loads the weights `name`. Raises WeightsError."""
        run, self.card = onnx_session(name, settings)
        given = self.card.input
        self.logits = lambda batch: run(batch)[0]
        self.sight = Sight(
            int(given["size"]), float(given["scale"]), int(given["stride"]),
            tuple(given["mean"]), tuple(given["std"]), int(given["views"]),
        )  # fmt: skip

    def find(self, image: Image) -> NDArray[np.float64]:
        """Centres and scores `(k, 3)` of the nuclei of a field: x, y in its pixels, 0..1."""
        fitted = self.card.calibration
        found = nuclei_of(image, self.logits, self.sight, float(fitted["apart"]))
        return found[found[:, 2] >= float(fitted["threshold"])]


def tempered(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities `(n, c)` raised to `1 / temperature` and brought back to a sum of one."""
    return softmax(np.log(np.clip(probabilities, 1e-12, 1)) / temperature)


def averaged(
    probabilities: Sequence[NDArray[np.float64]], shares: Sequence[float]
) -> NDArray[np.float64]:
    """Probabilities `(n, c)` of several models, weighted by their shares, which sum to one."""
    return np.tensordot(np.asarray(shares), np.stack(probabilities), 1)


def together(
    said: Sequence[NDArray[np.float64]], shares: Sequence[float], enough: float | None
) -> NDArray[np.float64]:
    """What several models say together, `(n, c)` of each: what the first says where that is
    `enough`, else the mean by their shares."""
    asked = unsure(said[0], enough)
    return np.where(asked[:, None], averaged(said, shares), said[0])


def unsure(probabilities: NDArray[np.float64], enough: float | None) -> NDArray[np.bool_]:
    """Of which cells `(n,)` the first of several models, which says `probabilities` `(n, c)`, does
    not answer alone; of all where nothing is `enough`."""
    return probabilities.max(axis=1) < (np.inf if enough is None else enough)


def conformal_members(
    probabilities: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which classes `(n, 5)` enter the conformal set: those that reach their least probability."""
    return probabilities >= least


def given_batch(card: Card, images: Sequence[Image], masks: Masks | None = None) -> Batch:
    """What the network of a card is given of images: themselves, also with masks, or features.

    Raises MeasurementError where it reads outlines and none are given.
    """
    reads = card.input.get("reads", "image")
    if reads == "image":
        return _prepared(images, card)
    if masks is None:
        raise MeasurementError(
            f"{card.name} reads outlines beside the image, but none were given; one "
            "segmentation an image was expected. Outline the cells first."
        )
    if reads == "features":
        names = card.input["features"]
        return np.stack([_features(*each, names) for each in zip(images, masks, strict=True)])
    side = int(card.input["size"])
    return np.concatenate([_prepared(images, card), prepared_masks(masks, side)], 1)


def _features(image: Image, mask: Segmentation, names: Sequence[str]) -> Batch:
    """The named features of one cell, NaN where one cannot be measured."""
    whole = mask.nucleus.any() and mask.cytoplasm.any()
    found = measure(image, mask) if whole else {}
    return np.array([found.get(name, np.nan) for name in names], np.float32)


def _prepared(images: Sequence[Image], card: Card) -> Batch:
    return prepared(images, int(card.input["size"]), card.input["mean"], card.input["std"])
