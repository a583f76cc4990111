"""Readers of images: probabilities by class, outlines at the image's own size."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from cervix_models.contracts import Classification
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import WeightsError
from cervix_models.inference import softmax, turned
from cervix_models.predictors import (
    CellReader,
    OutlineReader,
    averaged,
    conformal_members,
    open_classifier,
    tempered,
    together,
)
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from tests import tiny
from tests.fakes import cell_shapes, drawn_cell


@pytest.fixture(scope="module")
def cells(tiny_models):
    return CellReader(CLASSIFIER, tiny_models)


@pytest.fixture(scope="module")
def outlines(tiny_models):
    return OutlineReader(SEGMENTER, tiny_models)


def test_probabilities_are_named_and_sum_to_one(cells) -> None:
    answers = cells.predict([drawn_cell(90), drawn_cell(160, 1)])
    assert len(answers) == 2
    for answer in answers:
        assert isinstance(answer, Classification)
        assert tuple(answer.probabilities) == CLASS_NAMES
        assert sum(answer.probabilities.values()) == pytest.approx(1)
        assert min(answer.probabilities.values()) > 0
        assert answer.probabilities[answer.top] == max(answer.probabilities.values())


def test_an_image_is_read_alike_alone_and_among_others(cells) -> None:
    images = [drawn_cell(80 + 20 * n, n) for n in range(3)]
    together = cells.see(images)
    for row, image in enumerate(images):
        alone = cells.see([image])
        np.testing.assert_allclose(alone.probabilities[0], together.probabilities[row], atol=1e-5)
        np.testing.assert_allclose(alone.embeddings[0], together.embeddings[row], atol=1e-4)


def test_the_views_of_the_card_are_averaged(cells) -> None:
    image = drawn_cell(160, 3)
    assert cells.card.input["views"] == 2
    said = [cells.run(turned(_batch(cells, image), view)) for view in (0, 1)]
    seen = cells.see([image])
    wanted = np.mean([softmax(logits) for logits, _ in said], axis=0)
    np.testing.assert_allclose(seen.probabilities, wanted, atol=1e-4)
    embeddings = [embedding for _, embedding in said]
    assert np.abs(embeddings[0] - embeddings[1]).max() > 1e-3
    np.testing.assert_allclose(seen.embeddings, np.mean(embeddings, axis=0), atol=1e-4)


def _batch(reader: CellReader, image: np.ndarray) -> np.ndarray:
    from cervix_models.predictors import _prepared

    return _prepared([image], reader.card)


def test_the_temperature_of_the_card_softens(tiny_models, cells, tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    network = tiny.create("cnn")
    given = tiny.recipe("cnn", name="soft")
    sharp = {"temperature": 1.0}
    tiny.save_tiny(settings.weights, given, network, calibration=sharp)
    image = [drawn_cell()]
    plain = CellReader("soft", settings).see(image).probabilities
    tiny.rewrite_card("soft", settings.weights, calibration={"temperature": 3.0})
    soft = CellReader("soft", settings).see(image).probabilities
    np.testing.assert_allclose(soft, tempered(plain, 3.0))
    assert soft.max() < plain.max()
    assert soft.argmax() == plain.argmax()


@pytest.mark.parametrize("shape", [(160, 160), (90, 140), (201, 64)])
def test_outlines_have_the_size_of_the_image_and_do_not_overlap(outlines, shape) -> None:
    height, width = shape
    picture = np.asarray(drawn_cell(max(shape)))[:height, :width]
    (found,) = outlines.predict([picture])
    assert found.nucleus.shape == found.cytoplasm.shape == shape
    assert not (found.nucleus & found.cytoplasm).any()


def test_a_drawn_cell_is_outlined_where_it_was_drawn(outlines) -> None:
    cell, nucleus = cell_shapes(140, 140)
    found, other = outlines.predict([drawn_cell(140), np.full((50, 70, 3), 240, np.uint8)])
    for seen, wanted in ((found.cell, cell), (found.nucleus, nucleus)):
        assert 2 * (seen & wanted).sum() / (seen.sum() + wanted.sum()) > 0.95
    assert other.cell.shape == (50, 70)
    assert not other.cell.any()


def test_tempered_probabilities_follow_the_formula() -> None:
    rows = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(tempered(rows, 1.0), rows, atol=1e-9)
    powers = rows[:1] ** 0.5
    np.testing.assert_allclose(tempered(rows, 2.0)[:1], powers / powers.sum())
    assert tempered(rows, 0.5)[0, 0] > 0.9
    np.testing.assert_allclose(tempered(rows, 2.0).sum(1), 1)


def test_a_class_enters_the_set_from_its_least_probability_on() -> None:
    rows = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    members = conformal_members(rows, np.array([0.5, 0.31, 0.1]))
    assert members.tolist() == [[True, False, True], [False, False, True]]


def test_readers_without_weights_are_refused(tmp_path) -> None:
    for kind in (CellReader, OutlineReader):
        with pytest.raises(WeightsError, match="No weights of 'none'"):
            kind("none", tiny.settings_in(tmp_path))


def test_an_ensemble_averages_its_members_by_their_shares(ensemble) -> None:
    images = [drawn_cell(90), drawn_cell(160, 1)]
    whole = open_classifier("ensemble", ensemble)
    one, two = (CellReader(name, ensemble).see(images) for name in ("one", "two"))
    seen = whole.see(images)
    assert np.abs(one.probabilities - two.probabilities).max() > 0.01
    np.testing.assert_allclose(seen.probabilities, (one.probabilities + two.probabilities) / 2)
    np.testing.assert_array_equal(seen.embeddings, one.embeddings)
    assert [each.top for each in whole.predict(images)] == [
        CLASS_NAMES[i] for i in seen.probabilities.argmax(1)
    ]


def test_others_are_asked_only_where_the_first_is_unsure(ensemble, monkeypatch) -> None:
    images = [drawn_cell(90), drawn_cell(160, 1), drawn_cell(120, 2)]
    one, two = (CellReader(name, ensemble) for name in ("one", "two"))
    alone = one.see(images).probabilities
    surest = alone.max(1).argmax()
    enough = float(np.sort(alone.max(1))[-2:].mean())  # one cell is sure enough
    given = replace(tiny.recipe("cnn", name="quick"), model="", members=("one", "two"))
    inputs = {"members": {"one": 0.5, "two": 0.5}, "enough": enough}
    tiny.save_ensemble(ensemble.weights, given, input=inputs)
    quick, whole = (open_classifier(name, ensemble) for name in ("quick", "ensemble"))
    asked = []
    see = type(two).see
    monkeypatch.setattr(
        type(two), "see", lambda me, some, masks=None: asked.append(len(some)) or see(me, some)
    )
    seen = quick.see(images).probabilities
    assert asked == [3, 2]
    wanted = whole.see(images).probabilities
    wanted[surest] = alone[surest]
    np.testing.assert_allclose(seen, wanted, rtol=1e-6)
    said = [alone, two.see(images).probabilities]
    np.testing.assert_allclose(together(said, [0.5, 0.5], enough), wanted, rtol=1e-6)
    del asked[:]
    quick.see([images[surest]])
    assert asked == [1]


def test_members_that_are_loaded_are_shared(ensemble) -> None:
    one = CellReader("one", ensemble)
    whole = open_classifier("ensemble", ensemble, {"one": one})
    assert whole.lead is one
    assert open_classifier("one", ensemble, {"one": one}) is one


def test_shares_weigh() -> None:
    said = [np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])]
    np.testing.assert_allclose(averaged(said, [0.75, 0.25]), [[0.75, 0.25]])


def test_an_ensemble_of_other_weights_is_refused(ensemble) -> None:
    tiny.save_tiny(ensemble.weights, tiny.recipe("cnn", name="two"), seed=2)
    with pytest.raises(WeightsError, match=r"The members of ensemble \(one, two\) have other weig"):
        open_classifier("ensemble", ensemble)


def test_an_ensemble_without_a_member_is_refused(ensemble) -> None:
    shutil.rmtree(ensemble.weights / "two")
    with pytest.raises(WeightsError, match="No weights of 'two' are in"):
        open_classifier("ensemble", ensemble)


def test_one_network_is_opened_as_itself(tiny_models) -> None:
    assert isinstance(open_classifier(CLASSIFIER, tiny_models), CellReader)
