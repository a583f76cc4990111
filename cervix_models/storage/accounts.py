"""Accounts, who is signed in, and invitations."""

from __future__ import annotations

import sqlalchemy as sa

from cervix_models.storage.account_tables import AccountRecord
from cervix_models.storage.keeping import Keeping


class Accounts:
    """The accounts of a store."""

    def __init__(self, keeping: Keeping) -> None:
        """Asks nothing yet."""
        self._keeping = keeping

    def count(self) -> int:
        """How many there are."""
        with self._keeping.session() as session:
            return session.scalars(sa.select(sa.func.count()).select_from(AccountRecord)).one()
