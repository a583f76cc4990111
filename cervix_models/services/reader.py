"""One picture read by all models that have a say: outlines, class, heat, measures, refusals."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cervix_models.cards import load_card, members_of, use_of
from cervix_models.contracts import (
    Classification,
    Decision,
    Heat,
    HeatShares,
    Image,
    ModelUse,
    Segmentation,
)
from cervix_models.gate import (
    LOOKS_MADE,
    Space,
    Tell,
    load_space,
    load_tell,
    measures_of,
    refusals,
)
from cervix_models.morphology import heat_shares, measure
from cervix_models.predictors import (
    CellReader,
    ClassReader,
    EnsembleReader,
    OutlineReader,
    Seen,
    conformal_members,
    open_classifier,
)
from cervix_models.services.defaults import Defaults
from cervix_models.settings import Settings

if TYPE_CHECKING:
    from cervix_models.explain import Explains


@dataclass(frozen=True)
class Finding:
    """What the models say of one picture, before anything is stored."""

    decision: Decision
    label: str | None
    reasons: tuple[str, ...]
    classification: Classification | None  # None where the picture is no readable single cell
    conformal_set: tuple[str, ...]
    segmentation: Segmentation
    features: Mapping[str, float]
    heat: Heat | None
    shares: HeatShares | None
    gate: Mapping[str, float]


@dataclass(frozen=True)
class Gate:
    """What tells cells from other pictures: ranges of measures, one of them how far a picture is
    from known cells in the space of one network."""

    lead: ClassReader
    space: Space
    ranges: Mapping[str, tuple[float, float]]
    tell: Tell | None  # of made cells without their mark, where it was fitted

    def judged(
        self,
        images: Sequence[Image],
        masks: Sequence[Segmentation],
        embeddings: NDArray[np.float32],
    ) -> list[tuple[dict[str, float], list[str]]]:
        """Of each picture its measures, and why it is no readable photograph of a cell; the
        embeddings `(n, width)` are those of the lead."""
        distances = self.space.distances(embeddings)
        made = np.zeros(len(images), bool) if self.tell is None else self.tell.finds(embeddings)
        out = []
        for image, mask, far, looks_made in zip(images, masks, distances, made, strict=True):
            measures = measures_of(image, mask, float(far))
            reasons = refusals(measures, self.ranges)
            out.append((measures, [*reasons, LOOKS_MADE] if looks_made else reasons))
        return out


@dataclass(frozen=True)
class Voice:
    """A classifier that was asked for, with what decides when it answers."""

    cells: ClassReader
    gate: Gate
    refer_below: float
    least: NDArray[np.float64]  # (5,), the least probability with which a class enters the set


class Reader:
    """The models, each loaded once; threads may share one.

    Outlines are the same whichever classifier is asked, and so is the gate, that of the default
    classifier, except where one has a gate of its own. A reader keeps its defaults: once others
    are promoted, who reads next makes a new one, and what is under way ends with this one.
    """

    def __init__(self, settings: Settings, defaults: Defaults | None = None) -> None:
        """Loads outlines, gate and the default classifier; without `defaults` those that come with
        the project. Raises WeightsError."""
        self.settings = settings
        self.defaults = defaults = defaults or Defaults()
        self.outlines = OutlineReader(defaults.segmenter, settings)
        defaults.check(self.outlines.card)
        self._loading = threading.Lock()
        self._voices: dict[str, Voice] = {}
        self._explainers: dict[str, Explains | None] = {}
        self._outliners = {defaults.segmenter: self.outlines}
        defaults.check(self.voice().cells.card)

    def voice(self, name: str | None = None) -> Voice:
        """The classifier of this name, or the default one, loaded by the first who asks. Raises
        WeightsError."""
        name = name or self.defaults.classifier
        with self._loading:
            if name not in self._voices:
                cells = open_classifier(name, self.settings, self._here())
                fitted = cells.card.calibration
                self._voices[name] = Voice(
                    cells=cells,
                    gate=self._gate(cells),
                    refer_below=float(fitted["refer_below"]),
                    least=np.array([fitted["conformal_least"][n] for n in cells.card.classes]),
                )
        return self._voices[name]

    def explainer(self, name: str | None = None) -> Explains | None:
        """Grad-CAM of the classifier of this name, or the default one, loaded by the first who
        asks; None where it reads features alone. Raises WeightsError."""
        name = name or self.defaults.classifier
        with self._loading:
            if name not in self._explainers:
                from cervix_models.explain import open_explainer  # with torch, which takes seconds

                self._explainers[name] = open_explainer(name, self.settings)
            return self._explainers[name]

    def outliner(self, name: str) -> OutlineReader:
        """The segmenter of this name, loaded by the first who asks. Raises WeightsError."""
        with self._loading:
            if name not in self._outliners:
                self._outliners[name] = OutlineReader(name, self.settings)
            return self._outliners[name]

    def _here(self) -> dict[str, CellReader]:
        """The networks that are loaded, also those of ensembles, so that all share them."""
        cells = [voice.cells for voice in self._voices.values()]
        several = (each.readers if isinstance(each, EnsembleReader) else [each] for each in cells)
        flat = (one for some in several for one in some if isinstance(one, CellReader))
        return {each.card.name: each for each in flat}

    def _gate(self, cells: ClassReader) -> Gate:
        fitted, name = cells.card.calibration, cells.card.name
        if "gate" not in fitted and name != self.defaults.classifier:
            return self._voices[self.defaults.classifier].gate
        ranges = {each: (low, high) for each, (low, high) in fitted["gate"]["ranges"].items()}
        folder = self.settings.shelf(name) / name
        return Gate(cells.lead, load_space(folder), ranges, load_tell(folder))

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """The weights that speak in every reading by the default classifier."""
        return self.models_of()

    def models_of(self, classifier: str | None = None) -> tuple[ModelUse, ...]:
        """The weights that speak in a reading by this classifier. Raises WeightsError."""
        cells = self.voice(classifier).cells
        return (
            use_of("classifier", cells.card),
            *(use_of("member", card) for card in cells.members),
            use_of("segmenter", self.outlines.card),
        )

    def read(self, image: Image, classifier: str | None = None) -> Finding:
        """The finding of one picture, with heat. Raises WeightsError."""
        return self.read_many([image], with_heat=True, classifier=classifier)[0]

    def read_many(
        self, images: Sequence[Image], *, with_heat: bool = False, classifier: str | None = None
    ) -> list[Finding]:
        """The findings of several pictures; Grad-CAM costs most, and comes `with_heat` only."""
        return self.judge(
            images, self.outlines.predict(images), with_heat=with_heat, classifier=classifier
        )

    def judge(
        self,
        images: Sequence[Image],
        masks: Sequence[Segmentation],
        *,
        with_heat: bool = False,
        classifier: str | None = None,
    ) -> list[Finding]:
        """The findings of pictures whose outlines are known, by a segmenter or by hand."""
        voice = self.voice(classifier)
        seen = voice.cells.see(images, masks)
        embeddings = _lead_embeddings(voice, seen, images, masks)
        judged = voice.gate.judged(images, masks, embeddings)
        return [
            self._finding(image, mask, row, gated, voice, with_heat)
            for image, mask, row, gated in zip(
                images, masks, seen.probabilities, judged, strict=True
            )
        ]

    def _finding(
        self,
        image: Image,
        mask: Segmentation,
        row: NDArray[np.float64],
        gated: tuple[dict[str, float], list[str]],
        voice: Voice,
        with_heat: bool,
    ) -> Finding:
        gate, refused = gated
        answer = voice.cells.named(row)
        members = conformal_members(row, voice.least)
        chosen = tuple(n for n, held in zip(answer.probabilities, members, strict=True) if held)
        unsure = [] if refused else _doubts(answer, chosen, voice.refer_below)
        reasons = (*refused, *unsure)
        heat = shares = None
        explainer = self.explainer(voice.cells.card.name) if with_heat and not refused else None
        if explainer is not None:
            heat = explainer.heat(image, answer.top, mask)
            shares = heat_shares(heat, mask)
        whole = mask.nucleus.any() and mask.cytoplasm.any()
        return Finding(
            decision="refer" if reasons else "class",
            label=None if reasons else answer.top,
            reasons=reasons,
            classification=None if refused else answer,
            conformal_set=() if refused else chosen,
            segmentation=mask,
            features=measure(image, mask) if whole and not refused else {},
            heat=heat,
            shares=shares,
            gate=gate,
        )


def uses_of(classifier: str, segmenter: str, settings: Settings) -> tuple[ModelUse, ...]:
    """The weights that speak in a reading by these, as their cards say, without loading them.
    Raises WeightsError."""
    shelf = settings.shelf(classifier)
    card, members = members_of(classifier, shelf)
    return (
        use_of("classifier", card),
        *(use_of("member", load_card(each, shelf)) for each in members),
        use_of("segmenter", load_card(segmenter, settings.shelf(segmenter))),
    )


def _lead_embeddings(
    voice: Voice, seen: Seen, images: Sequence[Image], masks: Sequence[Segmentation]
) -> NDArray[np.float32]:
    """The embeddings that the gate looks at, which the classifier may have made already."""
    if voice.cells.lead is voice.gate.lead:
        return seen.embeddings
    return voice.gate.lead.see(images, masks).embeddings


def _doubts(answer: Classification, chosen: tuple[str, ...], refer_below: float) -> list[str]:
    top = answer.probabilities[answer.top]
    if top >= refer_below:
        return []
    among = f" It may be {' or '.join(chosen)}." if len(chosen) > 1 else ""
    return [
        f"The model is not sure enough: its largest probability is {top:.0%}, and a class is "
        f"named from {refer_below:.0%} on.{among} A person should read it."
    ]
