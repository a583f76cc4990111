"""Which reader an installation has, and what it says when the cluster does not answer."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from cervix_models.errors import ClusterError, WeightsError
from cervix_models.services import served
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER, Defaults
from cervix_models.services.reader import Reader
from cervix_models.services.served import ServedReader, open_reader
from cervix_models.services.triage import Triage
from cervix_models.storage import open_store
from tests import tiny
from tests.fakes import drawn_cell


class RayError(Exception):
    """As Ray raises it, around what was raised on the cluster."""

    def __init__(self, cause: Exception | None = None) -> None:
        super().__init__("a replica died")
        self.cause = cause


class RayServeError(Exception):
    """As Ray Serve raises it."""


class Readers:
    """What a cluster serves: answers with the questions, or raises."""

    def __init__(self) -> None:
        self.problem: Exception | None = None
        self.asked: list = []
        self.read = SimpleNamespace(remote=self._remote)

    def _remote(self, question):
        self.asked.append(question)
        return SimpleNamespace(result=self._result)

    def _result(self, timeout_s):
        assert timeout_s == served.PATIENCE
        if self.problem:
            raise self.problem
        return ["finding"] * len(self.asked[-1].images)


@pytest.fixture
def cluster(tiny_models, monkeypatch):
    """Settings of a cluster, and the readers that it serves."""
    readers = Readers()
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "ray.exceptions", SimpleNamespace(RayError=RayError))
    serve = SimpleNamespace(RayServeException=RayServeError)
    monkeypatch.setitem(sys.modules, "ray.serve", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "ray.serve.exceptions", serve)
    monkeypatch.setattr(served, "connect", lambda _settings: None)
    monkeypatch.setattr(served, "_found", lambda: readers)
    return replace(tiny_models, ray_address="10.0.0.5:6379"), readers


def test_without_an_address_this_process_reads(tiny_models) -> None:
    assert type(open_reader(tiny_models)) is Reader


def test_with_an_address_the_cluster_reads(cluster) -> None:
    settings, readers = cluster
    promoted = Defaults(promised={"another": "0" * 64})
    reader = open_reader(settings, promoted)
    assert isinstance(reader, ServedReader)
    images = [drawn_cell(64, seed) for seed in (0, 1)]
    assert reader.read_many(images) == ["finding"] * 2
    assert reader.read(images[0], CLASSIFIER) == "finding"
    assert reader.judge(images[:1], ["mask"]) == ["finding"]
    several, one, drawn = readers.asked
    assert (several.classifier, several.masks, several.with_heat) == (CLASSIFIER, None, False)
    assert one.with_heat
    assert drawn.masks == ["mask"]
    assert several.defaults == promoted
    assert several.models == Reader(settings).models


def test_no_model_is_loaded_until_a_page_looks_into_one(cluster) -> None:
    reader = open_reader(cluster[0])
    assert not reader._voices
    assert not reader._outliners
    assert reader.outlines.card.name == SEGMENTER
    assert reader.outlines is reader.outlines
    assert reader.voice().cells.card.name == CLASSIFIER


def test_a_card_that_is_missing_here_is_named(cluster, tmp_path) -> None:
    settings = replace(tiny.settings_in(tmp_path), ray_address="10.0.0.5:6379")
    with pytest.raises(WeightsError):
        open_reader(settings)


@pytest.mark.parametrize(
    ("problem", "error", "words"),
    [
        (RayError(WeightsError("no such weights")), WeightsError, "no such weights"),
        (WeightsError("no such weights"), WeightsError, "no such weights"),
        (TimeoutError(), ClusterError, "did not answer within 120 seconds"),
        (RayError(), ClusterError, "a replica died.*cluster serve"),
        (ConnectionError("gone"), ClusterError, "gone.*cluster serve"),
        (RayServeError("taken off"), ClusterError, "taken off.*cluster serve"),
    ],
)
def test_what_fails_there_is_said_here(cluster, problem, error, words) -> None:
    settings, readers = cluster
    readers.problem = problem
    with pytest.raises(error, match=words):
        open_reader(settings).read_many([drawn_cell(64, 0)])


def test_nothing_steps_in_for_a_cluster_that_is_away(tiny_models, tmp_path) -> None:
    settings = replace(tiny_models, ray_address="127.0.0.1:1", home=tmp_path,
                       database_url=f"sqlite:///{tmp_path / 'a.sqlite3'}")  # fmt: skip
    store = open_store(settings)
    with pytest.raises(ClusterError):
        Triage(store, settings).reader()
    store.close()
