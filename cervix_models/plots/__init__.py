"""The figures that pages and reports show: Plotly, drawn for light and dark, phone and desk.

Every figure lies on a transparent ground, leaves the colour of letters to the page, carries class
names as letters beside colour, cannot be dragged (so that a thumb still scrolls the page), and
says in words what it shows: `alt_text`.
"""

from cervix_models.plots.apart import Parted, apart_chart
from cervix_models.plots.base import alt_text, amount, per_cent
from cervix_models.plots.dataset import (
    LIGHT,
    WRONG,
    Points,
    cells_scatter,
    cluster_colours,
    colour_bands,
    correlation_map,
    counts_chart,
    effects_chart,
    grouped_scatter,
    leaks_chart,
    sizes_chart,
    violins,
)
from cervix_models.plots.field import class_counts, ratio_histogram
from cervix_models.plots.generation import (
    Distance,
    class_map,
    help_chart,
    kid_chart,
    nearest_chart,
    spread_chart,
)
from cervix_models.plots.judging import CalledReal, called_real_chart, course_chart
from cervix_models.plots.learning import (
    ItemSpot,
    Part,
    calls_chart,
    classes_chart,
    items_chart,
    learning_chart,
    named_matrix,
    scores_chart,
)
from cervix_models.plots.measured import (
    CoveragePoint,
    ReliabilityBin,
    confusion_matrix,
    coverage_curve,
    finding_curve,
    reliability_diagram,
)
from cervix_models.plots.models import (
    Standing,
    bending_chart,
    difference_chart,
    importance_chart,
    outline_chart,
    size_chart,
    standing_chart,
    training_chart,
)
from cervix_models.plots.reading import (
    feature_strip,
    opinion_map,
    percentile_radar,
    probability_bars,
)
from cervix_models.plots.translation import Panel, ways_chart

__all__ = [
    "LIGHT",
    "WRONG",
    "CalledReal",
    "CoveragePoint",
    "Distance",
    "ItemSpot",
    "Panel",
    "Part",
    "Parted",
    "Points",
    "ReliabilityBin",
    "Standing",
    "alt_text",
    "amount",
    "apart_chart",
    "bending_chart",
    "called_real_chart",
    "calls_chart",
    "cells_scatter",
    "class_counts",
    "class_map",
    "classes_chart",
    "cluster_colours",
    "colour_bands",
    "confusion_matrix",
    "correlation_map",
    "counts_chart",
    "course_chart",
    "coverage_curve",
    "difference_chart",
    "effects_chart",
    "feature_strip",
    "finding_curve",
    "grouped_scatter",
    "help_chart",
    "importance_chart",
    "items_chart",
    "kid_chart",
    "leaks_chart",
    "learning_chart",
    "named_matrix",
    "nearest_chart",
    "opinion_map",
    "outline_chart",
    "per_cent",
    "percentile_radar",
    "probability_bars",
    "ratio_histogram",
    "reliability_diagram",
    "scores_chart",
    "size_chart",
    "sizes_chart",
    "spread_chart",
    "standing_chart",
    "training_chart",
    "violins",
    "ways_chart",
]
