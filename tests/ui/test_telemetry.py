"""What the server counts, and what it tells those who watch over it."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui import session, telemetry
from ui.telemetry import TELEMETRY_ROUTES, Telemetry

NEAR, FAR = ("127.0.0.1", 50000), ("192.0.2.7", 50000)


def broken(request: Request) -> PlainTextResponse:
    raise RuntimeError("a fault of a route")


def client(caller=NEAR, **options) -> TestClient:
    routes = [*TELEMETRY_ROUTES, Route("/picture/{rest:path}", broken)]
    app = Starlette(routes=routes, middleware=[Middleware(Telemetry)])
    return TestClient(app, client=caller, **options)


def counted(door: str, status: int) -> float:
    found = REGISTRY.get_sample_value(
        "cervix_requests_total", {"door": door, "status": str(status)}
    )
    return found or 0


def test_health_needs_no_store(monkeypatch) -> None:
    monkeypatch.setattr(session, "shared_triage", None)
    assert client().get("/health").json() == {"ok": True}


def test_answers_are_counted_by_door_and_status() -> None:
    before = counted("page", 200), counted("page", 404), counted("picture", 500)
    asking = client(raise_server_exceptions=False)
    asking.get("/health")
    asking.get("/wp-login.php")
    asking.get("/picture/a/b.png")
    after = counted("page", 200), counted("page", 404), counted("picture", 500)
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]


def test_lines_tell_what_was_asked_and_health_is_quiet(caplog) -> None:
    caplog.set_level("INFO", "ui.telemetry")
    client().get("/health")
    client().get("/nothing")
    (line,) = [each for each in caplog.records if each.name == "ui.telemetry"]
    assert line.getMessage().startswith("GET /nothing 404 in ")
    assert line.status == 404


def test_metrics_are_for_this_machine(monkeypatch) -> None:
    monkeypatch.delenv("CERVIX_METRICS_TOKEN", raising=False)
    near = client().get("/metrics")
    assert near.status_code == 200
    assert "cervix_requests_total" in near.text
    assert "cervix_reading_seconds_bucket" in near.text
    assert client(FAR).get("/metrics").status_code == 403
    assert client().get("/metrics", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 403


@pytest.mark.parametrize(("given", "status"), [("a secret", 200), ("another", 403), ("", 403)])
def test_metrics_are_for_who_has_the_token(monkeypatch, given, status) -> None:
    monkeypatch.setenv("CERVIX_METRICS_TOKEN", "a secret")
    headers = {"authorization": f"Bearer {given}"}
    assert client(FAR).get("/metrics", headers=headers).status_code == status


def test_ready_says_what_is_in_the_way(monkeypatch) -> None:
    monkeypatch.setattr(telemetry, "faults", lambda *given: [])
    assert client().get("/ready").json() == {"ok": True, "faults": []}
    monkeypatch.setattr(telemetry, "faults", lambda *given: ["The database is gone."])
    answer = client().get("/ready")
    assert (answer.status_code, answer.json()["faults"]) == (503, ["The database is gone."])
