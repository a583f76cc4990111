"""Practice: which cell a learner is asked next, what is kept of the answer, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import DataError
from cervix_models.language import _
from cervix_models.lessons import CellAnswer, CellSchedule, Mode
from cervix_models.people import needs
from cervix_models.services.quiz_cells import QuizCell, QuizCells
from cervix_models.services.spacing import counted, next_card, rating_of, usual_seconds

if TYPE_CHECKING:
    from cervix_models.services.learned import Learned

LATELY = 30  # answers of a class that say how well it is known
HEED = (
    2.0  # how much oftener a class comes that is always wrong than one that is always right, less 1
)


@dataclass(frozen=True)
class Question:
    """A cell to be named."""

    cell: QuizCell
    picture: bytes  # PNG
    asked_at: datetime
    again: bool  # it was answered before, and is due
    among: tuple[str, ...] = CLASS_NAMES  # the classes that may be said

    @property
    def mode(self) -> Mode:
        """Practice asks for all classes, a drill for two."""
        return "practice" if len(self.among) == len(CLASS_NAMES) else "drill"


@dataclass(frozen=True)
class Answered:
    """What came of an answer."""

    answer: CellAnswer
    usual: float | None  # seconds; the learner's usual time, by which it was rated
    due: datetime  # when the cell comes again


class Learning:
    """Asks, keeps and sums. Threads may share one."""

    def __init__(self, cells: QuizCells) -> None:
        """Asks nothing yet."""
        self.cells, self.store = cells, cells.store

    @needs("student")
    def ask(
        self,
        learner: str,
        *,
        among: Sequence[str] = CLASS_NAMES,
        last: str | None = None,
        seed: int | None = None,
        now: datetime | None = None,
    ) -> Question:
        """The next cell of a learner: the one that waits longest of those that are due; else a new
        one, of classes drawn alike but for those that the learner knows less well, which come up
        to three times as often; else the one that is due first. The cell asked `last` does not
        come at once again.

        Raises DataError where there are no cells, WeightsError and StorageError.
        """
        fixed, now = now, now or datetime.now(UTC)
        synthetic = not self.cells.real()
        planned = self.store.practice.schedules(learner, synthetic=synthetic, labels=among)
        known = [each for each in planned if each.cell != last]
        due = self._first(known, until=now)
        if due is not None:
            return self._question(due, fixed, among, again=True)
        seen = {each.cell for each in planned}
        random = np.random.default_rng(seed)
        weights = weights_of(self.store.practice.answers(learner), among)
        for label in random.choice(len(among), len(among), replace=False, p=weights):
            cell = self.cells.draw(among[label], seen, random, synthetic=synthetic)
            if cell is not None:
                return self._question(cell, fixed, among, again=False)
        waiting = self._first(known) or self._first(planned)
        if waiting is None:
            raise DataError(
                _("No cell of these classes is here to be asked. Choose others, or import more.")
            )
        return self._question(waiting, fixed, among, again=True)

    @needs("student")
    def answer(
        self, question: Question, said: str, learner: str, now: datetime | None = None
    ) -> Answered:
        """What came of an answer, which is kept with when the cell comes again.

        Raises LessonError for an answer that is not complete, StorageError.
        """
        now, cell = now or datetime.now(UTC), question.cell
        usual = usual_seconds(self.store.practice.answers(learner))
        seconds = counted((now - question.asked_at).total_seconds())
        right = said == cell.label
        rating = rating_of(right, seconds, usual)
        known = self.store.practice.schedule(learner, cell.key)
        card, due = next_card(known.card if known else None, cell.key, rating, now)
        answer = CellAnswer(
            created_at=now,
            learner=learner,
            cell=cell.key,
            label=cell.label,
            said=said,
            mode=question.mode,
            seconds=seconds,
            rating=rating,
            first=known is None,
            synthetic=cell.synthetic,
        )
        picture = self.store.put_blob(question.picture) if cell.synthetic else None
        self.store.practice.add(
            answer,
            CellSchedule(learner, cell.key, cell.label, cell.synthetic, due, card, picture),
        )
        return Answered(answer, usual, due)

    @needs("student")
    def figures(self, learner: str, *, synthetic: bool, now: datetime | None = None) -> Learned:
        """What the learner's answers to real, or to made cells come to."""
        from cervix_models.services.learned import learned  # brings SciPy

        answers = self.store.practice.answers(learner)
        return learned(
            [each for each in answers if each.synthetic == synthetic],
            self.store.practice.schedules(learner, synthetic=synthetic),
            now or datetime.now(UTC),
        )

    @needs("student")
    def mistakes(self, learner: str, *, synthetic: bool) -> list[CellAnswer]:
        """The newest wrong answer to each cell that the learner ever got wrong, newest first."""
        wrong = {
            each.cell: each
            for each in self.store.practice.answers(learner)
            if not each.right and each.synthetic == synthetic
        }
        return sorted(wrong.values(), key=lambda each: each.created_at, reverse=True)

    def _first(
        self, schedules: Sequence[CellSchedule], until: datetime | None = None
    ) -> QuizCell | None:
        """The cell of the first schedule, due until then, whose picture is still here."""
        for each in schedules:
            if until is not None and each.due > until:
                return None
            cell = self.cells.cell(each.cell, each.label, synthetic=each.synthetic)
            if cell is not None:
                return cell
        return None

    def _question(
        self, cell: QuizCell, now: datetime | None, among: Sequence[str], *, again: bool
    ) -> Question:
        picture = self.cells.picture(cell)  # before the clock starts
        return Question(cell, picture, now or datetime.now(UTC), again, tuple(among))


def weights_of(answers: Sequence[CellAnswer], among: Sequence[str]) -> list[float]:
    """How often a new cell of each class is to come, in parts of one: by 1 + 2 x (1 - known), where
    `known` is the part right of the newest answers of the class, one right and one wrong added."""
    raw = []
    for label in among:
        lately = [each.right for each in answers if each.label == label][-LATELY:]
        raw.append(1 + HEED * (1 - (sum(lately) + 1) / (len(lately) + 2)))
    return [each / sum(raw) for each in raw]
