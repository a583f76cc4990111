"""What is counted of the work done, for Prometheus, and how log lines look."""

from __future__ import annotations

import logging
import sys
from typing import Literal

from prometheus_client import Counter, Histogram
from pythonjsonlogger.json import JsonFormatter

from cervix_models.errors import SettingError
from cervix_models.people import NOBODY, OPERATOR, acting

Style = Literal["text", "json"]
STYLES: tuple[Style, ...] = ("text", "json")
OURS = ("cervix_models", "ui", "pages")

READINGS = Counter("cervix_readings", "Cells that were read.", ["decision"])
SECONDS = Histogram(
    "cervix_reading_seconds", "Time of one reading, from the upload to the stored answer.",
    buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60),
)  # fmt: skip
MADE = Counter("cervix_made_cells", "Cells that generators made.")
HELD_BACK = Counter("cervix_held_back", "What was refused as too much at once.", ["what"])
REQUESTS = Counter("cervix_requests", "Answers by door and status.", ["door", "status"])
REQUEST_SECONDS = Histogram("cervix_request_seconds", "Time of an answer.", ["door"])


def set_up_logs(style: str) -> None:
    """Sends the project's log lines to standard error: as sentences, or one JSON object a line with
    time, level, logger, message and person.

    Raises SettingError for another style.
    """
    if style not in STYLES:
        raise SettingError(
            f"CERVIX_LOG is {style!r}; {' or '.join(STYLES)} was expected. Set one of these."
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_name_person)
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}{person}", style="{", datefmt="%Y-%m-%dT%H:%M:%S%z",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
        if style == "json"
        else logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    )  # fmt: skip
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)


def _name_person(record: logging.LogRecord) -> bool:
    person = acting()
    record.person = None if person in (NOBODY, OPERATOR) else person.name
    return True
