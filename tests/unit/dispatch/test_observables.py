"""Whose readings prove a repair: groups and parents with all that they read, and what could not be heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.alarms import SIGHT_POINT, AlarmChange, AlarmKind, ChangeKind, Severity, Unseen, alarm_id
from core.cases import Action, CaseState, Elsewhere, RuleInfo, TaskKind
from core.closure import WatchState
from core.places import Grid, Relation, Text
from core.ports.registry import FacilityPlace
from dispatch import closure_tables
from dispatch.closure_queries import SqlClosureQueries
from dispatch.desk import SqlDesk
from dispatch.journal import SqlJournal
from dispatch.observables import MOST_PARTS, Groups, Part, of_rule, of_sight
from dispatch.observation import HEARD, window_ms
from dispatch.observing import Observer
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, change, rule
from tests.unit.dispatch.sensor import Sensor

CELL = Elsewhere(relation=Relation.CONSTRUCTION_CELL, keys=("level",))
ALL = Elsewhere(relation=Relation.COMMUNITY, keys=("level",))
ABOVE = Elsewhere(relation=Relation.PARENT, keys=("pressure",), parent=True)
SIGHT = rule("sight.device", Severity.MEDIUM, family="sight", kind=AlarmKind.SIGHT)
GROUP = rule("group", Severity.MEDIUM, measurements=("level",), elsewhere=(ALL,))
RULES: Mapping[str, RuleInfo] = {"sight.device": SIGHT, "group": GROUP}


def place(number: int, **values: object) -> FacilityPlace:
    """A pump of cell c1 beneath facility 9."""
    known: dict[str, object] = {
        "number": number,
        "code": str(number),
        "name": Text(zh="泵", en="Pump"),
        "class_id": "sewage_pump",
        "community": 1,
        "cells": {Grid.CONSTRUCTION: "c1"},
        "parent": 9,
    }
    return FacilityPlace(**(known | values))  # type: ignore[arg-type]


def test_a_rule_is_proven_by_all_that_it_reads() -> None:
    """Its own points, those of the members of its group, of its class alone, and those of its parent."""
    places = [place(1), place(2), place(3, cells={}), place(4, class_id="well"), place(9, class_id="x", parent=None)]
    groups = Groups({one.number: one for one in places})
    own = rule("r", Severity.LOW, measurements=("level",))
    assert of_rule(own, 1, groups) == [Part(1, ("level",))]
    assert of_rule(replace(own, elsewhere=(CELL,)), 1, groups) == [Part(1, ("level",)), Part(2, ("level",))]
    assert of_rule(replace(own, elsewhere=(ABOVE,)), 1, groups) == [Part(1, ("level",)), Part(9, ("pressure",))]
    assert of_rule(replace(own, measurements=(), elsewhere=(ABOVE,)), 2, groups) == [Part(9, ("pressure",))]


def test_what_dispatch_does_not_know_is_left_to_a_person() -> None:
    """No parent, no cell, a group held together by a gateway, an unknown facility, nothing read, or too many."""
    groups = Groups({1: place(1, parent=None, cells={}), **{number: place(number) for number in range(2, 60)}})
    own = rule("r", Severity.LOW, measurements=("level",))
    gateway = Elsewhere(relation=Relation.GATEWAY, keys=("level",))
    for elsewhere in (CELL, ABOVE, gateway):
        assert of_rule(replace(own, elsewhere=(elsewhere,)), 1, groups) is None
    assert of_rule(replace(own, elsewhere=(CELL,)), 99, groups) is None
    assert of_rule(replace(own, elsewhere=(CELL,)), 2, groups) is None, "more than 50"
    assert of_rule(replace(own, measurements=()), 1, groups) is None


def test_what_could_not_be_heard_must_be_heard_again() -> None:
    """A point, a facility, or all that an alarm has hidden; not where that is cut off or too much."""
    assert of_sight(SIGHT_POINT, 7, "level", None, 0) == [Part(7, ("level",))]
    assert of_sight("sight.device", 7, "", None, 0) == [Part(7)]
    hidden = Unseen(gateways=1, devices=2, facilities=(3, 4))
    assert of_sight("sight.gateway", 7, "g/1", hidden, 2) == [Part(3), Part(4)]
    assert of_sight("sight.gateway", 7, "g/1", hidden, 3) is None
    many = Unseen(gateways=1, devices=99, facilities=tuple(range(MOST_PARTS + 1)))
    assert of_sight("sight.gateway", 7, "g/1", many, len(many.facilities)) is None
    assert Part(7).takes("anything")
    assert not Part(7, ("level",)).takes("flow")


def test_how_long_what_could_not_be_seen_is_observed() -> None:
    """Two hours whatever the class; where people are in danger, a person looks."""
    assert window_ms(SIGHT, "drain_well") == HEARD.hours * HOUR
    assert window_ms(SIGHT, "slope_wall") == HEARD.hours * HOUR
    assert window_ms(SIGHT, "gas_indoor") == 0
    assert window_ms(replace(SIGHT, severity=Severity.CRITICAL), "drain_well") == 0
    assert window_ms(rule("r", Severity.LOW, elsewhere=(ABOVE,)), "sewage_pump") == 2 * HOUR


# --- in the database --------------------------------------------------------------------------------------------


class Watched:
    """The hall with these rules, a pump that has been repaired, and its observer."""

    def __init__(self, hall: Hall) -> None:
        registry = hall.city.registry
        hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=registry)
        hall.desk = SqlDesk(hall.engine, rules=RULES.get, source=registry)
        self.hall, self.sensor = hall, Sensor()
        self.observer = Observer(hall.engine, self.sensor, rules=RULES.get, source=registry)
        self.pump, self.other = hall.city.facility("aa-sp-01"), hall.city.facility("aa-sp-02")

    def repaired(self, one: AlarmChange) -> None:
        """The alarm comes, is repaired, and goes five minutes later."""
        self.hall.apply(one)
        for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
            self.hall.act(self.hall.tasks()[TaskKind.HANDLE], action, self.hall.actor("aa-m1"))
        stop_ms = MONDAY_9 + 5 * MINUTE
        over = replace(one, kind=ChangeKind.CLOSED, interval=replace(one.interval, stop_ms=stop_ms))
        self.hall.apply(over, now_ms=stop_ms)

    def look(self, until_ms: int) -> None:
        """Every ten minutes, and at the end."""
        for now_ms in (*range(MONDAY_9, until_ms, 10 * MINUTE), until_ms):
            self.observer.step(now_ms)

    def states(self) -> list[str]:
        """Of the observations."""
        with self.hall.engine.connect() as connection:
            return list(connection.execute(sa.select(closure_tables.watch.c.state)).scalars())


@pytest.fixture
def watched(hall: Hall) -> Watched:
    return Watched(hall)


def unseen(facility: int, *hidden: int, start: int = MONDAY_9, element: str = "") -> AlarmChange:
    """A facility that is not heard, and what hides behind it."""
    one = change(ChangeKind.OPENED, "sight.device", facility=facility, start=start)
    behind = Unseen(gateways=0, devices=len(hidden), facilities=hidden) if hidden else None
    known = alarm_id("sight.device", facility, start) if not element else f"{element}-{start}"
    return replace(one, alarm_kind=AlarmKind.SIGHT, unseen=behind, element=element, alarm_id=known)


DONE = MONDAY_9 + 5 * MINUTE + 2 * HOUR


def test_what_is_heard_again_for_two_hours_is_closed(watched: Watched) -> None:
    """All points of the facility have good readings, the alarm stays away: nobody goes there a second time."""
    watched.repaired(unseen(watched.pump))
    assert not watched.hall.tasks()[TaskKind.VERIFY].ready
    watched.look(DONE)
    assert watched.sensor.asked == {(watched.pump, ())}
    assert watched.hall.cases()[-1].state is CaseState.CLOSED
    assert watched.states() == [WatchState.PROVEN]


def test_one_of_the_hidden_that_stays_silent_calls_a_person(watched: Watched) -> None:
    """Two facilities could not be seen; one of them is not heard."""
    watched.sensor.silent.add(watched.other)
    watched.repaired(unseen(watched.pump, *sorted((watched.pump, watched.other))))
    watched.look(MONDAY_9 + HOUR)
    assert watched.states() == [WatchState.BLIND]
    assert watched.hall.tasks()[TaskKind.VERIFY].ready


def test_another_element_of_the_same_facility_is_another_matter(watched: Watched) -> None:
    """A second bus of the facility fails within the window: a case of its own; the first one is rejected by its own."""
    watched.repaired(unseen(watched.pump, element="g/n/bus-1"))
    again = MONDAY_9 + 30 * MINUTE
    watched.hall.apply(unseen(watched.pump, start=again, element="g/n/bus-2"), now_ms=again)
    watched.look(MONDAY_9 + HOUR)
    assert watched.states() == [WatchState.WATCHING]
    watched.hall.apply(unseen(watched.pump, start=again + 1, element="g/n/bus-1"), now_ms=again + MINUTE)
    assert watched.states() == [WatchState.RETURNED]
    assert {case.state for case in watched.hall.cases()} == {CaseState.REWORK, CaseState.DISPATCHED}


def test_a_group_is_proven_by_all_of_it(watched: Watched) -> None:
    """The other pump of the community is read by the rule: silent, it calls a person; heard, the case is closed."""
    roster = watched.hall.city.registry.roster()
    parts = of_rule(GROUP, watched.pump, Groups(roster.places))
    assert parts is not None
    facilities = {part.facility for part in parts}
    assert len(facilities) > 1
    watched.repaired(change(ChangeKind.OPENED, "group", facility=watched.pump))
    watched.look(DONE)
    assert {facility for facility, _ in watched.sensor.asked} == facilities
    assert watched.hall.cases()[-1].state is CaseState.CLOSED


def test_a_silent_member_of_a_group_calls_a_person(watched: Watched) -> None:
    """The group's condition cannot be known to stay good while one of it is not heard."""
    parts = of_rule(GROUP, watched.pump, Groups(watched.hall.city.registry.roster().places))
    assert parts is not None
    watched.sensor.silent.add(next(part.facility for part in parts if part.facility != watched.pump))
    watched.repaired(change(ChangeKind.OPENED, "group", facility=watched.pump))
    watched.look(MONDAY_9 + HOUR)
    assert watched.states() == [WatchState.BLIND]
    assert watched.hall.tasks()[TaskKind.VERIFY].ready


def test_the_page_says_why_so_long(watched: Watched) -> None:
    """Of what could not be seen: that readings arrive; of a condition: what its class needs."""
    watched.repaired(unseen(watched.pump))
    queries = SqlClosureQueries(watched.hall.engine, watched.hall.city.registry)
    row = queries.watch(watched.hall.cases()[-1].number)
    assert row is not None
    assert (row.why, row.window_ms) == (HEARD.why, 2 * HOUR)
