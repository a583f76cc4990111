"""Files that a page offers for download: each function returns name, MIME type and bytes."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from cervix_models.contracts import FieldReading, Place, Reading, WorklistRow
from cervix_models.errors import DataError
from cervix_models.storage.store import Store

LISTED = 200  # ids of an export that the audit log names

logger = logging.getLogger(__name__)

Blob = Callable[[str], bytes]  # from a sha256 to the stored bytes, as Store.blob


class Export(NamedTuple):
    """A file to be downloaded."""

    filename: str
    mime: str
    data: bytes
    of: tuple[str, ...] = ()  # the ids of the readings in it; of a field or a set, its own


def content_of(export: Callable[[], Export], keep: Callable[[Export], None]) -> bytes:
    """The bytes of an export that is made only now, when they are asked for, and noted by `keep`
    before they are given."""
    made = export()
    keep(made)
    return made.data


class Stored(Protocol):
    """A service with a store."""

    store: Store


def note_export(service: Stored, made: Export) -> None:
    """Notes in the audit log who took an export: a method of the service that pages have at hand.
    Raises StorageError."""
    ending = made.filename.partition(".")[2]
    subject = made.of[0] if len(made.of) == 1 else f"{len(made.of) or 'no'} readings"
    service.store.audit.add(f"export.{ending}", subject, {"of": list(made.of[:LISTED])})


def export_csv(rows: Sequence[WorklistRow]) -> Export:
    """The readings as one CSV table, a row each."""
    from cervix_models.reports.table import readings_csv

    return Export(_dated("readings", "csv"), "text/csv", readings_csv(rows), _ids(rows))


def export_parquet(rows: Sequence[WorklistRow]) -> Export:
    """The same table as Parquet."""
    from cervix_models.reports.table import readings_parquet

    return Export(_dated("readings", "parquet"), "application/vnd.apache.parquet",
                  readings_parquet(rows), _ids(rows))  # fmt: skip


def export_coco(rows: Sequence[WorklistRow], blob: Blob) -> Export:
    """The newest outlines of the readings as COCO JSON.
    Raises StorageError where a mask is missing or changed."""
    from cervix_models.reports.coco import readings_coco

    given = ((row.current, _stored(row.current.mask_sha256, blob)) for row in rows)
    content = readings_coco(given)
    return Export(_dated("outlines", "coco.json"), "application/json", content, _ids(rows))


def export_training(rows: Sequence[WorklistRow], blob: Blob) -> Export:
    """The pictures whose outlines a person corrected, with their masks, as a ZIP that the command
    `data import` takes. Raises StorageError where a picture is missing or changed."""
    from cervix_models.reports.training_set import training_zip

    content = training_zip(rows, blob)
    return Export(_dated("outlines", "zip"), "application/zip", content, _ids(rows))


def export_json(row: WorklistRow) -> Export:
    """One reading with its newest verdict and outlines, whole."""
    from cervix_models.reports.record import reading_json

    return Export(_name(row, "json"), "application/json", reading_json(row), _ids([row]))


def export_geojson(row: WorklistRow, blob: Blob) -> Export:
    """The newest outlines of one reading for QuPath; an empty collection where there are none.
    Raises StorageError where the mask is missing or changed."""
    from cervix_models.reports.geojson import reading_geojson

    mask = _stored(row.current.mask_sha256, blob)
    content = reading_geojson(row.current, mask)
    return Export(_name(row, "geojson"), "application/geo+json", content, _ids([row]))


def export_field_geojson(field: FieldReading, rows: Sequence[WorklistRow], blob: Blob) -> Export:
    """The newest outlines of all cells of a field for QuPath, in pixels of the field, or
    of the slide that it is a part of.
    Raises StorageError where a mask is missing or changed."""
    from cervix_models.reports.geojson import field_geojson

    content = field_geojson(field, _placed(rows, blob))
    return Export(f"field-{field.id}.geojson", "application/geo+json", content, (field.id,))


def export_field_tiff(field: FieldReading, rows: Sequence[WorklistRow], blob: Blob) -> Export:
    """The newest outlines of all cells of a field as a label TIFF of two pages.
    Raises StorageError where a mask is missing or changed."""
    from cervix_models.reports.label_image import field_tiff

    content = field_tiff(field, _placed(rows, blob))
    return Export(f"field-{field.id}.tif", "image/tiff", content, (field.id,))


def _placed(
    rows: Sequence[WorklistRow], blob: Blob
) -> Iterator[tuple[Reading, Place, bytes | None]]:
    """The cells of a field as they stand now, where they lie, with their masks."""
    for row in rows:
        if row.place is not None:
            yield row.current, row.place, _stored(row.current.mask_sha256, blob)


def export_tiff(row: WorklistRow, blob: Blob) -> Export:
    """The newest outlines of one reading as a label TIFF.
    Raises StorageError where the mask is missing or changed."""
    from cervix_models.reports.label_image import reading_tiff

    mask = _stored(row.current.mask_sha256, blob)
    content = reading_tiff(row.current, mask)
    return Export(_name(row, "tif"), "image/tiff", content, _ids([row]))


def export_pdf(row: WorklistRow, blob: Blob) -> Export:
    """One reading as a printed report with its newest outlines, features beside the ranges of the
    classes where a table of them lies. Raises StorageError where a picture is missing or changed.
    """
    from cervix_models.morphology import load_class_ranges  # brings SciPy
    from cervix_models.reports.pdf import ReportPictures, reading_pdf

    reading = row.current
    pictures = ReportPictures(
        image=blob(reading.image_sha256),
        mask=_stored(reading.mask_sha256, blob),
        heat=_stored(reading.heat_sha256, blob),
    )
    try:
        ranges = load_class_ranges()
    except DataError as error:
        logger.info("The report goes without ranges of the classes: %s", error)
        ranges = {}
    content = reading_pdf(row, pictures, ranges)
    return Export(_name(row, "pdf"), "application/pdf", content, _ids([row]))


def _ids(rows: Sequence[WorklistRow]) -> tuple[str, ...]:
    return tuple(row.reading.id for row in rows)


def _stored(sha256: str | None, blob: Blob) -> bytes | None:
    return None if sha256 is None else blob(sha256)


def _dated(what: str, ending: str) -> str:
    return f"{what}-{datetime.now(UTC):%Y%m%d-%H%M%S}.{ending}"


def _name(row: WorklistRow, ending: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", row.reading.id)
    return f"reading-{plain}.{ending}"
