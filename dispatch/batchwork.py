"""A batch of changes inside a transaction: what it asks of the database is asked once for all of it.

The order of effects is that of the changes. Rows of alarms that open one after the other, and what is begun with them,
are written together before the first of them is followed up; until then none of them has a case, so nothing that is
asked in between finds more than it would have found alarm by alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from core.alarms import AlarmChange, ChangeKind
from core.ports.cases import EvidenceValue
from dispatch import tables
from dispatch.alarmwork import AlarmWork
from dispatch.closure_tables import merge
from dispatch.parts import in_parts
from dispatch.policy import Policy

_OPENS = frozenset({ChangeKind.OPENED, ChangeKind.SPLIT})


def first_portion(changes: Sequence[AlarmChange], most: int) -> tuple[Sequence[AlarmChange], Sequence[AlarmChange]]:
    """The first changes, in order, up to ``most`` that open an alarm, and what is left."""
    opening = [at for at, change in enumerate(changes) if change.kind in _OPENS]
    cut = opening[most] if len(opening) > most else len(changes)
    return changes[:cut], changes[cut:]


def record_all(
    work: AlarmWork,
    connection: sa.Connection,
    policy: Policy,
    now_ms: int,
    changes: Sequence[AlarmChange],
    evidence: Mapping[str, Sequence[EvidenceValue]],
    contexts: Mapping[str, str],
) -> None:
    """Apply changes in order; the storms of ``work`` expect them.

    Args:
        work: of the transaction on ``connection``.
        connection: asked what is known of the facilities.
        policy: the city's numbers.
        now_ms: when they are recorded.
        changes: without those that were applied before.
        evidence: alarm to the values at its opening.
        contexts: alarm to what is frozen at its opening.
    """
    work.cases.memory.lone = _lone(connection, policy, now_ms, changes)
    for run in _runs(changes, _known(connection, changes)):
        if len(run) > 1:
            work.open_all(run, evidence, contexts)
        else:
            work.record(run[0], evidence.get(run[0].alarm_id, ()), contexts.get(run[0].alarm_id, ""))
    work.cases.memory.lone = {}


def _runs(changes: Sequence[AlarmChange], known: set[str]) -> Iterator[list[AlarmChange]]:
    """Openings of alarms that nothing is known of, as long as nothing else comes in between; all else one by one."""
    run: list[AlarmChange] = []
    for change in changes:
        if change.kind is ChangeKind.OPENED and change.alarm_id not in known:
            run.append(change)
        else:
            if run:
                yield run
            yield [change]
            run = []
        known.add(change.alarm_id)
    if run:
        yield run


def _known(connection: sa.Connection, changes: Sequence[AlarmChange]) -> set[str]:
    table, found = tables.alarm, set[str]()
    for part in in_parts(sorted({change.alarm_id for change in changes})):
        found.update(connection.execute(sa.select(table.c.alarm_id).where(table.c.alarm_id.in_(part))).scalars())
    return found


def _lone(
    connection: sa.Connection, policy: Policy, now_ms: int, changes: Sequence[AlarmChange]
) -> dict[int, set[str]]:
    """Facilities of which one thing is said, and of which families a case waits there.

    It is open, merged, has ended when its alarm cleared, or was closed so lately that the next is a relapse.
    """
    counts = Counter(change.facility for change in changes)
    lone: dict[int, set[str]] = {facility: set() for facility, count in counts.items() if count == 1}
    since_ms = min((change.interval.start_ms for change in changes), default=0) - policy.again_within_ms
    case, alarm = tables.case, tables.alarm
    waits = sa.or_(case.c.open, case.c.closed_ms >= now_ms - policy.relapse_ms)
    for part in in_parts(sorted(lone)):
        found = sa.select(case.c.facility, case.c.family)
        cleared = sa.select(alarm.c.facility, case.c.family).join(case, case.c.number == alarm.c.case)
        for query in (
            found.where(case.c.facility.in_(part), waits),
            found.join(merge, merge.c.case == case.c.number).where(case.c.facility.in_(part)),
            cleared.where(alarm.c.facility.in_(part), alarm.c.stop_ms >= since_ms),
        ):
            for facility, family in connection.execute(query.distinct()):
                lone[facility].add(family)
    return lone
