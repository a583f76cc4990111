"""Answers of learners and when a cell comes again; sets of cells, sittings and their answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the tables to this revision."""
    _practice()
    _sets()
    _sittings()


def downgrade() -> None:
    """Takes the tables back to the revision before."""
    for name in (
        "item_answers", "sittings", "set_items", "teaching_sets", "cell_schedules", "cell_answers",
    ):  # fmt: skip
        op.drop_table(name)


def _practice() -> None:
    op.create_table(
        "cell_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learner", sa.Text(), nullable=False),
        sa.Column("cell", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("said", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell_answers")),
    )
    op.create_index(op.f("ix_cell_answers_learner"), "cell_answers", ["learner"])
    op.create_table(
        "cell_schedules",
        sa.Column("learner", sa.Text(), nullable=False),
        sa.Column("cell", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("picture", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(
            ["picture"], ["images.sha256"], name=op.f("fk_cell_schedules_picture_images")
        ),
        sa.PrimaryKeyConstraint("learner", "cell", name=op.f("pk_cell_schedules")),
    )
    for column in ("due", "picture"):
        op.create_index(op.f(f"ix_cell_schedules_{column}"), "cell_schedules", [column])


def _sets() -> None:
    op.create_table(
        "teaching_sets",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("shown", sa.String(16), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teaching_sets")),
        sa.UniqueConstraint("code", name=op.f("uq_teaching_sets_code")),
    )
    op.create_table(
        "set_items",
        sa.Column("set_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cell", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("picture", sa.String(64), nullable=False),
        sa.Column("mask", sa.String(64), nullable=True),
        sa.Column("heard", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["set_id"], ["teaching_sets.id"], ondelete="CASCADE",
            name=op.f("fk_set_items_set_id_teaching_sets"),
        ),
        sa.ForeignKeyConstraint(
            ["picture"], ["images.sha256"], name=op.f("fk_set_items_picture_images")
        ),
        sa.ForeignKeyConstraint(["mask"], ["images.sha256"], name=op.f("fk_set_items_mask_images")),
        sa.PrimaryKeyConstraint("set_id", "number", name=op.f("pk_set_items")),
    )  # fmt: skip
    for column in ("picture", "mask"):
        op.create_index(op.f(f"ix_set_items_{column}"), "set_items", [column])


def _sittings() -> None:
    op.create_table(
        "sittings",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("set_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["set_id"], ["teaching_sets.id"], ondelete="CASCADE",
            name=op.f("fk_sittings_set_id_teaching_sets"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sittings")),
        sa.UniqueConstraint("set_id", "name_key", name=op.f("uq_sittings_set_id")),
    )  # fmt: skip
    op.create_table(
        "item_answers",
        sa.Column("sitting_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sitting_id"], ["sittings.id"], ondelete="CASCADE",
            name=op.f("fk_item_answers_sitting_id_sittings"),
        ),
        sa.PrimaryKeyConstraint("sitting_id", "number", name=op.f("pk_item_answers")),
    )  # fmt: skip
