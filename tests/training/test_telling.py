"""What finds made cells whose mark was taken off: fitted and tried on small models."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.cards import load_card
from cervix_models.errors import DataError
from cervix_models.gate import LOOKS_MADE, load_tell
from cervix_models.making import open_maker
from cervix_models.services.defaults import CLASSIFIER
from cervix_models.services.reader import Reader
from cervix_models.training.telling import TAKEN, fit_tell
from tests import tiny

PACKED = tiny.packed(clusters=8, cells=3, herlev=12)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Settings with a tell, and its figures."""
    settings = tiny.save_defaults(tmp_path_factory.mktemp("telling"))
    with pytest.raises(DataError, match="No generator has weights here"):
        fit_tell(CLASSIFIER, PACKED, settings)
    for model in ("cgan", "cyclegan"):
        tiny.save_maker(settings.weights, tiny.recipe(model))
        tiny.rewrite_card(f"tiny_{model}", settings.weights, data={"sources": ["sipakmed"]})
    return settings, fit_tell(CLASSIFIER, PACKED, settings)


def test_made_cells_of_other_seeds_are_found_and_real_ones_are_not(fitted) -> None:
    settings, figures = fitted
    assert figures["found"]["tiny_cgan"] > 0.9
    assert figures["found"]["tiny_cyclegan"] > 0.9
    assert (
        set(figures["found_as_jpeg"])
        == set(figures["found_by_what_learned_from_others"])
        == set(figures["found"])
    )
    assert figures["real_taken_for_made"] <= 5 * TAKEN
    assert figures["of_other_sets"] == {"herlev": pytest.approx(0, abs=0.2)}
    assert load_card(CLASSIFIER, settings.weights).calibration["without_mark"] == figures


def test_the_triage_refers_them_with_that_reason(fitted) -> None:
    settings, _ = fitted
    maker, card = open_maker("tiny_cgan", settings)
    reader = Reader(settings)
    (made,) = reader.read_many(maker.generate(card.classes[0], 1, seed=3))
    (real,) = reader.read_many([PACKED.images[0]])
    assert LOOKS_MADE in made.reasons
    assert made.label is None
    assert LOOKS_MADE not in real.reasons


def test_it_is_the_same_when_fitted_again(fitted) -> None:
    settings, figures = fitted
    before = load_tell(settings.weights / CLASSIFIER)
    assert fit_tell(CLASSIFIER, PACKED, settings) == figures
    np.testing.assert_array_equal(load_tell(settings.weights / CLASSIFIER).weights, before.weights)
