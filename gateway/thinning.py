"""What a full spool gives up, in which order: a declared policy, not whatever happens to be oldest.

Thinning comes before eviction. Of points of low worth one reading a minute is kept, then one in ten minutes; then the
same of normal ones. Only what is older than ten minutes is thinned, and a chunk is kept or given up whole. Then the
oldest readings go; those of high worth, and those that alarms hang on, go last and are never thinned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.chunk import Worth

PROTECTED_MS = 600_000
"""What is younger than this, against the newest reading, is not thinned."""
_FORGET = 200_000


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the policy: of points of ``worth``, keep one reading in each ``every_ms``."""

    worth: Worth
    every_ms: int
    level: int


STEPS = (
    Step(Worth.LOW, 60_000, 1),
    Step(Worth.LOW, 600_000, 2),
    Step(Worth.NORMAL, 60_000, 1),
    Step(Worth.NORMAL, 600_000, 2),
)


class Thinner:
    """Remembers, for one step, in which intervals each point has a reading already."""

    def __init__(self, step: Step) -> None:
        """Nothing has been seen yet."""
        self.step = step
        self._seen: set[tuple[int, int]] = set()

    def keeps(self, aliases: Iterable[int], times_ms: Iterable[int]) -> bool:
        """Whether a chunk is kept: it holds, for some point, the first reading of an interval.

        Args:
            aliases: of its readings.
            times_ms: event times of its readings.
        """
        fresh = {(alias, time_ms // self.step.every_ms) for alias, time_ms in zip(aliases, times_ms, strict=True)}
        fresh -= self._seen
        if len(self._seen) > _FORGET:
            self._seen.clear()
        self._seen |= fresh
        return bool(fresh)
