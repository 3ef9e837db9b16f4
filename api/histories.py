"""Histories of points: what the store holds, bounded, with gaps and limits."""

from __future__ import annotations

import logging

import numpy as np

from api import charts
from api.access import Caller
from api.findings import RANGE_BACKWARD
from api.models.base import Bilingual, severity_name
from api.models.history import Gap, History, Limit
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField
from api.reach import sees_facility
from core.calendar import term_name
from core.errors import Refused
from core.ports.registry import Point
from core.readings import Int32s
from core.units import convert

log = logging.getLogger(__name__)

DAY_MS = 86_400_000
MONTH_MS = 30 * DAY_MS
LONGEST_MS = (5 * 366 + 31) * DAY_MS
_REASONS_LOOKED_UP = 20
_READINGS_LOOKED_AT = 5_000


class Histories:
    """Answers questions about the past of points."""

    def __init__(self, ports: ApiPorts) -> None:
        """Join store, registry and rules."""
        self._ports = ports
        self._reported: set[str] = set()

    def of_point(
        self, caller: Caller, point: int, *, from_ms: int | None, to_ms: int | None, max_points: int
    ) -> History:
        """The history of a point the caller may see."""
        known = self._ports.registry.point(point)
        detail = None if known is None else self._ports.registry.facility(known.facility)
        if known is None or detail is None:
            raise ProblemError(Problems.NOT_FOUND)
        if not sees_facility(caller, self._ports.cases, known.facility, detail.facility.community):
            raise ProblemError(Problems.NOT_FOUND)
        begin_ms, end_ms = asked_range(from_ms, to_ms, self._ports.clock.now_ms(), DAY_MS)
        return self.between(known, detail.facility.class_id, begin_ms, end_ms, max_points)

    def between(self, point: Point, class_id: str, from_ms: int, to_ms: int, max_points: int) -> History:
        """The history of a point; the range has been checked."""
        points = np.array([point.number], np.int32)
        step_ms = charts.step_for(to_ms - from_ms, max_points)
        rollups = self._ports.store.rollup(points, from_ms - from_ms % step_ms, to_ms, step_ms)
        rows, text = charts.rows_of_rollups(rollups), dict[int, str]()
        held = rollups.count + rollups.bad
        if 0 < int(held.sum()) <= max_points:
            batch = self._ports.store.read(points, from_ms, to_ms)
            # Where only roll-ups are kept any more, they say more than the readings that are left.
            if len(batch) >= max(1, int(held[rollups.start_ms >= from_ms].sum())):
                rows, text = charts.rows_of_readings(batch), dict(batch.text)
        window = self._window(points, point, from_ms, to_ms, rows)
        return History(
            point=point.number,
            unit=point.unit,
            from_ms=from_ms,
            to_ms=to_ms,
            step_ms=rows.step_ms,
            start_ms=rows.start_ms.tolist(),
            min=charts.numbers(rows.minimum),
            mean=charts.numbers(rows.mean),
            max=charts.numbers(rows.maximum),
            first=charts.numbers(rows.first),
            last=charts.numbers(rows.last),
            count=rows.count.tolist(),
            bad=rows.bad.tolist(),
            text=text,
            gaps=self._gaps(points, point, rows, window),
            limits=self.limits(point, class_id),
        )

    def _window(self, points: Int32s, point: Point, from_ms: int, to_ms: int, rows: charts.Rows) -> charts.Window:
        stale_ms = int(point.stale_after_s * 1000)
        carried_ms = None
        if not len(rows.start_ms) or int(rows.start_ms[0]) > from_ms:
            before = self._ports.store.read(points, max(0, from_ms - stale_ms), from_ms)
            carried_ms = int(before.time_ms[-1]) if len(before) else None
        return charts.Window(
            from_ms=from_ms,
            to_ms=min(to_ms, self._ports.clock.now_ms()),
            stale_ms=stale_ms,
            carried_ms=carried_ms,
        )

    def _gaps(self, points: Int32s, point: Point, rows: charts.Rows, window: charts.Window) -> list[Gap]:
        gaps = charts.silent_gaps(rows, window)
        for index, run in enumerate(charts.bad_runs(rows)):
            code = self._code(points, rows, run[0]) if index < _REASONS_LOOKED_UP or not rows.step_ms else None
            gaps.append(charts.bad_gap(rows, run, window, code))
        records = [one for one in self._ports.store.gaps(window.from_ms, window.to_ms) if one.node == point.gateway]
        gaps += charts.evicted_gaps(records, window)
        return sorted(gaps, key=lambda gap: (gap.from_ms, gap.kind))

    def _code(self, points: Int32s, rows: charts.Rows, row: int) -> int | None:
        """The quality byte at the beginning of a run that is not good."""
        if rows.step_ms == 0:
            return int(rows.quality[row])
        if int(rows.bad[row]) > _READINGS_LOOKED_AT:
            return None
        start_ms = int(rows.start_ms[row])
        batch = self._ports.store.read(points, start_ms, start_ms + rows.step_ms)
        return int(batch.quality[0]) if len(batch) else None

    def limits(self, point: Point, class_id: str) -> list[Limit]:
        """Limits of the rules over a point, in its unit; a limit that cannot be converted is left out and logged."""
        found: list[Limit] = []
        for limit in self._ports.rules.limits(class_id):
            if limit.measurement != point.key:
                continue
            try:
                value = convert(limit.value, limit.unit, point.unit)
            except Refused as error:
                self._report_once(limit.rule_id, str(error))
                continue
            found.append(
                Limit(
                    value=value,
                    kind=limit.kind,
                    severity=severity_name(limit.severity),
                    rule_id=limit.rule_id,
                    say=Bilingual.of(limit.say),
                    only_with=[self._measurement(class_id, key) for key in limit.only_with],
                )
            )
        return found

    def _measurement(self, class_id: str, key: str) -> Bilingual:
        """A measurement's or calendar term's name; anything else (``facility.x``) stands for itself."""
        known = self._ports.registry.classes().get(class_id)
        measurement = None if known is None else known.measurements.get(key)
        name = term_name(key) if measurement is None else measurement.name
        return Bilingual(zh=key, en=key) if name is None else Bilingual.of(name)

    def _report_once(self, rule_id: str, why: str) -> None:
        if rule_id not in self._reported:
            self._reported.add(rule_id)
            log.warning("limit in a foreign unit", extra={"rule": rule_id, "why": why})


def asked_range(from_ms: int | None, to_ms: int | None, now_ms: int, usual_ms: int) -> tuple[int, int]:
    """Beginning and end of the stretch of time that is asked for, milliseconds.

    Args:
        from_ms: its beginning; ``None``: ``usual_ms`` before its end.
        to_ms: its end; ``None``: now.
        now_ms: now.
        usual_ms: how long it is if nobody says.

    Raises:
        ProblemError: if it is none, or too long.
    """
    to_ms = now_ms if to_ms is None else to_ms
    from_ms = max(0, to_ms - usual_ms) if from_ms is None else from_ms
    if to_ms <= from_ms:
        raise ProblemError(Problems.INVALID, errors=[WrongField("query.to_ms", RANGE_BACKWARD)])
    if to_ms - from_ms > LONGEST_MS:
        raise ProblemError(Problems.RANGE_TOO_LARGE)
    return from_ms, to_ms
