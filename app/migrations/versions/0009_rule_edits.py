"""The record of rules edited in the pages.

Revision 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "registry_rule_edit",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_registry_rule_edit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_registry_rule_edit_rule_id"), "registry_rule_edit", ["rule_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_registry_rule_edit_rule_id"), table_name="registry_rule_edit")
    op.drop_table("registry_rule_edit")
