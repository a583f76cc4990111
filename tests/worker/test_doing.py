"""A job in the hands of its process: the watch over its lease goes on whatever happens."""

from __future__ import annotations

import time

import pytest

from cervix_models.storage import open_store
from cervix_models.tasks import NewJob
from cervix_models.worker import doing as module
from cervix_models.worker.doing import Doing
from tests import tiny


@pytest.fixture
def doing(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.02)
    settings = tiny.settings_in(tmp_path)
    store = open_store(settings)
    store.jobs.add(NewJob("train", "A job"))
    yield Doing(store, settings, store.jobs.claim("me", kinds=["train"], seconds=600), "me")
    store.close()


def until(true) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_told_comes_to_the_store(doing) -> None:
    with doing.guarded():
        doing.tell(0.5, "half")
        until(lambda: doing.store.jobs.get(doing.job.id).progress == 0.5)
    assert doing.store.jobs.get(doing.job.id).message == "half"


def test_a_look_that_fails_does_not_end_the_watch(doing, monkeypatch) -> None:
    looks = []

    def look() -> list[object]:
        looks.append(1)
        if len(looks) == 1:
            raise AttributeError("partially initialized module")
        return []

    monkeypatch.setattr(doing._sampler, "look", look)
    with doing.guarded():
        doing.tell(0.5)
        until(lambda: doing.store.jobs.get(doing.job.id).progress == 0.5)
        doing.store.jobs.ask(doing.job.id, "cancel")
        until(doing.stops)
    assert any("could not be looked after" in x.text for x in doing.store.jobs.lines(doing.job.id))
