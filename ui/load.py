"""Many people at once: each uploads cells and waits for the readings, over the wire as browsers do.

`python -m ui.load --users 30 --seconds 120` starts the application with a home of its own, on the
database of --database where one is named, and says how long readings took, whether one failed or
was lost, and how the memory went.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import socket
from statistics import median

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import png_of
from cervix_models.data.samples import render_sample
from cervix_models.errors import CervixError
from cervix_models.services.accounts import open_accounts
from cervix_models.settings import ROOT, load_settings
from ui.identity import COOKIE

PATIENCE = 120.0  # seconds for one answer
BOUNDARY = "a-boundary-of-the-load-test"
MARGIN = 0.10  # that memory may grow by after the first minute


@dataclass
class Told:
    """What came of it."""

    seconds: list[float] = field(default_factory=list)  # of each reading, upload included
    at: list[float] = field(default_factory=list)  # when each was done, since the start
    problems: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)  # seconds, MB
    stored: int = 0

    def lines(self, users: int) -> Iterator[str]:
        """The figures, one a line."""
        times = np.array(self.seconds)
        half = max(self.at, default=0.0) / 2
        yield f"{users} people: {len(times)} readings in {max(self.at, default=0):.0f} s"
        yield f"stored                             {self.stored:8d}"
        yield f"failed                             {len(self.problems):8d}"
        if len(times):
            yield f"one reading, median                {median(times):8.2f} s"
            yield f"one reading, 95th percentile       {np.percentile(times, 95):8.2f} s"
            yield f"readings a second                  {len(times) / max(self.at):8.2f}"
        early = [mb for second, mb in self.memory if second <= half]
        late = [mb for second, mb in self.memory if second > half]
        if early and late:
            yield f"memory, end of the first half      {early[-1]:8.0f} MB"
            yield f"memory, most of the second half    {max(late):8.0f} MB"
            yield f"grown by                           {100 * (max(late) / early[-1] - 1):8.1f} %"
        yield from sorted(set(self.problems))[:5]

    def holds(self) -> bool:
        """Whether no reading failed or was lost, and memory was flat in the second half."""
        half = max(self.at, default=0.0) / 2
        early = [mb for second, mb in self.memory if second <= half]
        late = [mb for second, mb in self.memory if second > half]
        flat = bool(early and late) and max(late) <= (1 + MARGIN) * early[-1]
        return flat and not self.problems and self.stored == len(self.seconds) > 0


def load(users: int, seconds: float, database: str | None = None) -> Told:
    """What came of so many people who upload and read for so long. Raises CervixError where the
    application does not start."""
    told = Told()
    with tempfile.TemporaryDirectory(prefix="cervix-load-") as home:
        settings = replace(
            load_settings(), home=Path(home),
            database_url=database or f"sqlite:///{home}/cervix.sqlite3",
        )  # fmt: skip
        accounts = open_accounts(settings)
        store = accounts.store
        before = store.count()
        with ExitStack() as open_, _serving(Path(home), database) as server:
            started, stop = time.perf_counter(), threading.Event()
            secrets = [open_.enter_context(accounts.visitor()) for _ in range(users)]
            people = [
                threading.Thread(target=_person, args=(number, server, secret, started, stop, told))
                for number, secret in enumerate(secrets)
            ]
            for each in people:
                each.start()
            while time.perf_counter() - started < seconds:
                told.memory.append((time.perf_counter() - started, _memory(server.process)))
                time.sleep(1)
            stop.set()
            for each in people:
                each.join(PATIENCE)
        told.stored = store.count() - before
        store.close()
    return told


@dataclass(frozen=True)
class _Server:
    process: subprocess.Popen[bytes]
    port: int


@contextmanager
def _serving(home: Path, database: str | None) -> Iterator[_Server]:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    around = {**os.environ, "CERVIX_HOME": str(home)}
    if database:
        around["CERVIX_DATABASE_URL"] = database
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=around, stdout=log, stderr=log)  # noqa: S603 ours
        try:
            _wait(port, process)
            yield _Server(process, port)
        finally:
            process.terminate()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            if _asked(port, "GET", "/health").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise CervixError("The application did not start. Start it with `make run` to see why.")


def _asked(
    port: int, method: str, path: str, body: bytes = b"", **headers: str
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def _memory(process: subprocess.Popen[bytes]) -> float:
    whole = psutil.Process(process.pid)
    return float(sum(each.memory_info().rss for each in [whole, *whole.children(True)])) / 1e6


def _person(
    number: int, server: _Server, secret: str, started: float, stop: threading.Event, told: Told
) -> None:
    random = np.random.default_rng(number)
    while not stop.is_set():
        try:
            with Visit(server.port, secret) as session:
                while not stop.is_set():
                    label = CLASS_NAMES[int(random.integers(5))]
                    cell = png_of(render_sample(label, seed=int(random.integers(1 << 30))))
                    begun = time.perf_counter()
                    session.read(cell)
                    told.seconds.append(time.perf_counter() - begun)
                    told.at.append(time.perf_counter() - started)
        except (OSError, WebSocketException, CervixError, TimeoutError) as problem:
            told.problems.append(f"{type(problem).__name__}: {problem}")


class Visit:
    """One browser at the page Read cells."""

    def __init__(self, port: int, secret: str) -> None:
        self.port, self.cookie = port, f"{COOKIE}={secret}"
        kept = _asked(port, "GET", "/_stcore/health", Cookie=self.cookie).headers
        found = re.search(r"_streamlit_xsrf=([^;]+)", str(kept.get_all("set-cookie")))
        self.token = found[1] if found else ""
        self.cookie += f"; _streamlit_xsrf={self.token}"
        self.id, self.uploader, self.query = "", "", ""
        self.opened = ExitStack()
        self.socket: ClientConnection

    def __enter__(self) -> Visit:
        self.socket = self.opened.enter_context(
            connect(
                f"ws://127.0.0.1:{self.port}/_stcore/stream", max_size=None,
                open_timeout=PATIENCE, subprotocols=[Subprotocol("streamlit")],
                additional_headers={"Cookie": self.cookie},
            )
        )  # fmt: skip
        self._run(BackMsg())
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()

    def read(self, cell: bytes) -> None:
        """Uploads a cell, and waits until its reading is shown. Raises CervixError where it is
        not."""
        place = self._upload(cell)
        message = BackMsg()
        state = message.rerun_script.widget_states.widgets.add(id=self.uploader)
        state.file_uploader_state_value.uploaded_file_info.add(
            name="cell.png", size=len(cell), file_id=place.file_id, file_urls=place
        )
        self._run(message)
        if "reading=" not in self.query:
            raise CervixError("A cell was uploaded and no reading shown; one was expected.")
        self.query = ""
        self._run(BackMsg())  # back to the empty page

    def _upload(self, cell: bytes) -> FileURLs:
        asked = BackMsg()
        asked.file_urls_request.request_id = "1"
        asked.file_urls_request.file_names.append("cell.png")
        asked.file_urls_request.session_id = self.id
        self.socket.send(asked.SerializeToString())
        while (message := self._next()).WhichOneof("type") != "file_urls_response":
            pass
        place = message.file_urls_response.file_urls[0]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="cell.png"'
        body = head.encode() + b"\r\nContent-Type: image/png\r\n\r\n" + cell
        answer = _asked(
            self.port, "PUT", "/" + place.upload_url.lstrip("/"),
            body + f"\r\n--{BOUNDARY}--\r\n".encode(), Cookie=self.cookie, X_Xsrftoken=self.token,
            Content_Type=f"multipart/form-data; boundary={BOUNDARY}",
        )  # fmt: skip
        if answer.status >= 300:
            raise CervixError(f"An upload was answered with {answer.status}; 204 was expected.")
        return place

    def _run(self, message: BackMsg) -> None:
        message.rerun_script.page_name = "triage"
        message.rerun_script.query_string = self.query
        self.socket.send(message.SerializeToString())
        while True:
            found = self._next()
            kind = found.WhichOneof("type")
            if kind == "new_session":
                self.id = found.new_session.initialize.session_id or self.id
            elif kind == "page_info_changed":
                self.query = found.page_info_changed.query_string
            elif kind == "delta":
                self._look(found)
            elif kind == "script_finished" and found.script_finished == SUCCESS:
                return

    def _look(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "file_uploader":
            self.uploader = element.file_uploader.id
        elif kind == "exception":
            raise CervixError(f"The page ended with an error: {element.exception.message}")
        elif kind == "alert" and element.alert.format == ERROR:
            raise CervixError(f"The page said: {element.alert.body}")

    def _next(self) -> ForwardMsg:
        message = ForwardMsg()
        message.ParseFromString(self.socket.recv(PATIENCE, decode=False))
        return message


SUCCESS = ForwardMsg.ScriptFinishedStatus.Value("FINISHED_SUCCESSFULLY")
ERROR = 1  # of Alert.Format


def main() -> int:
    """Runs the load test by the command line's options; 0 where it holds."""
    parser = argparse.ArgumentParser(prog="python -m ui.load", description=__doc__)
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--database", help="an SQLAlchemy URL; default: SQLite in a new home")
    args = parser.parse_args()
    told = load(args.users, args.seconds, args.database)
    sys.stdout.writelines(f"{line}\n" for line in told.lines(args.users))
    return 0 if told.holds() else 1


if __name__ == "__main__":
    sys.exit(main())
