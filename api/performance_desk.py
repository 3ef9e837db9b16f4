"""The report on the alarms themselves, for pages."""

from __future__ import annotations

from typing import cast

from api.access import Caller
from api.histories import MONTH_MS, asked_range
from api.models.base import Bilingual, PersonRef, severity_name
from api.models.performance import (
    Actor,
    AlarmPerformance,
    Burden,
    Deadband,
    Delay,
    Flood,
    Measure,
    MeasureName,
    SeverityCount,
    Stale,
)
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.ports import performance as rows


class PerformanceDesk:
    """Answers how much the alarms ask of people."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join journal and places."""
        self._ports = ports
        self._places = places

    def report(
        self, caller: Caller, *, community: int | None, from_ms: int | None, to_ms: int | None
    ) -> AlarmPerformance:
        """The measures of a span; the last 30 days, which ISA-18.2 asks for, unless told otherwise."""
        if community is not None and not caller.sees(community):
            raise ProblemError(Problems.NOT_FOUND)
        begin_ms, end_ms = asked_range(from_ms, to_ms, self._ports.clock.now_ms(), MONTH_MS)
        made = self._ports.performance.report(begin_ms, end_ms, caller.narrowed(community))
        places = self._places.now()
        return AlarmPerformance(
            from_ms=made.from_ms,
            to_ms=made.to_ms,
            alarms=made.alarms,
            load=made.load,
            measures=[_measure(one) for one in made.measures],
            by_severity=[SeverityCount(severity=severity_name(one), alarms=count) for one, count in made.by_severity],
            by_hour=list(made.by_hour),
            floods=[Flood(start_ms=one.start_ms, stop_ms=one.stop_ms, alarms=one.alarms) for one in made.floods],
            actors=[_actor(one, places) for one in made.actors],
            chattering=[_actor(one, places) for one in made.chattering],
            stale=[_stale(one, places) for one in made.stale],
            burdens=[_burden(one, places) for one in made.burdens],
        )


def _measure(one: rows.Measure) -> Measure:
    key = cast("MeasureName", one.key)
    return Measure(key=key, value=one.value, target=one.target, limit=one.limit, verdict=one.verdict)


def _actor(one: rows.Actor, places: Places) -> Actor:
    return Actor(
        rule_id=one.source.rule_id,
        say=Bilingual.of(one.source.say),
        facility=places.facility_ref(one.source.facility),
        severity=severity_name(one.severity),
        alarms=one.alarms,
        share=one.share,
        chattering=one.chattering,
        fleeting=one.fleeting,
        hold=delay(one.hold),
        wait=delay(one.wait),
        deadband=deadband(one.deadband),
    )


def deadband(one: rows.Deadband | None) -> Deadband | None:
    """A suggested deadband as it travels."""
    if one is None:
        return None
    return Deadband(measurement=one.measurement, unit=one.unit, width=one.width, clear=one.clear, left=one.left)


def delay(one: rows.Delay | None) -> Delay | None:
    """A suggested delay as it travels."""
    return None if one is None else Delay(seconds=one.seconds, left=one.left)


def _stale(one: rows.Stale, places: Places) -> Stale:
    return Stale(
        rule_id=one.source.rule_id,
        say=Bilingual.of(one.source.say),
        facility=places.facility_ref(one.source.facility),
        severity=severity_name(one.severity),
        since_ms=one.since_ms,
    )


def _burden(one: rows.Burden, places: Places) -> Burden:
    known = places.person_ref(one.person)
    person = known or PersonRef(id=one.person, name=Bilingual(zh=f"#{one.person}", en=f"#{one.person}"))
    return Burden(person=person, tasks=one.tasks, most_a_day=one.most_a_day, most_an_hour=one.most_an_hour)
