"""Everybody can keep views of a list: its filters and order under a name.

Revision 0037, after 0036.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "api_saved_view",
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("page", sa.String(30), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.String(1000), nullable=False),
        sa.Column("kept_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("username", "page", "name", name=op.f("pk_api_saved_view")),
    )


def downgrade() -> None:
    """The views are lost; lists show what they show without."""
    op.drop_table("api_saved_view")
