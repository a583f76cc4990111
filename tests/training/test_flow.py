"""A small Flux heeds what it is given, and its pictures are those of the library's own pipeline."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxControlNetPipeline
from torch import nn

from cervix_models.contracts import CYTOPLASM, NUCLEUS
from cervix_models.data.masks import CROP_MARGIN
from cervix_models.errors import RecipeError
from cervix_models.generators import cellflux
from cervix_models.generators.cellflux import CellFlux, packed, unpacked
from cervix_models.generators.controls import edges_of, outlines_of, sizes_of
from cervix_models.recipes import Adversarial, Flow
from cervix_models.registry import create
from cervix_models.training.flow import FlowTraining
from cervix_models.training.parts import first_part, second_part
from tests import tiny

FEW = 3  # steps


@pytest.fixture(scope="module")
def network() -> CellFlux:
    """One whose ControlNet answers, as a trained one does."""
    torch.manual_seed(0)
    made = create("cellflux").eval()
    for each in (*made.controlnet.controlnet_blocks, *made.controlnet.controlnet_single_blocks):
        nn.init.normal_(each.weight, std=0.05)
    nn.init.normal_(made.nothing)
    made.sizes.copy_(torch.tensor([[4.5, 0.3]] * 5))
    return made


def test_tokens_hold_the_latents(network) -> None:
    latents = torch.randn(2, cellflux.CHANNELS, 16, 16)
    assert packed(latents).shape == (2, 64, 16)
    torch.testing.assert_close(unpacked(packed(latents)), latents)


def test_the_pipeline_of_the_library_makes_the_same_latents(network, monkeypatch) -> None:
    monkeypatch.setattr(cellflux, "STEPS", FEW)
    noise, classes = torch.randn(2, network.latent), torch.eye(5)[[1, 3]]
    control = torch.rand(2, 3, 64, 64)
    pipeline = FluxControlNetPipeline(
        FlowMatchEulerDiscreteScheduler(), network.vae, None, None, None, None,
        network.transformer, network.controlnet,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    with torch.inference_mode():
        sizes = 4.5 + 0.3 * noise[:, -1]
        tokens, pooled = network.prompt(classes, sizes)
        others = network.prompt(torch.zeros(2, 5), None)
        theirs = pipeline(
            prompt_embeds=tokens,
            pooled_prompt_embeds=pooled,
            negative_prompt_embeds=others[0],
            negative_pooled_prompt_embeds=others[1],
            true_cfg_scale=cellflux.GUIDANCE,
            control_image=control * 2 - 1,
            controlnet_conditioning_scale=cellflux.HEED,
            latents=packed(noise[:, :-1].view(2, 4, 16, 16)),
            num_inference_steps=FEW,
            height=64,
            width=64,
            output_type="latent",
        ).images
        ours = network.made(noise, classes, control)
        without = network.made(noise, classes)
    torch.testing.assert_close(ours[:, :-1], unpacked(theirs).flatten(1), atol=1e-4, rtol=1e-4)
    assert (ours - without).abs().max() > 0.01


def test_class_and_size_are_heeded_and_can_be_left_unsaid(network) -> None:
    classes, sizes = torch.eye(5)[[0, 1]], torch.tensor([4.0, 5.0])
    tokens, pooled = network.prompt(classes, sizes)
    assert not torch.allclose(tokens[0], tokens[1])
    assert not torch.allclose(pooled, network.prompt(classes, sizes.flip(0))[1])
    for size in (None, sizes):
        unsaid = torch.cat([network.prompt(torch.zeros(2, 5), size)[0][0].flatten(),
                            network.prompt(torch.zeros(2, 5), size)[1][0]])  # fmt: skip
        torch.testing.assert_close(unsaid, network.nothing.detach())
    half = network.prompt((classes[:1] + classes[1:]) / 2, None)[0][0]
    torch.testing.assert_close(half, tokens.mean(0))


def test_a_control_that_is_not_to_be_heeded_changes_nothing(network) -> None:
    tokens, times = torch.randn(2, 64, 16), torch.tensor([0.3, 0.6])
    prompt, control = network.prompt(torch.eye(5)[[0, 1]], None), torch.rand(2, 3, 64, 64)
    heeded = torch.tensor([1.0, 0.0])[:, None, None]
    with torch.inference_mode():
        plain = network.velocity(tokens, times, prompt)
        answers = network.steered(tokens, times, prompt, control, heeded)
        steered = network.velocity(tokens, times, prompt, answers)
    torch.testing.assert_close(steered[1], plain[1])
    assert (steered[0] - plain[0]).abs().max() > 0.01


def test_it_settles_where_latents_and_sizes_lie() -> None:
    torch.manual_seed(0)
    network = create("cellflux").eval()
    images, labels = torch.rand(6, 3, 64, 64), torch.tensor([0, 0, 2, 2, 2, 4])
    sizes = torch.tensor([4.0, 5.0, 3.0, 3.0, 3.0, 6.0])
    network.settle(images, labels, sizes)
    latents = network.encode(images, torch.zeros(6, 5))[0][:, :-1].detach()
    assert network.place.tolist() == pytest.approx([latents.mean().item(), latents.std().item()])
    assert network.sizes[0].tolist() == pytest.approx([4.5, 0.5])
    assert network.sizes[2].tolist() == pytest.approx([3.0, 0.0])
    assert network.vae.config.shift_factor == pytest.approx(latents.mean().item())
    again = network.decode(network.encode(images, torch.zeros(6, 5))[0], torch.zeros(6, 5))
    assert again.shape == images.shape


def test_what_it_is_told_of_cells_is_dropped_as_the_recipe_says(monkeypatch) -> None:
    given = tiny.recipe("cellflux")
    training = FlowTraining(create("cellflux"), given, 1)
    told: list[tuple[torch.Tensor, torch.Tensor]] = []
    whole = training.network.steered

    def watched(tokens, times, prompt, control, strength):
        told.append((prompt[0], strength))
        return whole(tokens, times, prompt, control, strength)

    monkeypatch.setattr(training.network, "steered", watched)
    batch = {
        "image": torch.randint(0, 256, (4, 3, 64, 64)).byte(),
        "label": torch.tensor([0, 1, 2, 3]),
        "mask": torch.full((4, 64, 64), NUCLEUS).byte(),
        "has_mask": torch.tensor([True, True, False, False]),
        "margin": torch.full((4, 2), 0.1),
    }
    nothing = training.network.nothing.detach()[: -cellflux.PROMPT].view(-1, cellflux.PROMPT)
    for flow, unclassed, heeded in (
        (Flow(1, unclassed=0.0, uncontrolled=0.0, edges=0.0), False, [1, 1, 0, 0]),
        (Flow(1, unclassed=0.0, uncontrolled=0.0, edges=1.0), False, [1, 1, 1, 1]),
        (Flow(1, unclassed=1.0, uncontrolled=1.0), True, [0, 0, 0, 0]),
    ):
        training.settings = flow
        loss = training.training_step(batch, 0)
        assert loss.isfinite()
        prompt, strength = told.pop()
        assert (prompt == nothing).all().item() == unclassed
        assert strength.flatten().tolist() == heeded
    loss.backward()
    learned = {name.split(".")[0] for name, each in training.network.named_parameters()
               if each.grad is not None}  # fmt: skip
    assert {"transformer", "controlnet", "nothing"} <= learned
    assert "vae" not in learned


def test_outlines_edges_and_sizes_are_told_as_pictures_and_numbers() -> None:
    masks = torch.tensor([[[0, CYTOPLASM], [NUCLEUS, 255]]]).byte()
    seen = outlines_of(masks)
    assert seen[0, 0].tolist() == [[0, 0], [1, 0]]
    assert seen[0, 1].tolist() == [[0, 1], [1, 0]]
    cell = torch.zeros(1, 3, 64, 64)
    cell[:, :, 20:44, 20:44] = 1
    edges = edges_of(cell)
    assert edges.shape == cell.shape
    assert edges[0, 0, 32].nonzero().flatten().tolist() in ([19, 44], [20, 43], [20, 44], [19, 43])
    sizes = sizes_of(torch.tensor([[0.1, 0.1]]))
    assert sizes.exp().tolist() == pytest.approx([CROP_MARGIN / 0.1])


def test_an_autoencoder_learns_before_what_makes_its_latents() -> None:
    given = tiny.recipe("cellflux", flow=Flow(epochs=7, rate=0.1, ema_decay=0.5))
    assert first_part(given).flow is None
    second = second_part(given)
    assert second is not None
    assert (second.optimiser.epochs, second.optimiser.learning_rate) == (7, 0.1)
    with pytest.raises(RecipeError, match=r"one of the last two was expected\. Leave one out"):
        second_part(replace(given, adversarial=Adversarial(epochs=1)))
    with pytest.raises(RecipeError, match=r"has no table \[flow\]\. Add it"):
        FlowTraining(create("cellflux"), replace(given, flow=None), 1)
