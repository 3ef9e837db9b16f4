"""What the case log says of a community over a time: the answer to an inspection, which nobody has to write."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import sqlalchemy as sa

from core.cases import Action, CaseState
from core.intake import SourceKind
from core.ports.intake import LogAnswer
from dispatch import tables
from dispatch.closure_tables import merge, report
from dispatch.parts import in_parts


def log_answer(connection: sa.Connection, community: int, from_ms: int, to_ms: int) -> LogAnswer:
    """Cases that were filed in [from, to), and what became of them until now; drills and merged cases left out.

    A case is late if a limit of it passed before it was met; one that is open and within its limit is neither late nor
    in time. So ``in_time + late`` is smaller than ``filed`` by those, and by what was cancelled.
    """
    table = tables.case
    merged = sa.exists().where(merge.c.case == table.c.number)
    mine = (table.c.community == community, ~table.c.drill, ~merged)
    span = (table.c.opened_ms >= from_ms, table.c.opened_ms < to_ms)
    rows = connection.execute(sa.select(table).where(*mine, *span).order_by(table.c.number)).all()
    kept = [row for row in rows if row.state != CaseState.CANCELLED]
    numbers = [row.number for row in rows]
    return LogAnswer(
        community=community,
        from_ms=from_ms,
        to_ms=to_ms,
        filed=len(rows),
        closed=sum(row.state == CaseState.CLOSED for row in rows),
        cancelled=len(rows) - len(kept),
        still_open=sum(bool(row.open) for row in rows),
        in_time=sum(row.met_ms is not None and not row.overdue for row in kept),
        late=sum(bool(row.overdue) for row in kept),
        rework=_reworked(connection, numbers),
        labour_min=_labour(connection, numbers),
        by_family=dict(sorted(Counter(row.family for row in rows).items())),
        by_source={SourceKind(name): count for name, count in sorted(Counter(row.source for row in rows).items())},
    )


def answer_text(answer: LogAnswer | None) -> str:
    """An answer as it is kept; empty for none."""
    if answer is None:
        return ""
    counts = {name: getattr(answer, name) for name in LogAnswer.__slots__}
    return json.dumps(counts | {"by_source": {one.value: count for one, count in answer.by_source.items()}})


def answer_of(text: str) -> LogAnswer | None:
    """The answer of ``answer_text``."""
    if not text:
        return None
    raw: dict[str, Any] = json.loads(text)
    return LogAnswer(**(raw | {"by_source": {SourceKind(name): count for name, count in raw["by_source"].items()}}))


def _reworked(connection: sa.Connection, numbers: list[int]) -> int:
    table, found = tables.history, 0
    for part in in_parts(numbers):
        mine = (table.c.case.in_(part), table.c.action == Action.REJECT.value)
        found += connection.execute(sa.select(sa.func.count(table.c.case.distinct())).where(*mine)).scalar_one()
    return found


def _labour(connection: sa.Connection, numbers: list[int]) -> int:
    found = 0
    for part in in_parts(numbers):
        total = connection.execute(
            sa.select(sa.func.sum(report.c.labour_min)).where(report.c.case.in_(part))
        ).scalar_one()
        found += int(total or 0)
    return found
