"""The time of a reading, from a wall clock that may be wrong, unset or stepped.

The stamper follows the wall clock and watches it against the monotonic one. A jump of more than a second is a step:

* forward: followed at once;
* back, by up to ten minutes: stamps go on from where they were, at half speed, until the wall clock has caught up, so
  that the times of a point keep increasing;
* back, by more: the old time was wrong (a clock set years ahead); the new one is followed, and ``era`` goes up.

Readings are flagged for a minute after any step, while stamps run at half speed, and while the clock shows a year
before 2020, as a board without a battery does after power-up. While it does, a stamp is the monotonic clock in
milliseconds: no date, but exact to its neighbours. The spool holds such readings and dates them once the clock is set
(``boot_began_ms``); a new ``era`` begins then.
"""

from __future__ import annotations

CLOCK_SET_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z: a clock that shows less has never been set."""
STEP_MS = 1_000
HOLD_BACK_MS = 600_000
SETTLE_MS = 60_000


class Stamper:
    """Turns the two clocks into event times; one for a gateway."""

    def __init__(self, now_ms: int, monotonic_s: float) -> None:
        """Begin with the present readings of both clocks."""
        self.era = 0
        self.steps = 0
        self.unset = self.doubtful = now_ms < CLOCK_SET_MS
        self._wall_ms = now_ms
        self._mono_ms = monotonic_s * 1000
        self._stamp_ms = self._mono_ms if self.unset else float(now_ms)
        self._doubtful_until_ms = self._mono_ms

    def stamp(self, now_ms: int, monotonic_s: float) -> tuple[int, bool]:
        """Event time for something that happens now, and whether the clock is to be doubted."""
        mono_ms = monotonic_s * 1000
        if self.unset and now_ms < CLOCK_SET_MS:
            self._wall_ms, self._mono_ms = now_ms, mono_ms
            self._stamp_ms = max(mono_ms, self._stamp_ms)
            return int(self._stamp_ms), True
        if self.unset:
            self.unset = False
            self.era += 1
        elapsed_ms = mono_ms - self._mono_ms
        step_ms = now_ms - self._wall_ms - elapsed_ms
        if abs(step_ms) > STEP_MS:
            self.steps += 1
            self._doubtful_until_ms = mono_ms + SETTLE_MS
            if step_ms < 0 and self._stamp_ms - now_ms > HOLD_BACK_MS:
                self.era += 1
                self._stamp_ms = now_ms - elapsed_ms / 2
        self._wall_ms, self._mono_ms = now_ms, mono_ms
        # A stamp moves by half of the elapsed time at least; normally the wall clock is ahead of that.
        held_back = now_ms < self._stamp_ms - STEP_MS
        self._stamp_ms = max(float(now_ms), self._stamp_ms + elapsed_ms / 2)
        self.doubtful = held_back or now_ms < CLOCK_SET_MS or mono_ms < self._doubtful_until_ms
        return int(self._stamp_ms), self.doubtful


def boot_began_ms(now_ms: int, monotonic_s: float) -> int:
    """Wall-clock time at which the monotonic clock began; means something only while the wall clock is set."""
    return now_ms - int(monotonic_s * 1000)
