"""From two lists of intervals to what is to be announced: the table of ``docs/alarms.md`` section 5.

Old (announced) and new (computed) intervals of one rule and facility are chained where they overlap; touching ends
overlap, an open end reaches for ever. How many of each a chain has decides what happens; the table says it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from core.alarms import AlarmChange, AnnouncedAlarm, ChangeKind, Interval, Severity, alarm_id

LATE_MS = 5 * 60_000
"""An opening further behind the wall clock than this is "discovered late"."""


def ended(alarm: AnnouncedAlarm, severity: Severity, now_ms: int) -> AlarmChange:
    """An alarm that is on and whose rule has left the set: nothing judges it any more, so it ends now."""
    stop_ms = max(now_ms, alarm.interval.start_ms + 1)
    return AlarmChange(
        kind=ChangeKind.CLOSED,
        alarm_id=alarm.alarm_id,
        rule_id=alarm.rule_id,
        facility=alarm.facility,
        interval=replace(alarm.interval, stop_ms=stop_ms),
        severity=severity,
    )


class Many(Enum):
    """How many intervals a chain has on one side."""

    NONE = auto()
    ONE = auto()
    SEVERAL = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What comparing one rule and facility gives.

    Attributes:
        changes: in an order in which they may be applied one after the other.
        announced: the intervals as announced afterwards, in time order.
    """

    changes: tuple[AlarmChange, ...]
    announced: tuple[AnnouncedAlarm, ...]


@dataclass(slots=True)
class _Chain:
    old: list[AnnouncedAlarm]
    new: list[Interval]


class Comparison:
    """Compares one rule and facility; collects changes and the new state of what is announced."""

    def __init__(self, rule_id: str, facility: int, severity: Severity, now_ms: int) -> None:
        """Changes are of this rule, facility and, without levels, severity; ``now_ms`` decides what is late."""
        self._rule_id = rule_id
        self._facility = facility
        self._severity = severity
        self._now_ms = now_ms
        self._taken: set[str] = set()
        self.changes: list[AlarmChange] = []
        self.announced: list[AnnouncedAlarm] = []

    def run(self, old: Sequence[AnnouncedAlarm], new: Sequence[Interval], taken: Collection[str] = ()) -> Compared:
        """Compare the announced with the computed intervals, each without overlaps among themselves."""
        self._taken = {alarm.alarm_id for alarm in old}.union(taken)
        for chain in _chains(old, new):
            TABLE[_many(chain.old), _many(chain.new)](self, chain)
        self.announced.sort(key=lambda alarm: alarm.interval.start_ms)
        return Compared(changes=tuple(self.changes), announced=tuple(self.announced))

    # --- what the table calls -----------------------------------------------------------------------------------

    def nothing(self, chain: _Chain) -> None:
        """A chain is never empty; here for completeness of the table."""

    def open(self, chain: _Chain) -> None:
        """None to one (or several that touch): each is opened, and closed at once if it is over."""
        for interval in chain.new:
            late = interval.start_ms < self._now_ms - LATE_MS
            alarm = self._new(interval)
            begun = alarm if interval.stop_ms is None else replace(alarm, interval=replace(interval, stop_ms=None))
            self._say(ChangeKind.OPENED, begun, late=late)
            if interval.stop_ms is not None:
                self._say(ChangeKind.CLOSED, alarm, late=late)

    def retract(self, chain: _Chain) -> None:
        """One (or several) to none: it never was."""
        for alarm in chain.old:
            self._say(ChangeKind.RETRACTED, alarm)

    def follow(self, chain: _Chain) -> None:
        """One to one: closed, reopened or moved, or its severity has changed."""
        alarm, interval = chain.old[0], chain.new[0]
        old = alarm.interval
        same_start = old.start_ms == interval.start_ms
        if same_start and old.stop_ms == interval.stop_ms:
            self._grade(alarm, interval)
        elif same_start and old.stop_ms is None:
            self._keep(ChangeKind.CLOSED, alarm, interval)
        elif same_start and interval.stop_ms is None:
            self._keep(ChangeKind.REOPENED, alarm, interval)
        else:
            self._keep(ChangeKind.MOVED, alarm, interval)

    def pair(self, chain: _Chain) -> None:
        """Several on a side: pairwise in time order, the surplus is split off or merged."""
        paired = min(len(chain.old), len(chain.new))
        for alarm, interval in zip(chain.old, chain.new, strict=False):
            old = alarm.interval
            if (old.start_ms, old.stop_ms) == (interval.start_ms, interval.stop_ms):
                self._grade(alarm, interval)
            else:
                self._keep(ChangeKind.MOVED, alarm, interval)
        root = chain.old[paired - 1].alarm_id
        for interval in chain.new[paired:]:
            self._say(ChangeKind.SPLIT, self._new(interval), into=root)
        for alarm in chain.old[paired:]:
            self._say(ChangeKind.MERGED, alarm, into=root)

    # --- helpers ------------------------------------------------------------------------------------------------

    def _new(self, interval: Interval) -> AnnouncedAlarm:
        """An alarm with an id of its own; a moved alarm may hold the id that this start would give."""
        identity, again = alarm_id(self._rule_id, self._facility, interval.start_ms), 1
        while identity in self._taken:
            again += 1
            identity = alarm_id(f"{self._rule_id}#{again}", self._facility, interval.start_ms)
        self._taken.add(identity)
        alarm = AnnouncedAlarm(alarm_id=identity, rule_id=self._rule_id, facility=self._facility, interval=interval)
        self.announced.append(alarm)
        return alarm

    def _grade(self, alarm: AnnouncedAlarm, interval: Interval) -> None:
        """The ends are as they were; in between it may have risen or fallen, or flapped."""
        old = alarm.interval
        if old.steps != interval.steps:
            self._keep(ChangeKind.SEVERITY, alarm, interval)
        elif (old.flaps, old.pieces) != (interval.flaps, interval.pieces):
            self._keep(ChangeKind.FLAPPED, alarm, interval)
        else:
            self.announced.append(alarm)

    def _keep(self, kind: ChangeKind, alarm: AnnouncedAlarm, interval: Interval) -> None:
        moved = replace(alarm, interval=interval)
        self.announced.append(moved)
        self._say(kind, moved)

    def _say(self, kind: ChangeKind, alarm: AnnouncedAlarm, *, late: bool = False, into: str = "") -> None:
        self.changes.append(
            AlarmChange(
                kind=kind,
                alarm_id=alarm.alarm_id,
                rule_id=self._rule_id,
                facility=self._facility,
                interval=alarm.interval,
                severity=alarm.interval.severity(self._severity),
                late=late,
                into=into,
            )
        )


_Step = Callable[[Comparison, _Chain], None]

TABLE: Mapping[tuple[Many, Many], _Step] = {
    (Many.NONE, Many.NONE): Comparison.nothing,
    (Many.NONE, Many.ONE): Comparison.open,
    (Many.NONE, Many.SEVERAL): Comparison.open,
    (Many.ONE, Many.NONE): Comparison.retract,
    (Many.ONE, Many.ONE): Comparison.follow,
    (Many.ONE, Many.SEVERAL): Comparison.pair,
    (Many.SEVERAL, Many.NONE): Comparison.retract,
    (Many.SEVERAL, Many.ONE): Comparison.pair,
    (Many.SEVERAL, Many.SEVERAL): Comparison.pair,
}
"""(old, new) in a chain to what follows."""


def _many(side: Sequence[object]) -> Many:
    return (Many.NONE, Many.ONE)[len(side)] if len(side) < 2 else Many.SEVERAL


def _chains(old: Sequence[AnnouncedAlarm], new: Sequence[Interval]) -> list[_Chain]:
    """Group what overlaps, from early to late."""
    ends: list[tuple[int, float, AnnouncedAlarm | Interval]] = [
        *((alarm.interval.start_ms, _end(alarm.interval), alarm) for alarm in old),
        *((interval.start_ms, _end(interval), interval) for interval in new),
    ]
    ends.sort(key=lambda item: (item[0], item[1]))
    chains: list[_Chain] = []
    reached = float("-inf")
    for start, end, item in ends:
        if start > reached:
            chains.append(_Chain([], []))
        if isinstance(item, Interval):
            chains[-1].new.append(item)
        else:
            chains[-1].old.append(item)
        reached = max(reached, end)
    return chains


def _end(interval: Interval) -> float:
    return float("inf") if interval.stop_ms is None else interval.stop_ms


def compare(
    old: Sequence[AnnouncedAlarm],
    new: Sequence[Interval],
    *,
    rule_id: str,
    facility: int,
    severity: Severity,
    now_ms: int,
    taken: Collection[str] = (),
) -> Compared:
    """The changes that lead from the announced to the computed intervals of one rule and facility.

    Comparing again afterwards gives no changes. ``taken`` are ids of other alarms of them, which none may get.
    """
    return Comparison(rule_id, facility, severity, now_ms).run(old, new, taken)
