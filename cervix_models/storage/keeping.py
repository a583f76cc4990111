"""What a part of the store is given by it: its sessions, and how it keeps and drops pictures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Keeping:
    """The doors of a store."""

    session: Callable[..., AbstractContextManager[Session]]
    add_picture: Callable[[Session, str, str], None]  # by its hash and kind, put before
    forget: Callable[[Session, set[str]], None]  # records of pictures that nothing has
    remove: Callable[[set[str]], None]  # files of pictures whose records are gone
