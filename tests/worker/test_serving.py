"""Application and worker together: a worker that dies is started again, and both are stopped."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from cervix_models.settings import ROOT
from cervix_models.worker.serving import Serving, app_command

APP = """
import sys, time, pathlib, signal
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path(sys.argv[1]).write_text("runs")
time.sleep(float(sys.argv[2]))
sys.exit(5)
"""
WORKER = """
import sys, pathlib
with pathlib.Path(sys.argv[1]).open("a") as log:
    log.write("started\\n")
"""


def serving(folder: Path, seconds: float, worker: str = WORKER) -> Serving:
    app = (sys.executable, "-c", APP, str(folder / "app"), str(seconds))
    return Serving(app, (sys.executable, "-c", worker, str(folder / "worker")), first=0.01)


def test_a_worker_that_died_is_started_again(tmp_path) -> None:
    made = serving(tmp_path, 600)
    thread = threading.Thread(target=made.run)
    thread.start()
    end = time.monotonic() + 60
    log = tmp_path / "worker"
    while not log.is_file() or log.read_text().count("started") < 3:
        assert time.monotonic() < end
        time.sleep(0.02)
    made.stopping.set()
    thread.join(60)
    assert not thread.is_alive()


def test_the_status_is_that_of_the_application(tmp_path) -> None:
    waits = "import time; time.sleep(600)"
    assert serving(tmp_path, 0.0, waits).run() == 5


def test_an_application_that_is_asked_to_stop_does(tmp_path) -> None:
    made = serving(tmp_path, 600, "import time; time.sleep(600)")
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(made.run()))
    thread.start()
    end = time.monotonic() + 60
    while not (tmp_path / "app").is_file():
        assert time.monotonic() < end
        time.sleep(0.02)
    made.stopping.set()
    thread.join(60)
    assert found == [0]


def test_options_are_handed_to_streamlit() -> None:
    command = app_command(["--server.port", "8502"])
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert command[4:] == [str(ROOT / "app.py"), "--server.port", "8502"]
