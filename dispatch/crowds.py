"""Who came when, by what they have in common: the counts that a storm is decided by, over alarms of the past."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping

from core.alarms import Severity
from core.cases import RuleInfo
from core.ports.registry import FacilityPlace
from dispatch.policy import Policy
from dispatch.storms import Group, groups, is_crowd, joint_group, may_gather

Come = tuple[RuleInfo, int, Severity, int]
"""Rule, facility, severity at the start, start in milliseconds."""


class Crowds:
    """The beginnings of alarms by group; ``stormwork`` asks the database for the same."""

    def __init__(self, alarms: Iterable[Come], places: Mapping[int, FacilityPlace], policy: Policy) -> None:
        """Sort what may gather; nothing does where the policy has no storms."""
        self._places = places
        self._policy = policy
        self._came: dict[str, list[tuple[int, int, bool]]] = {}
        for info, facility, severity, start_ms in alarms if policy.storm_facilities else ():
            for group in self.groups(info, facility, severity):
                insort(self._came.setdefault(group.key, []), (start_ms, facility, severity is Severity.LOW))

    def groups(self, info: RuleInfo, facility: int, severity: Severity) -> list[Group]:
        """What an alarm has in common with others, the narrowest first; nothing where it may not gather."""
        place = self._places.get(facility)
        if place is None or not self._policy.storm_facilities:
            return []
        return groups(place, info) if may_gather(info.kind, severity, latching=info.latching) else []

    def joint(self, info: RuleInfo, facility: int, severity: Severity) -> Group | None:
        """The group that shares a case because the rule says so."""
        place = self._places.get(facility)
        if place is None or not may_gather(info.kind, severity, latching=info.latching):
            return None
        return joint_group(place, info)

    def is_storm(self, group: Group, at_ms: int) -> bool:
        """Whether a group is a storm at a moment."""
        return is_crowd(len(self.members(group, at_ms)), self._policy.storm_facilities)

    def members(self, group: Group, at_ms: int) -> set[int]:
        """The facilities that lately came, all that begins in that millisecond counted."""
        came = self._came.get(group.key, [])
        since_ms = at_ms - self._policy.storm_within_ms
        first = bisect_left(came, (since_ms - self._policy.low_after_ms, -1, False))
        last = bisect_right(came, at_ms, key=lambda one: one[0])
        return {facility for start_ms, facility, low in came[first:last] if low or start_ms >= since_ms}
