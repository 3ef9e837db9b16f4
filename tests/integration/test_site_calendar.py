"""From the file ``calendar`` of a registry folder to alarms: a week with a holiday and a worked Saturday."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.readings import Readings, readings
from dispatch.holidays import mainland_china
from registry import importer, tables
from registry.classbook import load_classes
from registry.content import read_folder
from registry.directory import Directory
from registry.queries import Registry
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.language.load import load_rules
from tests.unit.registry import city

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = """\
- {entry: opening, hours: workday 08:30-12:00 14:00-17:30; weekend closed}
- entry: work
  code: airing
  facility: aa-ia-01
  name: {zh: 通风检修, en: Ventilation works}
  from: 2026-10-09T14:00
  until: 2026-10-09T18:00
"""
RULES = """\
- id: stuffy
  class: indoor_air
  when: co2 > 1000 [ppm] and occupied and not planned_work
  severity: low
  lead: governance
  say: {zh: 空气不好, en: Stuffy air}
  do: {zh: [开窗], en: [Open a window]}
  source: {zh: 测试, en: test}
  evidence: proposal
"""


def at(text: str) -> int:
    """UTC milliseconds of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


@pytest.mark.parametrize("order", ["in time", "backwards", "restarted"])
def test_stuffy_air_is_an_alarm_while_people_are_there(tmp_path: Path, order: str) -> None:
    """October 2026: the 7th is a holiday, the 9th has work planned in the afternoon, Saturday the 10th is worked."""
    folder, engine = city.write_city(tmp_path / "folder"), city.new_engine(tmp_path / "registry.db")
    tables.metadata.create_all(engine)
    (folder / "calendar.yaml").write_text(CALENDAR, encoding="utf-8")
    content = read_folder(folder, load_classes(), city.DAY)
    importer.apply(engine, content, day=city.DAY, actor="test", now_ms=city.NOW_MS)
    registry = Registry(engine, load_classes())
    members, calendar = Directory(engine, registry).members(), registry.calendar(mainland_china(), "Asia/Shanghai")
    rules = load_rules({"rules.yaml": RULES}, registry.classes())
    judge = Engine(rules, members, NoHistory(), None, calendar)
    for now_ms, chunk in chunks(int(members["indoor_air"].point["co2"][0]), order):
        judge.ingest(chunk, now_ms)
        judge.advance(now_ms)
        if order == "restarted" and now_ms == at("2026-10-10T10:00"):
            break
    if order != "restarted":
        judge.settle(at("2026-10-12T08:00"))
        found = [(one.start_ms, one.stop_ms) for one in judge.book.of(0)]
        hours = (("08:30", "12:00"), ("14:00", "17:30"))
        days = [("2026-10-08", hours), ("2026-10-09", hours[:1]), ("2026-10-10", hours)]
        assert found == [(at(f"{day}T{begin}"), at(f"{day}T{end}")) for day, every in days for begin, end in every]
    else:
        again = Engine.restore(judge.snapshot(), rules, members, NoHistory(), None, calendar)
        again.advance(at("2026-10-10T11:00"))
        assert [(one.start_ms, one.stop_ms) for one in again.book.of(0)][-1] == (at("2026-10-10T08:30"), None)
    engine.dispose()


def chunks(point: int, order: str) -> list[tuple[int, Readings]]:
    """A high value every minute, hour by hour; or everything at the end, the newest first."""
    times = np.arange(at("2026-10-07T08:00"), at("2026-10-12T08:00"), 60_000)
    hour = times // 3_600_000
    parts = [times[hour == one] for one in np.unique(hour)]
    batches = [readings(point=np.full(len(t), point), time_ms=t, value=np.full(len(t), 1500.0)) for t in parts]
    if order != "backwards":
        return [(int(t[-1]) + 60_000, batch) for t, batch in zip(parts, batches, strict=True)]
    return [(int(times[-1]) + 60_000, batch) for batch in reversed(batches)]
