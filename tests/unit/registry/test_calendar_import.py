"""The file ``calendar`` of a registry folder: read, checked, imported, and gone again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import sqlalchemy as sa

from core.calendar import OCCUPIED, PLANNED_WORK, season_term
from core.errors import Invalid
from core.ports.registry import ChangeKind, FacilityFilter, PageRequest
from registry import importer
from registry.classbook import load_classes
from registry.content import read_folder
from registry.queries import Registry
from tests.unit.registry import city
from tests.unit.registry.test_site_calendar import TABLE

CALENDAR = """\
- {entry: general, zone: Asia/Shanghai, night: "23:00-06:00"}
- {entry: opening, hours: workday 08:30-12:00 14:00-17:30; weekend closed}
- {entry: opening, community: bb, hours: daily 06:00-22:00}
- {entry: season, name: flood, first: 05-01, last: 10-15}
- {entry: day, date: 2027-02-06, is: holiday}
- entry: work
  code: pump-swap
  facility: [aa-sp-01, aa-sp-02]
  name: {zh: 换泵, en: Pump replacement}
  from: 2026-12-01T08:00
  until: 2026-12-01T17:00
"""
FAULTS = """\
- {hours: daily 06:00-22:00}
- {entry: opening, hours: mon-fri 08:00-18:00}
- {entry: opening, hours: workday 8-18, community: aa}
- {entry: opening, hours: daily 06:00-22:00, community: nowhere}
- {entry: general, zone: Mars/Base}
- {entry: general, night: "22:00-22:00"}
- {entry: season, name: flood, first: 05-01, last: 2026-10-15}
- {entry: season, name: flood, first: 05-01, last: 10-32}
- {entry: day, date: 2027-02-06, is: holliday}
- {entry: work, code: w1, name: {zh: 换泵, en: Pump}, from: 2026-12-01T08:00, until: 2026-12-01T07:00}
- {entry: season, name: flood, first: 05-01, last: 10-15, hours: daily 00:00-24:00}
- {entry: weather}
- {entry: year, year: 2027}
- {entry: year, year: 2027}
"""


def take(engine: sa.Engine, folder: Path) -> importer.Plan:
    """Import the folder."""
    content = read_folder(folder, load_classes(), city.DAY)
    return importer.apply(engine, content, day=city.DAY, actor="test", now_ms=city.NOW_MS)


def value(engine: sa.Engine, term: str, code: str, text: str) -> float:
    """What a term is for a facility at a local time."""
    registry = Registry(engine, load_classes())
    found = registry.facilities(FacilityFilter(), PageRequest(limit=50)).items
    number = next(one.number for one in found if one.code == code)
    timetable = registry.calendar(TABLE, "Asia/Shanghai").timetable(term, np.array([number], np.int32))
    at_ms = int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
    return timetable.schedules[timetable.of[0]].steps(at_ms, at_ms).begin


def test_a_calendar_is_imported_once_and_leaves_with_its_file(engine: sa.Engine, tmp_path: Path) -> None:
    """The same file changes nothing the second time; without it nothing is known of opening hours any more."""
    folder = city.write_city(tmp_path / "folder")
    (folder / "calendar.yaml").write_text(CALENDAR, encoding="utf-8")
    assert sum(change.collection == "calendar" for change in take(engine, folder).changes) == 6
    assert not take(engine, folder)
    assert value(engine, OCCUPIED, "aa-ia-01", "2026-11-27T09:00") == 1
    assert value(engine, OCCUPIED, "aa-ia-01", "2026-11-27T13:00") == 0
    assert value(engine, OCCUPIED, "bb-sp-01", "2026-11-28T21:59") == 1
    assert value(engine, PLANNED_WORK, "aa-sp-01", "2026-12-01T09:00") == 1
    assert value(engine, PLANNED_WORK, "aa-li-01", "2026-12-01T09:00") == 0
    assert value(engine, season_term("flood"), "aa-li-01", "2026-10-15T23:00") == 1
    (folder / "calendar.yaml").unlink()
    assert {change.kind for change in take(engine, folder).changes} == {ChangeKind.RETIRE}
    assert np.isnan(value(engine, OCCUPIED, "aa-ia-01", "2026-11-27T09:00"))


def test_everything_wrong_in_a_calendar_is_reported_at_once(tmp_path: Path) -> None:
    """Thirteen faulty entries, each told at its line, in both languages."""
    folder = city.write_city(tmp_path / "folder")
    (folder / "calendar.yaml").write_text(FAULTS, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        read_folder(folder, load_classes(), city.DAY)
    found = [(finding.line, finding.code) for finding in caught.value.findings]
    assert found == [
        (1, "TG-3020"),
        (2, "TG-3062"),
        (3, "TG-3062"),
        (4, "TG-3041"),
        (5, "TG-3061"),
        (6, "TG-3062"),
        (7, "TG-3063"),
        (8, "TG-3063"),
        (9, "TG-3065"),
        (10, "TG-3066"),
        (10, "TG-3064"),
        (11, "TG-3060"),
        (12, "TG-3060"),
        (14, "TG-3067"),
    ]
    for finding in caught.value.findings:
        assert finding.what_in("zh") != finding.what_in("en")
        assert finding.fix_in("zh") != finding.fix_in("en")


def test_a_calendar_may_be_a_table(engine: sa.Engine, tmp_path: Path) -> None:
    """The same entries as CSV, as a spreadsheet saves them."""
    folder = city.write_city(tmp_path / "folder")
    (folder / "calendar.csv").write_text(
        "entry,hours,date,is\nopening,workday 08:30-17:30; weekend closed,,\nday,,2027-02-06,holiday\n",
        encoding="utf-8",
    )
    take(engine, folder)
    assert value(engine, OCCUPIED, "aa-ia-01", "2027-02-06T09:00") == 0
    assert np.isnan(value(engine, OCCUPIED, "aa-ia-01", "2027-02-08T09:00"))
