"""The log of what was done is for administrators; exports and imports are noted in it."""

from __future__ import annotations

import pytest

from cervix_models import people
from cervix_models.data.importing import ImportReport
from cervix_models.data.index import Index
from cervix_models.errors import RoleError
from cervix_models.services import exports
from cervix_models.services.audit import AuditFilter, AuditLog, note_import
from cervix_models.services.triage import Triage
from cervix_models.storage import open_store
from tests import tiny
from tests.storage.samples import stored, stored_field

ANNA = people.Person("Anna", ("pathologist", "instructor"))


@pytest.fixture
def store(tmp_path):
    opened = open_store(tiny.settings_in(tmp_path))
    yield opened
    opened.close()


def test_only_administrators_see_it(store) -> None:
    log = people.bound(AuditLog(store), ANNA)
    for asked in (log.entries, log.count, log.actors, log.actions, log.verify, log.table):
        with pytest.raises(RoleError, match="this needs the role “admin”"):
            asked()
    assert store.audit.count() == 0


def test_it_shows_and_checks_what_was_done(store) -> None:
    stored(store)
    log = AuditLog(store)
    assert [each.action for each in log.entries()] == ["reading.add"]
    assert (log.actors(), log.actions()) == (["operator"], ["reading.add"])
    assert (log.count(), log.count(AuditFilter(actor="Anna"))) == (1, 0)
    head = (1, log.entries()[0].sha256)
    assert log.verify([head]).whole
    assert "is not the one that was noted" in log.verify([(1, "a" * 64)]).problem
    assert "The entry 9 was noted" in log.verify([(9, "a" * 64)]).problem


def test_who_takes_an_export_is_noted_when_it_is_made(store, tmp_path) -> None:
    triage = people.bound(Triage(store, tiny.settings_in(tmp_path)), ANNA)
    stored(store, 1)
    stored(store, 2)
    field = stored_field(store)
    rows = triage.worklist()
    cells = store.cells(field.id)
    for export in (
        lambda: exports.export_csv(rows),
        lambda: exports.export_coco(rows, triage.blob),
        lambda: exports.export_pdf(rows[0], triage.blob),
        lambda: exports.export_field_tiff(field, cells, triage.blob),
    ):
        before = store.audit.count()
        assert exports.content_of(export, triage.exported)
        assert store.audit.count() == before + 1
    found = [
        (each.actor, each.action, each.subject, each.detail)
        for each in store.audit.entries(limit=4)
    ]
    both = ["reading-0002", "reading-0001"]
    assert found[::-1] == [
        ("Anna", "export.csv", "2 readings", {"of": both}),
        ("Anna", "export.coco.json", "2 readings", {"of": both}),
        ("Anna", "export.pdf", "reading-0002", {"of": ["reading-0002"]}),
        ("Anna", "export.tif", field.id, {"of": [field.id]}),
    ]


def test_an_export_that_fails_is_not_noted(store, tmp_path) -> None:
    triage = Triage(store, tiny.settings_in(tmp_path))

    def fail() -> exports.Export:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exports.content_of(fail, triage.exported)
    assert store.audit.count() == 0


def test_an_import_is_noted_without_where_it_lies(store, tmp_path) -> None:
    note_import(store, ImportReport("mine", tmp_path, Index("folder", tmp_path, ())))
    (entry,) = store.audit.entries()
    assert (entry.action, entry.subject) == ("dataset.import", "mine")
    assert entry.detail == {"source": "folder", "images": 0}
