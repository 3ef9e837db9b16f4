"""Stage clocks of cases, and extensions, supervisions and appeals beside their state.

A case that is open when this runs gets its clocks with its next stages. That of handling has begun: it gets one up to
the limit that stands, written as hours between its opening and that limit, or as the default of its severity where it
runs in working hours. One that is suspended goes without.

Revision 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

_HANDLING = """
INSERT INTO dispatch_stage
    ("case", task, stage, amount, unit, basis, standard, total_ms, started_ms, warn_ms, limit_ms, paused_ms, ended_by,
     late, reached, extended, next_ms)
SELECT number, task, 'handle', hours, unit, 'severity', '', CAST(hours * 3600000 AS BIGINT), opened_ms,
    opened_ms + (due_ms - opened_ms) * 4 / 5, due_ms, 0, '', overdue, '', 0, due_ms
FROM (
    SELECT c.number, t.number AS task, c.opened_ms, c.due_ms, c.overdue,
        CASE WHEN c.due_clock = 'work' THEN 'work_hour' ELSE 'urgent_hour' END AS unit,
        CASE WHEN c.due_clock <> 'work' THEN (c.due_ms - c.opened_ms) / 3600000.0
            WHEN c.severity >= 2 THEN 8.0 WHEN c.severity = 1 THEN 16.0 ELSE 40.0 END AS hours
    FROM dispatch_case c JOIN dispatch_task t ON t."case" = c.number AND t.kind = 'handle'
    WHERE c.open AND NOT c.drill AND c.due_what = 'handle' AND c.met_ms IS NULL AND c.due_ms > c.opened_ms
) AS begun
"""


def upgrade() -> None:
    op.add_column("dispatch_case", sa.Column("suspended_until_ms", sa.BigInteger(), nullable=True))
    op.add_column("dispatch_case", sa.Column("extensions", sa.Integer(), server_default="0", nullable=False))
    supervised = sa.Column("supervised", sa.String(length=40), server_default=sa.text("''"), nullable=False)
    op.add_column("dispatch_case", supervised)
    op.add_column("dispatch_case", sa.Column("excused", sa.Boolean(), server_default=sa.false(), nullable=False))
    _create_stage()
    _create_proceeding()
    op.execute(_HANDLING)


def downgrade() -> None:
    op.drop_table("dispatch_proceeding")
    op.drop_table("dispatch_stage")
    for column in ("excused", "supervised", "extensions", "suspended_until_ms"):
        op.drop_column("dispatch_case", column)


def _create_stage() -> None:
    op.create_table(
        "dispatch_stage",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("basis", sa.String(length=40), nullable=False),
        sa.Column("standard", sa.String(length=1000), nullable=False),
        sa.Column("total_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("warn_ms", sa.BigInteger(), nullable=False),
        sa.Column("limit_ms", sa.BigInteger(), nullable=False),
        sa.Column("paused_since_ms", sa.BigInteger(), nullable=True),
        sa.Column("paused_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=40), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("reached", sa.String(length=40), nullable=False),
        sa.Column("extended", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_stage_case")),
        sa.ForeignKeyConstraint(["task"], ["dispatch_task.number"], name=op.f("fk_dispatch_stage_task")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_stage")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_stage_case"), "dispatch_stage", ["case"], unique=False)
    op.create_index(op.f("ix_dispatch_stage_next_ms"), "dispatch_stage", ["next_ms"], unique=False)
    runs = sa.text("ended_ms IS NULL")
    op.create_index(
        "running_stage",
        "dispatch_stage",
        ["case", "stage"],
        unique=True,
        sqlite_where=runs,
        postgresql_where=runs,
    )


def _create_proceeding() -> None:
    op.create_table(
        "dispatch_proceeding",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("wished_ms", sa.BigInteger(), nullable=True),
        sa.Column("granted_ms", sa.BigInteger(), nullable=True),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.String(length=1000), nullable=False),
        sa.Column("endorsed_by", sa.String(length=64), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("decider", sa.Integer(), nullable=True),
        sa.Column("ruling", sa.String(length=1000), nullable=False),
        sa.Column("fact_due_ms", sa.BigInteger(), nullable=True),
        sa.Column("fact_met_ms", sa.BigInteger(), nullable=True),
        sa.Column("fact_overdue", sa.Boolean(), nullable=False),
        sa.Column("fact_rejections", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_proceeding_case")),
        sa.ForeignKeyConstraint(["task"], ["dispatch_task.number"], name=op.f("fk_dispatch_proceeding_task")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_proceeding")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_proceeding_case"), "dispatch_proceeding", ["case"], unique=False)
    op.create_index(op.f("ix_dispatch_proceeding_due_ms"), "dispatch_proceeding", ["due_ms"], unique=False)
    stands = sa.text("open")
    op.create_index(
        "open_proceeding",
        "dispatch_proceeding",
        ["task", "kind"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )
