"""A sewage sump: inflow fills it, a float switch with hysteresis starts and stops the pump.

Undisturbed, the level is a saw-tooth between the stop level and the start level. With volume V between them, inflow q
and pump flow p one cycle takes V/q + V/(p - q), so cycles come at the rate

    f(t) = q (p - q) / (V p),     q(t) = q0 (1 + a cos w(t - peak))

and the number of cycles since the start, the integral of f, has a closed form. The fraction of the current cycle
gives the level: up for the share (p - q)/p of it, down for the rest. No step-by-step integration, so any moment can
be asked for.

Incidents change the course and the recovery joins the saw-tooth again without a jump:

    pump_runs_on   the float sticks: the pump runs on below the stop level and then dry, at its no-load current
    pump_trip      the drive trips on overload (fault 11) and the sump fills with `magnitude` times the inflow
    pump_clogged   the pump runs at 1.3 times its current without moving water; the sump fills likewise
    seal_leak      the seal probe answers
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter, smooth
from firmware_sim.signals.diurnal import DAY_S, LOCAL_OFFSET_S
from firmware_sim.signals.windows import NEVER, Schedule, Window

_S_PER_H: Final = 3600.0
_OMEGA: Final = 2 * math.pi / DAY_S
_SUCTION_LEVEL_M: Final = 0.20
_FLOOR_M: Final = 0.05
_OVERLOAD_CODE: Final = 11  # OL1 of the drive
_DISTURBING: Final = ("pump_runs_on", "pump_trip", "pump_clogged")


@dataclass(frozen=True, kw_only=True)
class SewageSump:
    """Level, pump and floats of one lifting station.

    Attributes:
        seed: fixes the noise.
        start_s: simulated time of the start, where the cycle stands at `phase`.
        phase: 0 to 1, place in the fill-and-empty cycle at the start.
        area_m2: plan area of the sump.
        inflow_m3h: daily mean inflow.
        inflow_swing: daily swing of the inflow as a share of the mean, peak at 08:00 local time.
        pump_m3h: flow of the pump; above the highest inflow.
        stop_m, start_m: float levels; high_float_m: level of the alarm float; max_m: where it overflows.
        rated_current_a: pump current while it moves water.
        dry_current_a: pump current while it runs dry.
        incidents: by kind, see above.
    """

    MODEL: ClassVar[str] = "sewage sump with pump hysteresis"
    seed: int
    start_s: float
    phase: float = 0.2
    area_m2: float = 2.0
    inflow_m3h: float = 28.0
    inflow_swing: float = 0.3
    pump_m3h: float = 75.0
    stop_m: float = 0.35
    start_m: float = 1.45
    high_float_m: float = 1.8
    max_m: float = 2.4
    rated_current_a: float = 11.5
    dry_current_a: float = 5.8
    incidents: Mapping[str, Schedule] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"{self.area_m2:g} m2, inflow {self.inflow_m3h:g} m3/h, pump {self.pump_m3h:g} m3/h"

    def _schedule(self, kind: str) -> Schedule:
        return self.incidents.get(kind, NEVER)

    def inflow_m3s(self, time_s: float) -> float:
        """Inflow now, m3/s."""
        angle = _OMEGA * (time_s + LOCAL_OFFSET_S - 8 * _S_PER_H)
        return self.inflow_m3h / _S_PER_H * (1 + self.inflow_swing * math.cos(angle))

    def _cycles_antiderivative(self, time_s: float) -> float:
        q, p = self.inflow_m3h / _S_PER_H, self.pump_m3h / _S_PER_H
        a, local = self.inflow_swing, time_s + LOCAL_OFFSET_S - 8 * _S_PER_H
        integral_s = local + a / _OMEGA * math.sin(_OMEGA * local)
        integral_s2 = (
            local
            + 2 * a / _OMEGA * math.sin(_OMEGA * local)
            + a * a * (local / 2 + math.sin(2 * _OMEGA * local) / (4 * _OMEGA))
        )
        volume = (self.start_m - self.stop_m) * self.area_m2
        return (q * p * integral_s - q * q * integral_s2) / (volume * p)

    def _cycle(self, time_s: float) -> tuple[float, bool]:
        """(level, pump runs) of the undisturbed saw-tooth."""
        cycles = self.phase + self._cycles_antiderivative(time_s) - self._cycles_antiderivative(self.start_s)
        fraction = cycles - math.floor(cycles)
        filling = 1 - self.inflow_m3s(time_s) / (self.pump_m3h / _S_PER_H)
        band = self.start_m - self.stop_m
        if fraction < filling:
            return self.stop_m + band * fraction / filling, False
        return self.start_m - band * (fraction - filling) / (1 - filling), True

    def _rates(self, time_s: float) -> tuple[float, float]:
        """(rise without pump, fall with pump) in m/s."""
        q = self.inflow_m3s(time_s)
        return q / self.area_m2, (self.pump_m3h / _S_PER_H - q) / self.area_m2

    def _latest(self, time_s: float) -> tuple[str, Window] | None:
        begun = [(w.start_s, kind, w) for kind in _DISTURBING if (w := self._schedule(kind).latest(time_s)) is not None]
        if not begun:
            return None
        _, kind, window = max(begun, key=lambda item: item[0])
        return kind, window

    def _disturbed(self, kind: str, window: Window, time_s: float) -> float:
        """Level inside the window."""
        begin, _ = self._cycle(window.start_s)
        rise, fall = self._rates(window.start_s)
        elapsed = time_s - window.start_s
        if kind == "pump_runs_on":
            return max(_FLOOR_M, begin - fall * elapsed)
        return min(self.max_m, begin + rise * window.magnitude * elapsed)

    def _state(self, time_s: float) -> tuple[float, bool]:
        """(level, pump runs) with incidents and recovery."""
        level, running = self._cycle(time_s)
        latest = self._latest(time_s)
        if latest is None:
            return level, running
        kind, window = latest
        if window.contains(time_s):
            return self._disturbed(kind, window, time_s), kind != "pump_trip"
        at_end = self._disturbed(kind, window, window.stop_s)
        rise, fall = self._rates(window.stop_s)
        since = time_s - window.stop_s
        if kind == "pump_runs_on":
            refilled = at_end + rise * since
            return (level, running) if refilled >= level else (refilled, False)
        emptied = at_end - fall * since
        return (level, running) if emptied <= level else (emptied, True)

    def level_m(self, time_s: float) -> float:
        """Level as the transmitter sees it, with 2 mm of ripple."""
        return max(0.0, self._state(time_s)[0] + 0.002 * jitter(self.seed, time_s))

    def running(self, time_s: float) -> float:
        """1 while the pump turns."""
        return float(self._state(time_s)[1])

    def drive_state(self, time_s: float) -> float:
        """State register of the drive: 1 forward, 3 stop, 4 fault."""
        if self._schedule("pump_trip").active(time_s):
            return 4.0
        return 1.0 if self._state(time_s)[1] else 3.0

    def fault_code(self, time_s: float) -> float:
        """Fault register of the drive."""
        return float(_OVERLOAD_CODE) if self._schedule("pump_trip").active(time_s) else 0.0

    def current_a(self, time_s: float) -> float:
        """Pump current."""
        level, running = self._state(time_s)
        if not running:
            return 0.0
        ripple = 0.15 * smooth(self.seed + 1, time_s, 5.0)
        if self._schedule("pump_clogged").active(time_s):
            return 1.3 * self.rated_current_a + ripple
        return (self.dry_current_a if level < _SUCTION_LEVEL_M else self.rated_current_a) + ripple

    def power_pct(self, time_s: float) -> float:
        """Output power of the drive, % of rated."""
        return 78.0 * self.current_a(time_s) / self.rated_current_a

    def digital_inputs(self, time_s: float) -> float:
        """Terminals of the drive: bit 0 high-level float, bit 1 seal probe."""
        high = self._state(time_s)[0] >= self.high_float_m
        seal = self._schedule("seal_leak").active(time_s) is not None
        return float(high | seal << 1)
