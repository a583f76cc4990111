"""Inception sees pictures where its weights are at hand, and is left out elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import inception_v3

from cervix_models.errors import WeightsError
from cervix_models.services.generation import by_inception
from cervix_models.training.inception import FILE, InceptionReader, inception_at_hand
from cervix_models.training.judging import Judges
from tests.fakes import drawn_cell


class Colours:
    """Sees the mean colours of pictures, in the place of Inception."""

    def see(self, images) -> np.ndarray:
        return np.stack([image.reshape(-1, 3).mean(0) for image in images]).astype(np.float32)


def test_it_is_found_in_the_folder_and_in_the_cache_and_nowhere_else(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert inception_at_hand(None) is None
    assert inception_at_hand(tmp_path) is None
    cached = tmp_path / "checkpoints" / "inception_v3_google-0cc3c7bd.pth"
    cached.parent.mkdir()
    cached.touch()
    assert inception_at_hand(None) == inception_at_hand(tmp_path) == cached
    (tmp_path / FILE).touch()
    assert inception_at_hand(tmp_path) == tmp_path / FILE


def test_its_features_are_those_before_its_last_layer(tmp_path) -> None:
    torch.manual_seed(0)
    state = inception_v3(init_weights=False).state_dict()
    save_file({key: value.half().contiguous() for key, value in state.items()}, tmp_path / FILE)
    seen = InceptionReader(tmp_path / FILE).see([drawn_cell(64, 1), drawn_cell(80, 2)])
    assert seen.shape == (2, 2048)
    assert np.isfinite(seen).all()
    assert not np.allclose(seen[0], seen[1], rtol=1e-3, atol=0)


def test_other_weights_are_refused(tmp_path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / FILE)
    with pytest.raises(WeightsError, match="does not hold the weights of torchvision's inception"):
        InceptionReader(tmp_path / FILE)


def test_its_distances_stand_beside_real_against_real() -> None:
    draw = torch.Generator().manual_seed(0)
    real, other, made = (
        (torch.rand(40, 3, 16, 16, generator=draw) * most).byte() for most in (200, 200, 90)
    )
    found = Judges(None, None, None, Colours()).by_inception(real, made, other)
    kid, fid = by_inception(found)
    assert kid.made["value"] > kid.real["high"]
    assert fid.made["value"] > fid.real["value"]
    assert by_inception({}) == []
    assert Judges(None, None, None).by_inception(real, made, other) == {}
