"""One reading as JSON, whole, and back again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from cervix_models.contracts import (
    NOTICE,
    HeatShares,
    ModelUse,
    Reading,
    Revision,
    Verdict,
    WorklistRow,
)
from cervix_models.errors import StorageError

SCHEMA = "cervix-reading/1"  # the number rises when a field changes its meaning or goes
NUMBERS = ("probabilities", "features", "gate")
TEXTS = ("reasons", "conformal_set", "warnings")


def reading_json(row: WorklistRow) -> bytes:
    """UTF-8 JSON of a reading, its newest verdict and its newest outlines by a person: every field
    by its name in the contracts, times in ISO 8601, null where a number is none, with the schema
    and the notice."""
    reading = asdict(row.reading)
    reading |= {name: _finite(reading[name]) for name in NUMBERS}
    reading["created_at"] = row.reading.created_at.isoformat()
    verdict = None
    if row.verdict is not None:
        verdict = asdict(row.verdict) | {"created_at": row.verdict.created_at.isoformat()}
    record = {
        "schema": SCHEMA,
        "notice": NOTICE,
        "reading": reading,
        "verdict": verdict,
        "revision": None if row.revision is None else _plain(row.revision),
    }
    return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2).encode()


def reading_from_json(data: bytes) -> WorklistRow:
    """The reading and verdict that `reading_json` wrote. Raises StorageError for anything else."""
    try:
        record = json.loads(data)
        schema = record["schema"]
        if schema != SCHEMA:
            raise _unreadable(f"its schema is {schema!r}")
        return WorklistRow(
            _reading(record["reading"]),
            _verdict(record["verdict"]),
            _revision(record.get("revision")),  # records of earlier versions have none
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(f"{type(error).__name__}: {error}") from error


def _reading(fields: dict[str, Any]) -> Reading:
    values = dict(fields)
    values["created_at"] = datetime.fromisoformat(values["created_at"])
    values["models"] = tuple(ModelUse(**use) for use in values["models"])
    values["heat"] = None if values["heat"] is None else HeatShares(**values["heat"])
    values |= {name: tuple(values[name]) for name in TEXTS}
    values |= {name: _numbers(values[name]) for name in NUMBERS}
    return Reading(**values)


def _verdict(fields: dict[str, Any] | None) -> Verdict | None:
    if fields is None:
        return None
    return Verdict(**fields | {"created_at": datetime.fromisoformat(fields["created_at"])})


def _plain(revision: Revision) -> dict[str, Any]:
    found = asdict(revision)
    found |= {name: _finite(found[name]) for name in ("probabilities", "features")}
    return found | {"created_at": revision.created_at.isoformat()}


def _revision(fields: dict[str, Any] | None) -> Revision | None:
    if fields is None:
        return None
    values = dict(fields)
    values["created_at"] = datetime.fromisoformat(values["created_at"])
    values["heat"] = None if values["heat"] is None else HeatShares(**values["heat"])
    values["reasons"] = tuple(values["reasons"])
    values |= {name: _numbers(values[name]) for name in ("probabilities", "features")}
    return Revision(**values)


def _finite(numbers: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def _numbers(given: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in given.items()}


def _unreadable(reason: str) -> StorageError:
    return StorageError(
        f"This is no reading as this version exports it ({reason}); expected JSON of the schema "
        f"{SCHEMA!r}. Export the reading again."
    )
