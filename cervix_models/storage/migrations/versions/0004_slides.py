"""Which part of which slide a field is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the tables to this revision."""
    with op.batch_alter_table("fields") as fields:
        fields.add_column(sa.Column("slide", sa.String(64), nullable=True))
        fields.add_column(sa.Column("slide_left", sa.Integer(), nullable=True))
        fields.add_column(sa.Column("slide_top", sa.Integer(), nullable=True))
        fields.create_index(op.f("ix_fields_slide"), ["slide"])


def downgrade() -> None:
    """Takes the tables back to the revision before."""
    with op.batch_alter_table("fields") as fields:
        fields.drop_index(op.f("ix_fields_slide"))
        for column in ("slide_top", "slide_left", "slide"):
            fields.drop_column(column)
