"""What an edit of a rule would have changed: two lists of past alarms, compared as announcements are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.alarms import AnnouncedAlarm, ChangeKind, Interval, Severity, alarm_id
from rules.differences import compare
from rules.engine.replay import Past

_NEW = frozenset({ChangeKind.OPENED, ChangeKind.SPLIT})
_GONE = frozenset({ChangeKind.RETRACTED, ChangeKind.MERGED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """Alarms of the second list against the first.

    Attributes:
        added: there is none in the first list that overlaps.
        gone: there is none in the second.
        moved: the same alarm with another beginning or end.
        same: equal to the millisecond.
    """

    added: int
    gone: int
    moved: int
    same: int

    @property
    def changed(self) -> int:
        """Alarms that differ."""
        return self.added + self.gone + self.moved


def effect(before: Iterable[Past], after: Iterable[Past]) -> Effect:
    """Compare two lists of alarms by rule and facility; intervals of one list do not overlap among themselves."""
    old, new = _grouped(before), _grouped(after)
    added = gone = moved = same = 0
    for key in sorted(old.keys() | new.keys()):
        rule_id, facility = key
        announced = [
            AnnouncedAlarm(
                alarm_id=alarm_id(rule_id, facility, one.start_ms), rule_id=rule_id, facility=facility, interval=one
            )
            for one in old.get(key, [])
        ]
        compared = compare(
            announced, new.get(key, []), rule_id=rule_id, facility=facility, severity=Severity.INFO, now_ms=0
        )
        last = {change.alarm_id: change.kind for change in compared.changes}
        opened = {change.alarm_id for change in compared.changes if change.kind in _NEW}
        added += len(opened)
        gone += sum(kind in _GONE for kind in last.values())
        shifted = sum(kind not in _GONE and one not in opened for one, kind in last.items())
        moved += shifted
        same += len(announced) - shifted - sum(kind in _GONE for kind in last.values())
    return Effect(added=added, gone=gone, moved=moved, same=same)


def _grouped(alarms: Iterable[Past]) -> dict[tuple[str, int], list[Interval]]:
    found: dict[tuple[str, int], list[Interval]] = {}
    for rule_id, facility, interval in alarms:
        found.setdefault((rule_id, facility), []).append(interval)
    for intervals in found.values():
        intervals.sort(key=lambda interval: interval.start_ms)
    return found
