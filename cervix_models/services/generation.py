"""What the page on measured generators, their cards and the command line tell: figures of made
cells, each beside what real cells reach against real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cervix_models.cards import at_hand, load_cards
from cervix_models.contracts import MAKERS, Card
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.evaluation.notes import notes_of
from cervix_models.settings import Settings

IMPROVES = {"cgan_projection": "cgan", "cvae_residual": "cvae"}  # by the name of the network
OUTLINES = {  # what the FCN score counts, by its name on a card
    "iou": "mean IoU",
    "pixel_accuracy": "pixel accuracy",
    "class_accuracy": "mean class accuracy",
}
Figures = Mapping[str, float]  # value, and where there is an interval low and high


@dataclass(frozen=True)
class Likeness:
    """How near some cells come to real ones that were held out. Shares are parts of one."""

    kid: Figures
    fid: float
    precision: float
    recall: float
    recognised: float | None  # share that is taken for the class asked for
    by_class: Mapping[str, float] = field(default_factory=dict)  # the same, of each class
    kid_by_class: Mapping[str, Figures] = field(default_factory=dict)

    @classmethod
    def of(cls, metrics: Mapping[str, Any]) -> Likeness:
        """What a card has of it."""
        told = metrics.get("recognised")
        in_all = told["value"] if isinstance(told, Mapping) else told
        return cls(
            kid=metrics["kid"],
            fid=float(metrics["fid"]),
            precision=float(metrics["precision"]),
            recall=float(metrics["recall"]),
            recognised=None if in_all is None else float(in_all),
            by_class=told.get("by_class", {}) if isinstance(told, Mapping) else {},
            kid_by_class=metrics.get("kid_by_class", {}),
        )


@dataclass(frozen=True)
class Arm:
    """What one classifier of the trial learned from, and how well it tells real cells."""

    share: float  # of the real cells; 0 where it learned from made cells alone
    made: bool
    cells: int
    accuracy: Figures
    by_class: Mapping[str, float]


@dataclass(frozen=True)
class Help:
    """Whether made cells help a classifier, tried on cells that neither learned from."""

    learner: str
    held_out: int
    draws: int  # that each arm is the mean of
    arms: tuple[Arm, ...]
    gains: Mapping[float, Figures]  # of the same share with made cells over without, paired
    reverse: Mapping[str, Any]  # made cells told by what learned from real ones; or empty

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Help:
        """What a card has of it."""
        arms = (
            Arm(
                each["real_share"], each["made"], each["cells"], each["accuracy"],
                each.get("by_class", {}),
            )
            for each in found["arms"]
        )  # fmt: skip
        gains = {each["real_share"]: each for each in found["gains"]}
        return cls(
            found["learner"], found["held_out"], int(found["draws"]), tuple(arms), gains,
            found.get("reverse", {}),
        )  # fmt: skip

    @property
    def made_alone(self) -> Arm | None:
        """The classifier that learned from made cells alone."""
        return next((each for each in self.arms if each.made and not each.share), None)

    def of_real(self, *, made: bool) -> list[Arm]:
        """The classifiers that learned from real cells, with or without made ones."""
        return [each for each in self.arms if each.share and each.made == made]


@dataclass(frozen=True)
class GeneratorRow:
    """One measured generator."""

    name: str
    about: str
    improves: str | None  # the faithful network that it improves
    here: bool  # its weights are at hand
    side: int  # of its cells, pixels
    held_out: int  # real cells that it is measured against
    features: str  # the network that sees how near they are
    judge: str  # the classifier that says what class they are of
    made: Likeness
    floor: Likeness  # of real cells against real ones
    memorised: Mapping[str, float]  # distances to the nearest training cell
    help: Help | None


@dataclass(frozen=True)
class Way:
    """Real cells turned into one class."""

    label: str
    sources: tuple[str, ...]  # classes that were turned
    cells: int
    made: Likeness
    floor: Likeness
    outlines: Mapping[str, float]  # how far those of the input are kept: iou and so on
    again: Mapping[str, float]  # ssim, psnr and mse of what is turned back
    memorised: Mapping[str, float]


@dataclass(frozen=True)
class TranslatorRow:
    """One measured translator."""

    name: str
    about: str
    here: bool
    held_out: int
    ways: tuple[Way, ...]
    reported: Mapping[str, Any]  # of its document; empty where there is none


@dataclass(frozen=True)
class Measure:
    """One measure of made cells, beside what real ones reach."""

    name: str
    made: Figures
    real: Figures | None
    share: bool  # told in per cent

    def words(self, figures: Figures | None) -> str:
        """A figure of it, with the interval where there is one."""
        if figures is None:
            return ""
        value, *ends = (self._number(figures[key]) for key in ("value", "low", "high")
                        if key in figures)  # fmt: skip
        return f"{value} ({ends[0]} to {ends[1]})" if ends else value

    def _number(self, value: float) -> str:
        if self.share:
            return f"{100 * value:.1f} %"
        return f"{value:.2f}" if abs(value) >= 1 else f"{value:.4f}"


def generator_rows(settings: Settings) -> list[GeneratorRow]:
    """Every measured generator, an improved one behind the faithful one that it improves.
    Raises WeightsError for a broken card."""
    found = [
        _generator_row(card, here=at_hand(card, *settings.shelves))
        for card in load_cards(*settings.shelves)
        if _of_cells(card, "generator") and {"kid", "floor", "memorised"} <= set(card.metrics)
    ]
    return sorted(found, key=lambda row: (row.improves or row.name, bool(row.improves), row.name))


def translator_rows(settings: Settings) -> list[TranslatorRow]:
    """Every measured translator, by name. Raises WeightsError for a broken card."""
    return [
        TranslatorRow(
            name=card.name,
            about=str(card.recipe["about"]),
            here=at_hand(card, *settings.shelves),
            held_out=int(card.metrics["held_out"]),
            ways=ways_of(card.metrics),
            reported=card.metrics.get("reported") or notes_of(card.name).get("reported", {}),
        )
        for card in load_cards(*settings.shelves)
        if _of_cells(card, "translator") and card.metrics.get("ways")
    ]


def other_makers(settings: Settings) -> list[str]:
    """The names of generators and translators of other images than the five classes of cells, which
    no figures of these can be put beside. Raises WeightsError for a broken card."""
    cards = load_cards(*settings.shelves)
    return [card.name for card in cards if card.kind in MAKERS and card.classes != CLASS_NAMES]


def _of_cells(card: Card, kind: str) -> bool:
    return card.kind == kind and card.classes == CLASS_NAMES


def _generator_row(card: Card, *, here: bool) -> GeneratorRow:
    metrics = card.metrics
    return GeneratorRow(
        name=card.name,
        about=str(card.recipe["about"]),
        improves=IMPROVES.get(str(card.recipe["model"])),
        here=here,
        side=int(card.input["size"]),
        held_out=int(metrics["held_out"]),
        features=str(metrics["features"]),
        judge=str(metrics["judge"]),
        made=Likeness.of(metrics),
        floor=Likeness.of(metrics["floor"]),
        memorised=metrics["memorised"],
        help=Help.of(metrics["help"]) if metrics.get("help") else None,
    )


def ways_of(metrics: Mapping[str, Any]) -> tuple[Way, ...]:
    """The ways of a translator, by the metrics of its card."""
    return tuple(
        Way(
            label=label,
            sources=tuple(each["from"]),
            cells=int(each["cells"]),
            made=Likeness.of(each),
            floor=Likeness.of(each["floor"]),
            outlines=each.get("outlines_kept", {}),
            again=each["again"],
            memorised=each.get("memorised", {}),
        )
        for label, each in metrics["ways"].items()
    )


def measures(made: Likeness, floor: Likeness, memorised: Mapping[str, float]) -> list[Measure]:
    """All measures of made cells, each beside what real cells reach."""
    found = [Measure("KID", made.kid, floor.kid, share=False)]
    for name, key in (
        ("FID, too large at so few cells", "fid"),
        ("Precision", "precision"),
        ("Recall", "recall"),
        ("Taken for the class asked for", "recognised"),
    ):
        value, real = getattr(made, key), getattr(floor, key)
        if value is not None:
            there = None if real is None else {"value": real}
            found.append(Measure(name, {"value": value}, there, share=key != "fid"))
    for name, value, real in (
        ("Nearest training cell, median", "made_median", "real_median"),
        ("Nearest training cell, least (of real cells the first percentile)",
         "made_least", "real_first_percentile"),
    ):  # fmt: skip
        if memorised:
            there = {"value": memorised[real]}
            found.append(Measure(name, {"value": memorised[value]}, there, share=False))
    if memorised:
        name = "Nearer than the first percentile of real cells"
        found.append(Measure(name, {"value": memorised["flagged"]}, None, share=True))
    return found


def by_inception(metrics: Mapping[str, Any]) -> list[Measure]:
    """What Inception's features say of made cells; nothing where its weights were not at hand."""
    found = metrics.get("inception")
    if not found:
        return []
    made, floor = Likeness.of(found), Likeness.of(found["floor"])
    return [
        Measure("KID, of Inception's features", made.kid, floor.kid, share=False),
        Measure("FID, of Inception's features", {"value": made.fid}, {"value": floor.fid},
                share=False),
    ]  # fmt: skip


def nearer(metrics: Mapping[str, Any]) -> list[Measure]:
    """How much nearer to real cells it comes than others, where its recipe names any."""
    return [
        Measure(f"KID less that of {name}, below zero: nearer", gap, None, share=False)
        for name, gap in metrics.get("against", {}).items()
    ]


def heeded(metrics: Mapping[str, Any]) -> list[Measure]:
    """How far outlines that are given are heeded; nothing of what is not steered."""
    found = metrics.get("control")
    if not found:
        return []
    return [
        Measure(f"Given outline of the {part}, found again (Dice)", found["dice"][part],
                found["floor"][part], share=False)
        for part in ("nucleus", "cytoplasm", "cell")
    ]  # fmt: skip


def kept(outlines: Mapping[str, float], again: Mapping[str, float]) -> list[Measure]:
    """What is kept of the cells that others were made from: their outlines, and what comes back."""
    return [
        *(
            Measure(f"Outlines kept, {OUTLINES[name]}", {"value": value}, None, share=True)
            for name, value in outlines.items()
        ),
        *(
            Measure(f"Made again, {name.upper()}", {"value": value}, None, share=False)
            for name, value in again.items()
        ),
    ]


def help_words(gains: Mapping[float, Figures]) -> str:
    """Whether made cells help, in plain sentences: only where the interval of the gain says so."""
    helps = [share for share, gain in gains.items() if gain["low"] > 0]
    harms = [share for share, gain in gains.items() if gain["high"] < 0]
    same = [share for share in gains if share not in (*helps, *harms)]
    if helps:
        where = f"{_listed(helps)} of the real cells"
        said = [f"Made cells help at {where}: the interval of the gain lies above zero."]
    else:
        said = [
            "Made cells do not help here: at no share of the real cells does the interval of the "
            "gain lie above zero."
        ]
    if harms:
        said.append(f"At {_listed(harms)} it lies below zero: they harm.")
    if helps and same:
        said.append(f"At {_listed(same)} it holds zero: no difference was seen.")
    return " ".join(said)


def _listed(shares: Iterable[float]) -> str:
    *most, last = [f"{100 * each:g} %" for each in shares]
    return f"{', '.join(most)} and {last}" if most else last
