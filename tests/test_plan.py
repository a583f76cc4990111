"""What so many users need: worked out as a person would on paper."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scripts import figures, plan
from scripts.plan import Assumed, needed, users_at_limit

GIVEN = Assumed(
    users=(10, 3600), readings_a_day=10, hours=10, days=20, peak=2, busy=0.5, at_rest=1,
    core_hour=0.1, currency="EUR",
)  # fmt: skip
SINGLE = {"processor_seconds": 1.5, "kilobytes": 50.0, "writes_a_second": 40.0}


def test_processors_are_those_of_the_peak() -> None:
    found = needed(3600, GIVEN, SINGLE)
    assert (found.readings, found.peak) == (36_000, 2.0)
    assert found.cores == 6  # 2 readings of 1.5 seconds in each second, half busy
    assert found.core_hours == 20 * 10 * 6 + (720 - 200) * 1
    assert found.cost == pytest.approx(172.0)
    assert found.gigabytes == pytest.approx(36.0)
    assert found.database == pytest.approx(0.05)


def test_few_users_need_what_stands_at_rest() -> None:
    found = needed(10, replace(GIVEN, at_rest=2), SINGLE)
    assert found.cores == 2
    assert found.core_hours == 720 * 2


def test_the_database_ends_where_the_peak_meets_it() -> None:
    assert users_at_limit(GIVEN, SINGLE) == 72_000
    assert needed(72_000, GIVEN, SINGLE).database == pytest.approx(1.0)


def test_the_table_stands_in_the_documents(tmp_path) -> None:
    (tmp_path / "data/tables").mkdir(parents=True)
    (tmp_path / plan.MEASURED).write_text(json.dumps({"single": SINGLE}))
    table = {**vars(GIVEN), "users": list(GIVEN.users)}
    (tmp_path / plan.ASSUMED).write_text(json.dumps(table))
    text = "<!-- plan -->\nold 5 %\n<!-- /plan -->\n"
    shown = figures.refreshed(text, tmp_path)
    assert "| 3,600 | 36,000 | 2 | 6 | 1,720 | 172 | 36 | 5 % |\n" in shown
    assert "cost a month, EUR" in shown
    assert "enough for about 72,000 users" in shown
    assert figures.bare_figures(shown) == []
