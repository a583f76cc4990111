"""The page of slides, over a fake service: choice, parts, reading what is in view."""

from __future__ import annotations

import pytest

from cervix_models.contracts import NOTICE, OnSlide
from tests.fake_slides import FakeSlides
from ui import session, viewer

PAGE = "../pages/triage/slide.py"
FIRST, SECOND = "a" * 16, "b" * 16


@pytest.fixture
def view(monkeypatch) -> dict[str, tuple[int, int, int, int] | None]:
    """What the viewer reports as asked for, in the next run of the page."""
    asked = {"box": None}

    def mount(**given):
        asked["data"] = given["data"]
        box, asked["box"] = asked["box"], None
        return {"view": box, "cell": None}

    monkeypatch.setattr(viewer, "_mount", mount)
    return asked


@pytest.fixture
def slides(fields, monkeypatch, view) -> FakeSlides:
    fake = FakeSlides(fields)
    monkeypatch.setattr(session, "shared_slides", lambda: fake)
    return fake


@pytest.fixture
def page(slides, app):
    return app.switch_page(PAGE).run()


def words(app) -> str:
    return " ".join(each.value for each in app.markdown)


def test_the_first_slide_is_shown_with_its_size_and_scale(page, view, triage) -> None:
    assert not page.exception
    assert page.selectbox[0].options == ["first.svs (1.2 GB)", "second.tif (5.6 MB)"]
    assert "**800 × 600** pixels, 0.250 µm per pixel" in words(page)
    assert page.query_params["slide"] == FIRST
    assert view["data"]["tiles"]["url"] == f"/slide-tiles/{FIRST}"
    assert not page.number_input
    assert any(NOTICE in each.proto.body for each in page.get("html"))
    assert triage.warm


def test_slides_are_chosen_one_after_the_other(page) -> None:
    for key in (SECOND, FIRST, SECOND):
        page.selectbox[0].set_value(key).run()
        assert page.query_params["slide"] == key
        assert page.selectbox[0].value == key


def test_a_slide_without_a_scale_asks_for_one(page, slides, view) -> None:
    app = page.selectbox[0].select(SECOND).run()
    assert "without a scale of its own" in words(app)
    app = app.number_input[0].set_value(0.5).run()
    view["box"] = (10, 20, 300, 200)
    app.run()
    assert slides.asked == [(SECOND, (10, 20, 300, 200), 0.5)]


def test_what_is_in_view_is_read_and_then_opened_as_a_field(page, slides, view) -> None:
    view["box"] = (10, 20, 300, 200)
    app = page.run()
    assert slides.asked == [(FIRST, (10, 20, 300, 200), None)]
    assert app.get("progress")[0].proto.text == "2 cells read"
    made = slides.finish(FIRST)
    app.run()
    assert app.query_params == {"field": made.id, "slide": FIRST}
    assert "A part of a slide, from 10, 20 on" in words(app)
    links = [each.proto.label for each in app.get("page_link")]
    assert "Back to the slide" in links
    assert "Another field" not in [each.label for each in app.button]


def test_parts_that_were_read_are_drawn_and_opened(page, slides, view) -> None:
    made = slides.fields.add(("Parabasal",), on_slide=OnSlide(FIRST * 4, 40, 50))
    slides.fields.add(("Parabasal",), on_slide=OnSlide(SECOND * 4, 0, 0))
    app = page.run()
    assert view["data"]["parts"] == [{"left": 40, "top": 50, "width": 120, "height": 120}]
    (button,) = [each for each in app.button if each.label.startswith("Open:")]
    app = button.click().run()
    assert app.query_params == {"field": made.id, "slide": FIRST}


def test_a_slide_that_cannot_be_opened_says_why_and_another_can_be_chosen(page, slides) -> None:
    slides.problem = "first.svs cannot be read as a slide."
    app = page.run()
    assert "cannot be read as a slide" in app.error[0].value
    slides.problem = None
    app = app.selectbox[0].select(SECOND).run()
    assert not app.error


def test_a_reading_that_fails_says_why(page, slides, view) -> None:
    view["box"] = (0, 0, 50, 50)
    app = page.run()
    job = slides.fields.jobs[-1]
    job.problem, job.state = "The models are gone.", "failed"
    app.run()
    assert "The models are gone" in app.error[0].value


def test_without_slides_the_page_says_where_they_go(slides, app) -> None:
    slides.files = []
    page = app.switch_page(PAGE).run()
    assert "/slides" in page.info[0].value
    assert "CERVIX_SLIDES" in page.info[0].value
    assert not page.exception


def test_an_address_of_a_slide_that_is_gone_says_so(page) -> None:
    page.query_params["slide"] = "c" * 16
    app = page.run()
    assert "no slide of this address" in app.warning[0].value
