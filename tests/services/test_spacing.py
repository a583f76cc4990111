"""When a cell comes again, against values worked out by hand from the published formulas of FSRS 6.

Parameters and formulas: the FSRS wiki, "The Algorithm", FSRS-6. With w20 = 0.1542 the factor is
0.9 ** (-1 / 0.1542) - 1 = 0.98034, and with the wanted retention of 0.9 an interval equals the
stability, rounded to whole days.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cervix_models.lessons import AGAIN, EASY, GOOD, HARD, CellAnswer
from cervix_models.services.spacing import (
    counted,
    days_between,
    next_card,
    rating_of,
    usual_seconds,
)

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
CELL = "a" * 64
RIGHT = CellAnswer(NOON, "ann", CELL, "Parabasal", "Parabasal", "practice", 4, GOOD, True, False)
DECAY = 0.1542  # w20


def after(*steps: tuple[int, float]) -> tuple[dict, datetime, list[float]]:
    """The card after ratings, each so many days after the one before; with the days to the due
    date that followed each."""
    card, now, waits = None, NOON, []
    for rating, days in steps:
        now += timedelta(days=days)
        card, due = next_card(card, CELL, rating, now)
        waits.append((due - now).total_seconds() / 86_400)
    return card, now, waits


def test_a_new_cell_that_was_easy_comes_after_its_first_stability() -> None:
    card, _, waits = after((EASY, 0))
    assert card["stability"] == 8.2956  # w3
    assert card["difficulty"] == 1.0  # 6.4133 - e ** (3 x 0.8334) + 1 = -4.77, at least 1
    assert waits == [8]
    assert days_between(card) == 8


def test_a_new_cell_that_was_good_comes_in_ten_minutes_and_then_in_two_days() -> None:
    card, _, waits = after((GOOD, 0), (GOOD, 10 / 1440))
    # Within a day: S x e ** (w17 x (3 - 3 + w18)) x S ** -w19, at least S:
    # e ** (0.5425 x 0.0912) = 1.0507; 2.3065 ** -0.0658 = 0.9465; their product 0.9945 is below 1.
    assert card["stability"] == pytest.approx(2.3065)  # w2
    assert waits == [pytest.approx(10 / 1440), 2]


def test_a_cell_that_was_wrong_comes_in_a_minute() -> None:
    card, _, waits = after((AGAIN, 0))
    assert card["stability"] == 0.212  # w0
    assert card["difficulty"] == pytest.approx(6.4133)  # w4 - e ** 0 + 1
    assert waits == [pytest.approx(1 / 1440)]


def test_recall_in_time_lengthens_the_interval_by_the_published_formula() -> None:
    card, _, waits = after((EASY, 0), (GOOD, 8))
    # Recalled after 8 days with S = 8.2956, D = 1:
    # R = (1 + 0.98034 x 8 / 8.2956) ** -0.1542 = 0.90255
    # S' = S x (1 + e ** 1.8722 x (11 - 1) x 8.2956 ** -0.1666 x (e ** ((1 - R) x 0.796) - 1))
    #    = 8.2956 x (1 + 6.5026 x 10 x 0.70294 x 0.08065) = 38.88
    assert card["stability"] == pytest.approx(38.88, abs=0.03)
    assert waits == [8, 39]
    # D' = 0.001 x (w4 - e ** (3 w5) + 1 = -4.7707) + 0.999 x 1 = 0.994, at least 1
    assert card["difficulty"] == 1.0


def test_hard_lengthens_less_and_easy_more() -> None:
    # The gain of the case above, 30.58, times w15 = 0.6014 and w16 = 1.8729.
    hard, easy = after((EASY, 0), (HARD, 8)), after((EASY, 0), (EASY, 8))
    assert hard[0]["stability"] == pytest.approx(8.2956 + 30.58 * 0.6014, abs=0.03)
    assert easy[0]["stability"] == pytest.approx(8.2956 + 30.58 * 1.8729, abs=0.06)
    assert (hard[2][1], easy[2][1]) == (27, 66)
    # D' of hard: 1 + 3.0194 x (10 - 1) / 9 = 4.0194; then 0.999 x 4.0194 - 0.001 x 4.7707 = 4.0106
    assert hard[0]["difficulty"] == pytest.approx(4.0106, abs=0.001)


def test_a_lapse_shortens_the_stability_by_the_published_formula() -> None:
    card, _, waits = after((EASY, 0), (AGAIN, 8))
    # S' = 1.4835 x 1 ** -0.0614 x (9.2956 ** 0.2629 - 1) x e ** ((1 - 0.90255) x 1.6483)
    #    = 1.4835 x 0.79707 x 1.17424 = 1.3885; below 8.2956 / e ** (0.5425 x 0.0912)
    assert card["stability"] == pytest.approx(1.3885, abs=0.002)
    assert waits == [8, pytest.approx(10 / 1440)]


def test_a_retention_of_nine_tenths_makes_the_interval_the_stability() -> None:
    factor = 0.9 ** (-1 / DECAY) - 1
    assert factor == pytest.approx(0.98034, abs=1e-5)
    assert (1 + factor) ** -DECAY == pytest.approx(0.9)
    for rating, stability in ((EASY, 8.2956), (GOOD, 2.3065)):
        card, _, _ = after((rating, 0))
        assert math.isclose(card["stability"], stability)


def test_the_same_answers_give_the_same_intervals() -> None:
    steps = ((GOOD, 0), (GOOD, 0.01), (GOOD, 2), (EASY, 9), (HARD, 60))
    assert after(*steps) == after(*steps)


@pytest.mark.parametrize(
    ("right", "seconds", "usual", "rating"),
    [
        (False, 1.0, 4.0, AGAIN),
        (False, None, None, AGAIN),
        (True, 4.0, 4.0, GOOD),
        (True, 6.0, 4.0, GOOD),
        (True, 6.1, 4.0, HARD),
        (True, 2.4, 4.0, GOOD),
        (True, 2.3, 4.0, EASY),
        (True, 1.0, None, GOOD),
        (True, None, 4.0, GOOD),
    ],
)
def test_a_rating_follows_from_the_answer_and_the_usual_time(right, seconds, usual, rating) -> None:
    assert rating_of(right, seconds, usual) == rating


def test_the_usual_time_is_the_median_of_the_newest_right_answers() -> None:
    times = [replace(RIGHT, seconds=float(each)) for each in range(1, 11)]
    assert usual_seconds(times[:9]) is None
    assert usual_seconds(times) == 5.5
    wrong = replace(RIGHT, said="Metaplastic", seconds=99.0)
    interrupted = replace(RIGHT, seconds=None)
    assert usual_seconds([wrong, *times, wrong, interrupted]) == 5.5
    assert usual_seconds([replace(RIGHT, seconds=90.0)] * 50 + times * 5) == 5.5


def test_whoever_was_interrupted_has_no_time() -> None:
    assert (counted(3.5), counted(120.0), counted(120.1), counted(None)) == (3.5, 120.0, None, None)
    assert counted(-0.2) == 0.0  # a clock that was set back
