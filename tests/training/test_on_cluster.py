"""A training on a cluster: shared out, told of, stopped, and gone on with when a worker is lost."""

from __future__ import annotations

import csv
import json
import logging
import re
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cervix_models.benches.cluster import end_worker
from cervix_models.errors import ClusterError, RecipeError, StoppedError
from cervix_models.recipes import Contrast, list_recipes, load_recipe
from cervix_models.registry import find
from cervix_models.training import fit as fit_module
from cervix_models.training import on_cluster
from cervix_models.training.batches import Share
from cervix_models.training.fit import DONE, FINAL, fit, loaders_of
from cervix_models.training.on_cluster import can_be_shared, run_name, train_on_cluster
from cervix_models.training.on_worker import Carried, packed, unpack
from cervix_models.training.watching import watched_by
from tests import tiny
from tests.training.test_fit import job

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


class Watching:
    """Whoever watches: hears, and stops where it is told to."""

    def __init__(self, stop_at: int = 0) -> None:
        self.told_of: list[tuple[str, float, int, dict]] = []
        self.stop_at = stop_at

    def told(self, part, done, step, values) -> None:
        self.told_of.append((part, done, step, values))

    def stops(self) -> bool:
        return bool(self.stop_at) and len(self.told_of) >= self.stop_at

    def may_save(self) -> None: ...


class FakeRay:
    """A cluster whose one task ends after some looks, or with an error."""

    def __init__(self, looks: int, outcome, cpus: int = 2) -> None:
        self.looks, self.outcome, self.cancelled, self.cpus = looks, outcome, False, cpus
        self.exceptions = SimpleNamespace(RayError=FakeRayError)

    def wait(self, refs, timeout):
        self.looks -= 1
        return (refs if self.looks < 0 else [], [])

    def get(self, ref):
        if isinstance(ref, list):
            return ref
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def cancel(self, _ref):
        self.cancelled = True

    def cluster_resources(self):
        return {"CPU": self.cpus}


class FakeRayError(Exception):
    cause: Exception | None = None


def test_classifiers_and_segmenters_that_learn_by_batches_are_shared_out() -> None:
    shared = {
        name for name in list_recipes() if (r := load_recipe(name)).model and can_be_shared(r)
    }
    assert {"mobilenetv3_small", "convnext_masked", "dual_head_unet"} <= shared
    kinds = {find(load_recipe(name).model).kind for name in shared}
    assert kinds == {"classifier", "segmenter"}
    assert not shared & {"mlp_features", "resnet50_svm", "cgan", "cellflux", "nucleus_finder"}
    assert not shared & {"encoder_mobilenet_v3_small", "cyclegan"}


def test_workers_share_batches_and_watched_cells(tmp_path) -> None:
    given = job(tmp_path)
    (train, watch), *parts = [loaders_of(given, share) for share in (Share(), *_shares(2))]
    for whole, *some in zip(train, *(each for each, _ in parts), strict=True):
        rows = torch.cat([each["row"] for each in some])
        assert sorted(rows.tolist()) == sorted(whole["row"].tolist())
    seen = torch.cat([batch["row"] for _, each in parts for batch in each])
    assert sorted(seen.tolist()) == sorted(next(iter(watch))["row"].tolist())


def test_workers_of_a_segmenter_watch_outlined_cells_alone(tmp_path) -> None:
    given = job(tmp_path, tiny.register_outliner())
    given = replace(given, watch=np.arange(len(given.cells)))
    for share in _shares(2):
        (batch,) = loaders_of(given, share)[1]
        assert batch["has_mask"].all()
        assert len(batch["row"]) == 2


def _shares(workers: int) -> list[Share]:
    return [Share(rank, workers) for rank in range(workers)]


def test_a_run_has_one_name_however_often_it_begins(tmp_path) -> None:
    given = job(tmp_path)
    assert run_name(given, 2) == run_name(job(tmp_path), 2)
    others = [
        run_name(given, 3),
        run_name(replace(given, epochs=1), 2),
        run_name(replace(given, train=given.train[1:]), 2),
        run_name(replace(given, folder=tmp_path / "other"), 2),
    ]
    assert len({run_name(given, 2), *others}) == 5


def test_notes_of_a_training_are_carried(tmp_path) -> None:
    for name in ("csv/version_0/metrics.csv", "film/epoch_0001.png", "last.ckpt"):
        path = tmp_path / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    before = Carried(tmp_path / "a")
    before.on_train_start(SimpleNamespace(current_epoch=0), None)
    after = Carried(tmp_path / "b")
    after.load_state_dict(before.state_dict())
    after.on_train_start(SimpleNamespace(current_epoch=3), None)
    assert after.begun == [0, 3]
    assert (tmp_path / "b/csv/version_0_1/metrics.csv").read_text() == "csv/version_0/metrics.csv"
    assert (tmp_path / "b/film/epoch_0001.png").is_file()
    assert not (tmp_path / "b/last.ckpt").exists()


def test_an_archive_lays_nothing_outside(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.csv").write_text("1")
    unpack(packed(tmp_path / "a"), tmp_path / "b")
    assert [each.name for each in (tmp_path / "b").iterdir()] == ["x.csv"]


def test_who_watches_hears_how_far_a_training_is(tmp_path) -> None:
    watcher = Watching()
    with watched_by(watcher):
        assert on_cluster._waited(FakeRay(2, "done"), job(tmp_path), "ref", _notes()) == "done"
    assert watcher.told_of == [("fold0", 0.5, 3, {"loss": 1.0})] * 3


def test_who_watches_can_stop_it(tmp_path) -> None:
    ray = FakeRay(9, "done")
    with watched_by(Watching(stop_at=2)), pytest.raises(StoppedError, match="Resume it"):
        on_cluster._waited(ray, job(tmp_path), "ref", _notes())
    assert ray.cancelled
    assert ray.looks == 6  # and one that waits for the end


def _notes():
    heard = SimpleNamespace(remote=lambda: [("fold0", 0.5, 3, {"loss": 1.0})])
    return SimpleNamespace(heard=heard)


def test_a_sentence_of_ours_comes_back_as_it_was(tmp_path) -> None:
    failed = FakeRayError("task died")
    failed.cause = RecipeError("a sentence")
    with pytest.raises(RecipeError, match="a sentence"):
        on_cluster._waited(FakeRay(0, failed), job(tmp_path), "ref")


def test_another_failure_says_where_to_look(tmp_path) -> None:
    with pytest.raises(ClusterError, match=r"failed on the cluster \(worker died\).*logs of Ray"):
        on_cluster._waited(FakeRay(0, FakeRayError("worker died")), job(tmp_path), "ref")


def test_a_cluster_that_is_too_small_is_told_of(caplog) -> None:
    with caplog.at_level(logging.WARNING):
        on_cluster._say_what_lacks(FakeRay(0, None, cpus=4), 2, 2)
        assert caplog.text == ""
        on_cluster._say_what_lacks(FakeRay(0, None, cpus=3), 2, 2)
    assert "2 workers of 2 processors each are asked for, and the cluster has 3" in caplog.text


def test_the_address_sends_a_training_on(tmp_path, monkeypatch) -> None:
    sent = []
    monkeypatch.setenv("CERVIX_RAY_ADDRESS", "10.0.0.5:6379")
    monkeypatch.setattr(on_cluster, "train_on_cluster", lambda *given: sent.append(given))
    monkeypatch.setattr(fit_module, "fit_here", lambda _job: pytest.fail("trained here"))
    given = job(tmp_path)
    fit(given)
    ((passed, settings),) = sent
    assert passed is given
    assert settings.ray_address == "10.0.0.5:6379"


def test_batches_that_are_too_small_are_refused_before_anything_is_sent(tmp_path, monkeypatch):
    monkeypatch.setattr(on_cluster, "connect", lambda _: pytest.fail("connected"))
    settings = replace(tiny.settings_in(tmp_path), ray_address="10.0.0.5:6379", ray_workers=5)
    with pytest.raises(RecipeError, match="5 workers"):
        train_on_cluster(job(tmp_path / "a"), settings)


@pytest.mark.ray
def test_two_workers_train_as_one_process_does(tmp_path, ray_cluster) -> None:
    settings = replace(ray_cluster, ray_storage=str(tmp_path / "ray"))
    given = job(tmp_path / "two", epochs=3, schedule="plateau")
    watcher = Watching()
    with watched_by(watcher):
        network, origin = train_on_cluster(given, settings)
    assert origin == "random weights"
    assert not network.training
    done = json.loads((given.folder / DONE).read_text())
    assert done["epochs"] == 3
    assert done["on"].startswith("2 workers, each of 1 processor core")
    assert done["sha256"] == fit_module.file_hash(given.folder / FINAL)
    assert _epochs(given.folder) == [0, 1, 2]
    assert list((given.folder / "tensorboard").glob("events*"))
    parts, parts_done, *_ = zip(*watcher.told_of, strict=True)
    assert set(parts) == {"two"}
    assert max(parts_done) == 1
    again, _ = train_on_cluster(given, replace(settings, ray_address="10.0.0.5:6379"))
    for one, two in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.ray
def test_a_lost_worker_is_replaced_and_the_training_goes_on(tmp_path, ray_cluster, caplog) -> None:
    settings = replace(ray_cluster, ray_storage=str(tmp_path / "ray"))
    given = job(tmp_path / "a", epochs=8)
    name, lost = run_name(given, 2), []

    def lose() -> None:
        known = tmp_path / "ray" / name / "checkpoint_manager_snapshot.json"
        while not (known.is_file() and re.search(r'"epoch":\s*2', known.read_text())):
            time.sleep(0.2)
        lost.append(end_worker(name))

    threading.Thread(target=lose, daemon=True).start()
    with caplog.at_level(logging.WARNING):
        train_on_cluster(given, settings)
    assert lost == [True]
    assert "lost workers, and went on at epoch" in caplog.text
    assert len(list((given.folder / "csv").glob("*/metrics.csv"))) > 1
    assert _epochs(given.folder)[-1] == 7
    assert "at epoch 0" not in caplog.text
    assert json.loads((given.folder / DONE).read_text())["epochs"] == 8


@pytest.mark.ray
def test_a_stopped_training_goes_on_from_its_last_epoch(tmp_path, ray_cluster, caplog) -> None:
    settings = replace(ray_cluster, ray_storage=str(tmp_path / "ray"))
    given = job(tmp_path / "a", epochs=8)
    with watched_by(Watching(stop_at=4)), pytest.raises(StoppedError):
        train_on_cluster(given, settings)
    assert not (given.folder / DONE).exists()
    with caplog.at_level(logging.WARNING):
        train_on_cluster(given, settings)
    assert json.loads((given.folder / DONE).read_text())["epochs"] == 8


@pytest.mark.ray
def test_what_cannot_be_shared_out_is_trained_whole(tmp_path, ray_cluster) -> None:
    given = job(tmp_path / "a", epochs=1)
    given = replace(given, recipe=replace(given.recipe, contrast=Contrast()))
    assert not can_be_shared(given.recipe)
    network, _ = train_on_cluster(given, ray_cluster)
    assert not network.training
    assert json.loads((tmp_path / "a" / DONE).read_text())["on"] == "1 processor core"


def _epochs(folder) -> list[int]:
    rows = []
    for path in (folder / "csv").glob("*/metrics.csv"):
        with path.open() as stream:
            rows += [int(row["epoch"]) for row in csv.DictReader(stream) if row["train_loss"]]
    return sorted(rows)
