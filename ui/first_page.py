"""How long a visitor waits for the first page of an app that is not running yet."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from socket import socket

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from cervix_models.errors import CervixError
from cervix_models.settings import ROOT


def first_page(patience: float = 60.0) -> float:
    """Seconds from starting the app to the end of its first page, asked for as a browser does.

    Raises CervixError where it does not come within `patience` seconds, or comes with an error.
    """
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    started = time.perf_counter()
    quiet = subprocess.DEVNULL
    app = subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)  # noqa: S603 ours
    try:
        while time.perf_counter() - started < patience:
            try:
                _run_page(f"ws://127.0.0.1:{port}/_stcore/stream", patience)
            except (OSError, WebSocketException):
                time.sleep(0.05)
            else:
                return time.perf_counter() - started
    finally:
        app.terminate()
        app.wait()
    raise CervixError(
        f"The app did not answer within {patience:.0f} s; one page was expected. Start it by hand "
        "with `make run` to see why."
    )


def _run_page(address: str, patience: float) -> None:
    """Opens a session and runs the page that it starts with."""
    request = BackMsg()
    request.rerun_script.query_string = ""
    with connect(address, subprotocols=[Subprotocol("streamlit")], max_size=None) as session:
        session.send(request.SerializeToString())
        message = ForwardMsg()
        while message.WhichOneof("type") != "script_finished":
            message.ParseFromString(session.recv(patience, decode=False))
            if message.delta.new_element.WhichOneof("type") == "exception":
                problem = message.delta.new_element.exception.message
                raise CervixError(
                    f"The first page ended with an error: {problem} Start the app with `make run` "
                    "to see where."
                )


if __name__ == "__main__":
    sys.stdout.write(f"app started and first page shown   {first_page():8.2f} s\n")
