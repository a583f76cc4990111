"""The way into the Ray cluster that CERVIX_RAY_ADDRESS names. Nothing here starts a cluster.

This machine has to be a node of it (`ray start --address=... --num-cpus=0` is enough): Ray's own
client, `ray://`, carries neither Ray Train nor Ray Data as they are used here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from cervix_models.errors import ClusterError
from cervix_models.settings import Settings, load_settings

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).resolve().parent
NAMESPACE = "cervix"
WAIT = 5.0  # seconds that a cluster has to answer its address
ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})")
# What a node may say of itself: a machine keeps its weights where it likes.
OF_A_NODE = {
    "CERVIX_HOME": "home",
    "CERVIX_WEIGHTS": "weights",
    "CERVIX_CACHE": "cache",
    "CERVIX_PRETRAINED": "pretrained",
    "CERVIX_THREADS": "threads",
}


def connect(settings: Settings) -> Any:
    """Ray itself, after this process was connected to the cluster of the settings.

    Who is connected already stays so. Raises ClusterError where no address is set, Ray is not
    installed, nothing answers there, or the cluster runs another Ray or Python.
    """
    address = checked_address(settings.ray_address)
    if importlib.util.find_spec("ray") is None:
        raise ClusterError(
            f"CERVIX_RAY_ADDRESS is {address}, but Ray is not installed here; it was expected for "
            "work on a cluster. Install it: python -m pip install -r requirements-ray.txt"
        )
    import ray

    if ray.is_initialized():
        return ray
    _knock(address)
    try:
        ray.init(
            address,
            namespace=NAMESPACE,
            runtime_env=runtime_env(),
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
    except (ConnectionError, RuntimeError, TimeoutError, OSError, ValueError) as problem:
        raise _refused(address, problem) from problem
    return ray


def checked_address(address: str | None) -> str:
    """The address `host:port` of a cluster's head. Raises ClusterError for anything else."""
    if not address:
        raise ClusterError(
            "Work on a cluster was asked for, but CERVIX_RAY_ADDRESS is not set; the address of a "
            "running Ray cluster was expected. Set it, such as CERVIX_RAY_ADDRESS=10.0.0.5:6379"
        )
    found = ADDRESS.fullmatch(address)
    if not found or not 0 < int(found["port"]) < 65536:
        raise ClusterError(
            f"CERVIX_RAY_ADDRESS is {address!r}; host and port of the head of a running Ray "
            "cluster were expected, such as 10.0.0.5:6379. Correct it. Not auto, local or ray://: "
            "this machine joins the cluster by: ray start --address=HOST:PORT --num-cpus=0"
        )
    return address


def runtime_env() -> dict[str, Any]:
    """What goes to the machines of the cluster with each piece of work: this package, no data."""
    return {
        "py_modules": [str(PACKAGE)],
        "excludes": ["**/__pycache__/**"],
        "env_vars": {
            "CERVIX_RAY_ADDRESS": "",  # what runs there sends nothing on
            "OMP_WAIT_POLICY": "passive",
            "GOMP_SPINCOUNT": "1000",
        },
    }


def at_node(given: Settings) -> Settings:
    """The settings of whoever asked, as they hold on the machine that this runs on: paths that the
    machine names itself go before, and nothing is sent on."""
    own = load_settings()
    said = {name: getattr(own, name) for key, name in OF_A_NODE.items() if os.environ.get(key)}
    return replace(given, ray_address=None, **said)


def processors(ray: Any, threads: int) -> int:
    """How many readers of so many threads the cluster has processors for now, at least one."""
    return max(1, int(ray.cluster_resources().get("CPU", 0)) // threads)


def gpus(ray: Any) -> int:
    """How many GPUs the cluster has now."""
    return int(ray.cluster_resources().get("GPU", 0))


def _knock(address: str) -> None:
    """Raises ClusterError where nothing listens; Ray itself would ask for half a minute."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=WAIT).close()
    except OSError as problem:
        raise ClusterError(
            f"Nothing answers at {address}, which CERVIX_RAY_ADDRESS names ({problem}); the head "
            "of a running Ray cluster was expected. Start the cluster, correct the address, or "
            "unset it to work on this machine alone."
        ) from problem


def _refused(address: str, problem: Exception) -> ClusterError:
    """The error for what Ray said when it was asked to join."""
    said = " ".join(str(problem).split())
    if "ersion mismatch" in said:
        return ClusterError(
            f"The cluster at {address} runs other versions than this machine: {said} The same Ray "
            "and the same Python, to its last number, were expected. Install them here or there; "
            f"here is Ray {importlib.metadata.version('ray')}."
        )
    return ClusterError(
        f"The cluster at {address} answers, but cannot be joined from here: {said} A machine that "
        f"is a node of it was expected. Join it: ray start --address={address} --num-cpus=0; with "
        "a token, set RAY_AUTH_MODE=token and the same token as the cluster."
    )
