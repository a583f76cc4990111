"""How busy the machine is while a job runs: processors, memory, and a GPU where there is one."""

from __future__ import annotations

import os
import sys
import time

import psutil

from cervix_models.tasks import MACHINE, Metric

LEAST = 5.0  # seconds between two looks
PART = 240  # looks while the time that passed doubles, about: so that they stay few


class Sampler:
    """Looks at the machine now and then."""

    def __init__(self, since: float = 0.0) -> None:
        """Counts seconds from a start that was so many seconds ago."""
        self._begun = time.monotonic() - since
        self._next = 0.0
        self._process = psutil.Process(os.getpid())
        psutil.cpu_percent()  # the first answer says nothing
        self._process.cpu_percent()

    def look(self) -> list[Metric]:
        """What is seen now; nothing before it is time to look again."""
        passed = time.monotonic() - self._begun
        if passed < self._next:
            return []
        self._next = passed + max(LEAST, passed / PART)
        memory = psutil.virtual_memory()
        found = {
            "cpu": psutil.cpu_percent(),
            "cpu_job": self._process.cpu_percent() / (os.cpu_count() or 1),
            "memory": memory.percent,
            "memory_job": 100 * self._process.memory_info().rss / memory.total,
            **_gpu(),
        }
        step = int(passed)
        return [Metric(name, step, float(value), MACHINE) for name, value in found.items()]


def _gpu() -> dict[str, float]:
    """Load and memory of the GPU in per cent, where torch has been loaded and sees one."""
    torch = sys.modules.get("torch")
    # While another thread imports torch, parts of it are not there yet.
    begun = getattr(getattr(torch, "cuda", None), "is_initialized", None)
    if torch is None or begun is None or not begun():
        return {}
    free, total = torch.cuda.mem_get_info()
    found = {"gpu_memory": 100 * (1 - free / total)}
    try:
        found["gpu"] = float(torch.cuda.utilization())
    except (ModuleNotFoundError, RuntimeError):  # it asks for NVIDIA's own library
        return found
    return found
