"""The figures that pages and reports show: Plotly, drawn for light and dark, phone and desk.

Every figure lies on a transparent ground, leaves the colour of letters to the page, carries class
names as letters beside colour, cannot be dragged (so that a thumb still scrolls the page), and
says in words what it shows: `alt_text`.
"""

from cervix_models.plots.base import alt_text, amount, per_cent
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
    "CalledReal",
    "CoveragePoint",
    "Distance",
    "Panel",
    "ReliabilityBin",
    "Standing",
    "alt_text",
    "amount",
    "bending_chart",
    "called_real_chart",
    "class_counts",
    "class_map",
    "confusion_matrix",
    "course_chart",
    "coverage_curve",
    "difference_chart",
    "feature_strip",
    "finding_curve",
    "help_chart",
    "importance_chart",
    "kid_chart",
    "nearest_chart",
    "opinion_map",
    "outline_chart",
    "per_cent",
    "percentile_radar",
    "probability_bars",
    "ratio_histogram",
    "reliability_diagram",
    "size_chart",
    "spread_chart",
    "standing_chart",
    "training_chart",
    "ways_chart",
]
