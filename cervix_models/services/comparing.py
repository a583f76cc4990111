"""Whether a model may read by default: what its card lacks, where it would be worse, and how it
differs from others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cervix_models.cards import at_hand
from cervix_models.contracts import Card, DefaultKind
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.gate import GATE


@dataclass(frozen=True)
class Measure:
    """One figure by which models of a kind are compared."""

    title: str
    path: tuple[str, ...]  # in the metrics of a card
    more_is_better: bool = True
    share: bool = True  # told in per cent


@dataclass(frozen=True)
class Figure:
    """One measured figure; without an interval where none was measured."""

    value: float
    low: float | None = None
    high: float | None = None


_SPLIT = "cluster_split"
MEASURES: Mapping[DefaultKind, tuple[Measure, ...]] = {
    "classifier": (
        Measure("Accuracy", (_SPLIT, "accuracy")),
        Measure("Macro F1", (_SPLIT, "macro_f1")),
        Measure("ROC AUC", (_SPLIT, "roc_auc"), share=False),
        Measure("Calibration error", (_SPLIT, "calibration_error"), more_is_better=False),
        Measure("Brier score", (_SPLIT, "brier"), more_is_better=False, share=False),
        Measure("Answered at 99 % right", (_SPLIT, "refer", "coverage")),
    ),
    "segmenter": (
        Measure("Dice of the nucleus", (_SPLIT, "dice", "nucleus"), share=False),
        Measure("Dice of the cell", (_SPLIT, "dice", "cell"), share=False),
        Measure("Dice of the cytoplasm", (_SPLIT, "dice", "cytoplasm"), share=False),
        Measure("Known boxes met", (_SPLIT, "boxes_within_a_tenth")),
    ),
    "finder": (
        Measure("Nuclei found", ("held_out_fields", "recall")),
        Measure("Of those found, nuclei", ("held_out_fields", "precision")),
        Measure("F1", ("held_out_fields", "f1"), share=False),
    ),
}
NEEDED: Mapping[DefaultKind, int] = {"classifier": 2, "segmenter": 2, "finder": 3}  # the first


def figure_of(card: Card, measure: Measure) -> Figure | None:
    """What a card says by a measure; None where it says nothing."""
    found: Any = card.metrics
    for each in measure.path:
        found = found.get(each) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping) and "value" in found:
        return Figure(float(found["value"]), found.get("low"), found.get("high"))
    return Figure(float(found)) if isinstance(found, int | float) else None


def lacking(card: Card, kind: DefaultKind, *shelves: Path) -> list[str]:
    """What a model in the first of `shelves` lacks to read by default, in sentences; empty where it
    may. Members may stand in any of them."""
    if card.kind != kind:
        return [f"{card.name} is a {card.kind}; a {kind} was expected."]
    found = [] if at_hand(card, *shelves) else ["Its weights, or those of a member, are not here."]
    for measure in MEASURES[kind][: NEEDED[kind]]:
        figure = figure_of(card, measure)
        if figure is None or figure.low is None:
            found.append(
                f"{measure.title} was not measured with an interval on "
                f"{'fields' if kind == 'finder' else 'clusters'} kept apart."
            )
    if kind == "classifier":
        found += _unfitted(card, shelves[0] / card.name)
    if kind == "finder":
        absent = [each for each in ("threshold", "apart") if each not in card.calibration]
        found += [f"Its card has no {each}." for each in absent]
    return found


def _unfitted(card: Card, folder: Path) -> list[str]:
    """What was not fitted of a classifier: calibration, the classes left in, the gate."""
    fitted, found = card.calibration, []
    if card.classes != CLASS_NAMES:
        found.append(f"It tells {', '.join(card.classes)}; the five cell classes were expected.")
    if not {"temperature", "refer_below"} <= set(fitted):
        found.append("It is not calibrated: its card has no temperature, or nothing to refer by.")
    if set(fitted.get("conformal_least", ())) != set(card.classes):
        found.append("Its card does not say from which probability on a class cannot be left out.")
    if "ranges" not in fitted.get("gate", {}) or not (folder / GATE).is_file():
        found.append(
            "It has no gate of its own, which refuses pictures that are no cell: fit it, by the "
            "job or by: python -m cervix_models calibrate gate --classifier NAME"
        )
    return found


def worse(new: Card, now: Card, segmenter: str) -> list[str]:
    """Where a model is worse than the present default beyond its interval, or cannot be compared,
    in sentences; empty where nothing speaks against it. `segmenter` outlines by default."""
    found = []
    for measure in next((rows for kind, rows in MEASURES.items() if kind == new.kind), ()):
        ours, theirs = figure_of(new, measure), figure_of(now, measure)
        if ours is None or theirs is None or theirs.low is None or theirs.high is None:
            continue
        bad = ours.value < theirs.low if measure.more_is_better else ours.value > theirs.high
        if bad:
            found.append(
                f"{measure.title}: {told(measure, ours)}; the present default has "
                f"{told(measure, theirs)}."
            )
    if new.data.get("images_sha256") != now.data.get("images_sha256"):
        found.append(
            "It was measured on other images than the present default, so that their figures "
            "cannot be set against each other."
        )
    outlines = new.input.get("outlines")
    if outlines and outlines != segmenter:
        found.append(f"It learned by the outlines of {outlines}; now {segmenter} outlines cells.")
    return found


def told(measure: Measure, figure: Figure | None) -> str:
    """A figure in words, with its interval where it has one; – where there is none."""
    if figure is None:
        return "–"
    words = _number(measure, figure.value)
    if figure.low is None or figure.high is None:
        return words
    return f"{words} ({_number(measure, figure.low)} to {_number(measure, figure.high)})"


def _number(measure: Measure, value: float) -> str:
    return f"{100 * value:.1f} %" if measure.share else f"{value:.3f}"


def differences(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Of several tables by name, such as recipes, what is not the same in all: by entry, what each
    says; – where one says nothing."""
    flat = {name: dict(_flat(table)) for name, table in tables.items()}
    keys = list(dict.fromkeys(key for each in flat.values() for key in each))
    rows = {key: {name: each.get(key, "–") for name, each in flat.items()} for key in keys}
    return {key: row for key, row in rows.items() if len(set(row.values())) > 1}


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list | tuple):
            yield name, ", ".join(map(str, value))
        else:
            yield name, str(value)
