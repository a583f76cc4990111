"""A generator is trained without the first fold, measured against it, and its card says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from cervix_models.__main__ import main
from cervix_models.cards import FILM, load_card
from cervix_models.checkpoints import load_network
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import is_marked
from cervix_models.data.packed import PackedSet
from cervix_models.errors import DataError, RecipeError
from cervix_models.evaluation.notes import notes_of
from cervix_models.generators import cellflux
from cervix_models.recipes import Adversarial, Flow, Optimiser, Variational
from cervix_models.registry import create
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.training import heeding
from cervix_models.training.adversarial import AdversarialTraining, colours_apart
from cervix_models.training.film import ABREAST, STRIP, made_film
from cervix_models.training.fit import FINAL, training_of
from cervix_models.training.generator import finish_generator, remeasure_generator
from cervix_models.training.judging import SEEN_BY, Judges
from cervix_models.training.parts import second_part
from cervix_models.training.protocol import Plan, folds_of
from cervix_models.training.variational import VariationalTraining
from tests import tiny
from tests.fakes import cell_shapes, drawn_cell

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A plan whose generator is finished, and those that judged it."""
    folder = tmp_path_factory.mktemp("generator")
    settings = tiny.save_defaults(folder)
    tiny.save_seer(settings.weights, SEEN_BY)
    plan = Plan(
        tiny.recipe("cvae_residual", optimiser=Optimiser(epochs=2, batch_size=8, ema_decay=0.9)),
        tiny.packed(clusters=4, cells=4),
        folder / "runs",
        settings.weights,
    )
    judges = Judges.of(CLASSIFIER, SEGMENTER, settings, CLASS_NAMES)
    finish_generator(plan, judges)
    return plan, judges


def test_the_card_says_what_was_held_out_and_how_near_it_came(made) -> None:
    plan, _ = made
    card, fold = load_card(plan.recipe.name, plan.weights), folds_of(plan)[0]
    assert (card.kind, card.classes) == ("generator", CLASS_NAMES)
    assert card.data["cells"] == len(fold.train)
    assert card.data["held_out_sha256"] == [fold.sha256]
    metrics = card.metrics
    assert metrics["held_out"] == len(fold.held_out)
    assert metrics["kid"]["value"] > metrics["floor"]["kid"]["value"]
    assert metrics["fid"] > metrics["floor"]["fid"]
    assert set(metrics["recognised"]["by_class"]) == set(CLASS_NAMES)
    assert set(metrics["kid_by_class"]) == set(metrics["floor"]["kid_by_class"]) == set(CLASS_NAMES)
    assert 0 <= metrics["memorised"]["flagged"] <= 1
    assert 0 < metrics["again"]["mse"] < 1
    assert card.data["megabytes"] == pytest.approx(_size(plan) / 1e6, abs=0.01)
    assert [each["epoch"] for each in metrics["curves"]] == [1, 2]
    assert f"{metrics['kid']['value']:.4f}" in card.summary


def test_measured_again_it_says_the_same(made) -> None:
    plan, judges = made
    before = load_card(plan.recipe.name, plan.weights)
    assert remeasure_generator(plan, judges) == before.metrics
    assert load_card(plan.recipe.name, plan.weights) == before


def test_cells_that_it_was_trained_without_must_be_those_held_out(made) -> None:
    plan, judges = made
    packed = replace(plan.packed, sha256=tuple(f"{each}0" for each in plan.packed.sha256))
    with pytest.raises(DataError, match="tiny_cvae_residual was trained without cells"):
        remeasure_generator(replace(plan, packed=packed), judges)


def test_the_training_is_filmed(made) -> None:
    plan, _ = made
    side, folder = 64, plan.shared / "final"
    with Image.open(folder / FILM) as film:
        assert film.n_frames == 2
        assert film.size == (ABREAST * side, len(CLASS_NAMES) * side + STRIP)
    first, second = (np.asarray(Image.open(each)) for each in sorted((folder / "film").iterdir()))
    assert not np.array_equal(first, second)
    for path in (folder / FILM, plan.weights / plan.recipe.name / FILM):
        with Image.open(path) as film:
            assert is_marked(film)
    made_film([folder], folder / "short.webp", 1)
    with Image.open(folder / "short.webp") as film:
        shown = np.asarray(film.convert("RGB"), int)
    assert np.abs(shown - second).mean() < np.abs(shown - first).mean()  # the last is kept


def test_a_translator_is_measured_each_way(made) -> None:
    plan, judges = made
    given = tiny.recipe("cyclegan", optimiser=Optimiser(epochs=1, batch_size=8))
    plan = replace(plan, recipe=given)
    finish_generator(plan, judges)
    card = load_card(given.name, plan.weights)
    assert card.kind == "translator"
    ways = card.metrics["ways"]
    assert list(ways) == [*given.cycle.target, *given.cycle.source]
    held = plan.packed.labels[folds_of(plan)[0].held_out]
    for label, way in ways.items():
        assert label not in way["from"]
        assert way["cells"] == sum(CLASS_NAMES[at] in way["from"] for at in held)
        assert set(way["floor"]) == {"kid", "fid", "precision", "recall", "recognised"}
        assert way["memorised"]["real_median"] > 0
        assert way["fid"] > way["floor"]["fid"]
        assert set(way["outlines_kept"]) == {"iou", "pixel_accuracy", "class_accuracy"}
        assert all(0 <= each <= 1 for each in way["outlines_kept"].values())
        assert way["again"]["mse"] > 0
    assert card.data["cells"] < len(plan.packed)


def test_what_the_document_reports_is_put_beside(made) -> None:
    plan, judges = made
    given = tiny.recipe("cyclegan", name="cyclegan", optimiser=Optimiser(epochs=1, batch_size=8))
    finish_generator(replace(plan, recipe=given), judges)
    card = load_card("cyclegan", plan.weights)
    assert card.metrics["reported"] == notes_of("cyclegan")["reported"]


def test_cells_that_are_not_changed_keep_their_outlines(made) -> None:
    _, judges = made
    images = torch.from_numpy(np.stack([drawn_cell(64, 3), drawn_cell(64, 5)])).permute(0, 3, 1, 2)
    assert judges.kept(judges.outlined(images), images) == {
        "outlines_kept": {"iou": 1.0, "pixel_accuracy": 1.0, "class_accuracy": 1.0}
    }


def test_an_autoencoder_learns_what_it_is_shown() -> None:
    given = tiny.recipe("cvae", variational=Variational(turned=False))
    training = VariationalTraining(create("cvae"), given, 20)
    training.log = lambda *_, **__: None
    images, labels = _cells(tiny.packed(clusters=2, cells=1))
    optimiser = torch.optim.Adam(training.network.parameters(), 2e-3)
    losses = []
    for _ in range(20):
        loss = training.training_step({"image": images, "label": labels}, 0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_the_divergence_is_warmed_up() -> None:
    given = tiny.recipe("cvae", variational=Variational(warm_up=0.5))
    training = VariationalTraining(create("cvae"), given, 100)
    assert training._warmth() == 0
    training.settings = replace(training.settings, warm_up=0.0)
    assert training._warmth() == 1


@pytest.mark.parametrize(
    ("loss", "apart", "alike"), [("hinge", 0, 2), ("cross_entropy", 0, 0.6931)]
)
def test_a_critic_that_tells_all_apart_has_nothing_to_learn(loss, apart, alike) -> None:
    given = tiny.recipe("cgan", adversarial=Adversarial(loss=loss))
    training = AdversarialTraining(create("cgan"), given, 1)
    sure, unsure = torch.full((4,), 30.0), torch.zeros(4)
    assert training._told_apart(sure, -sure).item() == pytest.approx(apart, abs=1e-4)
    assert training._told_apart(unsure, unsure).item() == pytest.approx(alike, abs=1e-4)
    assert training._passed(sure) < training._passed(unsure) < training._passed(-sure)


def test_colours_of_one_class_that_do_not_differ_are_far_from_real_ones() -> None:
    labels = torch.arange(200) % 2
    draw = torch.Generator().manual_seed(0)

    def cells(spread: float) -> torch.Tensor:
        colours = 0.5 + spread * (torch.rand(200, 3, 1, 1, generator=draw) - 0.5)
        return (colours + 0.2 * labels.view(-1, 1, 1, 1)).expand(-1, -1, 16, 16)

    real = cells(0.5)
    alike = colours_apart(real, cells(0.5), labels, labels)
    flat = colours_apart(real, cells(0.0), labels, labels)
    assert abs(alike) < 0.01 < 0.05 < flat
    other = 1 - labels
    assert colours_apart(real, cells(0.5), other, other) == pytest.approx(alike.item(), abs=0.01)
    assert colours_apart(real, real.roll(1, 0), labels, labels) > 0.05  # those of the other class
    few = colours_apart(real, cells(0.5)[:150], labels, labels[:150])
    assert abs(few) < 0.01 < 0.05 < colours_apart(real, real, labels, other)
    assert colours_apart(real, cells(0.5), labels, labels + 2) == 0  # no label in common
    made = cells(0.0).clone().requires_grad_()
    colours_apart(real, made, labels, labels).backward()
    assert made.grad.isfinite().all()
    assert made.grad.abs().sum() > 0


def test_the_improved_autoencoder_draws_from_where_its_cells_lie() -> None:
    torch.manual_seed(0)
    network = create("cvae_residual").eval()
    images, labels = torch.rand(40, 3, 64, 64), torch.arange(40) % 5
    images[labels == 2] /= 4
    before = network(torch.zeros(1, network.latent), torch.eye(5)[[2]])
    network.settle(images, labels, torch.zeros(40))
    with torch.inference_mode():
        mean, spread = network.encode(images, torch.eye(5)[labels])
        here = labels == 2
        wanted = network.decode(mean[here].mean(0, keepdim=True), torch.eye(5)[[2]])
        found = network(torch.zeros(1, network.latent), torch.eye(5)[[2]])
    torch.testing.assert_close(found, wanted)
    assert not torch.allclose(found, before)
    rows = network.spread.view(5, network.latent, -1)[2]
    torch.testing.assert_close(
        (rows @ rows.T).diag(), mean[here].var(0, correction=0) + spread[here].exp().mean(0)
    )


def test_a_decoder_goes_on_against_a_critic_and_keeps_its_encoder(made) -> None:
    plan, judges = made
    given = tiny.recipe(
        "cvae_residual",
        name="sharp",
        optimiser=Optimiser(epochs=1, batch_size=8),
        adversarial=Adversarial(epochs=2, colours=1.0),
    )
    plan = replace(plan, recipe=given)
    finish_generator(plan, judges)
    first, second = (load_file(plan.shared / each / FINAL) for each in ("final", "sharpened"))
    own = tuple(f"{each}." for each in create("cvae_residual").learned_by)
    for key, value in first.items():
        kept = (value - second[key]).abs().max() < 2e-6  # the average of a constant is rounded
        assert kept == key.startswith(own), key
    card = load_card("sharp", plan.weights)
    assert card.data["training"]["epochs"] == 3
    first, *others = card.metrics["curves"]
    assert [each["epoch"] for each in (first, *others)] == [1, 2, 3]
    assert "critic_loss" not in first
    assert {"train_pixels", "critic_loss", "train_colours"} <= set(others[0])
    with Image.open(plan.weights / "sharp" / FILM) as film:
        assert film.n_frames == 3


def test_a_flow_learns_on_an_autoencoder_that_stays_as_it_is(made, monkeypatch) -> None:
    monkeypatch.setattr(cellflux, "STEPS", 2)
    monkeypatch.setattr(heeding, "STEERED", 2)
    plan, judges = made
    cell, nucleus = cell_shapes(64, 64)
    masks = np.where(nucleus, 2, cell.astype(np.uint8))
    known = np.ones(len(plan.packed), bool)
    packed = replace(plan.packed, masks=np.stack([masks] * len(plan.packed)), has_mask=known)
    given = tiny.recipe("cellflux", name="flow", flow=Flow(epochs=1), against=(plan.recipe.name,))
    plan = replace(plan, recipe=given, packed=packed)
    finish_generator(plan, judges)
    first, second = (load_file(plan.shared / each / FINAL) for each in ("final", "flow"))
    for key, value in first.items():
        if key.startswith("vae."):
            assert (value - second[key]).abs().max() < 2e-6, key  # the average of a constant
    assert (first["table.weight"] - second["table.weight"]).abs().max() > 1e-5
    assert second["sizes"][:, 0].max() > 1  # it settled between the two
    card = load_card("flow", plan.weights)
    assert card.data["training"]["epochs"] == 2
    assert {"kid", "again", "recognised", "memorised"} <= set(card.metrics)
    assert set(card.metrics["against"]) == {"tiny_cvae_residual"}
    control = card.metrics["control"]
    assert control["cells"] > 0
    for part in ("nucleus", "cytoplasm", "cell"):
        low, value, high = (control["dice"][part][key] for key in ("low", "value", "high"))
        assert 0 <= low <= value <= high <= 1
        assert 0 <= control["floor"][part]["value"] <= 1
    assert "of outlines that are given, the nucleus is found by" in card.summary
    with Image.open(plan.weights / "flow" / FILM) as film:
        assert film.n_frames == 1

    _goes_on(plan, judges)


def _goes_on(plan: Plan, judges: Judges) -> None:
    """What makes latents learns on from its weights, and the card tells of both trainings."""
    before, earlier = load_card("flow", plan.weights), load_network("flow", plan.weights)[0]
    finish_generator(replace(plan, goes_on=True), judges)
    card, network = load_card("flow", plan.weights), load_network("flow", plan.weights)[0]
    assert card.weights_sha256 != before.weights_sha256
    assert card.data["training"]["epochs"] == 3
    assert [each["epoch"] for each in card.metrics["curves"]] == [1, 2, 3]
    assert card.data["first_weights"] == before.data["first_weights"]
    old, new = earlier.state_dict(), network.state_dict()
    for key in old:
        if key.startswith("vae."):
            torch.testing.assert_close(old[key], new[key], atol=1e-3, rtol=1e-2)
    assert not torch.equal(old["transformer.proj_out.weight"], new["transformer.proj_out.weight"])


def test_only_what_makes_latents_goes_on_from_its_weights(made, capsys) -> None:
    plan, judges = made
    with pytest.raises(RecipeError, match=r"cannot go on from its weights"):
        finish_generator(replace(plan, goes_on=True), judges)
    assert main(["train", "cgan", "--go-on"]) == 2
    assert "--go-on was given for cgan" in capsys.readouterr().err


def test_a_decoder_that_goes_on_says_for_how_long() -> None:
    given = tiny.recipe("cvae_residual", adversarial=Adversarial())
    with pytest.raises(RecipeError, match=r"does not say for how many epochs .* Set epochs in"):
        second_part(given)


def test_a_generator_that_says_not_how_it_learns_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"none of the tables \[adversarial\], \[variat"):
        training_of(replace(tiny.recipe("cgan"), adversarial=None))


@pytest.mark.parametrize("option", [["--folds-only"], ["--protocol", "random"], ["--fold", "1"]])
def test_folds_of_a_generator_are_refused(option, capsys) -> None:
    assert main(["train", "cgan", *option]) == 2
    assert "it is trained once, without the clusters of the first fold" in capsys.readouterr().err


def _size(plan: Plan) -> int:
    return (plan.weights / plan.recipe.name / "model.safetensors").stat().st_size


def _cells(packed: PackedSet) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.from_numpy(packed.images).permute(0, 3, 1, 2)
    return images, torch.from_numpy(packed.labels.astype(np.int64))
