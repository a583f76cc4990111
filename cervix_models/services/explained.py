"""Grad-CAM of a stored reading that was read without it: one of many, or a cell of a field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cervix_models.contracts import HeatShares, Reading, Segmentation
from cervix_models.data.marks import without_letters
from cervix_models.data.pictures import grey_png, pixels_of
from cervix_models.errors import WeightsError
from cervix_models.morphology import heat_shares
from cervix_models.services.reader import Reader
from cervix_models.storage.store import Store


@dataclass(frozen=True)
class Explained:
    """Where a classifier looked."""

    png: bytes  # grey, 255 the hottest
    shares: HeatShares | None  # None where nothing is outlined


def explained(reader: Reader, store: Store, reading: Reading) -> Explained | None:
    """Where the reading's classifier looked for its likeliest class; None where it reads no
    picture, or refused this one.

    Raises StorageError, and WeightsError where it was read by other weights than are here.
    """
    if not reading.probabilities or reading.mask_sha256 is None:
        return None
    (classifier,) = (use for use in reading.models if use.role == "classifier")
    if not (reader.settings.shelf(classifier.name) / classifier.name).is_dir():
        raise WeightsError(
            f"This cell was read by {classifier.weights}, which is not here any more, so where it "
            "looked cannot be shown. Bring it back from a backup, or read the cell again."
        )
    here = reader.models_of(classifier.name)[0]
    if here.sha256 != classifier.sha256:
        raise WeightsError(
            f"This cell was read by {classifier.weights}, and those here are {here.weights}: their "
            "Grad-CAM would explain another answer. Read the cell again."
        )
    explainer = reader.explainer(classifier.name)
    if explainer is None:
        return None
    image = without_letters(pixels_of(store.blob(reading.image_sha256), "RGB"))
    mask = Segmentation.from_labels(pixels_of(store.blob(reading.mask_sha256), "L"))
    top = max(reading.probabilities, key=lambda name: reading.probabilities[name])
    heat = explainer.heat(image, top, mask)
    return Explained(grey_png((heat * 255).astype(np.uint8)), heat_shares(heat, mask))
