"""How quick a reading is here, and what it takes: measured on our own synthetic cells."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from socket import socket

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from cervix_models.contracts import Image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.samples import render_sample
from cervix_models.errors import CervixError
from cervix_models.services.reader import Reader
from cervix_models.settings import ROOT, load_settings

BATCH = 32


def bench(readings: int, bulk: int) -> Iterator[str]:
    """Lines of figures: loading, one reading, bulk, the first page, peak memory."""
    started = time.perf_counter()
    reader = Reader(load_settings())
    cells = [render_sample(CLASS_NAMES[i % 5], seed=i) for i in range(max(10, min(bulk, 40)))]
    reader.read(cells[0])
    yield f"models loaded and first reading    {time.perf_counter() - started:8.2f} s"
    single = [_timed(reader, cells[i % len(cells)]) for i in range(readings)]
    yield f"one reading, median                {np.median(single) * 1000:8.0f} ms"
    yield f"one reading, 95th percentile       {np.percentile(single, 95) * 1000:8.0f} ms"
    started = time.perf_counter()
    for start in range(0, bulk, BATCH):
        reader.read_many([cells[i % len(cells)] for i in range(start, min(start + BATCH, bulk))])
    speed = bulk / (time.perf_counter() - started)
    yield f"bulk, without Grad-CAM             {speed:8.1f} images/s"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"peak memory of reading             {peak:8.0f} MB"
    yield f"app started and first page shown   {_first_page():8.2f} s"


def _timed(reader: Reader, image: Image) -> float:
    started = time.perf_counter()
    reader.read(image)
    return time.perf_counter() - started


def _first_page(patience: float = 60.0) -> float:
    """Seconds from starting the app to the end of its first page, asked for as a browser does."""
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
