"""Cannot see, over the past: outages as sight would have announced them, from the gaps of stored readings.

Sight follows arrival, the store keeps event times. So this holds as far as readings arrived when they were made: a
gateway that was cut off and sent its readings later was in sight all along as far as these data say. Nor does the store
keep births, deaths and messages without readings. Units and buses stay unknown (the points of a facility stand for a
unit), a gateway counts as gone when its quick points are silent, and one whose points alone are silent counts as gone,
too. Everything else is ``rules.sight`` itself: the tree, what is gathered, folded and left in peace.

Most points are never silent, and what is in sight tells only that it is. So while readings go by in columns only gaps
are noted, in two passes over the times; in the end sight looks at the moments at which something may change, over the
facilities with gaps and as many others as it takes to tell that their gateways and supplies live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.alarms import AlarmChange, ChangeKind, Interval, Severity, SeverityStep
from core.quality import GOOD
from core.readings import Int32s, Readings
from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Indices, Ints
from rules.sight import Sight
from rules.sight_evidence import Evidence, GatewayState, Heard, is_sign_of_life
from rules.sight_severity import MASS_MS, SAFETY_MS
from rules.sight_tree import Behind, Gate, grow

TICK_MS = 1_000
"""Sight looks this often at most; in operation it looks a few times a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenery:
    """What hangs where.

    Attributes:
        points: every point, each once; without bus and unit, which the past does not say.
        gates: the gateways.
        parents: facility to the facility that supplies or contains it.
        supplies: facilities that are supplies.
        marks: rule id to ``lost`` or ``feed_lost``.
    """

    points: Sequence[Behind]
    gates: Sequence[Gate]
    parents: Mapping[int, int]
    supplies: frozenset[int]
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SupplyAlarm:
    """An alarm of a rule that says something of supplies."""

    rule_id: str
    facility: int
    interval: Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class PastOutage:
    """An alarm of sight as it would have been.

    Attributes:
        severity: at its start; ``steps``: how it rose, empty for one that did not.
        stop_ms: ``None``: on at the end.
        folded: into a higher one.
    """

    rule_id: str
    facility: int
    element: str
    severity: Severity
    start_ms: int
    stop_ms: int | None
    folded: bool
    steps: tuple[SeverityStep, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Gaps:
    """intp[g] places of points, int64[g] when each was last seen and when it was seen again (``NEVER_MS``: not yet).

    ``first`` says that the point had never been seen before.
    """

    place: Indices
    gone_ms: Ints
    back_ms: Ints
    first: Bools


class SightReplay:
    """Notes gaps stretch by stretch, and in the end says what sight would have announced."""

    def __init__(self, scenery: Scenery, begin_ms: int) -> None:
        """Nobody was seen yet.

        Everybody has their silence from ``begin_ms`` on, or from the first reading of all where the past begins later.
        """
        self._scenery = scenery
        self._begin_ms = begin_ms
        self._until_ms = begin_ms
        number = np.array([one.point for one in scenery.points], np.int64)
        self._size = int(number.max(initial=-1)) + 2
        self._place = np.full(self._size, -1, np.intp)
        self._place[number] = np.arange(len(number))
        self._least = _Least.of(scenery.points)
        self._patience_ms = self._least.patience_ms
        self._least_ms = int(self._patience_ms.min(initial=NEVER_MS))
        self._first_ms: Ints = np.full(len(number), NEVER_MS)
        self._seen_ms: Ints = np.full(len(number), BEGINNING_MS)
        self._gaps: list[_Gaps] = []

    @property
    def points(self) -> Int32s:
        """The points that are looked at, ascending."""
        return np.flatnonzero(self._place >= 0).astype(np.int32)

    def take(self, batch: Readings) -> None:
        """Note the gaps of some points; sorted by (point, time), each point once in a stretch."""
        point, time_ms = batch.point, batch.time_ms
        if len(batch) and int(batch.quality.max()) != GOOD:
            alive = np.flatnonzero(is_sign_of_life(batch.quality))
            point, time_ms = point[alive], time_ms[alive]
        if not len(point):
            return
        head = np.flatnonzero(np.concatenate([[True], point[1:] != point[:-1]]))
        last = np.append(head[1:], len(point)) - 1
        number = np.where(point[head] < 0, self._size - 1, point[head])
        place = self._place.take(number, mode="clip")
        far = np.flatnonzero(np.diff(time_ms) > self._least_ms) + 1
        owner = np.searchsorted(head, far, side="right") - 1
        inside = (head[owner] != far) & (place[owner] >= 0)
        self._note(place[owner[inside]], time_ms[far[inside] - 1], time_ms[far[inside]])
        head, last, place = head[place >= 0], last[place >= 0], place[place >= 0]
        new = self._first_ms[place] == NEVER_MS
        self._first_ms[place[new]] = time_ms[head[new]]
        again = place[~new]
        self._note(again, self._seen_ms[again], time_ms[head[~new]])
        self._seen_ms[place] = time_ms[last]

    def close(self, until_ms: int) -> None:
        """All readings until then have gone by."""
        self._until_ms = until_ms

    def _note(self, place: Indices, gone_ms: Ints, back_ms: Ints) -> None:
        gap = np.flatnonzero(back_ms - gone_ms > self._patience_ms[place])
        if len(gap):
            self._gaps.append(_Gaps(place[gap], gone_ms[gap], back_ms[gap], np.zeros(len(gap), np.bool_)))

    def outages(
        self, supplies: Iterable[SupplyAlarm], stopped: Callable[[], bool] = lambda: False
    ) -> tuple[PastOutage, ...]:
        """What sight would have announced up to the last ``close``; up to where it came if it is stopped."""
        gaps = self._all_gaps()
        marked = [one for one in supplies if one.rule_id in self._scenery.marks]
        if not len(gaps.place) and not marked:
            return ()
        chosen = self._chosen(gaps, marked)
        play = _Play(self._scenery, chosen, self._least.take(chosen), gaps, marked, (self._begin(), self._until_ms))
        return play.run(stopped)

    def _all_gaps(self) -> _Gaps:
        """With those that are open at the end, and those before the first reading."""
        seen_ms = np.where(self._seen_ms == BEGINNING_MS, self._begin(), self._seen_ms)
        silent = np.flatnonzero(self._until_ms - seen_ms > self._patience_ms)
        never = np.full(len(silent), NEVER_MS)
        late = np.flatnonzero((self._first_ms < NEVER_MS) & (self._first_ms - self._begin() > self._patience_ms))
        every = [
            *self._gaps,
            _Gaps(silent, seen_ms[silent], never, self._first_ms[silent] == NEVER_MS),
            _Gaps(late, np.full(len(late), self._begin()), self._first_ms[late], np.ones(len(late), np.bool_)),
        ]
        columns = ((one.place, one.gone_ms, one.back_ms, one.first) for one in every)
        return _Gaps(*(np.concatenate(column) for column in zip(*columns, strict=True)))

    def _begin(self) -> int:
        """When the past begins."""
        first_ms = int(self._first_ms.min(initial=NEVER_MS))
        return max(self._begin_ms, first_ms) if first_ms < NEVER_MS else self._until_ms

    def _chosen(self, gaps: _Gaps, marked: Sequence[SupplyAlarm]) -> Indices:
        """Points of facilities with gaps or supply alarms, of supplies, and one of each gateway that never goes."""
        points = self._scenery.points
        gapped = np.zeros(len(points), np.bool_)
        gapped[gaps.place] = True
        told = {points[place].facility for place in np.flatnonzero(gapped).tolist()}
        told |= {one.facility for one in marked} | self._scenery.supplies
        chosen, seen = [], set()
        for place, one in enumerate(points):
            if one.facility in told:
                chosen.append(place)
            elif one.gateway not in seen and not gapped[place]:
                seen.add(one.gateway)
                chosen.append(place)
        return np.array(chosen, np.intp)


def _least(points: Sequence[Behind], of: Callable[[Behind], object]) -> Ints:
    """int64[p]: the least silence of all points that have something in common with each."""
    least: dict[object, int] = {}
    for one in points:
        least[of(one)] = min(least.get(of(one), NEVER_MS), one.silence_ms)
    return np.array([least[of(one)] for one in points], np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Least:
    """int64[p]: the silence of each point, the least of its facility, and after how long its gateway counts as gone."""

    own_ms: Ints
    facility_ms: Ints
    gateway_ms: Ints

    @classmethod
    def of(cls, points: Sequence[Behind]) -> _Least:
        """All points; a gateway counts as gone when all its quick points have missed two intervals."""
        gateway_ms = _least(points, lambda one: one.gateway or one.facility)
        return cls(
            np.array([one.silence_ms for one in points], np.int64),
            _least(points, lambda one: one.facility),
            gateway_ms * 2 // 3,
        )

    def take(self, chosen: Indices) -> _Least:
        """Of some of the points."""
        return _Least(self.own_ms[chosen], self.facility_ms[chosen], self.gateway_ms[chosen])

    @property
    def patience_ms(self) -> Ints:
        """After so long a silence of each point something may have failed: its facility, or its gateway."""
        return np.minimum(self.facility_ms * 2 // 3, self.gateway_ms)


class _PastHeard(Heard):
    """What was heard, where it is known beforehand."""

    def last_seen(self, points: Indices, seen_ms: Ints) -> None:
        """When these points were last seen."""
        self._seen_ms[points] = seen_ms

    def in_sight(self, points: Indices, ever: Indices, now_ms: int) -> None:
        """These points are seen now, and those have ever been."""
        self._seen_ms[points] = now_ms
        self._ever[ever] = self._now[ever] = True


class _PastSight(Sight):
    """Sight that says when it must look again.

    Attributes:
        now_ms: when it looks; set before each look.
        due_ms: when a failure that has been noticed is to be announced next, if nothing else happens.
    """

    now_ms = BEGINNING_MS
    due_ms = NEVER_MS

    def _ripe(self, seen: Evidence, out: Bools) -> Ints:
        ripe_ms = super()._ripe(seen, out)
        waits = ~self._on & (self._top == np.arange(self._total)) & (ripe_ms > self.now_ms)
        self.due_ms = int(ripe_ms.min(initial=NEVER_MS, where=waits))
        return ripe_ms


class _Play:
    """Sight at the moments at which something may change."""

    def __init__(
        self,
        scenery: Scenery,
        chosen: Indices,
        least: _Least,
        gaps: _Gaps,
        marked: Sequence[SupplyAlarm],
        span_ms: tuple[int, int],
    ) -> None:
        begin_ms, self._until_ms = span_ms
        points = [scenery.points[place] for place in chosen.tolist()]
        grown = grow(points, scenery.gates, scenery.parents, scenery.supplies)
        self._number = np.array([one.point for one in points], np.intp)
        self._heard = _PastHeard(begin_ms)
        self._sight = _PastSight(grown, self._heard, begin_ms, scenery.marks)
        own = np.full(len(scenery.points), -1, np.intp)
        own[chosen] = np.arange(len(chosen))
        self._gaps = _Gaps(own[gaps.place], gaps.gone_ms, gaps.back_ms, gaps.first)
        self._away: Bools = np.zeros(len(points), np.bool_)
        self._ever: Bools = np.ones(len(points), np.bool_)
        self._ever[self._gaps.place[gaps.first]] = False
        self._gateways = _quick_points(points, scenery.gates, least)
        # After so long a silence of a point something about it, its facility or its gateway may change.
        limits_ms = (least.facility_ms * 2 // 3, least.facility_ms, least.own_ms, least.gateway_ms)
        self._limits_ms = [limit_ms + 1 for limit_ms in limits_ms]
        enter_ms = self._gaps.gone_ms + least.patience_ms[self._gaps.place] + 1
        self._enter = np.argsort(enter_ms, kind="stable")
        self._leave = np.argsort(self._gaps.back_ms, kind="stable")
        self._enter_ms, self._leave_ms = enter_ms[self._enter], self._gaps.back_ms[self._leave]
        self._entered = self._left = self._told = 0
        self._supplies = sorted(_changes(marked), key=lambda change: change[0])
        self._on: dict[str, AlarmChange] = {}
        self._over: list[PastOutage] = []

    def run(self, stopped: Callable[[], bool]) -> tuple[PastOutage, ...]:
        """All outages that begin before the end."""
        now_ms = BEGINNING_MS
        while not stopped():
            now_ms = self._next(now_ms)
            if now_ms > self._until_ms:
                break
            self._move(now_ms)
            states = dict(self._states(now_ms))
            self._sight.now_ms = now_ms
            for change in self._sight.changes(states, now_ms):
                self._note(change)
        still = [_outage(change, None, folded=False) for change in self._on.values()]
        return tuple(sorted([*self._over, *still], key=lambda one: (one.start_ms, one.rule_id, one.facility)))

    def _next(self, now_ms: int) -> int:
        """The next moment at which something may change, in whole ticks."""
        due = [self._sight.due_ms]
        if self._entered < len(self._enter_ms):
            due.append(int(self._enter_ms[self._entered]))
        if self._left < len(self._leave_ms):
            due.append(int(self._leave_ms[self._left]))
        if self._told < len(self._supplies):
            due.append(self._supplies[self._told][0])
        for one in self._on.values():  # what has been on for so long may be grave
            moments = (one.interval.start_ms + hold_ms for hold_ms in (MASS_MS, SAFETY_MS))
            due += [moment for moment in moments if moment > now_ms]
        away = np.flatnonzero(self._away)
        seen_ms = self._heard.seen_ms(self._number[away])
        for limit_ms in self._limits_ms:
            at = seen_ms + limit_ms[away]
            due.append(int(at.min(initial=NEVER_MS, where=at > now_ms)))
        return max(now_ms + TICK_MS if now_ms > BEGINNING_MS else now_ms, -(-min(due) // TICK_MS) * TICK_MS)

    def _move(self, now_ms: int) -> None:
        """Who has gone and who is back by now, and what the rules say of supplies."""
        entered = int(np.searchsorted(self._enter_ms, now_ms, side="right"))
        left = int(np.searchsorted(self._leave_ms, now_ms, side="right"))
        went, came = self._enter[self._entered : entered], self._leave[self._left : left]
        self._entered, self._left = entered, left
        self._ever[self._gaps.place[came]] = True
        still = went[self._gaps.back_ms[went] > now_ms]
        self._away[self._gaps.place[came]] = False
        self._away[self._gaps.place[still]] = True
        self._heard.last_seen(self._number[self._gaps.place[still]], self._gaps.gone_ms[still])
        self._heard.in_sight(self._number[~self._away], self._number[self._ever], now_ms)
        while self._told < len(self._supplies) and self._supplies[self._told][0] <= now_ms:
            self._sight.learn([self._supplies[self._told][1]])
            self._told += 1

    def _states(self, now_ms: int) -> Iterator[tuple[str, GatewayState]]:
        """A gateway lives while one of its quick points does."""
        for key, (places, limit_ms) in self._gateways.items():
            silent_ms = now_ms - self._heard.seen_ms(self._number[places])
            alive = not len(places) or bool((~self._away[places] | (silent_ms <= limit_ms)).any())
            yield key, GatewayState(alive=alive, heard_ms=now_ms)

    def _note(self, change: AlarmChange) -> None:
        if change.kind in (ChangeKind.OPENED, ChangeKind.SEVERITY):
            self._on[change.alarm_id] = change
        elif change.kind in (ChangeKind.CLOSED, ChangeKind.FOLDED):
            begun = self._on.pop(change.alarm_id)
            folded = change.kind is ChangeKind.FOLDED
            self._over.append(_outage(begun, change.interval.stop_ms, folded=folded))


def _quick_points(points: Sequence[Behind], gates: Sequence[Gate], least: _Least) -> dict[str, tuple[Indices, int]]:
    """Of each gateway the points that are read often, and how long all of them may be silent."""
    mine: dict[str, list[int]] = {gate.key: [] for gate in gates}
    for place, one in enumerate(points):
        if one.gateway in mine:
            mine[one.gateway].append(place)
    found = {}
    for key, places in mine.items():
        least_ms = min((points[place].silence_ms for place in places), default=0)
        quick = [place for place in places if points[place].silence_ms <= 2 * least_ms]
        found[key] = np.array(quick, np.intp), int(least.gateway_ms[places[0]]) if places else 0
    return found


def _changes(alarms: Iterable[SupplyAlarm]) -> Iterator[tuple[int, AlarmChange]]:
    """Begin and end of alarms that say something of supplies."""
    for number, one in enumerate(alarms):
        for at_ms, stop_ms, kind in (
            (one.interval.start_ms, None, ChangeKind.OPENED),
            (one.interval.stop_ms, one.interval.stop_ms, ChangeKind.CLOSED),
        ):
            if at_ms is not None:
                interval = Interval(start_ms=one.interval.start_ms, stop_ms=stop_ms, since_ms=one.interval.since_ms)
                yield (
                    at_ms,
                    AlarmChange(
                        kind=kind,
                        alarm_id=f"supply-{number}",
                        rule_id=one.rule_id,
                        facility=one.facility,
                        interval=interval,
                        severity=Severity.HIGH,
                    ),
                )


def _outage(begun: AlarmChange, stop_ms: int | None, *, folded: bool) -> PastOutage:
    steps = begun.interval.steps
    return PastOutage(
        rule_id=begun.rule_id,
        facility=begun.facility,
        element=begun.element,
        severity=steps[0].severity if steps else begun.severity,
        start_ms=begun.interval.start_ms,
        stop_ms=stop_ms,
        folded=folded,
        steps=steps,
    )
