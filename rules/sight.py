"""Cannot see now: alarms of another kind, from arrival time and the wall clock (``docs/alarms.md`` section 6).

A facility is *silent* when none of its points brought a measured value for a while; a gateway is *down* after its
death certificate or 60 s without a word. These states are of this moment: never computed for the past, never taken
back. A parent
hides its children: while a gateway is down, and until its facilities have had their time to speak again after it is
back, nothing is raised for them, and what was raised is closed, because the one alarm for the gateway says it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.alarms import AlarmChange, AlarmKind, AnnouncedAlarm, ChangeKind, Interval, Severity, alarm_id
from core.places import ClassMembers
from core.quality import QualityClass
from core.readings import Int32s, Readings
from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Indices, Ints

GATEWAY_RULE = "sight.gateway"
DEVICE_RULE = "sight.device"
GATEWAY_SILENCE_MS = 60_000
LEAST_SILENCE_MS = 60_000
_INTERVALS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayState:
    """What the host knows of a gateway now.

    Attributes:
        alive: after its birth and before its death certificate.
        heard_ms: wall clock of the last message of any kind.
    """

    alive: bool
    heard_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A facility as sight sees it.

    Attributes:
        facility: registry number.
        parent: facility number under which its gateway's alarms are kept; ``None`` if it has no gateway.
        silence_ms: how long it may be silent.
        points: its points.
    """

    facility: int
    parent: int | None
    silence_ms: int
    points: tuple[int, ...]


def watched(members: Mapping[str, ClassMembers], parent: Mapping[int, int]) -> tuple[Watched, ...]:
    """Every facility that has points; three intervals of its fastest point, at least 60 s, are its silence.

    Args:
        members: the facilities by class; ``stale_after_ms`` stands for three intervals.
        parent: facility number to the number of the facility that is its gateway.
    """
    found = []
    for group in members.values():
        for row, facility in enumerate(group.facility.tolist()):
            points = [(int(column[row]), key) for key, column in group.point.items() if column[row] >= 0]
            if points:
                silence_ms = min(int(group.stale_after_ms[key][row]) for _, key in points)
                found.append(
                    Watched(
                        facility=facility,
                        parent=parent.get(facility),
                        silence_ms=max(LEAST_SILENCE_MS, silence_ms),
                        points=tuple(point for point, _ in points),
                    )
                )
    return tuple(found)


class Sight:
    """Keeps when each facility was last seen, and what is announced; owned by the judge's loop."""

    def __init__(self, facilities: Sequence[Watched], started_ms: int) -> None:
        """Nobody was seen yet: everybody has their silence from ``started_ms`` on."""
        self._facilities = tuple(facilities)
        self._number: Int32s = np.array([one.facility for one in facilities], np.int32)
        self._silence_ms: Ints = np.array([one.silence_ms for one in facilities], np.int64)
        self._seen_ms: Ints = np.full(len(facilities), started_ms, np.int64)
        self._hidden_until_ms: Ints = np.full(len(facilities), BEGINNING_MS)
        self._parents = sorted({one.parent for one in facilities if one.parent is not None})
        place = {parent: row for row, parent in enumerate(self._parents)}
        self._parent_of: Indices = np.array(
            [-1 if one.parent is None else place[one.parent] for one in facilities], np.intp
        )
        highest = max((point for one in facilities for point in one.points), default=-1)
        self._owner: Indices = np.full(highest + 2, -1, np.intp)
        for row, one in enumerate(facilities):
            self._owner[list(one.points)] = row
        self._on: dict[tuple[str, int], AnnouncedAlarm] = {}

    def announce(self, alarms: Iterable[AnnouncedAlarm]) -> None:
        """What the journal holds as on, at the start."""
        self._on = {
            (alarm.rule_id, alarm.facility): alarm
            for alarm in alarms
            if alarm.rule_id in {GATEWAY_RULE, DEVICE_RULE} and alarm.interval.stop_ms is None
        }

    def see(self, batch: Readings, now_ms: int) -> None:
        """Readings have arrived; whatever their event time, a measured value proves that its facility is in sight."""
        measured = (batch.quality >> 6) != QualityClass.NOT_MEASURED
        known = measured & (batch.point >= 0) & (batch.point < len(self._owner))
        owner = self._owner[batch.point[known]]
        self._seen_ms[owner[owner >= 0]] = now_ms

    def changes(self, gateways: Mapping[int, GatewayState], now_ms: int) -> list[AlarmChange]:
        """What is to be announced now.

        Args:
            gateways: facility number of each gateway to its state; a gateway without an entry was never heard.
            now_ms: wall clock.
        """
        down = np.array([_is_down(gateways.get(parent), now_ms) for parent in self._parents], np.bool_)
        found = [
            change
            for parent, is_down in zip(self._parents, down.tolist(), strict=True)
            for change in self._turn(GATEWAY_RULE, parent, is_down, now_ms, Severity.MEDIUM)
        ]
        hidden = self._hide(down, now_ms)
        silent = (now_ms - self._seen_ms > self._silence_ms) & ~hidden
        on = np.array([(DEVICE_RULE, number) in self._on for number in self._number.tolist()], np.bool_)
        for row in np.flatnonzero(silent != on).tolist():
            found += self._turn(DEVICE_RULE, int(self._number[row]), bool(silent[row]), now_ms, Severity.LOW)
        return found

    def _hide(self, down: Bools, now_ms: int) -> Bools:
        """Facilities whose gateway is down, or came back less than their silence ago."""
        if not len(self._parents):
            return np.zeros(len(self._number), np.bool_)
        under = (self._parent_of >= 0) & down[self._parent_of]
        self._hidden_until_ms[under] = now_ms + self._silence_ms[under]
        hidden: Bools = now_ms < self._hidden_until_ms
        return hidden

    def _turn(self, rule_id: str, facility: int, on: bool, now_ms: int, severity: Severity) -> list[AlarmChange]:
        """Open or close one alarm if that is a change."""
        key = (rule_id, facility)
        old = self._on.get(key)
        if on == (old is not None):
            return []
        if old is None:
            interval = Interval(start_ms=now_ms, stop_ms=None, since_ms=now_ms)
            identity = alarm_id(rule_id, facility, now_ms)
            self._on[key] = AnnouncedAlarm(alarm_id=identity, rule_id=rule_id, facility=facility, interval=interval)
            kind = ChangeKind.OPENED
        else:
            del self._on[key]
            started = old.interval
            stop_ms = max(now_ms, started.start_ms + 1)
            interval = Interval(start_ms=started.start_ms, stop_ms=stop_ms, since_ms=started.since_ms)
            identity, kind = old.alarm_id, ChangeKind.CLOSED
        change = AlarmChange(
            kind=kind,
            alarm_id=identity,
            rule_id=rule_id,
            facility=facility,
            interval=interval,
            severity=severity,
            alarm_kind=AlarmKind.SIGHT,
        )
        return [change]


def _is_down(state: GatewayState | None, now_ms: int) -> bool:
    heard_ms = -NEVER_MS if state is None else state.heard_ms
    return state is None or not state.alive or now_ms - heard_ms > GATEWAY_SILENCE_MS
