"""The features of one cell beside their ranges in the five classes, as a table of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping

from reportlab.platypus import Flowable, PageBreak, Paragraph, Table, TableStyle

from cervix_models.contracts import FeatureRange, Reading
from cervix_models.data.labels import CLASSES
from cervix_models.morphology import FEATURES, Feature, to_micrometres
from cervix_models.reports import style

Ranges = Mapping[str, Mapping[str, FeatureRange]]

ROW = 10.3  # points; all features of a cell fit on one page
SIZE, SMALL = 6.6, 6.1
REGIONS = {"nucleus": "Nucleus", "cytoplasm": "Cytoplasm", "cell": "Whole cell"}


def feature_section(reading: Reading, ranges: Ranges) -> list[Flowable]:
    """A page of all features of the reading; nothing where it has none."""
    features = [each for each in FEATURES if each.name in reading.features]
    if not features:
        return []
    words = "In pixels of this image" if not _scaled(reading) else "In pixels, and in micrometres"
    if ranges:
        words += (
            "; beside them the 5th to 95th percentile of each class's cells, in pixels of their "
            "own images. Grey: this cell lies outside"
        )
    if any(each.added for each in features):
        words += ". *: added by this project, not one of the 26 a region that SIPaKMeD has"
    return [
        PageBreak(),
        Paragraph("Measurements", style.HEADING),
        Paragraph(f"{words}.", style.CAPTION),
        _table(reading, features, ranges),
    ]


def number(value: float) -> str:
    """A number in three significant digits and at most four decimals; a dash for none."""
    if not math.isfinite(value):
        return "–"
    size = 0 if value == 0 else math.floor(math.log10(abs(value)))
    written = f"{abs(value):,.{min(max(0, 2 - size), 4)}f}"
    negative = value < 0 and any(digit in written for digit in "123456789")
    return f"\N{MINUS SIGN}{written}" if negative else written


def _table(reading: Reading, features: list[Feature], ranges: Ranges) -> Table:
    classes = [each for each in CLASSES if each.name in ranges]
    head = ["Feature", "Unit", "This cell"]
    head += ["Metric"] if _scaled(reading) else []
    rows, looks = [head + [each.short for each in classes]], _looks()
    first = len(head)
    for region, title in REGIONS.items():
        own = [each for each in features if each.region == region]
        if own:
            looks += [
                ("BACKGROUND", (0, len(rows)), (-1, len(rows)), style.PALE),
                ("FONTNAME", (0, len(rows)), (0, len(rows)), style.BOLD),
            ]
            rows.append([title])
        for feature in own:
            value = reading.features[feature.name]
            spreads = [ranges[each.name].get(feature.name) for each in classes]
            for column, spread in enumerate(spreads, first):
                if spread is None or not spread.p5 <= value <= spread.p95:
                    at = (column, len(rows))
                    looks.append(("TEXTCOLOR", at, at, style.FAINT))
            rows.append([*_own(reading, feature, value), *(_spread(each) for each in spreads)])
    return Table(
        rows,
        colWidths=_widths(first, len(classes)),
        rowHeights=[ROW] * len(rows),
        repeatRows=1,
        style=TableStyle(looks),
    )


def _own(reading: Reading, feature: Feature, value: float) -> list[str]:
    within = feature.title.removeprefix(f"{REGIONS[feature.region]} ")
    title = within[:1].upper() + within[1:] + (" *" if feature.added else "")
    cells = [title, feature.unit, number(value)]
    if scale := _scaled(reading):
        metric = to_micrometres(feature.name, value, scale)
        cells.append(f"{number(metric)} {feature.metric_unit}" if feature.power else "")
    return cells


def _spread(spread: FeatureRange | None) -> str:
    return "–" if spread is None else f"{number(spread.p5)}–{number(spread.p95)}"


def _scaled(reading: Reading) -> float | None:
    return reading.micrometres_per_pixel


def _widths(own: int, classes: int) -> list[float]:
    names = [101.0, 38.0, 34.0, 44.0][:own]
    rest = style.BODY - sum(names)
    return names + [rest / max(classes, 5)] * classes


def _looks() -> list[tuple[object, ...]]:
    whole = ((0, 0), (-1, -1))
    return [
        ("FONT", *whole, style.PLAIN, SIZE),
        ("FONTSIZE", (3, 1), (-1, -1), SMALL),
        ("TEXTCOLOR", *whole, style.INK),
        ("FONTNAME", (0, 0), (-1, 0), style.BOLD),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, style.INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, style.LINE),
        ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
        ("VALIGN", *whole, "MIDDLE"),
        ("TOPPADDING", *whole, 0),
        ("BOTTOMPADDING", *whole, 0),
        ("LEFTPADDING", *whole, 2),
        ("RIGHTPADDING", *whole, 2),
    ]
