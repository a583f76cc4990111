from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cervix_models.cards import load_card
from cervix_models.contracts import Card
from cervix_models.services.comparing import MEASURES, Figure, differences, lacking, told, worse
from cervix_models.settings import Settings
from tests.made_runs import calibration, figure, make_run, split_figures


def card_of(settings: Settings, **changed: Any) -> Card:
    return load_card("mine", make_run(settings, **changed))


def test_a_measured_and_fitted_classifier_lacks_nothing(settings: Settings) -> None:
    shelf = make_run(settings)
    assert lacking(load_card("mine", shelf), "classifier", shelf) == []


@pytest.mark.parametrize(
    ("changed", "told_of"),
    [
        ({"metrics": {"summary": ""}}, "Accuracy was not measured with an interval on clusters"),
        ({"calibration": {**calibration(), "temperature": None}}, None),
        ({"calibration": {}}, "not calibrated"),
        ({"calibration": {**calibration(), "conformal_least": {}}}, "cannot be left out"),
        ({"calibration": {**calibration(), "gate": {}}}, "no gate of its own"),
        ({"gate": False}, "no gate of its own"),
        ({"classes": ("a", "b")}, "the five cell classes were expected"),
    ],
)
def test_what_a_default_needs_is_named(
    settings: Settings, changed: dict[str, Any], told_of: str | None
) -> None:
    shelf = make_run(settings, **changed)
    found = lacking(load_card("mine", shelf), "classifier", shelf)
    assert (told_of is None) == (not found)
    assert told_of is None or any(told_of in each for each in found)


def test_weights_that_are_gone_and_another_kind_are_named(settings: Settings) -> None:
    shelf = make_run(settings)
    card = load_card("mine", shelf)
    (found,) = lacking(card, "segmenter", shelf)
    assert found == "mine is a classifier; a segmenter was expected."
    (shelf / "mine" / "model.safetensors").unlink()
    assert "not here" in lacking(card, "classifier", shelf)[0]


def test_only_what_leaves_the_interval_is_worse(settings: Settings) -> None:
    now = card_of(settings, accuracy=0.9)
    near = replace(now, metrics={"cluster_split": split_figures(0.89)})
    far = replace(now, metrics={"cluster_split": split_figures(0.87)})
    better = replace(now, metrics={"cluster_split": split_figures(0.99)})
    assert worse(near, now, "dual_head_unet") == []
    assert worse(better, now, "dual_head_unet") == []
    assert [each.split(":")[0] for each in worse(far, now, "dual_head_unet")] == [
        "Accuracy", "Macro F1", "ROC AUC",
    ]  # fmt: skip
    erring = {**split_figures(0.9), "calibration_error": figure(0.2)}
    (found,) = worse(replace(now, metrics={"cluster_split": erring}), now, "dual_head_unet")
    assert found.startswith("Calibration error: 20.0 % (18.0 % to 22.0 %); the present default")


def test_other_images_and_other_outlines_are_told(settings: Settings) -> None:
    now = card_of(settings)
    other = replace(now, data={"images_sha256": "ab"}, input={**now.input, "outlines": "old"})
    found = " ".join(worse(other, now, "new"))
    assert "other images" in found
    assert "outlines of old; now new" in found


def test_figures_are_told_with_their_interval() -> None:
    share = MEASURES["classifier"][0]
    assert told(share, Figure(0.9, 0.88, 0.92)) == "90.0 % (88.0 % to 92.0 %)"
    assert told(share, Figure(0.9)) == "90.0 %"
    assert told(share, None) == "–"


def test_only_what_differs_between_recipes_is_listed() -> None:
    one = {"model": "cnn", "optimiser": {"epochs": 3, "rate": 0.1}, "images": ("a", "b")}
    two = {"model": "cnn", "optimiser": {"epochs": 5, "rate": 0.1}, "watches": True}
    assert differences({"one": one, "two": two}) == {
        "optimiser.epochs": {"one": "3", "two": "5"},
        "images": {"one": "a, b", "two": "–"},
        "watches": {"one": "–", "two": "True"},
    }
