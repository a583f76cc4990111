"""Rounds that ask a learner which cells are real and which were made, and pairs of made ones.

While a question stands, its picture carries question marks, real or made, and nothing that tells.
"""

from __future__ import annotations

import logging
import math
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from cervix_models.contracts import Card, Image, Judgement, Preference
from cervix_models.data.importing import find_sipakmed
from cervix_models.data.index import Index, IndexRow
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import mark_asked, with_covered_corner
from cervix_models.data.pictures import pixels_of, png_of, read_rgb
from cervix_models.errors import DataError, MeasurementError
from cervix_models.evaluation.traits import Oddity, Values, oddest, table_of, traits_of
from cervix_models.inference import square
from cervix_models.language import _
from cervix_models.people import needs
from cervix_models.services.judged import Results, results
from cervix_models.services.synthesis import MadeCell, Synthesis
from cervix_models.storage.store import Store

log = logging.getLogger(__name__)

FEWEST = 2
SAMPLE = 150  # real cells of a class that a picture is measured against
SEEDS = 2**31


@dataclass(frozen=True)
class Question:
    """One picture of a round, and what is told once it was judged."""

    number: int  # in the round, from 1
    asked: bytes  # PNG with question marks, real or made
    truth: bytes  # PNG: with the mark of a made cell, or plain
    label: str  # the class
    side: int  # pixels
    generator: str | None = None  # None: a real cell
    weights: str | None = None  # sha256

    @property
    def made(self) -> bool:
        """Whether a generator made it."""
        return self.generator is not None


@dataclass(frozen=True)
class Round:
    """Pictures that are judged together."""

    id: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Answer:
    """What a learner says of a picture."""

    said_made: bool
    quality: int | None = None  # 1 poor to 5 excellent


@dataclass(frozen=True)
class Pair:
    """Two made cells of one class by two generators, in the order in which they are shown."""

    id: str
    label: str
    cells: tuple[MadeCell, MadeCell]


class RealOrFake:
    """Deals rounds and pairs, keeps what was said, and sums it. Threads may share one."""

    def __init__(self, store: Store, synthesis: Synthesis) -> None:
        """Looks at no picture yet."""
        self.store, self.synthesis = store, synthesis
        self._measuring = threading.Lock()
        self._tables: dict[tuple[str, str, int], Mapping[str, Values]] = {}

    def generators(self) -> list[Card]:
        """The cards of the generators at hand that make cells of our classes."""
        cards = self.synthesis.cards()
        return [card for card in cards if set(card.classes) <= set(CLASS_NAMES)]

    def has_real(self) -> bool:
        """Whether SIPaKMeD is imported here."""
        return self._index() is not None

    def deal(self, names: Sequence[str], count: int, seed: int) -> Round:
        """A round of `count` pictures, about half of them real and the others by generators of
        these names, by all that are at hand where none is named; the same for the same seed but
        for its id. Real cells are brought to the size of the made ones.

        Raises DataError where no real cells are imported, or the count is too small; WeightsError
        for a generator that is not here.
        """
        index = self._index()
        cards = self._chosen(names)
        _check(index, cards, count)
        random = np.random.default_rng(seed)
        third = max(1, count // 3)
        real = int(random.integers(third, count - third + 1))
        kinds = random.permutation(np.arange(count) < real)
        drawn: set[str] = set()
        questions = []
        for number, is_real in enumerate(kinds, 1):
            card = cards[random.integers(len(cards))]
            label = str(random.choice(card.classes))
            if is_real and index is not None:
                row = _any_cell(index, label, drawn, random)
                drawn.add(row.sha256)
                questions.append(_real(index, row, number, int(card.input["size"])))
            else:
                questions.append(self._made(card, label, number, random))
        made = Round(uuid.uuid4().hex, tuple(questions))
        self._measure_soon(made)
        return made

    @needs("student")
    def keep(self, dealt: Round, answers: Mapping[int, Answer], learner: str) -> None:
        """Stores what a learner says of pictures of a round, by their number.

        Raises JudgementError for one that was judged before, StorageError.
        """
        now = datetime.now(UTC)
        self.store.judgements.add(
            [
                Judgement(
                    created_at=now,
                    learner=learner,
                    round_id=dealt.id,
                    number=each.number,
                    generator=each.generator,
                    weights=each.weights,
                    label=each.label,
                    said_made=answers[each.number].said_made,
                    quality=answers[each.number].quality,
                )
                for each in dealt.questions
                if each.number in answers
            ]
        )

    def clue(self, question: Question) -> str:
        """What measures of the picture tell of it among real cells of its class, in a sentence.

        Raises DataError where the real cells are gone.
        """
        table = self._table(question.label, question.side)
        seen = with_covered_corner(pixels_of(question.asked, "RGB"))
        try:
            return clue_words(oddest(traits_of(seen), table), question.label)
        except MeasurementError:
            few = _("Too few real {label} cells are imported to measure it against.")
            return few.format(label=question.label)

    def deal_pair(self, seed: int) -> Pair:
        """Two made cells of one class by two generators, the same for the same seed but for its id.

        Raises DataError where there are no two generators that make the same class.
        """
        cards = self.generators()
        random = np.random.default_rng(seed)
        for label in random.permutation(CLASS_NAMES):
            able = [card for card in cards if label in card.classes]
            if len(able) > 1:
                one, two = (able[at] for at in random.permutation(len(able))[:2])
                cells = [self._cell(card, str(label), random) for card in (one, two)]
                return Pair(uuid.uuid4().hex, str(label), (cells[0], cells[1]))
        raise DataError(
            f"{len(cards)} generators are here ({', '.join(card.name for card in cards) or 'none'})"
            "; two that make cells of the same class were expected. Train another: "
            "python -m cervix_models train cvae_residual"
        )

    @needs("student")
    def prefer(self, pair: Pair, which: int, learner: str) -> None:
        """Stores which cell of a pair, 0 or 1, a learner finds more real.

        Raises JudgementError where it was judged before, StorageError.
        """
        best, other = pair.cells[which], pair.cells[1 - which]
        self.store.judgements.add_preference(
            Preference(
                datetime.now(UTC), learner, pair.id, pair.label,
                best.generator, best.weights, other.generator, other.weights,
            )
        )  # fmt: skip

    @needs("student")
    def results(self, learner: str | None = None) -> Results:
        """What was said so far, by everybody, or by one learner."""
        kept = self.store.judgements
        sums, won = kept.sums(learner=learner), kept.preferences(learner=learner)
        return results(sums, won, self.generators())

    def _index(self) -> Index | None:
        """The imported SIPaKMeD; None where it is not here."""
        return find_sipakmed(self.synthesis.settings.home)

    def _chosen(self, names: Sequence[str]) -> list[Card]:
        cards = self.generators()
        known = {card.name: card for card in cards}
        strange = [name for name in names if name not in known]
        if strange:
            raise DataError(
                f"Cells by {strange[0]!r} were asked for; the generators here are "
                f"{', '.join(known) or 'none'}. Ask for one of these."
            )
        return [known[name] for name in names] or cards

    def _made(self, card: Card, label: str, number: int, random: np.random.Generator) -> Question:
        cell = self._cell(card, label, random)
        seen = pixels_of(cell.png, "RGB")
        return Question(
            number, mark_asked(seen), cell.png, label, seen.shape[0], card.name, cell.weights
        )

    def _cell(self, card: Card, label: str, random: np.random.Generator) -> MadeCell:
        """A made cell of a class: the one place that asks a generator."""
        seed = int(random.integers(SEEDS))
        return self.synthesis.make(card.name, label, 1, seed=seed)[0]

    def _measure_soon(self, dealt: Round) -> None:
        """Begins to measure the real cells that the clues of a round will need."""
        needed = dict.fromkeys((each.label, each.side) for each in dealt.questions)

        def measure() -> None:
            try:
                for label, side in needed:
                    self._table(label, side)
            except DataError as problem:  # the page says so when it asks for a clue
                log.warning("Real cells cannot be measured: %s", problem)

        threading.Thread(target=measure, daemon=True, name="real-cells").start()

    def _table(self, label: str, side: int) -> Mapping[str, Values]:
        """The measures of real cells of a class at a size, measured once."""
        index = self._index()
        if index is None:
            raise _no_real()
        key = (index.sha256, label, side)
        with self._measuring:
            if key not in self._tables:
                rows = [row for row in index.cells if row.label == label]
                some = np.random.default_rng(0).permutation(len(rows))[:SAMPLE]
                found = [
                    traits_of(with_covered_corner(_picture(index, rows[at], side))) for at in some
                ]
                self._tables[key] = table_of(found)
            return self._tables[key]


def clue_words(found: Oddity | None, label: str) -> str:
    """What a measure tells of a picture among real cells of its class, in a sentence."""
    if found is None:
        return _("None of the measures tells it from real {label} cells.").format(label=label)
    trait = found.trait
    if found.beyond >= 1:
        return _(trait.most if found.more else trait.least).format(label=label)
    percent = math.floor(100 * found.beyond + 1e-9)
    return _(trait.more if found.more else trait.less).format(percent=percent, label=label)


def _check(index: Index | None, cards: Sequence[Card], count: int) -> None:
    if index is None:
        raise _no_real()
    if not cards:
        raise DataError(
            "No generator is here; at least one was expected. Train one: "
            "python -m cervix_models train cgan_projection"
        )
    if count < FEWEST:
        raise DataError(
            f"A round of {count} pictures was asked for; at least {FEWEST} were expected, one of "
            "each kind. Ask for more."
        )


def _no_real() -> DataError:
    return DataError(
        "SIPaKMeD is not imported, and its cells are the real ones. "
        "Import it first: python -m cervix_models data import PATH"
    )


def _any_cell(index: Index, label: str, drawn: set[str], random: np.random.Generator) -> IndexRow:
    """A cell of a class that was not drawn yet, of any of its clusters alike; of any class where
    none is left. Raises DataError where all were drawn."""
    free = [row for row in index.cells if row.sha256 not in drawn and row.label in CLASS_NAMES]
    rows = [row for row in free if row.label == label] or free
    if not rows:
        raise DataError(
            f"All {len(drawn)} imported cells of SIPaKMeD are in this round; more were expected. "
            "Ask for fewer pictures."
        )
    clusters = sorted({row.cluster for row in rows})
    cluster = clusters[random.integers(len(clusters))]
    inside = [row for row in rows if row.cluster == cluster]
    return inside[random.integers(len(inside))]


def _real(index: Index, row: IndexRow, number: int, side: int) -> Question:
    image = _picture(index, row, side)
    return Question(number, mark_asked(image), png_of(image), row.label or "", side)


def _picture(index: Index, row: IndexRow, side: int) -> Image:
    """A real cell `(side, side, 3)`, resized as those that the generators learned from."""
    try:
        return square(read_rgb(index.root / row.path), side)
    except OSError as error:
        raise DataError(
            f"The picture {row.path} of SIPaKMeD cannot be read ({error}); it was expected where "
            "it was imported from. Put it back, or import the data set again."
        ) from error
