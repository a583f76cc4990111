"""Runs the migrations in the transaction of the connection given in the config's attributes."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from cervix_models.storage.tables import Base, Numbers, UTCDateTime


def _render(kind: str, value: Any, _context: Any) -> str | Literal[False]:
    # A migration must run when the package's own types are long changed: it names plain ones.
    if kind == "type" and isinstance(value, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, Numbers | sa.JSON):
        return "sa.JSON()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
