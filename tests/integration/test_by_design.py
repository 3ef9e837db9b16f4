"""Suppression by design on the real registry and journal: planned work keeps silent what it explains, and no more."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.by_design import DesignedJournal
from core.alarms import ChangeKind
from dispatch import tables
from dispatch.explained import Explained
from dispatch.holidays import mainland_china
from dispatch.journal import SqlJournal
from dispatch.suppression import SqlSuppression
from registry.classbook import load_classes
from registry.content import read_folder
from registry.importer import apply
from tests.unit.dispatch.hall import MINUTE, RULES, build_hall, change
from tests.unit.registry import city

CALENDAR = """\
- entry: work
  code: airing
  facility: aa-sp-01
  name: {zh: 泵站检修, en: Overhaul of the pump}
  from: 2026-11-23T09:00
  until: 2026-11-23T10:00
"""
NINE = int(datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
TEN = NINE + 60 * MINUTE


def test_planned_work_is_silent_until_its_end_and_a_restart_changes_nothing(tmp_path: Path) -> None:
    """What opens meanwhile is silent with its cause, what is critical speaks, what is on at the end opens its case."""
    hall = build_hall(tmp_path)
    folder = city.write_city(tmp_path / "again")
    (folder / "calendar.yaml").write_text(CALENDAR, encoding="utf-8")
    content = read_folder(folder, load_classes(), city.DAY)
    apply(hall.engine, content, day=city.DAY, actor="test", now_ms=city.NOW_MS)
    registry = hall.city.registry
    calendar = registry.calendar(mainland_china(), "Asia/Shanghai")

    def journal() -> DesignedJournal:
        inner = SqlJournal(hall.engine, rules=RULES.get, source=registry)
        book = SqlSuppression(hall.engine, rules=RULES.get, source=registry)
        made = DesignedJournal(inner, book, Explained(RULES.get), registry, lambda: calendar)
        made.announced(0)
        return made

    pump, other = hall.city.facility("aa-sp-01"), hall.city.facility("aa-sp-02")
    first = journal()
    first.tick(NINE - 1)
    assert hall.count(tables.flag) == 0
    first.apply([change(ChangeKind.OPENED, "high", facility=pump, start=NINE)], NINE)
    first.apply([change(ChangeKind.OPENED, facility=other, start=NINE)], NINE)
    assert [case.facility for case in hall.cases()] == [other]
    with hall.engine.connect() as connection:
        (flag,) = connection.execute(sa.select(tables.flag)).all()
    assert (flag.cause, flag.ref, flag.until_ms, flag.reason) == (
        "planned_work",
        "airing",
        TEN,
        "泵站检修 / Overhaul of the pump",
    )
    again = journal()
    again.tick(NINE + MINUTE)
    assert hall.count(tables.flag) == 1
    again.apply([change(ChangeKind.OPENED, "gas", facility=pump, start=NINE + MINUTE)], NINE + MINUTE)
    again.apply([change(ChangeKind.OPENED, "critical", facility=pump, start=NINE + MINUTE)], NINE + MINUTE)
    assert [case.facility for case in hall.cases()] == [other, pump]
    again.tick(TEN)
    assert [case.facility for case in hall.cases()] == [other, pump, pump]
    hall.engine.dispose()
