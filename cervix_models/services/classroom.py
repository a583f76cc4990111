"""Sets of cells that an instructor makes, and the sittings in which learners answer them."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import grey_png
from cervix_models.errors import CervixError, LessonError
from cervix_models.language import _
from cervix_models.lessons import (
    ItemAnswer,
    Outcome,
    SetItem,
    SetKind,
    Shown,
    Sitting,
    TeachingSet,
)
from cervix_models.people import needs
from cervix_models.services.cohort import Cohort, cohort_of
from cervix_models.services.quiz_cells import QuizCell, QuizCells
from cervix_models.storage.teaching import ended, name_key

log = logging.getLogger(__name__)

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is taken for another: no I, L, O, 0, 1
CODE = 6  # letters
MOST = 200  # cells of a set
LONGEST = 240  # minutes


@dataclass(frozen=True)
class Plan:
    """What a set shall be: so many cells of each class by a seed, or these cells."""

    name: str
    kind: SetKind = "exam"
    minutes: int | None = 10
    shown: Shown = "closed"
    counts: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    synthetic: bool = False
    cells: tuple[QuizCell, ...] = ()  # chosen ones, in the place of counts


@dataclass(frozen=True)
class Going:
    """A sitting as it stands at one moment."""

    sitting: Sitting
    teaching_set: TeachingSet
    items: tuple[SetItem, ...]
    answers: Mapping[int, ItemAnswer]  # by the number of the item
    over: Outcome | None  # why it takes no more answers; None while it does
    now: datetime

    @property
    def left(self) -> timedelta | None:
        """The time that is left; None where there is no limit."""
        ends = self.sitting.ends_at
        return None if ends is None else max(ends - self.now, timedelta(0))

    @property
    def told(self) -> bool:
        """Whether the truth of all items may be shown."""
        if self.teaching_set.kind == "exercise":
            return self.over is not None
        late_enough = self.teaching_set.shown == "handed in" or self.teaching_set.closed_at
        return self.over is not None and bool(late_enough)

    @property
    def right(self) -> int:
        """How many items are answered rightly; what is not answered is not right."""
        labels = {each.number: each.label for each in self.items}
        return sum(each.said == labels[each.number] for each in self.answers.values())


class Classroom:
    """Makes sets, lets learners in, keeps their answers and sums them. Threads may share one."""

    def __init__(self, cells: QuizCells) -> None:
        """Asks nothing yet."""
        self.cells, self.store = cells, cells.store

    def chosen(self, plan: Plan) -> list[QuizCell]:
        """The cells of a plan in the order in which they are asked, the same for the same plan.

        Raises LessonError for a plan of no cells, of too many, or of more than there are of a
        class; DataError and WeightsError where cells cannot be had.
        """
        random = np.random.default_rng(plan.seed)
        found = list(plan.cells) or self._by_counts(plan, random)
        if not 1 <= len(found) <= MOST:
            raise LessonError(
                _("{count} cells were chosen; a set has 1 to {most}. Choose again.").format(
                    count=len(found), most=MOST
                )
            )
        return [found[at] for at in random.permutation(len(found))]

    @needs("instructor")
    def make(self, plan: Plan, author: str) -> TeachingSet:
        """The stored set of a plan, its pictures kept with it. Raises as `chosen` does, and
        LessonError for a name or a time that cannot be, StorageError."""
        _check(plan)
        cells = self.chosen(plan)
        synthetic = cells[0].synthetic
        made = TeachingSet(
            id=uuid.uuid4().hex,
            code=self._free_code(),
            name=plan.name.strip(),
            author=author,
            created_at=datetime.now(UTC),
            kind=plan.kind,
            minutes=plan.minutes,
            shown=plan.shown,
            synthetic=synthetic,
            origin=self.cells.origin(synthetic=synthetic),
        )
        items = [self._item(number, cell) for number, cell in enumerate(cells, start=1)]
        self.store.teaching.add_set(made, items)
        return made

    @needs("instructor")
    def sets(self) -> list[TeachingSet]:
        """All sets, the newest first."""
        return self.store.teaching.sets()

    @needs("instructor")
    def close(self, set_id: str) -> None:
        """Ends a set with all its sittings. Raises StorageError where there is none."""
        self.store.teaching.close(set_id, datetime.now(UTC))

    @needs("instructor")
    def delete(self, set_id: str) -> None:
        """Deletes a set with its sittings and answers. Raises StorageError."""
        self.store.teaching.delete(set_id)

    @needs("student")
    def join(
        self, code: str, name: str, going_on: str | None = None, now: datetime | None = None
    ) -> Sitting:
        """The sitting of a learner of this name at the set of this code: begun now, or, where
        `going_on` is the secret id of the one that has the name, that one.

        Raises LessonError for an unknown code, a closed set, and a name that is taken or empty.
        """
        now = now or datetime.now(UTC)
        found = self.store.teaching.by_code(code_of(code))
        if found is None:
            raise LessonError(
                _(
                    "No set has the code “{code}”; expected the {count} letters and digits that "
                    "your instructor gave you. Check them."
                ).format(code=code, count=CODE)
            )
        before = self.store.teaching.sitting(going_on) if going_on else None
        if before and before.set_id == found.id and name_key(before.name) == name_key(name):
            return before
        if found.closed_at is not None:
            raise LessonError(
                _("“{name}” is closed and takes nobody more. Ask your instructor.").format(
                    name=found.name
                )
            )
        if not name_key(name):
            raise LessonError(_("No name was given. Type the name by which you are known here."))
        ends = None if found.minutes is None else now + timedelta(minutes=found.minutes)
        sitting = Sitting(secrets.token_urlsafe(18), found.id, " ".join(name.split()), now, ends)
        if not self.store.teaching.begin(sitting):
            raise LessonError(
                _(
                    "Somebody takes part as “{name}” already. Type another name; or, if it was "
                    "you, go on at the address that you had."
                ).format(name=sitting.name)
            )
        return sitting

    def going(self, sitting_id: str, now: datetime | None = None) -> Going | None:
        """The sitting of this secret id as it stands now; None where there is none."""
        now = now or datetime.now(UTC)
        sitting = self.store.teaching.sitting(sitting_id)
        if sitting is None:
            return None
        found = self.store.teaching.set_of(sitting.set_id)
        items = tuple(self.store.teaching.items(found.id))
        answers = {each.number: each for each in self.store.teaching.answers([sitting_id])}
        return Going(sitting, found, items, answers, ended(sitting, found, now), now)

    @needs("student")
    def answer(
        self,
        going: Going,
        number: int,
        said: str,
        seconds: float | None = None,
        now: datetime | None = None,
    ) -> None:
        """Keeps what is said of an item; in an exam the newest answer counts.

        Raises LessonError where the time is up, the sitting or the set has ended, or the item of
        an exercise was answered; StorageError.
        """
        given = ItemAnswer(going.sitting.id, number, said, now or datetime.now(UTC), seconds)
        final = going.teaching_set.kind == "exercise"
        outcome = self.store.teaching.answer(given, final=final)
        if outcome != "kept":
            raise LessonError(_refusals()[outcome])

    @needs("student")
    def hand_in(self, sitting_id: str, now: datetime | None = None) -> None:
        """Ends a sitting. Raises StorageError where there is none."""
        self.store.teaching.hand_in(sitting_id, now or datetime.now(UTC))

    @needs("instructor")
    def cohort(self, set_id: str, now: datetime | None = None) -> Cohort:
        """What all who took part in a set came to. Raises StorageError where there is none."""
        kept = self.store.teaching
        sittings = kept.sittings(set_id)
        return cohort_of(
            kept.set_of(set_id),
            kept.items(set_id),
            sittings,
            kept.answers([each.id for each in sittings]),
            now or datetime.now(UTC),
        )

    def _by_counts(self, plan: Plan, random: np.random.Generator) -> list[QuizCell]:
        found: list[QuizCell] = []
        for label in (name for name in CLASS_NAMES if plan.counts.get(name)):
            but: set[str] = set()
            for _number in range(plan.counts[label]):
                cell = self.cells.draw(label, but, random, synthetic=plan.synthetic)
                if cell is None:
                    raise LessonError(
                        _(
                            "{asked} cells of {label} were asked for, and {there} are here. "
                            "Ask for fewer."
                        ).format(asked=plan.counts[label], label=label, there=len(but))
                    )
                but.add(cell.key)
                found.append(cell)
        return found

    def _item(self, number: int, cell: QuizCell) -> SetItem:
        try:
            labels = self.cells.labels(cell)
        except CervixError as problem:  # the rest of the set goes on without outlines
            log.warning("A cell of a set has no outlines: %s", problem)
            mask = None
        else:
            mask = self.store.put_blob(grey_png(labels, optimize=True))
        return SetItem(
            number=number,
            cell=cell.key,
            label=cell.label,
            picture=self.store.put_blob(self.cells.picture(cell)),
            mask=mask,
            heard=self.cells.heard(cell),
        )

    def _free_code(self) -> str:
        while True:
            code = "".join(secrets.choice(LETTERS) for _letter in range(CODE))
            if self.store.teaching.by_code(code) is None:
                return code


def code_of(typed: str) -> str:
    """A join code as it is kept: capital letters and digits alone."""
    return "".join(each for each in typed.upper() if each.isalnum())


def counts_of(items: Sequence[SetItem]) -> dict[str, int]:
    """How many items of each class there are."""
    return {name: sum(each.label == name for each in items) for name in CLASS_NAMES}


def _check(plan: Plan) -> None:
    if plan.minutes is not None and not 1 <= plan.minutes <= LONGEST:
        raise LessonError(
            _("{given} minutes were given; expected 1 to {most}, or no limit.").format(
                given=plan.minutes, most=LONGEST
            )
        )
    if plan.kind == "exam" and plan.minutes is None:
        raise LessonError(_("An exam without a time was asked for. Give it its minutes."))
    if not name_key(plan.name):
        raise LessonError(_("The set has no name. Name it, so that it is found again."))


def _refusals() -> dict[str, str]:
    return {
        "late": _("The time is up: this answer came too late, and is not counted."),
        "handed in": _("You handed in already: no answer is taken any more."),
        "closed": _("Your instructor closed this set: no answer is taken any more."),
        "answered": _("This cell was answered before, and an answer of an exercise stays."),
    }
