"""From a rule with levels in a file to what a page is given: engine, journal, cases and API in one SQLite file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from api.application import create_app
from api.ports import ApiPorts
from app.rule_directory import RuleBook
from app.wiring import RuleInfos
from core.readings import readings
from dispatch.desk import SqlDesk
from dispatch.fold_queries import SqlFoldQueries
from dispatch.journal import SqlJournal
from registry.classbook import load_classes
from registry.configurations import SqlConfigurationDesk
from registry.directory import Directory
from registry.node_status import SqlNodeStatusBook
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.language.load import load_rules
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.api.world import FakeReports, FakeWatch, World
from tests.unit.dispatch.hall import MINUTE, MONDAY_9

BOOK = """
- id: sump-high
  class: sewage_pump
  levels:
    - {severity: low, when: level > 1 m, for: 1 min}
    - {severity: medium, when: level > 1.5 m, clear: level < 1.4 m}
    - severity: high
      when: level > 2 m
      clear: level < 1.8 m
      say: {zh: 集水井将溢流, en: The sump is about to overflow}
      do: {zh: [抽排], en: [Pump it out]}
      deadline: {hours: 1, clock: continuous}
  clear: level < 0.8 m
  lead: construction
  support: governance
  say: {zh: 集水井液位偏高, en: The sump is high}
  do: {zh: [去看], en: [Go and look]}
  source: test
  evidence: proposal
  deadline: {hours: 8, clock: work}
"""
RULES = load_rules({"book.yaml": BOOK}, {key: entry.facility_class for key, entry in load_classes().items()})


class Sump:
    """One pump's sump: readings in, alarms in the journal."""

    def __init__(self, town: Town) -> None:
        registry = town.hall.city.registry
        self.number = town.hall.city.facility("aa-sp-01")
        detail = registry.facility(self.number)
        assert detail is not None
        self.point = next(point.number for point in detail.points if point.key == "level")
        self.town = town
        members = Directory(town.hall.engine, registry).members()
        # Every reading holds for long enough that one a minute leaves no gap.
        patient = {
            key: np.full_like(column, 10 * MINUTE) for key, column in members["sewage_pump"].stale_after_ms.items()
        }
        members = {"sewage_pump": replace(members["sewage_pump"], stale_after_ms=patient)}
        self.engine = Engine(RULES, members, NoHistory())
        self.journal = SqlJournal(town.hall.engine, rules=RuleInfos(RULES), source=registry)

    def reads(self, minute: int, level_m: float) -> None:
        """The level at a minute after nine."""
        now_ms = MONDAY_9 + minute * MINUTE
        self.engine.ingest(readings(point=[self.point], time_ms=[now_ms], value=[level_m]), now_ms)
        self.engine.advance(now_ms)
        self.journal.apply(self.engine.changes(now_ms), now_ms)
        self.town.clock.advance(now_ms - self.town.clock.now_ms())


def browser(town: Town) -> TestClient:
    """The API over the real rooms, with the rules of the file."""
    engine, registry = town.hall.engine, town.hall.city.registry
    ports = ApiPorts(
        store=town.store,
        registry=registry,
        registry_commands=town.commands,
        directory=Directory(engine, registry),
        cases=town.hall.queries,
        case_commands=SqlDesk(engine, rules=RuleInfos(RULES), source=registry),
        nodes=SqlNodeStatusBook(engine),
        configurations=SqlConfigurationDesk(engine, lambda _text: None),
        folds=SqlFoldQueries(engine),
        rules=RuleBook(RULES),
        performance=FakeReports(),
        clock=town.clock,
        engine=engine,
        watch=FakeWatch(),
    )
    return TestClient(create_app(ports, town.settings), base_url="http://localhost")


def test_an_alarm_rises_and_falls_on_its_page(tmp_path: Path) -> None:
    """One alarm, its course, its case at the worst of it, and each level with its limit."""
    with open_town(tmp_path) as town, browser(town) as client:
        World.log_in(client, "mgr-a")
        sump = Sump(town)
        for minute, level_m in enumerate((0.5, 1.2, 1.2, 1.6)):
            sump.reads(minute, level_m)
        (alarm,) = client.get("/api/v1/alarms").json()["items"]
        assert (alarm["severity"], alarm["worst"], alarm["state"]) == ("medium", "medium", "unacknowledged")
        client.post(f"/api/v1/alarms/{alarm['id']}/acknowledge", json={})
        sump.reads(4, 2.5)
        risen = client.get(f"/api/v1/alarms/{alarm['id']}").json()
        assert (risen["severity"], risen["state"]) == ("high", "unacknowledged")
        assert (risen["say"]["en"], risen["do"][0]["en"]) == ("The sump is about to overflow", "Pump it out")
        sump.reads(5, 1.7)
        sump.reads(6, 1.2)
        shown = client.get(f"/api/v1/alarms/{alarm['id']}").json()
        check_course(shown)
        (case,) = client.get("/api/v1/cases").json()["items"]
        assert (case["severity"], case["say"]["en"]) == ("high", "The sump is about to overflow")
        assert case["deadline"]["due_ms"] == MONDAY_9 + 64 * MINUTE
        limits = client.get(f"/api/v1/points/{sump.point}/history").json()["limits"]
        assert [(limit["value"], limit["severity"]) for limit in limits] == [
            (1.0, "low"),
            (1.5, "medium"),
            (2.0, "high"),
        ]
        sump.reads(7, 0.5)
        over = client.get(f"/api/v1/alarms/{alarm['id']}").json()
        assert (over["active"], over["severity"], over["worst"]) == (False, "high", "high")


def check_course(shown: Any) -> None:
    """Low for a minute, then medium, high, medium, low again."""
    course = [((step["from_ms"] - MONDAY_9) / MINUTE, step["severity"]) for step in shown["steps"]]
    assert course == [(2, "low"), (3, "medium"), (4, "high"), (5, "medium"), (6, "low")]
    assert (shown["severity"], shown["worst"], shown["active"]) == ("low", "high", True)
    told = [(line["what"], line["severity"]) for line in shown["history"] if line["what"] in {"rise", "fall"}]
    assert told == [("rise", "medium"), ("rise", "high"), ("fall", "medium"), ("fall", "low")]
    levels = [(level["severity"], level["when"], level["clear"]) for level in shown["rule"]["levels"]]
    assert levels[0] == ("low", "level > 1 m", "level < 0.8 m")
    assert levels[2] == ("high", "level > 2 m", "level < 1.8 m")
