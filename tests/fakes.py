"""A triage service without models: it draws its own outlines, and answers as it is told."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from PIL import Image as Pictures

from cervix_models.contracts import (
    Card,
    ModelUse,
    Reading,
    Revision,
    Segmentation,
    Verdict,
    WorklistRow,
)
from cervix_models.data.intake import take_cell_image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import IntakeError, StorageError, VerdictError, WeightsError
from cervix_models.morphology import heat_shares, measure
from cervix_models.reports.incoming import labels_from
from cervix_models.services.compare import Drawing, Member, Opinion
from cervix_models.services.defaults import CLASSIFIER, Defaults
from cervix_models.services.explained import Explained
from cervix_models.services.exports import Export
from cervix_models.services.jobs import Job
from cervix_models.services.revisions import check_labels
from cervix_models.services.uncertainty import Spread
from cervix_models.services.uploads import ReadUploads, Upload
from cervix_models.settings import load_settings

USE = ModelUse("classifier", "tiny", "1", "ab" * 32, "tiny 1: accuracy 0.5 on made cells")
OUTLINER = ModelUse("segmenter", "outliner", "1", "cd" * 32, "outliner 1: Dice 0.5")

CARD = Card(
    name="tiny",
    version="1",
    kind="classifier",
    classes=CLASS_NAMES,
    input={"size": 32},
    data={"name": "made cells", "cells": 50},
    metrics={
        "summary": "accuracy 0.5 on made cells",
        "clusters": {
            "accuracy": {"value": 0.5, "low": 0.4, "high": 0.6},
            "by_class": {name: {"recall": 0.5} for name in CLASS_NAMES},
            "confusion": [[5 if row == column else 1 for column in range(5)] for row in range(5)],
            "reliability": [{"confidence": 0.6, "accuracy": 0.5, "count": 20}],
            "coverage_curve": [
                {"threshold": 0.2, "coverage": 1.0, "accuracy": 0.5},
                {"threshold": 0.8, "coverage": 0.4, "accuracy": 0.7},
            ],
        },
        "tried": [{"backbone": "x", "accuracy": 0.4}],
    },
    calibration={"temperature": 1.2},
    recipe={"epochs": 1},
    licence="Apache-2.0",
    weights_sha256="ab" * 32,
    created_at="2026-11-21T00:00:00Z",
    intended_use="For tests.",
    limits=("Knows no cell.",),
)


def drawn_cell(size: int = 160, seed: int = 0) -> np.ndarray:
    """A picture of one cell: a pale ground, a round body, a dark nucleus, and grain."""
    random = np.random.default_rng(seed)
    cell, nucleus = cell_shapes(size, size)
    picture = np.empty((size, size, 3), np.float64)
    picture[:] = (226, 224, 230)
    picture[cell] = (168, 190, 205)
    picture[nucleus] = (84, 70, 120)
    return np.clip(picture + random.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


def cell_shapes(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole cell and nucleus of a drawn cell."""
    y, x = np.mgrid[:height, :width] / min(height, width) - 0.5
    return (x / 0.42) ** 2 + (y / 0.36) ** 2 < 1, ((x - 0.05) ** 2 + y**2) < 0.11**2


SIDE = 150  # pixels of a cell in a field


def field_of(across: int, down: int) -> tuple[np.ndarray, np.ndarray]:
    """A field of drawn cells side by side, and the centres of their nuclei."""
    rows = [
        np.concatenate([drawn_cell(SIDE, seed=10 * y + x) for x in range(across)], axis=1)
        for y in range(down)
    ]
    centres = [((x + 0.55) * SIDE, (y + 0.5) * SIDE) for y in range(down) for x in range(across)]
    return np.concatenate(rows), np.array(centres)


def png(pixels: np.ndarray) -> bytes:
    """The PNG of some pixels."""
    out = io.BytesIO()
    Pictures.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


class FakeTriage:
    """Keeps readings in memory. `answer` is the class of the next reading; None refers it."""

    def __init__(self, answer: str | None = "Koilocytotic") -> None:
        self.answer = answer
        self.rows: dict[str, WorklistRow] = {}
        self.blobs: dict[str, bytes] = {}
        self.heat_off_cell = False
        self.card_list: list[Card] = []
        self.segmenters = 1
        self.warm = False
        self.changes: dict[str, list[Revision]] = {}
        self.slow = False  # whether a job goes on
        self.no_weights: str | None = None
        self.blind = False  # whether the classifier reads no picture
        self.asked: list[str] = []  # the classifier of each reading
        self.taken: list[Export] = []
        self.settings = load_settings()

    def warm_up(self) -> None:
        self.warm = True

    def defaults(self) -> Defaults:
        return Defaults()

    def read(
        self,
        upload: bytes,
        filename: str,
        *,
        micrometres_per_pixel: float | None = None,
        sample: bool = False,
        classifier: str | None = None,
    ) -> Reading:
        self.asked.append(classifier or CLASSIFIER)
        image = take_cell_image(upload, filename)
        height, width = image.pixels.shape[:2]
        cell, nucleus = cell_shapes(height, width)
        found = Segmentation(nucleus=nucleus, cytoplasm=cell & ~nucleus)
        warm = ~cell if self.heat_off_cell else nucleus
        heat = warm.astype(np.float32)
        reading = Reading(
            id=uuid.uuid4().hex,
            created_at=datetime.now(UTC),
            image_sha256=self._keep(image.png),
            width=width,
            height=height,
            decision="class" if self.answer else "refer",
            label=self.answer,
            reasons=() if self.answer else ("The largest probability is 41 %, under 80 %.",),
            probabilities=self._probabilities(),
            conformal_set=(self.answer,) if self.answer else CLASS_NAMES[:2],
            features=measure(image.pixels, found),
            heat=heat_shares(heat, found),
            mask_sha256=self._keep(png(found.labels())),
            heat_sha256=self._keep(png((heat * 255).astype(np.uint8))),
            gate={"sharpness": 1.0},
            models=(USE, OUTLINER),
            micrometres_per_pixel=micrometres_per_pixel,
            sample=sample,
            warnings=image.warnings,
        )  # fmt: skip
        self.rows[reading.id] = WorklistRow(reading, None)
        return reading

    def start(
        self,
        uploads: Sequence[Upload],
        *,
        micrometres_per_pixel: float | None = None,
        classifier: str | None = None,
    ) -> Job[ReadUploads]:
        """A job that is done already, unless `slow`."""
        self.job = Job[ReadUploads]()
        found = self.job.found = ReadUploads()
        for upload in uploads:
            try:
                reading = self.read(
                    upload.content, upload.name, micrometres_per_pixel=micrometres_per_pixel,
                    classifier=classifier,
                )  # fmt: skip
            except IntakeError as problem:
                found.problems.append(str(problem))
                continue
            plain = replace(reading, heat=None, heat_sha256=None)
            self.rows[reading.id] = WorklistRow(plain, None)
            found.names[reading.id] = upload.name
        if not self.slow:
            self.job.state = "done"
        return self.job

    def explain(self, reading: Reading) -> Explained | None:
        if self.no_weights:
            raise WeightsError(self.no_weights)
        if self.blind:
            return None
        heat = np.zeros((reading.height, reading.width), np.float32)
        heat[reading.height // 2 :] = 1
        found = Segmentation.from_labels(self.labels(reading))
        return Explained(png((heat * 255).astype(np.uint8)), heat_shares(heat, found))

    def readings(self, ids: Sequence[str]) -> list[WorklistRow]:
        return [self.rows[each] for each in ids if each in self.rows]

    def reading(self, reading_id: str) -> WorklistRow:
        if reading_id not in self.rows:
            raise StorageError(f"There is no reading {reading_id!r}.")
        return self.rows[reading_id]

    def worklist(
        self,
        *,
        decision: str | None = None,
        label: str | None = None,
        verdict: str | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> list[WorklistRow]:
        def fits(row: WorklistRow) -> bool:
            kind = row.verdict.kind if row.verdict else "open"
            return (
                decision in (None, row.reading.decision)
                and label in (None, row.reading.label)
                and verdict in (None, kind)
            )

        return [row for row in reversed(self.rows.values()) if fits(row)][offset : offset + limit]

    def neighbours(self, reading_id: str) -> tuple[str | None, str | None]:
        ids = list(reversed(self.rows))
        at = ids.index(reading_id)
        return (ids[at - 1] if at else None), (ids[at + 1] if at + 1 < len(ids) else None)

    def give_verdict(
        self, reading_id: str, kind: str, label: str | None, remark: str, author: str
    ) -> Verdict:
        if remark == "refuse me":
            raise VerdictError("This verdict was refused.")
        verdict = Verdict(kind, label, remark, author, datetime.now(UTC))
        self.rows[reading_id] = replace(self.rows[reading_id], verdict=verdict)
        return verdict

    def verdicts(self, reading_id: str) -> list[Verdict]:
        verdict = self.rows[reading_id].verdict
        return [verdict] if verdict else []

    def revise(self, reading_id: str, labels: np.ndarray, origin: str, author: str) -> Revision:
        reading = self.rows[reading_id].reading
        check_labels(labels, reading)
        areas = {"nucleus_area": (labels == 2).sum(), "cytoplasm_area": (labels == 1).sum()}
        revision = Revision(
            created_at=datetime.now(UTC),
            author=author,
            origin=origin,
            mask_sha256=self._keep(png(labels)),
            features={**reading.features, **{name: float(v) for name, v in areas.items()}},
            heat=reading.heat,
            decision="class",
            label="Metaplastic",
            reasons=(),
            probabilities={"Metaplastic": 0.8, "Koilocytotic": 0.2},
        )
        self.changes.setdefault(reading_id, []).append(revision)
        self.rows[reading_id] = replace(self.rows[reading_id], revision=revision)
        return revision

    def revisions(self, reading_id: str) -> list[Revision]:
        return self.changes.get(reading_id, [])

    def outlines_from(self, reading: Reading, content: bytes, filename: str) -> np.ndarray:
        return labels_from(content, filename, reading.height, reading.width)

    def blob(self, sha256: str) -> bytes:
        if sha256 not in self.blobs:
            raise StorageError(f"There is no picture {sha256} in the store.")
        return self.blobs[sha256]

    def exported(self, made: Export) -> None:
        self.taken.append(made)

    def classifiers(self) -> list[Card]:
        return [card for card in self.card_list if card.kind == "classifier"]

    def opinions(self, reading: Reading, names: list[str], labels=None) -> list[Opinion]:
        part = 0.0 if labels is None else float((labels == 2).mean())
        share = min(0.9, 0.5 + part)
        rest = (1 - share) / (len(CLASS_NAMES) - 1)
        said = {n: share if n == CLASS_NAMES[1] else rest for n in CLASS_NAMES}
        other = {n: share if n == CLASS_NAMES[2] else rest for n in CLASS_NAMES}
        heat = png(np.full((reading.height, reading.width), 128, np.uint8))
        members = (Member("one", 0.6, said), Member("two", 0.4, other))
        return [
            Opinion(
                name, "class", CLASS_NAMES[1], (), said, heat if at == 0 else None,
                members if at == 0 else (), reads_outlines=at == 1,
            )
            for at, name in enumerate(names)
        ]  # fmt: skip

    def drawings(self, reading: Reading) -> list[Drawing]:
        labels = self.labels(reading)
        smaller = np.where(labels == 2, 1, labels).astype(np.uint8)
        smaller[: reading.height // 2][labels[: reading.height // 2] == 2] = 2
        found = [Drawing("outliner", labels, {"nucleus": 1.0, "cell": 1.0})]
        if self.segmenters > 1:
            found.append(Drawing("other", smaller, {"nucleus": 0.67, "cell": 1.0}))
        return found

    def spreads(self, reading: Reading) -> dict[str, Spread]:
        return {name: Spread(0.9 * v, 1.1 * v) for name, v in reading.features.items()}

    def labels(self, reading: Reading) -> np.ndarray:
        cell, nucleus = cell_shapes(reading.height, reading.width)
        return np.where(nucleus, 2, cell).astype(np.uint8)

    def features(self, reading: Reading, labels: np.ndarray) -> dict[str, float]:
        return {"nucleus_area": float((labels == 2).sum())}

    def cards(self) -> list[Card]:
        return self.card_list

    def _keep(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        self.blobs[name] = content
        return name

    def _probabilities(self) -> dict[str, float]:
        top = self.answer or CLASS_NAMES[0]
        share = 0.92 if self.answer else 0.41
        rest = (1 - share) / (len(CLASS_NAMES) - 1)
        return {name: share if name == top else rest for name in CLASS_NAMES}
