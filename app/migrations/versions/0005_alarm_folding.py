"""Which element an alarm is of, what took it in, and what cannot be seen because of it.

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "dispatch_fold",
        sa.Column("alarm_id", sa.String(length=64), nullable=False),
        sa.Column("element", sa.String(length=300), nullable=False),
        sa.Column("folded_into", sa.String(length=64), nullable=False),
        sa.Column("unseen", sa.Text(), nullable=False),
        sa.Column("say_zh", sa.String(length=1000), nullable=False),
        sa.Column("say_en", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["dispatch_alarm.alarm_id"], name=op.f("fk_dispatch_fold_alarm_id")),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_dispatch_fold")),
    )
    op.create_index(op.f("ix_dispatch_fold_folded_into"), "dispatch_fold", ["folded_into"], unique=False)


def downgrade() -> None:
    op.drop_table("dispatch_fold")
