"""What a cluster is worth, on small models and few cells."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cervix_models.benches import cluster
from cervix_models.benches.cluster import Trial, end_worker, tried, written
from cervix_models.benches.single import single
from cervix_models.data.pictures import read_rgb
from cervix_models.errors import ClusterError
from cervix_models.services.defaults import CLASSIFIER
from tests import tiny
from tests.training.test_fit import job

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def packed():
    return tiny.packed(clusters=5, cells=5)


def test_cells_of_a_packed_file_become_pictures(packed, tmp_path) -> None:
    written(packed, 3, tmp_path / "cells")
    assert [each.name for each in sorted((tmp_path / "cells").iterdir())] == [
        "00000.png", "00001.png", "00002.png",
    ]  # fmt: skip
    found = read_rgb(tmp_path / "cells/00002.png")
    np.testing.assert_array_equal(found, packed.images[2])


def test_no_process_but_a_worker_of_the_training_is_ended() -> None:
    assert not end_worker("a-training-that-nobody-knows")


def test_a_reading_is_measured_in_a_store_of_its_own(packed, tiny_models, tmp_path) -> None:
    settings = replace(tiny_models, home=tmp_path, ray_address="10.0.0.5:6379")
    found = single(settings, packed, None)
    assert found["database"] == "sqlite"
    assert found["processor_seconds"] > 0
    assert found["a_second_a_core"] == pytest.approx(1 / found["processor_seconds"], rel=0.1)
    assert found["kilobytes"] > 1
    assert found["writes_a_second"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_ends_before_a_worker_is_lost_is_told_of(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "train_on_cluster", lambda *_given: (None, ""))
    monkeypatch.setattr(cluster, "_lose", lambda *_given: None)
    settings = replace(tiny.settings_in(tmp_path), ray_storage=str(tmp_path))
    with pytest.raises(ClusterError, match="Ask for more --epochs"):
        cluster._with_a_loss(job(tmp_path / "a"), settings)


@pytest.mark.ray
def test_all_figures_are_kept_in_one_file(packed, tmp_path, ray_cluster, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "load_all", lambda _paths: packed)
    monkeypatch.setattr(cluster, "QUICK", CLASSIFIER)
    out = tmp_path / "figures.json"
    out.write_text('{"training": "of before"}')
    lines = list(tried(Trial(ray_cluster, out, pictures=8, epochs=0)))
    found = json.loads(out.read_text())
    assert found["machines"] == 2
    assert [each["readers"] for each in found["bulk"]["runs"]] == [0, 1, 2]
    assert all(each["same"] for each in found["bulk"]["runs"])
    assert found["training"] == "of before"
    assert len(lines) == 4
