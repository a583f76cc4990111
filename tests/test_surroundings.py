"""What the tests stand on holds: no way out, and a home of their own."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from cervix_models.settings import ROOT, load_settings


def test_another_machine_is_not_reached() -> None:
    with socket.socket() as other, pytest.raises(RuntimeError, match="off the network"):
        other.connect(("192.0.2.1", 80))  # RFC 5737: an address of nobody
    with pytest.raises(RuntimeError, match="off the network"):
        socket.getaddrinfo("example.org", 443)


def test_this_machine_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_records_and_exports_stay_out_of_the_project() -> None:
    settings = load_settings()
    assert settings.home.is_relative_to(Path(tempfile.gettempdir()).resolve())
    assert not settings.cache.is_relative_to(ROOT)
    assert str(settings.home) in settings.database_url


def test_waiting_threads_sleep() -> None:
    assert os.environ["OMP_WAIT_POLICY"].lower() == "passive"
    assert os.environ["OMP_NUM_THREADS"] == "1"
