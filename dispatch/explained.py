"""Which alarms say nothing new because what supplies their facility has failed (``docs/alarms.md``, part 7).

Values in, values out. Told of every change before it is recorded, it says which alarms are to be silent and for whose
sake; what it remembers is what is on, so it may begin anew from the journal at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from core.alarms import AlarmChange, AlarmKind, AnnouncedAlarm, ChangeKind, Severity
from core.cases import RuleInfo
from core.flags import Suppression
from core.ports.registry import FacilityPlace
from dispatch.worktime import MINUTE_MS

COMING_BACK_MS = 3 * MINUTE_MS
"""So long after a supply is back what hangs on it may take to clear before it is asked about."""
WORST = Severity.MEDIUM
"""What is worse speaks: water that rises without power is a danger of its own."""
_DEEPEST = 16
"""Supplies above one another that are looked at."""
_GONE = frozenset({ChangeKind.RETRACTED, ChangeKind.MERGED})


def supplies_above(facility: int, places: Mapping[int, FacilityPlace]) -> Iterator[int]:
    """The supplies above a facility, the nearest first."""
    place = places.get(facility)
    for _ in range(_DEEPEST):
        if place is None or place.parent is None:
            return
        yield place.parent
        place = places.get(place.parent)


class _On(NamedTuple):
    rule_id: str
    facility: int
    severity: Severity


class _Failed(NamedTuple):
    facility: int
    back_ms: int | None


class Explained:
    """What is on, and which supplies have failed."""

    def __init__(self, rules: Callable[[str], RuleInfo | None]) -> None:
        """Nothing is on."""
        self._rules = rules
        self._on: dict[str, _On] = {}
        self._failed: dict[str, _Failed] = {}

    def announce(self, alarms: Iterable[AnnouncedAlarm]) -> None:
        """What the journal holds, in the place of all that is remembered."""
        self._on.clear()
        self._failed.clear()
        for alarm in alarms:
            if alarm.interval.stop_ms is None and not alarm.element:
                severity = alarm.severity if alarm.severity is not None else Severity.HIGH
                self._begin(alarm.alarm_id, _On(alarm.rule_id, alarm.facility, severity))

    def learn(self, changes: Iterable[AlarmChange], now_ms: int) -> None:
        """What is about to be recorded."""
        for change in changes:
            if change.alarm_kind is not AlarmKind.CONDITION:
                continue
            if change.kind in _GONE or change.interval.stop_ms is not None:
                self._on.pop(change.alarm_id, None)
                failed = self._failed.get(change.alarm_id)
                if failed is not None and failed.back_ms is None:
                    self._failed[change.alarm_id] = failed._replace(back_ms=now_ms)
            else:
                self._begin(change.alarm_id, _On(change.rule_id, change.facility, change.severity))

    def wanted(self, places: Mapping[int, FacilityPlace], now_ms: int) -> list[Suppression]:
        """What is to be silent now."""
        for alarm_id, failed in list(self._failed.items()):
            if failed.back_ms is not None and now_ms - failed.back_ms >= COMING_BACK_MS:
                del self._failed[alarm_id]
        by_supply = {failed.facility: alarm_id for alarm_id, failed in self._failed.items()}
        if not by_supply:
            return []
        found = []
        for alarm_id, one in sorted(self._on.items()):
            above = self._above(one, places, by_supply)
            if above is not None and alarm_id not in self._failed:
                name = places[above].name
                found.append(
                    Suppression(
                        facility=one.facility,
                        rule_id=one.rule_id,
                        alarm_id=alarm_id,
                        ref=by_supply[above],
                        reason=f"{name.zh}：无供给 / {name.en}: no supply",
                        severity=WORST,
                    )
                )
        return found

    # --- inside -------------------------------------------------------------------------------------------------

    def _begin(self, alarm_id: str, one: _On) -> None:
        self._on[alarm_id] = one
        info = self._rules(one.rule_id)
        if info is not None and info.supply == "lost":
            self._failed[alarm_id] = _Failed(one.facility, None)

    def _above(self, one: _On, places: Mapping[int, FacilityPlace], failed: Mapping[int, str]) -> int | None:
        """The nearest failed supply above an alarm that may be silent."""
        info = self._rules(one.rule_id)
        if one.severity > WORST or info is None or info.latching:
            return None
        return next((supply for supply in supplies_above(one.facility, places) if supply in failed), None)
