"""What learners are told of the classes: complete, in the one order, and safe."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from cervix_models.data.labels import CLASS_NAMES, CLASSES
from cervix_models.data.teaching import LOOKALIKES, NOTES, Part, Spot, apart
from cervix_models.morphology import feature_named

CRITERIA = [each for notes in NOTES.values() for each in notes.criteria]


def test_every_class_is_described_in_the_one_order() -> None:
    assert tuple(NOTES) == CLASS_NAMES == tuple(each.label for each in NOTES.values())
    for notes in NOTES.values():
        assert len(notes.criteria) >= 3
        assert len({each.spot for each in notes.criteria}) == len(notes.criteria)
        assert "SIPaKMeD, IEEE ICIP 2018" in notes.source


def test_criteria_name_parts_places_and_measurements_that_there_are() -> None:
    for each in CRITERIA:
        assert each.part in get_args(Part)
        assert each.spot in get_args(Spot)
        if each.feature is not None:
            assert feature_named(each.feature).name == each.feature


def test_all_texts_are_sentences_and_each_is_said_once() -> None:
    texts = [each.description for each in NOTES.values()] + [each.words for each in CRITERIA]
    texts += [each.words for each in LOOKALIKES]
    assert all(re.fullmatch(r"[A-Z].*\.", each) for each in texts)
    assert len(set(texts)) == len(texts)
    assert len({each.title for each in CRITERIA}) == len(CRITERIA)


def test_no_normal_or_benign_class_sounds_dangerous() -> None:
    for kind in CLASSES:
        notes = NOTES[kind.name]
        words = " ".join([notes.description, *(each.words for each in notes.criteria)]).lower()
        if kind.group != "abnormal":
            words = words.replace("not of risk", "").replace("speaks against dysplasia", "")
            assert not re.search("danger|risk|cancer|malign|dysplasia|precancer", words), kind.name
        assert "cancer" not in words


def test_a_halo_alone_makes_no_koilocyte_and_dyskeratotic_is_disputed() -> None:
    assert "a halo alone is not enough" in NOTES["Koilocytotic"].description
    assert "disputed" in NOTES["Dyskeratotic"].description


def test_lookalikes_are_found_in_either_order_and_the_two_named_pairs_are_first() -> None:
    pairs = [{each.one, each.other} for each in LOOKALIKES]
    assert pairs[:2] == [{"Metaplastic", "Parabasal"}, {"Koilocytotic", "Dyskeratotic"}]
    assert len(pairs) == len({frozenset(each) for each in pairs})
    for each in LOOKALIKES:
        assert {each.one, each.other} <= set(CLASS_NAMES)
        assert apart(each.one, each.other) is each is apart(each.other, each.one)
    assert apart("Parabasal", "Dyskeratotic") is None
    assert apart("Parabasal", "Parabasal") is None


def test_what_is_told_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        LOOKALIKES[0].words = "x"  # type: ignore[misc]
