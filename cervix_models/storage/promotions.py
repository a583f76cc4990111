"""Which model reads by default: the last promotion of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

import sqlalchemy as sa

from cervix_models.contracts import DefaultKind, Promotion
from cervix_models.errors import StorageError
from cervix_models.storage.audit import note
from cervix_models.storage.keeping import Keeping
from cervix_models.storage.model_tables import PromotionRecord
from cervix_models.storage.verdicts import is_text

_newest_ids = sa.select(sa.func.max(PromotionRecord.id)).group_by(PromotionRecord.kind)


class Promotions:
    """The promotions of a store."""

    def __init__(self, keeping: Keeping) -> None:
        """Asks nothing yet."""
        self._keeping = keeping

    def add(self, promotion: Promotion) -> None:
        """Keeps a promotion, which holds from now on, and notes it in the audit log. Raises
        StorageError for a reason that cannot be stored."""
        if not is_text(promotion.reason):
            raise StorageError(
                "The reason holds characters that cannot be stored. Write it again in plain text."
            )
        with self._keeping.session(write=True) as session:
            session.add(PromotionRecord(**asdict(promotion)))
            detail = {
                "kind": promotion.kind,
                "version": promotion.version,
                "weights": promotion.weights_sha256,
            }
            note(session, "model.promote", promotion.name, detail)

    def newest(self) -> Mapping[DefaultKind, Promotion]:
        """The promotion that holds, by kind; none of a kind of which nothing was promoted."""
        asked = sa.select(PromotionRecord).where(PromotionRecord.id.in_(_newest_ids))
        with self._keeping.session() as session:
            found = [_promotion_of(each) for each in session.scalars(asked)]
        return {each.kind: each for each in found}

    def history(self, kind: DefaultKind | None = None, limit: int = 100) -> list[Promotion]:
        """The promotions, of one kind where it is given, the newest first."""
        asked = sa.select(PromotionRecord).order_by(PromotionRecord.id.desc()).limit(limit)
        if kind is not None:
            asked = asked.where(PromotionRecord.kind == kind)
        with self._keeping.session() as session:
            return [_promotion_of(each) for each in session.scalars(asked)]


def _promotion_of(record: PromotionRecord) -> Promotion:
    return Promotion(
        kind=cast("DefaultKind", record.kind),
        name=record.name,
        version=record.version,
        weights_sha256=record.weights_sha256,
        reason=record.reason,
        created_by=record.created_by,
        created_at=record.created_at,
    )
