"""Many uploaded cells read one after the other, each a stored reading, without Grad-CAM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from cervix_models.contracts import CellImage
from cervix_models.errors import CervixError, IntakeError
from cervix_models.services.jobs import Progress
from cervix_models.services.triage import Triage, taken
from cervix_models.telemetry import READINGS

if TYPE_CHECKING:
    from cervix_models.services.reader import Reader

AT_ONCE = 16  # cells between two looks at whether to stop


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded."""

    name: str
    content: bytes


@dataclass
class ReadUploads:
    """What came of some uploads."""

    names: dict[str, str] = field(default_factory=dict)  # of the file, by id of its reading
    problems: list[str] = field(default_factory=list)  # of files that were not read, in sentences


def read_uploads(
    triage: Triage, uploads: Sequence[Upload], progress: Progress, *, scale: float | None,
    classifier: str | None,
) -> ReadUploads:  # fmt: skip
    """The readings of all uploads that hold a cell, stored; those until `progress` said stop.

    What cannot be read is named in a sentence. A failure of store or models ends the reading; what
    was read before it is kept.
    """
    found = ReadUploads()
    # The same models to the end, whatever is promoted meanwhile.
    asked = _Asked(triage, cache(triage.reader), scale, classifier)
    for start in range(0, len(uploads), AT_ONCE):
        if not progress(start / len(uploads), len(found.names)):
            left = len(uploads) - start
            found.problems.append(f"Stopped: {left} of {len(uploads)} pictures were not read.")
            return found
        before = len(found.names) + len(found.problems)
        try:
            _read(asked, uploads[start : start + AT_ONCE], found)
        except CervixError as problem:
            left = len(uploads) - start - (len(found.names) + len(found.problems) - before)
            found.problems.append(f"{problem} {left} of {len(uploads)} pictures were not read.")
            return found
    progress(1.0, len(found.names))
    return found


@dataclass(frozen=True)
class _Asked:
    triage: Triage
    reader: Callable[[], Reader]
    scale: float | None
    classifier: str | None


def _read(asked: _Asked, uploads: Sequence[Upload], found: ReadUploads) -> None:
    cells: list[tuple[str, CellImage]] = []
    for upload in uploads:
        try:
            cells.append((upload.name, taken(upload.content, upload.name)))
        except IntakeError as problem:
            found.problems.append(str(problem))
    if not cells:
        return
    reader, triage = asked.reader(), asked.triage
    pixels = [cell.pixels for _, cell in cells]
    findings = reader.read_many(pixels, classifier=asked.classifier)
    models = reader.models_of(asked.classifier)
    for (name, cell), finding in zip(cells, findings, strict=True):
        reading = triage.kept(cell, finding, asked.scale, models)
        triage.store.add_reading(reading)
        READINGS.labels(reading.decision).inc()
        found.names[reading.id] = name
