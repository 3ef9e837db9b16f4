"""A storm: pumps cross at once and flap at 1 Hz for ten minutes, through rules, journal and cases, on a real database.

``TWINGRID_STORM_PUMPS`` says how many pumps; the figures of ``docs/alarms.md`` are those of 2,000.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from app.wiring import RuleInfos
from core.alarms import AlarmChange, ChangeKind
from core.clock import ManualClock
from core.readings import Readings, readings
from dispatch import tables as dispatch_tables
from dispatch.database import prepare
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from registry import tables as registry_tables
from registry.classbook import load_classes
from registry.directory import Directory
from registry.queries import Registry
from rules.damping import FLAPS, HOLD_MS
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.language.load import load_rules
from tests.unit.registry.city import NOW_MS, SIDE, SOUTH, WEST, import_city, write_city

PUMPS = int(os.environ.get("TWINGRID_STORM_PUMPS", "80"))
FLAP_S = 600
CALM_S = 60
STEP_MS = 500
CELLS = 4
BOOK = """
- id: high-level
  class: sewage_pump
  family: overflow
  when: level > 2 m
  severity: high
  lead: construction
  support: governance
  say: {zh: 液位高, en: Level high}
  do: {zh: [抽排], en: [Pump it out]}
  source: test
  evidence: proposal
"""
RULES = load_rules({"book.yaml": BOOK}, {key: entry.facility_class for key, entry in load_classes().items()})


def write_pumps(folder: Path) -> Path:
    """The small city with many pumps, the same number in each of its four cells of the construction grid."""
    write_city(folder)
    lines = ["code,class,community,name_zh,name_en,latitude,longitude,gateway,measurements,provenance"]
    for number in range(PUMPS):
        block, half = divmod(number % CELLS, 2)
        community, gateway = ("aa", "city/gw-aa") if block == 0 else ("bb", "city/gw-bb")
        longitude, latitude = WEST + SIDE * (2 * block + half + 0.5), SOUTH + SIDE / 2
        place = f"{latitude},{longitude},{gateway},level,measured"
        lines.append(f"sp-{number:04},sewage_pump,{community},泵 {number},Pump {number},{place}")
    (folder / "facilities.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@dataclass
class Town:
    """Rules, journal and cases over one database."""

    database: sa.Engine
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW_MS))
    kinds: Counter[ChangeKind] = field(default_factory=Counter)
    most_pieces: int = 0

    def __post_init__(self) -> None:
        self.registry = Registry(self.database, load_classes())
        self.members = Directory(self.database, self.registry).members()
        self.point = self.members["sewage_pump"].point["level"]
        self.engine = Engine(RULES, self.members, NoHistory(), EngineSettings())
        self.journal = SqlJournal(self.database, rules=RuleInfos(RULES), source=self.registry, policy=Policy())

    def round(self, at_ms: int, level: float | None) -> Readings | None:
        """What a turn of the judge does: all pumps have this level, or nothing is read."""
        now_ms = NOW_MS + at_ms
        batch = None
        if level is not None:
            time_ms = np.full(len(self.point), now_ms - 10, np.int64)
            batch = readings(point=self.point, time_ms=time_ms, value=np.full(len(self.point), level))
            self.engine.ingest(batch, now_ms)
        self.engine.advance(now_ms)
        self._write(self.engine.changes(now_ms), now_ms)
        if at_ms % 10_000 == 0:
            self.journal.tick(now_ms)
            pieces = [len(self.engine.book.of(machine)) for machine in self.engine.book.machines()]
            self.most_pieces = max([self.most_pieces, *pieces])
        return batch

    def restart(self, snapshot: bytes, since: list[Readings], at_ms: int) -> None:
        """The process has died: the snapshot, what the journal holds, and what was stored since."""
        now_ms = NOW_MS + at_ms
        self.engine = Engine.restore(snapshot, RULES, self.members, NoHistory(), EngineSettings())
        self.engine.announce(self.journal.announced(0))
        for batch in since:
            self.engine.ingest(batch, now_ms)
        self.engine.advance(now_ms)
        self._write(self.engine.changes(now_ms), now_ms)

    def _write(self, changes: list[AlarmChange], now_ms: int) -> None:
        self.kinds.update(change.kind for change in changes)
        if changes:
            self.journal.apply(changes, now_ms)

    def rows(self, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
        """Everything of a table."""
        with self.database.connect() as connection:
            return list(connection.execute(sa.select(table)).all())


def town(folder: Path) -> Town:
    """A fresh town."""
    database = prepare(sa.create_engine(f"sqlite:///{folder / 'storm.db'}"), durable=False)
    registry_tables.metadata.create_all(database)
    dispatch_tables.metadata.create_all(database)
    import_city(database, write_pumps(folder / "registry"))
    return Town(database)


def flap(made: Town, restart_at_s: int | None) -> None:
    """Ten minutes at 1 Hz, then a low level; the process dies once, twenty seconds after its last snapshot."""
    snapshot, since = b"", list[Readings]()
    for at_ms in range(0, FLAP_S * 1000, STEP_MS):
        if restart_at_s is not None and at_ms == (restart_at_s - 20) * 1000:
            snapshot, since = made.engine.snapshot(), []
        batch = made.round(at_ms, 2.5 if at_ms % 1000 == 0 else 1.0)
        since += [batch] if snapshot and batch is not None else []
        if restart_at_s is not None and at_ms == restart_at_s * 1000:
            made.restart(snapshot, since, at_ms)
            snapshot, since = b"", []


@pytest.mark.parametrize("restart_at_s", [None, 300])
def test_a_storm_is_one_case_a_cell_and_leaves_nothing_behind(tmp_path: Path, restart_at_s: int | None) -> None:
    """Folded, damped, bounded; no alarm is lost, every alarm and every case is closed in the end."""
    made = town(tmp_path)
    flap(made, restart_at_s)
    raging = made.rows(dispatch_tables.case)
    assert len(raging) == CELLS
    assert all(case.open and case.members == case.members_on == PUMPS // CELLS for case in raging)
    assert {case.say_en for case in raging} >= {f"{PUMPS // CELLS} facilities of cell aa-c-0: Level high"}
    on = [alarm for alarm in made.rows(dispatch_tables.alarm) if alarm.active]
    assert len(on) == PUMPS, "a pump that flaps is on, with one alarm"
    assert {alarm.flaps for alarm in on} == {FLAPS * 64}
    for at_ms in range(FLAP_S * 1000, (FLAP_S + 20 * 60) * 1000, 5_000):
        made.round(at_ms, 1.0)
    alarms, cases, tasks = (
        made.rows(table) for table in (dispatch_tables.alarm, dispatch_tables.case, dispatch_tables.task)
    )
    assert len(alarms) == PUMPS * FLAPS
    assert not any(alarm.active for alarm in alarms)
    last = [alarm for alarm in alarms if alarm.flaps]
    assert {(alarm.flaps, alarm.stop_ms - NOW_MS) for alarm in last} == {
        (FLAP_S, (FLAP_S - 1) * 1000 + STEP_MS - 10 + HOLD_MS)
    }
    assert len(cases) == CELLS
    assert not any(case.open for case in cases)
    assert not any(task.open for task in tasks)
    assert Counter(task.owner for task in tasks).most_common(1)[0][1] <= 3
    assert made.kinds[ChangeKind.OPENED] == PUMPS * FLAPS
    assert sum(made.kinds.values()) <= PUMPS * (2 * FLAPS + 8), made.kinds
    assert made.most_pieces <= 60, "of 600 openings"
    made.database.dispose()
