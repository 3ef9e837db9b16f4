"""Reading a queue among very many tasks, and giving out a storm, in SQLite and in PostgreSQL.

The database is filled by its own SQL: 100,000 tasks in SQLite, 1,000,000 in PostgreSQL, two a case, one in fifty open,
with the city of ``bench.dispatch_city`` as registry. PostgreSQL is started for the bench on a free port and ended with
it; without its programs or its driver this bench fails and says so.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from bench.dispatch_city.town import Size, Town, found
from bench.rows import Row
from core.alarms import AlarmChange, AlarmKind, ChangeKind, Interval, Severity, alarm_id
from core.cases import Actor, RuleInfo
from core.places import Grid, Text
from core.ports.cases import CaseFilter, TaskFilter
from core.ports.registry import FacilityPlace, PageRequest, Roster
from dispatch import tables
from dispatch.database import prepare
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from dispatch.queries import SqlCaseQueries
from dispatch.worktime import HOUR_MS
from tests.postgres import postgres

NOW_MS = 1_763_946_000_000
"""A Monday, 9 o'clock in Shanghai."""
OPEN_EVERY = 50
STORM = 2_000
LIMIT_MS, STORM_LIMIT_S = 50.0, 10.0
_SIZES: Mapping[str, int] = {"sqlite": 100_000, "postgresql": 1_000_000}
_ASKED = 200
RULE = RuleInfo(
    rule_id="flood",
    family="flood",
    severity=Severity.MEDIUM,
    lead=Grid.CONSTRUCTION,
    support=Grid.GOVERNANCE,
    say=Text(zh="水位高", en="Level high"),
)


class _Source:
    """The city as a registry."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def roster(self) -> Roster:
        return self._town.roster

    def place(self, facility: int) -> FacilityPlace | None:
        return self._town.roster.places.get(facility)

    def facility_counts(self) -> Mapping[int, int]:
        return {}


def rows() -> list[Row]:
    """Both databases."""
    town, lines = found(Size(), 1), list[Row]()
    with tempfile.TemporaryDirectory(prefix="twingrid-queue-") as folder:
        engine = prepare(sa.create_engine(f"sqlite:///{Path(folder) / 'queue.sqlite'}"))
        lines += _measured(engine, town)
    with postgres() as address:
        lines += _measured(prepare(sa.create_engine(address)), town)
    return lines


def _measured(engine: sa.Engine, town: Town) -> list[Row]:
    name = engine.dialect.name
    size, source = _SIZES[name], _Source(town)
    tables.metadata.create_all(engine)
    workers = sorted(one.number for one in town.roster.people.values() if one.grid is not None)
    _fill(engine, size, workers, len(town.roster.places))
    try:
        lines = [_line(name, size, what, spent) for what, spent in _asked(engine, source, workers, size).items()]
        return lines + [row for most in (10, 0) for row in _storm(engine, source, size, most)]
    finally:
        engine.dispose()


def _asked(engine: sa.Engine, source: _Source, workers: list[int], size: int) -> Mapping[str, np.ndarray]:
    """Milliseconds of each way to ask, in the order of time."""
    queries, draw = SqlCaseQueries(engine, source), np.random.default_rng(1)
    nobody = Actor(login="bench")
    asked: dict[str, Callable[[int], object]] = {
        "queue": lambda at: queries.queue(workers[at % len(workers)], NOW_MS),
        "tasks_page": lambda at: queries.tasks(TaskFilter(owner=workers[at % len(workers)]), PageRequest()),
        "open_tasks_page": lambda at: queries.tasks(TaskFilter(open=True), PageRequest()),
        "late_page": lambda at: queries.tasks(TaskFilter(), PageRequest(cursor=str(int(draw.integers(60, size))))),
        "cases_page": lambda at: queries.cases(CaseFilter(open=True), PageRequest()),
        "task": lambda at: queries.task(int(draw.integers(1, size)), nobody),
    }
    spent: dict[str, np.ndarray] = {}
    for what, ask in asked.items():
        took = []
        for at in range(_ASKED):
            began_s = time.perf_counter()
            ask(at)
            took.append((time.perf_counter() - began_s) * 1000)
        spent[what] = np.array(took)
    return spent


def _line(name: str, size: int, what: str, spent: np.ndarray) -> Row:
    worst = float(np.percentile(spent, 95))
    return Row(
        name=f"{what}_{name}_p95_ms",
        value=worst,
        unit="ms",
        against=f"limit {LIMIT_MS:.0f} ms; median {np.median(spent):.2f} ms",
        ratio=worst / LIMIT_MS,
        note=f"{size:,} tasks, {size // OPEN_EVERY:,} open, {_ASKED} asked",
    )


def _storm(engine: sa.Engine, source: _Source, size: int, most: int) -> list[Row]:
    """Alarms of so many facilities in one batch: each its own case (``most`` 0), or gathered by cell and community."""
    journal = SqlJournal(engine, rules={RULE.rule_id: RULE}.get, source=source, policy=Policy(storm_facilities=most))
    start_ms, first = (NOW_MS, 1) if most else (NOW_MS + 2 * HOUR_MS, 1 + STORM)
    changes = [
        AlarmChange(
            kind=ChangeKind.OPENED,
            alarm_id=alarm_id(RULE.rule_id, facility, start_ms),
            rule_id=RULE.rule_id,
            facility=facility,
            interval=Interval(start_ms=start_ms, stop_ms=None, since_ms=start_ms),
            severity=RULE.severity,
            alarm_kind=AlarmKind.CONDITION,
        )
        for facility in range(first, first + STORM)
    ]
    before = _count(engine)
    began_s, used_s = time.perf_counter(), time.process_time()
    with _transactions(engine) as lasted_s:
        journal.apply(changes, start_ms)
    spent_s, used_s = time.perf_counter() - began_s, time.process_time() - used_s
    made = _count(engine) - before
    if made < (2 if most else 2 * STORM):
        raise ValueError(f"a storm of {STORM} alarms has made {made} tasks")
    how = "gathered" if most else "each its own case, which alarms of one family in operation are not"
    there = f"over {size:,} tasks that were there"
    note = f"{STORM:,} alarms in one batch, {how}: {made:,} tasks, {there}; {used_s:.1f} s of this process"
    name = f"storm_{'' if most else 'ungathered_'}{engine.dialect.name}"
    longest = f"{len(lasted_s)} transactions, median {np.median(lasted_s):.2f} s; no limit"
    return [
        Row(
            name=f"{name}_s",
            value=spent_s,
            unit="s",
            against=f"limit {STORM_LIMIT_S:.0f} s",
            ratio=spent_s / STORM_LIMIT_S,
            note=note,
        ),
        Row(name=f"{name}_cpu_s", value=used_s, unit="s", against="processor time of dispatch", ratio=None, note=note),
        Row(name=f"{name}_longest_s", value=max(lasted_s), unit="s", against=longest, ratio=None, note=note),
    ]


@contextmanager
def _transactions(engine: sa.Engine) -> Iterator[list[float]]:
    """How long each transaction within the block holds the lock, seconds: so long an action of a worker waits."""
    began_s, lasted_s = list[float](), list[float]()

    def begin(_connection: sa.Connection) -> None:
        began_s.append(time.perf_counter())

    def commit(_connection: sa.Connection) -> None:
        lasted_s.append(time.perf_counter() - began_s[-1])

    sa.event.listen(engine, "begin", begin)
    sa.event.listen(engine, "commit", commit)
    try:
        yield lasted_s
    finally:
        sa.event.remove(engine, "begin", begin)
        sa.event.remove(engine, "commit", commit)


def _count(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.max(tables.task.c.number))).scalar_one())


def _fill(engine: sa.Engine, size: int, workers: list[int], facilities: int) -> None:
    """Cases and tasks by the database's own counting; the newest are open."""
    old, each = (size - size // OPEN_EVERY) // 2, 60_000
    begin_ms = NOW_MS - size // 2 * each
    limit = {"due_clock": "'work'", "due_what": "'handle'"}
    case = limit | {
        "code": "'C-' || n",
        "facility": f"1 + n % {facilities}",
        "community": "1 + n % 20",
        "family": "'f' || n",
        "open": f"n > {old}",
        "state": f"CASE WHEN n > {old} THEN 'dispatched' ELSE 'closed' END",
        "severity": "1 + n % 3",
        "lead": "'construction'",
        "support": "'governance'",
        "opening_alarm": "'a' || n",
        "opened_ms": f"{begin_ms} + n * {each}",
        "due_ms": f"{begin_ms} + n * {each} + 86400000",
    }
    assigned = f"{begin_ms} + (n + 1) / 2 * {each}"
    task = limit | {
        "case": "(n + 1) / 2",
        "kind": "CASE WHEN n % 2 = 1 THEN 'handle' ELSE 'verify' END",
        "state": f"CASE WHEN n > {2 * old} THEN 'waiting' ELSE 'done' END",
        "open": f"n > {2 * old}",
        "grid": "CASE WHEN n % 2 = 1 THEN 'construction' ELSE 'governance' END",
        "owner": f"{workers[0]} + n % {len(workers)}",
        "community": "1 + (n + 1) / 2 % 20",
        "created_ms": assigned,
        "assigned_ms": assigned,
        "changed_ms": assigned,
        "due_ms": f"{assigned} + 86400000",
        "escalate_ms": f"{assigned} + 3600000",
        "ready": "n % 2 = 1",
        "routing": "'[]'",
    }
    with engine.begin() as connection:
        for table, count, given in ((tables.case, size // 2, case), (tables.task, size, task)):
            connection.execute(sa.text(_filling(engine.dialect.name, table, count, given)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _filling(dialect: str, table: sa.Table, count: int, given: Mapping[str, str]) -> str:
    """An insertion of ``count`` rows; what is not given and must not be null is empty."""
    empty = {sa.String: "''", sa.Text: "''", sa.Boolean: "false", sa.Integer: "0", sa.BigInteger: "0", sa.Float: "0"}
    values = {}
    for column in table.columns:
        if column.name in given:
            values[column.name] = given[column.name]
        elif not column.nullable and not column.primary_key and column.server_default is None:
            values[column.name] = next(value for kind, value in empty.items() if isinstance(column.type, kind))
    numbers = f"SELECT CAST(n AS BIGINT) AS n FROM generate_series(1, {count}) AS numbers(n)"
    if dialect == "sqlite":
        counting = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}"
        numbers = f"WITH RECURSIVE numbers AS ({counting}) SELECT n FROM numbers"
    columns = ", ".join(f'"{name}"' for name in values)
    return f'INSERT INTO "{table.name}" ({columns}) SELECT {", ".join(values.values())} FROM ({numbers}) AS counted'
