"""A folder read on a cluster: the table that one process writes, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from PIL import Image

from cervix_models.errors import ClusterError, WeightsError
from cervix_models.services import bulk, bulk_cluster
from cervix_models.services.bulk import Job, read_folder, sent
from cervix_models.services.bulk_cluster import PartReader
from cervix_models.services.defaults import CLASSIFIER
from tests import tiny
from tests.fakes import drawn_cell


@pytest.fixture
def folder(tmp_path):
    """Seventy pictures, which make three parts, and one that is none."""
    place = tmp_path / "pictures"
    (place / "deeper").mkdir(parents=True)
    for at in range(70):
        sub = "deeper/" if at % 2 else ""
        Image.fromarray(drawn_cell(64 + at % 3, seed=at)).save(place / f"{sub}cell{at:02}.png")
    (place / "broken.png").write_bytes(b"\x89PNG no more")
    return place


def _job(folder, name: str = "table", **changed) -> Job:
    return Job(folder, folder.parent / f"{name}.parquet", **changed)


def _quiet(_done: int, _all: int) -> None: ...


def test_a_member_of_the_pool_answers_as_a_process_does(folder, tiny_models) -> None:
    job = _job(folder)
    models = bulk.models_of(CLASSIFIER, tiny_models)
    pictures = [sent(job, path) for path in sorted(folder.glob("*.png"))]
    names, contents = map(list, zip(*pictures, strict=True))
    said = PartReader(job, tiny_models, models)({"names": [names], "contents": [contents]})
    assert said["rows"] == [36]
    alone = bulk.part_of(bulk.ready(tiny_models, job, models), pictures)
    assert said["table"] == [alone]


def test_a_machine_with_other_weights_is_refused(folder, tiny_models) -> None:
    with pytest.raises(ClusterError, match=r"other weights .* CERVIX_WEIGHTS"):
        PartReader(_job(folder), tiny_models, "classifier " + "0" * 64)


def test_a_machine_without_weights_is_refused(folder, tmp_path) -> None:
    with pytest.raises(WeightsError):
        PartReader(_job(folder), tiny.settings_in(tmp_path / "bare"), "classifier")


def test_what_was_read_is_kept_when_the_cluster_fails(folder, tiny_models, monkeypatch) -> None:
    settings = replace(tiny_models, ray_address="127.0.0.1:1")
    table = b"PAR1"

    def failing(*_given):
        yield table, 32
        raise ClusterError("gone")

    monkeypatch.setattr(bulk_cluster, "read_on_cluster", failing)
    with pytest.raises(ClusterError, match="gone"):
        read_folder(_job(folder), settings, _quiet)
    (kept,) = _job(folder).parts.glob("*.parquet")
    assert kept.read_bytes() == table


def test_as_many_read_as_the_cluster_has_processors_for(tiny_models, monkeypatch) -> None:
    ray = SimpleNamespace(cluster_resources=lambda: {"CPU": 12.0})
    monkeypatch.setattr(bulk, "connect", lambda _settings: ray)
    settings = replace(tiny_models, ray_address="10.0.0.5:6379", threads=2)
    assert bulk.at_hand(settings) == 6
    assert 1 <= bulk.at_hand(tiny_models) <= bulk.MOST


def test_a_failure_of_the_cluster_says_how_to_go_on() -> None:
    told = bulk_cluster._failed(RuntimeError("a node died"))
    assert "a node died" in str(told)
    assert "goes on from there" in str(told)
    ours = ClusterError("other weights")
    assert bulk_cluster._failed(SimpleNamespace(cause=ours)) is ours


@pytest.mark.ray
@pytest.mark.parametrize("readers", [1, 2])
def test_readers_on_a_cluster_write_the_same_table(folder, ray_cluster, readers) -> None:
    steps: list[int] = []
    alone, many = _job(folder, "alone"), _job(folder, "many", processes=readers)
    read_folder(alone, replace(ray_cluster, ray_address=None), _quiet)
    counted = read_folder(many, ray_cluster, lambda done, _: steps.append(done))
    assert (counted.read, counted.refused) == (71, 1)
    assert steps[0] == 0
    assert steps[-1] == 71
    assert many.out.read_bytes() == alone.out.read_bytes()


@pytest.mark.ray
def test_other_weights_on_the_cluster_end_the_reading(folder, ray_cluster, monkeypatch) -> None:
    monkeypatch.setattr(bulk, "models_of", lambda *_: "classifier " + "0" * 64)
    with pytest.raises(ClusterError, match="other weights"):
        read_folder(_job(folder, processes=2), ray_cluster, _quiet)
