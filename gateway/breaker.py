"""When a unit that does not answer is asked again: the reason why one dead device cannot slow down its neighbours.

States and their moves, as a table in ``Breaker``:

* *answering*: polled in every slot.
* *doubtful*: one poll had no answer. The next slot tries again: one lost frame is noise.
* *silent*: two polls in a row had none. The unit is not polled; its slots are recorded as not measured. From time to
  time one small read asks whether it is back, after 1 s, 2 s, 4 s … up to a minute, a little scattered.

So a dead unit costs its bus two timeouts, then one timeout now and then.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FIRST_PROBE_S = 1.0
LONGEST_PROBE_S = 60.0


class Answering(Enum):
    """What a unit's last polls say about it."""

    ANSWERING = "answering"
    DOUBTFUL = "doubtful"
    SILENT = "silent"


_AFTER_FAILURE = {
    Answering.ANSWERING: Answering.DOUBTFUL,
    Answering.DOUBTFUL: Answering.SILENT,
    Answering.SILENT: Answering.SILENT,
}


@dataclass(slots=True)
class Breaker:
    """One unit's state; times are seconds of the monotonic clock.

    Attributes:
        scatter: 0 to 1, different for each unit, so that probes do not come in step.
        state: see the module.
        failures: polls without an answer in a row.
        probe_at_s: when a silent unit is asked again.
    """

    scatter: float = 0.0
    state: Answering = Answering.ANSWERING
    failures: int = 0
    probe_at_s: float = 0.0

    def answered(self) -> bool:
        """A poll or probe was answered; True if the unit was silent before."""
        was_silent = self.state is Answering.SILENT
        self.state = Answering.ANSWERING
        self.failures = 0
        return was_silent

    def failed(self, now_s: float) -> bool:
        """A poll or probe had no answer; True if the unit has just become silent."""
        before = self.state
        self.state = _AFTER_FAILURE[before]
        self.failures += 1
        wait_s = min(FIRST_PROBE_S * 2.0 ** min(self.failures - 2, 30), LONGEST_PROBE_S)
        self.probe_at_s = now_s + wait_s * (1 + 0.25 * self.scatter)
        return self.state is Answering.SILENT and before is not Answering.SILENT

    @property
    def polled(self) -> bool:
        """Whether the unit's slots are read."""
        return self.state is not Answering.SILENT

    def probe_due(self, now_s: float) -> bool:
        """Whether a silent unit should be asked again."""
        return self.state is Answering.SILENT and now_s >= self.probe_at_s
