"""Reports and tasks handed down; cases say where they come from, and need no facility.

Revision 0019, after 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    source = sa.Column("source", sa.String(length=40), server_default=sa.text("'alarm'"), nullable=False)
    op.add_column("dispatch_case", source)
    op.add_column("dispatch_case", sa.Column("reports", sa.Integer(), server_default="0", nullable=False))
    _open_key("open AND facility <> 0")
    op.create_table(
        "dispatch_intake",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("say_zh", sa.String(length=1000), nullable=False),
        sa.Column("say_en", sa.String(length=1000), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("ref", sa.String(length=100), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=True),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("candidates", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=True),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("decider", sa.Integer(), nullable=True),
        sa.Column("ruling", sa.String(length=1000), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_intake_case")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_intake")),
        sa.UniqueConstraint("actor", "key", name=op.f("uq_dispatch_intake_actor_key")),
        sa.UniqueConstraint("code", name=op.f("uq_dispatch_intake_code")),
        sqlite_autoincrement=True,
    )
    for name, columns in _INDEXES.items():
        op.create_index(op.f(name), "dispatch_intake", columns, unique=False)
    op.create_table(
        "dispatch_photo",
        sa.Column("intake", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["dispatch_intake.number"], name=op.f("fk_dispatch_photo_intake")),
        sa.PrimaryKeyConstraint("intake", "position", name=op.f("pk_dispatch_photo")),
    )
    op.create_index(op.f("ix_dispatch_photo_sha256"), "dispatch_photo", ["sha256"], unique=False)


_INDEXES = {
    "ix_dispatch_intake_at_ms": ["at_ms"],
    "ix_dispatch_intake_case": ["case"],
    "ix_dispatch_intake_verdict": ["verdict", "community"],
    "ix_dispatch_intake_department": ["department", "community", "at_ms"],
}


def downgrade() -> None:
    """Cases without a facility stay; the older program shows them as of facility #0, one open case of each event."""
    op.drop_table("dispatch_photo")
    op.drop_table("dispatch_intake")
    _end_what_the_old_key_forbids()
    _open_key("open")
    op.drop_column("dispatch_case", "reports")
    op.drop_column("dispatch_case", "source")


def _open_key(where: str) -> None:
    op.drop_index("open_key", table_name="dispatch_case")
    clause = sa.text(where)
    op.create_index(
        "open_key",
        "dispatch_case",
        ["facility", "family"],
        unique=True,
        sqlite_where=clause,
        postgresql_where=clause,
    )


def _end_what_the_old_key_forbids() -> None:
    """Of several open cases of one event that are about no facility, the older program can keep the first alone."""
    again = (
        "open AND facility = 0 AND number NOT IN "
        "(SELECT MIN(number) FROM dispatch_case WHERE open AND facility = 0 GROUP BY family)"
    )
    op.execute(
        f"UPDATE dispatch_task SET open = false, state = 'cancelled' "  # noqa: S608 - both parts stand above
        f'WHERE open AND "case" IN (SELECT number FROM dispatch_case WHERE {again})'
    )
    op.execute(
        "UPDATE dispatch_case SET open = false, state = 'cancelled', ended_by = 'system', "  # noqa: S608 - as above
        f"note = 'downgrade' WHERE {again}"
    )
