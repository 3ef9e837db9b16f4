"""Suppression by design over alarms of the past: what planned work and failed supplies would have kept silent.

Values in, values out; the running system says the same through flags (``dispatch.explained``, ``app.by_design``). A
flag keeps an alarm from opening a case; when the last one falls, what is still on opens it (docs/alarms.md, part 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from core.alarms import AlarmKind, Severity
from core.ports.registry import FacilityPlace, Roster
from dispatch.explained import COMING_BACK_MS, WORST, supplies_above
from dispatch.foreseen import Crew, Foreseen, PastAlarm
from dispatch.foresight import foresee
from dispatch.foresight_watch import ALWAYS_SEEN, Sensors
from dispatch.policy import Policy

_EVER_MS = 1 << 62


class Silence(NamedTuple):
    """A facility is silent in [from, until) up to a severity."""

    from_ms: int
    until_ms: int
    worst: Severity


PLANNED_WORST = Severity.HIGH
"""What planned work keeps silent at most."""
Planned = Mapping[int, Sequence[Silence]]
"""Planned work by facility."""


def foresee_designed(
    alarms: Sequence[PastAlarm],
    roster: Roster,
    policy: Policy,
    crew: Crew,
    from_ms: int,
    until_ms: int,
    planned: Planned,
    sensors: Sensors | None = ALWAYS_SEEN,
) -> Foreseen:
    """``foresee`` of what speaks; what is silent for good counts as unheard."""
    spoken, silent = hushed(alarms, roster.places, policy, planned)
    found = foresee(spoken, roster, policy, crew, from_ms, until_ms, sensors)
    unheard = sum(from_ms <= alarm.start_ms < until_ms for alarm in silent)
    return replace(found, unheard=found.unheard + unheard)


def hushed(
    alarms: Sequence[PastAlarm], places: Mapping[int, FacilityPlace], policy: Policy, planned: Planned
) -> tuple[list[PastAlarm], list[PastAlarm]]:
    """The alarms as they ask for a case, those that begin in a silence from its end on; and those that never do."""
    failed: dict[int, list[Silence]] = {}
    for alarm in alarms:
        if alarm.info.supply == "lost":
            back_ms = _EVER_MS if alarm.stop_ms is None else alarm.stop_ms + COMING_BACK_MS
            failed.setdefault(alarm.facility, []).append(Silence(alarm.start_ms, back_ms, WORST))
    spoken: list[PastAlarm] = []
    silent: list[PastAlarm] = []
    for alarm in alarms:
        over = [*planned.get(alarm.facility, ()), *_supplies(alarm, places, failed)]
        speaks_ms = _speaks(alarm, over)
        if speaks_ms == alarm.start_ms:
            spoken.append(alarm)
        elif speaks_ms is None or (alarm.stop_ms is not None and alarm.stop_ms <= speaks_ms):
            silent.append(alarm)
        else:
            spoken.append(_from(alarm, speaks_ms, policy))
    return spoken, silent


def _supplies(
    alarm: PastAlarm, places: Mapping[int, FacilityPlace], failed: Mapping[int, Sequence[Silence]]
) -> Iterator[Silence]:
    """The failures of all supplies above an alarm that a supply may keep silent."""
    info = alarm.info
    if info.kind is not AlarmKind.CONDITION or info.latching or info.supply == "lost":
        return
    for supply in supplies_above(alarm.facility, places):
        yield from failed.get(supply, ())


def _speaks(alarm: PastAlarm, over: Iterable[Silence]) -> int | None:
    """When an alarm speaks first: at its start, when it is worse than what keeps it silent, or when that ends."""
    silences = sorted(over)
    at_ms = alarm.start_ms
    while True:
        now = [one for one in silences if one.from_ms <= at_ms < one.until_ms and one.worst >= _severity(alarm, at_ms)]
        if not now:
            return at_ms
        end_ms = max(one.until_ms for one in now)
        worst = max(one.worst for one in now)
        rises = [step.at_ms for step in alarm.steps if at_ms < step.at_ms < end_ms and step.severity > worst]
        if rises:
            return rises[0]
        if end_ms >= _EVER_MS:
            return None
        at_ms = end_ms


def _severity(alarm: PastAlarm, at_ms: int) -> Severity:
    past = [step.severity for step in alarm.steps if step.at_ms <= at_ms]
    return past[-1] if past else alarm.severity


def _from(alarm: PastAlarm, at_ms: int, policy: Policy) -> PastAlarm:
    """The alarm as if it had begun when it spoke; of a low one so that what it has lasted counts."""
    severity = _severity(alarm, at_ms)
    start_ms = max(alarm.start_ms, at_ms - policy.low_after_ms) if severity is Severity.LOW else at_ms
    later = [step for step in alarm.steps if step.at_ms > at_ms]
    steps = (alarm.steps[0]._replace(at_ms=start_ms, severity=severity), *later) if alarm.steps else ()
    return replace(alarm, severity=severity, start_ms=start_ms, steps=steps)
