"""How busy the machine is, looked at now and then."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from cervix_models.tasks import MACHINE
from cervix_models.worker import machine
from cervix_models.worker.machine import Sampler


def test_the_machine_is_looked_at_now_and_then(monkeypatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(machine.time, "monotonic", lambda: now[0])
    sampler = Sampler(since=60.0)
    first = {each.name: each for each in sampler.look()}
    assert {"cpu", "cpu_job", "memory", "memory_job"} <= set(first)
    assert all(each.part == MACHINE and each.step == 60 for each in first.values())
    assert all(0 <= each.value <= 100 for each in first.values())
    now[0] += machine.LEAST / 2
    assert sampler.look() == []
    now[0] += machine.LEAST
    assert {each.step for each in sampler.look()} == {67}


def test_looks_grow_rare_so_that_they_stay_few(monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(machine.time, "monotonic", lambda: now[0])
    sampler, looks = Sampler(), 0
    while now[0] < 7 * 24 * 3600:
        looks += bool(sampler.look())
        now[0] = sampler._next
    assert looks < 2500


@pytest.mark.parametrize("half", [SimpleNamespace(), SimpleNamespace(cuda=SimpleNamespace())])
def test_a_torch_that_is_only_half_imported_is_left_alone(monkeypatch, half) -> None:
    monkeypatch.setitem(sys.modules, "torch", half)
    assert {each.name for each in Sampler().look()} == {"cpu", "cpu_job", "memory", "memory_job"}
