"""One training: from start to end, again when it is done, and on from where it was killed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from cervix_models.cards import FILM
from cervix_models.recipes import Optimiser
from cervix_models.settings import ROOT
from cervix_models.training import fit as fit_module
from cervix_models.training.batches import cells_at
from cervix_models.training.film import INNER, SHOWN, STRIP
from cervix_models.training.fit import DONE, FINAL, Job, fit
from tests import tiny

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

# A training that is killed, as by a lost machine, when its third epoch begins.
KILLED = """
import os, signal, sys
from pathlib import Path
from cervix_models.training.classification import ClassifierTraining
from cervix_models.training.fit import fit
from tests.training.test_fit import job

def kill(self):
    if self.current_epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)

ClassifierTraining.on_train_epoch_start = kill
fit(job(Path(sys.argv[1]), epochs=5))
"""


def job(folder, model: str = "cnn", epochs: int = 2, **changed) -> Job:
    """A training of a small network on ten cells."""
    packed = tiny.packed(clusters=2, cells=1, herlev=4 if model != "cnn" else 0)
    settings = Optimiser(epochs=epochs, batch_size=4, learning_rate=2e-3)
    given = tiny.recipe(model, optimiser=replace(settings, **changed))
    rows = np.arange(len(packed))
    return Job(given, cells_at(packed, 64), rows, rows[::3], folder)


def _epochs(folder) -> list[int]:
    rows = []
    for path in (folder / "csv").glob("*/metrics.csv"):
        with path.open() as stream:
            rows += [int(row["epoch"]) for row in csv.DictReader(stream) if row["train_loss"]]
    return sorted(rows)


def test_a_training_leaves_weights_logs_and_a_note(tmp_path) -> None:
    network, origin = fit(job(tmp_path))
    assert origin == "random weights"
    assert not network.training
    done = json.loads((tmp_path / DONE).read_text())
    assert done["epochs"] == 2
    assert done["sha256"] == fit_module.file_hash(tmp_path / FINAL)
    assert _epochs(tmp_path) == [0, 1]
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_a_training_that_is_done_is_read_not_repeated(tmp_path, monkeypatch) -> None:
    first, _ = fit(job(tmp_path))
    monkeypatch.setattr(fit_module, "trainer_of", lambda *_: pytest.fail("trained again"))
    again, _ = fit(job(tmp_path))
    assert not again.training
    for one, two in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, two)


def test_the_seed_makes_the_same_network(tmp_path) -> None:
    one, two = (fit(job(tmp_path / name, epochs=1))[0] for name in "ab")
    assert all(map(torch.equal, one.state_dict().values(), two.state_dict().values()))


def test_a_killed_training_goes_on(tmp_path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    asked = [sys.executable, "-c", KILLED, str(tmp_path)]
    killed = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, timeout=120)
    assert killed.returncode == -9, killed.stderr.decode()[-2000:]
    assert (tmp_path / "last.ckpt").is_file()
    assert not (tmp_path / DONE).exists()
    half = torch.load(tmp_path / "last.ckpt", weights_only=False)
    assert half["epoch"] == 1

    began = []
    module = fit_module.ClassifierTraining
    original = module.on_train_epoch_start
    module.on_train_epoch_start = lambda self: began.append(
        (self.current_epoch, self.network.head.bias.detach().clone())
    )
    try:
        fit(job(tmp_path, epochs=5))
    finally:
        module.on_train_epoch_start = original
    assert [epoch for epoch, _ in began] == [2, 3, 4]
    torch.testing.assert_close(began[0][1], half["state_dict"]["network.head.bias"])
    done = json.loads((tmp_path / DONE).read_text())
    assert done["epochs"] == 5
    assert done["seconds"] > half["callbacks"]["Timer"]["time_elapsed"]["train"] > 0
    assert _epochs(tmp_path) == [0, 1, 2, 3, 4]


def test_fewer_epochs_are_a_trial_and_more_are_not_given(tmp_path) -> None:
    fit(replace(job(tmp_path / "a", epochs=3), epochs=1))
    assert json.loads((tmp_path / "a" / DONE).read_text())["epochs"] == 1
    assert fit_module.epochs_of(job(tmp_path, epochs=3).recipe, 9) == 3


def test_patience_stops_early_and_keeps_the_best_epoch(tmp_path) -> None:
    # Steps so large that it gets worse: the network of the best epoch is not that of the last.
    given = job(tmp_path, epochs=30, patience=2, learning_rate=0.05, schedule="constant")
    network, _ = fit(given)
    assert json.loads((tmp_path / DONE).read_text())["epochs"] < 30
    best = torch.load(next(tmp_path.glob("best*.ckpt")), weights_only=False)
    for key, value in network.state_dict().items():
        assert torch.equal(value, best["state_dict"][f"network.{key}"]), key


def test_a_moving_average_is_what_is_kept(tmp_path) -> None:
    settings = {"epochs": 5, "schedule": "constant"}
    plain, _ = fit(job(tmp_path / "a", **settings))
    slow, _ = fit(job(tmp_path / "b", **settings, ema_decay=0.999))
    fit_module.L.seed_everything(0, verbose=False)
    start = fit_module.create("cnn")

    def way(network):
        return sum(
            float((a - b).abs().sum())
            for a, b in zip(network.parameters(), start.parameters(), strict=True)
        )

    assert 0 < way(slow) < 0.4 * way(plain)


def test_a_segmenter_learns_from_masks_and_boxes(tmp_path) -> None:
    given = job(tmp_path, tiny.register_outliner(), epochs=1)
    groups = fit_module.loaders_of(given)[0].sampler
    assert [len(each) for each in groups.members] == [10, 4]
    network, _ = fit(given)
    assert (tmp_path / FINAL).is_file()
    assert all(torch.isfinite(each).all() for each in network.parameters())


def test_a_film_shows_what_a_segmenter_draws_after_every_epoch(tmp_path) -> None:
    given = job(tmp_path, tiny.register_outliner(), epochs=2)
    fit(given)
    paths = sorted((tmp_path / "film").iterdir())
    assert [each.name for each in paths] == ["epoch_0001.png", "epoch_0002.png"]
    shown = min(SHOWN, int(given.cells.has_mask[torch.as_tensor(given.watch)].sum()))
    assert shown > 0
    with Image.open(paths[0]) as picture:
        drawn = np.asarray(picture.convert("RGB"))
    side = given.cells.images.shape[-1]
    assert drawn.shape == (2 * side + STRIP, shown * side, 3)
    ours, true = drawn[:side].astype(int), drawn[side : 2 * side].astype(int)
    assert drawn[2 * side :].max() > 200  # it says which epoch it is
    assert (np.abs(ours - true).sum(2) > 60).mean() < 0.1  # it was made for drawn cells
    yellow = (true == np.round(np.array(INNER) * 255)).all(2)
    assert yellow.reshape(side, shown, side).any((0, 2)).all()  # each true nucleus is outlined
    with Image.open(tmp_path / FILM) as film:
        assert film.n_frames == 2


def test_without_outlined_cells_there_is_no_film(tmp_path) -> None:
    given = job(tmp_path, tiny.register_outliner(), epochs=1)
    boxed = np.flatnonzero(~given.cells.has_mask.numpy())
    fit(replace(given, watch=boxed))
    assert not (tmp_path / FILM).exists()


def test_a_classifier_learns_colours(tmp_path) -> None:
    packed = tiny.packed(clusters=2, cells=2)
    given = tiny.recipe("cnn", optimiser=Optimiser(epochs=12, batch_size=10, learning_rate=3e-3))
    rows = np.arange(len(packed))
    network, _ = fit(Job(given, cells_at(packed, 64), rows, rows, tmp_path))
    module = fit_module.ClassifierTraining(network, given, 1)
    said = {}
    module.log = lambda name, value, **_: said.update({name: float(value)})
    batch = fit_module.CellRows(cells_at(packed, 64), rows)[list(range(len(rows)))]
    with torch.inference_mode():
        module.validation_step(batch, 0)
    assert said["val_accuracy"] > 0.5
