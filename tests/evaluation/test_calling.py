"""Over- and under-calling against values worked out by hand."""

from __future__ import annotations

import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.evaluation.calling import ABNORMAL, calls, confusion

KO, DK, MP, PB = "Koilocytotic", "Dyskeratotic", "Metaplastic", "Parabasal"
SI = "Superficial-Intermediate"


def test_only_the_two_abnormal_classes_are_the_signal() -> None:
    assert {KO, DK} == ABNORMAL


def test_calls_are_counted_by_group_and_not_by_class() -> None:
    # Ten abnormal cells, eight of them called abnormal; ten others, four of them called abnormal.
    pairs = [(KO, DK)] * 5 + [(DK, DK)] * 3 + [(KO, SI), (DK, MP)]
    pairs += [(MP, KO)] * 4 + [(PB, MP)] * 3 + [(SI, SI)] * 3
    found = calls(pairs)
    assert (found.abnormal, found.missed, found.benign, found.alarms) == (10, 2, 10, 4)
    assert (found.under["value"], found.over["value"]) == (0.2, 0.4)
    # Log-linear: hits 8.5 / 11 = 0.77273, z = 0.7479; alarms 4.5 / 11 = 0.40909, z = -0.2299.
    assert found.d_prime["value"] == pytest.approx(0.9778, abs=0.001)
    assert found.criterion["value"] == pytest.approx(-0.2590, abs=0.001)
    assert found.lean == "neither"  # ten of each are too few to say


def test_a_lean_is_told_where_its_whole_interval_says_so() -> None:
    over = calls([(KO, KO)] * 40 + [(MP, KO)] * 30 + [(SI, SI)] * 10)
    under = calls([(KO, SI)] * 30 + [(DK, DK)] * 10 + [(SI, SI)] * 40)
    assert (over.lean, under.lean) == ("over", "under")
    assert over.criterion["high"] < 0 < under.criterion["low"]


@pytest.mark.parametrize("pairs", [[], [(KO, KO)] * 3, [(SI, KO)] * 3])
def test_cells_of_one_kind_tell_of_no_lean(pairs) -> None:
    found = calls(pairs)
    assert found.d_prime is None
    assert found.criterion is None
    assert found.lean == "neither"


def test_who_is_always_right_has_a_finite_sensitivity() -> None:
    found = calls([(KO, KO)] * 4 + [(SI, SI)] * 4)
    # (4.5 / 5) and (0.5 / 5): z of 0.9 is 1.2816, twice that.
    assert found.d_prime["value"] == pytest.approx(2.5631, abs=0.001)
    assert found.criterion["value"] == pytest.approx(0)


def test_the_confusion_has_true_classes_in_rows() -> None:
    found = confusion([(MP, PB), (MP, PB), (PB, MP), (SI, SI)])
    assert found.shape == (5, 5)
    assert found.sum() == 4
    assert found[CLASS_NAMES.index(MP), CLASS_NAMES.index(PB)] == 2
    assert found[CLASS_NAMES.index(PB), CLASS_NAMES.index(MP)] == 1
