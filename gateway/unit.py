"""One unit of a bus at run time: its requests compiled, its points as rows, its last stamp.

What is due at one moment (one or several poll intervals) is planned together and kept until something is learned about
the unit (``gateway.knowledge``): the cheapest requests for exactly these points, each with its decoder and the rows it
fills. Registers that the unit does not have are not in the plans; they are asked for alone, ever more rarely.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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
from gateway.knowledge import ModelKnowledge, UnitKnowledge
from gateway.pace import Pace
from gateway.plan import FEWEST_REQUESTS, Costs, Request, pieces, plan
from gateway.points import Points
from gateway.product import Quirk
from gateway.profile import Register
from gateway.site import SiteColumns
from gateway.witness import Witness

PAUSE_S = 1.0
"""A unit that was not heard for so long may have gone to sleep, where its product does."""
REFUSALS = 3
"""A request that was answered before is believed to be refused for good after so many refusals in a row."""
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
    busy_s: float = 0.0
    missed_slots: int = 0
    exceptions: int = 0
    malformed: int = 0
    splits: int = 0


class Unit:
    """One unit and its points."""

    def __init__(
        self,
        config: UnitConfig,
        device: str,
        points: Points,
        first: int,
        scatter: float,
        model: Callable[[int], ModelKnowledge] = lambda _: ModelKnowledge(),
        costs: Costs = FEWEST_REQUESTS,
    ) -> None:
        """Take the points ``first`` … of ``points``.

        Args:
            config: the unit.
            device: Sparkplug device.
            points: all points of the gateway.
            first: number of the unit's first point there.
            scatter: 0 to 1, spreads probes.
            model: what is known of its model, by function code.
            costs: what requests and registers cost its bus.
        """
        self.config = config
        self.intervals_ms = frozenset(point.interval_ms for point in config.points)
        self.device = device
        self.breaker = Breaker(scatter=scatter)
        self.counters = UnitCounters()
        self._points = points
        self._first = first
        self._site = SiteColumns([point.site for point in config.points])
        self._deadband = Deadband([point.report for point in config.points])
        self._plans: dict[frozenset[int], tuple[Compiled, ...]] = {}
        self._interval_rows: dict[frozenset[int], NDArray[np.intp]] = {}
        self._costs = costs
        functions = {point.register.function for point in config.points}
        self._known = {function: UnitKnowledge(model(function)) for function in functions}
        self._planned: tuple[int, ...] = ()
        self._answered: set[tuple[int, int, int]] = set()
        self._refusals: dict[tuple[int, int, int], int] = {}
        self._missing_rows: dict[frozenset[int], NDArray[np.intp]] = {}
        self.pace = Pace()
        self.witness: Witness | None = None
        self._last_ms = np.zeros(len(config.points), np.int64)
        self._era = 0
        self._heard_s = -math.inf
        self._tried = 0
        self._control: Compiled | None = None

    def rows(self, intervals_ms: frozenset[int]) -> NDArray[np.intp]:
        """The points read at these intervals."""
        rows = self._interval_rows.get(intervals_ms)
        if rows is None:
            due = [row for row, point in enumerate(self.config.points) if point.interval_ms in intervals_ms]
            rows = self._interval_rows[intervals_ms] = np.array(due, np.intp)
        return rows

    def requests(self, intervals_ms: frozenset[int]) -> tuple[Compiled, ...]:
        """The requests that read all points of these intervals that the unit has."""
        self._forget_old_plans()
        compiled = self._plans.get(intervals_ms)
        if compiled is None:
            rows = self.rows(intervals_ms).tolist()
            present = [row for row in rows if not self._is_missing(self.config.points[row].register)]
            compiled = self._plans[intervals_ms] = tuple(self._compiled(present))
        return compiled

    def missing(self, intervals_ms: frozenset[int]) -> NDArray[np.intp]:
        """The points of these intervals whose registers the unit was found not to have."""
        self._forget_old_plans()
        rows = self._missing_rows.get(intervals_ms)
        if rows is None:
            due = self.rows(intervals_ms).tolist()
            gone = [row for row in due if self._is_missing(self.config.points[row].register)]
            rows = self._missing_rows[intervals_ms] = np.array(gone, np.intp)
        return rows

    @property
    def lacking(self) -> int:
        """How many of its points it was found not to have registers for."""
        return len(self.missing(self.intervals_ms))

    def retries(self, intervals_ms: frozenset[int], now_s: float) -> tuple[Compiled, ...]:
        """Requests for missing registers whose time to be asked for again has come, each alone."""
        due = {(f, *piece) for f, known in self._known.items() for piece in known.retries(now_s)}
        if not due:
            return ()
        rows = [row for row in self.missing(intervals_ms).tolist() if self._piece(row) in due]
        return tuple(
            compiled
            for piece in sorted({self._piece(row) for row in rows})
            for compiled in self._compiled([row for row in rows if self._piece(row) == piece], alone=True)
        )

    def answered(self, compiled: Compiled, now_s: float) -> None:
        """A request was answered with values."""
        self._heard_s = now_s
        self._control = compiled
        request = compiled.request
        key = (request.function, request.address, request.count)
        if key in self._answered and not self._refusals:
            return
        self._answered.add(key)
        self._refusals.pop(key, None)
        self._known[request.function].was_answered(request.address, request.count, now_s)

    def refused(self, compiled: Compiled, now_s: float) -> tuple[Compiled, ...]:
        """The device says that an address of this request is illegal; returns the parts to be read instead, at once.

        One register that a firmware does not have must not hide its neighbours: a request that was never answered is
        cut at its first refusal. One that was is given ``REFUSALS`` chances, because devices refuse while they start.
        """
        request = compiled.request
        key = (request.function, request.address, request.count)
        self._refusals[key] = self._refusals.get(key, 0) + 1
        if key in self._answered and self._refusals[key] < REFUSALS:
            return ()
        self._answered.discard(key)
        del self._refusals[key]
        spans = pieces(self.config.profile, request)
        if not self._known[request.function].was_refused(request.address, request.count, spans, now_s):
            return ()
        self.counters.splits += 1
        return tuple(self._compiled(compiled.rows.tolist()))

    def heard(self, now_s: float) -> None:
        """The unit gave a sign of life."""
        self._heard_s = now_s

    def is_drowsy(self, now_s: float) -> bool:
        """Whether its product loses the first request after a pause, and there was one."""
        return Quirk.FIRST_REQUEST_LOST in self.config.profile.quirks and now_s - self._heard_s > PAUSE_S

    def control(self, silent: Compiled) -> Compiled | None:
        """A read that tells whether the silence on another one was its product's way to refuse.

        None where silence is silence: of other products, and on a request that was answered before. As long as nothing
        was answered, the registers of the silent request are tried in turn, one each time.
        """
        request = silent.request
        key = (request.function, request.address, request.count)
        if Quirk.SILENT_ON_ILLEGAL not in self.config.profile.quirks or key in self._answered:
            return None
        control = self._control or self._alone(silent)
        return control if control.request != request else None

    def unheard(self) -> None:
        """What was to be answered for certain was not: it proves nothing any more."""
        self._control = None

    def _alone(self, compiled: Compiled) -> Compiled:
        """The next in turn of the registers of a request, alone."""
        rows = compiled.rows.tolist()
        self._tried += 1
        return self._compiled([rows[self._tried % len(rows)]], alone=True)[0]

    def probe(self) -> Compiled | None:
        """The cheapest read of the unit: its shortest request, alone; None if it has nothing to read any more.

        A product that is silent on illegal addresses may be silent on all of a request for one of them.
        """
        intervals = self.intervals_ms
        requests = self.requests(intervals) or self.retries(intervals, math.inf)
        shortest = min(requests, key=lambda compiled: compiled.request.count, default=None)
        if shortest is None or Quirk.SILENT_ON_ILLEGAL not in self.config.profile.quirks:
            return shortest
        return self._control or self._alone(shortest)

    def _forget_old_plans(self) -> None:
        versions = tuple(known.version for known in self._known.values())
        if versions != self._planned:
            self._planned = versions
            self._plans.clear()
            self._missing_rows.clear()

    def _piece(self, row: int) -> tuple[int, int, int]:
        """Function and addresses that must be read in one piece for a point."""
        register = self.config.points[row].register
        alone = Request(function=register.function, address=0, count=0, registers=(register,))
        return (register.function, *pieces(self.config.profile, alone)[0])

    def _is_missing(self, register: Register) -> bool:
        alone = Request(function=register.function, address=0, count=0, registers=(register,))
        return self._known[register.function].is_missing(*pieces(self.config.profile, alone)[0])

    def _compiled(self, rows: Sequence[int], *, alone: bool = False) -> list[Compiled]:
        """The cheapest requests for these points; ``alone``: whatever was learned about what may be read together."""
        config = self.config
        by_register: dict[str, list[int]] = {}
        for row in rows:
            by_register.setdefault(config.points[row].register.name, []).append(row)
        registers = {config.points[row].register.name: config.points[row].register for row in rows}
        known = None if alone else self._known
        return [
            self._decoding(request, by_register)
            for request in plan(config.profile, registers.values(), known, self._costs)
        ]

    def _decoding(self, request: Request, by_register: Mapping[str, Sequence[int]]) -> Compiled:
        pairs = [(row, register) for register in request.registers for row in by_register[register.name]]
        profile = self.config.profile.registers
        exponents = [profile[register.exponent_from] if register.exponent_from else None for _, register in pairs]
        decoder = BlockDecoder(request.address, request.count, [register for _, register in pairs], exponents)
        return Compiled(request=request, decoder=decoder, rows=np.array([row for row, _ in pairs], np.intp))

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
        if self.witness is not None:
            codes = self.witness.judged(rows, decoded.value, codes)
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
        chosen = self._deadband.select(rows, now_ms, value, codes, text)
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
