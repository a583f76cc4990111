"""What people say of made and of real cells."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the tables to this revision."""
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learner", sa.Text(), nullable=False),
        sa.Column("round_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("generator", sa.Text(), nullable=True),
        sa.Column("weights", sa.String(64), nullable=True),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("said_made", sa.Boolean(), nullable=False),
        sa.Column("quality", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_judgements_round_id")),
    )
    for column in ("learner", "generator"):
        op.create_index(op.f(f"ix_judgements_{column}"), "judgements", [column])
    op.create_table(
        "preferences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learner", sa.Text(), nullable=False),
        sa.Column("pair_id", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("preferred", sa.Text(), nullable=False),
        sa.Column("preferred_weights", sa.String(64), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("other_weights", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preferences")),
        sa.UniqueConstraint("pair_id", name=op.f("uq_preferences_pair_id")),
    )
    op.create_index(op.f("ix_preferences_learner"), "preferences", ["learner"])


def downgrade() -> None:
    """Takes the tables back to the revision before."""
    op.drop_table("preferences")
    op.drop_table("judgements")
