"""What people say of made and of real cells: checked, kept, and summed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, fields

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cervix_models.contracts import Judgement, JudgementSum, Preference
from cervix_models.errors import JudgementError
from cervix_models.storage.tables import JudgementRecord, PreferenceRecord
from cervix_models.storage.verdicts import is_text

QUALITIES = range(1, 6)
OpenSession = Callable[..., AbstractContextManager[Session]]


class Judgements:
    """The judgements and preferences of a store, whose sessions it is given."""

    def __init__(self, session: OpenSession) -> None:
        """Asks nothing yet."""
        self._session = session

    def add(self, given: Sequence[Judgement]) -> None:
        """Keeps judgements, all of them or none.

        Raises JudgementError for one that is not complete, or whose picture was judged before;
        StorageError as the store does.
        """
        for each in given:
            check_judgement(each)
        with self._session(write=True) as session:
            for each in given:
                place = (JudgementRecord.round_id == each.round_id) & (
                    JudgementRecord.number == each.number
                )
                if session.scalar(sa.select(JudgementRecord.id).where(place)) is not None:
                    raise JudgementError(
                        f"Picture {each.number} of this round was judged before; one answer a "
                        "picture was expected, and answers are never changed. Go on to the next."
                    )
                session.add(JudgementRecord(**asdict(each)))
                session.flush()

    def all(self, *, round_id: str) -> list[Judgement]:
        """The judgements of a round, by the number of the picture."""
        asked = sa.select(JudgementRecord).where(JudgementRecord.round_id == round_id)
        names = [each.name for each in fields(Judgement)]
        with self._session() as session:
            found = session.scalars(asked.order_by(JudgementRecord.number))
            return [Judgement(**{name: getattr(row, name) for name in names}) for row in found]

    def sums(self, *, learner: str | None = None) -> list[JudgementSum]:
        """The judgements by round and generator, the first round first; with `learner` those of
        that person alone."""
        record = JudgementRecord
        parts = (record.learner, record.round_id, record.generator)
        begun = sa.func.min(record.id).over(partition_by=record.round_id).label("begun")
        rows = sa.select(*parts, record.id, record.said_made, record.quality, begun).subquery()
        grouped = (rows.c.learner, rows.c.round_id, rows.c.generator, rows.c.begun)
        asked = (
            sa.select(
                *grouped[:3],
                sa.func.count(rows.c.id),
                sa.func.sum(sa.case((rows.c.said_made, 1), else_=0)),
                sa.func.count(rows.c.quality),
                sa.func.coalesce(sa.func.sum(rows.c.quality), 0),
                sa.func.coalesce(sa.func.sum(rows.c.quality * rows.c.quality), 0),
            )
            .group_by(*grouped)
            .order_by(rows.c.begun, rows.c.generator)
        )
        if learner is not None:
            asked = asked.where(rows.c.learner == learner)
        with self._session() as session:
            return [
                JudgementSum(*named, *(int(each) for each in counts))
                for *named, counts in ((*row[:3], row[3:]) for row in session.execute(asked).all())
            ]

    def add_preference(self, given: Preference) -> None:
        """Keeps a preference. Raises JudgementError for one that is not complete, or whose pair was
        judged before; StorageError as the store does."""
        check_preference(given)
        with self._session(write=True) as session:
            known = sa.select(PreferenceRecord.id).where(PreferenceRecord.pair_id == given.pair_id)
            if session.scalar(known) is not None:
                raise JudgementError(
                    "This pair was judged before; one answer a pair was expected, and answers are "
                    "never changed. Go on to the next."
                )
            session.add(PreferenceRecord(**asdict(given)))

    def preferences(self, *, learner: str | None = None) -> dict[tuple[str, str], int]:
        """How often the first generator of each pair was preferred to the second."""
        record = PreferenceRecord
        asked = sa.select(record.preferred, record.other, sa.func.count(record.id))
        asked = asked.group_by(record.preferred, record.other)
        if learner is not None:
            asked = asked.where(record.learner == learner)
        with self._session() as session:
            return {(one, two): count for one, two, count in session.execute(asked).all()}


def check_judgement(given: Judgement) -> None:
    """Nothing, where the judgement is complete. Raises JudgementError, saying what to mend."""
    if given.quality is not None and given.quality not in QUALITIES:
        raise JudgementError(
            f"The quality given is {given.quality}; expected 1 (poor) to 5 (excellent), or none. "
            "Rate it again, or leave it out."
        )
    if given.number < 1:
        raise JudgementError(
            f"The picture has the number {given.number}; expected 1 or more. Count from one."
        )
    if (given.generator is None) != (given.weights is None):
        raise JudgementError(
            f"The generator is {given.generator!r} and its weights are {given.weights!r}; expected "
            "both for a made cell and none for a real one. Name both, or none."
        )
    _check_texts(given.learner, given.round_id, given.label)


def check_preference(given: Preference) -> None:
    """Nothing, where the preference is complete. Raises JudgementError, saying what to mend."""
    if given.preferred == given.other:
        raise JudgementError(
            f"Both cells of the pair are by {given.other!r}; two generators were expected. "
            "Show cells of different ones."
        )
    _check_texts(given.learner, given.pair_id, given.label, given.preferred, given.other)


def _check_texts(*given: str) -> None:
    if not all(each and is_text(each) for each in given):
        raise JudgementError(
            "The learner's name, the round or the class is empty or holds a character that cannot "
            "be stored; expected plain text. Type it anew."
        )
