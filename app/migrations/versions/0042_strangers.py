"""Gateways that were heard and are not enrolled are kept, so that they can be.

Revision 0042, after 0041.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "registry_stranger",
        sa.Column("group_id", sa.String(255), nullable=False),
        sa.Column("node_id", sa.String(255), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "node_id", name=op.f("pk_registry_stranger")),
    )


def downgrade() -> None:
    """They are heard again as soon as they speak."""
    op.drop_table("registry_stranger")
