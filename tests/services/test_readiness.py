"""Whether an installation could read a cell now."""

from __future__ import annotations

from dataclasses import replace

from cervix_models.services import readiness
from cervix_models.services.readiness import queued
from cervix_models.settings import Settings
from cervix_models.storage import open_store
from tests import tiny


def faults(settings: Settings) -> list[str]:
    return readiness.faults(settings, lambda: open_store(settings))


def test_an_installation_with_its_models_is_ready(tiny_models, tmp_path) -> None:
    settings = replace(
        tiny_models, home=tmp_path, database_url=f"sqlite:///{tmp_path / 'a.sqlite3'}"
    )
    assert faults(settings) == []


def test_what_lacks_is_said(tmp_path, monkeypatch) -> None:
    settings = tiny.settings_in(tmp_path)
    found = faults(settings)
    assert [each.split(" in ")[0] for each in found] == [
        "There are no weights of ensemble", "There are no weights of dual_head_unet",
    ]  # fmt: skip
    monkeypatch.setattr(readiness, "ROOM", 10**18)
    assert "Free some" in faults(settings)[0]


def test_a_database_that_does_not_answer_is_said(tmp_path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    (found,) = faults(replace(tiny.settings_in(tmp_path), database_url=url))
    assert "cannot be used" in found


def test_jobs_are_counted_by_state(tmp_path) -> None:
    store = open_store(tiny.settings_in(tmp_path))
    assert set(queued(store).values()) == {0}
    assert "queued" in queued(store)
    store.close()
