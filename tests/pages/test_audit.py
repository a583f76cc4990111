"""The page of the audit log: entries by person, action and day, and whether it is whole."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from cervix_models import people
from cervix_models.services.audit import AuditLog
from cervix_models.storage import open_store
from cervix_models.storage.database import make_engine
from tests import tiny
from ui import admin_services, identity

PAGE = "../pages/admin/audit.py"
ANNA = people.Person("=Anna", ("pathologist",))


@pytest.fixture
def log(tmp_path, monkeypatch):
    store = open_store(tiny.settings_in(tmp_path))
    for number in range(55):
        store.audit.add("test.do", f"thing {number}", {"number": number})
    with people.acting_as(ANNA):
        store.audit.add("other.do", "-thing")
    made = AuditLog(store)
    monkeypatch.setattr(admin_services, "shared_audit_log", lambda: made)
    yield made
    store.close()


def opened(app: AppTest) -> AppTest:
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def numbers(page: AppTest) -> list[int]:
    return list(page.dataframe[0].value["Number"])


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [each for each in page.button if each.label == label]
    return button.click().run()


def test_entries_are_shown_the_newest_first_and_turned_over(app, log) -> None:
    page = opened(app)
    assert numbers(page) == list(range(56, 6, -1))
    assert "56 entries, all whole" in page.success[0].value
    assert page.code[0].value == f"56:{log.entries()[0].sha256}"
    page = press(page, "Older")
    assert numbers(page) == list(range(6, 0, -1))
    assert numbers(press(page, "Newer"))[0] == 56


def test_filters_choose_and_begin_at_the_first_page(app, log) -> None:
    page = press(opened(app), "Older")
    page.selectbox(key="audit-who").select("=Anna").run()
    assert numbers(page) == [56]
    page.selectbox(key="audit-what").select("test.do").run()
    assert "Nothing fits" in page.info[0].value
    page.selectbox(key="audit-who").set_value(None).run()
    assert len(numbers(page)) == 50
    today = datetime.now(UTC).date()
    page.date_input(key="audit-when").set_value((today - timedelta(9), today - timedelta(8))).run()
    assert "Nothing fits" in page.info[0].value
    page.date_input(key="audit-when").set_value((today - timedelta(1), today)).run()
    assert len(numbers(page)) == 50


def test_a_changed_entry_is_named_when_checked_again(app, log, tmp_path) -> None:
    page = opened(app)
    engine = make_engine(tiny.settings_in(tmp_path).database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER audit_no_update"))
        connection.execute(sa.text("UPDATE audit SET actor = 'nobody' WHERE number = 7"))
    engine.dispose()
    assert page.run().success
    page = press(page, "Check again")
    assert "The entry 7 was changed since" in page.error[0].value
    assert not page.success


def test_the_table_is_no_formula_and_is_noted(app, log) -> None:
    assert "CSV" in {each.proto.label for each in opened(app).get("download_button")}
    made = log.table()
    lines = list(csv.DictReader(io.StringIO(made.data.decode("utf-8-sig"))))
    assert len(lines) == 56
    assert (lines[0]["actor"], lines[0]["subject"]) == ("'=Anna", "'-thing")
    assert lines[1]["detail"] == '{"number": 54}'
    newest = log.entries(limit=1)[0]
    assert (newest.action, newest.detail) == ("export.csv", {"entries": 56})
    assert log.verify().whole


def test_who_is_no_administrator_sees_nothing(app, log, monkeypatch) -> None:
    monkeypatch.setattr(identity, "person", lambda: ANNA)
    page = app.switch_page(PAGE).run()
    assert not page.dataframe
    assert not page.code
