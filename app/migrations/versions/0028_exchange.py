"""Cases that pass between this house and other platforms.

Revision 0028, after 0027.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _links()
    _messages()
    op.create_table(
        "dispatch_exchange_partner",
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("exported", sa.Integer(), nullable=False),
        sa.Column("paused_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("heard_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("partner", name=op.f("pk_dispatch_exchange_partner")),
    )
    op.create_table(
        "dispatch_exchange_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_exchange_run")),
        sqlite_autoincrement=True,
    )
    columns = ["partner", "kind", "id"]
    op.create_index(op.f("ix_dispatch_exchange_run_partner"), "dispatch_exchange_run", columns, unique=False)
    op.create_table(
        "dispatch_exchange_seal",
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "digest", name=op.f("pk_dispatch_exchange_seal")),
    )
    op.create_index(op.f("ix_dispatch_exchange_seal_at_ms"), "dispatch_exchange_seal", ["at_ms"], unique=False)


def _links() -> None:
    op.create_table(
        "dispatch_foreign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("state_ms", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=False),
        sa.Column("came_ms", sa.BigInteger(), nullable=False),
        sa.Column("intake", sa.Integer(), nullable=True),
        sa.Column("case", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("distance_m", sa.Float(), nullable=True),
        sa.Column("apart_ms", sa.BigInteger(), nullable=True),
        sa.Column("candidates", sa.Text(), nullable=False),
        sa.Column("told", sa.String(length=40), nullable=False),
        sa.Column("told_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["dispatch_intake.number"], name=op.f("fk_dispatch_foreign_intake")),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_foreign_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_foreign")),
        sa.UniqueConstraint("intake", name=op.f("uq_dispatch_foreign_intake")),
        sa.UniqueConstraint("partner", "number", name=op.f("uq_dispatch_foreign_partner_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_foreign_case"), "dispatch_foreign", ["case"], unique=False)
    op.create_index(op.f("ix_dispatch_foreign_told"), "dispatch_foreign", ["partner", "told"], unique=False)
    op.create_table(
        "dispatch_foreign_fact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("foreign", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("word", sa.String(length=100), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("came_ms", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.String(length=40), nullable=False),
        sa.Column("effect", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["foreign"], ["dispatch_foreign.id"], name=op.f("fk_dispatch_foreign_fact_foreign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_foreign_fact")),
        sa.UniqueConstraint("foreign", "state", "at_ms", name=op.f("uq_dispatch_foreign_fact_foreign_state_at_ms")),
        sqlite_autoincrement=True,
    )


def _messages() -> None:
    op.create_table(
        "dispatch_exchange_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("foreign", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("delivery", sa.String(length=40), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(length=1000), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["foreign"], ["dispatch_foreign.id"], name=op.f("fk_dispatch_exchange_out_foreign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_exchange_out")),
        sa.UniqueConstraint("key", name=op.f("uq_dispatch_exchange_out_key")),
        sqlite_autoincrement=True,
    )
    due, open_ = ["partner", "delivery", "next_ms"], ["foreign", "delivery"]
    op.create_index(op.f("ix_dispatch_exchange_out_due"), "dispatch_exchange_out", due, unique=False)
    op.create_index(op.f("ix_dispatch_exchange_out_foreign"), "dispatch_exchange_out", open_, unique=False)


def downgrade() -> None:
    """Cases stay; what other platforms call them is lost."""
    for name in ("seal", "run", "partner", "out"):
        op.drop_table(f"dispatch_exchange_{name}")
    op.drop_table("dispatch_foreign_fact")
    op.drop_table("dispatch_foreign")
