"""Notifications go by configured channels: state of each delivery, attempts, pauses, people's wishes.

Revision 0014, after 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None

_OUTBOX = "dispatch_outbox"


def upgrade() -> None:
    _columns()
    op.create_index("ix_dispatch_outbox_state", _OUTBOX, ["state", "done_ms"], unique=False)
    outbox = sa.table(
        _OUTBOX,
        sa.column("next_ms", sa.BigInteger),
        sa.column("sent_ms", sa.BigInteger),
        sa.column("created_ms", sa.BigInteger),
        sa.column("error", sa.String),
        sa.column("state", sa.String),
        sa.column("done_ms", sa.BigInteger),
    )
    over = outbox.c.next_ms.is_(None)
    op.execute(
        sa.update(outbox).where(over, outbox.c.sent_ms.is_not(None)).values(state="sent", done_ms=outbox.c.sent_ms)
    )
    op.execute(sa.update(outbox).where(over, outbox.c.error == "withdrawn").values(state="withdrawn"))
    given_up = (over, outbox.c.sent_ms.is_(None), outbox.c.error != "withdrawn")
    op.execute(sa.update(outbox).where(*given_up).values(state="given_up", done_ms=outbox.c.created_ms))
    _tables()


def _columns() -> None:
    for column in (
        sa.Column("severity", sa.Integer(), server_default="2", nullable=False),
        sa.Column("state", sa.String(length=40), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("via", sa.String(length=64), server_default=sa.text("''"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unsure", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("refused", sa.String(length=500), server_default=sa.text("''"), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
    ):
        op.add_column(_OUTBOX, column)


def _tables() -> None:
    op.create_table(
        "dispatch_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_attempt")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dispatch_attempt_channel", "dispatch_attempt", ["channel", "at_ms"], unique=False)
    op.create_table(
        "dispatch_pause",
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "target", name=op.f("pk_dispatch_pause")),
    )
    op.create_table(
        "dispatch_preference",
        sa.Column("person", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.Column("breaks", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_dispatch_preference")),
    )


def downgrade() -> None:
    for table in ("dispatch_preference", "dispatch_pause"):
        op.drop_table(table)
    op.drop_index("ix_dispatch_attempt_channel", table_name="dispatch_attempt")
    op.drop_table("dispatch_attempt")
    op.drop_index("ix_dispatch_outbox_state", table_name=_OUTBOX)
    for column in ("done_ms", "refused", "alone", "unsure", "tries", "via", "state", "severity"):
        op.drop_column(_OUTBOX, column)
