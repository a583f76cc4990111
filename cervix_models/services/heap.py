"""What stays in memory for good is left out of garbage collection."""

from __future__ import annotations

import gc


def settle() -> None:
    """Takes all objects there are now out of later garbage collections, once garbage is gone.

    Models and their libraries are half a million objects that stay. Streamlit collects after every
    run of a page, which then holds all threads for half a second; after this, for none.
    """
    gc.collect()
    gc.freeze()
