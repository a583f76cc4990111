"""How much one person may ask for at once, so that the others get their turn."""

from __future__ import annotations

from math import ceil
from time import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from cervix_models.errors import LimitError
from cervix_models.people import NOBODY, OPERATOR, acting
from cervix_models.settings import load_settings
from cervix_models.telemetry import HELD_BACK

_window = MovingWindowRateLimiter(MemoryStorage())


def take(what: str, count: int = 1) -> None:
    """Counts `count` of `what` (such as "readings") as asked for now by whoever acts.

    Raises LimitError where that is more than CERVIX_RATE within a minute; then none is counted.
    """
    person, most = acting(), load_settings().rate
    if person in (OPERATOR, NOBODY) or not most:  # work of the application itself
        return
    item = RateLimitItemPerMinute(most, namespace=what)
    if _window.hit(item, person.name, cost=count):
        return
    HELD_BACK.labels(what).inc()
    if count > most:
        raise LimitError(
            f"{count} {what} were asked for at once; at most {most} within a minute are taken of "
            "one person. Ask for fewer, or use the command line for many."
        )
    wait = max(1, ceil(_window.get_window_stats(item, person.name).reset_time - time()))
    raise LimitError(
        f"More than {most} {what} within a minute were asked for; so many are taken of one person. "
        f"Wait {wait} seconds, and try again."
    )
