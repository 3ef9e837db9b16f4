"""When a unit that does not answer is asked again: the reason why one dead device cannot slow down its neighbours.

States and their moves, as a table in ``Breaker``:

* *answering*: polled in every slot.
* *doubtful*: one poll had no answer. The next slot tries again: one lost frame is noise.
* *silent*: two polls in a row had none. The unit is not polled; its slots are recorded as not measured. From time to
  time one small read asks whether it is back, after 1 s, 2 s, 4 s … up to a minute, a little scattered.

Besides, time is money: what a unit wastes by not answering it owes, and debts are paid back at 5 % of the time that
passes. Beyond a credit of two timeouts a unit is neither polled nor probed until it has paid. So a dead unit costs two
timeouts at once and never more than 5 % afterwards, and neither does one that answers now and then. All probes of a bus
together are paid from one purse of 3 %, too: three dead units do not cost three times as much.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

FIRST_PROBE_S = 1.0
LONGEST_PROBE_S = 60.0
SHARE = 0.05
"""Part of the bus's time that silence may cost."""
PROBES_SHARE = 0.03
"""Part of the bus's time that all probes together may cost."""
CREDIT_TIMEOUTS = 2.0


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
class Debt:
    """Seconds wasted and not paid back yet; ``share`` of the time that passes pays."""

    share: float = SHARE
    _owed_s: float = 0.0
    _at_s: float = 0.0

    def owed_s(self, now_s: float) -> float:
        """What is owed now."""
        self._owed_s = max(0.0, self._owed_s - self.share * max(0.0, now_s - self._at_s))
        self._at_s = now_s
        return self._owed_s

    def spend(self, now_s: float, seconds: float) -> None:
        """Seconds were wasted."""
        self._owed_s = self.owed_s(now_s) + seconds

    def free_at_s(self, now_s: float, credit_s: float) -> float:
        """When no more than ``credit_s`` is owed."""
        return now_s + max(0.0, self.owed_s(now_s) - credit_s) / self.share


@dataclass(slots=True)
class Breaker:
    """One unit's state; times are seconds of the monotonic clock.

    Attributes:
        scatter: 0 to 1, different for each unit, so that probes do not come in step.
        state: see the module.
        failures: polls without an answer in a row.
        probe_at_s: when a silent unit is asked again.
        barred_until_s: neither polled nor probed before, because it owes too much.
    """

    scatter: float = 0.0
    state: Answering = Answering.ANSWERING
    failures: int = 0
    probe_at_s: float = 0.0
    barred_until_s: float = 0.0
    _debt: Debt = field(default_factory=Debt)

    def answered(self) -> bool:
        """A poll or probe was answered; True if the unit was silent before."""
        was_silent = self.state is Answering.SILENT
        self.state = Answering.ANSWERING
        self.failures = 0
        return was_silent

    def failed(self, now_s: float, wasted_s: float = 0.0) -> bool:
        """A poll or probe had no answer and cost ``wasted_s``; True if the unit has just become silent."""
        before = self.state
        self.state = _AFTER_FAILURE[before]
        self.failures += 1
        wait_s = min(FIRST_PROBE_S * 2.0 ** min(self.failures - 2, 30), LONGEST_PROBE_S)
        self.probe_at_s = now_s + wait_s * (1 + 0.25 * self.scatter)
        self._debt.spend(now_s, wasted_s)
        # The next timeout must fit into the credit again.
        self.barred_until_s = self._debt.free_at_s(now_s, (CREDIT_TIMEOUTS - 1) * wasted_s)
        self.probe_at_s = max(self.probe_at_s, self.barred_until_s)
        return self.state is Answering.SILENT and before is not Answering.SILENT

    @property
    def polled(self) -> bool:
        """Whether the unit's slots are read."""
        return self.state is not Answering.SILENT

    def barred(self, now_s: float) -> bool:
        """Whether the unit owes too much to be polled now, though it is not silent."""
        return self.state is not Answering.SILENT and now_s < self.barred_until_s

    def probe_due(self, now_s: float) -> bool:
        """Whether a silent unit should be asked again."""
        return self.state is Answering.SILENT and now_s >= self.probe_at_s
