"""What pages read of flags, counts and frozen evidence, over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmKind, AlarmState, Severity
from core.errors import Refused
from core.flags import FlagKind, FlagState
from core.ports.cases import AlarmFilter
from core.ports.evidence import EvidenceRecord
from core.ports.flags import AlarmCounts, FlagDetail, FlagFilter, FlagRow
from core.ports.registry import Page, PageRequest
from dispatch import tables, views
from dispatch.database import reading
from dispatch.flagwork import SHOWN, WORST_FIRST, matters_clause, silencing, silent_clause

MAX_LIMIT = 500
ANNUNCIATED = (
    AlarmState.UNACKNOWLEDGED.value,
    AlarmState.RETURNED_UNACKNOWLEDGED.value,
    AlarmState.LATCHED_UNACKNOWLEDGED.value,
    AlarmState.LATCHED_ACKNOWLEDGED.value,
)
UNSEEN = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED, AlarmState.LATCHED_UNACKNOWLEDGED})


class SqlFlagQueries:
    """Reading of flags; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read from ``engine``."""
        self._engine = engine

    def flags(self, where: FlagFilter, page: PageRequest) -> Page[FlagRow]:
        """Flags, newest first.

        Raises:
            Refused: if the cursor or the limit is not valid.
        """
        table = tables.flag
        query = sa.select(table).where(*_conditions(where))
        if page.cursor:
            query = query.where(table.c.number < number_of(page.cursor))
        query = query.order_by(table.c.number.desc()).limit(limit_of_page(page) + 1)
        with reading(self._engine) as connection:
            found = [views.flag_row(row) for row in connection.execute(query)]
        more = len(found) > page.limit
        return Page(items=tuple(found[: page.limit]), next_cursor=str(found[page.limit - 1].number) if more else "")

    def flag(self, number: int, communities: frozenset[int] | None = None) -> FlagDetail | None:
        """One flag with its history."""
        table, history = tables.flag, tables.flag_history
        with reading(self._engine) as connection:
            where = (table.c.number == number, seen(table.c.community, communities))
            row = connection.execute(sa.select(table).where(*where)).one_or_none()
            if row is None:
                return None
            steps = connection.execute(sa.select(history).where(history.c.flag == number).order_by(history.c.id))
            return FlagDetail(flag=views.flag_row(row), steps=tuple(views.flag_step(step) for step in steps))

    def alarm_counts(self, where: AlarmFilter) -> AlarmCounts:
        """Counts within a filter by community, facility and severity, in one statement each for alarms and flags."""
        alarm, flag = tables.alarm, tables.flag
        base = AlarmFilter(communities=where.communities, facility=where.facility, minimum=where.minimum)
        lists = {
            "attention": replace(base, needs_attention=True),
            "active": replace(base, on=True),
            "unacknowledged": replace(base, states=UNSEEN, silent=False),
            **{kind.value: replace(base, flags=frozenset({kind})) for kind in FlagKind},
        }
        counted = [sa.func.count().filter(sa.and_(*alarm_conditions(one))).label(name) for name, one in lists.items()]
        stands = FlagFilter(communities=where.communities, facility=where.facility, standing=True)
        flags = [
            sa.func.count().filter(flag.c.kind == FlagKind.SHELVED.value).label("flags_shelved"),
            sa.func.count().filter(flag.c.kind == FlagKind.OUT_OF_SERVICE.value).label("flags_out_of_service"),
            sa.func.count().filter(flag.c.state == FlagState.OVERDUE.value).label("overdue"),
        ]
        with reading(self._engine) as connection:
            found = connection.execute(sa.select(*counted).select_from(alarm).where(matters_clause())).one()
            raised = connection.execute(sa.select(*flags).select_from(flag).where(*_conditions(stands))).one()
        return AlarmCounts(**found._asdict(), **raised._asdict())

    def evidence(self, alarm_id: str, communities: frozenset[int] | None = None) -> Sequence[EvidenceRecord] | None:
        """What was frozen of an alarm, oldest first; ``None`` if there is no such alarm."""
        alarm, record = tables.alarm, tables.record
        with reading(self._engine) as connection:
            known = sa.select(alarm.c.alarm_id).where(
                alarm.c.alarm_id == alarm_id, seen(alarm.c.community, communities)
            )
            if connection.execute(known).one_or_none() is None:
                return None
            query = sa.select(record).where(record.c.alarm_id == alarm_id).order_by(record.c.made_ms, record.c.occasion)
            return [views.evidence_record(row) for row in connection.execute(query)]


def covering(connection: sa.Connection, alarm: Any) -> tuple[FlagRow, ...]:
    """The flags that stand over an alarm, the one to be named first in front."""
    table = tables.flag
    query = sa.select(table).where(table.c.facility == alarm.facility, table.c.ended_ms.is_(None))
    found = [views.flag_row(flag) for flag in silencing(connection.execute(query), alarm)]
    return tuple(sorted(found, key=lambda flag: (WORST_FIRST.index(flag.kind), -flag.number)))


def alarm_conditions(where: AlarmFilter) -> list[sa.ColumnElement[bool]]:
    """A filter of alarms in SQL."""
    table = tables.alarm
    found = [seen(table.c.community, where.communities), table.c.severity >= where.minimum.value]
    if where.facility is not None:
        found.append(table.c.facility == where.facility)
    if where.rule_id:
        found.append(table.c.rule_id == where.rule_id)
    if where.states:
        found.append(table.c.state.in_(sorted(state.value for state in where.states)))
    if where.on is not None:
        found.append(table.c.active if where.on else ~table.c.active)
    if where.needs_attention:
        attention = sa.or_(table.c.active, table.c.state.in_(ANNUNCIATED))
        found += [attention, ~silent_clause(), table.c.severity > Severity.INFO.value]
    if where.flags:
        found.append(sa.or_(*(SHOWN[kind] for kind in sorted(where.flags))))
    if where.silent is not None:
        found.append(silent_clause() if where.silent else ~silent_clause())
    if where.from_ms is not None:
        found.append(sa.or_(table.c.stop_ms.is_(None), table.c.stop_ms > where.from_ms))
    if where.to_ms is not None:
        found.append(table.c.start_ms < where.to_ms)
    if not where.drills:
        found.append(table.c.kind != AlarmKind.TEST.value)
    if not where.retracted:
        found += [~table.c.retracted, table.c.merged_into == ""]
    return found


def _conditions(where: FlagFilter) -> list[sa.ColumnElement[bool]]:
    table = tables.flag
    found = [seen(table.c.community, where.communities)]
    if where.facility is not None:
        found.append(table.c.facility == where.facility)
    if where.kinds:
        found.append(table.c.kind.in_(sorted(kind.value for kind in where.kinds)))
    if where.standing is not None:
        found.append(table.c.ended_ms.is_(None) if where.standing else table.c.ended_ms.is_not(None))
    return found


def seen(column: sa.ColumnElement[int], communities: frozenset[int] | None) -> sa.ColumnElement[bool]:
    """Within the viewer's horizon."""
    return sa.true() if communities is None else column.in_(sorted(communities))


def limit_of_page(page: PageRequest) -> int:
    """How many items a page has.

    Raises:
        Refused: if it asks for none or too many.
    """
    if not 1 <= page.limit <= MAX_LIMIT:
        raise Refused(f"a page has 1 to {MAX_LIMIT} items, not {page.limit}")
    return page.limit


def number_of(text: str) -> int:
    """A number out of a cursor.

    Raises:
        Refused: if it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused("the cursor is none that this list gave out: begin with the first page")
    return int(text)
