"""The report of a backtest as data: what the rules would have made, for the command line and the pages alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.backtest import Answer, Question
from app.sight_texts import SIGHT_INFOS
from app.wiring import observed
from core.alarms import Interval, Severity
from core.places import ClassMembers, Text
from core.ports.cases import AlarmFilter, AlarmRow, CaseQueries
from core.ports.registry import FacilityPlace, PageRequest, Roster
from dispatch.designed import Planned, foresee_designed
from dispatch.foldwork import of_element
from dispatch.foreseen import Crew, Foreseen, PastAlarm
from dispatch.foresight_watch import ALWAYS_SEEN, Sensors
from dispatch.policy import Policy
from dispatch.workload import Workload, workload
from rules.edits import Effect, effect
from rules.engine.replay import FoundAlarm, Past
from rules.rule_set import RuleSet
from rules.sight_replay import PastOutage

_MOST_FACILITIES = 10
_MOST_ALARMS = 20_000
"""Alarms of the journal that are looked at for the comparison; more are not counted, and the report says so."""
_PAGE = 500


def _nothing_planned(from_ms: int, until_ms: int) -> Planned:
    del from_ms, until_ms
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What the answer is read against.

    Attributes:
        roster: people, posts, places.
        cell_names: code of each cell to its name.
        policy: the city's numbers.
        crew: what is assumed of people.
        cases: what really happened; ``None`` where nobody is to be asked.
        planned: what planned work has kept silent, between two moments.
        sensors: how far what is observed after a repair was seen.
    """

    roster: Roster
    cell_names: Mapping[str, Text]
    policy: Policy
    crew: Crew
    cases: CaseQueries | None
    planned: Callable[[int, int], Planned] = _nothing_planned
    sensors: Sensors = ALWAYS_SEEN


def report(question: Question, answer: Answer, around: Surroundings) -> dict[str, Any]:
    """Everything that is to be said, as JSON; texts for people in both languages.

    Raises:
        Unavailable: if the database does not answer.
    """
    from_ms, until_ms = answer.holds_from_ms, max(answer.until_ms, answer.holds_from_ms)
    alarms = past_alarms(answer.alarms) + past_outages(answer.outages or ())
    found = _foreseen(alarms, around, from_ms, until_ms)
    figures = workload(found, alarms, around.policy, from_ms, until_ms)
    looked_ms = max(1, until_ms - from_ms)
    return {
        "complete": answer.whole,
        "asked": {"from_ms": question.from_ms, "to_ms": question.to_ms},
        "holds": {"from_ms": from_ms, "until_ms": until_ms, "days": round(looked_ms / 86_400_000, 2)},
        "raw_from_ms": answer.raw_from_ms or None,
        "first_reading_ms": answer.first_ms,
        "replayed": {
            "readings": answer.readings,
            "points": answer.points,
            "facilities": answer.facilities,
            "spent_s": round(answer.spent_s, 2),
        },
        "rules": [_rule(rule_id, question.rules, figures) for rule_id in question.rules.by_id],
        "sight": _sight(answer, figures, from_ms, until_ms),
        "assumed": {f"{name}_min": round(value / 60_000) for name, value in _assumed(around.crew).items()},
        **_figures(figures, around),
        "already_on": sum(_began_before(alarm, from_ms) for alarm in answer.alarms),
        "edit": _edit(question, answer, around, figures, from_ms, until_ms),
        "happened": _happened(question, answer, around, from_ms, until_ms),
    }


def _assumed(crew: Crew) -> dict[str, int]:
    return {name.removesuffix("_ms"): value for name, value in asdict(crew).items()}


def _foreseen(alarms: Sequence[PastAlarm], around: Surroundings, from_ms: int, until_ms: int) -> Foreseen:
    """What dispatch would have made of what was not silent by design."""
    begun_ms = min((alarm.start_ms for alarm in alarms), default=from_ms)
    planned = around.planned(min(begun_ms, from_ms), until_ms)
    people = (around.roster, around.policy, around.crew)
    return foresee_designed(alarms, *people, from_ms, until_ms, planned, around.sensors)


def past_alarms(alarms: Iterable[FoundAlarm]) -> list[PastAlarm]:
    """Alarms of a replay as dispatch foresees them."""
    found = list(alarms)
    known = {key: observed(rule) for key, rule in {id(alarm.rule): alarm.rule for alarm in found}.items()}
    return [
        PastAlarm(
            info=known[id(alarm.rule)],
            facility=alarm.facility,
            severity=_first(alarm),
            start_ms=alarm.interval.start_ms,
            stop_ms=alarm.interval.stop_ms,
            steps=alarm.interval.steps,
        )
        for alarm in found
    ]


def past_outages(outages: Iterable[PastOutage]) -> list[PastAlarm]:
    """Outages of a replay as dispatch foresees them."""
    return [
        PastAlarm(
            info=of_element(SIGHT_INFOS[one.rule_id], one.element),
            facility=one.facility,
            severity=one.severity,
            start_ms=one.start_ms,
            stop_ms=one.stop_ms,
            steps=one.steps,
            element=one.element,
        )
        for one in outages
    ]


def _sight(answer: Answer, figures: Workload, from_ms: int, until_ms: int) -> list[dict[str, Any]] | None:
    """Outages by kind; ``None`` where they were not looked for."""
    if answer.outages is None:
        return None
    mine = [one for one in answer.outages if from_ms <= one.start_ms < until_ms]
    return [
        {
            "id": rule_id,
            "severity": info.severity.name.lower(),
            "say": asdict(info.say),
            "alarms": sum(one.rule_id == rule_id for one in mine),
            "folded": sum(one.rule_id == rule_id and one.folded for one in mine),
            "cases": dict(figures.by_rule).get(rule_id, 0),
        }
        for rule_id, info in SIGHT_INFOS.items()
        if any(one.rule_id == rule_id for one in mine)
    ]


def _first(alarm: FoundAlarm) -> Severity:
    """Its severity at its start."""
    steps = alarm.interval.steps
    return steps[0].severity if steps else alarm.rule.info.severity


def _began_before(alarm: FoundAlarm, from_ms: int) -> bool:
    stop_ms = alarm.interval.stop_ms
    return alarm.interval.start_ms < from_ms and (stop_ms is None or stop_ms > from_ms)


def _rule(rule_id: str, rules: RuleSet, figures: Workload) -> dict[str, Any]:
    rule = rules.by_id[rule_id]
    return {
        "id": rule_id,
        "class": rule.class_id,
        "severity": rule.info.severity.name.lower(),
        "say": asdict(rule.info.say),
        "cases": dict(figures.by_rule).get(rule_id, 0),
    }


def _severities(counts: Mapping[Severity, int]) -> dict[str, int]:
    return {severity.name.lower(): count for severity, count in counts.items()}


def _figures(figures: Workload, around: Surroundings) -> dict[str, Any]:
    people, places = around.roster.people, around.roster.places
    return {
        "alarms": {
            "total": sum(figures.alarms.values()),
            "by_severity": _severities(figures.alarms),
            "without_case": figures.unheard,
        },
        "cases": {
            "total": figures.cases,
            "by_severity": _severities(figures.by_severity),
            "at_night": figures.at_night,
            "off_hours": figures.off_hours,
            "short": figures.short,
            "self_cleared": figures.self_cleared,
            "proven": figures.proven,
            "reworks": figures.reworks,
            "open_at_end": figures.open_at_end,
        },
        "tasks": {
            "total": figures.tasks,
            "to_nobody": figures.unstaffed,
            "never_announced": figures.never_announced,
            "called_out": figures.called_out,
            "bound_a_day": figures.most_a_day,
            "bound_an_hour": figures.most_an_hour,
        },
        "by_cell": [
            {
                "cell": cell,
                "name": _name(around.cell_names.get(cell)),
                "cases": every,
                "at_night": night,
                "short": short,
            }
            for cell, (every, night, short) in figures.by_cell
        ],
        "by_worker": [
            {"code": people[one.person].code, "name": asdict(people[one.person].name), **asdict(one)}
            for one in figures.burdens
        ],
        "by_week": [{"monday": week.isoformat(), "cases": count} for week, count in figures.by_week],
        "by_hour": list(figures.by_hour),
        "facilities": [
            {**_facility(places.get(one.facility), one.facility), **asdict(one)}
            for one in figures.facilities[:_MOST_FACILITIES]
        ],
    }


def _name(text: Text | None) -> dict[str, str]:
    return asdict(text) if text is not None else {"zh": "", "en": ""}


def _facility(place: FacilityPlace | None, number: int) -> dict[str, Any]:
    if place is None:
        return {"code": str(number), "name": {"zh": "", "en": ""}}
    return {"code": place.code, "name": asdict(place.name)}


# --- against the rules in force, and against what happened --------------------------------------------------------


def _within(alarms: Iterable[FoundAlarm], from_ms: int, until_ms: int) -> list[Past]:
    return [
        (alarm.rule.id, alarm.facility, alarm.interval)
        for alarm in alarms
        if from_ms <= alarm.interval.start_ms < until_ms
    ]


def _effect(found: Effect) -> dict[str, int]:
    return {**asdict(found), "changed": found.changed}


def _edit(
    question: Question, answer: Answer, around: Surroundings, figures: Workload, from_ms: int, until_ms: int
) -> dict[str, Any] | None:
    """What the edited rules change against those in force, in alarms and in cases."""
    if question.in_force is None:
        return None
    ids = question.in_force.by_id.keys()
    edited = [alarm for alarm in answer.alarms if alarm.rule.id in ids]
    changed = effect(_within(answer.in_force, from_ms, until_ms), _within(edited, from_ms, until_ms))
    alarms = past_alarms(answer.in_force)
    before = _foreseen(alarms, around, from_ms, until_ms)
    old = workload(before, alarms, around.policy, from_ms, until_ms)
    return {
        "rules": sorted(ids),
        "alarms": _effect(changed),
        "cases_before": old.cases,
        "cases_after": figures.cases,
        "at_night_before": old.at_night,
        "at_night_after": figures.at_night,
    }


def _happened(
    question: Question, answer: Answer, around: Surroundings, from_ms: int, until_ms: int
) -> dict[str, Any] | None:
    """What the journal holds of these rules and facilities in the same time."""
    if around.cases is None:
        return None
    facilities = _numbers(question.members)
    rows, all_seen = _journal(around.cases, question.rules, from_ms, until_ms)
    mine = [row for row in rows if row.facility in facilities and from_ms <= row.start_ms < until_ms]
    real = [(row.rule_id, row.facility, _interval(row)) for row in mine]
    compared = effect(real, _within(answer.alarms, from_ms, until_ms))
    return {
        "alarms": len(mine),
        "cases": len({row.case for row in mine if row.case is not None}),
        "against": _effect(compared),
        "all_seen": all_seen,
    }


def _numbers(members: Mapping[str, ClassMembers]) -> frozenset[int]:
    return frozenset(number for group in members.values() for number in group.facility.tolist())


def _interval(row: AlarmRow) -> Interval:
    return Interval(start_ms=row.start_ms, stop_ms=row.stop_ms, since_ms=row.since_ms)


def _journal(cases: CaseQueries, rules: RuleSet, from_ms: int, until_ms: int) -> tuple[Sequence[AlarmRow], bool]:
    """Alarms of the rules, and whether that is all of them."""
    found: list[AlarmRow] = []
    for rule_id in rules.by_id:
        cursor = ""
        while True:
            where = AlarmFilter(rule_id=rule_id, from_ms=from_ms, to_ms=until_ms)
            page = cases.alarms(where, PageRequest(cursor=cursor, limit=_PAGE))
            found += page.items
            cursor = page.next_cursor
            if len(found) >= _MOST_ALARMS:
                return found, False
            if not cursor:
                break
    return found, True
