"""How far the sensors of the past were seen, out of stored readings: what a backtest asks after each repair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from core.evidence import Samples
from core.places import ClassMembers, Text
from core.ports.registry import FacilityPlace
from core.ports.store import PastReadings
from core.readings import Readings, concat
from dispatch.foresight_watch import Watched
from dispatch.observables import Groups, Part
from dispatch.observation import Sight, sight

_AHEAD_MS = 24 * 3_600_000
"""So much is read at once: what is asked after a repair lies within the window that is observed."""
_BEFORE_MS = 3_600_000
"""A reading older than this is not looked for, however long it may hold; as in operation."""
_NOTHING = Text(zh="", en="")


class _Point(NamedTuple):
    number: int
    key: str
    stale_ms: int


class _Read(NamedTuple):
    """Readings of some points in [from_ms, to_ms)."""

    points: tuple[_Point, ...]
    from_ms: int
    to_ms: int
    readings: Readings


class PastSensors:
    """``dispatch.foresight_watch.Sensors`` over the store; asked from one thread."""

    def __init__(
        self, past: PastReadings, members: Mapping[str, ClassMembers], places: Mapping[int, FacilityPlace]
    ) -> None:
        """Read from ``past``; ``members`` say which points there are."""
        self._past, self._members = past, members
        self._row = {
            facility: (class_id, row)
            for class_id, group in members.items()
            for row, facility in enumerate(group.facility.tolist())
        }
        self._groups = Groups(places)
        self._read: _Read | None = None

    def sight(self, watched: Sequence[Watched], begin_ms: int, end_ms: int, *, begun: bool) -> Sight | None:
        """See the port.

        Raises:
            core.errors.Unavailable: if the store does not answer.
        """
        points: dict[int, _Point] = {}
        for one in watched:
            mine = [point for part in one.parts(self._groups) or () for point in self._points(part)]
            if not mine:
                return None
            points |= {point.number: point for point in mine}
        read = self._reading(tuple(points[number] for number in sorted(points)), begin_ms, end_ms)
        return sight([_samples(read, point, begin_ms, end_ms) for point in read.points], begin_ms, end_ms, begun=begun)

    def _points(self, part: Part) -> list[_Point]:
        class_id, row = self._row.get(part.facility, ("", 0))
        if not class_id:
            return []
        group = self._members[class_id]
        return [
            _Point(int(column[row]), key, int(group.stale_after_ms[key][row]))
            for key, column in group.point.items()
            if part.takes(key) and column[row] >= 0
        ]

    def _reading(self, points: tuple[_Point, ...], begin_ms: int, end_ms: int) -> _Read:
        """What is asked, and what will be asked of the same points next."""
        read = self._read
        from_ms = max(0, begin_ms - _BEFORE_MS)
        if read is None or read.points != points or not read.from_ms <= from_ms <= end_ms <= read.to_ms:
            to_ms = max(end_ms, begin_ms + _AHEAD_MS)
            numbers = np.array([point.number for point in points], np.int32)
            pieces = list(self._past.stretch(numbers, from_ms, to_ms, len(points)))
            read = self._read = _Read(points, from_ms, to_ms, concat(pieces))
        return read


def _samples(read: _Read, point: _Point, begin_ms: int, end_ms: int) -> Samples:
    rows = read.readings
    first, last = np.searchsorted(rows.point, [point.number, point.number + 1])
    begin, end = first + np.searchsorted(
        rows.time_ms[first:last], [begin_ms - min(point.stale_ms, _BEFORE_MS), max(end_ms, begin_ms + 1)]
    )
    cut = slice(int(begin), int(end))
    return Samples(
        point=point.number,
        key=point.key,
        name=_NOTHING,
        unit="",
        stale_after_ms=point.stale_ms,
        time_ms=rows.time_ms[cut],
        value=rows.value[cut],
        quality=rows.quality[cut],
    )
