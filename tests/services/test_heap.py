"""Collections of garbage find nothing while models load, and only what came since afterwards."""

from __future__ import annotations

import gc
import platform
import weakref

import pytest

from cervix_models.services.heap import few_arenas, settling


class Knot:
    """Garbage that only a collection finds: it holds itself."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


def test_a_collection_within_finds_nothing_and_the_end_finds_all() -> None:
    watchers = list(gc.callbacks)
    with settling():
        knot = weakref.ref(Knot())
        gc.collect()
        assert knot() is not None
        assert gc.get_freeze_count() > 0
    assert knot() is None
    assert gc.callbacks == watchers


def test_what_was_loaded_stays_out_of_later_collections() -> None:
    with settling():
        kept = [Knot() for _ in range(100)]
    assert gc.get_freeze_count() > 100
    later = weakref.ref(Knot())
    del kept
    gc.collect()
    assert later() is None


def test_a_failed_load_leaves_no_watcher() -> None:
    watchers = list(gc.callbacks)
    with pytest.raises(ValueError, match="no weights"), settling():
        raise ValueError("no weights")
    assert gc.callbacks == watchers


def test_threads_share_heaps_where_glibc_lets_them(monkeypatch) -> None:
    assert few_arenas() is (platform.libc_ver()[0] == "glibc")
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())  # another library of C
    assert few_arenas() is False
