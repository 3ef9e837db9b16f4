"""A drain well: a dry-weather trickle and the first-order answer to rain.

Level = base + daily course + answer to the latest rain: during a storm it approaches `magnitude` metres with time
constant `rise_tau_s`, afterwards it falls with `fall_tau_s`. Real wells take 20 to 60 minutes; a demo may compress
that, and the compression is in the parameters and in the provenance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from firmware_sim.noise import jitter
from firmware_sim.signals.diurnal import Course
from firmware_sim.signals.windows import NEVER, Schedule, rise_and_fall

_REAL_TAU_S: Final = 1200.0


@dataclass(frozen=True, kw_only=True)
class DrainWell:
    """Water level in a well of known depth.

    Attributes:
        seed: fixes the noise.
        depth_m: from the cover to the bottom.
        trickle_m: dry-weather level.
        storm: rain windows; magnitude is the rise that a long storm reaches, m.
        rise_tau_s, fall_tau_s: time constants of filling and draining.
    """

    MODEL: ClassVar[str] = "rain-driven drain with first-order drain"
    seed: int
    depth_m: float
    trickle_m: Course
    storm: Schedule = field(default=NEVER)
    rise_tau_s: float = 1500.0
    fall_tau_s: float = 2400.0

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        compressed = " (time compressed)" if min(self.rise_tau_s, self.fall_tau_s) < _REAL_TAU_S else ""
        return f"depth {self.depth_m:g} m, tau {self.rise_tau_s:g}/{self.fall_tau_s:g} s{compressed}"

    def level_m(self, time_s: float) -> float:
        """Water level above the bottom, at most the depth."""
        rain = rise_and_fall(self.storm, time_s, self.rise_tau_s, self.fall_tau_s)
        level = self.trickle_m.value(time_s) + rain + 0.003 * jitter(self.seed, time_s)
        return min(self.depth_m, max(0.0, level))

    def distance_mm(self, time_s: float) -> float:
        """What an ultrasonic sensor under the cover measures down to the water."""
        return 1000.0 * (self.depth_m - self.level_m(time_s))
