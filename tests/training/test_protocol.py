"""Cross-validation: folds that share nothing, and every cell predicted once by who never saw it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cervix_models.errors import DataError, RecipeError
from cervix_models.registry import create
from cervix_models.training import protocol
from cervix_models.training.protocol import PREDICTIONS, Plan, folds_of, run_final, run_fold
from tests import tiny


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Plan:
    folder = tmp_path_factory.mktemp("plan")
    packed = tiny.packed(clusters=4, cells=2, herlev=8)
    return Plan(tiny.recipe("cnn"), packed, folder / "runs", folder / "weights")


def _untrained(job) -> tuple[torch.nn.Module, str]:
    """A fit that trains nothing."""
    job.folder.mkdir(parents=True, exist_ok=True)
    return create(job.recipe.model).eval(), "made"


@pytest.fixture(scope="module")
def outlining(plan) -> Plan:
    return replace(plan, recipe=tiny.recipe(tiny.register_outliner(), views=2))


def test_folds_share_no_cluster_and_hold_every_cell_out_once(plan, outlining) -> None:
    for each in (plan, outlining):
        folds = folds_of(each)
        assert len(folds) == 2
        for fold in folds:
            clusters = [
                {each.packed.clusters[i] for i in part} for part in (fold.train, fold.held_out)
            ]
            assert not clusters[0] & clusters[1]
            assert not set(fold.train) & set(fold.held_out)
        rows = np.concatenate([each.packed.where(name) for name in each.recipe.images])
        assert sorted(np.concatenate([f.held_out for f in folds])) == sorted(rows)
        assert len({fold.sha256 for fold in folds}) == 2


def test_a_classifier_sees_its_own_source_alone(plan, outlining) -> None:
    assert all(len(f.train) + len(f.held_out) == 40 for f in folds_of(plan))
    herlev = set(plan.packed.where("herlev").tolist())
    for fold in folds_of(outlining):
        assert len(herlev & set(fold.train.tolist())) == 4
        assert len(herlev & set(fold.held_out.tolist())) == 4


def test_corrected_readings_are_learned_from_and_never_measured_on(plan) -> None:
    some = plan.packed
    theirs = replace(
        some, source=tuple("corrected" for _ in some.source),
        clusters=tuple(f"corrected/{each}" for each in some.clusters),
        sha256=tuple(f"{each}c" for each in some.sha256),
    )  # fmt: skip
    recipe = replace(plan.recipe, images=("sipakmed", "corrected"))
    both = replace(plan, packed=some + theirs, recipe=recipe)
    for before, after in zip(folds_of(plan), folds_of(both), strict=True):
        assert after.sha256 == before.sha256
        assert after.held_out.tolist() == before.held_out.tolist()
        assert set(both.packed.where("corrected").tolist()) <= set(after.train.tolist())
    alone = replace(both, packed=theirs, recipe=replace(recipe, images=("corrected",)))
    held = np.concatenate([fold.held_out for fold in folds_of(alone)])
    assert sorted(held) == list(range(len(theirs)))


def test_a_random_split_mixes_clusters(plan) -> None:
    fold = folds_of(replace(plan, protocol="random"))[0]
    seen = {plan.packed.clusters[i] for i in fold.train}
    assert seen & {plan.packed.clusters[i] for i in fold.held_out}
    assert replace(plan, protocol="random").folder != plan.folder


def test_every_cell_is_predicted_once_by_a_network_that_never_saw_it(plan) -> None:
    folders = [run_fold(plan, number) for number in (0, 1)]
    found = [dict(np.load(each / PREDICTIONS, allow_pickle=False)) for each in folders]
    for part, fold in zip(found, folds_of(plan), strict=True):
        assert part["positions"].tolist() == fold.held_out.tolist()
        assert str(part["hash"]) == fold.sha256
        assert part["probabilities"].shape == (len(fold.held_out), 5)
        np.testing.assert_allclose(part["probabilities"].sum(1), 1, rtol=1e-6)
        assert part["embeddings"].shape == (len(fold.held_out), 64)
    positions = np.concatenate([part["positions"] for part in found])
    assert sorted(positions) == plan.packed.where("sipakmed").tolist()
    assert not any(each.name.startswith("part") for each in folders[0].iterdir())


def test_a_fold_that_is_predicted_is_not_trained_again(plan, monkeypatch) -> None:
    run_fold(plan, 0)
    monkeypatch.setattr(protocol, "fit", lambda _job: pytest.fail("trained again"))
    assert (run_fold(plan, 0) / PREDICTIONS).is_file()


def test_runs_of_another_recipe_are_not_taken_for_this_one(plan) -> None:
    run_fold(plan, 0)
    reworded = replace(plan.recipe, about="In other words.", version="0.2")
    run_fold(replace(plan, recipe=reworded), 0)
    other = replace(plan.recipe, views=4, seed=7)
    sentence = r"holds a training of tiny_cnn with other settings \(seed, views\); .* --runs"
    with pytest.raises(RecipeError, match=sentence):
        run_fold(replace(plan, recipe=other), 0)


@pytest.mark.parametrize("number", [-1, 2])
def test_a_fold_that_is_none_is_refused(plan, number) -> None:
    with pytest.raises(DataError, match=rf"Fold {number} was asked for; tiny_cnn has .* 0 to 1"):
        run_fold(plan, number)


def test_a_segmenter_predicts_maps(outlining, monkeypatch) -> None:
    monkeypatch.setattr(protocol, "fit", _untrained)
    found = dict(np.load(run_fold(outlining, 0) / PREDICTIONS))
    at = found["positions"]
    assert found["maps"].shape == (len(at), 2, 64, 64)
    known = outlining.packed.has_mask[at]
    truth = outlining.packed.masks[at[known]]
    assert ((found["maps"][known, 0] > 127) == (truth > 0)).mean() > 0.95
    assert ((found["maps"][known, 1] > 127) == (truth == 2)).mean() > 0.95


def test_views_are_averaged_and_turned_back(plan, outlining) -> None:
    network, rows = create("cnn").eval(), np.arange(3)
    one = protocol.predict(network, plan, None, rows)
    eight = protocol.predict(
        network, replace(plan, recipe=replace(plan.recipe, views=8)), None, rows
    )
    assert not np.allclose(one["probabilities"], eight["probabilities"], atol=1e-6)
    turned = replace(plan.packed, images=np.rot90(plan.packed.images, 1, axes=(1, 2)).copy())
    again = protocol.predict(
        network, replace(plan, packed=turned, recipe=replace(plan.recipe, views=8)), None, rows
    )
    np.testing.assert_allclose(again["probabilities"], eight["probabilities"], atol=1e-4)
    outliner = create(outlining.recipe.model).eval()
    few = [
        protocol.predict(
            outliner, replace(outlining, recipe=replace(outlining.recipe, views=v)), None, rows
        )["maps"]
        for v in (1, 8)
    ]
    assert (few[0] == few[1]).mean() > 0.99


def test_patience_watches_cells_that_are_neither_trained_on_nor_held_out(
    plan, monkeypatch, tmp_path
) -> None:
    seen = []

    def spying(job):
        seen.append(job)
        return _untrained(job)

    monkeypatch.setattr(protocol, "fit", spying)
    packed = tiny.packed(clusters=24, cells=1)
    given = tiny.recipe("cnn", optimiser=replace(plan.recipe.optimiser, patience=3))
    watched = Plan(given, packed, tmp_path, tmp_path)
    run_fold(watched, 0)
    run_final(watched)
    fold = folds_of(watched)[0]
    inside, final = seen
    groups = [
        {packed.clusters[i] for i in rows} for rows in (inside.train, inside.watch, fold.held_out)
    ]
    assert not groups[0] & groups[1]
    assert not (groups[0] | groups[1]) & groups[2]
    assert sorted([*inside.train, *inside.watch]) == fold.train.tolist()
    assert sorted([*final.train, *final.watch]) == list(range(120))
    assert final.folder == tmp_path / "tiny_cnn" / "final"


def test_the_final_network_learns_from_every_cell(plan, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(protocol, "fit", lambda job: seen.append(job) or (None, ""))
    run_final(plan)
    assert seen[0].train.tolist() == plan.packed.where("sipakmed").tolist()
