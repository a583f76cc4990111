"""Reviews of the care page: who may record one, and whether one covers what it says now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cervix_models.contracts import CareReview
from cervix_models.data.care import content_sha256
from cervix_models.errors import ReviewError
from cervix_models.people import acting, needs
from cervix_models.storage.store import Store


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

    @needs("admin")
    def record(self, reviewer: str, reviewed_on: date, content: str, note: str) -> CareReview:
        """The review that is now kept: `reviewer`, a clinician, read the `content` of this hash.

        Raises RoleError without the role, ReviewError where the review is not complete, lies in
        the future, or is of other content than the page has now; StorageError.
        """
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
            now, acting().name, reviewer.strip(), reviewed_on, content, note.strip()
        )
        self.store.care_reviews.add(review)
        return review
