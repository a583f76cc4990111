"""The commands of worker, job and application together."""

from __future__ import annotations

import signal

import pytest

from cervix_models import __main__ as main_module
from cervix_models.settings import load_settings
from cervix_models.storage import open_store
from cervix_models.tasks import NewJob
from cervix_models.worker import doing, serving


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(main_module.logging, "basicConfig", lambda **_: None)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_worker_ends_where_nothing_waits() -> None:
    assert main_module.main(["worker", "--once"]) == 0


def test_a_job_that_somebody_else_holds_is_not_begun() -> None:
    store = open_store(load_settings())
    job = store.jobs.add(NewJob("train", "A training"))
    assert main_module.main(["job", "run", job.id, "--owner", "me"]) == doing.LOST
    assert store.jobs.get(job.id).state == "queued"
    store.close()


def test_application_and_worker_are_served_with_options(monkeypatch) -> None:
    found = []
    monkeypatch.setattr(serving.Serving, "run", lambda self: found.append(self.app) or 3)
    assert main_module.main(["serve", "--server.port", "8502"]) == 3
    assert found[0][-2:] == ["--server.port", "8502"]
