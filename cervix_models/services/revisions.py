"""Outlines that a person corrected: measured, and the reading's classifier asked again."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from cervix_models.contracts import (
    BACKGROUND,
    CYTOPLASM,
    NUCLEUS,
    HeatShares,
    Reading,
    Revision,
    RevisionOrigin,
    Segmentation,
)
from cervix_models.data.marks import without_letters
from cervix_models.data.pictures import grey_png, pixels_of
from cervix_models.errors import IntakeError
from cervix_models.morphology import heat_shares, measure
from cervix_models.services.reader import Reader
from cervix_models.storage.store import Store

Labels = NDArray[np.uint8]  # (height, width): BACKGROUND, CYTOPLASM, NUCLEUS


def revision_of(
    reader: Reader,
    store: Store,
    reading: Reading,
    labels: Labels,
    origin: RevisionOrigin,
    author: str,
    classifier: str | None,
) -> Revision:
    """What follows from these outlines of a reading; their mask is put into the store.

    Raises IntakeError for outlines of another size or without nucleus or cytoplasm, StorageError
    and WeightsError.
    """
    check_labels(labels, reading)
    mask = Segmentation.from_labels(labels)
    image = without_letters(pixels_of(store.blob(reading.image_sha256), "RGB"))
    (finding,) = reader.judge([image], [mask], classifier=classifier)
    seen = finding.classification
    return Revision(
        created_at=datetime.now(UTC),
        author=author,
        origin=origin,
        mask_sha256=store.put_blob(grey_png(labels, optimize=True)),
        features=measure(image, mask),  # a person drew them, whatever the gate says
        heat=_shares(store, reading, mask),
        decision=finding.decision,
        label=finding.label,
        reasons=finding.reasons,
        probabilities=dict(seen.probabilities) if seen else {},
    )


def check_labels(labels: Labels, reading: Reading) -> None:
    """Raises IntakeError for outlines that cannot be those of the reading's cell."""
    wanted = (reading.height, reading.width)
    values = set(np.unique(labels).tolist())
    if labels.shape != wanted or values - {BACKGROUND, CYTOPLASM, NUCLEUS}:
        raise IntakeError(
            f"The outlines are {labels.shape} with the values {sorted(values)}; {wanted} of 0 "
            "background, 1 cytoplasm and 2 nucleus were expected. Draw or export them again."
        )
    lacking = [name for name, part in (("nucleus", NUCLEUS), ("cytoplasm", CYTOPLASM))
               if part not in values]  # fmt: skip
    if lacking:
        raise IntakeError(
            f"The outlines have no {' and no '.join(lacking)}; one cell with its nucleus was "
            "expected. Add what is missing."
        )


def _shares(store: Store, reading: Reading, mask: Segmentation) -> HeatShares | None:
    if reading.heat_sha256 is None:
        return None
    heat = pixels_of(store.blob(reading.heat_sha256), "L").astype(np.float32) / np.float32(255)
    return heat_shares(heat, mask)
