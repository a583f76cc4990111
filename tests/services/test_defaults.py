from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cervix_models.contracts import Promotion
from cervix_models.errors import WeightsError
from cervix_models.services.defaults import CLASSIFIER, FINDER, SEGMENTER, Defaults, defaults_of
from tests.fakes import CARD

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def promotion(kind="classifier", name="tiny", sha256=CARD.weights_sha256) -> Promotion:
    return Promotion(kind, name, "1", sha256, "Better.", "ada", NOON)


def test_what_comes_with_the_project_reads_until_another_is_promoted() -> None:
    assert defaults_of({}) == Defaults(CLASSIFIER, SEGMENTER, FINDER)
    found = defaults_of({"classifier": promotion()})
    assert (found.classifier, found.segmenter) == ("tiny", SEGMENTER)
    assert found.promised == {"tiny": CARD.weights_sha256}


def test_what_comes_with_the_project_is_as_it_comes() -> None:
    found = defaults_of({"segmenter": promotion("segmenter", SEGMENTER, "0" * 64)})
    assert found == Defaults()


def test_other_weights_than_were_promoted_are_refused() -> None:
    found = defaults_of({"classifier": promotion()})
    found.check(CARD)
    with pytest.raises(WeightsError, match="was made the default with the weights abababababab"):
        found.check(replace(CARD, weights_sha256="0" * 64))
    found.check(replace(CARD, name="another", weights_sha256="0" * 64))
