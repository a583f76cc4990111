"""What the care page says: every sentence cited and dated, and nothing against the safety rules."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from cervix_models.data import care, care_sources, care_words
from cervix_models.data.care import is_old, said, sentences
from cervix_models.data.care_sources import SOURCES
from cervix_models.data.care_words import CONTENT
from cervix_models.data.labels import CLASS_NAMES, CLASSES

ALL = list(sentences(CONTENT))


def test_every_sentence_has_sources_that_are_listed_and_every_source_is_cited() -> None:
    assert all(each.sources for each in ALL)
    assert {key for each in ALL for key in each.sources} == set(SOURCES)


def test_every_sentence_is_one_that_ends_and_stands_once() -> None:
    texts = [each.text for each in ALL]
    assert len(set(texts)) == len(texts)
    assert all(re.fullmatch(r"[A-Z0-9].*\.", each) for each in texts)


def test_sources_have_a_year_or_none_and_an_address_that_is_no_link() -> None:
    for source in SOURCES.values():
        assert source.year is None or 1990 < source.year <= care.CHECKED.year
        assert source.address
        assert "://" not in source.address
        assert source.seen.endswith(".")


@pytest.mark.parametrize(
    ("checked", "today", "old"),
    [
        (date(2026, 11, 29), date(2027, 11, 29), False),
        (date(2026, 11, 29), date(2027, 11, 30), True),
        (date(2026, 11, 29), date(2027, 12, 1), True),
        (date(2026, 11, 29), date(2026, 11, 29), False),
        (date(2024, 2, 29), date(2025, 2, 28), False),
        (date(2024, 2, 29), date(2025, 3, 1), True),
        (date(2026, 1, 1), date(2029, 1, 1), True),
    ],
)
def test_a_sentence_is_old_after_twelve_months(checked, today, old) -> None:
    assert is_old(said("A.", "rules", checked=checked), today) is old


def test_the_context_is_that_of_the_safety_rules() -> None:
    assert tuple(each.label for each in CONTENT.context) == CLASS_NAMES
    certainty = {each.label: each.certainty for each in CONTENT.context}
    assert certainty == {
        "Dyskeratotic": "low", "Koilocytotic": "good", "Metaplastic": "high", "Parabasal": "high",
        "Superficial-Intermediate": "high",
    }  # fmt: skip
    for kind in CLASSES:
        nearest = next(each.nearest for each in CONTENT.context if each.label == kind.name)
        assert ("NILM" in nearest) is (kind.group != "abnormal")


def test_a_disputed_class_has_more_than_one_position() -> None:
    assert len({each.side for each in CONTENT.positions}) == len(CONTENT.positions) >= 4
    assert CONTENT.context[0].nearest.startswith("Disputed")


def test_the_ladder_has_the_thresholds_of_the_guideline_without_a_gap() -> None:
    late = [each for each in CONTENT.ladder if each.horizon == "five years"]
    now = [each for each in CONTENT.ladder if each.horizon == "now"]
    assert [(each.low, each.high) for each in late] == [(0, 0.15), (0.15, 0.55), (0.55, None)]
    assert [(each.low, each.high) for each in now] == [(4, 25), (25, 60), (60, None)]
    assert CONTENT.ladder == (*late, *now)


def test_no_normal_or_benign_class_is_led_to_treatment() -> None:
    for each in CONTENT.approaches:
        if not {"Koilocytotic", "Dyskeratotic"} & set(each.labels):
            words = " ".join(one.text for one in each.guidance).lower()
            assert not re.search("treatment|colposcopy|biops|risk|danger", words)
    labels = [name for each in CONTENT.approaches for name in each.labels]
    assert sorted(labels) == sorted(CLASS_NAMES)


def hash_of(monkeypatch, content=CONTENT, sources=SOURCES) -> str:
    monkeypatch.setattr(care_words, "CONTENT", content)
    monkeypatch.setattr(care_sources, "SOURCES", sources)
    care.content_sha256.cache_clear()
    found = care.content_sha256()
    monkeypatch.undo()
    care.content_sha256.cache_clear()
    return found


def test_the_hash_changes_with_a_word_a_threshold_or_a_source(monkeypatch) -> None:
    first = CONTENT.limits[0]
    word = replace(CONTENT, limits=(replace(first, text=first.text + "!"), *CONTENT.limits[1:]))
    rung = replace(CONTENT.ladder[0], high=0.2)
    threshold = replace(CONTENT, ladder=(rung, *CONTENT.ladder[1:]))
    source = {**SOURCES, "cdc": replace(SOURCES["cdc"], year=2030)}
    found = {
        hash_of(monkeypatch), hash_of(monkeypatch, word), hash_of(monkeypatch, threshold),
        hash_of(monkeypatch, sources=source),
    }  # fmt: skip
    assert len(found) == 4


def test_the_hash_stays_where_a_sentence_is_only_checked_again(monkeypatch) -> None:
    again = replace(CONTENT.limits[0], checked=date(2027, 5, 1))
    content = replace(CONTENT, limits=(again, *CONTENT.limits[1:]))
    assert hash_of(monkeypatch, content) == hash_of(monkeypatch) == care.content_sha256()
