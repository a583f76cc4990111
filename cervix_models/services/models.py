"""What the pages on models call: how each stands, how fast it is here, what they say of a cell."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cervix_models.cards import FILM, accuracy_of, at_hand, load_cards, readable
from cervix_models.contracts import Card, Image
from cervix_models.settings import Settings

if TYPE_CHECKING:
    from cervix_models.services.reader import Reader

TIMED = 9  # readings; the median is told


@dataclass(frozen=True)
class ModelRow:
    """One classifier as the leaderboard shows it. Figures are {value, low, high}."""

    name: str
    about: str
    classes: tuple[str, ...]
    images: int  # that it was measured on
    cluster: Mapping[str, float]
    random: Mapping[str, float] | None
    difference: Mapping[str, float] | None  # random minus cluster, paired by cell
    random_leak: Mapping[str, float]  # how much of it has relatives among the learned
    reported: Mapping[str, Any]  # of its document; empty where there is none
    macro_f1: Mapping[str, float]
    calibration_error: Mapping[str, float]
    answered: float  # part of the cells that are answered at 99 % right
    parameters: int
    megabytes: float
    start: str  # the origin of its first weights
    reads: str
    here: bool  # its weights are at hand
    seconds_a_fold: float | None
    trained_on: str
    curves: Sequence[Mapping[str, float]]
    against: Mapping[str, Mapping[str, float]]
    robustness: Mapping[str, Any]  # by disturbance: strength, accuracy, part refused; or empty
    foreign: Mapping[str, Any]  # by data set: normal against abnormal; or empty


def rows(settings: Settings) -> list[ModelRow]:
    """Every measured classifier, the most accurate with clusters kept apart first."""
    here = {card.name for card in readable(*settings.shelves)}
    measured = [
        card
        for card in load_cards(*settings.shelves)
        if card.kind == "classifier" and "cluster_split" in card.metrics
    ]
    ordered = sorted(measured, key=lambda card: (-accuracy_of(card), card.name))
    return [_row(card, here=card.name in here) for card in ordered]


def _row(card: Card, *, here: bool) -> ModelRow:
    metrics, data = card.metrics, card.data
    split = metrics["cluster_split"]
    training = data.get("training") or {}
    return ModelRow(
        name=card.name,
        about=str(card.recipe["about"]),
        classes=card.classes,
        images=int(split["cells"]),
        cluster=split["accuracy"],
        random=metrics.get("random_split", {}).get("accuracy"),
        difference=metrics.get("random_minus_cluster"),
        random_leak=metrics.get("random_split", {}).get("leak", {}),
        reported=metrics.get("reported", {}),
        macro_f1=split["macro_f1"],
        calibration_error=split["calibration_error"],
        answered=float(split["refer"]["coverage"]),
        parameters=int(data.get("parameters", 0)),
        megabytes=float(data.get("megabytes", 2 * int(data.get("parameters", 0)) / 1e6)),
        start=str(data.get("first_weights", "")),
        reads=", ".join(card.input.get("members", {})) or str(card.input.get("reads", "image")),
        here=here,
        seconds_a_fold=training.get("seconds_a_fold"),
        trained_on=str(training.get("on", "")),
        curves=metrics.get("curves", []),
        against=metrics.get("against", {}),
        robustness=metrics.get("robustness", {}),
        foreign=metrics.get("foreign", {}),
    )


@dataclass(frozen=True)
class SegmenterRow:
    """One segmenter as the leaderboard shows it. Figures are {value, low, high}."""

    name: str
    about: str
    dice: Mapping[str, Mapping[str, float]]  # of nucleus, cell, and cytoplasm without nucleus
    with_background: Mapping[str, float]  # mean Dice of the three labels, background counted
    hausdorff: Mapping[str, Mapping[str, float]]  # 95th percentile of nucleus and cell, pixels
    boxes: Mapping[str, float]  # part of the known boxes met within a tenth
    cells: int  # outlined ones that it was measured on
    reported: Mapping[str, Any]  # of its document; empty where there is none
    parameters: int
    start: str  # the origin of its first weights
    here: bool  # its weights are at hand
    seconds_a_fold: float | None
    trained_on: str


def segmenter_rows(settings: Settings) -> list[SegmenterRow]:
    """Every measured segmenter, by the mean Dice of nucleus and cell, the best first."""
    made = [
        _segmenter_row(card, here=at_hand(card, *settings.shelves))
        for card in load_cards(*settings.shelves)
        if card.kind == "segmenter" and "cluster_split" in card.metrics
    ]
    return sorted(
        made, key=lambda row: (-row.dice["nucleus"]["value"] - row.dice["cell"]["value"], row.name)
    )


def _segmenter_row(card: Card, *, here: bool) -> SegmenterRow:
    split, data = card.metrics["cluster_split"], card.data
    training = data.get("training") or {}
    distances = split["distances_in_pixels"]
    return SegmenterRow(
        name=card.name,
        about=str(card.recipe["about"]),
        dice=split["dice"],
        with_background=split["dice_with_background"],
        hausdorff={region: distances[region]["hausdorff_95"] for region in ("nucleus", "cell")},
        boxes=split["boxes_within_a_tenth"],
        cells=int(split["outlined_cells"]),
        reported=card.metrics.get("reported", {}),
        parameters=int(data.get("parameters", 0)),
        start=str(data.get("first_weights", "")),
        here=here,
        seconds_a_fold=training.get("seconds_a_fold"),
        trained_on=str(training.get("on", "")),
    )


def film_of(name: str, weights: Path, runs: Path) -> bytes | None:
    """The film of a model's training: the one beside its weights, or of its training here, of the
    first fold or of the final run; None where there is none."""
    run = runs / name
    places = [each / FILM for each in (weights / name, run / "cluster" / "fold0", run / "final")]
    return next((path.read_bytes() for path in places if path.is_file()), None)


def milliseconds(reader: Reader, name: str, image: Image) -> float:
    """The median time of one answer of this classifier on this machine, its outlines given.

    Raises WeightsError where it has no weights here.
    """
    masks = reader.outlines.predict([image])
    cells = reader.voice(name).cells
    cells.see([image], masks)
    took = []
    for _ in range(TIMED):
        begun = time.perf_counter()
        cells.see([image], masks)
        took.append(time.perf_counter() - begun)
    return 1000 * float(np.median(took))
