"""What the page of whole fields calls: a field becomes stored readings of its cells.

Importing this loads no model; the first field does.
"""

from __future__ import annotations

import hashlib
import io
import threading
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PIL import Image as PilImage

from cervix_models.contracts import (
    CellImage,
    FieldReading,
    Image,
    OnSlide,
    Place,
    Reading,
    WorklistRow,
)
from cervix_models.data.intake import refuse_generated, shown_name, take_pixels
from cervix_models.data.labels import CLASSES
from cervix_models.data.marks import without_letters
from cervix_models.limits import take
from cervix_models.people import needs
from cervix_models.services.heap import settling
from cervix_models.services.jobs import Job, Progress, begin
from cervix_models.services.triage import Triage, check_scale

if TYPE_CHECKING:
    from cervix_models.data.slides import FieldSource
    from cervix_models.services.field_reader import FieldReader, FoundCell

OVERVIEW = 4096  # pixels a side of the picture that is kept of a field
ABNORMAL = tuple(each.name for each in CLASSES if each.group == "abnormal")


class Fields:
    """Reads whole fields and gives back what was read. Threads may share one."""

    def __init__(self, triage: Triage) -> None:
        """Keeps the triage service, whose store and models it uses."""
        self.triage = triage
        self._reader: FieldReader | None = None
        self._loading = threading.Lock()

    def reader(self) -> FieldReader:
        """The models, loaded by the first who asks. Raises WeightsError."""
        reader = self.triage.reader()
        with self._loading:
            if self._reader is None or self._reader.reader is not reader:
                with settling():
                    from cervix_models.services.field_reader import FieldReader

                    self._reader = FieldReader(reader)
            return self._reader

    @needs("pathologist")
    def start(
        self,
        upload: bytes,
        filename: str,
        *,
        micrometres_per_pixel: float | None = None,
        classifier: str | None = None,
        sample: bool = False,
    ) -> Job[FieldReading]:
        """A job that reads an uploaded field in the background.

        With `sample`, a generated field of ours may be read, and its cells say that they are
        samples. Raises IntakeError for bytes that are no picture, for a generated one without
        `sample`, and for a scale that no microscope has.
        """
        from cervix_models.data.slides import Picture

        check_scale(micrometres_per_pixel)
        take("fields")
        taken = take_pixels(upload, filename)
        if taken.synthetic and not sample:
            refuse_generated(shown_name(filename), "field", "the sample field")
        pixels, marked = taken.pixels, None
        if taken.synthetic:
            pixels, marked = without_letters(taken.pixels), taken.pixels
        source = Picture(pixels, taken.micrometres_per_pixel, taken.warnings, marked)

        def work(progress: Progress) -> FieldReading:
            return self.read(
                source, progress, micrometres_per_pixel=micrometres_per_pixel,
                classifier=classifier, sample=taken.synthetic,
            )  # fmt: skip

        return begin(work, "field")

    @needs("pathologist")
    def read(
        self, source: FieldSource, progress: Progress, *,
        micrometres_per_pixel: float | None = None, classifier: str | None = None,
        sample: bool = False, on_slide: OnSlide | None = None,
    ) -> FieldReading:  # fmt: skip
        """The stored field, after all its cells were read, or those until `progress` said stop;
        `on_slide` tells which part of a slide it is.

        Raises IntakeError for a scale that no microscope has, WeightsError and StorageError; then
        nothing is listed.
        """
        check_scale(micrometres_per_pixel)
        scale = micrometres_per_pixel or source.micrometres_per_pixel
        reader, stopped = self.reader(), False
        models = reader.reader.models_of(classifier)

        def watched(done: float, cells: int) -> bool:
            nonlocal stopped
            stopped = not progress(done, cells)
            return not stopped

        field_id = uuid.uuid4().hex
        cells: list[tuple[Reading, Place]] = []
        for found in reader.read(source, watched, classifier):
            cell = _cell_image(found, sample=sample)
            reading = self.triage.kept(cell, found.finding, scale, models)
            place = Place(
                field_id, len(cells) + 1, found.left, found.top, found.x, found.y, found.score
            )
            cells.append((reading, place))
        made = FieldReading(
            id=field_id,
            created_at=datetime.now(UTC),
            image_sha256=self.triage.store.put_blob(_png(source.overview(OVERVIEW))),
            width=source.width,
            height=source.height,
            complete=not stopped,
            models=reader.models_of(classifier),
            micrometres_per_pixel=scale,
            warnings=source.warnings,
            on_slide=on_slide,
        )
        self.triage.store.add_field(made, cells)
        return made

    @needs("pathologist")
    def field(self, field_id: str) -> FieldReading:
        """One field. Raises StorageError."""
        return self.triage.store.field(field_id)

    @needs("pathologist")
    def fields(self, limit: int | None = 50, slide: str | None = None) -> list[FieldReading]:
        """The fields, newest first; with `slide` those that are parts of it."""
        return self.triage.store.fields(limit=limit, slide=slide)

    @needs("pathologist")
    def cells(self, field_id: str) -> list[WorklistRow]:
        """The cells of a field by number. Raises StorageError."""
        return self.triage.store.cells(field_id)

    @needs("pathologist")
    def delete(self, field_id: str) -> None:
        """Deletes a field with its cells. Raises StorageError."""
        self.triage.store.delete_field(field_id)


def abnormal_share(reading: Reading) -> float:
    """The probability that the cell is of an abnormal class; 0 where nothing was said."""
    return sum(reading.probabilities.get(name, 0.0) for name in ABNORMAL)


def by_concern(rows: Sequence[WorklistRow]) -> list[WorklistRow]:
    """The cells in the order in which a person should look at them.

    First those called abnormal, the surest first; then those referred, the likeliest abnormal
    first; then all others in the order of the field: no cell of a normal or benign class is ranked
    as a concern.
    """

    def key(row: WorklistRow) -> tuple[int, float, int]:
        reading, number = row.reading, row.place.number if row.place else 0
        if reading.label in ABNORMAL:
            return 0, -abnormal_share(reading), number
        if reading.label is None:
            return 1, -abnormal_share(reading), number
        return 2, 0.0, number

    return sorted(rows, key=key)


def _cell_image(found: FoundCell, *, sample: bool) -> CellImage:
    png = _png(found.image)
    return CellImage(found.image, hashlib.sha256(png).hexdigest(), png, synthetic=sample)


def _png(pixels: Image) -> bytes:
    out = io.BytesIO()
    PilImage.fromarray(pixels).save(out, "PNG", compress_level=3)
    return out.getvalue()
