"""Fire protection: tank and pumps, a hydrant on the street, a detector loop; and the battery of a UPS.

The fire tank loses a little and is filled up by its float; the jockey pump holds the pressure of the worst point
between two marks, so that it is a saw-tooth. What an incident takes away follows a first-order or a linear course.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter, smooth, uniform
from firmware_sim.signals.diurnal import DAY_S
from firmware_sim.signals.water import NetworkPoint
from firmware_sim.signals.windows import NEVER, Schedule, response, rise_and_fall

_S_PER_H: Final = 3600.0


@dataclass(frozen=True, kw_only=True)
class FireWater:
    """Tank, pumps and worst point.

    Attributes:
        seed: fixes phases and noise.
        full_m: level at which the float closes.
        held_mpa: middle of what the jockey pump holds.
        jockey_s: time from start to start of the jockey pump.
        draining: the tank loses `magnitude` m an hour; afterwards it is filled at 0.6 m an hour.
        pressure_lost: magnitude is the pressure lost at the worst point, MPa.
        manual: the pumps are not in automatic.
        power_off: the pumps have no power.
        drill: the fire pump runs.
        cold: magnitude is how much colder the pump room gets, Cel.
    """

    MODEL: ClassVar[str] = "fire tank and jockey pump"
    seed: int
    full_m: float = 3.2
    held_mpa: float = 0.34
    jockey_s: float = 2700.0
    draining: Schedule = field(default=NEVER)
    pressure_lost: Schedule = field(default=NEVER)
    manual: Schedule = field(default=NEVER)
    power_off: Schedule = field(default=NEVER)
    drill: Schedule = field(default=NEVER)
    cold: Schedule = field(default=NEVER)

    def _phase(self, time_s: float) -> float:
        return (time_s / self.jockey_s + uniform(self.seed, 0)) % 1.0

    def tank_m(self, time_s: float) -> float:
        """Level of the tank: 4 cm saw-tooth of the float within a day, and what is drained."""
        level = self.full_m - 0.04 * ((time_s / DAY_S + uniform(self.seed, 1)) % 1.0)
        window = self.draining.latest(time_s)
        if window is not None:
            gone = window.magnitude * (min(time_s, window.stop_s) - window.start_s) / _S_PER_H
            level -= max(0.0, min(gone, self.full_m - 0.1) - 0.6 * max(0.0, time_s - window.stop_s) / _S_PER_H)
        return max(0.0, level + 0.003 * jitter(self.seed + 1, time_s))

    def tank_pct(self, time_s: float) -> float:
        """Level as a share of full."""
        return 100.0 * self.tank_m(time_s) / self.full_m

    def jockey(self, time_s: float) -> float:
        """1 while the jockey pump runs: a twentieth of its cycle."""
        return float(self._phase(time_s) < 0.05 and not self.power_off.active(time_s))

    def worst_point_mpa(self, time_s: float) -> float:
        """Pressure at the worst point."""
        phase = self._phase(time_s)
        wave = phase / 0.05 if phase < 0.05 else (1 - phase) / 0.95
        lost = rise_and_fall(self.pressure_lost, time_s, 300.0, 120.0)
        sags = 0.1 * response(self.power_off, time_s, 4 * _S_PER_H, 300.0)
        return max(0.0, self.held_mpa + 0.03 * (wave - 0.5) - lost - sags + 0.001 * jitter(self.seed + 2, time_s))

    def automatic(self, time_s: float) -> float:
        """1 while the pumps are in automatic."""
        return float(self.manual.active(time_s) is None)

    def powered(self, time_s: float) -> float:
        """1 while the pumps have power."""
        return float(self.power_off.active(time_s) is None)

    def pump(self, time_s: float) -> float:
        """1 while the fire pump runs."""
        return float(self.drill.active(time_s) is not None)

    def room_cel(self, time_s: float) -> float:
        """Temperature of the pump room."""
        return 18.0 + 2.0 * smooth(self.seed + 3, time_s, 7200.0) - rise_and_fall(self.cold, time_s, 7200.0, 7200.0)


@dataclass(frozen=True, kw_only=True)
class Hydrant:
    """A hydrant on the mains.

    Attributes:
        seed: fixes the noise.
        network: the main.
        opened: water is taken; magnitude in L/s.
        shut_off: the valve before it is closed: the pressure leaks away.
        hit: magnitude is the tilt, degrees.
    """

    MODEL: ClassVar[str] = "hydrant on the mains"
    seed: int
    network: NetworkPoint
    opened: Schedule = field(default=NEVER)
    shut_off: Schedule = field(default=NEVER)
    hit: Schedule = field(default=NEVER)

    def pressure_mpa(self, time_s: float) -> float:
        """Pressure in the hydrant."""
        window = self.opened.active(time_s)
        drawn = 0.004 * window.magnitude if window else 0.0
        gone = response(self.shut_off, time_s, 1800.0, 60.0)
        return max(0.0, (self.network.pressure_mpa(time_s) - drawn) * (1 - gone))

    def cap_open(self, time_s: float) -> float:
        """1 while the cap is off."""
        return float(self.opened.active(time_s) is not None)

    def flow_ls(self, time_s: float) -> float:
        """Water taken."""
        window = self.opened.active(time_s)
        return window.magnitude * (1 + 0.05 * jitter(self.seed, time_s)) if window else 0.0

    def tilt_deg(self, time_s: float) -> float:
        """Tilt of the body."""
        window = self.hit.active(time_s)
        return abs((window.magnitude if window else 0.8) + 0.3 * jitter(self.seed + 1, time_s))

    def water_cel(self, time_s: float) -> float:
        """Temperature of the water in it."""
        return 18.0 + 1.5 * smooth(self.seed + 2, time_s, 14_400.0)


@dataclass(frozen=True, kw_only=True)
class DetectorLoop:
    """A loop of smoke detectors with its panel.

    Attributes:
        seed: fixes dust and noise.
        fire: magnitude is the obscuration it tends to, dB/m.
        loop_fault, disabled, mains_loss: what the panel reports.
    """

    MODEL: ClassVar[str] = "smoke detector loop"
    seed: int
    fire: Schedule = field(default=NEVER)
    loop_fault: Schedule = field(default=NEVER)
    disabled: Schedule = field(default=NEVER)
    mains_loss: Schedule = field(default=NEVER)

    def obscuration_db_m(self, time_s: float) -> float:
        """Obscuration: dust, and smoke."""
        smoke = rise_and_fall(self.fire, time_s, 90.0, 600.0)
        return max(0.0, 0.03 + 0.02 * smooth(self.seed, time_s, 3600.0) + smoke + 0.01 * jitter(self.seed + 1, time_s))

    def alarm(self, time_s: float) -> float:
        """1 above the detectors' threshold of 0.5 dB/m."""
        return float(rise_and_fall(self.fire, time_s, 90.0, 600.0) > 0.5)

    def fault(self, time_s: float) -> float:
        """1 while the panel reports a fault."""
        return float(self.loop_fault.active(time_s) is not None)

    def off(self, time_s: float) -> float:
        """1 while detectors are disabled."""
        return float(self.disabled.active(time_s) is not None)

    def mains(self, time_s: float) -> float:
        """1 while the panel has mains."""
        return float(self.mains_loss.active(time_s) is None)


@dataclass(frozen=True, kw_only=True)
class Ups:
    """A UPS with lead cells.

    Attributes:
        seed: fixes the noise.
        mains_loss: when it runs on its battery.
        cell_weak: magnitude is the voltage one cell lacks, V.
        warm: magnitude is how much warmer the battery gets, Cel.
        runtime_min: from full to empty.
        recharge_h: from empty to full.
    """

    MODEL: ClassVar[str] = "UPS with lead cells"
    seed: int
    mains_loss: Schedule = field(default=NEVER)
    cell_weak: Schedule = field(default=NEVER)
    warm: Schedule = field(default=NEVER)
    runtime_min: float = 120.0
    recharge_h: float = 6.0

    def on_battery(self, time_s: float) -> float:
        """1 without mains."""
        return float(self.mains_loss.active(time_s) is not None)

    def charge_pct(self, time_s: float) -> float:
        """State of charge: falls on battery, and is filled again after it."""
        window = self.mains_loss.latest(time_s)
        if window is None:
            return 100.0
        spent = min(100.0, (min(time_s, window.stop_s) - window.start_s) / (0.6 * self.runtime_min))
        return min(100.0, 100.0 - spent + 100.0 * max(0.0, time_s - window.stop_s) / _S_PER_H / self.recharge_h)

    def left_min(self, time_s: float) -> float:
        """How long it would hold."""
        return self.runtime_min * self.charge_pct(time_s) / 100.0

    def cell_v(self, time_s: float) -> float:
        """Lowest voltage of a cell."""
        weak = self.cell_weak.active(time_s)
        held = 2.27 if not self.on_battery(time_s) else 1.92 + 0.0015 * self.charge_pct(time_s)
        return held - (weak.magnitude if weak else 0.0) + 0.008 * jitter(self.seed, time_s)

    def battery_cel(self, time_s: float) -> float:
        """Temperature of the battery."""
        warm = rise_and_fall(self.warm, time_s, 3600.0, 3600.0)
        return 24.0 + 1.5 * smooth(self.seed + 1, time_s, 7200.0) + warm

    def load_pct(self, time_s: float) -> float:
        """Load."""
        return 38.0 + 8.0 * smooth(self.seed + 2, time_s, 1800.0)
