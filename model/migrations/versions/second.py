"""Costs that name suppliers, orders and people; issues out of sight; what a run asked; pages by walk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from model.columns import Identity, Instant, SafeText

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issue", sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("supplier", "category"):
        op.add_column("cost", sa.Column(name, SafeText(), nullable=False, server_default=""))
    for name in ("order", "person", "role"):
        op.add_column("cost", sa.Column(name, SafeText(), nullable=True))
    for name in ("requests", "waited"):
        op.add_column("run", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("run", sa.Column("allowance", SafeText(), nullable=False, server_default=""))
    _pages()


def _pages() -> None:
    """The kept pages are laid out anew and start empty: the older ones do not say which walk they are of."""
    op.drop_table("raw_page")
    op.create_table(
        "raw_page",
        sa.Column("source", Identity, sa.ForeignKey("source.pk"), nullable=False),
        *(sa.Column(name, SafeText(), nullable=False) for name in ("stream", "walk", "position")),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("received", Instant(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "stream", "walk", "position"),
    )
    op.create_index(op.f("ix_raw_page_received"), "raw_page", ["received"])
    op.create_index(op.f("ix_raw_page_source_number"), "raw_page", ["source", "number"])
