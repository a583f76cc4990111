"""When a learner sees a cell again: FSRS 6, the scheduler that Anki uses, by the package py-fsrs.

FSRS is asked with a rating, which follows from whether the answer was right and how long it took,
against the learner's own usual time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from cervix_models.lessons import AGAIN, EASY, GOOD, HARD, CellAnswer

if TYPE_CHECKING:
    from fsrs import Scheduler

ENOUGH = 10  # right answers with a time, from which on there is a usual time
LATELY = 50  # of the newest of these
SLOW, QUICK = 1.5, 0.6  # times the usual time, from and up to which an answer is slow or quick
LONGEST = 120.0  # seconds; whoever takes longer was interrupted, and the time is not counted


def counted(seconds: float | None) -> float | None:
    """The time of an answer as it is counted; None where the learner was interrupted."""
    return None if seconds is None or seconds > LONGEST else max(0.0, seconds)


def usual_seconds(answers: Sequence[CellAnswer]) -> float | None:
    """The learner's usual time: the median of the newest right answers; None while they are few."""
    times = [each.seconds for each in answers if each.right and each.seconds is not None]
    return median(times[-LATELY:]) if len(times) >= ENOUGH else None


def rating_of(right: bool, seconds: float | None, usual: float | None) -> int:
    """The rating of an answer: wrong is `again`; right is `hard` where it was slow, `easy` where
    it was quick, and else, or without a usual time, `good`."""
    if not right:
        return AGAIN
    if seconds is None or usual is None:
        return GOOD
    if seconds > SLOW * usual:
        return HARD
    return EASY if seconds < QUICK * usual else GOOD


def scheduler() -> Scheduler:
    """FSRS 6 with its published parameters and a retention of 90 %; without fuzz, which spreads
    what many cards of one day would bring back together, so that its intervals can be checked."""
    from fsrs import Scheduler

    return Scheduler(enable_fuzzing=False)


def next_card(
    card: Mapping[str, Any] | None, cell: str, rating: int, now: datetime
) -> tuple[dict[str, Any], datetime]:
    """The card of a cell after an answer at `now` (UTC), and when it is due; None is a new one."""
    from fsrs import Card, Rating

    number = int(cell[:12], 16)
    before = Card(card_id=number, due=now) if card is None else Card.from_dict(dict(card))  # type: ignore[arg-type]
    after, _ = scheduler().review_card(before, Rating(rating), now)
    return dict(after.to_dict()), after.due


def days_between(card: Mapping[str, Any]) -> float | None:
    """The days from the last answer to when the cell is due; None for one not answered."""
    if not card.get("last_review"):
        return None
    due, last = (datetime.fromisoformat(card[name]) for name in ("due", "last_review"))
    return (due - last).total_seconds() / 86_400
