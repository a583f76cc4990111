"""Weights and cards: written together, refused apart, each time with its sentence."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from cervix_models.cards import file_hash, load_card, load_cards
from cervix_models.checkpoints import load_network, read_weights, save_card, save_weights
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import UnknownModelError, WeightsError
from cervix_models.registry import create
from tests import tiny

NAME = "tiny_cnn"


@pytest.fixture
def weights(tmp_path):
    tiny.save_tiny(tmp_path, tiny.recipe("cnn"))
    return tmp_path


def test_weights_are_stored_in_half_and_read_in_single_precision(weights) -> None:
    stored = load_file(weights / NAME / "model.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    network, card = load_network(NAME, weights)
    assert {value.dtype for value in network.parameters()} == {torch.float32}
    assert card.weights_sha256 == file_hash(weights / NAME / "model.safetensors")
    assert sorted(path.name for path in (weights / NAME).iterdir()) == [
        "card.json", "model.safetensors",
    ]  # fmt: skip


def test_a_card_comes_back_as_it_was_written(weights) -> None:
    sha256 = file_hash(weights / NAME / "model.safetensors")
    wanted = tiny.card(tiny.recipe("cnn"), sha256)
    found = load_card(NAME, weights)
    assert (found.name, found.classes, found.limits) == (wanted.name, CLASS_NAMES, wanted.limits)
    assert found.calibration["conformal_least"] == wanted.calibration["conformal_least"]
    assert found.summary == "tiny_cnn 0.1: measured on nothing"
    assert [card.name for card in load_cards(weights)] == [NAME]


def test_counts_keep_their_type(tmp_path) -> None:
    network = create("mobilenetv2")
    save_weights(network, tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    assert stored["trunk.0.1.num_batches_tracked"].dtype == torch.int64


def test_weights_of_eight_bits_are_kept_small_and_whole(tmp_path) -> None:
    network = create("cnn")
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in network.parameters():
            whole = torch.randint(-127, 128, value.shape, generator=draw).float()
            value[:] = whole * (torch.rand(value.shape, generator=draw) < 0.2) / 2**9
    save_weights(network, tmp_path)
    path = tmp_path / "model.safetensors"
    found = read_weights(path)
    for key, value in network.state_dict().items():
        assert torch.equal(found[key], value), key
    numbers = sum(value.numel() for value in network.parameters())
    assert path.stat().st_size < 0.45 * numbers  # two bytes a number otherwise


def test_weights_that_would_lose_by_it_are_not_made_small(tmp_path) -> None:
    network = create("cnn")
    with torch.no_grad():
        for value in network.parameters():
            value[:] = value.half()
            value.flatten()[0] = 129 / 2**9  # beyond eight bits beside the least
            value.flatten()[-1] = 1 / 2**9
    save_weights(network, tmp_path)
    found = read_weights(tmp_path / "model.safetensors")
    assert all(torch.equal(found[key], value) for key, value in network.state_dict().items())
    assert not any("#" in key for key in load_file(tmp_path / "model.safetensors"))


def test_weights_in_few_bits_are_near_and_small(tmp_path) -> None:
    torch.manual_seed(0)
    network = create("cnn")
    sizes = {}
    for bits in (8, 6):
        save_weights(network, tmp_path / str(bits), bits)
        path = tmp_path / str(bits) / "model.safetensors"
        found, sizes[bits] = read_weights(path), path.stat().st_size
        for key, value in network.state_dict().items():
            rows = value.view(len(value), -1) if value.ndim > 1 else value[:, None]
            step = rows.abs().amax(1) / (2 ** (bits - 1) - 1)
            apart = (found[key].view(rows.shape) - rows).abs().amax(1)
            assert (apart <= 0.51 * step + 1e-3 * rows.abs().amax(1)).all(), key
    numbers = sum(value.numel() for value in network.parameters())
    assert sizes[6] < 0.85 * sizes[8] < 0.85 * 1.1 * numbers


def test_a_card_of_other_weights_is_not_written(weights) -> None:
    with pytest.raises(WeightsError, match=r"tells of weights 0000.*Write the card again"):
        save_card(tiny.card(tiny.recipe("cnn"), "0" * 64), weights / NAME)


def test_a_name_without_weights_is_refused_with_those_there_are(weights, tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"No weights of 'other' .*there: tiny_cnn.*train other"):
        load_network("other", weights)
    with pytest.raises(WeightsError, match=r"\(there: none\)"):
        load_network("other", tmp_path / "nowhere")


def test_a_card_without_weights_is_refused(weights) -> None:
    (weights / NAME / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"has a card but no model\.safetensors in .*train tiny"):
        load_network(NAME, weights)


def test_changed_weights_are_refused(weights) -> None:
    path = weights / NAME / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"have the hash .* its card tells of .* get both again"):
        load_network(NAME, weights)


@pytest.mark.parametrize("classes", [CLASS_NAMES[::-1], CLASS_NAMES[:4], ("cell", "nucleus")])
def test_other_classes_are_refused(weights, classes) -> None:
    tiny.rewrite_card(NAME, weights, classes=classes)
    with pytest.raises(WeightsError, match=rf"know the classes {classes[0]}, .* in this order"):
        load_network(NAME, weights)


def test_other_outputs_of_a_segmenter_are_refused(tmp_path) -> None:
    given = tiny.recipe(tiny.register_outliner())
    tiny.save_tiny(tmp_path, given)
    tiny.rewrite_card(given.name, tmp_path, classes=("nucleus", "cell"))
    with pytest.raises(WeightsError, match="expected cell, nucleus in this order"):
        load_network(given.name, tmp_path)


def test_weights_of_another_shape_are_refused(weights) -> None:
    path = weights / NAME / "model.safetensors"
    state = load_file(path)
    state["head.weight"] = state["head.weight"][:4].contiguous()
    save_file(state, path)
    tiny.rewrite_card(NAME, weights)
    with pytest.raises(
        WeightsError, match=r"do not fit its network: size mismatch for head\.weight"
    ):
        load_network(NAME, weights)


def test_what_a_network_learned_by_alone_is_not_kept(tmp_path) -> None:
    network = tiny.save_tiny(tmp_path, tiny.recipe("cvae"))
    stored = load_file(tmp_path / "tiny_cvae" / "model.safetensors")
    assert {key.split(".")[0] for key in stored} == {"dense", "decoder"}
    again, _ = load_network("tiny_cvae", tmp_path)
    noise, parts = torch.randn(2, network.latent), torch.eye(5)[[0, 3]]
    with torch.inference_mode():
        torch.testing.assert_close(again(noise, parts), network(noise, parts), rtol=0, atol=2e-3)


def test_missing_tensors_are_refused(weights) -> None:
    path = weights / NAME / "model.safetensors"
    state = load_file(path)
    del state["head.bias"]
    save_file(state, path)
    tiny.rewrite_card(NAME, weights)
    with pytest.raises(WeightsError, match=r"do not fit its network: .*head\.bias"):
        load_network(NAME, weights)


def test_a_card_of_an_unknown_network_is_refused(weights) -> None:
    tiny.rewrite_card(NAME, weights, recipe={"model": "resnet51"})
    with pytest.raises(UnknownModelError, match="resnet51"):
        load_network(NAME, weights)


@pytest.mark.parametrize("content", [b"{broken", b"\xff\xfe\x00"])
def test_a_card_that_is_no_json_is_refused(weights, content) -> None:
    (weights / NAME / "card.json").write_bytes(content)
    with pytest.raises(WeightsError, match=r"card\.json is not JSON .* Get the file again"):
        load_card(NAME, weights)


@pytest.mark.parametrize("content", ["null", "[]", '{"name": "a"}'])
def test_json_that_is_no_card_is_refused(weights, content) -> None:
    (weights / NAME / "card.json").write_text(content)
    with pytest.raises(WeightsError, match=r"not a card of this version: .*calibration.* Train"):
        load_card(NAME, weights)


def test_a_card_with_an_unknown_field_is_refused(weights) -> None:
    path = weights / NAME / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "accuracy": 1}))
    with pytest.raises(WeightsError, match="not a card of this version: accuracy"):
        load_card(NAME, weights)
