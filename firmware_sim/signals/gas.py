"""Gas: a kitchen with a detector, a regulator station with its pit, the air of a public toilet.

All three are rooms with a source and an air change: what a source of constant strength brings follows a first-order
course, up while it runs and down after it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter, smooth, uniform
from firmware_sim.signals.diurnal import Course, local_hour
from firmware_sim.signals.windows import NEVER, Schedule, rise_and_fall

_MEAL_HOURS: Final = (7.0, 12.0, 18.5)
_VALVE_LEL: Final = 20.0
_SLOT_S: Final = 900.0


def _meal(time_s: float) -> float:
    """0 to 1: how much is cooked, three humps a day."""
    hour = local_hour(time_s)
    return max(math.exp(-(((hour - meal) / 0.6) ** 2)) for meal in _MEAL_HOURS)


@dataclass(frozen=True, kw_only=True)
class Kitchen:
    """A kitchen with a gas detector and a shut-off valve.

    Attributes:
        seed: fixes cooking and noise.
        leak: magnitude is the concentration it tends to, % of the lower explosive limit.
        fumes: magnitude is the carbon monoxide it tends to, ppm.
        detector_fault: when the detector reports a fault of its own.
        valve_jammed: while it is, the valve does not close.
        tau_s: volume over air flow.
    """

    MODEL: ClassVar[str] = "kitchen air"
    seed: int
    leak: Schedule = field(default=NEVER)
    fumes: Schedule = field(default=NEVER)
    detector_fault: Schedule = field(default=NEVER)
    valve_jammed: Schedule = field(default=NEVER)
    tau_s: float = 420.0

    def methane_lel(self, time_s: float) -> float:
        """Methane: a whiff when a burner is lit, and what leaks."""
        slot = math.floor(time_s / 60.0)
        lit = 1.5 * (uniform(self.seed, slot) < 0.05 * _meal(time_s))
        leaked = rise_and_fall(self.leak, time_s, self.tau_s, self.tau_s)
        return max(0.0, 0.4 + lit + leaked + 0.3 * jitter(self.seed + 1, time_s, 10.0))

    def carbon_monoxide_ppm(self, time_s: float) -> float:
        """Carbon monoxide: cooking, smoking, and a flue that does not draw."""
        cooking = 6.0 * _meal(time_s) * (0.6 + 0.4 * smooth(self.seed + 2, time_s, 600.0))
        source = rise_and_fall(self.fumes, time_s, self.tau_s, self.tau_s)
        return max(0.0, 1.5 + cooking + source + 0.5 * jitter(self.seed + 3, time_s, 10.0))

    def valve_closed(self, time_s: float) -> float:
        """1 from when a leak has reached 20 % until ten minutes after it has ended."""
        window = self.leak.latest(time_s)
        if window is None or window.magnitude <= _VALVE_LEL or self.valve_jammed.active(time_s):
            return 0.0
        reached_s = window.start_s - self.tau_s * math.log(1 - _VALVE_LEL / window.magnitude)
        return float(reached_s < window.stop_s and reached_s <= time_s < window.stop_s + 600.0)

    def fault(self, time_s: float) -> float:
        """1 while the detector reports a fault."""
        return float(self.detector_fault.active(time_s) is not None)


@dataclass(frozen=True, kw_only=True)
class Regulator:
    """A district regulator and its pit.

    Attributes:
        seed: fixes the noise.
        demand: gas drawn, relative (mean 1).
        set_kpa: outlet pressure.
        lock_up: the regulator does not close: magnitude is what it tends to add, kPa.
        inlet_low: magnitude is the inlet pressure lost, kPa; the outlet follows when the rest is not enough.
        leak: into the pit; magnitude in % of the lower explosive limit.
        cover: magnitude is the tilt of the pit's cover, degrees.
        storm: rain windows; water stands in the pit after rain.
    """

    MODEL: ClassVar[str] = "district regulator"
    seed: int
    demand: Course
    set_kpa: float = 2.6
    lock_up: Schedule = field(default=NEVER)
    inlet_low: Schedule = field(default=NEVER)
    leak: Schedule = field(default=NEVER)
    cover: Schedule = field(default=NEVER)
    storm: Schedule = field(default=NEVER)

    def inlet_kpa(self, time_s: float) -> float:
        """Pressure of the medium-pressure main."""
        lost = rise_and_fall(self.inlet_low, time_s, 300.0, 300.0)
        return max(0.0, 205.0 - 15.0 * self.demand.value(time_s) - lost + 1.5 * smooth(self.seed, time_s, 600.0))

    def outlet_kpa(self, time_s: float) -> float:
        """Pressure after the regulator: droops with the demand."""
        droop = 0.12 * (self.demand.value(time_s) - 1.0)
        added = rise_and_fall(self.lock_up, time_s, 120.0, 60.0)
        held = self.set_kpa - droop + added + 0.02 * smooth(self.seed + 1, time_s, 120.0)
        return min(held, 0.05 * self.inlet_kpa(time_s))

    def pit_lel(self, time_s: float) -> float:
        """Methane in the pit: traces of marsh gas, and what leaks."""
        return max(
            0.0,
            0.5
            + 0.4 * smooth(self.seed + 2, time_s, 7200.0)
            + rise_and_fall(self.leak, time_s, 1800.0, 3600.0)
            + 0.2 * jitter(self.seed + 3, time_s),
        )

    def water_cm(self, time_s: float) -> float:
        """Water in the pit: some after rain, drained within half a day."""
        return max(
            0.0, 3.0 + 6.0 * rise_and_fall(self.storm, time_s, 3600.0, 12 * 3600.0) + jitter(self.seed + 4, time_s)
        )

    def cover_tilt_deg(self, time_s: float) -> float:
        """Tilt of the cover."""
        window = self.cover.active(time_s)
        return abs((window.magnitude if window else 1.0) + 0.4 * jitter(self.seed + 5, time_s))

    def gas_cel(self, time_s: float) -> float:
        """Temperature of the gas."""
        return 17.0 + 2.0 * smooth(self.seed + 6, time_s, 7200.0)


@dataclass(frozen=True, kw_only=True)
class ToiletAir:
    """A public toilet: visitors bring ammonia, the fan takes it away.

    Attributes:
        seed: fixes the noise.
        visits_h: visitors an hour.
        start_s: where the counter begins.
        fan_stopped: magnitude is the ammonia it tends to, mg/m3; hydrogen sulphide is a twentieth of it.
        flush_leak: when water runs over the floor.
        sos: when the emergency button is pressed.
    """

    MODEL: ClassVar[str] = "toilet air by visitors"
    seed: int
    visits_h: Course
    start_s: float
    fan_stopped: Schedule = field(default=NEVER)
    flush_leak: Schedule = field(default=NEVER)
    sos: Schedule = field(default=NEVER)

    def _busy(self, time_s: float) -> float:
        slot = math.floor(time_s / _SLOT_S)
        return max(0.0, self.visits_h.value(time_s) / self.visits_h.mean) * (0.7 + 0.6 * uniform(self.seed, slot))

    def ammonia_mg_m3(self, time_s: float) -> float:
        """Ammonia."""
        stale = rise_and_fall(self.fan_stopped, time_s, 2400.0, 900.0)
        return max(0.0, 0.06 + 0.06 * self._busy(time_s) + stale + 0.01 * jitter(self.seed + 1, time_s))

    def sulphide_mg_m3(self, time_s: float) -> float:
        """Hydrogen sulphide."""
        stale = rise_and_fall(self.fan_stopped, time_s, 2400.0, 900.0)
        return max(0.0, 0.002 + 0.001 * self._busy(time_s) + stale / 20.0 + 0.0005 * jitter(self.seed + 2, time_s))

    def visits(self, time_s: float) -> float:
        """Visitors so far."""
        return float(math.floor(self.visits_h.integral(self.start_s, time_s) / 3600.0))

    def wet(self, time_s: float) -> float:
        """1 while water runs over the floor."""
        return float(self.flush_leak.active(time_s) is not None)

    def button(self, time_s: float) -> float:
        """1 while the emergency button is pressed."""
        return float(self.sos.active(time_s) is not None)
