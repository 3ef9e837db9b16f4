"""From the registry folder to the alarm: a rule over a parent and a group, on the real registry, store and journal."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from app.wiring import RuleInfos
from core.ports.store import Commit
from core.readings import readings
from dispatch import tables as dispatch_tables
from dispatch.journal import SqlJournal
from registry.classbook import load_classes
from registry.directory import Directory
from rules.engine.engine import Engine
from rules.language.load import load_rules
from store.memory import MemoryStore
from tests.unit.registry import city as small
from tests.unit.registry.test_supply import write

START_MS = small.NOW_MS
SECOND_MS = 1_000
BOOK = """
- id: pumps-high
  class: sewage_pump
  when: count(level > 2 m) of community >= 2
  severity: high
  lead: construction
  say: {zh: 多处液位高, en: Several levels high}
  do: {zh: [去看], en: [look]}
  source: test
  evidence: proposal
- id: lift-open
  class: sewage_pump
  when: parent.door_open == 1 and level > 1 m
  severity: low
  lead: construction
  say: {zh: 上级门开, en: Door of the parent open}
  do: {zh: [去看], en: [look]}
  source: test
  evidence: proposal
"""


def test_a_folder_with_parents_leads_to_alarms_that_reach(tmp_path: Path) -> None:
    """Two pumps of one community are high together, one of them under an open lift; the third pump hears nothing."""
    city = small.build_city(tmp_path)
    write(city.folder, {"aa-sp-01": "aa-li-01"})
    small.import_city(city.engine, city.folder)
    directory, store = Directory(city.engine, city.registry), MemoryStore()
    rules = load_rules({"book.yaml": BOOK}, {key: entry.facility_class for key, entry in load_classes().items()})
    engine = Engine(rules, directory.members(), store)
    journal = SqlJournal(city.engine, rules=RuleInfos(rules), source=city.registry)
    pumps, lifts = directory.members()["sewage_pump"], directory.members()["elevator"]
    point = {f"{code}/level": int(number) for code, number in zip(pumps.code, pumps.point["level"], strict=True)}
    point |= {
        f"{code}/door_open": int(number) for code, number in zip(lifts.code, lifts.point["door_open"], strict=True)
    }
    for second, metric, value in (
        (1, "aa-sp-01/level", 2.5),
        (2, "bb-sp-01/level", 2.5),
        (3, "aa-li-01/door_open", 1.0),
        (5, "aa-sp-02/level", 2.5),
    ):
        now_ms = START_MS + second * SECOND_MS
        batch = readings(point=[point[metric]], time_ms=[now_ms], value=[value])
        store.commit(Commit(readings=batch))
        engine.ingest(batch, now_ms)
        engine.advance(now_ms)
        journal.apply(engine.changes(now_ms), now_ms)
    now_ms = START_MS + 8 * SECOND_MS
    engine.advance(now_ms)
    journal.apply(engine.changes(now_ms), now_ms)
    table = dispatch_tables.alarm
    with city.engine.connect() as connection:
        found = connection.execute(sa.select(table.c.rule_id, table.c.facility, table.c.start_ms)).all()
    one, two = city.facility("aa-sp-01"), city.facility("aa-sp-02")
    assert sorted((row.rule_id, row.facility, row.start_ms - START_MS) for row in found) == [
        ("lift-open", one, 3_000),
        ("pumps-high", one, 5_000),
        ("pumps-high", two, 5_000),
    ]
    city.engine.dispose()
