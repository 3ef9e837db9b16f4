"""One run: the city is founded, the script drawn, the readings replayed, the cases foreseen, and everything counted."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app.backtest import Backtest, Progress, Question
from app.backtest_report import past_alarms, past_outages
from app.backtest_sensors import PastSensors
from app.sight_places import past_places
from app.wiring import rule_sources
from bench.city import eyes as looking
from bench.city.counting import OfTheEyes, Said, Verdict, judge, judge_eyes, true_of_instruments
from bench.city.eyes import Eyes
from bench.city.readings import CityReadings
from bench.city.script import Script, write
from bench.city.town import COUNTS, ZONE, Place, Town, found, plan
from core.alarms import AlarmKind, Severity
from core.places import ClassMembers
from dispatch.foreseen import Crew
from dispatch.foresight import foresee
from dispatch.holidays import mainland_china
from dispatch.loads import ForeseenTask
from dispatch.workload import Workload, is_night, workload
from rules.engine.replay import FoundAlarm
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from rules.sight_replay import Scenery

FIRST_DAY = date(2025, 9, 22)
"""A Monday; with the make-up day of 28 September and the holidays from 1 to 8 October."""
WARM_UP_DAYS = 1
"""Measured, but not counted: windows of a day fill."""
DAY_MS = 86_400_000
_BATCH_MS = 1_800_000
_HEARD_MS = 900_000
"""What has readings at least every five minutes is missed after that long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is to be simulated.

    Attributes:
        days: counted days; seed: fixes faults, disturbances, weather and noise; communities: how many.
        counts: facilities of each class in a community.
        rate: times the usual number of faults and disturbances.
    """

    days: int = 14
    seed: int = 1
    communities: int = 3
    counts: Mapping[str, int] = field(default_factory=lambda: COUNTS)
    rate: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """Who is woken: tasks announced between 22 and 6 by severity."""

    tasks: Mapping[Severity, int]

    @property
    def below_high(self) -> int:
        """Of medium severity and less."""
        return sum(count for severity, count in self.tasks.items() if severity < Severity.HIGH)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Everything that came out.

    Attributes:
        wish: what was asked.
        town, script: what there was.
        rules: the shipped rules.
        verdict: alarms against the script.
        work: cases, tasks and burdens.
        night: who is woken.
        waiting: tasks with nobody to do them.
        points: measured; read: those that any rule reads.
        readings: judged.
        spent_s: processor time; peak_mb: memory of the process.
        eyes: what was wrong with instruments and what was not heard; seen: what was said of it.
        sensor: alarms of rules on instruments; sight: those of sight.
    """

    wish: Wish
    town: Town
    script: Script
    rules: RuleSet
    verdict: Verdict
    work: Workload
    night: Night
    points: int
    read: int
    readings: int
    spent_s: float
    peak_mb: float
    eyes: Eyes
    seen: OfTheEyes
    sensor: int
    sight: int


def run(wish: Wish, tell: Callable[[Progress], None] = lambda progress: None) -> Outcome:
    """Simulate, replay, count."""
    began_s = time.process_time()
    midnight = datetime.combine(FIRST_DAY, datetime.min.time(), ZoneInfo(ZONE))
    begin_s = midnight.timestamp()
    places = plan(wish.communities, wish.counts)
    with tempfile.TemporaryDirectory(prefix="twingrid-city-") as folder:
        town = found(places, Path(folder), (FIRST_DAY - timedelta(days=WARM_UP_DAYS)).isoformat())
    closed = closed_days(FIRST_DAY - timedelta(days=WARM_UP_DAYS), wish.days + WARM_UP_DAYS + 1)
    script = write(places, seed=wish.seed, begin_s=begin_s, days=wish.days, rate=wish.rate, closed_days=closed)
    rules = load_rules(rule_sources(None), town.classes)
    scenery = _heard(past_places(rules, town.members, town.nodes, town.gateways, town.codes)(town.members))
    code = codes_of(town.members)
    heard = frozenset(code[one.facility] for one in scenery.points)
    eyes = looking.draw(places, heard, script.busy, seed=wish.seed, begin_s=begin_s, days=wish.days, rate=wish.rate)
    past = CityReadings(
        places,
        town.members,
        script.happening,
        seed=wish.seed,
        begin_s=begin_s - WARM_UP_DAYS * DAY_MS / 1000,
        closed_days=closed,
        eyes=eyes,
    )
    from_ms = round(begin_s * 1000)
    to_ms = from_ms + wish.days * DAY_MS
    judged = {name: group for name, group in town.members.items() if rules.of_class(name)}
    question = Question(
        rules=rules,
        in_force=None,
        members=judged,
        from_ms=from_ms,
        to_ms=to_ms,
        calendar=town.calendar,
        whole=town.members,
        batch_ms=_BATCH_MS,
        scenery=scenery,
    )
    answer = Backtest(question, past).run(tell)
    alarms = said([one for one in answer.alarms if one.interval.start_ms >= from_ms], town.members, places)
    told = true_of_instruments(eyes, alarms)
    verdict = judge([one for one in alarms if one not in told], script.faults)
    outages = [one for one in answer.outages or () if one.start_ms >= from_ms]
    sight = [(code[one.facility], one.start_ms) for one in outages if one.facility in code]
    before = [*past_alarms(answer.alarms), *past_outages(answer.outages or ())]
    sensors = PastSensors(past, town.members, town.roster.places)
    foreseen = foresee(before, town.roster, town.policy, Crew(), from_ms, to_ms, sensors)
    tasks = [task for case in foreseen.cases for task in case.tasks]
    return Outcome(
        wish=wish,
        town=town,
        script=script,
        rules=rules,
        verdict=verdict,
        work=workload(foreseen, before, town.policy, from_ms, to_ms),
        night=Night(tasks=_woken(tasks, town)),
        points=past.points,
        read=answer.points,
        readings=answer.readings,
        spent_s=time.process_time() - began_s,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20),
        eyes=eyes,
        seen=judge_eyes(eyes, [one for one in alarms if one.sensor], sight, verdict.false),
        sensor=sum(one.sensor for one in alarms),
        sight=len(outages),
    )


def _woken(tasks: list[ForeseenTask], town: Town) -> dict[Severity, int]:
    counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
    for task in tasks:
        if task.owner is not None and is_night(town.policy.calendar, task.given_ms):
            counts[task.severity] += 1
    return counts


def closed_days(first: date, days: int) -> frozenset[int]:
    """Local days on which offices are closed: days since 1970-01-01."""
    holidays = mainland_china()
    every = (first + timedelta(days=ahead) for ahead in range(days))
    return frozenset((day - date(1970, 1, 1)).days for day in every if not holidays.is_workday(day))


def said(alarms: list[FoundAlarm], members: Mapping[str, ClassMembers], places: list[Place]) -> list[Said]:
    """The replay's alarms as they are counted."""
    code = codes_of(members)
    community = {place.code: place.community for place in places}
    together: dict[str, frozenset[str]] = {}
    for place in places:
        together[place.community] = together.get(place.community, frozenset()) | {place.code}
    return [
        Said(
            rule=one.rule.id,
            class_id=one.rule.class_id,
            facility=code[one.facility],
            within=together[community[code[one.facility]]] if one.rule.relations else frozenset(),
            reads=one.rule.measurements,
            severity=max((step.severity for step in one.interval.steps), default=one.rule.info.severity),
            since_ms=one.interval.since_ms,
            start_ms=one.interval.start_ms,
            stop_ms=one.interval.stop_ms,
            sensor=one.rule.info.kind is AlarmKind.COMMISSIONING,
        )
        for one in alarms
    ]


def codes_of(members: Mapping[str, ClassMembers]) -> dict[int, str]:
    """Facility number to code."""
    return {
        int(number): name for group in members.values() for number, name in zip(group.facility, group.code, strict=True)
    }


def _heard(scenery: Scenery) -> Scenery:
    """The points that can be missed within a quarter of an hour, all of them after that long.

    A gateway is gone when its quickest point is silent, so that each pause of a slower one would be looked at.
    """
    quick = [one._replace(silence_ms=_HEARD_MS) for one in scenery.points if one.silence_ms <= _HEARD_MS]
    return replace(scenery, points=quick)
