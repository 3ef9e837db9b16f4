"""Alarms against the script: which are explained, which faults were found, how late. Values in, values out.

An alarm is explained by a fault if they are of one facility, if its rule reads a measurement that the fault disturbs
there, and if they overlap in time. A rule that reaches across facilities may be explained by any facility it can reach.
Everything else is a false alarm. A fault is found if an alarm that it explains begins while it lasts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.city.eyes import Blindness, Eyes, Ill, Outage
from bench.city.script import Fault
from core.alarms import Severity

FOREVER_MS = 1 << 62
_LATE_MS = 2 * 3_600_000
"""Windows still hold what is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An alarm as it is counted.

    Attributes:
        rule: its id.
        class_id: of its rule.
        facility: code.
        within: codes of other facilities that its rule may have looked at.
        reads: measurements of the rule.
        severity: the worst it reached.
        since_ms: when its condition began to hold; start_ms: when it was raised; stop_ms: ``None`` while it is on.
    """

    rule: str
    class_id: str
    facility: str
    reads: frozenset[str]
    severity: Severity
    since_ms: int
    start_ms: int
    stop_ms: int | None
    within: frozenset[str] = frozenset()
    sensor: bool = False
    """Whether its rule judges the instrument."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The outcome.

    Attributes:
        true: alarms that a fault explains; false: those that none does.
        found: fault to the milliseconds from its beginning to the first alarm.
        missed: faults without an alarm.
    """

    true: tuple[Said, ...]
    false: tuple[Said, ...]
    found: Mapping[Fault, int]
    missed: tuple[Fault, ...]


def judge(alarms: Iterable[Said], faults: Sequence[Fault]) -> Verdict:
    """Compare alarms with the script."""
    at: dict[str, list[tuple[Fault, frozenset[str], int]]] = {}
    for fault in faults:
        for reach in fault.reaches:
            at.setdefault(reach.facility, []).append((fault, reach.disturbs, reach.until_ms))
    true: list[Said] = []
    false: list[Said] = []
    found: dict[Fault, int] = {}
    for alarm in sorted(alarms, key=lambda one: (one.start_ms, one.facility, one.rule)):
        explained = [
            fault
            for code in (alarm.facility, *sorted(alarm.within - {alarm.facility}))
            for fault, disturbs, until_ms in at.get(code, ())
            if _explains(fault, disturbs, until_ms, alarm)
        ]
        (true if explained else false).append(alarm)
        for fault in explained:
            if fault.start_ms <= alarm.start_ms:
                found.setdefault(fault, alarm.start_ms - fault.start_ms)
    missed = tuple(fault for fault in faults if fault not in found)
    return Verdict(true=tuple(true), false=tuple(false), found=found, missed=missed)


@dataclass(frozen=True, kw_only=True, slots=True)
class OfTheEyes:
    """What was said of instruments and outages, and what they made rules of the process say.

    Attributes:
        lies: an instrument's fault to the milliseconds until its alarm; ``None``: not found.
        outages: an outage to the milliseconds until the first alarm of sight; ``None``: not found.
        told_again: alarms of sight on outages beyond the first of each element that failed.
        false_sight: alarms of sight that no outage explains.
        made: alarms of the process while their instrument lied or was not heard, that no fault explains.
    """

    lies: Mapping[Ill, int | None]
    outages: Mapping[Outage, int | None]
    told_again: int
    false_sight: int
    made: tuple[Said, ...]


def judge_eyes(
    eyes: Eyes, sensor: Sequence[Said], sight: Sequence[tuple[str, int]], false: Sequence[Said]
) -> OfTheEyes:
    """Compare alarms of instruments and of sight with what was wrong with the eyes.

    Args:
        eyes: what was wrong.
        sensor: alarms of the rules on instruments.
        sight: (facility, start in ms) of the alarms of sight.
        false: alarms of the process that no fault explains.
    """
    lies = {ill: _first([one.start_ms for one in sensor if _tells(ill, one)], ill.start_ms) for ill in eyes.ills}
    of = {outage: [at for at in sight if _during(outage, at)] for outage in eyes.outages}
    needed = {outage: len(outage.facilities) if outage.what is Blindness.BUS else 1 for outage in eyes.outages}
    return OfTheEyes(
        lies=lies,
        outages={outage: _first([at for _, at in some], outage.start_ms) for outage, some in of.items()},
        told_again=sum(max(0, len(some) - needed[outage]) for outage, some in of.items()),
        false_sight=sum(not any(_during(outage, at) for outage in eyes.outages) for at in sight),
        made=tuple(one for one in false if not one.sensor and _made(eyes, one)),
    )


def true_of_instruments(eyes: Eyes, alarms: Iterable[Said]) -> frozenset[Said]:
    """The alarms of the rules on instruments that a lie explains."""
    return frozenset(one for one in alarms if one.sensor and any(_tells(ill, one) for ill in eyes.ills))


def _first(starts: Sequence[int], since_ms: int) -> int | None:
    return min(starts) - since_ms if starts else None


def _tells(ill: Ill, alarm: Said) -> bool:
    mine = alarm.facility == ill.facility and ill.instrument.measurement in alarm.reads
    return mine and ill.start_ms <= alarm.start_ms < ill.stop_ms + _LATE_MS


def _during(outage: Outage, at: tuple[str, int]) -> bool:
    facility, start_ms = at
    return facility in outage.facilities and outage.start_ms <= start_ms < outage.stop_ms + _LATE_MS


def _made(eyes: Eyes, alarm: Said) -> bool:
    lied = any(
        ill.facility == alarm.facility
        and ill.instrument.measurement in alarm.reads
        and ill.start_ms <= alarm.start_ms < ill.stop_ms + _LATE_MS
        for ill in eyes.ills
    )
    return lied or any(_during(outage, (alarm.facility, alarm.start_ms)) for outage in eyes.outages)


def _explains(fault: Fault, disturbs: frozenset[str], until_ms: int, alarm: Said) -> bool:
    ends_ms = FOREVER_MS if alarm.stop_ms is None else alarm.stop_ms
    return (
        bool(alarm.reads & disturbs)
        and alarm.since_ms < until_ms
        and alarm.start_ms < until_ms
        and fault.start_ms < ends_ms
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassLine:
    """One class of the table."""

    class_id: str
    facilities: int
    points: int
    rules: int
    faults: int
    found: int
    median_delay_s: float | None
    alarms: int
    false: int
    false_a_day_100: float


def by_class(verdict: Verdict, sizes: Mapping[str, tuple[int, int, int]], days: float) -> list[ClassLine]:
    """The table by class of facility.

    Args:
        verdict: the outcome.
        sizes: class to (facilities, points, rules).
        days: how long was looked at.
    """
    faults = Counter(fault.class_id for fault in (*verdict.found, *verdict.missed))
    delays: dict[str, list[int]] = {}
    for fault, delay_ms in verdict.found.items():
        delays.setdefault(fault.class_id, []).append(delay_ms)
    false = Counter(alarm.class_id for alarm in verdict.false)
    true = Counter(alarm.class_id for alarm in verdict.true)
    return [
        ClassLine(
            class_id=name,
            facilities=facilities,
            points=points,
            rules=rules,
            faults=faults[name],
            found=len(delays.get(name, ())),
            median_delay_s=median(delays.get(name, ())) / 1000 if name in delays else None,
            alarms=true[name] + false[name],
            false=false[name],
            false_a_day_100=a_day_and_100(false[name], points, days),
        )
        for name, (facilities, points, rules) in sorted(sizes.items())
    ]


def a_day_and_100(count: int, points: int, days: float) -> float:
    """A count over ``days`` as so many a day and 100 points; 0 without points or time."""
    return count / days / (points / 100) if points and days else 0.0


def median(values: Sequence[int]) -> float:
    """The middle of some values.

    Raises:
        ValueError: if there are none.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    half = len(ordered) // 2
    return float(ordered[half]) if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
