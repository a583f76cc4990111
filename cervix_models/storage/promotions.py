"""Which model reads by default."""

from __future__ import annotations

import sqlalchemy as sa

from cervix_models.storage.keeping import Keeping
from cervix_models.storage.model_tables import PromotionRecord


class Promotions:
    """The promotions of a store."""

    def __init__(self, keeping: Keeping) -> None:
        """Asks nothing yet."""
        self._keeping = keeping

    def count(self) -> int:
        """How many there are."""
        with self._keeping.session() as session:
            return session.scalars(sa.select(sa.func.count()).select_from(PromotionRecord)).one()
