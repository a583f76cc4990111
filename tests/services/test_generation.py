"""The rows of what makes cells, and what is said of a trial."""

from __future__ import annotations

import pytest

from cervix_models.cards import WEIGHTS
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.evaluation.notes import notes_of
from cervix_models.services.generation import (
    Help,
    Likeness,
    Measure,
    generator_rows,
    heeded,
    help_words,
    kept,
    measures,
    nearer,
    translator_rows,
)
from tests import tiny
from tests.fake_generators import (
    between,
    generator_metrics,
    help_of,
    save_fake,
    told,
    translator_metrics,
)


@pytest.fixture
def settings(tmp_path):
    return tiny.settings_in(tmp_path)


def test_an_improved_generator_stands_behind_the_one_it_improves(settings) -> None:
    for name in ("cgan_projection", "cvae", "cgan"):
        save_fake(settings.weights, name, generator_metrics())
    (settings.weights / "cvae" / WEIGHTS).unlink()
    rows = generator_rows(settings)
    assert [(row.name, row.improves, row.here) for row in rows] == [
        ("cgan", None, True), ("cgan_projection", "cgan", True), ("cvae", None, False),
    ]  # fmt: skip
    assert rows[0].made.recognised == 0.85
    assert rows[0].floor.by_class == told(0.96)["by_class"]
    assert rows[0].help is None


def test_a_generator_that_was_not_measured_is_left_out(settings) -> None:
    save_fake(settings.weights, "cgan", {"summary": "not measured yet"})
    assert generator_rows(settings) == []
    assert translator_rows(settings) == []


def test_a_card_of_before_lacks_what_was_not_measured_then(settings) -> None:
    metrics = generator_metrics(help=help_of((0.1, 0, 0, 0), by_class=False))
    del metrics["kid_by_class"]
    save_fake(settings.weights, "cgan", metrics)
    (row,) = generator_rows(settings)
    assert row.made.kid_by_class == {}
    assert row.help is not None
    assert row.help.made_alone is not None
    assert (row.help.made_alone.by_class, row.help.reverse) == ({}, {})


def test_a_translator_has_its_ways_and_what_its_document_reports(settings) -> None:
    save_fake(settings.weights, "cyclegan", translator_metrics())
    (row,) = translator_rows(settings)
    assert [way.label for way in row.ways] == [
        "Koilocytotic", "Dyskeratotic", "Superficial-Intermediate", "Parabasal",
    ]  # fmt: skip
    assert row.ways[0].sources == ("Superficial-Intermediate", "Parabasal")
    assert row.ways[0].made.recognised == 0.6
    assert row.reported == notes_of("cyclegan")["reported"]


def test_a_trial_is_told_apart_by_what_was_learned_from() -> None:
    found = Help.of(help_of((0.05, 0.01, 0, -0.03)))
    assert [each.share for each in found.of_real(made=False)] == [0.1, 0.25, 0.5, 1.0]
    assert [each.cells for each in found.of_real(made=True)][-1] == 2 * 2739
    assert found.made_alone is not None
    assert found.made_alone.accuracy["value"] == 0.65


@pytest.mark.parametrize(
    ("gains", "words"),
    [
        ((0.05, 0.03, 0.0, 0.0), "help at 10 % and 25 % of the real cells: the interval"),
        ((0.05, 0.03, 0.0, 0.0), "At 50 % and 100 % it holds zero: no difference was seen."),
        ((0.0, 0.0, 0.01, 0.0), "do not help here: at no share of the real cells"),
        ((0.0, 0.0, -0.03, -0.05), "At 50 % and 100 % it lies below zero: they harm."),
        ((0.05, 0.03, 0.04, 0.06), "help at 10 %, 25 %, 50 % and 100 % of the real cells"),
    ],
)
def test_only_the_interval_says_whether_it_helps(gains, words) -> None:
    assert words in help_words(Help.of(help_of(gains)).gains)


def test_measures_stand_beside_what_real_cells_reach() -> None:
    metrics = generator_metrics()
    made, floor = Likeness.of(metrics), Likeness.of(metrics["floor"])
    lines = {each.name: each for each in measures(made, floor, metrics["memorised"])}
    kid = lines["KID"]
    assert kid.words(kid.made) == "0.1400 (0.1120 to 0.1680)"
    assert kid.words(kid.real) == "0.0020 (-0.0050 to 0.0130)"
    asked = lines["Taken for the class asked for"]
    assert (asked.words(asked.made), asked.words(asked.real)) == ("85.0 %", "96.0 %")
    flagged = lines["Nearer than the first percentile of real cells"]
    assert (flagged.words(flagged.made), flagged.words(flagged.real)) == ("0.4 %", "")
    fid = lines["FID, too large at so few cells"]
    assert fid.words(fid.made) == "70.00"


def test_outlines_that_are_heeded_stand_beside_real_cells() -> None:
    dice = {part: {"value": 0.8} for part in ("nucleus", "cytoplasm", "cell")}
    found = heeded({"control": {"dice": dice, "floor": {**dice, "cell": {"value": 0.95}}}})
    assert found[0].name == "Given outline of the nucleus, found again (Dice)"
    assert found[2].real == {"value": 0.95}
    assert heeded({}) == []


def test_who_comes_nearer_is_told_by_name() -> None:
    (found,) = nearer({"against": {"cgan": between(-0.3)}})
    assert found.name == "KID less that of cgan, below zero: nearer"
    assert found.made["value"] == -0.3
    assert nearer({}) == []


def test_what_is_kept_is_named_as_the_field_names_it() -> None:
    way = translator_metrics()["ways"]["Parabasal"]
    assert [each.name for each in kept(way["outlines_kept"], way["again"])] == [
        "Outlines kept, mean IoU", "Outlines kept, pixel accuracy",
        "Outlines kept, mean class accuracy", "Made again, SSIM", "Made again, PSNR",
        "Made again, MSE",
    ]  # fmt: skip


def test_a_figure_is_told_as_what_it_is() -> None:
    share = Measure("a", between(0.5), None, share=True)
    assert share.words(share.made) == "50.0 % (40.0 % to 60.0 %)"
    assert set(told(0.5)["by_class"]) == set(CLASS_NAMES)
