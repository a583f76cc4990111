"""How long a visitor waits: for the first page of an app that is not running yet, and for each page
of one that is."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from socket import socket
from statistics import median

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from cervix_models.errors import CervixError
from cervix_models.settings import ROOT
from ui import identity
from ui.contents import entries

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
    with _serving(patience) as place:
        for name in pages():
            _run_page(place, patience, name)
            times = []
            for _ in range(AGAIN):
                started = time.perf_counter()
                _run_page(place, patience, name)
                times.append(time.perf_counter() - started)
            yield name, median(times)


def pages() -> list[str]:
    """The addresses of the pages; the front page has none."""
    return [each.address for each in entries() if each.address]


@dataclass(frozen=True)
class Place:
    """Where an app is asked, and by whom."""

    address: str
    cookie: str


@contextmanager
def _serving(patience: float) -> Iterator[Place]:
    """An app that has shown its first page to somebody who may see every page."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    quiet, address = subprocess.DEVNULL, f"ws://127.0.0.1:{port}/_stcore/stream"
    with identity.shared_accounts().visitor() as secret:
        app = subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)  # noqa: S603 ours
        try:
            place = Place(address, f"{identity.COOKIE}={secret}")
            _wait(place, patience)
            yield place
        finally:
            app.terminate()
            app.wait()


def _wait(place: Place, patience: float) -> None:
    started = time.perf_counter()
    while time.perf_counter() - started < patience:
        try:
            _run_page(place, patience)
        except (OSError, WebSocketException):
            time.sleep(0.05)
        else:
            return
    raise CervixError(
        f"The app did not answer within {patience:.0f} s; one page was expected. Start it by hand "
        "with `make run` to see why."
    )


def _run_page(place: Place, patience: float, name: str = "") -> None:
    """Opens a session and runs the page of this name, or the one that it starts with."""
    request = BackMsg()
    request.rerun_script.query_string = ""
    request.rerun_script.page_name = name
    with connect(
        place.address, subprotocols=[Subprotocol("streamlit")], max_size=None,
        additional_headers={"Cookie": place.cookie},
    ) as session:  # fmt: skip
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
