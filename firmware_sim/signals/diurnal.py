"""A daily course written as a sum of cosines, so that its integral is exact.

Load, water use and inflow have a base, a morning and an evening hump and faster ripples. Counters (energy, volume)
are the integral of the very curve that the gauges show: a rule that compares both sees them agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firmware_sim.noise import uniform

DAY_S: Final = 86_400.0
LOCAL_OFFSET_S: Final = 8 * 3600.0
"""Asia/Shanghai has been UTC+8 without daylight saving since 1991."""

_RIPPLE_PERIODS_S: Final = (3571.0, 1283.0, 433.0, 149.0)


def local_hour(time_s: float) -> float:
    """Hour of the day in Asia/Shanghai, 0 to 24."""
    return ((time_s + LOCAL_OFFSET_S) % DAY_S) / 3600.0


@dataclass(frozen=True, kw_only=True)
class Harmonic:
    """amplitude x cos(2 pi (t - peak) / period); t counts from local midnight of 1970-01-01."""

    amplitude: float
    period_s: float
    peak_s: float

    def value(self, local_s: float) -> float:
        """The cosine at `local_s`."""
        return self.amplitude * math.cos(2 * math.pi * (local_s - self.peak_s) / self.period_s)

    def integral(self, local_s: float) -> float:
        """Its antiderivative, in amplitude x seconds."""
        omega = 2 * math.pi / self.period_s
        return self.amplitude / omega * math.sin(omega * (local_s - self.peak_s))


@dataclass(frozen=True, kw_only=True)
class Course:
    """mean x (1 + sum of harmonics); positive as long as the amplitudes add up to less than 1."""

    mean: float
    harmonics: tuple[Harmonic, ...]

    def value(self, time_s: float) -> float:
        """The course at simulated time `time_s`."""
        local = time_s + LOCAL_OFFSET_S
        return self.mean * (1 + sum(h.value(local) for h in self.harmonics))

    def integral(self, from_s: float, to_s: float) -> float:
        """Integral between two moments, in unit x seconds."""
        a, b = from_s + LOCAL_OFFSET_S, to_s + LOCAL_OFFSET_S
        return self.mean * (b - a + sum(h.integral(b) - h.integral(a) for h in self.harmonics))


def daily_course(
    seed: int, mean: float, *, peaks_h: Sequence[float], swing: float = 0.35, ripple: float = 0.15
) -> Course:
    """A course with a daily hump, a half-daily hump and seeded ripples.

    Args:
        seed: fixes the ripples.
        mean: daily mean.
        peaks_h: local hour of the daily peak, and of one of the two half-daily peaks.
        swing: amplitude of both humps together, as a share of the mean.
        ripple: amplitude of all ripples together, as a share of the mean.
    """
    day, half = peaks_h
    harmonics = [
        Harmonic(amplitude=swing * 0.6, period_s=DAY_S, peak_s=day * 3600),
        Harmonic(amplitude=swing * 0.4, period_s=DAY_S / 2, peak_s=half * 3600),
    ]
    share = ripple / len(_RIPPLE_PERIODS_S)
    for i, period in enumerate(_RIPPLE_PERIODS_S):
        stretched = period * (0.9 + 0.2 * uniform(seed, 2 * i))
        harmonics.append(Harmonic(amplitude=share, period_s=stretched, peak_s=stretched * uniform(seed, 2 * i + 1)))
    return Course(mean=mean, harmonics=tuple(harmonics))
