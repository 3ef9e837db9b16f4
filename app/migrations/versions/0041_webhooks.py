"""Webhooks: who is told what of alarms and cases, what waits for them, what was done to them.

Revision 0041, after 0040.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "dispatch_webhook",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("events", sa.String(400), nullable=False),
        sa.Column("communities", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(100), nullable=False),
        sa.Column("former", sa.String(100), nullable=False),
        sa.Column("former_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("seen_case", sa.Integer(), nullable=False),
        sa.Column("seen_alarm", sa.Integer(), nullable=False),
        sa.Column("paused_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since_ms", sa.BigInteger(), nullable=True),
        sa.Column("accepted_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_outcome", sa.String(40), nullable=False),
        sa.Column("last_detail", sa.String(300), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_webhook")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dispatch_webhook_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("webhook", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("delivery", sa.String(40), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(1000), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["webhook"], ["dispatch_webhook.number"], name=op.f("fk_dispatch_webhook_out_webhook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_webhook_out")),
        sa.UniqueConstraint("key", name=op.f("uq_dispatch_webhook_out_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dispatch_webhook_out_due", "dispatch_webhook_out", ["webhook", "delivery", "next_ms"])
    op.create_index("ix_dispatch_webhook_out_subject", "dispatch_webhook_out", ["webhook", "subject", "delivery"])
    op.create_index("ix_dispatch_webhook_out_done", "dispatch_webhook_out", ["delivery", "done_ms"])
    op.create_table(
        "dispatch_webhook_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("detail", sa.String(1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook"], ["dispatch_webhook.number"], name=op.f("fk_dispatch_webhook_step_webhook")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_webhook_step")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_webhook_step_webhook"), "dispatch_webhook_step", ["webhook"])


def downgrade() -> None:
    """Nobody outside is told any more; who was, and what waits for them, is lost."""
    op.drop_table("dispatch_webhook_step")
    op.drop_table("dispatch_webhook_out")
    op.drop_table("dispatch_webhook")
