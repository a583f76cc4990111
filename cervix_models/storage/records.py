"""From the contracts' values to rows of the tables, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from cervix_models.contracts import (
    Decision,
    FieldReading,
    HeatShares,
    ModelRole,
    ModelUse,
    OnSlide,
    Place,
    Reading,
    Revision,
    RevisionOrigin,
    Verdict,
    VerdictKind,
    WorklistRow,
)
from cervix_models.storage.tables import (
    FieldRecord,
    ModelUseRecord,
    PlaceRecord,
    ReadingRecord,
    RevisionRecord,
    VerdictRecord,
)

PLAIN = (
    "id", "created_at", "image_sha256", "mask_sha256", "heat_sha256", "width", "height",
    "decision", "label", "probabilities", "features", "gate", "micrometres_per_pixel", "sample",
)  # fmt: skip
LISTS = ("reasons", "conformal_set", "warnings")


def record_of_reading(reading: Reading) -> ReadingRecord:
    """The row of a reading, with the rows of the models that spoke in it."""
    record = ReadingRecord(**{name: getattr(reading, name) for name in PLAIN})
    for name in LISTS:
        setattr(record, name, list(getattr(reading, name)))
    record.heat = None if reading.heat is None else asdict(reading.heat)
    record.uses = [ModelUseRecord(**asdict(use)) for use in reading.models]
    return record


def reading_of(record: ReadingRecord) -> Reading:
    """The reading that `record_of_reading` made the row of."""
    return Reading(
        id=record.id,
        created_at=record.created_at,
        image_sha256=record.image_sha256,
        width=record.width,
        height=record.height,
        decision=cast("Decision", record.decision),
        label=record.label,
        reasons=tuple(record.reasons),
        probabilities=record.probabilities,
        conformal_set=tuple(record.conformal_set),
        features=record.features,
        heat=None if record.heat is None else HeatShares(**record.heat),
        mask_sha256=record.mask_sha256,
        heat_sha256=record.heat_sha256,
        gate=record.gate,
        models=tuple(_use_of(use) for use in record.uses),
        micrometres_per_pixel=record.micrometres_per_pixel,
        sample=record.sample,
        warnings=tuple(record.warnings),
    )


def record_of_verdict(reading_id: str, verdict: Verdict) -> VerdictRecord:
    """The row of a verdict on a reading."""
    return VerdictRecord(reading_id=reading_id, **asdict(verdict))


def verdict_of(record: VerdictRecord) -> Verdict:
    """The verdict of a row."""
    return Verdict(
        kind=cast("VerdictKind", record.kind),
        label=record.label,
        remark=record.remark,
        author=record.author,
        created_at=record.created_at,
    )


def record_of_revision(reading_id: str, revision: Revision) -> RevisionRecord:
    """The row of corrected outlines of a reading."""
    values = asdict(revision) | {"reasons": list(revision.reasons)}
    return RevisionRecord(reading_id=reading_id, **values)


def revision_of(record: RevisionRecord) -> Revision:
    """The revision of a row."""
    return Revision(
        created_at=record.created_at,
        author=record.author,
        origin=cast("RevisionOrigin", record.origin),
        mask_sha256=record.mask_sha256,
        features=record.features,
        heat=None if record.heat is None else HeatShares(**record.heat),
        decision=cast("Decision", record.decision),
        label=record.label,
        reasons=tuple(record.reasons),
        probabilities=record.probabilities,
    )


def record_of_field(field: FieldReading) -> FieldRecord:
    """The row of a field."""
    values = asdict(field) | {"warnings": list(field.warnings)}
    uses, on_slide = values.pop("models"), field.on_slide
    del values["on_slide"]
    if on_slide:
        values |= {"slide": on_slide.slide, "slide_left": on_slide.left, "slide_top": on_slide.top}
    return FieldRecord(**values, uses=uses)


def field_of(record: FieldRecord) -> FieldReading:
    """The field of a row."""
    return FieldReading(
        id=record.id,
        created_at=record.created_at,
        image_sha256=record.image_sha256,
        width=record.width,
        height=record.height,
        complete=record.complete,
        models=tuple(
            ModelUse(
                cast("ModelRole", use["role"]),
                use["name"],
                use["version"],
                use["sha256"],
                use["summary"],
            )
            for use in record.uses
        ),
        micrometres_per_pixel=record.micrometres_per_pixel,
        warnings=tuple(record.warnings),
        on_slide=_on_slide(record),
    )


def _on_slide(record: FieldRecord) -> OnSlide | None:
    if record.slide is None or record.slide_left is None or record.slide_top is None:
        return None
    return OnSlide(record.slide, record.slide_left, record.slide_top)


def record_of_place(reading_id: str, place: Place) -> PlaceRecord:
    """The row that says where in a field a reading's cell is."""
    return PlaceRecord(reading_id=reading_id, **asdict(place))


def place_of(record: PlaceRecord) -> Place:
    """The place of a row."""
    return Place(
        field_id=record.field_id,
        number=record.number,
        left=record.left,
        top=record.top,
        x=record.x,
        y=record.y,
        score=record.score,
    )


def _use_of(record: ModelUseRecord) -> ModelUse:
    role = cast("ModelRole", record.role)
    return ModelUse(role, record.name, record.version, record.sha256, record.summary)


def row_of(
    reading: ReadingRecord,
    verdict: VerdictRecord | None,
    revision: RevisionRecord | None,
    place: PlaceRecord | None,
) -> WorklistRow:
    """A reading with its newest verdict, newest outlines and place, as a row of the worklist."""
    return WorklistRow(
        reading_of(reading),
        None if verdict is None else verdict_of(verdict),
        None if revision is None else revision_of(revision),
        None if place is None else place_of(place),
    )
