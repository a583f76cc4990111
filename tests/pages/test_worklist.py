import pytest

from cervix_models.contracts import NOTICE
from tests.fakes import drawn_cell, png

PAGE = "../pages/triage/worklist.py"


@pytest.fixture
def page(app):
    return app.switch_page(PAGE).run()


def fill(triage, *answers: str | None) -> list[str]:
    found = []
    for seed, answer in enumerate(answers):
        triage.answer = answer
        found.append(triage.read(png(drawn_cell(60, seed)), "a.png").id)
    return found


def button(app, label: str):
    (found,) = [each for each in app.button if each.label == label]
    return found


def test_an_empty_worklist_says_how_to_fill_it(page) -> None:
    assert "Nothing has been read yet" in page.info[0].value
    assert [each.proto.label for each in page.get("page_link")] == ["Read cells"]
    assert not page.dataframe


def test_readings_are_listed_newest_first_with_picture_answer_and_verdict(page, triage) -> None:
    first, _ = fill(triage, "Parabasal", None)
    triage.give_verdict(first, "correct", "Metaplastic", "see the rim", "local")
    table = page.run().dataframe[0].value
    assert list(table["Answer"]) == ["Refer", "Parabasal"]
    assert list(table["Probability"]) == ["–", "92.0 %"]
    assert list(table["Verdict"]) == ["–", "Is Metaplastic"]
    assert list(table["Remark"]) == ["", "see the rim"]
    assert all(address.startswith("/picture/image/") for address in table["Cell"])
    assert NOTICE in " ".join(each.proto.body for each in page.get("html"))


@pytest.mark.parametrize(
    ("key", "value", "answers"),
    [
        ("filter_decision", "refer", ["Refer"]),
        ("filter_label", "Parabasal", ["Parabasal"]),
        ("filter_verdict", "agree", ["Koilocytotic"]),
        ("filter_verdict", "open", ["Refer", "Parabasal"]),
    ],
)
def test_filters_choose(page, triage, key, value, answers) -> None:
    agreed, *_ = fill(triage, "Koilocytotic", "Parabasal", None)
    triage.give_verdict(agreed, "agree", None, "", "local")
    page.run().selectbox(key=key).set_value(value).run()
    assert list(page.dataframe[0].value["Answer"]) == answers


def test_filters_that_fit_nothing_say_so(page, triage) -> None:
    fill(triage, "Koilocytotic")
    page.run().selectbox(key="filter_label").set_value("Parabasal").run()
    assert "No reading fits these filters" in page.info[0].value


def test_pages_are_turned_by_keys(page, triage) -> None:
    fill(triage, *["Parabasal"] * 23)
    page.run()
    assert len(page.dataframe[0].value) == 20
    assert button(page, "Newer").disabled
    button(page, "Older").click().run()
    assert len(page.dataframe[0].value) == 3
    assert button(page, "Older").disabled
    keys = {each.label: each.proto.shortcut for each in page.button}
    assert keys == {"Open the next without a verdict": "o", "Newer": "k", "Older": "j"}


def test_the_next_without_a_verdict_opens_on_its_page(page, triage) -> None:
    open_one, judged = fill(triage, "Parabasal", "Koilocytotic")
    triage.give_verdict(judged, "agree", None, "", "local")
    button(page.run(), "Open the next without a verdict").click().run()
    assert page.title[0].value == "Read cells"
    assert page.query_params["reading"] == open_one


def test_what_is_shown_can_be_taken_as_files(page, triage) -> None:
    fill(triage, "Parabasal")
    found = [each.label for each in page.run().get("download_button")]
    assert found == ["CSV", "Parquet", "COCO", "Corrected outlines"]
    assert not page.exception


def test_corrected_outlines_are_told(page, triage) -> None:
    first, second = fill(triage, "Parabasal", "Koilocytotic")
    triage.revise(second, triage.labels(triage.rows[second].reading), "painted", "local")
    table = page.run().dataframe[0].value
    assert sorted(table["Outlines"]) == ["", "corrected"]
    assert triage.rows[second].corrected
    assert not triage.rows[first].corrected
