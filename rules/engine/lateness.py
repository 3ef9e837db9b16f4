"""Which facilities wait for a re-evaluation, and when it is their turn.

A backlog arrives in pieces, so a facility waits until nothing late has come for 2 s, but at most 30 s. A round costs
much the same for one facility and for a hundred, so facilities wait for each other too: while late readings still
arrive for some, the round is put off, until the first of them has waited 30 s.
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, NEVER_MS, Indices, Ints

QUIET_MS = 2_000
AT_MOST_MS = 30_000


class Lateness:
    """Per facility: the oldest and the newest late reading; and when the first and the last of all of them arrived."""

    def __init__(self, facilities: int) -> None:
        """Nobody waits."""
        self.oldest_ms = np.full(facilities, NEVER_MS)
        self.newest_ms = np.full(facilities, BEGINNING_MS)
        self._first_arrival_ms = NEVER_MS
        self._last_arrival_ms = BEGINNING_MS

    def note(self, facility: Indices, time_ms: Ints, now_ms: int) -> None:
        """Late readings have arrived."""
        if len(facility):
            np.minimum.at(self.oldest_ms, facility, time_ms)
            np.maximum.at(self.newest_ms, facility, time_ms)
            self._first_arrival_ms = min(self._first_arrival_ms, now_ms)
            self._last_arrival_ms = max(self._last_arrival_ms, now_ms)

    def due(self, now_ms: int) -> bool:
        """Whether it is the turn of those who wait."""
        quiet = BEGINNING_MS < self._last_arrival_ms <= now_ms - QUIET_MS
        long = self._first_arrival_ms <= now_ms - AT_MOST_MS
        return quiet or long

    def waiting(self) -> Indices:
        """Facilities that wait."""
        return np.flatnonzero(self.oldest_ms < NEVER_MS)

    def take(self) -> tuple[Indices, Ints]:
        """Who waits (ascending), and each one's oldest late reading; they wait no longer."""
        waiting = self.waiting()
        oldest_ms = self.oldest_ms.take(waiting)
        self.oldest_ms[waiting], self.newest_ms[waiting] = NEVER_MS, BEGINNING_MS
        self._first_arrival_ms, self._last_arrival_ms = NEVER_MS, BEGINNING_MS
        return waiting, oldest_ms
