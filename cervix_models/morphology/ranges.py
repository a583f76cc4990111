"""How each feature spreads in each class: worked out from many cells, kept in one JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cervix_models.contracts import FeatureRange
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.table import CellTable
from cervix_models.errors import DataError
from cervix_models.morphology.catalogue import FEATURES
from cervix_models.settings import ROOT

RANGES_PATH = ROOT / "data" / "tables" / "feature_ranges.json"
MINIMUM_CELLS = 20  # fewer do not carry a 5th or 95th percentile
PERCENTILES = (5, 25, 50, 75, 95)

Ranges = dict[str, dict[str, FeatureRange]]


@dataclass(frozen=True)
class RangesHeader:
    """Where a table of ranges comes from."""

    cells: int  # measured, over all classes
    segmenter_sha256: str  # of the weights that drew the outlines
    data_set: str


def class_ranges(features_by_class: Mapping[str, Sequence[Mapping[str, float]]]) -> Ranges:
    """The spread of every feature in every class: `ranges[class][feature]`.

    A feature that fewer than MINIMUM_CELLS cells of a class have is left out of that class.
    """
    return {
        name: _spread(features_by_class[name]) for name in CLASS_NAMES if name in features_by_class
    }


def ranges_of(table: CellTable) -> Ranges:
    """The spread of every feature in every class of a table of cells."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CLASS_NAMES}
    for label, values in zip(table.labels, table.features.tolist(), strict=True):
        known = zip(table.names, values, strict=True)
        found[CLASS_NAMES[label]].append({name: each for name, each in known if each == each})
    return class_ranges(found)


def save_class_ranges(
    ranges: Mapping[str, Mapping[str, FeatureRange]],
    header: RangesHeader,
    path: Path = RANGES_PATH,
) -> None:
    """Writes header and ranges as JSON, classes and features in their one order."""
    table = {
        "header": asdict(header),
        "ranges": {
            name: {
                feature.name: _rounded(ranges[name][feature.name])
                for feature in FEATURES
                if feature.name in ranges[name]
            }
            for name in CLASS_NAMES
            if name in ranges
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def load_class_ranges(path: Path = RANGES_PATH) -> Ranges:
    """The spread of every feature in every class, from the file that `save_class_ranges` wrote.
    Raises DataError where the file is missing or is no such table."""
    table = _read(path)
    try:
        return {
            name: {feature: FeatureRange(**spread) for feature, spread in features.items()}
            for name, features in table["ranges"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise _broken(path) from error


def load_ranges_header(path: Path = RANGES_PATH) -> RangesHeader:
    """Where the table at `path` comes from. Raises DataError as `load_class_ranges` does."""
    table = _read(path)
    try:
        return RangesHeader(**table["header"])
    except (KeyError, TypeError) as error:
        raise _broken(path) from error


def _spread(cells: Sequence[Mapping[str, float]]) -> dict[str, FeatureRange]:
    found = {}
    for feature in FEATURES:
        values = [cell[feature.name] for cell in cells if feature.name in cell]
        if len(values) >= MINIMUM_CELLS:
            low, quarter, middle, three, high = np.percentile(values, PERCENTILES).tolist()
            found[feature.name] = FeatureRange(low, quarter, middle, three, high, len(values))
    return found


def _rounded(spread: FeatureRange) -> dict[str, float]:
    return {key: float(f"{value:.6g}") if key != "count" else value
            for key, value in asdict(spread).items()}  # fmt: skip


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(
            f"There is no table of feature ranges at {path}; expected the JSON that "
            "save_class_ranges writes. Restore the file, or import SIPaKMeD and run: "
            "python -m cervix_models data tables"
        )
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _broken(path) from error
    if not isinstance(table, dict):
        raise _broken(path)
    return table


def _broken(path: Path) -> DataError:
    return DataError(
        f"{path} is no table of feature ranges; expected JSON with a header and, by class and "
        "feature, p5, p25, p50, p75, p95 and count. Restore the file, or measure again."
    )
