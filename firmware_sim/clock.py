"""Simulated time: the wall clock, or the wall clock made faster.

Signals are functions of simulated time, so whoever owns the clock owns the story. With `speed` 1 simulated time is wall
time and every stamp a gateway makes is real. Waiting on the wire (bus time, slow replies) is always real time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol


class Clock(Protocol):
    """Where simulated devices get their time from."""

    @property
    def start_ms(self) -> int:
        """Simulated time at which the simulation began, ms since 1970 UTC."""
        ...

    def now_ms(self) -> int:
        """Simulated time now, ms since 1970 UTC."""
        ...


@dataclass(frozen=True, kw_only=True)
class SimClock:
    """Time that runs `speed` times as fast as the wall clock, from `start_ms` on.

    It never runs backwards: it counts the monotonic clock, not the adjusted one.
    """

    start_ms: int
    speed: float = 1.0
    _origin_ns: int = field(default_factory=time.monotonic_ns)

    def __post_init__(self) -> None:
        if not 0 < self.speed <= 100_000:
            msg = f"speed must be above 0 and at most 100000, not {self.speed}"
            raise ValueError(msg)

    @classmethod
    def from_wall(cls, speed: float = 1.0) -> SimClock:
        """A clock that starts at the wall time of this moment."""
        return cls(start_ms=time.time_ns() // 1_000_000, speed=speed)

    def now_ms(self) -> int:
        """Simulated time now, ms since 1970 UTC."""
        return self.start_ms + int((time.monotonic_ns() - self._origin_ns) * self.speed / 1e6)


@dataclass(kw_only=True)
class ManualClock:
    """A clock that moves only when told: for tests and for recomputing what was served."""

    start_ms: int
    offset_ms: int = 0

    def now_ms(self) -> int:
        """Simulated time now, ms since 1970 UTC."""
        return self.start_ms + self.offset_ms

    def advance_s(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self.offset_ms += round(seconds * 1000)
