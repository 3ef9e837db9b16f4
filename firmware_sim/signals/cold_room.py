"""A cold room: the compressor switches on and off around its set point, the air follows, the evaporator leads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

from firmware_sim.noise import jitter, uniform

_EVAPORATOR_BELOW_CEL: Final = 9.0


@dataclass(frozen=True, kw_only=True)
class ColdRoom:
    """Temperatures of one room.

    Attributes:
        seed: fixes the phase of the cycle and the noise.
        setpoint_cel: lower switching point.
        differential_cel: how much warmer it gets before the compressor starts.
        cycle_s: time from start to start.
        cooling_share: share of the cycle in which the compressor runs.
        alarm_cel: above this the controller reports a high temperature.
    """

    MODEL: ClassVar[str] = "cold room with on-off control"
    seed: int
    setpoint_cel: float = 4.0
    differential_cel: float = 2.0
    cycle_s: float = 900.0
    cooling_share: float = 0.4
    alarm_cel: float = 8.0

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"{self.setpoint_cel:g} Cel + {self.differential_cel:g}, a start every {self.cycle_s:g} s"

    def _phase(self, time_s: float) -> float:
        return (time_s / self.cycle_s + uniform(self.seed, 0)) % 1.0

    def compressor(self, time_s: float) -> float:
        """1 while it runs."""
        return 1.0 if self._phase(time_s) < self.cooling_share else 0.0

    def room_cel(self, time_s: float) -> float:
        """Air: falls while the compressor runs, rises again after it."""
        phase, share = self._phase(time_s), self.cooling_share
        warm = 1 - phase / share if phase < share else (phase - share) / (1 - share)
        return self.setpoint_cel + self.differential_cel * warm + 0.05 * jitter(self.seed + 1, time_s)

    def evaporator_cel(self, time_s: float) -> float:
        """Evaporator: well below the air while the compressor runs, back within two minutes after it."""
        phase, share = self._phase(time_s), self.cooling_share
        off_s = max(0.0, phase - share) * self.cycle_s
        return self.room_cel(time_s) - _EVAPORATOR_BELOW_CEL * math.exp(-off_s / 60.0)

    def too_warm(self, time_s: float) -> float:
        """1 while the air is warmer than the alarm limit."""
        return 1.0 if self.room_cel(time_s) > self.alarm_cel else 0.0
