"""Exports of series: whose they are, how many rows they come to, and the file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from api import series_columns as columns
from api import series_texts as say
from api.access import Caller
from api.charts import STEPS_MS
from api.histories import DAY_MS, asked_range
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField
from api.reach import sees_facility
from api.series_files import SHEET_ROWS, Shape, as_csv, as_parquet, as_workbook, sent
from api.settings import ApiSettings
from core.errors import Unavailable
from core.ports.registry import FacilityDetail, Point
from core.ports.store import Rollups
from core.readings import Int32s

log = logging.getLogger(__name__)

FormName = Literal["csv", "parquet", "xlsx"]
_FILES_AT_ONCE: Final = 2
_PATIENCE_S: Final = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is asked for.

    Attributes:
        form: of the file; language: of names, and of the heads of a workbook.
        facility: all points of it; points: these. One of the two.
        from_ms, to_ms: [from, to); ``None`` as for histories.
        step_ms: of roll-ups; 0: every reading.
    """

    form: FormName
    language: str
    facility: int | None
    points: Sequence[int]
    from_ms: int | None
    to_ms: int | None
    step_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """A file on its way: its name and its bytes, part by part."""

    name: str
    parts: Iterator[bytes]


class SeriesDesk:
    """Answers with files of readings and roll-ups."""

    def __init__(self, ports: ApiPorts, settings: ApiSettings) -> None:
        """Join store, registry and the limit of rows."""
        self._ports = ports
        self._most_rows = settings.max_export_rows
        self._files = threading.BoundedSemaphore(_FILES_AT_ONCE)

    def export(self, caller: Caller, wanted: Wanted) -> Export:
        """The file; whatever can be refused is refused before its first byte.

        Raises:
            ProblemError: ``INVALID``; ``NOT_FOUND`` if one of the points is not in sight; ``RANGE_TOO_LARGE``,
                ``EXPORT_TOO_LARGE``, ``SHEET_FULL``, ``CELL_FULL``, ``READINGS_GONE``.
            core.errors.Unavailable: if the store does not answer, or too many files are being made.
        """
        now_ms = self._ports.clock.now_ms()
        begin_ms, end_ms = asked_range(wanted.from_ms, wanted.to_ms, now_ms, DAY_MS)
        _check(wanted)
        labels = self._labels(caller, wanted)
        points = columns.labelled(labels)
        probe_ms = columns.probe_ms(end_ms - begin_ms, len(points), wanted.step_ms)
        probe = self._ports.store.rollup(points, begin_ms - begin_ms % probe_ms, end_ms, probe_ms)
        rows = columns.rows_by_bucket(probe, wanted.step_ms)
        self._check_size(int(rows.sum()), wanted.form)
        if wanted.step_ms == 0:
            self._check_kept(probe, begin_ms)
        zone = self._ports.calendars.year(_year(now_ms)).zone
        shape = Shape(labels=labels, step_ms=wanted.step_ms, zone=zone, language=wanted.language)
        questions = columns.stretches(probe, rows, points, begin_ms, end_ms, wanted.step_ms)
        parts = self._parts(wanted.form, shape, self._pieces(questions, points, wanted.step_ms, ZoneInfo(zone)))
        extra = {"username": caller.login.username, "form": wanted.form, "points": points.tolist()}
        extra |= {"from_ms": begin_ms, "to_ms": end_ms, "step_ms": wanted.step_ms, "rows": int(rows.sum())}
        log.info("series exported", extra=extra)
        return Export(name=_name(wanted, begin_ms, end_ms), parts=parts)

    def _labels(self, caller: Caller, wanted: Wanted) -> list[columns.Label]:
        """Of all points, ascending.

        Raises:
            ProblemError: ``NOT_FOUND``, if the caller does not see one of them.
        """
        registry = self._ports.registry
        known = [registry.point(one) for one in sorted(set(wanted.points))]
        points = [one for one in known if one is not None]
        facilities = {one.facility for one in points} if wanted.facility is None else {wanted.facility}
        details = {one: self._seen(caller, one) for one in facilities}
        if len(points) < len(known):
            raise ProblemError(Problems.NOT_FOUND)
        if wanted.facility is not None:
            points = sorted(details[wanted.facility].points, key=lambda one: one.number)
        return [_label(one, details[one.facility], wanted.language) for one in points]

    def _seen(self, caller: Caller, facility: int) -> FacilityDetail:
        detail = self._ports.registry.facility(facility)
        if detail is None or not sees_facility(caller, self._ports.cases, facility, detail.facility.community):
            raise ProblemError(Problems.NOT_FOUND)
        return detail

    def _check_size(self, rows: int, form: FormName) -> None:
        if rows > self._most_rows:
            raise ProblemError(Problems.EXPORT_TOO_LARGE, say.MANY_ROWS(rows=rows, most=self._most_rows))
        if form == "xlsx" and rows >= SHEET_ROWS:
            raise ProblemError(Problems.SHEET_FULL, say.MANY_ROWS(rows=rows, most=SHEET_ROWS - 1))

    def _check_kept(self, probe: Rollups, begin_ms: int) -> None:
        """Refuse readings of which some are gone, rather than leave them out without a word."""
        raw_from_ms = self._ports.store.raw_from_ms()
        if begin_ms < raw_from_ms and bool(np.any(probe.start_ms < raw_from_ms)):
            raise ProblemError(Problems.READINGS_GONE)

    def _pieces(
        self, questions: Sequence[columns.Stretch], points: Int32s, step_ms: int, zone: ZoneInfo
    ) -> Iterator[columns.Piece]:
        store = self._ports.store
        for one in questions:
            if step_ms:
                begin_ms = one.from_ms - one.from_ms % step_ms
                piece = columns.of_rollups(store.rollup(one.points, begin_ms, one.to_ms, step_ms), points, zone)
            else:
                piece = columns.of_readings(store.read(one.points, one.from_ms, one.to_ms), points, zone)
            if len(piece):
                yield piece

    def _parts(self, form: FormName, shape: Shape, pieces: Iterator[columns.Piece]) -> Iterator[bytes]:
        if form == "csv":
            parts = as_csv(shape, pieces)
            # With the first readings at hand: a store that does not answer is told before the file begins.
            return chain(list(islice(parts, 2)), parts)
        if not self._files.acquire(timeout=_PATIENCE_S):
            raise Unavailable(say.MANY_EXPORTS())
        try:
            return sent((as_parquet if form == "parquet" else as_workbook)(shape, pieces))
        finally:
            self._files.release()


def _check(wanted: Wanted) -> None:
    wrong = []
    if (wanted.facility is None) == (not wanted.points):
        wrong.append(WrongField("query.facility", say.ONE_OF_BOTH))
    if not columns.known_step(wanted.step_ms):
        wrong.append(WrongField("query.step_ms", say.NO_SUCH_STEP(steps=", ".join(map(str, STEPS_MS)))))
    if wrong:
        raise ProblemError(Problems.INVALID, errors=wrong)


def _label(point: Point, detail: FacilityDetail, language: str) -> columns.Label:
    return columns.Label(
        point=point.number,
        facility=detail.facility.code,
        facility_name=detail.facility.name.in_language(language),
        measurement=point.key,
        measurement_name=point.name.in_language(language),
        unit=point.unit,
    )


def _year(at_ms: int) -> int:
    return int(np.datetime64(at_ms, "ms").astype("datetime64[Y]").astype(int)) + 1970


def _name(wanted: Wanted, begin_ms: int, end_ms: int) -> str:
    """A name that says what is inside, of letters that every system takes."""
    whose = "points" if wanted.facility is None else f"facility-{wanted.facility}"
    width = f"{wanted.step_ms // 1000}s" if wanted.step_ms else "readings"
    first, last = (str(np.datetime64(one // 1000, "s")).replace("-", "").replace(":", "") for one in (begin_ms, end_ms))
    return f"series-{whose}-{first}Z-{last}Z-{width}.{wanted.form}"
