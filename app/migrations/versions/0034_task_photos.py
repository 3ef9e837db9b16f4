"""Photos of tasks, and why there is none after a repair.

Revision 0034, after 0033.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    reason = sa.Column("no_photo", sa.String(length=1000), server_default=sa.text("''"), nullable=False)
    op.add_column("dispatch_report", reason)
    op.create_table(
        "dispatch_task_photo",
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_task_photo_case")),
        sa.ForeignKeyConstraint(["task"], ["dispatch_task.number"], name=op.f("fk_dispatch_task_photo_task")),
        sa.PrimaryKeyConstraint("task", "position", name=op.f("pk_dispatch_task_photo")),
        sa.UniqueConstraint("actor", "key", name=op.f("uq_dispatch_task_photo_actor_key")),
    )
    for column in ("case", "sha256"):
        op.create_index(op.f(f"ix_dispatch_task_photo_{column}"), "dispatch_task_photo", [column], unique=False)


def downgrade() -> None:
    """The files stay; nobody names them any more."""
    op.drop_table("dispatch_task_photo")
    op.drop_column("dispatch_report", "no_photo")
