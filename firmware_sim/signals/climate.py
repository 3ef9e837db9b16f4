"""The air of a room: CO2 by mass balance, temperature, humidity, sound and light.

    V dC/dt = G n(t) - Q (C - C_out)

With people counts constant over slots of half an hour the solution is an exponential per slot; the memory of earlier
slots fades with tau = V/Q, so looking back a fixed number of slots is exact to the last ppm. A `crowd` incident adds
its own exponential (the equation is linear).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter, smooth, uniform
from firmware_sim.signals.diurnal import DAY_S, LOCAL_OFFSET_S, local_hour
from firmware_sim.signals.windows import NEVER, Schedule, rise_and_fall

_SLOT_S: Final = 1800.0
_OUTDOOR_PPM: Final = 420.0
_LITRE_PER_H_PERSON: Final = 20.0
_MEMORY_TAUS: Final = 8.0


@dataclass(frozen=True, kw_only=True)
class RoomAir:
    """Climate of one room of a service centre.

    Attributes:
        seed: fixes people and noise.
        volume_m3: volume of the room.
        supply_m3h: outdoor air supplied.
        seats: most people at once.
        open_h, close_h: opening hours, local time.
        crowd: extra people in the room; magnitude is how many ppm they would add for ever.
        crowd_tau_s: how fast a crowd is felt; below V/Q it is time-compressed.
        warm: `magnitude` Cel warmer while the air conditioner fails.
        closed_days: local days (since 1970-01-01) on which nobody comes.
    """

    MODEL: ClassVar[str] = "CO2 mass balance with occupancy"
    seed: int
    volume_m3: float = 260.0
    supply_m3h: float = 500.0
    seats: int = 18
    open_h: float = 8.0
    close_h: float = 20.0
    crowd: Schedule = field(default=NEVER)
    crowd_tau_s: float = 240.0
    warm: Schedule = field(default=NEVER)
    closed_days: frozenset[int] = frozenset()

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"{self.volume_m3:g} m3, {self.supply_m3h:g} m3/h outdoor air, up to {self.seats} people"

    def people(self, slot: int) -> int:
        """People in the room during a slot of half an hour."""
        middle_s = (slot + 0.5) * _SLOT_S
        hour = local_hour(middle_s)
        if self._closed(middle_s) or not self.open_h <= hour < self.close_h:
            return 0
        return round(self.seats * (0.25 + 0.75 * uniform(self.seed, slot)))

    def _closed(self, time_s: float) -> bool:
        return bool(self.closed_days) and math.floor((time_s + LOCAL_OFFSET_S) / DAY_S) in self.closed_days

    def co2_ppm(self, time_s: float) -> float:
        """CO2 concentration."""
        tau = self.volume_m3 / self.supply_m3h * 3600.0
        per_person = _LITRE_PER_H_PERSON / 1000.0 / self.supply_m3h * 1e6
        slot = math.floor(time_s / _SLOT_S)
        excess = 0.0
        for past in range(slot - math.ceil(_MEMORY_TAUS * tau / _SLOT_S), slot + 1):
            end = min(time_s, (past + 1) * _SLOT_S)
            steady = per_person * self.people(past)
            excess = steady + (excess - steady) * math.exp(-(end - past * _SLOT_S) / tau)
        crowd = rise_and_fall(self.crowd, time_s, self.crowd_tau_s, self.crowd_tau_s)
        return _OUTDOOR_PPM + excess + crowd + 4.0 * jitter(self.seed + 1, time_s, 5.0)

    def _used(self, time_s: float) -> float:
        """0 closed to 1 open, with half an hour of transition."""
        if self._closed(time_s):
            return 0.0
        hour = local_hour(time_s)
        return max(0.0, min(1.0, (hour - self.open_h) * 2 + 1, (self.close_h - hour) * 2 + 1))

    def temperature_cel(self, time_s: float) -> float:
        """Air temperature: 19 Cel by night, 23 when used."""
        warm = rise_and_fall(self.warm, time_s, 300.0, 600.0)
        return 19.0 + 4.0 * self._used(time_s) + warm + 0.5 * smooth(self.seed + 2, time_s, 900.0)

    def humidity_pct(self, time_s: float) -> float:
        """Relative humidity."""
        return 48.0 + 4.0 * self._used(time_s) + 5.0 * smooth(self.seed + 3, time_s, 2700.0)

    def sound_db(self, time_s: float) -> float:
        """Sound level."""
        return 34.0 + 14.0 * self._used(time_s) + 4.0 * smooth(self.seed + 4, time_s, 15.0)

    def motion(self, time_s: float) -> float:
        """Strength of movement a presence sensor sees: follows the people in the room."""
        people = self.people(math.floor(time_s / _SLOT_S))
        return 40.0 * people * (0.5 + 0.5 * smooth(self.seed + 6, time_s, 8.0))

    def illuminance_lx(self, time_s: float) -> float:
        """Light: lamps when used, daylight through the windows."""
        daylight = max(0.0, math.sin(math.pi * (local_hour(time_s) - 6.0) / 12.0))
        return (
            5.0 + 320.0 * self._used(time_s) + 260.0 * daylight * (0.85 + 0.15 * smooth(self.seed + 5, time_s, 120.0))
        )


@dataclass(frozen=True, kw_only=True)
class OutdoorAir:
    """Weather around the station, except the temperature where that is recorded.

    Attributes:
        seed: fixes the noise.
        mean_cel: mean temperature.
        storm: rain windows of the community.
        rain_mm_h: intensity while a storm lasts.
    """

    MODEL: ClassVar[str] = "outdoor air"
    seed: int
    mean_cel: float = 16.0
    storm: Schedule = field(default=NEVER)
    rain_mm_h: float = 42.0

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"mean {self.mean_cel:g} Cel"

    def temperature_cel(self, time_s: float) -> float:
        """Daily course with its maximum at 15:00."""
        angle = 2 * math.pi * (time_s + LOCAL_OFFSET_S - 15 * 3600) / DAY_S
        return self.mean_cel + 5.0 * math.cos(angle) + 0.6 * smooth(self.seed, time_s, 3600.0)

    def humidity_pct(self, time_s: float) -> float:
        """Falls as the day warms."""
        raining = 18.0 if self.storm.active(time_s) else 0.0
        return min(100.0, 68.0 - 2.0 * (self.temperature_cel(time_s) - self.mean_cel) + raining)

    def pressure_hpa(self, time_s: float) -> float:
        """Air pressure."""
        return 1012.0 + 6.0 * smooth(self.seed + 1, time_s, 43_200.0)

    def wind_speed_ms(self, time_s: float) -> float:
        """Wind speed."""
        gust = 5.0 if self.storm.active(time_s) else 0.0
        return max(
            0.0, 2.2 + gust + 1.4 * smooth(self.seed + 2, time_s, 60.0) + 0.5 * smooth(self.seed + 3, time_s, 7.0)
        )

    def wind_direction_deg(self, time_s: float) -> float:
        """Wind direction."""
        return (135.0 + 50.0 * smooth(self.seed + 4, time_s, 1800.0)) % 360.0

    def rain_mm_per_h(self, time_s: float) -> float:
        """Precipitation rate."""
        return self.rain_mm_h if self.storm.active(time_s) else 0.0
