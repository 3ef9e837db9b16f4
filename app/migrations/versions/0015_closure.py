"""How cases end: reports of handling with their cost, observations by the sensor, merged cases.

Revision 0015, after 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "dispatch_merge",
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("into", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_merge_case")),
        sa.ForeignKeyConstraint(["into"], ["dispatch_case.number"], name=op.f("fk_dispatch_merge_into")),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_dispatch_merge")),
    )
    op.create_index(op.f("ix_dispatch_merge_into"), "dispatch_merge", ["into"], unique=False)
    op.create_table(
        "dispatch_report",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("cause_text", sa.String(length=1000), nullable=False),
        sa.Column("labour_min", sa.Integer(), nullable=False),
        sa.Column("contractor_fen", sa.BigInteger(), nullable=False),
        sa.Column("parts_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_report_case")),
        sa.ForeignKeyConstraint(["task"], ["dispatch_task.number"], name=op.f("fk_dispatch_report_task")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_report")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_report_at_ms"), "dispatch_report", ["at_ms"], unique=False)
    op.create_index(op.f("ix_dispatch_report_case"), "dispatch_report", ["case"], unique=False)
    op.create_table(
        "dispatch_part",
        sa.Column("report", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("quantity", sa.Float(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["report"], ["dispatch_report.number"], name=op.f("fk_dispatch_part_report")),
        sa.PrimaryKeyConstraint("report", "position", name=op.f("pk_dispatch_part")),
    )
    op.create_table(
        "dispatch_watch",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("window_ms", sa.BigInteger(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=True),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("look_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("moment_ms", sa.BigInteger(), nullable=True),
        sa.Column("alarm_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_watch_case")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_watch")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_watch_case"), "dispatch_watch", ["case"], unique=False)
    op.create_index(op.f("ix_dispatch_watch_look_ms"), "dispatch_watch", ["look_ms"], unique=False)
    goes_on = sa.text("ended_ms IS NULL")
    op.create_index(
        "open_watch", "dispatch_watch", ["case"], unique=True, sqlite_where=goes_on, postgresql_where=goes_on
    )


def downgrade() -> None:
    for table in ("dispatch_watch", "dispatch_part", "dispatch_report", "dispatch_merge"):
        op.drop_table(table)
