"""Residents are asked after a case is closed.

Revision 0029, after 0028.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "dispatch_revisit",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("by_resident", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("phone_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        sa.Column("way", sa.String(length=40), nullable=False),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("satisfaction", sa.Integer(), nullable=True),
        sa.Column("comment", sa.String(length=500), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_revisit_case")),
        sa.ForeignKeyConstraint(["line"], ["dispatch_history.id"], name=op.f("fk_dispatch_revisit_line")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_revisit")),
        sa.UniqueConstraint("line", name=op.f("uq_dispatch_revisit_line")),
        sa.UniqueConstraint("token", name=op.f("uq_dispatch_revisit_token")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_revisit_case"), "dispatch_revisit", ["case"], unique=False)
    op.create_index(op.f("ix_dispatch_revisit_state"), "dispatch_revisit", ["state", "ends_ms"], unique=False)
    name = op.f("ix_dispatch_revisit_phone_until_ms")
    op.create_index(name, "dispatch_revisit", ["phone_until_ms"], unique=False)
    op.create_table(
        "dispatch_contact",
        sa.Column("intake", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["dispatch_intake.number"], name=op.f("fk_dispatch_contact_intake")),
        sa.PrimaryKeyConstraint("intake", name=op.f("pk_dispatch_contact")),
    )
    op.create_index(op.f("ix_dispatch_contact_until_ms"), "dispatch_contact", ["until_ms"], unique=False)
    op.create_table(
        "dispatch_revisit_seen",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_revisit_seen")),
    )


def downgrade() -> None:
    """What people said is lost, with their numbers."""
    for name in ("revisit_seen", "contact", "revisit"):
        op.drop_table(f"dispatch_{name}")
