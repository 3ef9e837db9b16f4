"""Who was told of a task before it was given anew: it counts in their hour and their day.

Revision 0030, after 0029.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "dispatch_told",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_told")),
    )
    op.create_index(op.f("ix_dispatch_told_at_ms"), "dispatch_told", ["at_ms"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_dispatch_told_at_ms"), table_name="dispatch_told")
    op.drop_table("dispatch_told")
