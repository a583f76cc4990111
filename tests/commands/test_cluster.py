"""The command that looks at the cluster and serves readers on it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cervix_models import __main__ as main_module
from cervix_models import cluster
from cervix_models.services import serving
from cervix_models.services.serving import Scale


@pytest.fixture
def ray(monkeypatch):
    """A cluster of two machines, one of them gone; what was asked of it is in `asked`."""
    fake = SimpleNamespace(
        __version__="2.60.0",
        nodes=lambda: [{"Alive": True}, {"Alive": True}, {"Alive": False}],
        cluster_resources=lambda: {"CPU": 8.0, "GPU": 1.0},
        asked=[],
    )
    monkeypatch.setenv("CERVIX_RAY_ADDRESS", "10.0.0.5:6379")
    monkeypatch.setattr(cluster, "connect", lambda _settings: fake)
    monkeypatch.setattr(serving, "served", lambda _settings: "readers running, 2 copies")
    monkeypatch.setattr(serving, "serve_readers", lambda _s, scale: fake.asked.append(scale))
    monkeypatch.setattr(serving, "take_off", lambda _settings: fake.asked.append("stop"))
    return fake


def test_the_status_says_what_the_cluster_has(ray, capsys) -> None:
    assert main_module.main(["cluster", "status"]) == 0
    assert capsys.readouterr().out == (
        "10.0.0.5:6379: Ray 2.60.0, 2 machines, 8 processors, 1 GPUs; readers running, 2 copies\n"
    )


def test_readers_are_served_and_ended(ray, capsys) -> None:
    assert main_module.main(["cluster", "serve", "--least", "2", "--most", "5"]) == 0
    assert main_module.main(["cluster", "stop"]) == 0
    assert ray.asked == [Scale(2, 5), "stop"]
    assert "2 copies" in capsys.readouterr().out


def test_without_an_address_the_command_says_so(monkeypatch, capsys) -> None:
    monkeypatch.delenv("CERVIX_RAY_ADDRESS", raising=False)
    assert main_module.main(["cluster", "status"]) == 2
    assert "CERVIX_RAY_ADDRESS is not set" in capsys.readouterr().err
