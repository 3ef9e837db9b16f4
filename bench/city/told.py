"""An outcome as data: what ``bench/city.json`` keeps and the page is written from."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bench.city.counting import Said, a_day_and_100, by_class, median
from bench.city.run import FIRST_DAY, WARM_UP_DAYS, Outcome
from bench.city.script import Fault
from bench.city.town import ZONE
from core.alarms import Severity
from rules.rule_set import RuleSet

MOST_FALSE = 1.0
"""False alarms a day and 100 points."""
_LISTED = 30


def told(outcome: Outcome) -> dict[str, Any]:
    """Everything that is kept of a run."""
    wish, work, verdict, policy = outcome.wish, outcome.work, outcome.verdict, outcome.town.policy
    rate = a_day_and_100(len(verdict.false), outcome.read, wish.days)
    delays = list(verdict.found.values())
    most_a_day = max((one.most_a_day for one in work.burdens), default=0)
    most_plain = max((one.most_plain_an_hour for one in work.burdens), default=0)
    most_an_hour = max((one.most_an_hour for one in work.burdens), default=0)
    return {
        "seed": wish.seed,
        "days": wish.days,
        "first_day": FIRST_DAY.isoformat(),
        "warm_up_days": WARM_UP_DAYS,
        "communities": wish.communities,
        "facilities": sum(len(group) for group in outcome.town.members.values()),
        "points": outcome.points,
        "points_read": outcome.read,
        "readings": outcome.readings,
        "rules": len(outcome.rules),
        "disturbances": outcome.script.disturbances,
        "rains": outcome.script.rains,
        "faults": len(outcome.script.faults),
        "found": len(verdict.found),
        "median_delay_s": median(delays) / 1000 if delays else None,
        "alarms": len(verdict.true) + len(verdict.false),
        "false": len(verdict.false),
        "cases": work.cases,
        "tasks": work.tasks,
        "unstaffed": work.unstaffed,
        "self_cleared": work.self_cleared,
        "proven": work.proven,
        "reworks": work.reworks,
        "at_night": {severity.name.lower(): count for severity, count in outcome.night.tasks.items()},
        "bounds": [
            _bound("false alarms a day and 100 points", round(rate, 4), MOST_FALSE),
            _bound("tasks of a worker and day, at most", most_a_day, policy.most_a_day),
            _bound("tasks of a worker within an hour, at most", most_an_hour, policy.most_an_hour),
            _bound("those of them that could have waited", most_plain, policy.most_an_hour),
            _bound("announced at night, medium and less", outcome.night.below_high, 0),
        ],
        "classes": [asdict(line) for line in by_class(verdict, _sizes(outcome), wish.days)],
        "workers": [
            {"code": outcome.town.person(one.person).code, "role": outcome.town.person(one.person).role.value}
            | {key: value for key, value in asdict(one).items() if key != "person"}
            for one in work.burdens
        ],
        "missed": [missed(fault, outcome.rules) for fault in verdict.missed],
        "rules_version": outcome.rules.version,
        "false_by_rule": Counter(alarm.rule for alarm in verdict.false).most_common(),
        "false_listed": [_alarm(alarm) for alarm in verdict.false[:_LISTED]],
        "true_by_rule": Counter(alarm.rule for alarm in verdict.true).most_common(),
        "severities": _severities(outcome),
        "spent_s": round(outcome.spent_s, 1),
        "peak_mb": round(outcome.peak_mb),
        "eyes": _eyes(outcome),
    }


def _eyes(outcome: Outcome) -> dict[str, Any]:
    """Instruments and outages: how many of each kind, how many were found, and what they made other rules say."""
    seen = outcome.seen
    lies: dict[str, list[int | None]] = {}
    for ill, delay_ms in seen.lies.items():
        lies.setdefault(ill.instrument.lie.value, []).append(delay_ms)
    outages: dict[str, list[int | None]] = {}
    for outage, delay_ms in seen.outages.items():
        outages.setdefault(outage.what.value, []).append(delay_ms)
    unfound = [
        f"{ill.instrument.lie.value} of {ill.instrument.class_id}.{ill.instrument.measurement}"
        for ill, delay_ms in seen.lies.items()
        if delay_ms is None
    ]
    return {
        "lies": {kind: _found(delays) for kind, delays in sorted(lies.items())},
        "outages": {kind: _found(delays) for kind, delays in sorted(outages.items())},
        "unfound": sorted(unfound),
        "sensor_alarms": outcome.sensor,
        "sight_alarms": outcome.sight,
        "told_again": seen.told_again,
        "false_sight": seen.false_sight,
        "made": [_alarm(alarm) for alarm in seen.made],
    }


def _found(delays: list[int | None]) -> dict[str, Any]:
    known = [delay for delay in delays if delay is not None]
    return {"drawn": len(delays), "found": len(known), "median_s": median(known) / 1000 if known else None}


def _bound(what: str, value: float, most: float) -> dict[str, Any]:
    return {"what": what, "value": value, "most": most, "held": value <= most}


def _sizes(outcome: Outcome) -> dict[str, tuple[int, int, int]]:
    """Class to (facilities, points that rules read, rules)."""
    sizes = {}
    for name, group in outcome.town.members.items():
        rules = outcome.rules.of_class(name)
        read = frozenset().union(*(rule.measurements for rule in rules))
        points = sum(int((group.point[key] >= 0).sum()) for key in read if key in group.point)
        sizes[name] = (len(group), points, len(rules))
    return sizes


def _severities(outcome: Outcome) -> dict[str, int]:
    every = Counter(alarm.severity for alarm in (*outcome.verdict.true, *outcome.verdict.false))
    return {severity.name.lower(): every.get(severity, 0) for severity in sorted(Severity, reverse=True)}


def _local(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(ZONE)).strftime("%m-%d %H:%M")


def missed(fault: Fault, rules: RuleSet) -> dict[str, Any]:
    """A fault that nobody was told of, with the rules that could have seen it."""
    could = [rule.id for rule in rules.of_class(fault.class_id) if rule.measurements & fault.reaches[0].disturbs]
    return {
        "class_id": fault.class_id,
        "name": fault.name,
        "facility": fault.facility,
        "at": _local(fault.start_ms),
        "hours": round((fault.stop_ms - fault.start_ms) / 3_600_000, 2),
        "strength": round(fault.strength, 3),
        "could_see": could,
    }


def _alarm(alarm: Said) -> dict[str, Any]:
    lasted = None if alarm.stop_ms is None else round((alarm.stop_ms - alarm.start_ms) / 60_000, 1)
    return {"rule": alarm.rule, "facility": alarm.facility, "at": _local(alarm.start_ms), "minutes": lasted}
