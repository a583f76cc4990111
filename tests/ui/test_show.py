from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cervix_models.contracts import FeatureRange, Verdict
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.morphology import feature_named
from tests.fakes import FakeTriage, drawn_cell, png
from ui import show

RANGES = {name: {"nucleus_area": FeatureRange(100, 150, 200, 250, 300, 50)} for name in CLASS_NAMES}


def test_markdown_from_outside_is_shown_letter_by_letter() -> None:
    assert show.plain("a*b [c](d) :red[e]") == r"a\*b \[c\]\(d\) \:red\[e\]"
    assert show.plain("plain words 12") == "plain words 12"


def test_html_from_outside_is_shown_letter_by_letter() -> None:
    assert show.html("<img src=x>") == "&lt;img src=x&gt;"
    assert 'alt="&quot;x&quot;"' in show.picture_html("/a", '"x"')


def test_a_class_shows_letters_beside_its_colour_and_a_refusal_shows_none() -> None:
    assert ">KO<" in show.badge_html("Koilocytotic")
    assert ">?<" in show.badge_html(None)
    assert all(short not in show.badge_html(None) for short in ("DK", "KO", "MP", "PB", "SI"))


def test_a_feature_stands_beside_the_range_of_each_class_in_pixels_and_micrometres() -> None:
    area, shape = feature_named("nucleus_area"), feature_named("nucleus_solidity")
    values = {"nucleus_area": 250.0, "nucleus_solidity": 0.9}
    first, second = show.feature_rows((area, shape), values, RANGES, 0.2)
    assert first["Value"] == "250 px²"
    assert first["In µm"] == "10.0 µm²"
    assert first["KO"] == "● 100 … 300"
    assert second["In µm"] == "–"
    assert second["KO"] == "–"


def test_without_a_scale_there_are_no_micrometres_and_outside_a_range_no_dot() -> None:
    (row,) = show.feature_rows(
        (feature_named("nucleus_area"),), {"nucleus_area": 301.0}, RANGES, None
    )
    assert "In µm" not in row
    assert row["PB"] == "100 … 300"


def test_what_was_not_measured_has_no_row() -> None:
    assert show.feature_rows((feature_named("nucleus_area"),), {}, RANGES, None) == []


@pytest.mark.parametrize(
    ("kind", "label", "words"),
    [
        ("agree", None, "Agree"),
        ("refer", None, "Refer"),
        ("correct", "Parabasal", "Is Parabasal"),
    ],
)
def test_verdicts_are_said_in_words(kind, label, words) -> None:
    assert show.verdict_words(Verdict(kind, label, "", "a", datetime.now(UTC))) == words
    assert show.verdict_words(None) == "–"


def test_the_picture_is_described_for_those_who_do_not_see_it() -> None:
    reading = FakeTriage("Parabasal").read(png(drawn_cell(90)), "a.png")
    assert show.picture_words(reading) == "Cell image, 90 by 90 pixels, read as Parabasal."
    referred = replace(reading, label=None, sample=True)
    assert show.picture_words(referred) == "Synthetic sample cell, 90 by 90 pixels, referred."


def test_a_time_is_given_in_utc() -> None:
    assert show.when(datetime(2026, 3, 5, 9, 7, tzinfo=UTC)) == "5 Mar 2026, 09:07 UTC"
