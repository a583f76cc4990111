"""ONNX files: they say what torch says, are kept by the hash of their weights, or are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cervix_models import exporting
from cervix_models.checkpoints import load_network
from cervix_models.errors import WeightsError
from cervix_models.exporting import TOLERANCE
from cervix_models.services.defaults import CLASSIFIER
from cervix_models.sessions import onnx_session
from tests import tiny


@pytest.fixture
def settings(tmp_path):
    made = tiny.settings_in(tmp_path)
    tiny.save_tiny(made.weights, tiny.recipe(tiny.register_outliner()))
    return made


NAME = f"tiny_{tiny.OUTLINER}"


def _noise(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 3, side, side)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 5, 11])
def test_a_classifier_says_logits_and_embeddings_as_torch_does(tiny_models, count) -> None:
    session, card = onnx_session(CLASSIFIER, tiny_models)
    assert card.kind == "classifier"
    network, _ = load_network(CLASSIFIER, tiny_models.weights)
    batch = _noise(count, 64)
    logits, embeddings = session(batch)
    with torch.inference_mode():
        wanted = network.embed(torch.from_numpy(batch))
        answer = network(torch.from_numpy(batch))
    np.testing.assert_allclose(embeddings, wanted.numpy(), atol=TOLERANCE)
    np.testing.assert_allclose(logits, answer.numpy(), atol=TOLERANCE)


def test_a_segmenter_says_what_torch_says(settings) -> None:
    session, _ = onnx_session(NAME, settings)
    batch = _noise(3, 64)
    wanted = tiny.outputs(NAME, settings.weights, torch.from_numpy(batch))
    np.testing.assert_allclose(session(batch)[0], wanted, atol=TOLERANCE)


def test_a_network_is_exported_once_a_hash(settings, monkeypatch) -> None:
    _, card = onnx_session(NAME, settings)
    (first,) = settings.cache.iterdir()
    assert first.name == f"{NAME}-{card.weights_sha256[:16]}.onnx"
    with monkeypatch.context() as patched:
        patched.setattr(exporting, "export", lambda *_: pytest.fail("exported twice"))
        onnx_session(NAME, settings)
    other = tiny.Outliner()
    with torch.no_grad():
        other.heads.bias.add_(1)
    tiny.save_tiny(settings.weights, tiny.recipe(tiny.OUTLINER), other)
    session, _ = onnx_session(NAME, settings)
    assert len(list(settings.cache.iterdir())) == 2
    batch = _noise(1, 64)
    with torch.inference_mode():
        wanted = other(torch.from_numpy(batch)).numpy()
    np.testing.assert_allclose(session(batch)[0], wanted, atol=0.05)


def test_an_export_that_disagrees_is_refused_and_not_kept(settings, monkeypatch) -> None:
    real = exporting.open_session
    monkeypatch.setattr(
        exporting,
        "open_session",
        lambda path, threads: lambda batch: [each + 0.01 for each in real(path, threads)(batch)],
    )
    with pytest.raises(WeightsError, match=rf"differ by 0\.01 on {NAME}; at most 0\.001 was exp"):
        onnx_session(NAME, settings)
    assert list(settings.cache.iterdir()) == []


@pytest.mark.parametrize("answer", [np.nan, np.inf])
def test_no_number_is_no_agreement(answer) -> None:
    with pytest.raises(WeightsError, match="Report it with the versions"):
        exporting._check_agree(torch.zeros(2), [np.full(2, answer, np.float32)], "a")


def test_an_embedding_that_disagrees_is_seen_too() -> None:
    says = (torch.zeros(2, 5), torch.zeros(2, 8))
    exporting._check_agree(says, [np.zeros((2, 5)), np.zeros((2, 8))], "a")
    with pytest.raises(WeightsError, match="differ by 1 on a"):
        exporting._check_agree(says, [np.zeros((2, 5)), np.ones((2, 8))], "a")
