"""Which facilities wait for a re-evaluation, and when it is their turn.

A backlog arrives in pieces, so a facility waits until nothing late has come for 2 s, but at most 30 s. A round costs
much the same for one facility and for a hundred, so facilities wait for each other too: while late readings still
arrive for some, the round is put off, until the first of them has waited 30 s.
"""

from __future__ import annotations

import numpy as np

from rules.columns import NEVER_MS, Indices, Ints

QUIET_MS = 2_000
AT_MOST_MS = 30_000


class Lateness:
    """Per facility: the oldest late reading, and when the first and the last of them arrived."""

    def __init__(self, facilities: int) -> None:
        """Nobody waits."""
        self.oldest_ms = np.full(facilities, NEVER_MS)
        self.first_arrival_ms = np.full(facilities, NEVER_MS)
        self.last_arrival_ms = np.full(facilities, NEVER_MS)

    def note(self, facility: Indices, time_ms: Ints, now_ms: int) -> None:
        """Late readings have arrived."""
        np.minimum.at(self.oldest_ms, facility, time_ms)
        self.first_arrival_ms[facility] = np.minimum(self.first_arrival_ms[facility], now_ms)
        self.last_arrival_ms[facility] = now_ms

    def due(self, now_ms: int) -> Indices:
        """Facilities whose turn it is."""
        waiting = self.waiting()
        if not len(waiting):
            return waiting
        quiet = int(self.last_arrival_ms[waiting].max()) <= now_ms - QUIET_MS
        long = int(self.first_arrival_ms[waiting].min()) <= now_ms - AT_MOST_MS
        return waiting if quiet or long else waiting[:0]

    def waiting(self) -> Indices:
        """Facilities that wait."""
        return np.flatnonzero(self.oldest_ms < NEVER_MS)

    def done(self, facility: Indices) -> None:
        """They wait no longer."""
        for column in (self.oldest_ms, self.first_arrival_ms, self.last_arrival_ms):
            column[facility] = NEVER_MS
