"""An old house: tilt and crack follow the temperature, creep slowly, and jump when something gives way.

A crack in masonry opens by about 0.01 mm for each Cel the wall cools; tilt breathes with the sun. `movement` adds a
lasting displacement: `magnitude` degrees of tilt, reached within the window, and 0.4 mm of crack for each 0.1 degree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter
from firmware_sim.signals.climate import OutdoorAir
from firmware_sim.signals.diurnal import DAY_S
from firmware_sim.signals.windows import NEVER, Schedule

_REFERENCE_CEL: Final = 15.0
_CRACK_MM_PER_CEL: Final = -0.01
_CRACK_MM_PER_DEG: Final = 4.0


@dataclass(frozen=True, kw_only=True)
class OldHouse:
    """Tilt and crack of one wall.

    Attributes:
        seed: fixes the noise.
        start_s: simulated time from which creep counts.
        air: temperature of the wall.
        tilt_x_deg, tilt_y_deg: at the start.
        crack_mm: at the start and 15 Cel.
        tilt_deg_per_cel: breathing with the temperature.
        creep_deg_per_year: slow movement.
        movement: when it gives way; magnitude in degrees, negative for back (a repair).
        reach_s: how long it takes to move so far; setting it back takes three times as long.
    """

    MODEL: ClassVar[str] = "temperature-driven tilt and crack"
    seed: int
    start_s: float
    air: OutdoorAir
    tilt_x_deg: float = 0.12
    tilt_y_deg: float = 0.05
    crack_mm: float = 0.28
    tilt_deg_per_cel: float = 0.0015
    creep_deg_per_year: float = 0.02
    movement: Schedule = field(default=NEVER)
    reach_s: float = 20.0

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"{_CRACK_MM_PER_CEL:g} mm/Cel, {self.creep_deg_per_year:g} deg a year"

    def _moved_deg(self, time_s: float) -> float:
        window = self.movement.latest(time_s)
        if window is None:
            return 0.0
        if time_s < window.stop_s:
            return window.magnitude * min(1.0, (time_s - window.start_s) / self.reach_s)
        return window.magnitude * max(0.0, 1.0 - (time_s - window.stop_s) / (3 * self.reach_s))  # propped and set back

    def angle_x_deg(self, time_s: float) -> float:
        """Tilt across the street."""
        warm = self.air.temperature_cel(time_s) - _REFERENCE_CEL
        creep = self.creep_deg_per_year * (time_s - self.start_s) / (365 * DAY_S)
        return (
            self.tilt_x_deg
            + self.tilt_deg_per_cel * warm
            + creep
            + self._moved_deg(time_s)
            + 0.001 * jitter(self.seed, time_s)
        )

    def angle_y_deg(self, time_s: float) -> float:
        """Tilt along the street."""
        warm = self.air.temperature_cel(time_s) - _REFERENCE_CEL
        return self.tilt_y_deg + 0.5 * self.tilt_deg_per_cel * warm + 0.001 * jitter(self.seed + 1, time_s)

    def crack_width_mm(self, time_s: float) -> float:
        """Width of the watched crack."""
        warm = self.air.temperature_cel(time_s) - _REFERENCE_CEL
        opened = _CRACK_MM_PER_CEL * warm + _CRACK_MM_PER_DEG * self._moved_deg(time_s)
        return max(0.0, self.crack_mm + opened + 0.002 * jitter(self.seed + 2, time_s))
