"""Reviews of the care page: kept whole and for good, and refused where they are not complete."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cervix_models.contracts import CareReview
from cervix_models.errors import ReviewError
from cervix_models.storage import open_store
from tests.storage.samples import NOON

FIRST = CareReview(NOON, "local", "Dr Ann Example", date(2026, 11, 29), "a" * 64, "Read twice.")
SECOND = replace(FIRST, created_at=NOON + timedelta(days=1), content_sha256="b" * 64, note="")


def test_reviews_survive_a_restart_and_the_newest_comes_first(settings) -> None:
    first = open_store(settings)
    first.care_reviews.add(FIRST)
    first.care_reviews.add(SECOND)
    first.close()
    again = open_store(settings)
    assert again.care_reviews.all() == [SECOND, FIRST]
    again.close()


def test_a_store_begins_without_reviews(store) -> None:
    assert store.care_reviews.all() == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"reviewer": "  "}, "names no reviewer"),
        ({"recorded_by": ""}, "names no reviewer"),
        ({"reviewer": "x" * 201}, "The name has 201 and the note 11 characters"),
        ({"note": "x" * 2001}, "the note 2001 characters"),
        ({"note": "a\0b"}, "cannot be stored"),
        ({"reviewer": "a\ud800"}, "cannot be stored"),
        ({"content_sha256": "A" * 64}, "The content is named 'AAAA"),
        ({"content_sha256": "a" * 63}, "64 digits"),
    ],
)
def test_a_review_that_is_not_complete_is_refused(store, changed, sentence) -> None:
    with pytest.raises(ReviewError, match=sentence):
        store.care_reviews.add(replace(FIRST, **changed))
    assert store.care_reviews.all() == []
