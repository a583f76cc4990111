"""Readers on a cluster: questions that are answered together, and each as if it were alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from cervix_models.errors import ClusterError, WeightsError
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER, Defaults
from cervix_models.services.reader import Finding, Reader, uses_of
from cervix_models.services.served import ServedReader, open_reader
from cervix_models.services.serving import (
    NAME,
    Desk,
    Question,
    Scale,
    answered,
    grouped,
    joined,
    serve_readers,
    served,
    take_off,
)
from tests.fakes import drawn_cell


def question(settings, *seeds: int, **changed) -> Question:
    images = [drawn_cell(64, seed) for seed in seeds]
    models = uses_of(CLASSIFIER, SEGMENTER, settings)
    return replace(Question(images, None, False, CLASSIFIER, Defaults(), models), **changed)


def same(one: Finding, two: Finding) -> bool:
    """Whether two findings say the same; a sum over several pictures may end otherwise in its last
    digits than over one."""
    numbers = [
        [*(each.classification.probabilities.values() if each.classification else ()),
         *each.gate.values(), *each.features.values()]
        for each in (one, two)
    ]  # fmt: skip
    heats = [each.heat if each.heat is not None else np.zeros(0) for each in (one, two)]
    return (
        (one.decision, one.label, one.reasons) == (two.decision, two.label, two.reasons)
        and np.array_equal(one.segmentation.labels(), two.segmentation.labels())
        and np.allclose(*numbers, rtol=1e-4, atol=1e-6, equal_nan=True)
        and np.allclose(*heats, atol=1e-4)
    )


def test_questions_that_want_the_same_go_together(tiny_models) -> None:
    plain = question(tiny_models, 0)
    warm = question(tiny_models, 1, with_heat=True)
    other = question(tiny_models, 2, defaults=Defaults(classifier="other"))
    drawn = question(tiny_models, 3, masks=[None])
    asked = [plain, warm, question(tiny_models, 4), other, drawn, question(tiny_models, 5)]
    assert grouped(asked) == [[0, 2, 5], [1], [3], [4]]


def test_joined_questions_keep_their_pictures_in_order(tiny_models) -> None:
    some = [question(tiny_models, 0, 1, masks=["a", "b"]), question(tiny_models, 2, masks=["c"])]
    whole = joined(some)
    assert whole.masks == ["a", "b", "c"]
    assert len(whole.images) == 3
    assert np.array_equal(whole.images[2], some[1].images[0])


def test_each_question_gets_its_own_answers(tiny_models) -> None:
    runs: list[int] = []

    def answer(asked):
        runs.append(len(asked.images))
        return [(asked.with_heat, float(image.mean())) for image in asked.images]

    asked = [
        question(tiny_models, 0, 1), question(tiny_models, 2, with_heat=True),
        question(tiny_models, 3),
    ]  # fmt: skip
    found = answered(asked, answer)
    assert runs == [3, 1]
    for each, said in zip(asked, found, strict=True):
        assert said == [(each.with_heat, float(image.mean())) for image in each.images]


def test_an_error_is_told_to_those_whom_it_befell(tiny_models) -> None:
    def answer(asked):
        if asked.with_heat:
            raise WeightsError("no weights")
        return ["fine"] * len(asked.images)

    asked = [question(tiny_models, 0), question(tiny_models, 1, with_heat=True)]
    fine, failed = answered(asked, answer)
    assert fine == ["fine"]
    assert isinstance(failed, WeightsError)


@pytest.mark.parametrize(("least", "most"), [(0, 2), (3, 2), (-1, -1)])
def test_a_scale_that_is_none_is_refused(least, most) -> None:
    with pytest.raises(ClusterError, match=f"{least} to {most} copies"):
        Scale(least, most)


class FakeDesk(Desk):
    """A desk beside no cluster."""

    def __init__(self, settings) -> None:
        self.settings, self._reader = settings, Reader(settings)
        self._loading = threading.Lock()


def test_a_desk_answers_as_a_reader_does(tiny_models) -> None:
    asked = question(tiny_models, 0, 1)
    for one, two in zip(
        FakeDesk(tiny_models).answer(asked),
        Reader(tiny_models).read_many(asked.images),
        strict=True,
    ):
        assert same(one, two)


def test_a_desk_with_other_weights_refuses(tiny_models) -> None:
    desk = FakeDesk(tiny_models)
    (first, *rest) = uses_of(CLASSIFIER, SEGMENTER, tiny_models)
    asked = question(tiny_models, 0, models=(replace(first, sha256="0" * 64), *rest))
    with pytest.raises(ClusterError, match="other weights than the app"):
        desk.answer(asked)


def test_a_desk_follows_a_promotion(tiny_models) -> None:
    desk = FakeDesk(tiny_models)
    before = desk._reading(question(tiny_models, 0))
    assert desk._reading(question(tiny_models, 0)) is before
    promoted = Defaults(promised={"another": "0" * 64})
    assert desk._reading(question(tiny_models, 0, defaults=promoted)) is not before


@pytest.fixture(scope="module")
def readers(ray_cluster):
    """A cluster that serves readers."""
    serve_readers(ray_cluster, Scale(1, 1))
    yield ray_cluster
    take_off(ray_cluster)


@pytest.mark.ray
def test_a_cluster_without_readers_says_how_to_serve_them(ray_cluster) -> None:
    assert served(ray_cluster).startswith("no readers are served")
    with pytest.raises(ClusterError, match="python -m cervix_models cluster serve"):
        open_reader(ray_cluster)


@pytest.mark.ray
def test_served_answers_are_those_of_this_process(readers) -> None:
    assert served(readers) == "readers running, 1 copies"
    there, here = open_reader(readers), open_reader(replace(readers, ray_address=None))
    assert isinstance(there, ServedReader)
    assert there.models == here.models
    images = [drawn_cell(64, seed) for seed in range(10)]
    alone = [here.read_many([image])[0] for image in images]
    with ThreadPoolExecutor(10) as together:
        many = list(together.map(lambda image: there.read_many([image])[0], images))
    assert all(map(same, many, alone))
    assert same(there.read(images[0]), here.read(images[0]))
    masks = [each.segmentation for each in alone]
    assert all(map(same, there.judge(images, masks), here.judge(images, masks)))


@pytest.mark.ray
def test_an_unknown_classifier_is_named(readers) -> None:
    with pytest.raises(WeightsError, match="nobody"):
        open_reader(readers).read(drawn_cell(64, 0), classifier="nobody")


@pytest.mark.ray
def test_readers_that_were_taken_off_are_not_replaced_by_silence(ray_cluster) -> None:
    serve_readers(ray_cluster, Scale(1, 1))
    reader = open_reader(ray_cluster)
    assert NAME == "cervix"
    take_off(ray_cluster)
    with pytest.raises(ClusterError, match="cluster serve"):
        reader.read_many([drawn_cell(64, 0)])
