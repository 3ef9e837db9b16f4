"""Drinking water: a pressure point of the network, and a booster pump house.

Network: demand D(t) has a daily course; pressure falls with its square, p = p0 - k D^2; the meter's volume is the
integral of D. A `burst` takes `magnitude` MPa of pressure within seconds and adds `burst_m3h` to the flow.

Pump house: the drive holds the outlet at its set pressure; speed follows demand. `drive_trip` stops it with a fault
code and the outlet falls to the inlet pressure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter, smooth
from firmware_sim.signals.diurnal import Course
from firmware_sim.signals.windows import NEVER, Schedule, response, rise_and_fall

_S_PER_H: Final = 3600.0
_VALVE_TAU_S: Final = 8.0
_UNDERVOLTAGE_CODE: Final = 10  # UV of the drive


@dataclass(frozen=True, kw_only=True)
class NetworkPoint:
    """Pressure, flow and volume at one point of the network.

    Attributes:
        seed: fixes the noise.
        start_s: simulated time at which the meter shows `volume_start_m3`.
        demand_m3h: flow.
        static_mpa: pressure without flow.
        loss_mpa: pressure lost at the mean demand.
        volume_start_m3: reading of the meter at `start_s`.
        burst: magnitude is the pressure lost, MPa.
        burst_m3h: flow added by a burst.
    """

    MODEL: ClassVar[str] = "water pressure by diurnal demand"
    seed: int
    start_s: float
    demand_m3h: Course
    static_mpa: float = 0.34
    loss_mpa: float = 0.06
    volume_start_m3: float = 40_000.0
    burst: Schedule = field(default=NEVER)
    burst_m3h: float = 35.0

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"static {self.static_mpa:g} MPa, mean demand {self.demand_m3h.mean:g} m3/h"

    def pressure_mpa(self, time_s: float) -> float:
        """Pressure."""
        relative = self.demand_m3h.value(time_s) / self.demand_m3h.mean
        lost = rise_and_fall(self.burst, time_s, _VALVE_TAU_S, _VALVE_TAU_S)
        return max(
            0.0, self.static_mpa - self.loss_mpa * relative * relative - lost + 0.001 * jitter(self.seed, time_s)
        )

    def flow_m3h(self, time_s: float) -> float:
        """Flow."""
        return self.demand_m3h.value(time_s) + (self.burst_m3h if self.burst.active(time_s) else 0.0)

    def volume_m3(self, time_s: float) -> float:
        """Meter reading: the integral of `flow_m3h`."""
        burst_s = sum(min(time_s, w.stop_s) - w.start_s for w in self.burst.until(time_s))
        return (
            self.volume_start_m3
            + (self.demand_m3h.integral(self.start_s, time_s) + self.burst_m3h * burst_s) / _S_PER_H
        )


@dataclass(frozen=True, kw_only=True)
class PumpHouse:
    """A booster pump with a drive and a tank.

    Attributes:
        seed: fixes the noise.
        network: the main that feeds it.
        set_mpa: outlet pressure the drive holds.
        sensor_span_mpa: range of the drive's pressure sensor (its PID values are % of it).
        drive_trip: when the drive is down.
        rated_current_a: current at 50 Hz.
        tank_m: mean level of the break tank.
    """

    MODEL: ClassVar[str] = "booster pump house"
    seed: int
    network: NetworkPoint
    set_mpa: float = 0.45
    sensor_span_mpa: float = 1.6
    drive_trip: Schedule = field(default=NEVER)
    rated_current_a: float = 22.0
    tank_m: float = 2.1

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"set point {self.set_mpa:g} MPa, sensor 0 to {self.sensor_span_mpa:g} MPa"

    def running(self, time_s: float) -> float:
        """1 while the pump turns."""
        return 0.0 if self.drive_trip.active(time_s) else 1.0

    def drive_state(self, time_s: float) -> float:
        """State register of the drive: 1 forward, 4 fault."""
        return 4.0 if self.drive_trip.active(time_s) else 1.0

    def fault_code(self, time_s: float) -> float:
        """Fault register of the drive."""
        return float(_UNDERVOLTAGE_CODE) if self.drive_trip.active(time_s) else 0.0

    def frequency_hz(self, time_s: float) -> float:
        """Output frequency."""
        relative = self.network.demand_m3h.value(time_s) / self.network.demand_m3h.mean
        return self.running(time_s) * min(49.0, 33.0 + 7.0 * relative + 0.2 * smooth(self.seed, time_s, 9.0))

    def current_a(self, time_s: float) -> float:
        """Motor current; grows with the square of the speed."""
        return self.rated_current_a * (self.frequency_hz(time_s) / 50.0) ** 2

    def power_pct(self, time_s: float) -> float:
        """Output power of the drive, % of rated; grows with the cube of the speed."""
        return 100.0 * (self.frequency_hz(time_s) / 50.0) ** 3

    def inlet_mpa(self, time_s: float) -> float:
        """Pressure before the pump."""
        return max(0.0, self.network.pressure_mpa(time_s) - 0.02)

    def outlet_mpa(self, time_s: float) -> float:
        """Pressure after the pump."""
        held = self.set_mpa + 0.006 * smooth(self.seed + 1, time_s, 12.0)
        lost = response(self.drive_trip, time_s, 15.0, 10.0)
        return held + (self.inlet_mpa(time_s) - held) * lost

    def flow_m3h(self, time_s: float) -> float:
        """Flow to the buildings."""
        return 0.6 * self.network.demand_m3h.value(time_s) * self.running(time_s)

    def volume_m3(self, time_s: float) -> float:
        """Meter reading: the integral of `flow_m3h`."""
        demand = self.network.demand_m3h
        flowed = demand.integral(self.network.start_s, time_s)
        flowed -= sum(demand.integral(w.start_s, min(time_s, w.stop_s)) for w in self.drive_trip.until(time_s))
        return 12_000.0 + 0.6 * flowed / _S_PER_H

    def tank_level_m(self, time_s: float) -> float:
        """Level of the break tank."""
        return self.tank_m + 0.35 * smooth(self.seed + 2, time_s, 1800.0) + 0.002 * jitter(self.seed + 3, time_s)

    def pid_set_pct(self, time_s: float) -> float:
        """Set point as the drive shows it."""
        return 100.0 * self.set_mpa / self.sensor_span_mpa

    def pid_feedback_pct(self, time_s: float) -> float:
        """Outlet pressure as the drive shows it."""
        return 100.0 * self.outlet_mpa(time_s) / self.sensor_span_mpa
