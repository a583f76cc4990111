"""Many uploaded cells read one after the other, each a stored reading, without Grad-CAM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cervix_models.contracts import CellImage
from cervix_models.errors import CervixError, IntakeError
from cervix_models.services.jobs import Progress
from cervix_models.services.triage import Triage, taken

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
    classifier: str,
) -> ReadUploads:  # fmt: skip
    """The readings of all uploads that hold a cell, stored; those until `progress` said stop.

    What cannot be read is named in a sentence. A failure of store or models ends the reading; what
    was read before it is kept.
    """
    found = ReadUploads()
    for start in range(0, len(uploads), AT_ONCE):
        if not progress(start / len(uploads), len(found.names)):
            left = len(uploads) - start
            found.problems.append(f"Stopped: {left} of {len(uploads)} pictures were not read.")
            return found
        before = len(found.names) + len(found.problems)
        try:
            _read(triage, uploads[start : start + AT_ONCE], scale, classifier, found)
        except CervixError as problem:
            left = len(uploads) - start - (len(found.names) + len(found.problems) - before)
            found.problems.append(f"{problem} {left} of {len(uploads)} pictures were not read.")
            return found
    progress(1.0, len(found.names))
    return found


def _read(
    triage: Triage, uploads: Sequence[Upload], scale: float | None, classifier: str,
    found: ReadUploads,
) -> None:  # fmt: skip
    cells: list[tuple[str, CellImage]] = []
    for upload in uploads:
        try:
            cells.append((upload.name, taken(upload.content, upload.name)))
        except IntakeError as problem:
            found.problems.append(str(problem))
    if not cells:
        return
    findings = triage.reader().read_many([cell.pixels for _, cell in cells], classifier=classifier)
    for (name, cell), finding in zip(cells, findings, strict=True):
        reading = triage.kept(cell, finding, scale, classifier)
        triage.store.add_reading(reading)
        found.names[reading.id] = name
