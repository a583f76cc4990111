"""A server stops although a connection stays open."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

from cervix_models.settings import ROOT

# A server whose one answer never ends, as a browser that keeps its connection.
SERVER = """
import asyncio, sys
import uvicorn
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from ui import stopping

stopping.GRACE = 1.0

async def endless(_request):
    async def parts():
        while True:
            yield b"."
            await asyncio.sleep(0.1)
    return StreamingResponse(parts())

app = Starlette(routes=[Route("/", endless)], lifespan=stopping.stopping_in_time)
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""


def test_a_server_with_an_open_connection_stops_after_a_while() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", SERVER, str(port)], cwd=ROOT) as server:
        client = _connected(port)
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        begun = time.monotonic()
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)
        assert time.monotonic() - begun >= 0.9  # the answer under way was given its time
        client.close()


def _connected(port: int) -> socket.socket:
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=30)
        except OSError:
            time.sleep(0.05)
    raise AssertionError("The server did not start.")
