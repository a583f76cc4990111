"""Grad-CAM on a network whose hot place is known: it sees red, and speaks for one class by it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.explain import Explainer, open_explainer
from cervix_models.registry import create
from cervix_models.services.defaults import CLASSIFIER
from tests import tiny
from tests.fakes import drawn_cell

FOR, AGAINST = CLASS_NAMES[1], CLASS_NAMES[3]


def _sees_red() -> torch.nn.Module:
    """A `cnn` that hands red through its three stages; red speaks for one class, against one."""
    network = create("cnn")
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
        for layer in (0, 3, 6):
            network.trunk[layer].weight[0, 0, 1, 1] = 1
        network.neck[2].weight[0, :64] = 1 / 64
        network.head.weight[CLASS_NAMES.index(FOR), 0] = 1
        network.head.weight[CLASS_NAMES.index(AGAINST), 0] = -1
    return network


@pytest.fixture(scope="module")
def explainer(tmp_path_factory):
    settings = tiny.settings_in(tmp_path_factory.mktemp("red"))
    tiny.save_tiny(settings.weights, tiny.recipe("cnn"), _sees_red())
    return Explainer("tiny_cnn", settings)


def _red_spot(height: int = 120, width: int = 80) -> np.ndarray:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[20:40, 50:70, 0] = 255
    return picture


def test_heat_lies_where_the_network_looks(explainer) -> None:
    heat = explainer.heat(_red_spot(), FOR)
    assert heat.shape == (120, 80)
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert heat.max() == pytest.approx(1, abs=0.02)
    rows, columns = np.mgrid[:120, :80]
    middle = (heat * rows).sum() / heat.sum(), (heat * columns).sum() / heat.sum()
    assert middle == pytest.approx((29.5, 59.5), abs=2.5)
    assert heat[80:].max() < 0.05


def test_what_is_red_in_a_place_that_does_not_count_is_cold(tmp_path) -> None:
    settings, network = tiny.settings_in(tmp_path), _sees_red()
    with torch.no_grad():
        network.neck[2].weight[0, :64].view(8, 8)[:, 4:] = 0  # only the left half counts
    tiny.save_tiny(settings.weights, tiny.recipe("cnn"), network)
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[50:80, 20:40, 0] = picture[50:80, 90:110, 0] = 255
    heat = Explainer("tiny_cnn", settings).heat(picture, FOR)
    assert heat[:, :60].max() > 0.9
    assert heat[:, 76:].max() < 0.05


def test_what_speaks_against_a_class_is_cold(explainer) -> None:
    assert explainer.heat(_red_spot(), AGAINST).max() == 0


def test_a_picture_without_anything_to_see_is_cold_and_whole(explainer) -> None:
    heat = explainer.heat(np.zeros((64, 64, 3), np.uint8), FOR)
    assert np.isfinite(heat).all()
    assert heat.max() == 0


def test_threads_get_what_each_asked_for(explainer) -> None:
    asked = [(_red_spot(100, 80 + n), (FOR, AGAINST)[n % 2]) for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        heats = list(pool.map(lambda each: explainer.heat(*each), asked))
    for (image, label), heat in zip(asked, heats, strict=True):
        assert heat.shape == image.shape[:2]
        assert (heat.max() > 0.9) == (label == FOR)


def test_a_random_network_is_explained_too(tiny_models) -> None:
    heat = Explainer(CLASSIFIER, tiny_models).heat(drawn_cell(), CLASS_NAMES[0])
    assert heat.shape == (160, 160)
    assert 0 <= heat.min() <= heat.max() <= 1


def test_a_network_without_a_layer_is_refused(tiny_models) -> None:
    with pytest.raises(ValueError, match="dual_head_unet is registered without a layer"):
        Explainer("dual_head_unet", tiny_models)


def test_an_ensemble_looks_where_its_members_look(ensemble) -> None:
    image = drawn_cell(100)
    parts = [Explainer(name, ensemble).heat(image, CLASS_NAMES[1]) for name in ("one", "two")]
    mean = (parts[0] + parts[1]) / 2
    heat = open_explainer("ensemble", ensemble).heat(image, CLASS_NAMES[1])
    np.testing.assert_allclose(heat, mean / mean.max(), atol=1e-5)
    assert heat.dtype == np.float32


def test_one_network_is_explained_by_itself(tiny_models) -> None:
    assert isinstance(open_explainer(CLASSIFIER, tiny_models), Explainer)
