"""What the triage pages call: an upload becomes a stored reading, and readings get verdicts.

Importing this loads no model; the first reading does.
"""

from __future__ import annotations

import io
import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from cervix_models.cards import here_of, load_cards, readable
from cervix_models.contracts import (
    Card,
    CellImage,
    ModelUse,
    Reading,
    Revision,
    RevisionOrigin,
    Segmentation,
    Verdict,
    VerdictKind,
    WorklistRow,
)
from cervix_models.data.intake import refuse_generated, shown_name, take_cell_image
from cervix_models.data.marks import without_letters
from cervix_models.data.pictures import grey_png, pixels_of
from cervix_models.data.scale import SCALE
from cervix_models.errors import CervixError, IntakeError
from cervix_models.limits import take
from cervix_models.people import needs
from cervix_models.services.defaults import Defaults, defaults_of
from cervix_models.services.exports import note_export
from cervix_models.services.heap import settling
from cervix_models.services.jobs import Job, begin
from cervix_models.settings import Settings, load_settings
from cervix_models.storage.store import Store, open_store
from cervix_models.telemetry import READINGS, SECONDS

if TYPE_CHECKING:
    from cervix_models.services.compare import Drawing, Opinion
    from cervix_models.services.explained import Explained
    from cervix_models.services.reader import Finding, Reader
    from cervix_models.services.uncertainty import Spread
    from cervix_models.services.uploads import ReadUploads, Upload

log = logging.getLogger(__name__)


class Triage:
    """Reads uploads, keeps readings and verdicts. Threads may share one."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Keeps the store; models load with the first reading."""
        self.store, self.settings = store, settings
        self._reader: Reader | None = None
        self._loading = threading.Lock()
        self._warming: threading.Thread | None = None

    exported = note_export

    @needs("pathologist")
    def read(
        self,
        upload: bytes,
        filename: str,
        *,
        micrometres_per_pixel: float | None = None,
        sample: bool = False,
        classifier: str | None = None,
    ) -> Reading:
        """The stored reading of one upload, by the default classifier where none is named.

        With `sample`, a generated picture of ours may be read, all but the letters of its mark, and
        the reading says that it is a sample. Raises IntakeError for bytes that are no cell picture,
        for a generated one without `sample`, and for a scale no microscope has; WeightsError where
        the classifier has no weights here. Then nothing is stored.
        """
        check_scale(micrometres_per_pixel)
        take("readings")
        begun = time.perf_counter()
        cell = taken(upload, filename, sample=sample)
        reader = self.reader()
        finding = reader.read(without_letters(cell.pixels), classifier)
        reading = self.kept(cell, finding, micrometres_per_pixel, reader.models_of(classifier))
        self.store.add_reading(reading)
        READINGS.labels(reading.decision).inc()
        SECONDS.observe(time.perf_counter() - begun)
        return reading

    @needs("pathologist")
    def start(
        self,
        uploads: Sequence[Upload],
        *,
        micrometres_per_pixel: float | None = None,
        classifier: str | None = None,
    ) -> Job[ReadUploads]:
        """A job that reads many uploads in the background, without Grad-CAM.

        Raises IntakeError for a scale that no microscope has.
        """
        from cervix_models.services.uploads import read_uploads

        check_scale(micrometres_per_pixel)
        take("readings", len(uploads))
        return begin(
            lambda progress: read_uploads(
                self, uploads, progress, scale=micrometres_per_pixel, classifier=classifier
            ),
            "uploads",
        )

    @needs("pathologist")
    def explain(self, reading: Reading) -> Explained | None:
        """Where the reading's classifier looked, for one that was read without it; None where that
        reads no picture, or the picture was refused.

        Raises StorageError, and WeightsError where it was read by other weights than are here.
        """
        from cervix_models.services.explained import explained

        return explained(self.reader(), self.store, reading)

    def warm_up(self) -> None:
        """Begins to load the models, so that the first reading need not wait for all of it."""
        if self._warming is None:
            self._warming = threading.Thread(target=self._warm, daemon=True, name="warm-up")
            self._warming.start()

    def _warm(self) -> None:
        try:
            reader = self.reader()
            with settling():
                reader.explainer()
        except CervixError as problem:  # the first reading says it to who asked for one
            log.warning("The models cannot be loaded: %s", problem)

    def defaults(self) -> Defaults:
        """Which models read now where nobody names others: the last promoted of each kind, else
        those that come with the project. Raises StorageError."""
        return defaults_of(self.store.promotions.newest())

    def reader(self) -> Reader:
        """The models that read now, loaded by the first who asks, and anew by the first after a
        promotion; on a cluster where the settings name one. Raises WeightsError, StorageError and
        ClusterError."""
        wanted = self.defaults()
        with self._loading:
            if self._reader is None or self._reader.defaults != wanted:
                with settling():
                    from cervix_models.services.served import open_reader

                    self._reader = open_reader(self.settings, wanted)
            return self._reader

    @needs("pathologist")
    def reading(self, reading_id: str) -> WorklistRow:
        """One reading with its newest verdict. Raises StorageError."""
        return self.store.row(reading_id)

    @needs("pathologist")
    def readings(self, ids: Sequence[str]) -> list[WorklistRow]:
        """The readings of these ids in their order, without those that are gone."""
        return self.store.rows(ids)

    @needs("pathologist")
    def worklist(self, **chosen: Any) -> list[WorklistRow]:
        """The readings, newest first; `chosen` as in Store.readings."""
        return self.store.readings(**chosen)

    @needs("pathologist")
    def count(self, **chosen: Any) -> int:
        """How many readings there are; `chosen` as in Store.count."""
        return self.store.count(**chosen)

    @needs("pathologist")
    def neighbours(self, reading_id: str) -> tuple[str | None, str | None]:
        """The ids before and after a reading in the worklist, or, of a cell of a field, in that
        field. Raises StorageError."""
        place = self.store.row(reading_id).place
        if place is None:
            return self.store.neighbours(reading_id)
        ids: list[str | None] = [row.reading.id for row in self.store.cells(place.field_id)]
        at = ids.index(reading_id)
        before, after = (ids[at - 1] if at else None), [*ids[at + 1 :], None][0]
        return before, after

    @needs("pathologist")
    def give_verdict(
        self, reading_id: str, kind: VerdictKind, label: str | None, remark: str, author: str
    ) -> Verdict:
        """The verdict, stored. Raises VerdictError and StorageError."""
        verdict = Verdict(kind, label, remark.strip(), author, datetime.now(UTC))
        self.store.add_verdict(reading_id, verdict)
        return verdict

    @needs("pathologist")
    def verdicts(self, reading_id: str) -> list[Verdict]:
        """All verdicts on a reading, oldest first. Raises StorageError."""
        return self.store.verdicts(reading_id)

    @needs("pathologist")
    def revise(
        self,
        reading_id: str,
        labels: NDArray[np.uint8],
        origin: RevisionOrigin,
        author: str,
    ) -> Revision:
        """The stored correction of a reading's outlines, measured and asked again.

        `labels` `(height, width)` are BACKGROUND, CYTOPLASM and NUCLEUS. The classifier is the
        reading's own where it has weights here, else the default one. Raises IntakeError for
        outlines of another size, or without nucleus or cytoplasm; StorageError and WeightsError.
        """
        from cervix_models.services.revisions import revision_of

        reading = self.store.row(reading_id).reading
        own = next((use.name for use in reading.models if use.role == "classifier"), None)
        here = {card.name for card in self.classifiers()}
        revision = revision_of(
            self.reader(), self.store, reading, labels, origin, author,
            own if own in here else None,
        )  # fmt: skip
        self.store.add_revision(reading_id, revision)
        return revision

    @needs("pathologist")
    def outlines_from(self, reading: Reading, content: bytes, filename: str) -> NDArray[np.uint8]:
        """The outlines that a file of another program holds for the picture of a reading: GeoJSON
        as QuPath writes it, or a PNG or TIFF of labels. Raises IntakeError."""
        from cervix_models.reports.incoming import labels_from

        return labels_from(content, shown_name(filename), reading.height, reading.width)

    @needs("pathologist")
    def revisions(self, reading_id: str) -> list[Revision]:
        """The corrected outlines of a reading, oldest first. Raises StorageError."""
        return self.store.revisions(reading_id)

    def blob(self, sha256: str) -> bytes:
        """A stored picture. Raises StorageError."""
        return self.store.blob(sha256)

    def cards(self) -> list[Card]:
        """The cards of all weights there are."""
        return load_cards(*self.settings.shelves)

    def milliseconds(self, classifier: str, upload: bytes) -> float:
        """The median time of one answer of a classifier here, on a sample picture of ours.

        Raises WeightsError where it has no weights here.
        """
        from cervix_models.services.models import milliseconds

        return milliseconds(self.reader(), classifier, take_cell_image(upload, "sample").pixels)

    @needs("pathologist")
    def opinions(
        self, reading: Reading, names: Sequence[str], labels: NDArray[np.uint8] | None = None
    ) -> list[Opinion]:
        """What each named classifier says of the picture of a reading, by its stored outlines or
        by `labels` `(height, width)`. Raises WeightsError and StorageError."""
        from cervix_models.services.compare import opinions

        image = without_letters(pixels_of(self.blob(reading.image_sha256), "RGB"))
        if labels is None and reading.mask_sha256:
            labels = pixels_of(self.blob(reading.mask_sha256), "L")
        mask = None if labels is None else Segmentation.from_labels(labels)
        return opinions(self.reader(), image, names, mask)[1]

    @needs("pathologist")
    def drawings(self, reading: Reading) -> list[Drawing]:
        """What each segmenter that is here draws of the picture of a reading, the default one
        first. Raises WeightsError and StorageError."""
        from cervix_models.services.compare import drawings

        reader = self.reader()
        others = sorted(each.name for each in here_of(("segmenter",), *self.settings.shelves))
        default = reader.defaults.segmenter
        names = [default, *(each for each in others if each != default)]
        image = without_letters(pixels_of(self.blob(reading.image_sha256), "RGB"))
        return drawings(reader, image, names)

    def opinions_disturbed(
        self, upload: bytes, strengths: Mapping[str, float], names: Sequence[str]
    ) -> tuple[bytes, list[Opinion]]:
        """A picture of ours or of a reading after disturbances, as PNG, and what is said of it.

        `strengths` are by name of evaluation.disturbances. Raises WeightsError and IntakeError.
        """
        from cervix_models.evaluation.disturbances import disturbed
        from cervix_models.services.compare import opinions

        cell = take_cell_image(upload, "cell")
        image = without_letters(cell.pixels)
        shown = disturbed(image, strengths)
        out = io.BytesIO()
        PilImage.fromarray(shown).save(out, "PNG")
        return out.getvalue(), opinions(self.reader(), shown, names)[1]

    @needs("pathologist")
    def features(self, reading: Reading, labels: NDArray[np.uint8]) -> dict[str, float]:
        """The features of a reading's picture by other outlines; empty where they lack a nucleus
        or cytoplasm. Raises StorageError."""
        from cervix_models.morphology import measure

        mask = Segmentation.from_labels(labels)
        if not (mask.nucleus.any() and mask.cytoplasm.any()):
            return {}
        return measure(pixels_of(self.blob(reading.image_sha256), "RGB"), mask)

    @needs("pathologist")
    def spreads(self, reading: Reading) -> dict[str, Spread]:
        """How far each feature moves over turns and flips of the picture of a reading; empty where
        nothing can be measured. Raises StorageError and WeightsError."""
        from cervix_models.services.uncertainty import feature_spreads

        image = without_letters(pixels_of(self.blob(reading.image_sha256), "RGB"))
        return feature_spreads(self.reader().outlines, image)

    @needs("pathologist")
    def labels(self, reading: Reading) -> NDArray[np.uint8]:
        """The stored outlines of a reading, one label a pixel. Raises StorageError."""
        if reading.mask_sha256 is None:
            return np.zeros((reading.height, reading.width), np.uint8)
        return pixels_of(self.blob(reading.mask_sha256), "L")

    def classifiers(self) -> list[Card]:
        """The cards of the classifiers that can read here, the most accurate first."""
        return readable(*self.settings.shelves)

    def kept(
        self,
        cell: CellImage,
        finding: Finding,
        scale: float | None,
        models: tuple[ModelUse, ...],
    ) -> Reading:
        """The reading of a finding by these `models`, its pictures put into the store, not yet
        itself. Without a `scale` it has that of the file."""
        heat = None if finding.heat is None else (finding.heat * 255).astype(np.uint8)
        height, width = cell.pixels.shape[:2]
        seen, put = finding.classification, self.store.put_blob
        return Reading(
            id=uuid.uuid4().hex,
            created_at=datetime.now(UTC),
            image_sha256=put(cell.png),
            width=width,
            height=height,
            decision=finding.decision,
            label=finding.label,
            reasons=finding.reasons,
            probabilities=dict(seen.probabilities) if seen else {},
            conformal_set=finding.conformal_set,
            features=dict(finding.features),
            heat=finding.shares,
            mask_sha256=put(grey_png(finding.segmentation.labels(), optimize=True)),
            heat_sha256=None if heat is None else put(grey_png(heat, optimize=True)),
            gate=dict(finding.gate),
            models=models,
            micrometres_per_pixel=scale or cell.micrometres_per_pixel,
            sample=cell.synthetic,
            warnings=cell.warnings,
        )


def open_triage() -> Triage:
    """The service of this installation. Raises StorageError."""
    settings = load_settings()
    return Triage(open_store(settings), settings)


def taken(upload: bytes, filename: str, *, sample: bool = False) -> CellImage:
    """The picture of one cell. Raises IntakeError for bytes that are none, and for a generated one
    that is no `sample`."""
    cell = take_cell_image(upload, filename)
    if cell.synthetic and not sample:
        refuse_generated(shown_name(filename), "cell", "a sample cell")
    return cell


def check_scale(value: float | None) -> None:
    """Raises IntakeError for micrometres a pixel that no microscope gives."""
    if value is not None and not SCALE[0] <= value <= SCALE[1]:
        raise IntakeError(
            f"The scale is {value:g} micrometres a pixel; {SCALE[0]:g} to {SCALE[1]:g} was "
            "expected. Look it up in the microscope's camera settings, or leave it empty."
        )
