"""What so many users need and cost, worked out from what was measured and what is assumed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEASURED = "data/tables/cluster.json"
ASSUMED = "data/tables/scaling.json"


@dataclass(frozen=True)
class Assumed:
    """How people work, and what a processor costs; all of it can be changed in its file."""

    users: tuple[int, ...]
    readings_a_day: float  # of one user
    hours: float  # of a day, in which they come
    days: float  # of a month
    peak: float  # how many times the mean of those hours the busiest minutes have
    busy: float  # part of a processor that is planned to be used at the peak
    at_rest: int  # processors outside those hours
    core_hour: float  # price of one processor for one hour
    currency: str


@dataclass(frozen=True)
class Needed:
    """What so many users need."""

    users: int
    readings: float  # a day
    peak: float  # readings a second
    cores: int  # at the peak
    core_hours: float  # a month
    cost: float  # of processors, a month
    gigabytes: float  # of images that come in a month
    database: float  # part of what the database takes, at the peak


def assumed(root: Path) -> Assumed:
    """The assumptions of the project folder's file."""
    table = json.loads((root / ASSUMED).read_text("utf-8"))
    return Assumed(**{**table, "users": tuple(table["users"])})


def measured(root: Path) -> dict[str, Any]:
    """What one reading costs, of the project folder's file of results."""
    found: dict[str, Any] = json.loads((root / MEASURED).read_text("utf-8"))["single"]
    return found


def needed(users: int, given: Assumed, single: dict[str, Any]) -> Needed:
    """What `users` need, where one reading costs `single`."""
    readings = users * given.readings_a_day
    peak = readings / (given.hours * 3600) * given.peak
    cores = max(given.at_rest, math.ceil(peak * single["processor_seconds"] / given.busy))
    core_hours = given.days * given.hours * cores + (30 * 24 - given.days * given.hours) * min(
        given.at_rest, cores
    )
    return Needed(
        users, readings, peak, cores, core_hours, core_hours * given.core_hour,
        readings * given.days * single["kilobytes"] / 1e6, peak / single["writes_a_second"],
    )  # fmt: skip


def users_at_limit(given: Assumed, single: dict[str, Any]) -> int:
    """How many users bring the database to what it takes, at the peak; to three digits."""
    a_user = given.readings_a_day / (given.hours * 3600) * given.peak
    users = single["writes_a_second"] / a_user
    digits = 10 ** max(0, math.floor(math.log10(users)) - 1)
    return int(users // digits * digits)


def plan_table(root: Path) -> str:
    """A Markdown table of what users need and cost, and the sentence of where the database ends."""
    given, single = assumed(root), measured(root)
    heads = (
        "users", "readings a day", "at the peak, a second", "processors",
        "processor hours a month", f"cost a month, {given.currency}", "images a month, GB",
        "of what the database takes",
    )  # fmt: skip
    rows = [_row(needed(users, given, single)) for users in given.users]
    table = "".join(f"| {' | '.join(each)} |\n" for each in (heads, ["---"] * len(heads), *rows))
    return (
        f"{table}\nAssumed: {given.readings_a_day:g} readings a user and day, within "
        f"{given.hours:g} hours on {given.days:g} days a month, {given.peak:g} times the mean at "
        f"the peak, processors {100 * given.busy:.0f} % busy then, {given.at_rest} of them at "
        f"rest, {given.core_hour:g} {given.currency} a processor hour. One database is enough for "
        f"about {users_at_limit(given, single):,} users.\n"
    )


def _row(each: Needed) -> list[str]:
    return [
        f"{each.users:,}", f"{each.readings:,.0f}", _short(each.peak), f"{each.cores:,}",
        f"{each.core_hours:,.0f}", f"{each.cost:,.0f}", _short(each.gigabytes),
        f"{_short(100 * each.database)} %",
    ]  # fmt: skip


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
