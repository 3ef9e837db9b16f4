"""One unit of a bus at run time: its requests compiled, its points as rows, its last stamp.

What is due at one moment (one or several poll intervals) is planned together once and kept: the fewest requests for
exactly these points, each with its decoder and the rows it fills.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from core.quality import QualityClass, Reason, quality
from core.readings import Float64s, UInt8s
from gateway.breaker import Breaker
from gateway.chunk import Batch
from gateway.config import UnitConfig
from gateway.deadband import Deadband
from gateway.decode import BlockDecoder, Decoded
from gateway.plan import Request, plan
from gateway.points import Points
from gateway.profile import Register
from gateway.site import SiteColumns

REFUSALS = 3
"""After so many refusals a request is halved."""
WHOLE_AGAIN_S = 600.0
_NO_TEXT: Mapping[int, str] = MappingProxyType({})
_DOUBTFUL = quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Compiled:
    """One request with its decoder; row i of what it decodes is the unit's point ``rows[i]``."""

    request: Request
    decoder: BlockDecoder
    rows: NDArray[np.intp]


@dataclass(slots=True)
class UnitCounters:
    """What happened to a unit's polls."""

    ok: int = 0
    failed: int = 0
    missed_slots: int = 0
    exceptions: int = 0
    malformed: int = 0
    splits: int = 0


class Unit:
    """One unit and its points."""

    def __init__(self, config: UnitConfig, device: str, points: Points, first: int, scatter: float) -> None:
        """Take the points ``first`` … of ``points``.

        Args:
            config: the unit.
            device: Sparkplug device.
            points: all points of the gateway.
            first: number of the unit's first point there.
            scatter: 0 to 1, spreads probes.
        """
        self.config = config
        self.device = device
        self.breaker = Breaker(scatter=scatter)
        self.counters = UnitCounters()
        self._points = points
        self._first = first
        self._site = SiteColumns([point.site for point in config.points])
        self._deadband = Deadband([point.report for point in config.points])
        self._plans: dict[frozenset[int], tuple[Compiled, ...]] = {}
        self._interval_rows: dict[frozenset[int], NDArray[np.intp]] = {}
        self._refusals: dict[tuple[int, int, int], int] = {}
        self._whole_again_s = 0.0
        self._last_ms = np.zeros(len(config.points), np.int64)
        self._era = 0

    @property
    def intervals_ms(self) -> frozenset[int]:
        """The poll intervals of its points."""
        return frozenset(point.interval_ms for point in self.config.points)

    def rows(self, intervals_ms: frozenset[int]) -> NDArray[np.intp]:
        """The points read at these intervals."""
        rows = self._interval_rows.get(intervals_ms)
        if rows is None:
            due = [row for row, point in enumerate(self.config.points) if point.interval_ms in intervals_ms]
            rows = self._interval_rows[intervals_ms] = np.array(due, np.intp)
        return rows

    def requests(self, intervals_ms: frozenset[int]) -> tuple[Compiled, ...]:
        """The requests that read all points of these intervals."""
        compiled = self._plans.get(intervals_ms)
        if compiled is None:
            compiled = self._plans[intervals_ms] = self._compile(intervals_ms)
        return compiled

    def refused(self, compiled: Compiled, now_s: float) -> None:
        """The device says that an address of this request is illegal: after three times, ask for less at once.

        One register that a firmware does not have must not hide its neighbours. The request is halved, again and again
        until the culprit stands alone; after a while the whole is tried again.
        """
        if len(compiled.request.registers) < 2:
            return
        if not self._refusals:
            self._whole_again_s = now_s + WHOLE_AGAIN_S
        span = (compiled.request.function, compiled.request.address, compiled.request.count)
        self._refusals[span] = self._refusals.get(span, 0) + 1
        if self._refusals[span] < REFUSALS:
            return
        registers, middle = compiled.request.registers, len(compiled.request.registers) // 2
        rows = compiled.rows.tolist()
        halves = [*self._compiled(rows, registers[:middle]), *self._compiled(rows, registers[middle:])]
        for intervals, requests in self._plans.items():
            parts = [halves if request is compiled else [request] for request in requests]
            self._plans[intervals] = tuple(request for part in parts for request in part)
        self.counters.splits += 1
        self._whole_again_s = now_s + WHOLE_AGAIN_S

    def tidy(self, now_s: float) -> None:
        """Some time after requests were halved, try them whole again."""
        if self._refusals and now_s >= self._whole_again_s:
            self._plans.clear()
            self._refusals.clear()
            self._whole_again_s = now_s + WHOLE_AGAIN_S

    def probe(self) -> Compiled:
        """The cheapest read of the unit: its shortest request, alone."""
        return min(self.requests(self.intervals_ms), key=lambda compiled: compiled.request.count)

    def _compile(self, intervals_ms: frozenset[int]) -> tuple[Compiled, ...]:
        rows = self.rows(intervals_ms).tolist()
        return tuple(self._compiled(rows, [self.config.points[row].register for row in rows]))

    def _compiled(self, rows: Sequence[int], registers: Sequence[Register]) -> list[Compiled]:
        """The fewest requests for these registers; each fills those of ``rows`` that are made of it."""
        config = self.config
        by_register: dict[str, list[int]] = {register.name: [] for register in registers}
        for row in rows:
            by_register.get(config.points[row].register.name, []).append(row)
        compiled = []
        for request in plan(config.profile, {register.name: register for register in registers}.values()):
            pairs = [(row, register) for register in request.registers for row in by_register[register.name]]
            known = config.profile.registers
            exponents = [known[register.exponent_from] if register.exponent_from else None for _, register in pairs]
            decoder = BlockDecoder(request.address, request.count, [register for _, register in pairs], exponents)
            rows_read = np.array([row for row, _ in pairs], np.intp)
            compiled.append(Compiled(request=request, decoder=decoder, rows=rows_read))
        return compiled

    def read(
        self, rows: NDArray[np.intp], decoded: Decoded, time_ms: int, now_ms: float, *, doubtful: bool, era: int
    ) -> Batch | None:
        """What to report of values that were just read; None when nothing changed enough.

        Args:
            rows: intp[n], the unit's points.
            decoded: their values.
            time_ms: when the answer arrived.
            now_ms: monotonic time, for the longest silence.
            doubtful: the clock is to be doubted.
            era: goes up when the clock was set back for good.
        """
        time_ms = self._increasing(rows, time_ms, era)
        value, codes = decoded.value, decoded.quality
        if not self._site.idle:
            value, codes = self._site.apply(rows, value, codes)
        if doubtful:
            codes = np.where(codes == 0, np.uint8(_DOUBTFUL), codes)
        return self._report(rows, time_ms, now_ms, value, codes, decoded.text)

    def not_measured(
        self, rows: NDArray[np.intp], reason: Reason, time_ms: int, now_ms: float, *, era: int
    ) -> Batch | None:
        """Record that these points were due and nothing was had."""
        time_ms = self._increasing(rows, time_ms, era)
        value = np.full(len(rows), np.nan)
        codes = np.full(len(rows), quality(QualityClass.NOT_MEASURED, reason), np.uint8)
        return self._report(rows, time_ms, now_ms, value, codes, _NO_TEXT)

    def _increasing(self, rows: NDArray[np.intp], time_ms: int, era: int) -> int:
        if era != self._era:
            self._era = era
            self._last_ms[:] = 0
        latest = int(self._last_ms[rows].max(initial=0))
        time_ms = max(time_ms, latest + 1)
        self._last_ms[rows] = time_ms
        return time_ms

    def _report(
        self,
        rows: NDArray[np.intp],
        time_ms: int,
        now_ms: float,
        value: Float64s,
        codes: UInt8s,
        text: Mapping[int, str],
    ) -> Batch | None:
        numbers = rows + self._first
        self._points.saw(numbers, time_ms, value, codes, text)
        chosen = self._deadband.select(rows, now_ms, value, codes)
        if chosen is not None:
            if not chosen.any():
                return None
            if not chosen.all():
                kept = np.flatnonzero(chosen).tolist()
                text = {new: text[old] for new, old in enumerate(kept) if old in text} if text else text
                numbers, value, codes = numbers[chosen], value[chosen], codes[chosen]
        n = len(numbers)
        return Batch(
            device=self.device,
            alias=self._points.alias[numbers],
            time_ms=np.full(n, time_ms, np.int64),
            value=value,
            quality=codes,
            text=text,
        )
