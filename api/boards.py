"""What many answers need at once, kept for a moment: which facilities have open alarms and cases, and newest readings.

Both are snapshots shared by all requests of a process. The standing of facilities is taken anew when the change feed
has grown, newest readings when they are a second old; a page of 200 facilities then costs no query per facility.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from api.models.base import HealthName
from api.ports import FacilityPoints, ReadableStore
from core.alarms import AlarmKind, Severity
from core.clock import Clock
from core.errors import Unavailable
from core.ports.cases import AlarmFilter, CaseFilter, CaseQueries
from core.ports.registry import PageRequest
from core.readings import Int32s, Readings, empty

log = logging.getLogger(__name__)

_PAGE = 500
_MOST = 20_000
_AT_MOST_EVERY_S = 0.5
_READINGS_FOR_S = 1.0
_NO_POINTS: Int32s = np.empty(0, np.int32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How one facility stands."""

    worst: Severity | None = None
    alarms: int = 0
    cases: int = 0
    unseen: bool = False

    @property
    def health(self) -> HealthName:
        """``fault``: an alarm of medium severity or above; ``attention``: a lesser one; ``unseen``; ``ok``."""
        if self.worst is not None:
            return "fault" if self.worst >= Severity.MEDIUM else "attention"
        return "unseen" if self.unseen else "ok"


_FINE = Standing()


@dataclass(frozen=True, kw_only=True, slots=True)
class Standings:
    """All facilities that are not simply fine; ``head`` is the feed's newest id when they were read."""

    head: int = -1
    by_facility: Mapping[int, Standing] = field(default_factory=dict)

    def of(self, facility: int) -> Standing:
        """How a facility stands."""
        return self.by_facility.get(facility, _FINE)

    def with_health(self, health: HealthName) -> frozenset[int]:
        """Facilities of one health other than ``ok``."""
        return frozenset(number for number, one in self.by_facility.items() if one.health == health)


class StandingBoard:
    """Holds the newest standings."""

    def __init__(self, cases: CaseQueries, clock: Clock) -> None:
        """Nothing is read before the first question."""
        self._cases = cases
        self._clock = clock
        self._lock = threading.Lock()
        self._held = Standings()
        self._looked_s = -_AT_MOST_EVERY_S

    def now(self) -> Standings:
        """The standings, at most half a second behind the feed.

        Raises:
            core.errors.Unavailable: if dispatch does not answer.
        """
        with self._lock:
            now_s = self._clock.monotonic_s()
            if now_s - self._looked_s < _AT_MOST_EVERY_S and self._held.head >= 0:
                return self._held
            head = self._cases.feed_head()
            if head != self._held.head:
                self._held = Standings(head=head, by_facility=self._read())
            self._looked_s = now_s
            return self._held

    def _read(self) -> dict[int, Standing]:
        worst: dict[int, Severity] = {}
        alarms: Counter[int] = Counter()
        unseen: set[int] = set()
        page = PageRequest(limit=_PAGE)
        while True:
            got = self._cases.alarms(AlarmFilter(on=True), page)
            for one in got.items:
                alarms[one.facility] += 1
                if one.kind is AlarmKind.SIGHT:
                    unseen.add(one.facility)
                else:
                    worst[one.facility] = max(one.severity, worst.get(one.facility, Severity.INFO))
            if not got.next_cursor or alarms.total() >= _MOST:
                break
            page = PageRequest(cursor=got.next_cursor, limit=_PAGE)
        cases = self._open_cases()
        return {
            number: Standing(
                worst=worst.get(number), alarms=alarms[number], cases=cases[number], unseen=number in unseen
            )
            for number in alarms.keys() | cases.keys()
        }

    def _open_cases(self) -> Counter[int]:
        cases: Counter[int] = Counter()
        page = PageRequest(limit=_PAGE)
        while True:
            got = self._cases.cases(CaseFilter(open=True), page)
            cases.update(one.facility for one in got.items)
            if not got.next_cursor or cases.total() >= _MOST:
                return cases
            page = PageRequest(cursor=got.next_cursor, limit=_PAGE)


class LatestBoard:
    """Holds the newest reading of every point, at most a second old, for lists."""

    def __init__(self, store: ReadableStore, directory: FacilityPoints, clock: Clock) -> None:
        """Nothing is read before the first question."""
        self._store = store
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._held: Readings | None = None
        self._looked_s = 0.0
        self._silent = False
        self._points: Mapping[int, Int32s] = {}
        self._points_version: int | None = None
        self._points_looked_s = 0.0

    def now(self) -> Readings:
        """The newest readings, sorted by point; those of before while the store does not answer.

        Lists are worth showing without them, so a silent store is logged once and makes no error here.
        """
        now_s = self._clock.monotonic_s()
        held = self._held
        if held is not None and now_s - self._looked_s < _READINGS_FOR_S:
            return held
        # Whoever comes while somebody else is asking a slow store takes what there is.
        if not self._asking.acquire(blocking=held is None):
            return empty() if held is None else held
        try:
            fresh = self._refreshed()
            if fresh is not None or held is None:
                self._held = held = empty() if fresh is None else fresh
            self._looked_s = self._clock.monotonic_s()
            return held
        finally:
            self._asking.release()

    def _refreshed(self) -> Readings | None:
        try:
            latest = self._store.latest()
        except Unavailable as error:
            if not self._silent:
                log.warning("the store does not answer; lists go without new readings", extra={"why": str(error)})
            self._silent = True
            return None
        if self._silent:
            log.info("the store answers again")
        self._silent = False
        return latest

    def points_of(self, facility: int) -> Int32s:
        """Points of a facility, int32[k]."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._points_version is None or now_s - self._points_looked_s >= _READINGS_FOR_S:
                self._points_looked_s = now_s
                self._look_for_points()
            return self._points.get(facility, _NO_POINTS)

    def _look_for_points(self) -> None:
        try:
            self._directory.refresh()
        except Unavailable as error:
            log.warning("the registry does not answer; points stay as they were", extra={"why": str(error)})
        if self._directory.version != self._points_version:
            self._points = self._read_points()
            self._points_version = self._directory.version

    def _read_points(self) -> dict[int, Int32s]:
        points: dict[int, Int32s] = {}
        for members in self._directory.members().values():
            if not members.point or not len(members):
                continue
            table = np.stack(list(members.point.values()), axis=1)
            for number, row in zip(members.facility.tolist(), table, strict=True):
                points[number] = row[row >= 0]
        return points


def newest_ms(latest: Readings, points: Int32s) -> int | None:
    """Event time of the newest reading of any of the points; ``latest`` is sorted by point."""
    if len(points) == 0 or len(latest) == 0:
        return None
    rows = np.searchsorted(latest.point, points)
    rows = rows[rows < len(latest)]
    rows = rows[np.isin(latest.point[rows], points)]
    return int(latest.time_ms[rows].max()) if len(rows) else None
