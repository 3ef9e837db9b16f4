"""When something happens: windows of simulated time, once or repeating.

An incident (a pump that trips, a storm) is a window on the model's time line. Models ask for the latest window that has
begun: inside it they follow the disturbed course, after it the recovery.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Window:
    """Half-open interval [start_s, stop_s) of simulated time; what `magnitude` means depends on the incident kind."""

    start_s: float
    stop_s: float
    magnitude: float = 1.0

    def shifted(self, by_s: float) -> Window:
        """The same window, `by_s` later."""
        return Window(start_s=self.start_s + by_s, stop_s=self.stop_s + by_s, magnitude=self.magnitude)

    def contains(self, time_s: float) -> bool:
        """Whether the window is on at `time_s`."""
        return self.start_s <= time_s < self.stop_s


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The windows of one kind of incident at one facility.

    Attributes:
        origin_s: simulated time to which the windows are relative (start of the simulation).
        windows: relative to `origin_s`, sorted, not overlapping.
        repeat_s: the whole schedule begins again after so many seconds; None: once.
    """

    origin_s: float = 0.0
    windows: tuple[Window, ...] = ()
    repeat_s: float | None = None

    def latest(self, time_s: float) -> Window | None:
        """The window that began last, in absolute time; None before the first."""
        if not self.windows or time_s < self.origin_s:
            return None
        elapsed = time_s - self.origin_s
        rounds = (0,) if self.repeat_s is None else self._rounds(elapsed, self.repeat_s)
        for number in rounds:
            shift = 0.0 if self.repeat_s is None else number * self.repeat_s
            begun = [w for w in self.windows if w.start_s + shift <= elapsed]
            if begun:
                return begun[-1].shifted(self.origin_s + shift)
        return None

    @staticmethod
    def _rounds(elapsed_s: float, repeat_s: float) -> tuple[int, ...]:
        current = math.floor(elapsed_s / repeat_s)
        return (current, current - 1) if current > 0 else (0,)

    def active(self, time_s: float) -> Window | None:
        """The window that is on at `time_s`, in absolute time."""
        window = self.latest(time_s)
        return window if window is not None and window.contains(time_s) else None

    def until(self, time_s: float) -> Iterator[Window]:
        """Every window that has begun by `time_s`, in absolute time: for integrals over the past."""
        if not self.windows or time_s < self.origin_s:
            return
        elapsed = time_s - self.origin_s
        last_round = 0 if self.repeat_s is None else math.floor(elapsed / self.repeat_s)
        for number in range(last_round + 1):
            shift = number * (self.repeat_s or 0.0)
            for window in self.windows:
                if window.start_s + shift <= elapsed:
                    yield window.shifted(self.origin_s + shift)


NEVER = Schedule()
"""A schedule without windows."""


def response(schedule: Schedule, time_s: float, rise_tau_s: float, fall_tau_s: float) -> float:
    """First-order response (0 to 1) to the latest window, with a time constant each for rise and fall."""
    window = schedule.latest(time_s)
    if window is None:
        return 0.0
    reached = 1 - math.exp(-(min(time_s, window.stop_s) - window.start_s) / rise_tau_s)
    return reached * math.exp(-max(0.0, time_s - window.stop_s) / fall_tau_s)


def rise_and_fall(schedule: Schedule, time_s: float, rise_tau_s: float, fall_tau_s: float) -> float:
    """`response` times the magnitude of the latest window."""
    window = schedule.latest(time_s)
    return 0.0 if window is None else window.magnitude * response(schedule, time_s, rise_tau_s, fall_tau_s)
