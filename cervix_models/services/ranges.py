"""Measures every imported cell with the default segmenter: how each feature spreads by class."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from tqdm import tqdm

from cervix_models.data.importing import read_sipakmed
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import read_rgb
from cervix_models.morphology import measure
from cervix_models.morphology.ranges import RangesHeader, class_ranges, save_class_ranges
from cervix_models.predictors import OutlineReader
from cervix_models.services.defaults import SEGMENTER
from cervix_models.settings import Settings

log = logging.getLogger(__name__)


def measure_ranges(settings: Settings) -> None:
    """Writes the ranges of all SIPaKMeD cells at their own size. Raises DataError without them."""
    index = read_sipakmed(settings.home)
    outlines = OutlineReader(SEGMENTER, settings)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CLASS_NAMES}
    for row in tqdm(index.cells, unit="cell"):
        image = read_rgb(index.root / row.path)
        mask = outlines.predict([image])[0]
        if row.label in found and mask.nucleus.any() and mask.cytoplasm.any():
            found[row.label].append(measure(image, mask))
    header = RangesHeader(
        cells=sum(map(len, found.values())),
        segmenter_sha256=outlines.card.weights_sha256,
        data_set="SIPaKMeD",
        date=datetime.now(UTC).date().isoformat(),
    )
    save_class_ranges(class_ranges(found), header)
