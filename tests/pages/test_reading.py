import base64
import io
import json

import numpy as np
import pytest
from PIL import Image as Pictures

from cervix_models.contracts import NOTICE
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import WeightsError
from tests.fakes import drawn_cell, png

PAGE = "../pages/triage/reading.py"
SHORTS = ("DK", "KO", "MP", "PB", "SI")


def shown(app) -> str:
    return " ".join(each.proto.body for each in app.get("html") if "<style>" not in each.proto.body)


def button(app, label: str):
    (found,) = [each for each in app.button if each.label == label]
    return found


@pytest.fixture
def page(app):
    return app.switch_page(PAGE).run()


def upload(page, *files: tuple[str, bytes]):
    page.file_uploader[0].set_value([(name, content, "image/png") for name, content in files])
    return page.run()


def test_the_open_page_has_the_models_loaded(page, triage) -> None:
    assert triage.warm


def test_a_cell_becomes_a_stored_reading_with_all_that_explains_it(page, triage) -> None:
    page.number_input(key="scale").set_value(0.2)
    upload(page, ("a.png", png(drawn_cell())))
    (reading_id,) = triage.rows
    assert triage.rows[reading_id].reading.micrometres_per_pixel == 0.2
    assert page.query_params["reading"] == reading_id
    text = shown(page)
    assert "<strong>Koilocytotic</strong>" in text
    assert all(name in text for name in CLASS_NAMES)
    assert "92.0 %" in text
    assert NOTICE in text
    assert "90 % set" in text
    assert "nucleus 100.0 %" in text
    assert "tiny 1: accuracy 0.5" in text
    assert "outliner 1: Dice 0.5" in text
    assert page.get("bidi_component")
    table = page.dataframe[0].value
    assert {"Feature", "Value", "In µm", *SHORTS} <= set(table.columns)
    assert [each.label for each in page.get("download_button")] == [
        "JSON", "CSV", "GeoJSON", "Label TIFF", "PDF report",
    ]  # fmt: skip
    assert not page.exception


def test_the_uploader_is_emptied_once_the_files_are_stored(page) -> None:
    upload(page, ("a.png", png(drawn_cell())))
    assert not page.file_uploader[0].value
    assert page.session_state["round"] == 1


def test_a_referred_reading_shows_its_reasons_and_no_class_as_answer(page, triage) -> None:
    triage.answer = None
    upload(page, ("a.png", png(drawn_cell())))
    answer = next(text for text in map(str, [e.proto.body for e in page.get("html")])
                  if "cx-answer" in text)  # fmt: skip
    assert "<strong>Refer</strong>" in answer
    assert "The largest probability is 41 %" in answer
    assert not any(name in answer for name in CLASS_NAMES)
    assert "90 % set" not in shown(page)
    (bars,) = [
        e.proto.body for e in page.get("html") if "Probability of each class" in e.proto.body
    ]
    fills = {part.split(";background:")[1].split('"')[0] for part in bars.split("width:")[1:]}
    assert fills == {"#8a9499"}
    assert any("none of it is an answer" in each.label for each in page.expander)


def test_bad_files_are_named_and_the_others_are_read(page, triage) -> None:
    upload(
        page, ("one.png", png(drawn_cell())), ("empty.png", b""), ("words.png", b"not a picture")
    )
    assert len(triage.rows) == 1
    sentences = [each.value for each in page.error]
    assert len(sentences) == 2
    assert "empty" in sentences[0]
    assert "words" in sentences[1]
    assert "<strong>Koilocytotic</strong>" in shown(page)


def test_of_many_bad_files_the_first_are_shown_and_the_others_can_be(page) -> None:
    upload(page, *[(f"{number}.png", b"no picture") for number in range(8)])
    assert len(page.error) == 5
    (more,) = [each for each in page.expander if "were not read" in each.label]
    assert more.label == "3 more were not read"
    assert "7\\.png" in more.markdown[0].value


def test_only_bad_files_store_nothing(page, triage) -> None:
    upload(page, ("words.png", b"not a picture"))
    assert triage.rows == {}
    assert "reading" not in page.query_params
    assert len(page.error) == 1


def test_a_file_name_is_shown_letter_by_letter(page) -> None:
    upload(page, ("**bold**.png", b"no"))
    assert r"\*\*bold\*\*" in page.error[0].value


def test_too_many_files_at_once_are_all_left_unread(page, triage, monkeypatch) -> None:
    content = png(drawn_cell(40))
    monkeypatch.setattr(triage, "start", None)
    upload(page, *[(f"{number}.png", content) for number in range(1001)])
    assert triage.rows == {}
    assert "1001 files were given at once; up to 1000" in page.error[0].value
    assert not page.file_uploader[0].value


def test_missing_weights_are_said(page, triage, monkeypatch) -> None:
    def no_weights(*args, **options):
        raise WeightsError("No weights of 'tiny' are here.")

    monkeypatch.setattr(triage, "read", no_weights)
    upload(page, ("a.png", png(drawn_cell())))
    (error,) = page.error
    assert "No weights of" in error.value


def test_several_cells_are_read_while_the_page_watches_and_can_be_stopped(page, triage) -> None:
    triage.slow = True
    upload(page, *[(f"{number}.png", png(drawn_cell(80, number))) for number in range(3)])
    assert page.get("progress")[0].proto.text == "Loading the models"
    triage.job.progress(0.5, 2)
    page.run()
    assert page.get("progress")[0].proto.text == "2 cells read"
    button(page, "Stop and keep what was read").click().run()
    assert triage.job.stop.is_set()
    assert page.get("progress")[0].proto.text == "Stopping"
    triage.job.state = "done"
    page.run()
    assert "**3 cells** · Koilocytotic 3" in page.markdown[0].value


def test_a_failed_job_is_said(page, triage) -> None:
    triage.slow = True
    upload(page, *[(f"{number}.png", png(drawn_cell(80, number))) for number in range(2)])
    triage.job.found, triage.job.problem, triage.job.state = None, "The disk is full.", "failed"
    page.run()
    (error,) = page.error
    assert error.value == "The disk is full\\."
    assert page.file_uploader


def test_several_cells_are_shown_together_and_stepped_through_by_concern(page, triage) -> None:
    answers = iter(("Parabasal", None, "Dyskeratotic"))
    read = triage.read

    def answered(*args, **options):
        triage.answer = next(answers)
        return read(*args, **options)

    triage.read = answered
    upload(page, *[(f"{number}.png", png(drawn_cell(80, number))) for number in range(3)])
    normal, referred, abnormal = triage.rows
    assert "verdicts on 0 of 3" in page.markdown[0].value
    cells = [each for each in page.button if (each.key or "").startswith("gallery-")]
    assert [each.label for each in cells] == ["1 DK", "2 refer", "3 PB"]
    assert [each.label for each in page.get("download_button")] == ["CSV", "Parquet", "COCO"]
    cells[1].click().run()
    assert page.query_params["reading"] == referred
    assert any("Cell **2** of 3 · 1\\.png" in each.value for each in page.markdown)
    button(page, "Next").click().run()
    assert page.query_params["reading"] == normal
    assert button(page, "Next").disabled
    button(page, "All 3 cells").click().run()
    assert "reading" not in page.query_params
    button(page, "Close these").click().run()
    assert not page.tabs
    assert set(triage.rows) == {normal, referred, abnormal}


def test_where_the_classifier_looked_is_shown_when_it_is_asked_for(page, triage) -> None:
    upload(page, *[(f"{number}.png", png(drawn_cell(80, number))) for number in range(2)])
    page.query_params["reading"] = next(iter(triage.rows))
    page.run()
    assert "Grad-CAM heat" not in shown(page)
    triage.no_weights = "Other weights are here."
    button(page, "Where did the classifier look?").click().run()
    assert "Other weights are here" in page.error[0].value
    triage.no_weights = None
    button(page, "Where did the classifier look?").click().run()
    assert "Grad-CAM heat" in shown(page)
    assert not page.error
    (viewer,) = page.get("bidi_component")
    heat = json.loads(viewer.proto.json)["heat"]
    with Pictures.open(io.BytesIO(base64.b64decode(heat.split(",")[1]))) as drawn:
        assert drawn.mode == "RGBA"
        assert len(np.unique(np.asarray(drawn)[..., 0])) > 1


def test_a_classifier_that_reads_no_picture_says_so(page, triage) -> None:
    triage.blind = True
    upload(page, *[(f"{number}.png", png(drawn_cell(80, number))) for number in range(2)])
    page.query_params["reading"] = next(iter(triage.rows))
    page.run()
    button(page, "Where did the classifier look?").click().run()
    assert any("looks at measured features" in each.value for each in page.caption)


def test_a_stored_reading_is_found_by_its_address_and_its_neighbours_by_keys(app, triage) -> None:
    older, newer = (triage.read(png(drawn_cell(80, seed)), "a.png") for seed in (1, 2))
    app.switch_page(PAGE).run()
    app.query_params["reading"] = newer.id
    app.run()
    assert "<strong>Koilocytotic</strong>" in shown(app)
    button(app, "Next").click().run()
    assert app.query_params["reading"] == older.id


def test_an_unknown_address_is_answered_kindly(app) -> None:
    app.switch_page(PAGE).run()
    app.query_params["reading"] = "nothing"
    app.run()
    assert "There is no reading of this address here" in app.warning[0].value
    assert not app.exception


def test_samples_are_read_as_samples_and_say_so(page, triage) -> None:
    page.button[0].click().run()
    (row,) = triage.rows.values()
    assert row.reading.sample
    assert any("Synthetic sample" in each.value for each in page.markdown)
    assert not page.exception


@pytest.mark.parametrize(
    ("label", "kind", "corrected"),
    [
        ("Agree: Koilocytotic", "agree", None),
        ("Refer", "refer", None),
        ("Parabasal", "correct", "Parabasal"),
    ],
)
def test_a_verdict_is_stored_with_its_remark(page, triage, label, kind, corrected) -> None:
    upload(page, ("a.png", png(drawn_cell())))
    page.text_input[0].set_value("  halo is *small* ")
    button(page, label).click().run()
    ((_, row),) = triage.rows.items()
    assert (row.verdict.kind, row.verdict.label) == (kind, corrected)
    assert row.verdict.remark == "halo is *small*"
    assert row.verdict.author == "local"
    assert r"halo is \*small\*" in page.success[0].value
    assert page.text_input[0].value == ""


def test_the_answer_itself_is_no_correction(page) -> None:
    upload(page, ("a.png", png(drawn_cell())))
    labels = [each.label for each in page.button]
    assert "Koilocytotic" not in labels
    assert {"Dyskeratotic", "Metaplastic", "Parabasal", "Superficial-Intermediate"} <= set(labels)


def test_a_refused_verdict_says_why(page) -> None:
    upload(page, ("a.png", png(drawn_cell())))
    page.text_input[0].set_value("refuse me")
    button(page, "Refer").click().run()
    assert page.error[0].value == r"This verdict was refused\."
    assert not page.success


def test_heat_that_lies_mostly_outside_the_cell_is_said_so(page, triage) -> None:
    triage.heat_off_cell = True
    upload(page, ("a.png", png(drawn_cell())))
    assert "falls outside the cell" in page.warning[0].value


def test_every_key_of_the_page_is_used_once(page, triage) -> None:
    upload(page, *[(f"{number}.png", png(drawn_cell(80, number))) for number in range(2)])
    page.query_params["reading"] = next(iter(triage.rows))
    page.run()
    keys = [each.proto.shortcut for each in page.button if each.proto.shortcut]
    assert sorted(keys) == ["1", "3", "4", "5", "a", "f", "j", "k"]


def _correcting(page, triage):
    """The page with one reading, whose outlines are about to be corrected without a canvas, which
    only a running application can show."""
    upload(page, ("a.png", png(drawn_cell())))
    (reading_id,) = triage.rows
    page.session_state["outline-tool"] = "grow"
    page.toggle(key=f"correct-{reading_id}").set_value(True).run()
    return reading_id


def test_outlines_are_corrected_and_taken_back(page, triage) -> None:
    reading_id = _correcting(page, triage)
    before = triage.labels(triage.rows[reading_id].current)
    assert button(page, "Store these outlines").disabled
    grow = next(each for each in page.slider if "larger or smaller" in each.label)
    grow.set_value(4).run()
    button(page, "Store these outlines").click().run()
    (revision,) = triage.changes[reading_id]
    assert (revision.origin, revision.author) == ("painted", "local")
    assert revision.features["nucleus_area"] > (before == 2).sum()
    assert any("Outlines drawn by local" in each.value for each in page.caption)
    (warning,) = [each for each in page.warning if "these outlines" in each.value]
    assert "the classifier says Metaplastic, 80.0 %" in warning.value
    assert "<strong>Koilocytotic</strong>" in shown(page)  # the first answer stays
    history = next(each.value for each in page.dataframe if "How" in each.value)
    assert list(history["How"]) == ["drawn"]
    assert button(page, "Store these outlines").disabled  # what was asked for was taken
    button(page, "Back to the segmenter’s").click().run()
    assert [each.origin for each in triage.changes[reading_id]] == ["painted", "segmenter"]
    assert triage.changes[reading_id][1].features["nucleus_area"] == (before == 2).sum()
    assert not page.exception


def test_outlines_are_brought_in_from_a_file(page, triage) -> None:
    reading_id = _correcting(page, triage)
    labels = triage.labels(triage.rows[reading_id].reading)
    page.session_state["outline-way"] = "imported"
    page.run()
    given = next(each for each in page.file_uploader if "GeoJSON" in each.label)
    given.set_value(("bad.png", png(labels[:50]), "image/png"))
    page.run()
    assert any("png is 160 x 50 pixels; 160 x 160" in each.value for each in page.error)
    assert button(page, "Store these outlines").disabled
    given = next(each for each in page.file_uploader if "GeoJSON" in each.label)
    given.set_value(("good.png", png(np.maximum(labels, 1)), "image/png"))
    page.run()
    button(page, "Store these outlines").click().run()
    (revision,) = triage.changes[reading_id]
    assert revision.origin == "imported"
    assert any("brought in by local" in each.value for each in page.caption)


def test_outlines_that_are_refused_are_told(page, triage) -> None:
    reading_id = _correcting(page, triage)
    grow = next(each for each in page.slider if "larger or smaller" in each.label)
    grow.set_value(-30).run()
    button(page, "Store these outlines").click().run()
    assert any("The outlines have no nucleus" in each.value for each in page.error)
    assert reading_id not in triage.changes


def test_a_cell_is_held_against_the_cells_of_a_class(page, triage) -> None:
    upload(page, ("a.png", png(drawn_cell())))
    (chosen,) = [each for each in page.selectbox if each.label == "Against the cells of"]
    assert chosen.value == "Koilocytotic"
    charts = [each.proto.alt for each in page.get("plotly_chart")]
    (radar,) = [each for each in charts if each.startswith("Percentiles of this cell")]
    assert "Koilocytotic cells: Nucleus area " in radar
    chosen.set_value("Parabasal").run()
    charts = [each.proto.alt for each in page.get("plotly_chart")]
    assert any("among Parabasal cells" in each for each in charts)
    assert not page.exception


def test_measurements_are_shown_with_their_spread_when_asked(page, triage) -> None:
    upload(page, ("a.png", png(drawn_cell())))
    assert "Over 8 views" not in page.dataframe[0].value
    (asked,) = [each for each in page.toggle if "How far do they move" in each.label]
    asked.set_value(True).run()
    column = page.dataframe[0].value["Over 8 views"]
    assert all(" to " in each for each in column)
    assert not page.exception
