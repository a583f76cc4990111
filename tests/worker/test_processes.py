"""Processes that end with their parent, and what is said of how they ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cervix_models.settings import ROOT
from cervix_models.worker.processes import ending_words, signal_group, tail_of

PARENT = """
import subprocess, sys, time
from cervix_models.worker.processes import die_with_parent
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         start_new_session=True, preexec_fn=die_with_parent)
print(child.pid, flush=True)
time.sleep(600)
"""


def gone(pid: int) -> bool:
    """Whether a process is there no more, or waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_process_ends_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not gone(child)
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 30
    while not gone(child):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_group_that_is_gone_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    signal_group(process.pid, signal.SIGTERM)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def test_the_end_of_an_output_is_told_without_progress_bars(tmp_path) -> None:
    assert tail_of(tmp_path / "none") == ""
    path = tmp_path / "output.log"
    lines = [f"line {number}" for number in range(30)]
    path.write_text("\n".join(lines) + "\n 10%|#\r 20%|##\rdone\n\n", encoding="utf-8")
    assert tail_of(path).splitlines() == [*lines[-11:], "done"]


@pytest.mark.parametrize(
    ("code", "words"),
    [(3, "ended with status 3"), (-9, "by SIGKILL, as where memory runs out"), (-15, "by SIGTERM")],
)
def test_an_end_is_put_into_words(code, words) -> None:
    assert ending_words(code).endswith(words)
