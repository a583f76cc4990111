"""The files of `deploy/` hang together: with each other, with the settings and the commands."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
import yaml

from cervix_models.__main__ import build_parser
from cervix_models.cluster import checked_address
from cervix_models.settings import ROOT
from tests.house import docs, files

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
VALUES = yaml.safe_load((DEPLOY / "kuberay-values.yaml").read_text("utf-8"))
CONTAINER = (DEPLOY / "Containerfile").read_text("utf-8")
SERVICES = COMPOSE["services"]
OURS = ("app", "worker", "readers", "ray-head", "ray-worker")
GROUPS = [VALUES["head"], VALUES["worker"], *VALUES["additionalWorkerGroups"].values()]


def _pinned(name: str) -> str:
    text = (ROOT / "requirements-ray.txt").read_text("utf-8")
    return re.search(rf"^{name}\S*>=([\d.]+)", text, re.MULTILINE)[1]


def test_every_setting_that_is_set_exists() -> None:
    known = docs.settings(files.sources().values())
    set_there = {
        name
        for path in DEPLOY.iterdir()
        for name in re.findall(r"\bCERVIX_[A-Z_]+", path.read_text("utf-8"))
    }
    assert "CERVIX_RAY_ADDRESS" in set_there
    assert set_there - known == set()


@pytest.mark.parametrize("name", ["worker", "readers"])
def test_commands_are_those_of_the_package(name) -> None:
    start, *rest = SERVICES[name]["command"][1:]
    assert (start, rest[0]) == ("-m", "cervix_models")
    assert build_parser().parse_args(rest[1:]).func


def test_services_wait_for_services_that_are_there() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert SERVICES[other]["healthcheck"], other


def test_the_address_is_that_of_the_head() -> None:
    host, _, port = checked_address(SERVICES["app"]["environment"]["CERVIX_RAY_ADDRESS"]).partition(
        ":"
    )
    assert host in SERVICES
    assert f"--port={port}" in SERVICES[host]["command"]
    assert f"--address={host}:{port}" in SERVICES["ray-worker"]["command"]
    for name in ("ray-head", "ray-worker"):
        assert "CERVIX_RAY_ADDRESS" not in SERVICES[name]["environment"]


def test_all_see_the_same_home_and_storage() -> None:
    storage = SERVICES["app"]["environment"]["CERVIX_RAY_STORAGE"]
    for name in OURS:
        ((volume, folder),) = [each.split(":") for each in SERVICES[name]["volumes"]]
        assert volume in COMPOSE["volumes"]
        assert storage.startswith(f"{folder}/")
        assert f"CERVIX_HOME={folder}" in CONTAINER


def test_no_secret_stands_in_the_files_and_each_is_asked_for() -> None:
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", key):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?.+\}", value), key


def test_only_the_app_is_reached_and_from_this_machine_alone() -> None:
    ports = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert list(ports) == ["app"]
    assert all(each.startswith("127.0.0.1:") for each in ports["app"])
    assert VALUES["service"]["type"] == "ClusterIP"


def test_ray_asks_for_a_token_and_reports_nothing() -> None:
    for name in OURS:
        environment = SERVICES[name]["environment"]
        assert environment["RAY_AUTH_MODE"] == "token"
        assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
    shared = {each["name"]: each["value"] for each in VALUES["common"]["containerEnv"]}
    assert (shared["RAY_AUTH_MODE"], shared["RAY_USAGE_STATS_ENABLED"]) == ("token", "0")
    assert all(group["envFrom"] for group in GROUPS)


def test_nothing_runs_as_root() -> None:
    user = int(re.search(r"^USER (\d+)$", CONTAINER, re.MULTILINE)[1])
    assert user > 0
    assert CONTAINER.index("USER ") < CONTAINER.index("ENTRYPOINT")
    for group in GROUPS:
        assert group["podSecurityContext"]["runAsUser"] == user
        assert group["podSecurityContext"]["runAsNonRoot"]
        assert not group["securityContext"]["allowPrivilegeEscalation"]
    assert all(SERVICES[name]["cap_drop"] == ["ALL"] for name in OURS)


def test_the_image_has_what_it_needs_and_fetches_nothing() -> None:
    for name in re.findall(r"requirements[\w-]*\.txt", CONTAINER):
        assert (ROOT / name).is_file()
    assert "HF_HUB_OFFLINE=1" in CONTAINER
    kept_out = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert "weights" not in kept_out
    assert {".git", "data/*", ".streamlit/secrets.toml"} <= set(kept_out)
    assert "!data/tables" in kept_out


def test_the_versions_of_ray_agree() -> None:
    assert VALUES["head"]["rayVersion"].startswith(_pinned("ray"))


def test_groups_may_grow_and_have_room_for_what_they_hold() -> None:
    for group in GROUPS[1:]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        assert group["resources"]["requests"] == group["resources"]["limits"]
    for group in GROUPS:
        named = {each["name"] for each in group["volumes"]}
        assert {each["name"] for each in group["volumeMounts"]} == named


def test_whoever_starts_joins_the_cluster_that_is_named(tmp_path) -> None:
    ray = tmp_path / "ray"
    ray.write_text('#!/bin/sh\necho "ray $@"\n')
    ray.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    start = ["sh", str(DEPLOY / "start.sh"), "echo", "begun"]

    def said(**more: str) -> list[str]:
        found = subprocess.run(
            start, env=environment | more, capture_output=True, text=True, check=True
        )
        return found.stdout.splitlines()

    assert said() == ["begun"]
    joined, begun = said(CERVIX_RAY_ADDRESS="ray-head:6379")
    assert joined.startswith("ray start --address=ray-head:6379 --num-cpus=0")
    assert begun == "begun"
