"""What happens: a season of alarms and reports, drawn from one seed by the shipped rule book.

An alarm is one of a shipped rule of its facility's class. A third are short, a quarter go by themselves after hours,
the others last until somebody has repaired. A report is what people see: it lasts until somebody has been there.
Declared storms are an hour of rain over some communities, in which two wells of five and every pond ask at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.wiring import rule_sources
from bench.dispatch_city.town import Town
from core.alarms import Severity
from core.cases import RuleInfo
from core.places import Grid, Text
from dispatch.foreseen import PastAlarm
from dispatch.worktime import HOUR_MS, MINUTE_MS
from registry.classbook import load_classes
from rules.language.load import load_rules

DAY_MS = 24 * HOUR_MS
ALARMS_A_DAY, REPORTS_A_DAY = 6.0, 4.0
"""In a community of 500 facilities."""
SEVERITIES: Mapping[Severity, float] = {
    Severity.INFO: 0.08,
    Severity.LOW: 0.36,
    Severity.MEDIUM: 0.42,
    Severity.HIGH: 0.12,
    Severity.CRITICAL: 0.02,
}
_REPORTED: Mapping[Severity, float] = {Severity.LOW: 0.4, Severity.MEDIUM: 0.54, Severity.HIGH: 0.06}
SHORT, PASSING = 0.35, 0.25
STORMS = 4
_STORM_CLASSES: Mapping[str, float] = {"drain_well": 0.4, "road_ponding": 1.0, "sewage_pump": 0.5}
_BY_HOUR = np.array([2, 1, 1, 1, 1, 2, 4, 6, 7, 7, 6, 6, 5, 5, 6, 6, 6, 6, 7, 7, 6, 5, 4, 3], dtype=float)
_REPORT_HOURS = np.array([0, 0, 0, 0, 0, 0, 2, 6, 9, 9, 8, 7, 4, 4, 7, 8, 8, 7, 6, 5, 4, 2, 1, 0], dtype=float)


@dataclass(frozen=True, kw_only=True, slots=True)
class Storm:
    """Declared: [from_ms, until_ms) in these communities."""

    from_ms: int
    until_ms: int
    communities: frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What happens.

    Attributes:
        alarms: alarms and reports in the order of time.
        lasting: identities (``id``) of those that last until somebody repairs.
        reports: how many are reports.
        storms: the declared ones.
    """

    alarms: Sequence[PastAlarm]
    lasting: frozenset[int]
    reports: int
    storms: Sequence[Storm]


@dataclass(slots=True)
class _Pen:
    draw: np.random.Generator
    alarms: list[PastAlarm] = field(default_factory=list)
    lasting: set[int] = field(default_factory=set)

    def write(self, info: RuleInfo, facility: int, start_ms: int, stop_ms: int | None) -> None:
        alarm = PastAlarm(
            info=info, facility=facility, severity=info.severity, start_ms=start_ms, stop_ms=stop_ms, steps=()
        )
        self.alarms.append(alarm)
        if stop_ms is None:
            self.lasting.add(id(alarm))


def write(town: Town, begin_ms: int, days: int, seed: int, rate: float = 1.0) -> Script:
    """Draw what happens in ``days`` days from ``begin_ms``, ``rate`` times the usual number."""
    pen = _Pen(np.random.default_rng((seed, 2)))
    rules, members = _rules(), _members(town)
    for community in sorted(town.streets):
        _alarms(pen, rules, members[community], begin_ms, days, rate * town.size.scale)
    before = len(pen.alarms)
    for community in sorted(town.streets):
        _reports(pen, members[community], begin_ms, days, rate * town.size.scale)
    reports = len(pen.alarms) - before
    storms = [_storm(pen, town, rules, members, begin_ms, days) for _ in range(STORMS)]
    alarms = sorted(pen.alarms, key=lambda one: (one.start_ms, one.facility, one.info.rule_id))
    return Script(alarms=alarms, lasting=frozenset(pen.lasting), reports=reports, storms=storms)


def _rules() -> Mapping[str, Mapping[Severity, Sequence[RuleInfo]]]:
    """The shipped rules by class and severity."""
    book = load_classes()
    rules = load_rules(rule_sources(None), {class_id: entry.facility_class for class_id, entry in book.items()})
    found: dict[str, dict[Severity, list[RuleInfo]]] = {}
    for rule in rules.rules:
        info = rule.info.at(rule.info.severity)
        found.setdefault(rule.class_id, {}).setdefault(info.severity, []).append(info)
    return found


def _members(town: Town) -> Mapping[int, Mapping[str, Sequence[int]]]:
    found: dict[int, dict[str, list[int]]] = {}
    for place in town.roster.places.values():
        found.setdefault(place.community, {}).setdefault(place.class_id, []).append(place.number)
    return found


def _alarms(
    pen: _Pen,
    rules: Mapping[str, Mapping[Severity, Sequence[RuleInfo]]],
    members: Mapping[str, Sequence[int]],
    begin_ms: int,
    days: int,
    rate: float,
) -> None:
    draw = pen.draw
    classes = [class_id for class_id in members if class_id in rules]
    weight = np.sqrt([len(members[class_id]) for class_id in classes])
    for day in range(days):
        for _ in range(draw.poisson(ALARMS_A_DAY * rate)):
            class_id = classes[draw.choice(len(classes), p=weight / weight.sum())]
            severity = _one_of(draw, SEVERITIES, rules[class_id])
            infos = rules[class_id][severity]
            start_ms = begin_ms + day * DAY_MS + _moment(draw, _BY_HOUR)
            facility = int(draw.choice(members[class_id]))
            pen.write(infos[int(draw.integers(len(infos)))], facility, start_ms, _stop(draw, start_ms))


def _stop(draw: np.random.Generator, start_ms: int) -> int | None:
    kind = draw.random()
    if kind < SHORT:
        return start_ms + int(draw.lognormal(np.log(10), 0.6) * MINUTE_MS)
    if kind < SHORT + PASSING:
        return start_ms + int(draw.lognormal(np.log(180), 0.7) * MINUTE_MS)
    return None


def _reports(pen: _Pen, members: Mapping[str, Sequence[int]], begin_ms: int, days: int, rate: float) -> None:
    draw = pen.draw
    every = [(number, class_id) for class_id, numbers in members.items() for number in numbers]
    for day in range(days):
        for _ in range(draw.poisson(REPORTS_A_DAY * rate)):
            number, class_id = every[draw.integers(len(every))]
            severity, governing = _one_of(draw, _REPORTED, _REPORTED), draw.random() < 0.2
            lead = Grid.GOVERNANCE if governing else Grid.CONSTRUCTION
            pen.write(
                RuleInfo(
                    rule_id=f"report-{class_id}",
                    family="report",
                    severity=severity,
                    lead=lead,
                    support=None if governing else Grid.GOVERNANCE,
                    say=Text(zh="居民报告", en="Reported by a resident"),
                ),
                number,
                begin_ms + day * DAY_MS + _moment(draw, _REPORT_HOURS),
                None,
            )


def _storm(
    pen: _Pen,
    town: Town,
    rules: Mapping[str, Mapping[Severity, Sequence[RuleInfo]]],
    members: Mapping[int, Mapping[str, Sequence[int]]],
    begin_ms: int,
    days: int,
) -> Storm:
    draw = pen.draw
    every = sorted(town.streets)
    hit = frozenset(int(one) for one in draw.choice(every, max(1, len(every) // 2), replace=False))
    from_ms = begin_ms + int(draw.integers(days)) * DAY_MS + int(draw.integers(24)) * HOUR_MS
    for community in sorted(hit):
        for class_id, share in _STORM_CLASSES.items():
            infos = rules[class_id].get(Severity.MEDIUM) or rules[class_id][Severity.HIGH]
            for number in members[community].get(class_id, ()):
                if draw.random() < share:
                    start_ms = from_ms + int(draw.integers(45 * MINUTE_MS))
                    pen.write(infos[0], number, start_ms, start_ms + int(draw.integers(40, 180)) * MINUTE_MS)
    return Storm(from_ms=from_ms, until_ms=from_ms + 6 * HOUR_MS, communities=hit)


def _one_of(draw: np.random.Generator, shares: Mapping[Severity, float], there: Mapping[Severity, object]) -> Severity:
    """A severity by its share, among those that there are."""
    known = [severity for severity in shares if severity in there]
    weight = np.array([shares[severity] for severity in known])
    return known[draw.choice(len(known), p=weight / weight.sum())]


def _moment(draw: np.random.Generator, by_hour: np.ndarray) -> int:
    """Milliseconds after midnight."""
    hour = int(draw.choice(24, p=by_hour / by_hour.sum()))
    return hour * HOUR_MS + int(draw.integers(HOUR_MS))
