"""A support vector machine as the head of a network whose trunk stays as it is."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import rbf_kernel
from torch import nn

from cervix_models import registry
from cervix_models.classifiers.base import CellClassifier
from cervix_models.classifiers.kernel import KernelHead
from cervix_models.classifiers.stages import ResidualStages, Statistics
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD, normalise
from cervix_models.errors import RecipeError
from cervix_models.recipes import Kernel
from cervix_models.registry import ModelEntry
from cervix_models.training import kernel
from cervix_models.training.batches import cells_at
from cervix_models.training.fit import Job, fit, trained
from tests import tiny

SETTINGS = Kernel(views=2, components=6, penalty=3.0, width=0.5)


def _build(classes: int) -> CellClassifier:
    blocks = OrderedDict(
        stem=nn.Conv2d(3, 8, 3, stride=2), one=nn.Conv2d(8, 12, 3, stride=2), bend=nn.ReLU()
    )
    neck = OrderedDict(
        statistics=Statistics(),
        even=nn.BatchNorm1d(2 * (12 + 12), affine=False),
        components=nn.Linear(2 * (12 + 12), SETTINGS.components),
    )
    trunk = ResidualStages(blocks, depths=2)
    return CellClassifier(trunk, nn.Sequential(neck), KernelHead(SETTINGS.components, classes), 0.0)


@pytest.fixture
def job(tmp_path, monkeypatch) -> Job:
    """A training of a small kernel machine on 30 of 40 cells."""
    entry = ModelEntry("tiny_svm", "classifier", _build, 64, "made for the tests")
    monkeypatch.setitem(registry._ENTRIES, entry.name, entry)
    packed = tiny.packed(clusters=4, cells=2)
    rows = np.arange(len(packed))
    given = tiny.recipe("tiny_svm", kernel=SETTINGS)
    held = rows % 4 == 3
    return Job(
        given, cells_at(packed, 64), rows[~held], rows[held], tmp_path / "fold", None, tmp_path
    )


def _right(network: nn.Module, job: Job, rows: np.ndarray) -> float:
    images = job.cells.images[torch.as_tensor(rows)].float() / 255
    with torch.inference_mode():
        said = network(normalise(images, IMAGENET_MEAN, IMAGENET_STD)).argmax(1)
    return float((said == job.cells.labels[torch.as_tensor(rows)]).float().mean())


def test_held_out_cells_are_told_apart(job) -> None:
    network, origin = fit(job)
    assert origin == "random weights"
    assert _right(network, job, job.watch) >= 0.8
    assert not network.training


def test_what_is_done_is_read_again_with_its_vectors(job) -> None:
    network, _ = fit(job)
    again = trained(job.recipe, job.folder)
    assert again.head.vectors.shape == network.head.vectors.shape != (8, SETTINGS.components)
    assert _right(again, job, job.train) == _right(network, job, job.train)


def test_the_trunk_stays_as_it_is(job) -> None:
    network, _ = fit(job)
    twin = fit(replace(job, folder=job.folder.with_name("other"), train=job.train[::2]))[0]
    for one, two in zip(network.trunk.parameters(), twin.trunk.parameters(), strict=True):
        assert torch.equal(one, two)


def test_statistics_are_computed_once_for_all_folds(job, monkeypatch) -> None:
    fit(job)
    assert len(list(job.shared.glob("statistics-*.npy"))) == SETTINGS.views
    monkeypatch.setattr(kernel, "_passed", None)
    fit(replace(job, folder=job.folder.with_name("fold1"), train=job.train[::2], watch=np.union1d(
        job.watch, job.train)))  # fmt: skip


def test_statistics_of_other_cells_are_not_taken(job) -> None:
    network, images = _build(5), job.cells.images
    (one,) = kernel.statistics_of(network, images, 1, job.shared)
    (two,) = kernel.statistics_of(network, 255 - images, 1, job.shared)
    assert one.shape == two.shape == (40, 48)
    assert np.abs(one.astype(np.float32) - two.astype(np.float32)).max() > 0.1


def test_a_network_with_another_head_is_refused(job) -> None:
    odd = replace(job, recipe=tiny.recipe("cnn", kernel=SETTINGS))
    with pytest.raises(RecipeError, match=r"head of its network is a Linear; a KernelHead was exp"):
        fit(odd)


def test_the_head_is_a_sum_of_gaussian_kernels() -> None:
    torch.manual_seed(0)
    head, seen = KernelHead(5, 5, vectors=7), torch.randn(4, 5)
    with torch.inference_mode():
        said = head(seen).numpy()
        kernels = rbf_kernel(seen.numpy(), head.vectors.numpy(), gamma=float(head.gamma))
        wanted = kernels @ head.weights.numpy() + head.bias.numpy()
    np.testing.assert_allclose(said, wanted, rtol=1e-4, atol=1e-5)


def test_a_head_takes_as_many_vectors_as_it_is_given_but_no_other_width() -> None:
    head, other = KernelHead(5, 5, vectors=7), KernelHead(5, 5, vectors=3)
    head.load_state_dict(other.state_dict())
    assert torch.equal(head.vectors, other.vectors)
    with pytest.raises(RuntimeError, match="size mismatch for vectors"):
        head.load_state_dict(KernelHead(6, 5, vectors=3).state_dict())


def test_statistics_are_means_and_deviations_of_every_depth() -> None:
    maps = [torch.rand(2, 3, 8, 8), torch.rand(2, 4, 4, 4)]
    found = Statistics()(maps).numpy()
    wanted = [f(each.numpy(), axis=(2, 3)) for each in maps for f in (np.mean, np.std)]
    np.testing.assert_allclose(found, np.concatenate(wanted, 1), atol=1e-4)
