"""Shares of a heat map."""

import numpy as np
import pytest

from cervix_models.contracts import Segmentation
from cervix_models.errors import MeasurementError
from cervix_models.morphology import heat_shares


def thirds():
    nucleus, cytoplasm = np.zeros((6, 9), bool), np.zeros((6, 9), bool)
    nucleus[:, :3], cytoplasm[:, 3:6] = True, True
    return Segmentation(nucleus, cytoplasm)


def test_shares_are_parts_of_the_sum():
    heat = np.zeros((6, 9), np.float32)
    heat[:, :3], heat[:, 3:6], heat[:, 6:] = 0.5, 0.3, 0.2
    shares = heat_shares(heat, thirds())
    assert shares is not None
    assert shares.nucleus == pytest.approx(0.5)
    assert shares.cytoplasm == pytest.approx(0.3)
    assert shares.background == pytest.approx(0.2)
    assert shares.nucleus + shares.cytoplasm + shares.background == pytest.approx(1)


def test_a_cold_map_has_no_shares():
    assert heat_shares(np.zeros((6, 9), np.float32), thirds()) is None


def test_a_map_of_another_size_or_below_zero_is_refused():
    with pytest.raises(MeasurementError, match="same height and width"):
        heat_shares(np.ones((5, 9), np.float32), thirds())
    with pytest.raises(MeasurementError, match="below 0 or not finite"):
        heat_shares(-np.ones((6, 9), np.float32), thirds())
