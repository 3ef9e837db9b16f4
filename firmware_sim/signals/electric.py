"""A three-phase supply: grid voltage, a building's load by the hour, its energy as the exact integral.

    U_p = U0 - drop x P_p + slow wander          I_p = P_p / (U_p pf)          E = integral of P

Incidents: `phase_loss` (phase L2 gone; its share of the load with it), `outage` (all phases gone) and `overload`
(load times the magnitude). Energy stops counting what an incident takes away.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter, smooth
from firmware_sim.signals.diurnal import Course
from firmware_sim.signals.windows import NEVER, Schedule, Window

_LOST_PHASE: Final = 1
_RESIDUAL_V: Final = 3.0
_MEAN_POWER_FACTOR: Final = 0.925
_W_PER_KW: Final = 1000.0
_S_PER_H: Final = 3600.0


@dataclass(frozen=True, kw_only=True)
class ThreePhaseSupply:
    """Voltages, currents, power and energy of one distribution board.

    Attributes:
        seed: fixes the noise.
        start_s: simulated time at which the energy counter shows `energy_start_kwh`.
        load_w: total active power.
        shares: share of each phase in the load, adding up to 1.
        voltage: phase voltage without load, V.
        drop_v_per_kw: voltage drop of the feeder per kW of the phase.
        energy_start_kwh: reading of the counter at `start_s`.
        phase_loss, outage, overload: when these happen.
    """

    MODEL: ClassVar[str] = "diurnal electric load"
    seed: int
    start_s: float
    load_w: Course
    shares: tuple[float, float, float] = (0.36, 0.33, 0.31)
    voltage: float = 228.0
    drop_v_per_kw: float = 0.25
    energy_start_kwh: float = 10_000.0
    phase_loss: Schedule = field(default=NEVER)
    outage: Schedule = field(default=NEVER)
    overload: Schedule = field(default=NEVER)

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"mean {self.load_w.mean / _W_PER_KW:g} kW, {self.voltage:g} V"

    def _dead(self, phase: int, time_s: float) -> bool:
        if self.outage.active(time_s):
            return True
        return phase == _LOST_PHASE and self.phase_loss.active(time_s) is not None

    def phase_power_w(self, phase: int, time_s: float) -> float:
        """Active power of a phase (0 to 2)."""
        if self._dead(phase, time_s):
            return 0.0
        excess = self.overload.active(time_s)
        return self.load_w.value(time_s) * self.shares[phase] * (excess.magnitude if excess else 1.0)

    def power_w(self, time_s: float) -> float:
        """Total active power."""
        return sum(self.phase_power_w(p, time_s) for p in range(3))

    def voltage_v(self, phase: int, time_s: float) -> float:
        """Voltage of a phase to neutral."""
        dead = self._dead(phase, time_s)
        return self._voltage_at(phase, time_s, 0.0 if dead else self.phase_power_w(phase, time_s), dead=dead)

    def _voltage_at(self, phase: int, time_s: float, power_w: float, *, dead: bool) -> float:
        if dead:
            return 0.0 if self.outage.active(time_s) else _RESIDUAL_V
        wander = 1.8 * smooth(self.seed + phase, time_s, 240.0) + 0.15 * jitter(self.seed + phase + 8, time_s)
        return self.voltage - self.drop_v_per_kw * power_w / _W_PER_KW + wander

    def meter(self, time_s: float) -> tuple[float, float, float, float, float, float]:
        """Voltages and currents of the three phases at one moment, as a meter reads them in one go."""
        load_w, factor = self.load_w.value(time_s), self.power_factor(time_s)
        excess = self.overload.active(time_s)
        volts, amps = [], []
        for phase in range(3):
            dead = self._dead(phase, time_s)
            power_w = 0.0 if dead else load_w * self.shares[phase] * (excess.magnitude if excess else 1.0)
            volt = self._voltage_at(phase, time_s, power_w, dead=dead)
            volts.append(volt)
            amps.append(0.0 if dead else power_w / (volt * factor))
        return (volts[0], volts[1], volts[2], amps[0], amps[1], amps[2])

    def line_voltage_v(self, a: int, b: int, time_s: float) -> float:
        """Voltage between two phases 120 degrees apart."""
        u, v = self.voltage_v(a, time_s), self.voltage_v(b, time_s)
        return math.sqrt(u * u + v * v + u * v)

    def power_factor(self, time_s: float) -> float:
        """Power factor of all phases, between 0.88 and 0.97."""
        return _MEAN_POWER_FACTOR + 0.045 * smooth(self.seed + 11, time_s, 900.0)

    def current_a(self, phase: int, time_s: float) -> float:
        """Current of a phase."""
        if self._dead(phase, time_s):
            return 0.0
        return self.phase_power_w(phase, time_s) / (self.voltage_v(phase, time_s) * self.power_factor(time_s))

    def neutral_current_a(self, time_s: float) -> float:
        """Vector sum of the phase currents."""
        a, b, c = (self.current_a(p, time_s) for p in range(3))
        return math.sqrt(max(0.0, a * a + b * b + c * c - a * b - b * c - c * a))

    def frequency_hz(self, time_s: float) -> float:
        """Grid frequency; 0 without voltage."""
        if self.outage.active(time_s):
            return 0.0
        return 50.0 + 0.03 * smooth(self.seed + 12, time_s, 20.0)

    def thd_pct(self, time_s: float) -> float:
        """Total harmonic distortion of the voltage."""
        return 0.0 if self.outage.active(time_s) else 2.2 + 0.6 * smooth(self.seed + 13, time_s, 600.0)

    def phase_energy_kwh(self, phase: int, time_s: float) -> float:
        """Energy counter of a phase: the integral of `phase_power_w` since `start_s`."""
        watt_seconds = self.load_w.integral(self.start_s, time_s)
        for factor, window in self._corrections(phase, time_s):
            watt_seconds += factor * self.load_w.integral(window.start_s, min(time_s, window.stop_s))
        return self.shares[phase] * (self.energy_start_kwh + watt_seconds / _W_PER_KW / _S_PER_H)

    def energy_kwh(self, time_s: float) -> float:
        """Energy counter: the integral of `power_w` since `start_s`."""
        return sum(self.phase_energy_kwh(p, time_s) for p in range(3))

    def reactive_energy_kvarh(self, time_s: float) -> float:
        """Reactive energy at the mean power factor (the factor's slow wander has no closed integral)."""
        return self.energy_kwh(time_s) * math.tan(math.acos(_MEAN_POWER_FACTOR))

    def _corrections(self, phase: int, time_s: float) -> Iterator[tuple[float, Window]]:
        """Windows with what they add to the undisturbed load; incidents of one board do not overlap."""
        yield from ((-1.0, w) for w in self.outage.until(time_s))
        if phase == _LOST_PHASE:
            yield from ((-1.0, w) for w in self.phase_loss.until(time_s))
        yield from ((w.magnitude - 1.0, w) for w in self.overload.until(time_s))
