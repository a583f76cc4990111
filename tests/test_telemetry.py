"""How log lines look."""

from __future__ import annotations

import json
import logging

import pytest

from cervix_models.errors import SettingError
from cervix_models.people import Person, acting_as
from cervix_models.telemetry import OURS, set_up_logs


@pytest.fixture(autouse=True)
def as_before():
    before = [(name, logging.getLogger(name)) for name in OURS]
    kept = [(log, log.handlers, log.propagate, log.level) for _, log in before]
    yield
    for log, handlers, propagate, level in kept:
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)


def test_a_line_of_json_has_its_person(capsys) -> None:
    set_up_logs("json")
    with acting_as(Person("Ann", ("student",))):
        logging.getLogger("cervix_models.services").info("A %s was read", "cell")
    told = json.loads(capsys.readouterr().err)
    assert told.pop("time").startswith("20")
    assert told == {
        "level": "INFO", "logger": "cervix_models.services", "message": "A cell was read",
        "person": "Ann",
    }  # fmt: skip


def test_an_error_in_json_stays_one_line(capsys) -> None:
    set_up_logs("json")
    try:
        raise RuntimeError("a fault")
    except RuntimeError:
        logging.getLogger("ui").exception("It failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "RuntimeError: a fault" in json.loads(line)["exc_info"]


def test_text_is_a_sentence(capsys) -> None:
    set_up_logs("text")
    logging.getLogger("ui").warning("The store is full")
    assert capsys.readouterr().err.endswith(" WARNING The store is full\n")


def test_another_style_is_refused() -> None:
    with pytest.raises(SettingError, match="CERVIX_LOG is 'xml'; text or json was expected"):
        set_up_logs("xml")
