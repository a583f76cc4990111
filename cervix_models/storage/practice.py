"""What learners answer while they practise, and when they are to see a cell again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime

import sqlalchemy as sa

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import LessonError
from cervix_models.lessons import RATINGS, CellAnswer, CellSchedule
from cervix_models.storage.keeping import Keeping
from cervix_models.storage.lesson_tables import CellAnswerRecord, CellScheduleRecord
from cervix_models.storage.verdicts import is_text

ANSWER = [each.name for each in fields(CellAnswer)]
SCHEDULE = [each.name for each in fields(CellSchedule)]


class Practice:
    """The answers and schedules of a store."""

    def __init__(self, keeping: Keeping) -> None:
        """Asks nothing yet."""
        self._keeping = keeping

    def add(self, answer: CellAnswer, schedule: CellSchedule) -> None:
        """Keeps an answer, and when its cell comes again in the place of what was known of that;
        both or none. A picture that the schedule names was put before.

        Raises LessonError for an answer that is not complete, StorageError as the store does.
        """
        check_answer(answer)
        with self._keeping.session(write=True) as session:
            if schedule.picture is not None:
                self._keeping.add_picture(session, schedule.picture, "image")
            session.add(CellAnswerRecord(**asdict(answer)))
            known = session.get(CellScheduleRecord, (schedule.learner, schedule.cell))
            if known is None:
                session.add(CellScheduleRecord(**_values(schedule)))
            else:
                for name, value in _values(schedule).items():
                    setattr(known, name, value)

    def answers(self, learner: str) -> list[CellAnswer]:
        """All answers of a learner, oldest first."""
        asked = sa.select(CellAnswerRecord).where(CellAnswerRecord.learner == learner)
        with self._keeping.session() as session:
            found = session.scalars(asked.order_by(CellAnswerRecord.id))
            return [CellAnswer(**{name: getattr(row, name) for name in ANSWER}) for row in found]

    def schedule(self, learner: str, cell: str) -> CellSchedule | None:
        """When a learner sees a cell again; None for one not answered yet."""
        with self._keeping.session() as session:
            found = session.get(CellScheduleRecord, (learner, cell))
            return None if found is None else _schedule(found)

    def schedules(
        self, learner: str, *, until: datetime | None = None, synthetic: bool | None = None,
        labels: Sequence[str] = CLASS_NAMES,
    ) -> list[CellSchedule]:  # fmt: skip
        """What a learner is to see again, the earliest first: all of it, or what is due `until`
        then, of made or of real cells, of these classes."""
        record = CellScheduleRecord
        asked = sa.select(record).where(record.learner == learner, record.label.in_(labels))
        if until is not None:
            asked = asked.where(record.due <= until)
        if synthetic is not None:
            asked = asked.where(record.synthetic == synthetic)
        with self._keeping.session() as session:
            found = session.scalars(asked.order_by(record.due, record.cell))
            return [_schedule(row) for row in found]


def check_answer(given: CellAnswer) -> None:
    """Nothing, where the answer is complete. Raises LessonError, saying what to mend."""
    for name in (given.label, given.said):
        if name not in CLASS_NAMES:
            raise LessonError(
                f"The answer names the class {name!r}; expected one of {', '.join(CLASS_NAMES)}. "
                "Choose one of these."
            )
    if given.rating not in RATINGS:
        raise LessonError(
            f"The answer is rated {given.rating}; expected 1 (again) to 4 (easy). Rate it anew."
        )
    if given.seconds is not None and not 0 <= given.seconds < float("inf"):
        raise LessonError(
            f"The answer took {given.seconds} seconds; expected a time that passed, or none where "
            "it is not known. Leave it out."
        )
    if not (given.learner and is_text(given.learner)):
        raise LessonError(
            "The learner's name is empty or holds a character that cannot be stored; expected "
            "plain text. Type it anew."
        )


def _values(schedule: CellSchedule) -> dict[str, object]:
    return {name: getattr(schedule, name) for name in SCHEDULE}


def _schedule(row: CellScheduleRecord) -> CellSchedule:
    return CellSchedule(**{name: getattr(row, name) for name in SCHEDULE})
