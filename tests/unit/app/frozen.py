"""Frozen evidence over the small city of the dispatch tests, for several folders of tests."""

from __future__ import annotations

from app.facility_memory import FacilityMemory
from app.frozen_around import Surroundings
from app.frozen_calendar import FrozenTimes
from app.frozen_evidence import EvidenceFreezer
from app.frozen_place import Births, Places
from core.ports.store import TimeSeriesStore
from dispatch.freezer import Freezer
from dispatch.holidays import mainland_china
from dispatch.journal import SqlJournal
from dispatch.worktime import WorkCalendar
from registry.directory import Directory
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from tests.unit.dispatch.hall import RULES, Hall

BOOK = """\
- id: medium
  class: sewage_pump
  when: level > {limit} m and facility.build_year < 2030{more}
  clear: level < 1.2 m
  for: 30 s
  severity: medium
  lead: construction
  support: governance
  say: {{zh: 液位高, en: Level high}}
  do: {{zh: [停泵], en: [Stop the pump]}}
  source: GB 50014
  evidence: unchecked
"""


def rule_set_of(hall: Hall, limit: float = 2.2, more: str = "") -> RuleSet:
    """A rule book of one rule, with this limit, and ``more`` behind its condition."""
    return load_rules({"a.yaml": BOOK.format(limit=limit, more=more)}, hall.city.registry.classes())


def source_of(
    hall: Hall, store: TimeSeriesStore, rules: RuleSet | None = None, births: Births | None = None
) -> EvidenceFreezer:
    """What is frozen, over this store and rule book."""
    book, memory = rules or rule_set_of(hall), FacilityMemory(hall.city.registry)
    calendar = hall.city.registry.calendar(mainland_china(), "Asia/Shanghai")
    directory = Directory(hall.engine, hall.city.registry)
    return EvidenceFreezer(
        store,
        hall.city.registry,
        memory,
        lambda: book,
        places=Places(hall.city.registry, memory, births or Births()),
        times=FrozenTimes(WorkCalendar(), lambda: calendar),
        surroundings=Surroundings(store, hall.city.registry, lambda: book, directory.members, lambda: calendar),
        program="1.2.3",
    )


def freezer_of(hall: Hall, store: TimeSeriesStore, rules: RuleSet | None = None) -> Freezer:
    """Completes the records of the hall."""
    return Freezer(hall.engine, source_of(hall, store, rules), RULES.get)


def journal_of(hall: Hall, store: TimeSeriesStore, rules: RuleSet | None = None) -> SqlJournal:
    """A journal that freezes the context in the transaction that opens an alarm."""
    source = source_of(hall, store, rules)
    return SqlJournal(hall.engine, rules=RULES.get, source=hall.city.registry, frozen=source)


def level_of(hall: Hall, code: str = "aa-sp-01") -> int:
    """The point of a pump's level."""
    detail = hall.city.registry.facility_by_code(code)
    assert detail is not None
    return next(point.number for point in detail.points if point.key == "level")
