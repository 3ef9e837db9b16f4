"""Rain and what it does on the ground: a gauge, water on a road, a slope that takes it up.

A storm's strength is the rise of a drain's level that it tends to, in metres (see `drainage`); its intensity is
`MM_H_PER_M` times that. Sums over the last minutes are exact integrals of the windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter, smooth
from firmware_sim.signals.diurnal import DAY_S, local_hour
from firmware_sim.signals.windows import NEVER, Schedule, Window, response, rise_and_fall

MM_H_PER_M: Final = 16.0
"""Intensity of a storm, mm/h, for each metre of rise: 2.5 m go with 40 mm/h, a heavy storm."""


@dataclass(frozen=True, kw_only=True)
class RainGauge:
    """A tipping bucket.

    Attributes:
        storm: rain windows of the community.
        tip_mm: what one tip counts.
    """

    MODEL: ClassVar[str] = "tipping bucket"
    storm: Schedule = field(default=NEVER)
    tip_mm: float = 0.2

    def sum_mm(self, time_s: float, over_s: float) -> float:
        """Rain of the last `over_s` seconds."""
        first = time_s - over_s
        fallen = sum(
            w.magnitude * MM_H_PER_M * max(0.0, min(time_s, w.stop_s) - max(first, w.start_s)) / 3600.0
            for w in self.storm.until(time_s)
        )
        return self.tip_mm * int(fallen / self.tip_mm)


@dataclass(frozen=True, kw_only=True)
class RoadDip:
    """Water in the dip of a road: what rain brings beyond what its gullies take.

    Attributes:
        seed: fixes the noise.
        storm: rain windows.
        drained_m: strength of the rain that the gullies take.
        cm_per_m: depth a long storm tends to for each metre beyond.
        rise_tau_s, fall_tau_s: time constants of filling and draining.
        blocked: while the gullies are blocked, `drained_m` is a quarter.
    """

    MODEL: ClassVar[str] = "road dip with gullies"
    seed: int
    storm: Schedule = field(default=NEVER)
    drained_m: float = 0.9
    cm_per_m: float = 30.0
    rise_tau_s: float = 900.0
    fall_tau_s: float = 1500.0
    blocked: Schedule = field(default=NEVER)

    def depth_cm(self, time_s: float) -> float:
        """Depth of the water; an ultrasonic gauge shows a few millimetres of noise, a dry road 0."""
        window = self.storm.latest(time_s)
        if window is None:
            return 0.0
        taken = self.drained_m * (0.25 if self.blocked.active(window.start_s) else 1.0)
        excess = Window(
            start_s=window.start_s, stop_s=window.stop_s, magnitude=self.cm_per_m * max(0.0, window.magnitude - taken)
        )
        depth = rise_and_fall(Schedule(windows=(excess,)), time_s, self.rise_tau_s, self.fall_tau_s)
        return max(0.0, depth + 0.3 * jitter(self.seed, time_s)) if depth > 0.5 else 0.0


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A retaining wall: it breathes with the sun, takes up rain, and moves when it gives way.

    Attributes:
        seed: fixes the noise.
        storm: rain windows.
        slip: magnitude is the displacement reached within the window, mm; afterwards it is propped and set back.
        reach_s: how long it takes to move so far.
    """

    MODEL: ClassVar[str] = "retaining wall with temperature and rain"
    seed: int
    storm: Schedule = field(default=NEVER)
    slip: Schedule = field(default=NEVER)
    reach_s: float = 6 * 3600.0

    def _moved_mm(self, time_s: float) -> float:
        window = self.slip.latest(time_s)
        if window is None:
            return 0.0
        reached = window.magnitude * min(1.0, (min(time_s, window.stop_s) - window.start_s) / self.reach_s)
        return reached * max(0.0, 1.0 - max(0.0, time_s - window.stop_s) / 3600.0)

    def displacement_mm(self, time_s: float) -> float:
        """Displacement at the crown since the zero reading."""
        sun = 0.4 * smooth(self.seed, time_s, DAY_S / 2)
        return 1.2 + sun + self._moved_mm(time_s) + 0.1 * jitter(self.seed + 1, time_s)

    def tilt_deg(self, time_s: float) -> float:
        """Change of the tilt: 0.02 degrees for each millimetre at a wall of three metres."""
        return 0.02 * self._moved_mm(time_s) + 0.01 * smooth(self.seed + 2, time_s, DAY_S / 2)

    def soil_moisture_pct(self, time_s: float) -> float:
        """Volumetric water content: rises within hours of rain, falls within days."""
        wet = rise_and_fall(self.storm, time_s, 3 * 3600.0, 36 * 3600.0)
        return min(48.0, 22.0 + 12.0 * wet + 0.5 * smooth(self.seed + 3, time_s, 7200.0))

    def pore_pressure_kpa(self, time_s: float) -> float:
        """Pore pressure behind the wall."""
        wet = response(self.storm, time_s, 6 * 3600.0, 48 * 3600.0)
        return 6.0 + 8.0 * wet + 0.3 * smooth(self.seed + 4, time_s, 7200.0)


@dataclass(frozen=True, kw_only=True)
class StreetLamp:
    """A lamp post: lit by night, leaks a little when it is wet.

    Attributes:
        seed: fixes the noise.
        storm: rain windows.
        rated_w: power of the lamp.
        lamp_out, insulation, pole_live, pole_hit: faults; the magnitude of `insulation` is mA, of `pole_live` V, of
            `pole_hit` degrees.
        door: when the door of the post is open.
    """

    MODEL: ClassVar[str] = "street lamp by daylight"
    seed: int
    storm: Schedule = field(default=NEVER)
    rated_w: float = 120.0
    lamp_out: Schedule = field(default=NEVER)
    insulation: Schedule = field(default=NEVER)
    pole_live: Schedule = field(default=NEVER)
    pole_hit: Schedule = field(default=NEVER)
    door: Schedule = field(default=NEVER)

    def switched_on(self, time_s: float) -> float:
        """1 between dusk and dawn, a few minutes different from lamp to lamp."""
        hour = local_hour(time_s + 300.0 * smooth(self.seed, 0.0, 1.0))
        return float(hour >= 18.5 or hour < 6.0)

    def power_w(self, time_s: float) -> float:
        """Power of the lamp."""
        if not self.switched_on(time_s):
            return 0.4
        return 0.4 if self.lamp_out.active(time_s) else self.rated_w * (1 + 0.03 * smooth(self.seed + 1, time_s, 900.0))

    def power_ratio(self, time_s: float) -> float:
        """Power against what is expected of it now; 1 while nothing is expected."""
        return self.power_w(time_s) / self.rated_w if self.switched_on(time_s) else 1.0

    def circuit_a(self, time_s: float) -> float:
        """Current of the circuit with thirty lamps."""
        return 30 * self.power_w(time_s) / 220.0

    def leakage_ma(self, time_s: float) -> float:
        """Leakage of the circuit: more when it rains."""
        wet = 60.0 * response(self.storm, time_s, 1200.0, 7200.0)
        fault = self.insulation.active(time_s)
        return 25.0 + wet + (fault.magnitude if fault else 0.0) + 5.0 * jitter(self.seed + 2, time_s)

    def pole_v(self, time_s: float) -> float:
        """Voltage of the post against earth."""
        fault = self.pole_live.active(time_s)
        return (fault.magnitude if fault else 0.8) + 0.4 * jitter(self.seed + 3, time_s)

    def tilt_deg(self, time_s: float) -> float:
        """Tilt of the post: sways in the wind."""
        fault = self.pole_hit.active(time_s)
        return abs((fault.magnitude if fault else 0.6) + 0.5 * jitter(self.seed + 4, time_s))

    def illuminance_lx(self, time_s: float) -> float:
        """Light on the post's sensor."""
        hour = local_hour(time_s)
        day = max(0.0, 1 - abs(hour - 12.25) / 6.0)
        return 12.0 * self.switched_on(time_s) + 40_000.0 * day * (0.7 + 0.3 * smooth(self.seed + 5, time_s, 1800.0))
