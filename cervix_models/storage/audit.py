"""What was done here, each entry chained to the one before."""

from __future__ import annotations

import sqlalchemy as sa

from cervix_models.storage.audit_tables import AuditRecord
from cervix_models.storage.keeping import Keeping


class Audit:
    """The audit of a store."""

    def __init__(self, keeping: Keeping) -> None:
        """Asks nothing yet."""
        self._keeping = keeping

    def count(self) -> int:
        """How many there are."""
        with self._keeping.session() as session:
            return session.scalars(sa.select(sa.func.count()).select_from(AuditRecord)).one()
