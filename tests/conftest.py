"""What every test stands on: no network, a home of its own, one thread, image sets if any."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cervix_models.settings import Settings, load_settings, set_thread_policy

KEPT = ("CERVIX_DATA", "CERVIX_PRETRAINED", "CERVIX_TEST_DATABASE_URL")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOME = pytest.StashKey[str]()

LOCAL = ("127.0.0.1", "127.0.0.2", "::1", "localhost", "0.0.0.0", "", None)

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


class NetworkError(RuntimeError):
    """A test that reached for another machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Sets the environment before any test module, and with it torch, is imported."""
    config.stash[HOME] = tempfile.mkdtemp(prefix="cervix-tests-")
    for name in [each for each in os.environ if each.startswith("CERVIX_") and each not in KEPT]:
        del os.environ[name]
    os.environ["CERVIX_HOME"] = config.stash[HOME]
    os.environ["CERVIX_CACHE"] = str(Path(config.stash[HOME], "cache"))
    os.environ["CERVIX_THREADS"] = "1"
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    set_thread_policy()
    socket.socket.connect = _refusing(_connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = _refusing(_connect_ex)  # type: ignore[method-assign]
    socket.getaddrinfo = _looking_up


def pytest_unconfigure(config: pytest.Config) -> None:
    """Puts the network back, and takes the home away."""
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = _getaddrinfo
    shutil.rmtree(config.stash[HOME], ignore_errors=True)


def _refusing(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else "localhost"
        _refuse_others(host)
        return connect(self, address)

    return guarded


def _looking_up(host: Any, *args: Any, **options: Any) -> Any:
    _refuse_others(host)
    return _getaddrinfo(host, *args, **options)


def _refuse_others(host: Any) -> None:
    if host not in LOCAL:
        raise NetworkError(f"Tests stay off the network, and one asked for {host!r}.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests of real images where CERVIX_DATA names no folder."""
    if _image_folder() is None:
        reason = "CERVIX_DATA names no folder of image sets"
        for item in items:
            if item.get_closest_marker("realdata"):
                item.add_marker(pytest.mark.skip(reason=reason))


def _image_folder() -> Path | None:
    named = os.environ.get("CERVIX_DATA")
    return (
        Path(named).expanduser().resolve() if named and Path(named).expanduser().is_dir() else None
    )


@pytest.fixture(scope="session")
def image_folder() -> Path:
    """The folder of image sets that CERVIX_DATA names; the test is skipped without it."""
    folder = _image_folder()
    if folder is None:
        pytest.skip("CERVIX_DATA names no folder of image sets")
    return folder


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a folder with small weights under the names of the default models."""
    from tests import tiny

    return tiny.save_defaults(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def ensemble(tmp_path: Path) -> Settings:
    """Settings of a folder with the small classifiers `one` and `two`, and `ensemble` of both."""
    from tests import tiny

    settings = tiny.settings_in(tmp_path)
    for seed, name in enumerate(("one", "two")):
        tiny.save_tiny(settings.weights, tiny.recipe("cnn", name=name, views=2), seed=seed)
    given = tiny.recipe("cnn", name="ensemble")
    tiny.save_ensemble(settings.weights, replace(given, model="", members=("one", "two")))
    return settings


@pytest.fixture(scope="session")
def ray_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a Ray cluster of two nodes with a processor each, and small default models.

    Its address is another of the loopback's: Ray takes 127.0.0.1 for an address of the network.
    """
    pytest.importorskip("ray", reason="Ray is not installed: make ray")
    from ray.cluster_utils import Cluster

    from cervix_models.services.reader import Reader
    from tests import tiny

    options = {"num_cpus": 1, "object_store_memory": 200_000_000, "node_ip_address": "127.0.0.2"}
    with socket.socket() as free:
        free.bind(("127.0.0.2", 0))
        port = free.getsockname()[1]
    cluster = Cluster()
    try:
        cluster.add_node(**options, gcs_server_port=port, include_dashboard=False)
        cluster.add_node(**options)
        # Exported here, as the nodes do not know the networks of the tests; they have the cache of
        # this process's environment.
        settings = tiny.save_defaults(tmp_path_factory.mktemp("ray"))
        settings = replace(settings, cache=load_settings().cache)
        Reader(settings)
        yield replace(settings, ray_address=cluster.address)
    finally:
        import ray

        ray.shutdown()
        cluster.shutdown()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How the browser tests start this machine's Chromium, with nothing fetched behind them."""
    found = next((path for path in map(shutil.which, CHROMIUM_NAMES) if path), None)
    if found is None:
        pytest.skip("There is no Chromium here: apt-get install chromium")
    quiet = (
        "--disable-quic --no-first-run --disable-background-networking --disable-component-update"
    )
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-sync", *quiet.split()]
    return {**browser_type_launch_args, "executable_path": found, "args": arguments}
