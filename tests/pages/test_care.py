"""The care page: under its banner until a review is recorded, cited, and marked when it is old."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.data.care import CHECKED, content_sha256, sentences
from cervix_models.data.care_sources import SOURCES
from cervix_models.data.care_words import CONTENT
from cervix_models.people import Person
from cervix_models.services import care as service
from cervix_models.services.care import Care
from cervix_models.storage import open_store
from tests import tiny
from ui import care_view, identity, session

PAGE = "../pages/learn/care.py"
DAY = date(2026, 11, 29)


@pytest.fixture
def care(tmp_path, monkeypatch) -> Care:
    """The service over a store of its own."""
    store = open_store(tiny.settings_in(tmp_path))
    shared = Care(store)
    monkeypatch.setattr(session, "care", lambda: session.in_hands(shared))
    monkeypatch.setattr(care_view, "today", lambda: CHECKED)
    yield shared
    store.close()


def opened(app: AppTest) -> AppTest:
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def html(page: AppTest) -> str:
    return " ".join(each.proto.body for each in page.get("html"))


def warned(page: AppTest) -> str:
    return " ".join(each.value for each in page.warning)


def record(page: AppTest, name: str, *, sure: bool = True) -> AppTest:
    page.text_input(key="care-reviewer").set_value(name)
    page.text_area(key="care-note").set_value("Read *all* of it.")
    if sure:
        page.checkbox(key="care-sure").check()
    next(each for each in page.button if each.label == "Record the review").click().run()
    assert not page.exception
    return page


def test_every_sentence_is_shown_with_its_source_year_and_date(app, care) -> None:
    shown = html(opened(app))
    for sentence in sentences(CONTENT):
        assert care_view.sentence_html(sentence, CHECKED) in shown
        for key in sentence.sources:
            assert str(care_view.NUMBERS[key]) in care_view.sentence_html(sentence, CHECKED)
    assert all(source.title in shown for source in SOURCES.values())
    assert "2020; checked 2026-11-29" in shown
    assert "href" not in shown
    assert "Checked more than 12 months ago" not in shown


def test_the_banner_stands_until_a_review_and_comes_back_with_new_content(
    app, care, monkeypatch
) -> None:
    page = opened(app)
    assert "For a clinician to review" in warned(page)
    record(page, "Dr Ann [Example]")
    assert "For a clinician to review" not in warned(page)
    assert r"Reviewed by Dr Ann \[Example\]" in page.info[0].value
    (kept,) = care.store.care_reviews.all()
    assert (kept.reviewer, kept.recorded_by, kept.note) == (
        "Dr Ann [Example]", "local", "Read *all* of it.",
    )  # fmt: skip
    assert kept.content_sha256 == content_sha256()
    assert any(r"Read \*all\* of it\." in each.value for each in page.markdown)
    monkeypatch.setattr(service, "content_sha256", lambda: "f" * 64)
    page = opened(page)
    assert r"changed since Dr Ann \[Example\] reviewed it on 2026-11-29" in warned(page)
    assert any("replaced or outdated" in each.value for each in page.markdown)


def test_a_review_needs_a_name_and_the_word_that_all_was_read(app, care) -> None:
    page = record(opened(app), "Dr Ann", sure=False)
    assert "Confirm that the clinician has read the page" in page.error[0].value
    page = record(page, "  ")
    assert "names no reviewer" in page.error[0].value
    assert care.store.care_reviews.all() == []


def test_only_an_administrator_is_shown_the_form(app, care, monkeypatch) -> None:
    care.record("Dr Eve", DAY, content_sha256(), "")
    monkeypatch.setattr(identity, "person", lambda: Person("bob", ("student",)))
    page = opened(app)
    assert not [each for each in page.button if each.label == "Record the review"]
    assert "Reviewed by Dr Eve on 2026-11-29" in page.info[0].value


def test_old_sentences_are_counted_and_marked(app, care, monkeypatch) -> None:
    monkeypatch.setattr(care_view, "today", lambda: date(2027, 11, 30))
    page = opened(app)
    count = len(list(sentences(CONTENT)))
    assert f"{count} sentences were last checked more than 12 months ago" in warned(page)
    assert html(page).count("Checked more than 12 months ago") == count


def test_the_ladder_and_the_classes_are_shown_in_order(app, care) -> None:
    shown = html(opened(app))
    ranges = ["under 0.15 %", "0.15 to under 0.55 %", "0.55 % or more", "4 to under 25 %",
              "25 to under 60 %", "60 % or more"]  # fmt: skip
    places = [shown.index(f'cx-range">{each}<') for each in ranges]
    assert places == sorted(places)
    assert "No cell class of this app gives such a risk" in warned(opened(app))
    assert shown.index("Disputed: ASC-US to HSIL") < shown.index("LSIL spectrum")
    assert "Certainty: low" in shown
