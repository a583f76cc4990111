"""Measurements of one outlined cell, the spread of them in each class, and where a model looked."""

from cervix_models.morphology.catalogue import (
    FEATURES,
    Feature,
    feature_named,
    to_micrometres,
)
from cervix_models.morphology.heat import heat_shares
from cervix_models.morphology.measure import measure
from cervix_models.morphology.percentiles import Percentiles, class_percentiles
from cervix_models.morphology.ranges import (
    RANGES_PATH,
    RangesHeader,
    class_ranges,
    load_class_ranges,
    load_ranges_header,
    save_class_ranges,
)

__all__ = [
    "FEATURES",
    "RANGES_PATH",
    "Feature",
    "Percentiles",
    "RangesHeader",
    "class_percentiles",
    "class_ranges",
    "feature_named",
    "heat_shares",
    "load_class_ranges",
    "load_ranges_header",
    "measure",
    "save_class_ranges",
    "to_micrometres",
]
