"""What the server counts of its answers, and what it tells those who watch over it."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cervix_models.errors import CervixError
from cervix_models.services.readiness import faults, queued
from cervix_models.settings import load_settings
from cervix_models.telemetry import REQUEST_SECONDS, REQUESTS
from ui import session

log = logging.getLogger(__name__)

DOORS = ("account", "picture", "slide-tiles", "cells", "_stcore", "media", "static", "assets")
QUIET = ("static", "health", "ready", "metrics", "_stcore", "assets")  # not worth a line each
LOOPBACK = ("127.0.0.1", "::1")


class Telemetry:
    """Middleware: counts answers by door and status, and writes a line of most."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps the application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on, and notes how it was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            _note(scope, status, time.perf_counter() - begun)


def _note(scope: Scope, status: int, seconds: float) -> None:
    first = scope["path"].strip("/").split("/")[0]
    door = first if first in DOORS else "page"
    REQUESTS.labels(door, str(status)).inc()
    REQUEST_SECONDS.labels(door).observe(seconds)
    if first in QUIET and status < 500:
        return
    log.info(
        "%s %s %s in %.0f ms", scope["method"], scope["path"], status, 1000 * seconds,
        extra={"status": status, "milliseconds": round(1000 * seconds, 1)},
    )  # fmt: skip


class Waiting(Collector):
    """How many jobs there are in each state, asked for when somebody looks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One number a state; none where the store cannot be asked."""
        found = GaugeMetricFamily("cervix_jobs", "Jobs of the worker.", labels=["state"])
        try:
            counts = queued(session.shared_triage().store)
        except CervixError:
            return
        for state, count in counts.items():
            found.add_metric([state], count)
        yield found


def health(request: Request) -> Response:
    """`{"ok": true}` once the server answers. It neither opens the store nor loads a model."""
    return JSONResponse({"ok": True})


def ready(request: Request) -> Response:
    """`{"ok": true}` where a reading could be made now; else 503 and what is in the way."""
    found = faults(load_settings(), lambda: session.shared_triage().store)
    return JSONResponse({"ok": not found, "faults": found}, 503 if found else 200)


def metrics(request: Request) -> Response:
    """What Prometheus asks for: of this machine itself, or of whoever has the token."""
    if not _may_look(request):
        return PlainTextResponse("Metrics are for this machine, or need the token.", 403)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _may_look(request: Request) -> bool:
    token = load_settings().metrics_token
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    near = request.client is not None and request.client.host in LOOPBACK
    return near and "x-forwarded-for" not in request.headers  # a proxy speaks for anybody


def register() -> None:
    """Adds the numbers of jobs to what is told, once a process."""
    if Waiting not in {type(each) for each in REGISTRY._collector_to_names}:
        REGISTRY.register(Waiting())


TELEMETRY_ROUTES = [
    Route("/health", health),
    Route("/ready", ready),
    Route("/metrics", metrics),
]
