"""The load test: what it tells, and that it asks a real server as browsers do."""

from __future__ import annotations

import pytest

from tests.browser.conftest import needs_weights
from ui.load import Told, load


def told(**changed) -> Told:
    at = [float(second) for second in range(1, 121)]
    memory = [(second, 1000.0 if second > 30 else 500.0) for second in at]
    return Told(**{"seconds": [1.0] * 120, "at": at, "memory": memory, "stored": 120, **changed})


def test_what_holds_is_told() -> None:
    assert told().holds()
    lines = list(told().lines(30))
    assert lines[0] == "30 people: 120 readings in 120 s"
    assert "one reading, median                    1.00 s" in lines
    assert "grown by                                0.0 %" in lines


@pytest.mark.parametrize(
    "changed",
    [
        {"stored": 119}, {"stored": 121}, {"problems": ["OSError: gone"]}, {"seconds": []},
        {"memory": [(10.0, 1000.0), (60.0, 1000.0), (110.0, 1101.0)]},
    ],
)  # fmt: skip
def test_a_lost_or_failed_reading_or_growing_memory_does_not_hold(changed) -> None:
    assert not told(**changed).holds()


@pytest.mark.browser
@needs_weights
def test_two_people_upload_and_read_over_the_wire() -> None:
    found = load(2, 5)
    assert found.problems == []
    assert found.stored == len(found.seconds) >= 2
