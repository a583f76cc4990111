"""Which content of the care page a clinician reviewed: checked and kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, fields

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cervix_models.contracts import CareReview
from cervix_models.errors import ReviewError
from cervix_models.storage.audit import note
from cervix_models.storage.tables import CareReviewRecord
from cervix_models.storage.verdicts import is_text

NAME_LIMIT = 200  # characters
NOTE_LIMIT = 2000
OpenSession = Callable[..., AbstractContextManager[Session]]


class CareReviews:
    """The reviews of a store, whose sessions it is given."""

    def __init__(self, session: OpenSession) -> None:
        """Asks nothing yet."""
        self._session = session

    def add(self, review: CareReview) -> None:
        """Keeps a review. Raises ReviewError for one that is not complete; StorageError as the
        store does."""
        check_review(review)
        with self._session(write=True) as session:
            session.add(CareReviewRecord(**asdict(review)))
            on = {"reviewed_on": review.reviewed_on.isoformat()}
            note(session, "care_review.add", review.content_sha256, on)

    def all(self) -> list[CareReview]:
        """Every review, the one recorded last first."""
        names = [each.name for each in fields(CareReview)]
        asked = sa.select(CareReviewRecord).order_by(CareReviewRecord.id.desc())
        with self._session() as session:
            return [
                CareReview(**{name: getattr(row, name) for name in names})
                for row in session.scalars(asked)
            ]


def check_review(review: CareReview) -> None:
    """Nothing, where the review is complete. Raises ReviewError, saying what to mend."""
    if not (review.reviewer.strip() and review.recorded_by.strip()):
        raise ReviewError(
            "The review names no reviewer; the name of the clinician who read the page was "
            "expected. Type it."
        )
    if len(review.reviewer) > NAME_LIMIT or len(review.note) > NOTE_LIMIT:
        raise ReviewError(
            f"The name has {len(review.reviewer)} and the note {len(review.note)} characters; "
            f"expected at most {NAME_LIMIT} and {NOTE_LIMIT}. Shorten them."
        )
    if not (is_text(review.reviewer) and is_text(review.recorded_by) and is_text(review.note)):
        raise ReviewError(
            "A name or the note holds a character that cannot be stored; expected plain text. "
            "Type it anew instead of pasting it."
        )
    if not re.fullmatch("[0-9a-f]{64}", review.content_sha256):
        raise ReviewError(
            f"The content is named {review.content_sha256!r}; the 64 digits of its SHA-256 were "
            "expected. Take them from data.care.content_sha256()."
        )
