"""What documents report, and that its words can be translated."""

from __future__ import annotations

from cervix_models.evaluation.notes import JUDGED, judged_by_people, notes_of


def test_what_people_judged_elsewhere_is_worded_as_it_is_marked_for_translation() -> None:
    assert {each["pictures"] for each in judged_by_people().values()} == set(JUDGED)


def test_a_recipe_that_no_document_tells_of_has_no_notes() -> None:
    assert notes_of("no such recipe") == {}
