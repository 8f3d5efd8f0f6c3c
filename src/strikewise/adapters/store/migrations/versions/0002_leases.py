"""Leases: which process may write an account's decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "leases",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("taken_at", instant, nullable=False),
        sa.Column("until", instant, nullable=False),
    )
