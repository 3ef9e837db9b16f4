"""Flags beside an alarm's state, who moved it from where to where, and frozen evidence.

Shelves become flags, with the moment at which they were set as far as the history tells it, also of alarms whose rule
has become a level of another; the lines of the alarms' histories learn from which state they led.

Revision 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

_SHELVES = """
INSERT INTO dispatch_flag
    (kind, state, community, facility, rule_id, alarm_id, cause, ref, severity, reason, actor, set_ms, until_ms, due_ms)
SELECT 'shelved', 'standing',
    COALESCE((SELECT MAX(a.community) FROM dispatch_alarm a WHERE a.facility = s.facility), 0),
    s.facility, s.rule_id, '', '', '',
    COALESCE((SELECT MAX(a.severity) FROM dispatch_alarm a
              WHERE a.facility = s.facility AND a.rule_id = s.rule_id), 0),
    s.reason, s.actor,
    COALESCE((SELECT MAX(h.at_ms) FROM dispatch_alarm_history h JOIN dispatch_alarm a ON a.alarm_id = h.alarm_id
              WHERE a.facility = s.facility AND a.rule_id = s.rule_id AND h.event = 'shelved'), s.until_ms),
    s.until_ms, s.until_ms
FROM dispatch_shelf s
"""
_LEFT_OVER = """
INSERT INTO dispatch_flag
    (kind, state, community, facility, rule_id, alarm_id, cause, ref, severity, reason, actor, set_ms, until_ms, due_ms)
SELECT 'shelved', 'standing', a.community, a.facility, a.rule_id, a.alarm_id, '', '', a.severity, a.shelve_reason,
    'system', a.shelved_until_ms, a.shelved_until_ms, a.shelved_until_ms
FROM dispatch_alarm a
WHERE a.shelved_until_ms IS NOT NULL AND a.merged_into = '' AND NOT EXISTS
    (SELECT 1 FROM dispatch_shelf s WHERE s.rule_id = a.rule_id AND s.facility = a.facility)
"""
_FIRST_STEPS = """
INSERT INTO dispatch_flag_history (flag, at_ms, actor, event, from_state, to_state, until_ms, note)
SELECT number, set_ms, actor, 'raise', 'down', 'standing', until_ms, reason FROM dispatch_flag ORDER BY number
"""
_FROM_STATES = """
UPDATE dispatch_alarm_history SET from_state = COALESCE(
    (SELECT earlier.state FROM dispatch_alarm_history AS earlier
     WHERE earlier.alarm_id = dispatch_alarm_history.alarm_id AND earlier.id < dispatch_alarm_history.id
     ORDER BY earlier.id DESC LIMIT 1), '')
"""
_BACK = """
INSERT INTO dispatch_shelf (rule_id, facility, until_ms, reason, actor)
SELECT rule_id, facility, MAX(until_ms), MAX(reason), MAX(actor) FROM dispatch_flag
WHERE kind = 'shelved' AND ended_ms IS NULL AND rule_id <> '' GROUP BY rule_id, facility
"""


def upgrade() -> None:
    _create_flags()
    _create_record()
    history, empty = "dispatch_alarm_history", sa.text("''")
    op.add_column("dispatch_case", sa.Column("flagged", sa.String(length=40), server_default=empty, nullable=False))
    op.add_column(history, sa.Column("from_state", sa.String(length=40), server_default=empty, nullable=False))
    op.add_column(history, sa.Column("person", sa.Integer(), nullable=True))
    op.add_column(history, sa.Column("until_ms", sa.BigInteger(), nullable=True))
    op.add_column(history, sa.Column("silent", sa.Boolean(), server_default=sa.false(), nullable=False))
    for statement in (_SHELVES, _LEFT_OVER, _FIRST_STEPS, _FROM_STATES):
        op.execute(statement)
    with op.batch_alter_table("dispatch_shelf", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_shelf_until_ms"))
    op.drop_table("dispatch_shelf")


def downgrade() -> None:
    op.create_table(
        "dispatch_shelf",
        sa.Column("rule_id", sa.String(length=200), nullable=False),
        sa.Column("facility", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "facility", name=op.f("pk_dispatch_shelf")),
    )
    op.create_index(op.f("ix_dispatch_shelf_until_ms"), "dispatch_shelf", ["until_ms"], unique=False)
    op.execute(_BACK)
    for column in ("silent", "until_ms", "person", "from_state"):
        op.drop_column("dispatch_alarm_history", column)
    op.drop_column("dispatch_case", "flagged")
    op.drop_table("dispatch_record")
    op.drop_table("dispatch_flag_history")
    op.drop_table("dispatch_flag")


def _create_flags() -> None:
    op.create_table(
        "dispatch_flag",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(length=200), nullable=False),
        sa.Column("alarm_id", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=200), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_flag")),
        sqlite_autoincrement=True,
    )
    key = ["kind", "facility", "rule_id", "alarm_id", "cause", "ref"]
    stands = sa.text("ended_ms IS NULL")
    op.create_index("flag_key", "dispatch_flag", key, unique=True, sqlite_where=stands, postgresql_where=stands)
    op.create_index("ix_dispatch_flag_facility", "dispatch_flag", ["facility", "ended_ms"], unique=False)
    op.create_index("ix_dispatch_flag_due", "dispatch_flag", ["due_ms"], unique=False)
    op.create_table(
        "dispatch_flag_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flag", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=40), nullable=False),
        sa.Column("to_state", sa.String(length=40), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["flag"], ["dispatch_flag.number"], name=op.f("fk_dispatch_flag_history_flag")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_flag_history")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_flag_history_flag"), "dispatch_flag_history", ["flag"], unique=False)


def _create_record() -> None:
    op.create_table(
        "dispatch_record",
        sa.Column("alarm_id", sa.String(length=64), nullable=False),
        sa.Column("occasion", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("samples", sa.LargeBinary(), nullable=True),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("frozen_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["dispatch_alarm.alarm_id"], name=op.f("fk_dispatch_record_alarm_id")),
        sa.PrimaryKeyConstraint("alarm_id", "occasion", name=op.f("pk_dispatch_record")),
    )
    op.create_index(op.f("ix_dispatch_record_due_ms"), "dispatch_record", ["due_ms"], unique=False)
