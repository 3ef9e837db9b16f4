"""Time as a value: the clock is a port, and only the outermost loops own one.

Deciding code takes ``now_ms`` as an argument. Wall time stamps readings; monotonic time measures durations, because a
wall clock may be stepped by any amount at any moment.
"""

from __future__ import annotations

import time
from typing import Protocol

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Where the outer loops get their time from."""

    def now_ms(self) -> int:
        """Wall-clock time, milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never run backwards, from an arbitrary origin."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now_ms(self) -> int:
        """Wall-clock time, milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds since the machine began to run, time asleep included; the same for every process of one boot."""
        return time.clock_gettime(_SINCE_BOOT)


class ManualClock:
    """A clock that stands still until it is moved; for tests and for replays."""

    def __init__(self, now_ms: int = 0) -> None:
        """Start at ``now_ms`` (UTC milliseconds)."""
        self._now_ms = now_ms
        self._monotonic_s = 0.0

    def now_ms(self) -> int:
        """The time it was set to."""
        return self._now_ms

    def monotonic_s(self) -> float:
        """The sum of all forward moves, in seconds."""
        return self._monotonic_s

    def advance(self, ms: int) -> None:
        """Let ``ms`` milliseconds pass on both scales.

        Raises:
            ValueError: if ``ms`` is negative; use ``step_wall`` for a wall clock that jumps back.
        """
        if ms < 0:
            raise ValueError("time does not run backwards; use step_wall for a clock step")
        self._now_ms += ms
        self._monotonic_s += ms / 1000

    def step_wall(self, now_ms: int) -> None:
        """Set the wall clock alone, as NTP or a person does."""
        self._now_ms = now_ms
