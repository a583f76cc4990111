"""The entry script, imported as a fresh process does it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cervix_models.settings import ROOT

LOOK = """
import os, sys
import app
print(os.environ["OMP_WAIT_POLICY"], os.environ["GOMP_SPINCOUNT"], "torch" in sys.modules)
print(*{"scipy.ndimage", "scipy.signal", "sklearn", "skimage.measure"} & set(sys.modules))
"""


@pytest.fixture(scope="module")
def said() -> list[str]:
    """The lines of a process that looked about after it had imported the application."""
    bare = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=ROOT, env=bare, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_waiting_threads_sleep_before_torch_is_imported(said) -> None:
    assert said[0] == "passive 1000 False"


def test_what_takes_long_to_import_waits_until_it_is_needed(said) -> None:
    assert said[1] == ""
