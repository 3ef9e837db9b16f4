"""Which rules were wrong how often, read from the reports of those who went there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.closure import FalseCause, Outcome
from core.places import Text
from core.ports.closure import FalseAlarms
from dispatch import tables
from dispatch.closure_tables import report
from dispatch.database import reading

_MOST_TEXTS = 10


class SqlReviewQueries:
    """Reads the reports; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read from ``engine``."""
        self._engine = engine

    def false_alarms(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None
    ) -> Sequence[FalseAlarms]:
        """Rules with false alarms in [from, to) by the moment of the newest report, the most false ones first."""
        case, later = tables.case, report.alias("later")
        repeated = sa.exists().where(later.c.case == report.c.case, later.c.number > report.c.number)
        query = (
            sa.select(report, case.c.rule_id, case.c.facility, case.c.say_zh, case.c.say_en)
            .join(case, case.c.number == report.c.case)
            .where(report.c.at_ms >= from_ms, report.c.at_ms < to_ms, ~repeated, ~case.c.drill, case.c.rule_id != "")
            .order_by(report.c.number.desc())
        )
        if communities is not None:
            query = query.where(case.c.community.in_(communities))
        by_rule: dict[str, list[Any]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                by_rule.setdefault(row.rule_id, []).append(row)
        found = [one for rule, rows in by_rule.items() if (one := _counted(rule, rows)).false]
        return sorted(found, key=lambda one: (-one.false, -one.false / one.handled, one.rule_id))


def _counted(rule_id: str, rows: Sequence[Any]) -> FalseAlarms:
    """One rule; the rows are the newest first."""
    false = [row for row in rows if row.outcome == Outcome.FALSE_ALARM.value]
    causes = Counter(FalseCause(row.cause) for row in false if row.cause)
    places = Counter(int(row.facility) for row in false)
    return FalseAlarms(
        rule_id=rule_id,
        say=Text(zh=rows[0].say_zh, en=rows[0].say_en),
        handled=len(rows),
        false=len(false),
        causes=sorted(causes.items(), key=lambda one: (-one[1], one[0])),
        facilities=dict(sorted(places.items(), key=lambda one: (-one[1], one[0]))),
        texts=[row.cause_text for row in false if row.cause_text][:_MOST_TEXTS],
    )
