"""Whole fields without models: cells that FakeTriage reads, laid out beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from cervix_models.contracts import FieldReading, Place, Reading, WorklistRow
from cervix_models.errors import IntakeError, StorageError
from cervix_models.services.jobs import Job
from tests.fakes import OUTLINER, USE, FakeTriage, drawn_cell, png

SIDE = 120  # of a cell's window


def make_field(
    triage: FakeTriage, answers: Sequence[str | None], field_id: str = "f" * 32
) -> tuple[FieldReading, list[tuple[Reading, Place]], bytes]:
    """A field of one cell an answer (None refers it), what is stored of them, and its picture."""
    cells, windows = [], []
    for at, answer in enumerate(answers):
        triage.answer = answer
        pixels = drawn_cell(SIDE, seed=50 + at)
        windows.append(pixels)
        reading = triage.read(png(pixels), "a.png")
        left = at * SIDE
        place = Place(field_id, at + 1, left, 0, left + 0.55 * SIDE, 0.5 * SIDE, 0.9)
        cells.append((reading, place))
        del triage.rows[reading.id]
    picture = png(np.concatenate(windows, axis=1))
    field = FieldReading(
        id=field_id,
        created_at=datetime.now(UTC),
        image_sha256=triage._keep(picture),
        width=SIDE * len(answers),
        height=SIDE,
        complete=True,
        models=(USE, OUTLINER),
    )
    return field, cells, picture


class FakeFields:
    """Keeps fields in memory; their cells are readings of a FakeTriage."""

    def __init__(self, triage: FakeTriage) -> None:
        self.triage = triage
        self.kept: dict[str, FieldReading] = {}
        self.places: dict[str, list[tuple[str, Place]]] = {}
        self.answers: Sequence[str | None] = ("Parabasal", None, "Dyskeratotic", "Koilocytotic")
        self.jobs: list[Job[FieldReading]] = []
        self.problem: str | None = None

    def add(self, answers: Sequence[str | None], **changed: object) -> FieldReading:
        """A field that is now kept."""
        field, cells, _ = make_field(self.triage, answers, f"{len(self.kept):032x}")
        field = replace(field, **changed)
        self.kept[field.id] = field
        for reading, place in cells:
            self.triage.rows[reading.id] = WorklistRow(reading, None, place=place)
        self.places[field.id] = [(reading.id, place) for reading, place in cells]
        return field

    def start(self, upload: bytes, filename: str, **options: object) -> Job[FieldReading]:
        self.options = options
        if upload.startswith(b"broken"):
            raise IntakeError(f"{filename} is no picture.")
        job: Job[FieldReading] = Job(done=0.4, cells=3)
        self.jobs.append(job)
        return job

    def finish(self) -> None:
        """The job that was started last ends."""
        job = self.jobs[-1]
        if self.problem:
            job.problem, job.state = self.problem, "failed"
            return
        job.found, job.state = self.add(self.answers), "done"

    def field(self, field_id: str) -> FieldReading:
        if field_id not in self.kept:
            raise StorageError(f"No field has the id {field_id!r}.")
        return self.kept[field_id]

    def fields(self, limit: int | None = 50) -> list[FieldReading]:
        return list(reversed(self.kept.values()))[:limit]

    def cells(self, field_id: str) -> list[WorklistRow]:
        return [self.triage.rows[name] for name, _ in self.places[field_id]]

    def delete(self, field_id: str) -> None:
        del self.kept[field_id]
