"""The sensor's verdict over a real store: what was read, what is kept as proof."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.wiring import observed
from core.alarms import ChangeKind
from core.cases import Action, CaseState, Elsewhere, RuleInfo, TaskKind
from core.errors import Invalid
from core.places import Relation
from core.ports.evidence import Occasion
from core.ports.store import Commit
from core.readings import readings
from dispatch.desk import SqlDesk
from dispatch.freezer import Freezer
from dispatch.observing import Observer
from rules.language.load import load_rules
from store.memory import MemoryStore
from tests.unit.app.frozen import journal_of, level_of, rule_set_of, source_of
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, build_hall, change

WINDOW = 2 * HOUR


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """A fresh small city."""
    made = build_hall(tmp_path)
    yield made
    made.engine.dispose()


def filled(hall: Hall, until_ms: int) -> MemoryStore:
    """A level each ten seconds."""
    store = MemoryStore()
    times = np.arange(MONDAY_9 - HOUR, until_ms, 10_000, dtype=np.int64)
    values = np.full(len(times), 1.1)
    store.commit(Commit(readings=readings(point=[level_of(hall)] * len(times), time_ms=times, value=values)))
    return store


def handled(hall: Hall, store: MemoryStore) -> str:
    """A case of the rule whose repair is reported, its alarm gone a minute later; the alarm's id."""
    book = rule_set_of(hall)
    hall.desk = SqlDesk(hall.engine, rules=lambda rule: book.by_id[rule].info, source=hall.city.registry)
    journal, facility = journal_of(hall, store, book), hall.city.facility("aa-sp-01")
    opened = change(ChangeKind.OPENED, facility=facility)
    journal.apply([opened], MONDAY_9)
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks()[TaskKind.HANDLE], action, hall.actor("aa-m1"))
    journal.apply([change(ChangeKind.CLOSED, facility=facility, stop=MONDAY_9 + MINUTE)], MONDAY_9 + MINUTE)
    return opened.alarm_id


def observer_of(hall: Hall, store: MemoryStore) -> Observer:
    book = rule_set_of(hall)
    return Observer(
        hall.engine, source_of(hall, store), rules=lambda rule: book.by_id[rule].info, source=hall.city.registry
    )


def test_the_whole_window_is_read_and_kept(hall: Hall) -> None:
    """A level that is read every ten seconds closes the case after two hours; the curve of all of it is the proof."""
    until = MONDAY_9 + MINUTE + WINDOW
    store = filled(hall, until + MINUTE)
    alarm_id, observer = handled(hall, store), observer_of(hall, store)
    for now_ms in range(MONDAY_9, until + 1, MINUTE):
        observer.step(now_ms)
    (case,) = hall.cases()
    assert (case.state, case.closed_ms) == (CaseState.CLOSED, until)
    book = rule_set_of(hall)
    freezer = Freezer(hall.engine, source_of(hall, store), lambda rule: book.by_id[rule].info)
    freezer.step(until + HOUR)
    records = hall.queries.evidence(alarm_id) or ()
    proof = next(one for one in records if one.occasion is Occasion.CLOSED)
    level = next(one for one in proof.series if one.key == "level")
    assert proof.frozen_ms == until + HOUR
    assert level.time_ms[0] <= MONDAY_9
    assert level.time_ms[-1] >= until - 10_000
    assert level.thinned


def test_a_store_that_falls_silent_calls_a_person(hall: Hall) -> None:
    """Half an hour after the last reading the verifier is called; nothing is closed on silence."""
    store = filled(hall, MONDAY_9 + HOUR)
    handled(hall, store)
    observer = observer_of(hall, store)
    for now_ms in range(MONDAY_9, MONDAY_9 + 2 * HOUR, MINUTE):
        observer.step(now_ms)
    assert hall.cases()[0].state is CaseState.HANDLED
    assert hall.tasks()[TaskKind.VERIFY].ready


BOOK = """\
- id: {id}
  class: sewage_pump
  when: {when}
  for: {wait}
  severity: medium
  lead: construction
  support: governance
  say: {{zh: 液位高, en: Level high}}
  do: {{zh: [停泵], en: [Stop the pump]}}
  source: GB 50014
  evidence: unchecked
{more}"""


def test_what_dispatch_knows_of_a_rule_says_how_it_is_observed(hall: Hall) -> None:
    """Over how long it judges, the windows over a group included; and whom else it reads."""
    classes = hall.city.registry.classes()

    def known(when: str, wait: str = "30 s", more: str = "") -> RuleInfo:
        (rule,) = load_rules({"a.yaml": BOOK.format(id="x", when=when, wait=wait, more=more)}, classes).rules
        return observed(rule)

    def made(when: str, wait: str = "30 s", more: str = "") -> tuple[int | None, int]:
        info = known(when, wait, more)
        return info.observe_ms, info.hold_ms

    assert made("level > 2 m") == (None, 30_000)
    assert made("mean(level) over 4 h > 2 m", "1 h") == (None, 5 * HOUR)
    group = Elsewhere(relation=Relation.COMMUNITY, keys=("level",))
    assert known("level > 2 m").elsewhere == ()
    assert known("mean(level) of community > 2 m").elsewhere == (group,)
    assert made("mean(level) of community > 2 m") == (None, 30_000)
    assert made("max(mean(level) over 4 h) of community > 2 m") == (None, 4 * HOUR + 30_000)
    assert made("level > 2 m", more="  observe: 6 h\n") == (6 * HOUR, 30_000)
    assert made("level > 2 m", more="  observe: none\n")[0] == 0
    with pytest.raises(Invalid, match="soon"):
        made("level > 2 m", more="  observe: soon\n")
