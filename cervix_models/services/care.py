"""Reviews of the care page: who may record one, and whether one covers what it says now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cervix_models.contracts import CareReview
from cervix_models.data.care import content_sha256
from cervix_models.errors import ReviewError, RoleError
from cervix_models.storage.store import Store

REVIEWS_BY = "admin"  # the role that records a review


@dataclass(frozen=True)
class Recorder:
    """Who is signed in and records a review."""

    name: str
    roles: Collection[str]


@dataclass(frozen=True)
class Standing:
    """Whether what the page says now was reviewed."""

    current: CareReview | None  # the newest review of this very content
    earlier: tuple[CareReview, ...]  # all others, the newest first


class Care:
    """Keeps and tells the reviews of the care page. Threads may share one."""

    def __init__(self, store: Store) -> None:
        """Asks nothing yet."""
        self.store = store

    def standing(self) -> Standing:
        """Whether a review covers the content as it stands. Raises StorageError."""
        reviews = self.store.care_reviews.all()
        now = content_sha256()
        current = next((each for each in reviews if each.content_sha256 == now), None)
        return Standing(current, tuple(each for each in reviews if each is not current))

    def record(
        self, reviewer: str, reviewed_on: date, content: str, note: str, recorder: Recorder
    ) -> CareReview:
        """The review that is now kept: `reviewer`, a clinician, read the `content` of this hash.

        Raises RoleError without the role, ReviewError where the review is not complete, lies in
        the future, or is of other content than the page has now; StorageError.
        """
        if REVIEWS_BY not in recorder.roles:
            raise RoleError(
                f"{recorder.name} has the roles {', '.join(recorder.roles) or 'none'}; recording a "
                f"review needs the role “{REVIEWS_BY}”. Ask an administrator to record it."
            )
        now = datetime.now(UTC)
        # Somewhere on earth the next day has begun already.
        if reviewed_on > now.date() + timedelta(days=1):
            raise ReviewError(
                f"The review is dated {reviewed_on.isoformat()}, which is still to come; the day "
                "on which the page was read was expected. Correct the date."
            )
        if content != content_sha256():
            raise ReviewError(
                "The page has changed since it was opened; a review of what it says now was "
                "expected. Open it again, and let it be read again."
            )
        review = CareReview(
            now, recorder.name, reviewer.strip(), reviewed_on, content, note.strip()
        )
        self.store.care_reviews.add(review)
        return review
