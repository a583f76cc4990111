"""How much of a heat map falls on each part of the cell."""

from __future__ import annotations

import numpy as np

from cervix_models.contracts import Heat, HeatShares, Segmentation
from cervix_models.errors import MeasurementError


def heat_shares(heat: Heat, segmentation: Segmentation) -> HeatShares | None:
    """The parts of the sum of `heat` `(height, width)` on nucleus, cytoplasm and background.

    None where the map is cold all over: it then has no parts. Raises MeasurementError where the
    map and the masks differ in size, or the map holds values that are negative or not finite.
    """
    if heat.shape != segmentation.nucleus.shape:
        raise MeasurementError(
            f"The heat map is {heat.shape} and the masks are {segmentation.nucleus.shape}; "
            "expected the same height and width. Resize the map to the image first."
        )
    warmth = np.asarray(heat, np.float64)
    if not np.isfinite(warmth).all() or (warmth < 0).any():
        raise MeasurementError(
            "The heat map holds values below 0 or not finite; expected 0 to 1. "
            "Clip the map before it is shared out."
        )
    total = float(warmth.sum())
    if total == 0:
        return None
    nucleus = float(warmth[segmentation.nucleus].sum()) / total
    cytoplasm = float(warmth[segmentation.cytoplasm].sum()) / total
    return HeatShares(nucleus, cytoplasm, max(0.0, 1.0 - nucleus - cytoplasm))
