"""What networks are given: masks where they read masks, features where they read features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cervix_models.contracts import Segmentation
from cervix_models.data.table import CellTable
from cervix_models.errors import DataError, RecipeError
from cervix_models.evaluation.held_out import save_held_out
from cervix_models.inference import prepared_masks
from cervix_models.morphology import FEATURES
from cervix_models.recipes import Kernel
from cervix_models.training import importance, inputs
from cervix_models.training.inputs import (
    as_channels,
    cells_for,
    ready,
    side_of,
    with_outlines,
)
from cervix_models.training.protocol import Plan, run_fold
from tests import tiny
from tests.fakes import cell_shapes

MASKED = tiny.recipe("convnext_masked", outlines="drawer", side=32)


@pytest.fixture
def outlined(tmp_path):
    """A packed set of ten cells, and weights with the outlines of a segmenter named drawer."""
    packed = tiny.packed(clusters=2, cells=1)
    cell, nucleus = cell_shapes(64, 64)
    masks = np.stack([np.where(nucleus, 2, cell).astype(np.uint8)] * 10)
    found = {"positions": np.arange(10), "folds": np.arange(10) % 2, "masks": masks}
    save_held_out(tmp_path / "drawer", found, packed, ("cell", "nucleus"))
    return packed, tmp_path


def test_masks_are_those_of_held_out_cells(outlined) -> None:
    packed, weights = outlined
    found = with_outlines(packed, MASKED, weights)
    assert (packed.masks == 255).all()
    assert set(np.unique(found.masks)) == {0, 1, 2}
    assert with_outlines(packed, tiny.recipe("cnn"), weights) is packed
    assert not packed.has_mask.any()
    steered = with_outlines(packed, tiny.recipe("cellflux", outlines="drawer"), weights)
    assert (steered.masks == found.masks).all()
    assert steered.has_mask.all()
    assert with_outlines(packed, tiny.recipe("cellflux"), weights) is packed


def test_masks_are_two_more_channels_in_training_and_in_reading(outlined) -> None:
    packed, weights = outlined
    found = with_outlines(packed, MASKED, weights)
    batch = ready(found, cells_for(found, MASKED), MASKED, np.arange(3))
    assert batch.shape == (3, 5, 32, 32)
    assert set(np.unique(batch[:, 3:])) == {0, 1}
    channels = as_channels(cells_for(found, MASKED).masks[:3])
    assert np.abs(channels.numpy() - batch[:, 3:]).mean() < 0.02  # read by way of 160 pixels
    masks = [Segmentation.from_labels(each) for each in found.masks[:3]]
    np.testing.assert_array_equal(prepared_masks(masks, 32), batch[:, 3:])
    assert (channels[:, 1] <= channels[:, 0]).all()  # the nucleus lies in the cell


def test_cells_without_outlines_are_refused(outlined) -> None:
    packed, weights = outlined
    more = replace(packed, sha256=("f" * 64, *packed.sha256[1:]))
    with pytest.raises(
        DataError, match=r"1 cells have no held-out outline by drawer, ffffffffffff"
    ):
        with_outlines(more, MASKED, weights)
    with pytest.raises(RecipeError, match='Set outlines = "dual_head_unet"'):
        with_outlines(packed, replace(MASKED, outlines=None), weights)


def test_the_recipe_may_show_cells_at_another_side() -> None:
    assert side_of(MASKED) == 32
    assert side_of(replace(MASKED, side=None)) == 256


def _table(packed) -> CellTable:
    random = np.random.default_rng(0)
    features = random.normal(size=(len(packed), len(FEATURES))).astype(np.float32)
    features[np.arange(len(packed)), packed.labels] += 12
    return CellTable(
        packed.sha256, packed.labels, packed.clusters, packed.sizes,
        tuple(each.name for each in FEATURES), features,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_fold_of_features_is_learned_and_told(tmp_path, monkeypatch) -> None:
    packed = tiny.packed(clusters=6, cells=2)
    monkeypatch.setattr(inputs, "load_table", lambda: _table(packed))
    recipe = tiny.recipe("svm_features", kernel=Kernel(views=1, penalty=3.0, width=0.1))
    folder = run_fold(Plan(recipe, packed, tmp_path / "runs", tmp_path / "weights"), 0)
    with np.load(folder / "predictions.npz") as found:
        right = found["probabilities"].argmax(1) == packed.labels[found["positions"]]
    assert right.mean() > 0.6
    plan = Plan(recipe, packed, tmp_path / "runs", tmp_path / "weights")
    run_fold(plan, 1)
    monkeypatch.setattr(importance, "load_table", lambda: _table(packed))
    lost = importance.permutation_importances(plan)
    assert len(lost) == len(FEATURES)
    telling = {each.name for each in FEATURES[:5]}  # those that _table moves by class
    assert {each["feature"] for each in lost[:4]} <= telling
    assert lost[0]["accuracy_lost"] > 0.02
    cells = cells_for(packed, recipe)
    assert torch.equal(cells.features, torch.from_numpy(_table(packed).features))


def test_lengths_and_areas_have_no_say_where_the_recipe_is_scale_free(
    tmp_path, monkeypatch
) -> None:
    from cervix_models.registry import create
    from cervix_models.training.features import fit_on_features

    packed = tiny.packed(clusters=6, cells=2)
    monkeypatch.setattr(inputs, "load_table", lambda: _table(packed))
    recipe = tiny.recipe("svm_features", kernel=Kernel(views=1), scale_free=True)
    network, cells = create("svm_features").eval(), cells_for(packed, recipe)
    fit_on_features(network, cells, np.arange(len(packed)), recipe)
    given = cells.features.clone()
    lengths = [at for at, each in enumerate(FEATURES) if each.power]
    with torch.inference_mode():
        before = network(given)
        given[:, lengths] *= 7
        torch.testing.assert_close(network(given), before)
        given[:, 0] += 50
        assert not torch.allclose(network(given), before)


@pytest.mark.parametrize(
    ("model", "more"), [("cnn", ("corrected",)), ("tiny_outliner", ("corrected", "outlined"))]
)
def test_corrected_readings_in_a_packed_file_are_learned_from(model, more) -> None:
    tiny.register_outliner()
    packed = tiny.packed(clusters=2, herlev=2)
    recipe = tiny.recipe(model)
    assert inputs.with_corrected(recipe, packed) is recipe
    source = ("corrected", "outlined", *packed.source[2:])
    with_some = inputs.with_corrected(recipe, replace(packed, source=source))
    assert with_some.images == (*recipe.images, *more)
    assert inputs.with_corrected(with_some, replace(packed, source=source)) is with_some
