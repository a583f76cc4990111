"""The values that cross between parts of the system. Plain data: no torch, no SQL, no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from cervix_models.language import later

NOTICE = later("Teaching and research only. Not a medical device. A cell class is not a diagnosis.")

Image = NDArray[np.uint8]  # (height, width, 3), RGB, 0..255
Mask = NDArray[np.bool_]  # (height, width)
Heat = NDArray[np.float32]  # (height, width), 0..1

Decision = Literal["class", "refer"]
# A member is one of the classifiers that an ensemble, the classifier of a reading, is the mean of.
ModelRole = Literal["classifier", "member", "segmenter", "finder"]
VerdictKind = Literal["agree", "correct", "refer"]
# Where corrected outlines come from; "segmenter" takes a correction back.
RevisionOrigin = Literal["painted", "imported", "segmenter"]

# Grey values of a stored mask image: one label a pixel.
BACKGROUND, CYTOPLASM, NUCLEUS = 0, 1, 2

MAKERS = ("generator", "translator")  # kinds of models that make cells: of noise, of others


@dataclass(frozen=True)
class Classification:
    """Calibrated probabilities by class name, summing to one."""

    probabilities: Mapping[str, float]

    @property
    def top(self) -> str:
        """The class of the largest probability."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


@dataclass(frozen=True)
class Segmentation:
    """Nucleus and cytoplasm at the image's own size; the two never overlap."""

    nucleus: Mask
    cytoplasm: Mask

    @property
    def cell(self) -> Mask:
        """The whole cell: cytoplasm with the nucleus in it, as SIPaKMeD outlines it."""
        return self.nucleus | self.cytoplasm

    def labels(self) -> NDArray[np.uint8]:
        """A label image `(height, width)`: 0 background, 1 cytoplasm, 2 nucleus."""
        out = np.zeros(self.nucleus.shape, np.uint8)
        out[self.cytoplasm] = CYTOPLASM
        out[self.nucleus] = NUCLEUS
        return out

    @classmethod
    def from_labels(cls, labels: NDArray[np.uint8]) -> Segmentation:
        """The segmentation that `labels` made."""
        return cls(nucleus=labels == NUCLEUS, cytoplasm=labels == CYTOPLASM)


class Classifier(Protocol):
    """A classifier ready to read images."""

    def predict(self, images: Sequence[Image]) -> list[Classification]:
        """One classification an image."""
        ...


class Segmenter(Protocol):
    """A segmenter ready to read images."""

    def predict(self, images: Sequence[Image]) -> list[Segmentation]:
        """One segmentation an image, at the image's own size."""
        ...


@dataclass(frozen=True)
class HeatShares:
    """The parts of a heat map's sum that fall on each region; they sum to one."""

    nucleus: float
    cytoplasm: float
    background: float


@dataclass(frozen=True)
class ModelUse:
    """Which weights spoke in a reading, and in one line how well they were measured."""

    role: ModelRole
    name: str
    version: str
    sha256: str
    summary: str

    @property
    def weights(self) -> str:
        """The weights in one word: name@version:sha256."""
        return f"{self.name}@{self.version}:{self.sha256}"


@dataclass(frozen=True)
class CellImage:
    """An upload that passed the door: pixels without metadata."""

    pixels: Image
    sha256: str  # of the stored PNG made from the pixels
    png: bytes
    synthetic: bool = False  # carries our mark of a generated picture
    # What was changed at the door: 16-bit scaled, alpha laid on white, ...
    warnings: tuple[str, ...] = ()
    micrometres_per_pixel: float | None = None  # by the file, where it says so


@dataclass(frozen=True)
class Reading:
    """All that the system says of one cell image, as it is stored."""

    id: str
    created_at: datetime  # with time zone UTC
    image_sha256: str
    width: int
    height: int
    decision: Decision
    label: str | None  # the class; None where the decision is to refer
    reasons: tuple[str, ...]  # why it is referred, in sentences; empty otherwise
    probabilities: Mapping[str, float]  # empty where the picture is no single cell
    conformal_set: tuple[str, ...]  # classes that hold the true one in 90 % of cells
    # By name of morphology.FEATURES, in pixels; empty where no nucleus or cell was found.
    features: Mapping[str, float]
    heat: HeatShares | None
    mask_sha256: str | None  # PNG, one label a pixel (BACKGROUND, CYTOPLASM, NUCLEUS)
    heat_sha256: str | None  # PNG, grey, 255 the hottest
    gate: Mapping[str, float]  # the measures the gate looked at
    models: tuple[ModelUse, ...]
    micrometres_per_pixel: float | None = None
    sample: bool = False  # read from a built-in synthetic sample cell
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What a reader says of a reading. Verdicts are added, never changed; the newest counts."""

    kind: VerdictKind
    label: str | None  # the class it should be, for `correct`; None otherwise
    remark: str
    author: str
    created_at: datetime


@dataclass(frozen=True)
class Revision:
    """Outlines of a reading that a person corrected, with what follows from them.

    Revisions are added, never changed; the newest counts. The answer of the reading stays on
    record; this one is what its classifier says with these outlines.
    """

    created_at: datetime
    author: str
    origin: RevisionOrigin
    mask_sha256: str
    features: Mapping[str, float]
    heat: HeatShares | None  # of the reading's heat map, by these outlines
    decision: Decision
    label: str | None
    reasons: tuple[str, ...]
    probabilities: Mapping[str, float]


@dataclass(frozen=True)
class Place:
    """Where in a whole field the cell of a reading was found."""

    field_id: str
    number: int  # in the field, from 1
    left: int  # of the reading's picture, in pixels of the field
    top: int
    x: float  # centre of the nucleus, in pixels of the field
    y: float
    score: float  # 0..1, of the finder


@dataclass(frozen=True)
class OnSlide:
    """Which part of a slide a field is."""

    slide: str  # its identity, as `data.slides.identity_of` gives it
    left: int  # of the field, in pixels of the slide
    top: int


@dataclass(frozen=True)
class FieldReading:
    """A whole field that was read cell by cell; its cells are readings with a Place."""

    id: str
    created_at: datetime  # with time zone UTC
    image_sha256: str  # of the picture that is shown: the field, or an overview of it
    width: int  # of the field itself
    height: int
    complete: bool  # False where it was stopped before all of it was read
    models: tuple[ModelUse, ...]
    micrometres_per_pixel: float | None = None
    warnings: tuple[str, ...] = ()
    on_slide: OnSlide | None = None


@dataclass(frozen=True)
class Judgement:
    """What a person said of one picture of a real-or-fake round. Judgements are never changed."""

    created_at: datetime
    learner: str
    round_id: str
    number: int  # of the picture in the round, from 1
    generator: str | None  # that made it; None where it is a real cell
    weights: str | None  # sha256 of the generator's
    label: str  # the class
    said_made: bool
    quality: int | None = None  # 1 poor to 5 excellent; None where it was not rated


@dataclass(frozen=True)
class JudgementSum:
    """What one person said of one generator's cells, or of the real ones, in one round."""

    learner: str
    round_id: str
    generator: str | None  # None: the real cells
    judged: int
    said_made: int
    rated: int
    quality: int  # sum of the ratings
    quality_squares: int  # sum of their squares


@dataclass(frozen=True)
class CareReview:
    """A clinician's review of what the care page says. Reviews are added and never changed."""

    created_at: datetime
    recorded_by: str  # who was signed in
    reviewer: str  # the clinician
    reviewed_on: date
    content_sha256: str  # of the content that was reviewed
    note: str = ""


@dataclass(frozen=True)
class Preference:
    """Which of two made cells of one class a person found more real, and by whom they are."""

    created_at: datetime
    learner: str
    pair_id: str
    label: str
    preferred: str  # the generator's name
    preferred_weights: str  # sha256
    other: str
    other_weights: str


@dataclass(frozen=True)
class WorklistRow:
    """One reading as the worklist shows it."""

    reading: Reading
    verdict: Verdict | None
    revision: Revision | None = None  # the newest
    place: Place | None = None  # of a cell of a field

    @property
    def corrected(self) -> bool:
        """Whether the newest outlines are a person's."""
        return self.revision is not None and self.revision.origin != "segmenter"

    @property
    def current(self) -> Reading:
        """The reading with the newest outlines, and what is measured by them."""
        if self.revision is None:
            return self.reading
        newest = self.revision
        return replace(
            self.reading,
            mask_sha256=newest.mask_sha256,
            features=newest.features,
            heat=newest.heat,
        )


@dataclass(frozen=True)
class FeatureRange:
    """How one feature spreads in one class: percentiles in the feature's own unit."""

    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    count: int


@dataclass(frozen=True)
class Card:
    """What is known of a model's weights. Written by training, shown by pages, never typed."""

    name: str
    version: str
    kind: Literal[
        "classifier", "segmenter", "finder", "encoder", "generator", "translator", "adapter"
    ]
    classes: tuple[str, ...]
    input: Mapping[str, Any]  # size, resize, mean, std, sees_scale
    data: Mapping[str, Any]  # data set, counts, hash of the split, origin of the first weights
    metrics: Mapping[str, Any]  # by protocol; each figure with its interval where there is one
    # Temperature, conformal and gate thresholds, each with its coverage.
    calibration: Mapping[str, Any]
    recipe: Mapping[str, Any]  # the recipe, whole
    licence: str
    weights_sha256: str
    created_at: str  # ISO 8601
    intended_use: str
    limits: tuple[str, ...] = field(default=())

    @property
    def summary(self) -> str:
        """The card in one line: name, version, where measured, how well."""
        return f"{self.name} {self.version}: {self.metrics['summary']}"


DefaultKind = Literal["classifier", "segmenter", "finder"]


@dataclass(frozen=True)
class Promotion:
    """A model made the default of its kind. Promotions are added and never changed: the last one
    of a kind holds."""

    kind: DefaultKind
    name: str
    version: str
    weights_sha256: str
    reason: str
    created_by: str
    created_at: datetime


STEPS, GUIDANCE, HEED = 20, 1.5, 1.5  # of a steered cell, where nothing else is said
RANGES: dict[str, tuple[float, float]] = {  # of the settings of a wish
    "count": (1.0, 16.0),
    "steps": (2.0, 60.0),
    "guidance": (1.0, 6.0),
    "heed": (0.0, 2.0),
    "change": (0.05, 1.0),
}


@dataclass(frozen=True)
class Wish:
    """What is asked of steered cells."""

    label: str
    count: int
    seed: int
    control: Image | None = None  # outlines or edges; None: none are heeded
    heed: float = HEED  # how much of what the ControlNet says is added
    guidance: float = GUIDANCE  # how far cells are pushed to their class; 1: not beyond it
    steps: int = STEPS
    size: float | None = None  # logarithm of the cell's size in pixels; None: as noise says
    like: Image | None = None  # a picture to begin with, instead of noise alone
    change: float = 1.0  # how far that picture is given up for noise
