"""The way into a cluster: what each thing that stands in it is called, and what goes along."""

from __future__ import annotations

import importlib.util
import socket
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cervix_models import cluster
from cervix_models.errors import ClusterError
from cervix_models.settings import load_settings


@pytest.fixture
def ray(monkeypatch):
    """A Ray that joins nothing: `init` raises `problem`, and notes what it was `given`."""
    fake = SimpleNamespace(problem=None, given=None, is_initialized=lambda: False)

    def init(address, **given):
        fake.given = {"address": address, **given}
        if fake.problem:
            raise fake.problem

    fake.init = init
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setattr(cluster.importlib.metadata, "version", lambda _name: "2.60.0")
    return fake


@pytest.fixture
def address():
    """The address of something that listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def at(address: str | None):
    return replace(load_settings(), ray_address=address)


def test_the_settings_name_a_cluster_only_where_the_environment_does(monkeypatch) -> None:
    assert load_settings().ray_address is None
    monkeypatch.setenv("CERVIX_RAY_ADDRESS", "10.0.0.5:6379")
    monkeypatch.setenv("CERVIX_RAY_WORKERS", "3")
    monkeypatch.setenv("CERVIX_RAY_STORAGE", "s3://bucket/runs")
    settings = load_settings()
    assert (settings.ray_address, settings.ray_workers) == ("10.0.0.5:6379", 3)
    assert settings.ray_storage == "s3://bucket/runs"


@pytest.mark.parametrize("given", ["10.0.0.5:6379", "ray-head.example.org:6379", "[::1]:6379"])
def test_an_address_is_a_host_and_a_port(given) -> None:
    assert cluster.checked_address(given) == given


@pytest.mark.parametrize(
    "given", ["auto", "local", "ray://10.0.0.5:10001", "10.0.0.5", "10.0.0.5:0", "10.0.0.5:99999"]
)
def test_other_addresses_are_refused(given) -> None:
    with pytest.raises(ClusterError, match=r"host and port of the head.*ray start --address"):
        cluster.connect(at(given))


def test_no_address_is_refused_where_a_cluster_is_needed() -> None:
    with pytest.raises(ClusterError, match="CERVIX_RAY_ADDRESS is not set"):
        cluster.connect(at(None))


def test_who_lacks_ray_is_told_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ClusterError, match=r"pip install -r requirements-ray\.txt"):
        cluster.connect(at("127.0.0.1:6379"))


def test_an_address_where_nothing_listens_is_named(ray) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ClusterError, match=f"Nothing answers at 127.0.0.1:{port}"):
        cluster.connect(at(f"127.0.0.1:{port}"))
    assert ray.given is None


def test_other_versions_are_named(ray, address) -> None:
    ray.problem = RuntimeError(
        "Version mismatch: The cluster was started with:\n    Ray: 2.50.0\n    Python: 3.12.1\n"
    )
    with pytest.raises(ClusterError, match=r"Ray: 2\.50\.0 Python: 3\.12\.1.*here is Ray 2\.60\.0"):
        cluster.connect(at(address))


@pytest.mark.parametrize("problem", [ConnectionError("no raylet"), ValueError("no node")])
def test_a_machine_that_is_no_node_is_told_how_to_become_one(ray, address, problem) -> None:
    ray.problem = problem
    with pytest.raises(ClusterError, match=f"{problem}.*ray start --address={address}"):
        cluster.connect(at(address))


def test_who_is_connected_stays_so(ray, monkeypatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    assert cluster.connect(at("127.0.0.1:1")) is ray
    assert ray.given is None


def test_the_package_goes_along_and_no_data_does(ray, address) -> None:
    assert cluster.connect(at(address)) is ray
    assert ray.given["address"] == address
    sent = ray.given["runtime_env"]
    (package,) = map(Path, sent["py_modules"])
    assert package == Path(cluster.__file__).parent
    assert not any(package.rglob("*.safetensors"))
    assert sent["env_vars"]["CERVIX_RAY_ADDRESS"] == ""
    assert "working_dir" not in sent


def test_a_machine_keeps_its_own_folders(monkeypatch, tmp_path) -> None:
    asked = replace(at("10.0.0.5:6379"), weights=Path("theirs"), threads=7, ray_workers=5)
    for name in cluster.OF_A_NODE:
        monkeypatch.delenv(name, raising=False)
    assert cluster.at_node(asked) == replace(asked, ray_address=None)
    monkeypatch.setenv("CERVIX_WEIGHTS", str(tmp_path))
    assert cluster.at_node(asked) == replace(asked, ray_address=None, weights=tmp_path)


def test_what_a_cluster_has_is_counted() -> None:
    here = SimpleNamespace(cluster_resources=lambda: {"CPU": 7.0, "GPU": 2.0})
    none = SimpleNamespace(cluster_resources=dict)
    assert (cluster.processors(here, 2), cluster.gpus(here)) == (3, 2)
    assert (cluster.processors(none, 2), cluster.gpus(none)) == (1, 0)
