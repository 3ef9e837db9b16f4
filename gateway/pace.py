"""How fast a unit answers, and from that how long a probe should wait.

Smoothed response time and mean deviation, as TCP estimates its round trips (Jacobson and Karels 1988; RFC 6298, section
2): a unit that always answers within 30 ms needs no second to be found silent. Polls keep the configured timeout, since
an answer missed there is a reading lost; probes, which only cost the neighbours time, wait no longer than needed.
"""

from __future__ import annotations

from dataclasses import dataclass

SHORTEST_PROBE_S = 0.05
FULL_EVERY = 4
"""Every so often a probe waits for the whole timeout: the unit may have become slow."""


@dataclass(slots=True)
class Pace:
    """Response times of one unit, in seconds.

    Attributes:
        mean_s: smoothed; 0 until the first answer.
        deviation_s: smoothed mean deviation.
        answers: how many were measured.
    """

    mean_s: float = 0.0
    deviation_s: float = 0.0
    answers: int = 0

    def took(self, seconds: float) -> None:
        """A request was answered after so long."""
        self.answers += 1
        if self.answers == 1:
            self.mean_s, self.deviation_s = seconds, seconds / 2
            return
        self.deviation_s += (abs(seconds - self.mean_s) - self.deviation_s) / 4
        self.mean_s += (seconds - self.mean_s) / 8

    def probe_timeout_s(self, timeout_s: float, failures: int) -> float:
        """How long a probe waits.

        Args:
            timeout_s: the configured timeout.
            failures: requests without an answer so far.
        """
        if not self.answers or failures % FULL_EVERY == 0:
            return timeout_s
        return min(timeout_s, max(SHORTEST_PROBE_S, self.mean_s + 4 * self.deviation_s))
