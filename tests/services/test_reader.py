"""One picture read by all models that have a say."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from cervix_models.cards import load_card
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import WeightsError
from cervix_models.gate import GATE, LOOKS_MADE, REASONS, Tell
from cervix_models.morphology import measure
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.services.reader import Reader
from tests import tiny
from tests.fakes import cell_shapes, drawn_cell

BLANK = np.full((90, 70, 3), 250, np.uint8)


def test_a_cell_gets_class_outlines_heat_and_measures(reader) -> None:
    image = drawn_cell(150)
    found = reader.read(image)
    assert found.decision == "class"
    assert found.label == found.classification.top
    assert found.label in CLASS_NAMES
    assert found.reasons == ()
    assert found.label in found.conformal_set
    cell, nucleus = cell_shapes(150, 150)
    assert (found.segmentation.cell == cell).mean() > 0.98
    assert (found.segmentation.nucleus == nucleus).mean() > 0.99
    assert dict(found.features) == measure(image, found.segmentation)
    assert found.heat.shape == (150, 150)
    shares = found.shares
    assert shares.nucleus + shares.cytoplasm + shares.background == pytest.approx(1)
    assert set(found.gate) == set(REASONS)


def test_what_is_no_cell_is_referred_without_class_heat_or_measures(reader) -> None:
    found = reader.read(BLANK)
    assert (found.decision, found.label, found.classification) == ("refer", None, None)
    assert REASONS["brightness"][1] in found.reasons
    assert REASONS["cell_area"][0] in found.reasons
    assert (found.conformal_set, found.heat, found.shares) == ((), None, None)
    assert found.features == {}
    assert found.gate["cell_area"] == 0


def test_what_looks_made_is_referred_with_that_reason(reader, monkeypatch) -> None:
    image = drawn_cell()
    gate = reader.voice(CLASSIFIER).gate
    width = len(gate.space.mean)
    for limit, reasons in ((1.0, ()), (-1.0, (LOOKS_MADE,))):
        tell = Tell(np.zeros(width, np.float32), np.array([limit], np.float32))
        _changed(reader, monkeypatch, gate=replace(gate, tell=tell))
        found = reader.read(image)
        assert found.reasons == reasons
        assert (found.label is None) == bool(reasons)


def test_a_refused_cell_is_neither_measured_nor_explained(reader, monkeypatch) -> None:
    gate = replace(reader.voice(CLASSIFIER).gate, ranges={"brightness": (0.9, 1.0)})
    _changed(reader, monkeypatch, gate=gate)
    found = reader.read(drawn_cell())
    assert found.segmentation.nucleus.any()
    assert found.reasons == (REASONS["brightness"][0],)
    assert (found.decision, found.label, found.classification) == ("refer", None, None)
    assert (dict(found.features), found.heat, found.conformal_set) == ({}, None, ())


def _changed(reader, monkeypatch, **changed) -> None:
    """Sets what decides when the default classifier answers."""
    voice = replace(reader.voice(CLASSIFIER), **changed)
    monkeypatch.setitem(reader._voices, CLASSIFIER, voice)


def test_an_unsure_answer_is_referred_with_the_classes_it_may_be(reader, monkeypatch) -> None:
    _changed(reader, monkeypatch, refer_below=0.99)
    found = reader.read(drawn_cell())
    assert (found.decision, found.label) == ("refer", None)
    (reason,) = found.reasons
    top = max(found.classification.probabilities.values())
    assert f"its largest probability is {top:.0%}, and a class is named from 99% on." in reason
    assert f"It may be {' or '.join(found.conformal_set)}." in reason
    assert found.heat is not None
    assert found.features


def test_a_classifier_without_a_gate_is_guarded_by_the_default_one(tiny_models, tmp_path) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(tiny_models.weights, weights)
    reader = Reader(replace(tiny_models, weights=weights, cache=tmp_path / "cache"))
    given, image = tiny.recipe("cnn", name="other"), drawn_cell()
    ranges = reader.voice(CLASSIFIER).gate.ranges
    tiny.save_tiny(weights, given, seed=3)
    calibration = load_card("other", weights).calibration
    assert reader.voice("other").gate is reader.voice(CLASSIFIER).gate
    far = reader.read(image).gate["distance"]
    assert reader.read(image, "other").gate["distance"] == pytest.approx(far)
    guarded = {**calibration, "gate": {"ranges": {**ranges, "distance": (0.0, 1e-6)}}}
    own = tiny.recipe("cnn", name="own")
    tiny.save_tiny(weights, own, seed=4, calibration=guarded)
    shutil.copy(weights / CLASSIFIER / GATE, weights / "own" / GATE)
    found = reader.read(image, "own")
    assert found.gate["distance"] != pytest.approx(far)
    assert found.reasons == (REASONS["distance"][1],)


def test_one_class_in_the_set_is_not_a_choice(reader, monkeypatch) -> None:
    _changed(reader, monkeypatch, refer_below=0.99, least=np.array([2, 2, 2, 0.0, 2]))
    found = reader.read(drawn_cell())
    assert found.conformal_set == (CLASS_NAMES[3],)
    assert "It may be" not in found.reasons[0]


def test_a_cell_without_a_nucleus_is_not_measured(reader) -> None:
    image = drawn_cell()
    image[cell_shapes(160, 160)[1]] = (168, 190, 205)
    found = reader.read(image)
    assert not found.segmentation.nucleus.any()
    assert found.features == {}
    assert found.classification is not None


def test_many_are_read_as_each_is_alone_but_without_heat(reader) -> None:
    images = [drawn_cell(120, 1), BLANK, drawn_cell(90, 2)]
    for image, together in zip(images, reader.read_many(images), strict=True):
        alone = reader.read(image)
        assert together.heat is None
        assert (together.decision, together.label) == (alone.decision, alone.label)
        assert together.reasons == alone.reasons
        assert together.gate == pytest.approx(alone.gate, rel=1e-3)
        np.testing.assert_array_equal(together.segmentation.labels(), alone.segmentation.labels())


def test_the_weights_that_speak_are_named(reader) -> None:
    classifier, segmenter = reader.models
    assert (classifier.role, classifier.name) == ("classifier", CLASSIFIER)
    assert (segmenter.role, segmenter.name) == ("segmenter", SEGMENTER)
    assert classifier.sha256 == reader.voice(CLASSIFIER).cells.card.weights_sha256
    assert classifier.summary == f"{CLASSIFIER} 0.1: measured on nothing"


@pytest.mark.parametrize("lost", [f"{CLASSIFIER}/{GATE}", SEGMENTER, CLASSIFIER])
def test_without_all_weights_nothing_is_read(tiny_models, tmp_path, lost) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(tiny_models.weights, weights)
    path = weights / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(WeightsError, match="python -m cervix_models train"):
        Reader(replace(tiny_models, weights=weights))
