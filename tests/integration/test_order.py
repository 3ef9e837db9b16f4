"""Order does not matter, from the wire to the case: any chunking, repetition and arrival order ends in the same place.

The parts are the real ones, joined as in the core process: host (without its broker), store, rules, journal and cases
in a SQL database. One delivery is in order, the other is cut, doubled, shuffled and late as Hypothesis likes; at the
end the stores hold the same, the journals hold the same intervals, and there are never more cases than incidents.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from app.wiring import RuleInfos
from core.clock import ManualClock
from core.sparkplug.topics import NodeId
from dispatch import tables as dispatch_tables
from dispatch.database import prepare
from dispatch.journal import SqlJournal
from ingest.assemble import Assembler, Message
from registry import tables as registry_tables
from registry.classbook import load_classes
from registry.directory import Directory
from registry.queries import Registry
from rules.engine.engine import Engine, EngineSettings
from rules.language.load import load_rules
from store.memory import MemoryStore
from tests.unit.ingest.edge import Edge
from tests.unit.registry.city import NOW_MS, import_city, write_city

NODE = NodeId("city", "gw-aa")
METRICS = ("aa-sp-01/level", "aa-sp-01/pump_current")
UNITS = {"aa-sp-01/level": "m", "aa-sp-01/pump_current": "A"}
START_MS = NOW_MS - 20 * 60_000
STEP_MS = 5_000

BOOK = """
- id: dry-run
  class: sewage_pump
  when: pump_current > 2 A and level < 0.2 m
  for: 30 s
  clear: level > 0.4 m
  severity: high
  lead: construction
  support: governance
  say: {zh: 水泵空转, en: Pump runs dry}
  do: {zh: [停泵], en: [Stop the pump]}
  source: test
  evidence: proposal
  deadline: {hours: 2, clock: continuous, what: handle}
- id: high-level
  class: sewage_pump
  family: overflow
  when: level > 2 m
  for: 10 s
  clear: level < 1.8 m
  clear_for: 10 s
  severity: high
  lead: construction
  support: governance
  say: {zh: 液位高, en: Level high}
  do: {zh: [抽排], en: [Pump it out]}
  source: test
  evidence: proposal
  deadline: {hours: 2, clock: continuous, what: handle}
"""
RULES = load_rules({"book.yaml": BOOK}, {key: entry.facility_class for key, entry in load_classes().items()})


@dataclass(frozen=True)
class Incident:
    """A stretch of steps in which the pump runs dry or the sump is high."""

    first: int
    length: int
    dry: bool


@dataclass
class Town:
    """The core's parts without processes, broker and wall clock."""

    engine: sa.Engine
    clock: ManualClock = field(default_factory=lambda: ManualClock(START_MS))

    def __post_init__(self) -> None:
        registry = Registry(self.engine, load_classes())
        directory = Directory(self.engine, registry)
        self.store = MemoryStore()
        self.host = Assembler(directory, {})
        self.rules = Engine(RULES, directory.members(), self.store, EngineSettings(save_every_ms=20_000))
        self.journal = SqlJournal(self.engine, rules=RuleInfos(RULES), source=registry)
        self.commits = 0

    def receive(self, messages: Sequence[Message], now_ms: int) -> None:
        """What the committer and the judge do with some messages at some moment."""
        outcome = self.host.assemble(messages, now_ms)
        if outcome.commit is not None:
            number = self.store.commit(outcome.commit)
            self.host.ledger.committed(number, outcome.commit.chunks, outcome.commit.lows)
            self.host.ledger.durable(number)
            self.rules.ingest(outcome.commit.readings, now_ms)
        self.pass_time(now_ms)

    def pass_time(self, now_ms: int) -> None:
        """One turn of the judge without readings."""
        self.rules.advance(now_ms)
        changes = self.rules.changes(now_ms)
        if changes:
            self.journal.apply(changes, now_ms)

    def content(self) -> list[tuple[int, int, float, int]]:
        """The store's readings."""
        kept = self.store.read(self.store.latest().point, 0, 2**53)
        columns = (kept.point.tolist(), kept.time_ms.tolist(), kept.value.tolist(), kept.offset.tolist())
        return list(zip(*columns, strict=True))

    def intervals(self) -> list[tuple[str, int, int | None]]:
        """(rule, start, stop) of every alarm that stands."""
        table = dispatch_tables.alarm
        query = sa.select(table.c.rule_id, table.c.start_ms, table.c.stop_ms).where(
            ~table.c.retracted, table.c.merged_into == "", table.c.kind == "condition"
        )
        with self.engine.connect() as connection:
            return sorted((str(rule), int(start), stop) for rule, start, stop in connection.execute(query))

    def cases(self) -> Mapping[str, int]:
        """Number of cases by rule family; one that was withdrawn together with all its alarms was no case."""
        case, alarm = dispatch_tables.case, dispatch_tables.alarm
        stands = sa.exists().where(alarm.c.case == case.c.number, ~alarm.c.retracted)
        query = sa.select(case.c.family, sa.func.count()).where(stands).group_by(case.c.family)
        with self.engine.connect() as connection:
            return {str(family): int(count) for family, count in connection.execute(query)}


def town(folder: Path, name: str) -> Town:
    """A fresh town in a database of its own."""
    engine = prepare(sa.create_engine(f"sqlite:///{folder / name}.db"), durable=False)
    registry_tables.metadata.create_all(engine)
    dispatch_tables.metadata.create_all(engine)
    import_city(engine, write_city(folder / f"{name}-registry"))
    return Town(engine)


def recording(incidents: Sequence[Incident], steps: int) -> list[list[tuple[int, int, float]]]:
    """Rows (alias, time, value) a step: level and current of a pump with these incidents."""
    level, current = np.full(steps, 1.0), np.zeros(steps)
    for incident in incidents:
        span = slice(incident.first, incident.first + incident.length)
        level[span] = 0.1 if incident.dry else 2.5
        current[span] = 5.0 if incident.dry else 0.0
    return [
        [(0, START_MS + step * STEP_MS, float(level[step])), (1, START_MS + step * STEP_MS + 3, float(current[step]))]
        for step in range(steps)
    ]


def deliver(town: Town, edge: Edge, chunks: Sequence[Message], order: Sequence[tuple[int, int]]) -> None:
    """Hand over chunks at given moments, with the births before; then let time pass until all has settled."""
    town.receive(edge.births(), START_MS)
    at = 0
    while at < len(order):
        moment = order[at][0]
        batch = [chunks[index] for time_ms, index in order[at:] if time_ms == moment]
        town.receive(batch, moment)
        at += len(batch)
    end = max(moment for moment, _ in order)
    for later in (*range(1_000, 40_000, 3_000), 120_000):
        town.pass_time(end + later)
    town.pass_time(NOW_MS)


incidents = st.lists(
    st.builds(Incident, first=st.integers(5, 110), length=st.integers(1, 30), dry=st.booleans()), max_size=3
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(incidents=incidents, seed=st.integers(0, 2**32), lateness=st.sampled_from(["ten percent", "a whole gap"]))
def test_any_delivery_ends_in_the_same_store_the_same_alarms_and_no_case_too_many(
    tmp_path_factory: object, incidents: list[Incident], seed: int, lateness: str
) -> None:
    """Ten percent late or a whole gap late, chunks doubled and shuffled: the end is that of a delivery in order."""
    folder: Path = tmp_path_factory.mktemp("order")  # type: ignore[attr-defined]
    rng = random.Random(seed)
    steps = 140
    rows = recording(incidents, steps)
    edge = Edge(node=NODE, metrics=METRICS, units=UNITS)
    chunks = [edge.chunk(2 * step, rows[step]) for step in range(steps)]
    in_order = [(START_MS + step * STEP_MS + 100, step) for step in range(steps)]
    shuffled = _shuffled(rng, in_order, lateness)
    straight, crooked = town(folder, "straight"), town(folder, "crooked")
    try:
        deliver(straight, edge, chunks, in_order)
        deliver(crooked, edge, chunks, shuffled)
        assert crooked.content() == straight.content()
        assert crooked.intervals() == straight.intervals()
        found = Counter(rule for rule, _, _ in straight.intervals())
        cases = crooked.cases()
        assert cases.get("overflow", 0) <= found["high-level"]
        assert sum(cases.values()) <= sum(found.values())
        event(f"alarms: {sum(found.values())}, re-evaluated: {crooked.rules.stats.reevaluations > 0}")
    finally:
        straight.engine.dispose()
        crooked.engine.dispose()


def _shuffled(rng: random.Random, order: list[tuple[int, int]], lateness: str) -> list[tuple[int, int]]:
    """The same chunks, some of them late, some twice, several at one moment."""
    late: set[int]
    if lateness == "ten percent":
        late = {index for _, index in order if rng.random() < 0.1}
    else:
        first = rng.randrange(len(order) - 30)
        late = set(range(first, first + rng.randint(5, 30)))
    moments = []
    for moment, index in order:
        delay = rng.randrange(1, 12) * 10_000 if index in late else rng.choice([0, 0, 200])
        moments.append((moment + delay, index))
        if rng.random() < 0.1:
            moments.append((moment + delay + rng.randrange(30) * 1_000, index))
    grouped = sorted((moment // 5_000 * 5_000 + 4_900, rng.random(), index) for moment, index in moments)
    return [(moment, index) for moment, _, index in grouped]


def test_late_deliveries_are_judged_a_second_time(tmp_path: Path) -> None:
    """The property above would be empty if nothing were ever re-evaluated: a gap over an incident makes it so."""
    rows = recording([Incident(first=60, length=20, dry=True)], 140)
    edge = Edge(node=NODE, metrics=METRICS, units=UNITS)
    chunks = [edge.chunk(2 * step, rows[step]) for step in range(140)]
    moments = [(START_MS + step * STEP_MS + (150_000 if 50 <= step < 75 else 100), step) for step in range(140)]
    late = town(tmp_path, "late")
    try:
        deliver(late, edge, chunks, sorted(moments))
        assert late.rules.stats.reevaluations > 0
        assert [rule for rule, _, _ in late.intervals()] == ["dry-run"]
    finally:
        late.engine.dispose()
