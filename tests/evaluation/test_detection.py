"""Telling made from real, against values worked out by hand."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from cervix_models.errors import MeasurementError
from cervix_models.evaluation.detection import Said, detection, mean_rating, share


def test_sensitivity_and_bias_as_worked_out_by_hand() -> None:
    # H = 20.5/26 = 0.78846, F = 10.5/26 = 0.40385; by the table z(H) = 0.8010, z(F) = -0.2434.
    found = detection(Said(made=25, hits=20, real=25, false_alarms=10))
    assert found["d_prime"]["value"] == pytest.approx(1.0444, abs=2e-4)
    assert found["criterion"]["value"] == pytest.approx(-0.2788, abs=2e-4)
    # The density at z is 0.28947 and 0.38730: 0.16679/(25 * 0.083793) + 0.24075/(25 * 0.15000).
    variance = 0.07962 + 0.06420
    half = 1.95996 * variance**0.5
    assert found["d_prime"]["high"] - found["d_prime"]["value"] == pytest.approx(half, abs=1e-3)
    assert found["criterion"]["value"] - found["criterion"]["low"] == pytest.approx(
        half / 2, abs=1e-3
    )
    assert found["accuracy"]["value"] == 0.7


def test_nobody_is_infinitely_good_or_bad() -> None:
    found = detection(Said(made=6, hits=6, real=6, false_alarms=0))
    score = NormalDist().inv_cdf(6.5 / 7)
    assert found["d_prime"]["value"] == pytest.approx(2 * score)
    assert found["criterion"]["value"] == pytest.approx(0)
    assert found["accuracy"] == pytest.approx(
        {"value": 1.0, "low": 0.757508, "high": 1.0}, abs=1e-5
    )


def test_who_says_made_of_everything_tells_nothing_and_leans() -> None:
    found = detection(Said(made=10, hits=10, real=10, false_alarms=10))
    assert found["d_prime"]["value"] == pytest.approx(0)
    assert found["criterion"]["value"] < -1
    assert found["d_prime"]["low"] < 0 < found["d_prime"]["high"]


def test_counts_are_added() -> None:
    assert Said(1, 1, 2, 0) + Said(3, 2, 4, 1) == Said(4, 3, 6, 1)


@pytest.mark.parametrize(
    "said", [Said(0, 0, 5, 1), Said(5, 1, 0, 0), Said(5, 6, 5, 1), Said(5, 1, 5, -1)]
)
def test_counts_that_cannot_be_are_refused(said) -> None:
    with pytest.raises(MeasurementError, match=r"were called made; parts of .* Judge both kinds"):
        detection(said)


def test_a_share_has_wilsons_interval() -> None:
    # (5 + 1.9207) / (20 + 3.8415) = 0.29028, give or take 0.17828 (worked out by hand).
    found = share(5, 20)
    assert found == pytest.approx({"value": 0.25, "low": 0.1119, "high": 0.4687}, abs=1e-4)
    assert share(0, 4)["low"] == pytest.approx(0)
    for count, total in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(MeasurementError, match="a part of at least one was expected"):
            share(count, total)


def test_a_mean_rating_has_students_interval() -> None:
    # 3, 4, 5: deviation 1, t(2) = 4.3027, half = 4.3027 / sqrt(3) = 2.4842, cut at the scale.
    found = mean_rating(3, 12, 50)
    assert found == pytest.approx({"value": 4, "low": 1.5158, "high": 5}, abs=1e-3)
    # 2, 3, 3, 4 twice: deviation 0.7559, t(7) = 2.3646, half = 0.6320.
    found = mean_rating(8, 24, 76)
    assert found == pytest.approx({"value": 3, "low": 2.368, "high": 3.632}, abs=1e-3)
    assert mean_rating(1, 4, 16) == {"value": 4, "low": 1, "high": 5}
    assert mean_rating(3, 12, 48) == {"value": 4, "low": 4, "high": 4}
    with pytest.raises(MeasurementError, match="The mean of 0 ratings"):
        mean_rating(0, 0, 0)
