"""Slides without files or models: two drawn ones, of which parts are read by FakeFields."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cervix_models.contracts import FieldReading, OnSlide
from cervix_models.data.slides import Picture
from cervix_models.errors import IntakeError
from cervix_models.services.jobs import Job
from cervix_models.services.slides import SlideFile
from tests.fake_fields import FakeFields
from tests.fakes import drawn_cell


class FakeOpened:
    """A drawn slide."""

    def __init__(self, file: SlideFile, scale: float | None) -> None:
        self.file = file
        self.source = Picture(np.tile(drawn_cell(200), (3, 4, 1)), scale)
        self.identity = file.key * 4


class FakeSlides:
    """Two slides, the second without a scale."""

    def __init__(self, fields: FakeFields) -> None:
        self.fields = fields
        self.folder = Path("/slides")
        self.files = [
            SlideFile("a" * 16, "first.svs", self.folder / "first.svs", 1_234_000_000),
            SlideFile("b" * 16, "second.tif", self.folder / "second.tif", 5_600_000),
        ]
        self.problem: str | None = None
        self.asked: list[tuple[str, tuple[int, ...], float | None]] = []

    def listing(self) -> list[SlideFile]:
        return self.files

    def open(self, key: str) -> FakeOpened:
        if self.problem:
            raise IntakeError(self.problem)
        (file,) = [each for each in self.files if each.key == key]
        return FakeOpened(file, 0.25 if key.startswith("a") else None)

    def parts(self, key: str) -> list[FieldReading]:
        return [
            each
            for each in self.fields.fields(None)
            if each.on_slide and each.on_slide.slide == key * 4
        ]

    def start(self, key, box, *, micrometres_per_pixel=None) -> Job[FieldReading]:
        self.asked.append((key, box, micrometres_per_pixel))
        job: Job[FieldReading] = Job(done=0.3, cells=2)
        self.fields.jobs.append(job)
        return job

    def finish(self, key: str) -> FieldReading:
        """The job that was started last ends."""
        job, (_, box, _) = self.fields.jobs[-1], self.asked[-1]
        job.found = self.fields.add(("Koilocytotic", None), on_slide=OnSlide(key * 4, *box[:2]))
        job.state = "done"
        return job.found
