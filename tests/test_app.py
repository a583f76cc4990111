"""The entry script, imported as a fresh process does it."""

from __future__ import annotations

import os
import subprocess
import sys

from cervix_models.settings import ROOT

LOOK = """
import os, sys
import app
print(os.environ["OMP_WAIT_POLICY"], os.environ["GOMP_SPINCOUNT"], "torch" in sys.modules)
"""


def test_waiting_threads_sleep_before_torch_is_imported() -> None:
    bare = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=ROOT, env=bare, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["passive", "1000", "False"]
