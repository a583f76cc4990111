"""The heads of the audit log, noted in a file beside the database after each transaction.

The chain alone cannot show that its end was cut off, or that it was written anew as a whole.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from cervix_models.errors import StorageError

NOTED = "cervix_audit_head"  # number and hash of the last entry, in the info of its session
FILE = "audit.heads"  # below the home
_LINE = re.compile(rb"([1-9]\d*) ([0-9a-f]{64})")

logger = logging.getLogger(__name__)


class Heads:
    """A file to which a line `NUMBER SHA256` is added and nothing else is done, so that it may lie
    where lines can only be added."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, home: Path) -> Heads:
        """Those of an installation."""
        return cls(home / FILE)

    def add(self, session: Session) -> None:
        """Adds the last entry that this session made, if it made any; called after its commit."""
        noted = session.info.pop(NOTED, None)
        if noted is None:
            return
        try:
            with self.path.open("a", encoding="ascii") as file:
                # A line that was torn when the power failed must not spoil this one.
                file.write(f"\n{noted[0]} {noted[1]}\n")
        except OSError as error:  # what was done is kept already; only its witness is not
            logger.error("The head of the audit log was not noted in %s: %s", self.path, error)  # noqa: TRY400

    def size(self) -> int:
        """How many bytes of heads there are now."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def all(self, size: int) -> Iterator[tuple[int, str]]:
        """The number and hash of each entry that was noted, as the lines stand in so many bytes.
        Raises StorageError where the file cannot be read."""
        try:
            if not self.path.exists():
                return
            with self.path.open("rb") as file:
                while file.tell() < size and (line := file.readline()):
                    if found := _LINE.fullmatch(line.strip()):
                        yield int(found[1]), found[2].decode()
        except OSError as error:
            raise StorageError(
                f"The heads of the audit log cannot be read from {self.path}: {error.strerror}. "
                "Expected a file that this user can read. Set its rights."
            ) from error
