"""Readings as CSV: one row a reading, for a spreadsheet or pandas."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence

from cervix_models.contracts import NOTICE, Place, Reading, Revision, Verdict, WorklistRow
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.morphology import FEATURES, to_micrometres

Cell = str | float | int | bool | None

BETWEEN = "; "  # several values in one cell
# A spreadsheet takes a cell that begins so for a formula and runs it
# (OWASP, CSV Injection, with the full-width forms that some also take).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LENGTHS = {feature.name: feature.power for feature in FEATURES if feature.power}


def readings_csv(rows: Sequence[WorklistRow]) -> bytes:
    """UTF-8 CSV with a header: a row a reading, features in pixels and, where a reading has its
    scale, lengths and areas in micrometres too (`_um`, `_um2`); the notice in the last column.

    It begins with a byte order mark, without which Excel misreads letters beyond ASCII. A text that
    a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    lines = readings_table(rows)
    return csv_of(lines, list(lines[0]) if lines else ["id", "notice"])


def csv_of(lines: Sequence[Mapping[str, Cell]], names: Sequence[str]) -> bytes:
    """UTF-8 CSV of lines with the columns `names`, guarded as `readings_csv` says."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=names)
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in line.items()} for line in lines)
    return out.getvalue().encode("utf-8-sig")


def readings_parquet(rows: Sequence[WorklistRow]) -> bytes:
    """The same table as Parquet: numbers stay numbers, and no text is changed."""
    import pandas as pd

    out = io.BytesIO()
    lines = readings_table(rows)
    pd.DataFrame(lines, columns=None if lines else ["id", "notice"]).to_parquet(out, index=False)
    return out.getvalue()


def readings_table(rows: Sequence[WorklistRow]) -> list[dict[str, Cell]]:
    """A line a reading, every line with the same columns."""
    features = feature_columns(rows)
    scaled = any(row.reading.micrometres_per_pixel for row in rows)
    lines = [_line(row, features, scaled=scaled) for row in rows]
    if any(row.place for row in rows):  # cells of fields
        lines = [_where(row.place) | line for row, line in zip(rows, lines, strict=True)]
    return lines


def feature_columns(rows: Iterable[WorklistRow]) -> list[str]:
    """The names of all features that the readings have: those of FEATURES in their order, then
    any other in the order first seen."""
    seen = dict.fromkeys(name for row in rows for name in row.current.features)
    known = [feature.name for feature in FEATURES if feature.name in seen]
    return known + [name for name in seen if name not in known]


def _line(row: WorklistRow, features: Sequence[str], *, scaled: bool) -> dict[str, Cell]:
    reading = row.current
    line: dict[str, Cell] = {
        "id": reading.id,
        "time": reading.created_at.isoformat(),
        "image_sha256": reading.image_sha256,
        "width": reading.width,
        "height": reading.height,
        "synthetic_sample": reading.sample,
        "decision": reading.decision,
        "label": reading.label,
        **{f"probability_{name}": reading.probabilities.get(name) for name in CLASS_NAMES},
        "conformal_set": BETWEEN.join(reading.conformal_set),
        "reasons": BETWEEN.join(reading.reasons),
        "warnings": BETWEEN.join(reading.warnings),
    }
    line |= _verdict(row.verdict)
    line |= _outlines(row.revision)
    line |= {
        "micrometres_per_pixel": reading.micrometres_per_pixel,
        "heat_nucleus": reading.heat.nucleus if reading.heat else None,
        "heat_cytoplasm": reading.heat.cytoplasm if reading.heat else None,
        "heat_background": reading.heat.background if reading.heat else None,
        **{name: reading.features.get(name) for name in features},
    }
    if scaled:
        line |= _micrometres(reading, features)
    uses = [f"{use.role} {use.weights}" for use in reading.models]
    return line | {"models": BETWEEN.join(uses), "notice": NOTICE}


def _where(place: Place | None) -> dict[str, Cell]:
    """Field, number and centre of the nucleus, in pixels of the field."""
    if place is None:
        return dict.fromkeys(("field", "cell", "nucleus_x", "nucleus_y"))
    return {
        "field": place.field_id,
        "cell": place.number,
        "nucleus_x": place.x,
        "nucleus_y": place.y,
    }


def _verdict(verdict: Verdict | None) -> dict[str, Cell]:
    if verdict is None:
        return dict.fromkeys(("verdict", "verdict_label", "verdict_time", "remark", "author"))
    return {
        "verdict": verdict.kind,
        "verdict_label": verdict.label,
        "verdict_time": verdict.created_at.isoformat(),
        "remark": verdict.remark,
        "author": verdict.author,
    }


def _outlines(revision: Revision | None) -> dict[str, Cell]:
    """Whose outlines are measured, and what the classifier says with those of a person."""
    if revision is None:
        names = ("outlines_author", "outlines_time", "outlines_label")
        return {"outlines": "segmenter", **dict.fromkeys(names)}
    return {
        "outlines": revision.origin,
        "outlines_author": revision.author,
        "outlines_time": revision.created_at.isoformat(),
        "outlines_label": revision.label,
    }


def _micrometres(reading: Reading, features: Sequence[str]) -> dict[str, Cell]:
    scale = reading.micrometres_per_pixel
    found: dict[str, Cell] = {}
    for name in features:
        if power := LENGTHS.get(name):
            value = reading.features.get(name)
            metric = None
            if scale is not None and value is not None:
                metric = to_micrometres(name, value, scale)
            found[f"{name}_um" if power == 1 else f"{name}_um{power}"] = metric
    return found


def _cell(value: Cell) -> Cell:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
