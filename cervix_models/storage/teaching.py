"""Sets of cells that instructors made, the sittings of learners, and what was answered in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence, Set
from dataclasses import fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import LessonError, StorageError
from cervix_models.lessons import ItemAnswer, Outcome, SetItem, Sitting, TeachingSet
from cervix_models.storage.audit import note
from cervix_models.storage.keeping import Keeping
from cervix_models.storage.lesson_tables import (
    ItemAnswerRecord,
    SetItemRecord,
    SittingRecord,
    TeachingSetRecord,
)
from cervix_models.storage.verdicts import is_text

NAME_LIMIT = 80  # characters of the name of a set or a learner
SET, ITEM, SITTING, ANSWER = (
    [each.name for each in fields(kind)] for kind in (TeachingSet, SetItem, Sitting, ItemAnswer)
)


class Teaching:
    """The sets and sittings of a store."""

    def __init__(self, keeping: Keeping) -> None:
        """Asks nothing yet."""
        self._keeping = keeping

    def add_set(self, given: TeachingSet, items: Sequence[SetItem]) -> None:
        """Keeps a set with its items, whose pictures were put before, whole or not at all.

        Raises LessonError for a set without items, or whose name cannot be kept; StorageError
        where its code is taken or a picture is missing.
        """
        check_name(given.name)
        _check_items(items)
        with self._keeping.session(write=True) as session:
            for each in items:
                self._keeping.add_picture(session, each.picture, "image")
                if each.mask is not None:
                    self._keeping.add_picture(session, each.mask, "mask")
            session.add(TeachingSetRecord(**{name: getattr(given, name) for name in SET}))
            session.flush()
            for each in items:
                values = {name: getattr(each, name) for name in ITEM}
                session.add(SetItemRecord(set_id=given.id, **values))
            said = {"kind": given.kind, "cells": len(items)}
            note(session, "set.add", given.id, said)

    def sets(self) -> list[TeachingSet]:
        """All sets, the newest first."""
        order = (TeachingSetRecord.created_at.desc(), TeachingSetRecord.id)
        with self._keeping.session() as session:
            return [
                _set(row) for row in session.scalars(sa.select(TeachingSetRecord).order_by(*order))
            ]

    def sets_with(self, cells: Set[str]) -> list[str]:
        """The names of the sets that hold some of these cells, in their order."""
        asked = sa.select(TeachingSetRecord.name, SetItemRecord.cell).join(
            SetItemRecord, SetItemRecord.set_id == TeachingSetRecord.id
        )
        with self._keeping.session() as session:
            return sorted({name for name, cell in session.execute(asked) if cell in cells})

    def set_of(self, set_id: str) -> TeachingSet:
        """The set of this id. Raises StorageError where there is none."""
        with self._keeping.session() as session:
            return _set(_known(session, set_id))

    def by_code(self, code: str) -> TeachingSet | None:
        """The set that is joined by this code, if any."""
        asked = sa.select(TeachingSetRecord).where(TeachingSetRecord.code == code)
        with self._keeping.session() as session:
            found = session.scalar(asked)
            return None if found is None else _set(found)

    def items(self, set_id: str) -> list[SetItem]:
        """The items of a set by their number."""
        asked = sa.select(SetItemRecord).where(SetItemRecord.set_id == set_id)
        with self._keeping.session() as session:
            found = session.scalars(asked.order_by(SetItemRecord.number))
            return [SetItem(**{name: getattr(row, name) for name in ITEM}) for row in found]

    def close(self, set_id: str, now: datetime) -> None:
        """Ends a set and every sitting of it; closing it again changes nothing.
        Raises StorageError where there is no such set."""
        with self._keeping.session(write=True) as session:
            known = _known(session, set_id)
            if known.closed_at is None:
                known.closed_at = now
                note(session, "set.close", set_id)

    def delete(self, set_id: str) -> None:
        """Deletes a set with its sittings and answers, and its pictures where nothing else has
        them. Raises StorageError where there is no such set."""
        with self._keeping.session(write=True) as session:
            known = _known(session, set_id)
            rows = session.scalars(sa.select(SetItemRecord).where(SetItemRecord.set_id == set_id))
            named = {sha256 for row in rows for sha256 in (row.picture, row.mask) if sha256}
            session.expunge_all()
            session.execute(sa.delete(TeachingSetRecord).where(TeachingSetRecord.id == known.id))
            self._keeping.forget(session, named)
            note(session, "set.delete", set_id)
        self._keeping.remove(named)

    def begin(self, given: Sitting) -> bool:
        """Whether the sitting was begun; False where its name is taken in that set.

        Raises LessonError for a name that cannot be kept; StorageError for an unknown set.
        """
        check_name(given.name)
        with self._keeping.session(write=True) as session:
            _known(session, given.set_id)
            key = name_key(given.name)
            taken = sa.select(SittingRecord.id).where(
                SittingRecord.set_id == given.set_id, SittingRecord.name_key == key
            )
            if session.scalar(taken) is not None:
                return False
            values = {name: getattr(given, name) for name in SITTING}
            session.add(SittingRecord(name_key=key, **values))
        return True

    def sitting(self, sitting_id: str) -> Sitting | None:
        """The sitting of this secret id, if any."""
        with self._keeping.session() as session:
            found = session.get(SittingRecord, sitting_id)
            return None if found is None else _sitting(found)

    def sittings(self, set_id: str) -> list[Sitting]:
        """The sittings of a set, the first begun first."""
        asked = sa.select(SittingRecord).where(SittingRecord.set_id == set_id)
        order = (SittingRecord.started_at, SittingRecord.name_key)
        with self._keeping.session() as session:
            return [_sitting(row) for row in session.scalars(asked.order_by(*order))]

    def answer(self, given: ItemAnswer, *, final: bool) -> Outcome:
        """What came of an answer: `kept`, where the sitting goes on at the time of the answer;
        else why not. With `final`, one that was answered is not changed.

        Raises LessonError for a class or an item that there is not, StorageError for an unknown
        sitting.
        """
        if given.said not in CLASS_NAMES:
            raise LessonError(
                f"The answer names the class {given.said!r}; expected one of "
                f"{', '.join(CLASS_NAMES)}. Choose one of these."
            )
        with self._keeping.session(write=True) as session:
            sitting = _known_sitting(session, given.sitting_id)
            teaching_set = _known(session, sitting.set_id)
            if session.get(SetItemRecord, (sitting.set_id, given.number)) is None:
                raise LessonError(
                    f"Item {given.number} was answered, and the set has no such item. "
                    "Answer one of its items."
                )
            over = ended(_sitting(sitting), _set(teaching_set), given.created_at)
            if over is not None:
                return over
            known = session.get(ItemAnswerRecord, (given.sitting_id, given.number))
            if known is not None and final:
                return "answered"
            values = {name: getattr(given, name) for name in ANSWER}
            if known is None:
                session.add(ItemAnswerRecord(**values))
            else:
                for name, value in values.items():
                    setattr(known, name, value)
        return "kept"

    def hand_in(self, sitting_id: str, now: datetime) -> None:
        """Ends a sitting; handing in again changes nothing.
        Raises StorageError for an unknown sitting."""
        with self._keeping.session(write=True) as session:
            known = _known_sitting(session, sitting_id)
            if known.handed_in_at is None:
                known.handed_in_at = now if known.ends_at is None else min(now, known.ends_at)

    def answers(self, sitting_ids: Sequence[str]) -> list[ItemAnswer]:
        """What was answered in these sittings, by sitting and number."""
        asked = sa.select(ItemAnswerRecord).where(ItemAnswerRecord.sitting_id.in_(sitting_ids))
        order = (ItemAnswerRecord.sitting_id, ItemAnswerRecord.number)
        with self._keeping.session() as session:
            found = session.scalars(asked.order_by(*order))
            return [ItemAnswer(**{name: getattr(row, name) for name in ANSWER}) for row in found]


def name_key(name: str) -> str:
    """A name as it is compared: letters alike whatever their case, form and spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def check_name(name: str) -> None:
    """Nothing, where a name can be kept. Raises LessonError, saying what to mend."""
    if not (name_key(name) and len(name) <= NAME_LIMIT and is_text(name)):
        raise LessonError(
            f"The name has {len(name.strip())} characters; expected plain text of 1 to "
            f"{NAME_LIMIT} characters. Type another."
        )


def ended(sitting: Sitting, teaching_set: TeachingSet, now: datetime) -> Outcome | None:
    """Why a sitting takes no answer at this time; None while it does."""
    if sitting.handed_in_at is not None:
        return "handed in"
    if sitting.ends_at is not None and now >= sitting.ends_at:
        return "late"
    return "closed" if teaching_set.closed_at is not None else None


def _check_items(items: Sequence[SetItem]) -> None:
    numbers = [each.number for each in items]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise LessonError(
            f"The set has the items {numbers[:5]}; expected at least one, counted from 1. "
            "Choose its cells."
        )


def _known(session: Session, set_id: str) -> TeachingSetRecord:
    found = session.get(TeachingSetRecord, set_id)
    if found is None:
        raise StorageError(
            f"No set has the id {set_id!r}; expected one from the classroom's list. "
            "It may have been deleted: choose another."
        )
    return found


def _known_sitting(session: Session, sitting_id: str) -> SittingRecord:
    found = session.get(SittingRecord, sitting_id)
    if found is None:
        raise StorageError(
            "No sitting has this address; expected one that was begun here. The set may have been "
            "deleted: ask its instructor."
        )
    return found


def _set(row: TeachingSetRecord) -> TeachingSet:
    return TeachingSet(**{name: getattr(row, name) for name in SET})


def _sitting(row: SittingRecord) -> Sitting:
    return Sitting(**{name: getattr(row, name) for name in SITTING})
