"""Documents of facilities.

Revision 0043, after 0042.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "dispatch_document",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("removed_ms", sa.BigInteger(), nullable=True),
        sa.Column("removed_by", sa.String(length=64), server_default=sa.text("''"), nullable=False),
        sa.Column("removed_person", sa.Integer(), nullable=True),
        sa.Column("removed_why", sa.String(length=1000), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_document")),
        sqlite_autoincrement=True,
    )
    for column in ("facility", "sha256"):
        op.create_index(op.f(f"ix_dispatch_document_{column}"), "dispatch_document", [column], unique=False)


def downgrade() -> None:
    """The files stay; nobody names them any more."""
    op.drop_table("dispatch_document")
