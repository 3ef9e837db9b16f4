"""How the severity of an alarm rose and fell; and the alarms of rules that have become levels of one.

An alarm that is on under a rule that the book no longer has is one that nothing ends. So alarms that are on, and open
cases, go over to the rule that has taken theirs in. Where the lesser and the worse one of a facility are both on, the
earlier alarm stays, with the worse severity, and the other is merged into it, as the table of differences would do.

Revision 0006, after 0005.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

_TAKEN_IN: Mapping[str, tuple[str, ...]] = {
    "elec-cable-hot": ("elec-cable-danger",),
    "elec-overload": ("elec-overload-warning",),
    "elec-residual": ("elec-residual-warning", "elec-residual-alarm"),
    "house-tilt": ("house-tilt-attention", "house-tilt-danger"),
    "iaq-co2-high": ("iaq-co2-very-high",),
    "ups-charge-low": ("ups-charge-critical",),
    "well-level-high": ("well-level-warning",),
}
_ALARM = sa.table(
    "dispatch_alarm",
    *(sa.column(name) for name in ("alarm_id", "rule_id", "facility", "severity", "start_ms", "active", "state")),
    *(sa.column(name) for name in ("merged_into", "case")),
)
_CASE = sa.table("dispatch_case", sa.column("rule_id"), sa.column("open"))


def upgrade() -> None:
    op.add_column("dispatch_alarm", sa.Column("steps", sa.Text(), server_default="[]", nullable=False))
    op.add_column("dispatch_alarm_history", sa.Column("severity", sa.Integer(), nullable=True))
    op.add_column("dispatch_alarm_history", sa.Column("steps_digest", sa.String(length=16), nullable=True))
    connection = op.get_bind()
    for rule, old in _TAKEN_IN.items():
        _hand_over(connection, rule, old)


def _hand_over(connection: sa.Connection, rule: str, old: tuple[str, ...]) -> None:
    on = sa.select(_ALARM).where(_ALARM.c.active, _ALARM.c.rule_id.in_((rule, *old)))
    first: dict[int, str] = {}
    for row in connection.execute(on.order_by(_ALARM.c.facility, _ALARM.c.start_ms, _ALARM.c.alarm_id)).all():
        heir = first.setdefault(row.facility, row.alarm_id)
        of_this = sa.update(_ALARM).where(_ALARM.c.alarm_id == row.alarm_id)
        if heir == row.alarm_id:
            connection.execute(of_this.values(rule_id=rule))
            continue
        connection.execute(of_this.values(rule_id=rule, merged_into=heir, active=False, state="normal"))
        of_heir = sa.update(_ALARM).where(_ALARM.c.alarm_id == heir)
        connection.execute(of_heir.where(_ALARM.c.severity < row.severity).values(severity=row.severity))
        connection.execute(of_heir.where(_ALARM.c.case.is_(None)).values({"case": row.case}))
    cases = sa.update(_CASE).where(_CASE.c.open, _CASE.c.rule_id.in_(old))
    connection.execute(cases.values(rule_id=rule))


def downgrade() -> None:
    op.drop_column("dispatch_alarm_history", "steps_digest")
    op.drop_column("dispatch_alarm_history", "severity")
    op.drop_column("dispatch_alarm", "steps")
