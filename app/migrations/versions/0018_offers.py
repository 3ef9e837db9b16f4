"""Tasks that are offered to several until somebody takes them.

Revision 0018, after 0017.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("dispatch_task", sa.Column("offer_ms", sa.BigInteger(), nullable=True))
    op.create_index("ix_dispatch_task_offer", "dispatch_task", ["offer_ms"], unique=False)
    op.create_index("ix_dispatch_task_assigned", "dispatch_task", ["assigned_ms"], unique=False)
    op.create_table(
        "dispatch_offer",
        sa.Column("person", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["dispatch_task.number"], name=op.f("fk_dispatch_offer_task")),
        sa.PrimaryKeyConstraint("person", "task", name=op.f("pk_dispatch_offer")),
    )
    op.create_index(op.f("ix_dispatch_offer_task"), "dispatch_offer", ["task"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_dispatch_offer_task"), table_name="dispatch_offer")
    op.drop_table("dispatch_offer")
    op.drop_index("ix_dispatch_task_assigned", table_name="dispatch_task")
    op.drop_index("ix_dispatch_task_offer", table_name="dispatch_task")
    op.drop_column("dispatch_task", "offer_ms")
