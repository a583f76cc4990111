"""How a classifier with a KernelHead is trained: its trunk stays as it is, the rest is solved for.

Every cell is shown in its flips and quarter turns. The trunk's statistics of each are computed once
and kept, whatever fold asks for them: the trunk has learned from none of these cells.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC
from torch import Tensor, nn

from cervix_models.classifiers.base import CellClassifier
from cervix_models.classifiers.kernel import KernelHead
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD, normalise
from cervix_models.errors import RecipeError
from cervix_models.inference import turned
from cervix_models.recipes import Kernel
from cervix_models.training.batches import Cells

log = logging.getLogger(__name__)

AT_ONCE = 32  # images a pass through the trunk
MARGIN_TO_LOGIT = 4.0  # so that the temperature fitted later is near 1

Statistics = NDArray[np.float16]


def fit_kernel_machine(
    network: CellClassifier, cells: Cells, rows: np.ndarray, train: np.ndarray, settings: Kernel,
    kept: Path, seed: int,
) -> None:  # fmt: skip
    """Solves for the neck and head of `network` on the cells `train`, which are some of `rows`.

    The statistics of all `rows` are kept in the folder `kept`. Raises RecipeError where the head of
    the network is no KernelHead.
    """
    if not isinstance(network.head, KernelHead):
        raise RecipeError(
            f"The recipe asks for a kernel machine, but the head of its network is a "
            f"{type(network.head).__name__}; a KernelHead was expected. Leave out [kernel], or "
            "name another network."
        )
    views = statistics_of(network, cells.images[torch.as_tensor(rows)], settings.views, kept)
    chosen = np.isin(rows, train)
    known = np.concatenate([view[chosen].astype(np.float32) for view in views])
    labels = np.tile(cells.labels[torch.as_tensor(rows[chosen])].numpy(), settings.views)
    embeddings = _fit_neck(network, known, settings.components, seed)
    fit_machines(network.head, embeddings, labels, settings)


def fit_machines(
    head: KernelHead,
    embeddings: NDArray[np.float32],
    labels: NDArray[np.int64],
    settings: Kernel,
) -> None:
    """Solves for one machine a class on embeddings `(n, width)`, and puts them into `head`."""
    gamma = settings.width / int(embeddings.any(0).sum())  # numbers that are never used say nothing
    machines = OneVsRestClassifier(SVC(C=settings.penalty, gamma=gamma, cache_size=1000))
    machines.fit(embeddings, labels)
    _fill_head(head, machines, embeddings, gamma)
    log.info("%d support vectors of %d shown cells", len(head.vectors), len(labels))


def statistics_of(
    network: CellClassifier, images: Tensor, views: int, kept: Path
) -> list[Statistics]:
    """The statistics `(n, numbers)` of each view of images `(n, 3, side, side)` uint8.

    They are taken from the folder `kept` where they are there, and put there where they are not.
    """
    key = _key(network.trunk, images)
    paths = [kept / f"statistics-{key}-view{view}.npy" for view in range(views)]
    kept.mkdir(parents=True, exist_ok=True)
    for view, path in enumerate(paths):
        if path.is_file():
            continue
        log.info("Passing %d cells through the trunk, view %d", len(images), view)
        with path.with_suffix(".part").open("wb") as stream:
            np.save(stream, _passed(network, images, view))
        path.with_suffix(".part").replace(path)
    return [np.load(path) for path in paths]


@torch.inference_mode()
def _passed(network: CellClassifier, images: Tensor, view: int) -> Statistics:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device).eval()
    parts = []
    for some in images.split(AT_ONCE):
        batch = normalise(some.float() / 255, IMAGENET_MEAN, IMAGENET_STD)
        seen = torch.from_numpy(turned(batch.numpy(), view)).to(device)
        maps = network.trunk(seen.contiguous(memory_format=torch.channels_last))
        parts.append(network.neck.get_submodule("statistics")(maps).half().cpu().numpy())
    network.cpu()
    return np.concatenate(parts)


def _fit_neck(
    network: CellClassifier, known: NDArray[np.float32], components: int, seed: int
) -> NDArray[np.float32]:
    """The embeddings of `known`: each number evened out, then principal components of them all."""
    even = cast(nn.BatchNorm1d, network.neck.get_submodule("even"))
    mix = cast(nn.Linear, network.neck.get_submodule("components"))
    mean, variance = known.mean(0, dtype=np.float64), known.var(0, dtype=np.float64)
    evened = (known - np.float32(mean)) / np.float32(np.sqrt(variance + even.eps))
    found = PCA(components, svd_solver="randomized", random_state=seed).fit(evened)
    axes = found.components_ / np.sqrt(found.explained_variance_.mean())
    with torch.no_grad():
        even.running_mean = torch.from_numpy(mean).float()
        even.running_var = torch.from_numpy(variance).float()
        mix.weight.copy_(torch.from_numpy(axes))
        mix.bias.copy_(torch.from_numpy(-(axes @ found.mean_)))
    return np.asarray((evened - found.mean_) @ axes.T, np.float32)


def _fill_head(
    head: KernelHead,
    machines: OneVsRestClassifier,
    embeddings: NDArray[np.float32],
    gamma: float,
) -> None:
    """Puts the support vectors of all machines, each once, into the head."""
    used = np.unique(np.concatenate([each.support_ for each in machines.estimators_]))
    weights = np.zeros((len(used), len(machines.estimators_)), np.float32)
    for column, each in enumerate(machines.estimators_):
        weights[np.searchsorted(used, each.support_), column] = each.dual_coef_[0]
    bias = np.array([each.intercept_[0] for each in machines.estimators_], np.float32)
    head.vectors = nn.Parameter(torch.from_numpy(embeddings[used]))
    head.weights = nn.Parameter(torch.from_numpy(weights * MARGIN_TO_LOGIT))
    head.bias = nn.Parameter(torch.from_numpy(bias * np.float32(MARGIN_TO_LOGIT)))
    head.gamma = nn.Parameter(torch.tensor(gamma, dtype=torch.float32))


def _key(trunk: nn.Module, images: Tensor) -> str:
    """What statistics depend on: the trunk's weights and the pixels."""
    digest = hashlib.sha256(images.numpy().tobytes())
    for name, value in trunk.state_dict().items():
        digest.update(name.encode() + value.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
