"""What came of a season: who had what, what was in time, which bounds held, and why somebody had more than others."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from bench.dispatch_city.script import Script
from bench.dispatch_city.town import Town
from bench.dispatch_city.work import CityPlay, Given
from core.alarms import Severity
from core.ports.cases import PassedOver, Rung
from dispatch.foreseen import Ending, Foreseen
from dispatch.policy import Policy
from dispatch.worktime import HOUR_MS

FIT = frozenset({None, PassedOver.MORE_LOAD})
"""Who could have had a task."""
TIMES = 2.0
"""Whoever has more than so many times the median must have reasons."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Much:
    """Somebody with more than twice the median.

    Attributes:
        code: whose; tasks: how many; cells: how many posts they hold.
        own: in a cell of theirs; sooner: of what is urgent, as the one who is there first; vacant: because a post is
            vacant; alone: as the only one fit; shared: with others fit and no less loaded on the same rung.
        reasons: why those nearer were passed over, most first.
    """

    code: str
    tasks: int
    cells: int
    own: int
    sooner: int
    vacant: int
    alone: int
    shared: int
    reasons: Sequence[tuple[str, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """Burden outside declared storms: the most, and how often a bound was passed.

    Attributes:
        day, hour: the most of any worker on a day and within any hour.
        days_over: days of workers beyond the bound; hours_over: tasks that came when an hour was full.
        plain: of both, those that are over the bound without counting urgent tasks, which nobody may put off.
    """

    day: int
    hour: int
    days_over: int
    hours_over: int
    plain: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """One way to give out tasks, and what came of it.

    Attributes:
        endings: cases by how they ended; tasks: given; unowned: given to nobody.
        on_time: share of closed cases within every limit; by_severity: the same by severity.
        looks: share of first looks in time; late_accepts: tasks whose supervisor had to be told.
        median, p95, most: tasks of a worker; gini: of tasks over workers; supervisor: median of a supervisor.
        workers, supervisors: burden of each; much: those above twice the median, explained.
        unexplained: codes of those whose reasons do not reach.
        spent_s: processor time.
    """

    name: str
    endings: Mapping[str, int]
    tasks: int
    unowned: int
    on_time: float
    by_severity: Mapping[str, tuple[int, float]]
    looks: float
    late_accepts: int
    median: float
    p95: float
    most: int
    gini: float
    supervisor: float
    workers: Bounds
    supervisors: Bounds
    much: Sequence[Much]
    unexplained: Sequence[str]
    spent_s: float


def figures(name: str, play: CityPlay, found: Foreseen, script: Script, policy: Policy, spent_s: float) -> Figures:
    """Count."""
    town = play.town
    workers = [one for one in town.roster.people.values() if one.grid is not None and not one.supervisor]
    above = frozenset(town.roster.people) - {one.number for one in workers}
    given = play.given()
    had = Counter(one.owner for one in given)
    loads = np.array([had[one.number] for one in workers])
    median = float(np.median(loads))
    closed = [case for case in found.cases if case.ending is Ending.CLOSED]
    kept = {id(case): not play.clocks[id(case)].missed for case in closed}
    calm = [one for one in given if not _in_storm(one, script)]
    much = [_explain(town, one.number, given) for one in workers if had[one.number] > TIMES * median]
    return Figures(
        name=name,
        endings=Counter(case.ending.name.lower() for case in found.cases),
        tasks=len(given),
        unowned=play.unowned,
        on_time=_share(list(kept.values())),
        by_severity={
            severity.name.lower(): (len(mine), _share(mine))
            for severity in sorted(Severity, reverse=True)
            if (mine := [kept[id(case)] for case in closed if case.severity is severity])
        },
        looks=_share(play.looks),
        late_accepts=play.late_accepts,
        median=median,
        p95=float(np.percentile(loads, 95)),
        most=int(loads.max(initial=0)),
        gini=_gini(loads),
        supervisor=float(np.median([had[one] for one in sorted(above) if town.roster.people[one].supervisor])),
        workers=_bounds([one for one in calm if one.owner not in above], policy),
        supervisors=_bounds([one for one in calm if one.owner in above], policy),
        much=sorted(much, key=lambda one: -one.tasks),
        unexplained=[one.code for one in much if one.shared > TIMES * median],
        spent_s=spent_s,
    )


def _share(kept: Sequence[bool]) -> float:
    return sum(kept) / len(kept) if kept else 1.0


def _gini(loads: np.ndarray) -> float:
    """0: everybody has the same; 1: one has everything."""
    ordered = np.sort(loads.astype(float))
    total = ordered.sum()
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * (ranks * ordered).sum() / total - (len(ordered) + 1)) / len(ordered)) if total else 0.0


def _in_storm(given: Given, script: Script) -> bool:
    return any(
        storm.from_ms <= (given.given_ms or 0) < storm.until_ms and given.case.community in storm.communities
        for storm in script.storms
    )


def _bounds(given: Sequence[Given], policy: Policy) -> Bounds:
    days, plain_days = Counter[tuple[int, date]](), Counter[tuple[int, date]]()
    times: dict[int, list[tuple[int, bool]]] = {}
    for one in given:
        at_ms, waits = one.given_ms or 0, policy.rests_at_night(one.severity)
        day = one.owner, policy.calendar.day_of(at_ms)
        days[day] += 1
        plain_days[day] += waits
        times.setdefault(one.owner, []).append((at_ms, waits))
    hours = [hour for mine in times.values() for hour in _hours(sorted(mine))]
    return Bounds(
        day=max(days.values(), default=0),
        hour=max((count for count, _ in hours), default=0),
        days_over=sum(count > policy.most_a_day for count in days.values()),
        hours_over=sum(count > policy.most_an_hour for count, _ in hours),
        plain=sum(count > policy.most_a_day for count in plain_days.values())
        + sum(plain > policy.most_an_hour for _, plain in hours),
    )


def _hours(told: Sequence[tuple[int, bool]]) -> list[tuple[int, int]]:
    """Of each task: those told within the hour that ends with it, and how many of them could have waited."""
    moments = [at_ms for at_ms, _ in told]
    found = []
    for at, at_ms in enumerate(moments):
        first = bisect_left(moments, at_ms - HOUR_MS + 1)
        found.append((at + 1 - first, sum(waits for _, waits in told[first : at + 1])))
    return found


def _explain(town: Town, number: int, given: Sequence[Given]) -> Much:
    person = town.roster.people[number]
    mine = [one for one in given if one.owner == number]
    own = sooner = vacant = alone = shared = 0
    reasons = Counter[str]()
    for one in mine:
        rung = one.found.rung
        nearer = [item for item in one.found.candidates if item.rung is not rung]
        fit = [item for item in one.found.candidates if item.rung is rung and item.passed_over in FIT]
        reasons.update({item.passed_over.value for item in nearer if item.passed_over is not None})
        if rung is Rung.CELL:
            own += 1
        elif any(item.there_min is not None and item.passed_over is not None for item in one.found.candidates):
            sooner += 1
        elif any(item.passed_over is PassedOver.VACANT and item.rung is Rung.CELL for item in nearer):
            vacant += 1
        elif len(fit) == 1:
            alone += 1
        else:
            shared += 1
    return Much(
        code=person.code,
        tasks=len(mine),
        cells=len(person.cells),
        own=own,
        sooner=sooner,
        vacant=vacant,
        alone=alone,
        shared=shared,
        reasons=reasons.most_common(3),
    )
