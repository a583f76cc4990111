from dataclasses import replace

import pytest
from PIL import Image

from cervix_models.contracts import NOTICE
from cervix_models.errors import WeightsError
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from tests.fake_generators import generator_metrics, help_of, translator_metrics
from tests.fakes import CARD
from ui import session

PAGE = "../pages/models/card.py"


@pytest.fixture
def page(app):
    return app.switch_page(PAGE)


def shown(app) -> str:
    return " ".join(each.proto.body for each in app.get("html"))


def test_without_weights_the_page_says_so(page) -> None:
    assert "no weights here yet" in page.run().info[0].value


def test_broken_weights_are_said(page, triage, monkeypatch) -> None:
    def broken():
        raise WeightsError("The card is not JSON.")

    monkeypatch.setattr(triage, "cards", broken)
    assert "The card is not JSON" in page.run().error[0].value


def test_a_card_is_shown_whole(page, triage) -> None:
    triage.card_list = [CARD]
    page.run()
    text = shown(page)
    assert NOTICE in text
    assert "accuracy 0.5 on made cells" in text
    assert CARD.weights_sha256 in text
    assert "Apache-2.0" in text
    measured = page.dataframe[0].value
    assert list(measured["Interval"]) == ["0.4 to 0.6"]
    assert len(page.get("plotly_chart")) == 3
    assert any("Backbone" in each.value.columns for each in page.dataframe)
    assert any("For tests" in each.value for each in page.markdown)
    assert any("Knows no cell" in each.value for each in page.markdown)
    assert not page.exception


def test_classifiers_come_first(page, triage) -> None:
    other = replace(CARD, name="a-segmenter", kind="segmenter", metrics={"summary": "Dice 0.1"})
    triage.card_list = [other, CARD]
    page.run()
    assert page.selectbox[0].options == [CARD.name, "a-segmenter"]
    assert "accuracy 0.5" in shown(page)


def test_a_generator_shows_its_own_figures_before_those_of_real_cells(page, triage) -> None:
    metrics = generator_metrics(help=help_of((0.05, 0.0, 0.0, 0.0)), again={"ssim": 0.7})
    triage.card_list = [replace(CARD, kind="generator", metrics=metrics)]
    page.run()
    assert not page.exception
    assert [each.value for each in page.header][2:5] == [
        "Beside real cells", "Does it help a classifier?", "Also measured",
    ]  # fmt: skip
    own, by_class, arms = (each.value for each in page.dataframe[:3])
    assert list(own.iloc[0]) == [
        "KID", "0.1400 (0.1120 to 0.1680)", "0.0020 (-0.0050 to 0.0130)",
    ]  # fmt: skip
    assert "Made again, SSIM" in list(own["Measure"])
    assert list(by_class["Class"]) == list(CARD.classes)
    assert by_class["Taken for it"][0] == "81.0 %"
    assert by_class["Real ones"][0] == "92.0 %"
    assert list(arms["Made cells"]) == [True, *[False, True] * 4]
    loose = {value for each in page.dataframe[3:] for value in each.value.get("Measure", [])}
    assert "Judge" in loose
    assert not loose & {"KID", "FID", "Floor: fid", "Recognised"}


def test_a_translator_shows_each_way(page, triage) -> None:
    metrics = translator_metrics(reported={"iou": 0.3091, "split": "not stated"})
    triage.card_list = [replace(CARD, kind="translator", metrics=metrics)]
    page.run()
    assert not page.exception
    heads = [each.value for each in page.header]
    assert heads[2:4] == ["Into Koilocytotic", "Into Dyskeratotic"]
    assert "Reported" in heads
    assert "Outlines kept, mean IoU" in list(page.dataframe[0].value["Measure"])


def test_the_default_models_come_before_all(page, triage) -> None:
    names = ["a-classifier", CLASSIFIER, SEGMENTER]
    kinds = ["classifier", "classifier", "segmenter"]
    triage.card_list = [
        replace(CARD, name=name, kind=kind) for name, kind in zip(names, kinds, strict=True)
    ]
    page.run()
    assert page.selectbox[0].options == [CLASSIFIER, SEGMENTER, "a-classifier"]


def test_an_address_names_a_card(page, triage) -> None:
    other = replace(CARD, name="a-segmenter", kind="segmenter", metrics={"summary": "Dice 0.1"})
    triage.card_list = [other, CARD]
    page.query_params["model"] = "a-segmenter"
    page.run()
    assert "Dice 0.1" in shown(page)


def test_another_card_is_chosen_by_its_name(page, triage) -> None:
    other = replace(CARD, name="other", kind="segmenter", metrics={"summary": "Dice 0.1"})
    triage.card_list = [CARD, other]
    page.run()
    page.selectbox[0].set_value("other").run()
    assert "Dice 0.1" in shown(page)
    assert not page.exception


def test_a_film_of_the_training_is_shown_where_there_is_one(app, triage, monkeypatch, tmp_path):
    run = tmp_path / "runs" / "tiny" / "cluster" / "fold0"
    run.mkdir(parents=True)
    Image.new("RGB", (30, 20)).save(run / "film.webp")
    curves = [{"epoch": 1, "val_cell_dice": 0.8, "train_loss": 0.4}]
    metrics = {**CARD.metrics, "curves": curves}
    triage.card_list = [replace(CARD, kind="segmenter", metrics=metrics)]
    page = app.switch_page(PAGE).run()
    assert "Film of" not in shown(page)
    monkeypatch.setattr(session, "ROOT", tmp_path)
    page.run()
    assert "data:image/webp;base64," in shown(page)
    assert "Film of tiny: the outlines that it drew" in shown(page)
    assert not page.exception
