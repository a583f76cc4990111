"""The list of features: complete, in order, and each with what a page needs."""

import pytest

from cervix_models.errors import MeasurementError
from cervix_models.morphology import FEATURES, feature_named, to_micrometres


def test_there_are_26_of_sipakmed_a_region_and_ours_are_marked():
    for region in ("nucleus", "cytoplasm"):
        paper = [each for each in FEATURES if each.region == region and not each.added]
        assert len(paper) == 26
        assert all(each.name.startswith(f"{region}_") for each in paper)
        assert all("SIPaKMeD" in each.source for each in paper)
    assert [each.name for each in FEATURES if each.added] == [
        "nucleus_cytoplasm_ratio",
        "nucleus_cell_ratio",
        "nucleus_circularity",
        "cell_circularity",
        "nucleus_eccentric_location",
        "halo_contrast",
        "nucleus_hematoxylin",
        "nucleus_eosin",
        "cytoplasm_hematoxylin",
        "cytoplasm_eosin",
    ]


def test_names_and_titles_are_their_own_and_each_meaning_is_a_sentence():
    assert len({each.name for each in FEATURES}) == len(FEATURES)
    assert len({each.title for each in FEATURES}) == len(FEATURES)
    for each in FEATURES:
        assert each.meaning.endswith(".")
        assert "{" not in each.meaning
        assert each.power == {"px": 1, "px²": 2}.get(each.unit, 0)


def test_micrometres_follow_the_power_of_length():
    assert to_micrometres("nucleus_major_axis", 10, 0.2) == pytest.approx(2)
    assert to_micrometres("cytoplasm_area", 100, 0.2) == pytest.approx(4)
    assert to_micrometres("nucleus_red_mean", 120, 0.2) == 120
    assert feature_named("cytoplasm_area").metric_unit == "µm²"
    assert feature_named("nucleus_orientation").metric_unit == "°"


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(MeasurementError, match="expected a number above 0"):
        to_micrometres("nucleus_area", 10, scale)


def test_an_unknown_feature_is_refused_by_name():
    with pytest.raises(MeasurementError, match="'nucleus_weight' is no feature"):
        feature_named("nucleus_weight")
