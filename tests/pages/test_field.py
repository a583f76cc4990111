"""The page of whole fields, over a fake service: upload, progress, stop, review, gallery."""

from __future__ import annotations

import pytest

from cervix_models.contracts import NOTICE
from tests.fakes import drawn_cell, png

PAGE = "../pages/triage/field.py"


@pytest.fixture
def page(fields, app):
    return app.switch_page(PAGE).run()


def button(app, label: str):
    (found,) = [each for each in app.button if each.label.startswith(label)]
    return found


def opened(app, field):
    app.query_params["field"] = field.id
    return app.run()


def words(app) -> str:
    return " ".join(each.value for each in app.markdown)


def upload(app, content: bytes):
    return app.file_uploader[0].set_value(("field.png", content, "image/png")).run()


def test_the_door_says_what_it_wants_and_what_it_is_not(page, triage) -> None:
    assert "Some cells are missed" in words(page)
    assert any(NOTICE in each.proto.body for each in page.get("html"))
    assert triage.warm
    assert not page.exception


def test_a_field_is_read_in_the_background_and_then_opened(page, fields) -> None:
    app = upload(page, png(drawn_cell(200)))
    assert app.get("progress")[0].proto.text == "3 cells read"
    assert len(fields.jobs) == 1
    fields.finish()
    app.run()
    assert app.query_params["field"] == next(iter(fields.kept))
    assert "**4 cells**" in words(app)


def test_a_reading_can_be_stopped(page, fields) -> None:
    app = upload(page, png(drawn_cell(200)))
    button(app, "Stop").click().run()
    assert fields.jobs[0].stop.is_set()
    assert app.get("progress")[0].proto.text == "Stopping"


def test_what_cannot_be_read_is_answered_with_a_sentence(page, fields) -> None:
    app = upload(page, b"broken")
    assert "is no picture" in app.error[0].value
    app = upload(app, png(drawn_cell(200)))
    fields.problem = "The models are gone."
    fields.finish()
    app.run()
    assert "The models are gone" in app.error[0].value
    assert not fields.kept


def test_cells_come_by_concern_and_no_normal_cell_before_another(page, fields) -> None:
    answers = ("Parabasal", None, "Superficial-Intermediate", "Koilocytotic", "Metaplastic")
    app = opened(page, fields.add(answers))
    words = [each.label for each in app.button if each.key and each.key.startswith("gallery-")]
    assert words == ["4 KO", "2 refer", "1 PB", "3 SI", "5 MP"]
    assert "no normal or benign cell is ranked as a concern" in " ".join(
        each.value for each in app.caption
    )


def test_verdicts_are_given_one_after_the_other(page, fields, triage) -> None:
    app = opened(page, fields.add(("Koilocytotic", "Parabasal")))
    assert "Cell **1** · 1 of 2" in [each.value for each in app.markdown]
    button(app, "Agree").click().run()
    assert "Cell **2** · 2 of 2" in [each.value for each in app.markdown]
    button(app, "Refer").click().run()
    kinds = [row.verdict.kind for row in fields.cells(f"{0:032x}")]
    assert kinds == ["agree", "refer"]
    assert "verdicts on 2 of 2" in words(app)
    button(app, "Previous").click().run()
    assert "Cell **1** · 1 of 2" in [each.value for each in app.markdown]


def test_a_cell_of_the_gallery_comes_in_turn(page, fields) -> None:
    app = opened(page, fields.add((None, None, None)))
    button(app, "3 refer").click().run()
    assert "Cell **3** · 3 of 3" in [each.value for each in app.markdown]


def test_a_field_without_cells_says_what_to_try(page, fields) -> None:
    app = opened(page, fields.add(("Parabasal",), complete=False))
    assert "stopped before the whole field was read" in words(app)
    fields.places[f"{0:032x}"] = []
    app.run()
    assert "No nucleus was found" in app.info[0].value


def test_an_unknown_field_leads_back_to_the_door(page) -> None:
    page.query_params["field"] = "gone"
    app = page.run()
    assert "There is no field of this address here" in app.warning[0].value
    assert app.file_uploader


def test_earlier_fields_are_opened_and_deleted(page, fields) -> None:
    field = fields.add(("Parabasal",))
    app = page.run()
    button(app, "Open:").click().run()
    assert app.query_params["field"] == field.id
    button(app, "Delete it").click().run()
    assert not fields.kept
    assert "field" not in app.query_params


def test_the_field_is_handed_out_as_files(page, fields) -> None:
    app = opened(page, fields.add(("Koilocytotic", None)))
    labels = [each.proto.label for each in app.get("download_button")]
    assert labels == ["GeoJSON", "Label TIFF", "CSV", "Parquet", "COCO"]


def test_the_sample_field_is_read_as_a_sample(page, fields) -> None:
    app = button(page, "Read the sample field").click().run()
    assert fields.options["sample"] is True
    fields.finish()
    app.run()
    assert "**4 cells**" in words(app)
