"""How long a visitor waits: for the first page of an app that is not running yet, and for each page
of one that is."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import socket
from statistics import median

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from cervix_models.errors import CervixError
from cervix_models.settings import ROOT

AGAIN = 3  # times that a page is opened once it was seen


def first_page(patience: float = 60.0) -> float:
    """Seconds from starting the app to the end of its first page, asked for as a browser does.

    Raises CervixError where it does not come within `patience` seconds, or comes with an error.
    """
    started = time.perf_counter()
    with _serving(patience):
        return time.perf_counter() - started


def every_page(patience: float = 60.0) -> Iterator[tuple[str, float]]:
    """Each page by its address, and the seconds of a visit once it was seen before, the median of
    AGAIN. Raises CervixError as `first_page` does."""
    with _serving(patience) as address:
        for name in pages():
            _run_page(address, patience, name)
            times = []
            for _ in range(AGAIN):
                started = time.perf_counter()
                _run_page(address, patience, name)
                times.append(time.perf_counter() - started)
            yield name, median(times)


def pages() -> list[str]:
    """The addresses of the pages, as `ui/main.py` names them; the front page has none."""
    return re.findall(r'url_path="([a-z-]+)"', Path(ROOT, "ui", "main.py").read_text("utf-8"))


@contextmanager
def _serving(patience: float) -> Iterator[str]:
    """The address of an app that has shown its first page."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    quiet, address = subprocess.DEVNULL, f"ws://127.0.0.1:{port}/_stcore/stream"
    app = subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)  # noqa: S603 ours
    try:
        _wait(address, patience)
        yield address
    finally:
        app.terminate()
        app.wait()


def _wait(address: str, patience: float) -> None:
    started = time.perf_counter()
    while time.perf_counter() - started < patience:
        try:
            _run_page(address, patience)
        except (OSError, WebSocketException):
            time.sleep(0.05)
        else:
            return
    raise CervixError(
        f"The app did not answer within {patience:.0f} s; one page was expected. Start it by hand "
        "with `make run` to see why."
    )


def _run_page(address: str, patience: float, name: str = "") -> None:
    """Opens a session and runs the page of this name, or the one that it starts with."""
    request = BackMsg()
    request.rerun_script.query_string = ""
    request.rerun_script.page_name = name
    with connect(address, subprotocols=[Subprotocol("streamlit")], max_size=None) as session:
        session.send(request.SerializeToString())
        message = ForwardMsg()
        while message.WhichOneof("type") != "script_finished":
            message.ParseFromString(session.recv(patience, decode=False))
            if message.delta.new_element.WhichOneof("type") == "exception":
                problem = message.delta.new_element.exception.message
                raise CervixError(
                    f"The page “{name or 'home'}” ended with an error: {problem} Start the app "
                    "with `make run` to see where."
                )


if __name__ == "__main__":
    sys.stdout.write(f"app started and first page shown   {first_page():8.2f} s\n")
    for page, seconds in every_page():
        sys.stdout.write(f"page {page}, seen before".ljust(35) + f"{seconds:8.2f} s\n")
