"""The page of models and runs: compare, promote, roll back."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.people import Person
from cervix_models.services.defaults import CLASSIFIER
from cervix_models.services.promotions import Promotions
from cervix_models.settings import Settings
from cervix_models.storage import open_store
from tests import tiny
from tests.made_runs import make_run
from ui import admin_services, identity

PAGE = "../pages/admin/models.py"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return tiny.save_defaults(tmp_path)


@pytest.fixture
def promotions(settings, monkeypatch):
    store = open_store(settings)
    made = Promotions(store, settings)
    monkeypatch.setattr(admin_services, "shared_promotions", lambda: made)
    yield made
    store.close()


def opened(app: AppTest) -> AppTest:
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [each for each in page.button if each.label == label]
    page = button.click().run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    return " ".join(each.value for each in (*page.markdown, *page.success, *page.warning))


def test_a_run_is_promoted_and_rolled_back(app, promotions) -> None:
    make_run(promotions.settings)
    page = opened(app)
    assert f"**Reads now:** {CLASSIFIER}" in words(page)
    assert "Nothing was promoted yet" in words(page)
    page.text_area(key="promote-why").input("It is better.").run()
    page = press(page, "Make it the default")
    name = promotions.defaults().classifier
    assert name.startswith("mine-")
    assert "reads from now on" in words(page)
    history = page.dataframe[-1].value
    assert list(history["Model"]) == [name]
    assert list(history["Why"]) == ["It is better."]
    page.text_area(key="roll-back-why-classifier").input("It erred.").run()
    page = press(page, "Roll back")
    assert promotions.defaults().classifier == CLASSIFIER
    assert f"**Reads now:** {CLASSIFIER}" in words(page)


def test_without_a_reason_nothing_is_promoted(app, promotions) -> None:
    make_run(promotions.settings)
    page = press(opened(app), "Make it the default")
    assert "1 to 2000 were expected" in page.error[0].value.replace("\\", "")
    assert promotions.history("classifier") == []


def test_what_lacks_something_cannot_be_chosen_to_read(app, promotions) -> None:
    make_run(promotions.settings, gate=False)
    page = opened(app)
    assert "has no gate of its own" in page.warning[0].value
    assert not [each for each in page.button if each.label == "Make it the default"]


def test_what_is_worse_asks_for_a_confirmation(app, promotions) -> None:
    make_run(promotions.settings)
    (good,) = [each for each in promotions.candidates("classifier") if each.source == "run"]
    promotions.promote(good, "Good.", confirmed=True)
    make_run(promotions.settings, "poor", run="poor", accuracy=0.4, seed=4)
    page = opened(app)
    page.selectbox(key="promote-model").select("poor 0.1 of run poor").run()
    assert "Accuracy: 40.0 %" in page.warning[0].value.replace("\\", "")
    page.text_area(key="promote-why").input("A trial.").run()
    page = press(page, "Make it the default")
    assert "Confirm that it shall read nevertheless" in page.error[0].value.replace("\\", "")
    page.checkbox(key="promote-confirmed-run/poor/poor").check().run()
    press(page, "Make it the default")
    assert promotions.defaults().classifier.startswith("poor-")


def test_runs_are_set_side_by_side(app, promotions) -> None:
    make_run(promotions.settings, data={"cells": 100})
    make_run(promotions.settings, "other", run="other", seed=2, accuracy=0.8, data={"cells": 90})
    page = opened(app)
    chosen = page.multiselect(key="runs-compared-classifier")
    assert len(chosen.value) == 3
    chosen.set_value(["mine 0.1 of run 5eed5eed", "other 0.1 of run other"]).run()
    figures = page.dataframe[1].value
    assert list(figures["Measure"])[:2] == ["Accuracy", "Macro F1"]
    assert figures["other 0.1 of run other"][0] == "80.0 % (78.0 % to 82.0 %)"
    assert "The recipes are the same." in words(page)
    assert page.dataframe[2].value.to_dict("records") == [
        {"": "cells", "mine 0.1 of run 5eed5eed": "100", "other 0.1 of run other": "90"}
    ]
    assert page.selectbox(key="runs-curve").options == ["Held-out accuracy", "Training loss"]
    chosen.set_value(["mine 0.1 of run 5eed5eed"]).run()
    assert "Choose at least two." in [each.value for each in page.caption]


def test_other_kinds_are_shown_by_themselves(app, promotions) -> None:
    page = opened(app)
    page.button_group(key="runs-kind").set_value("finder").run()
    assert not page.exception
    assert "nucleus" in words(page)


def test_the_page_is_for_administrators(app, promotions, monkeypatch) -> None:
    monkeypatch.setattr(identity, "person", lambda: Person("bob", ("pathologist",)))
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        app.run().switch_page(PAGE)
