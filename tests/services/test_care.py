"""A review of the care page: by an administrator, of the content as it stands, and for good."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cervix_models.data.care import content_sha256
from cervix_models.errors import ReviewError, RoleError
from cervix_models.people import Person, acting_as
from cervix_models.services import care as service
from cervix_models.services.care import Care, Standing
from cervix_models.storage import open_store
from tests import tiny

DAY = date(2026, 11, 29)
ADMIN = Person("ann", ("student", "admin"))


@pytest.fixture
def care(tmp_path):
    store = open_store(tiny.settings_in(tmp_path))
    with acting_as(ADMIN):
        yield Care(store)
    store.close()


def test_nothing_was_reviewed_at_first(care) -> None:
    assert care.standing() == Standing(None, ())


def test_a_review_covers_the_content_that_it_read(care) -> None:
    kept = care.record(" Dr Eve ", DAY, content_sha256(), " Fine. ")
    assert (kept.reviewer, kept.note, kept.recorded_by) == ("Dr Eve", "Fine.", "ann")
    assert kept.content_sha256 == content_sha256()
    assert datetime.now(UTC) - kept.created_at < timedelta(minutes=1)
    assert care.standing() == Standing(kept, ())


def test_of_two_reviews_the_newest_stands(care) -> None:
    first = care.record("Dr Eve", DAY, content_sha256(), "")
    second = care.record("Dr Adam", DAY, content_sha256(), "")
    assert care.standing() == Standing(second, (first,))


def test_changed_content_is_not_reviewed_and_the_earlier_review_is_told(care, monkeypatch) -> None:
    kept = care.record("Dr Eve", DAY, content_sha256(), "")
    monkeypatch.setattr(service, "content_sha256", lambda: "f" * 64)
    assert care.standing() == Standing(None, (kept,))


@pytest.mark.parametrize("roles", [(), ("student",), ("student", "pathologist")])
def test_only_an_administrator_records_a_review(care, roles) -> None:
    refused = pytest.raises(RoleError, match=r"bob has the roles .* needs the role “admin”")
    with acting_as(Person("bob", roles)), refused:
        care.record("Dr Eve", DAY, content_sha256(), "")
    assert care.standing() == Standing(None, ())


def test_a_review_that_is_still_to_come_is_refused(care) -> None:
    then = datetime.now(UTC).date() + timedelta(days=2)
    with pytest.raises(ReviewError, match=f"dated {then.isoformat()}, which is still to come"):
        care.record("Dr Eve", then, content_sha256(), "")


def test_a_review_of_other_content_is_refused(care) -> None:
    with pytest.raises(ReviewError, match="The page has changed since it was opened"):
        care.record("Dr Eve", DAY, "a" * 64, "")


def test_a_review_without_a_reviewer_is_refused(care) -> None:
    with pytest.raises(ReviewError, match="names no reviewer"):
        care.record("  ", DAY, content_sha256(), "")
