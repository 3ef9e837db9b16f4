"""How a case ends: what was found and done, what it cost, and what the sensor said afterwards.

The theory stands in ``docs/closure.md``; the decisions in ``dispatch/observation.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_PARTS: Final = 50
MOST_FEN: Final = 10_000_000_000
"""100 million yuan: more than that in one report is a slip of the finger."""
MOST_LABOUR_MIN: Final = 100_000


class Outcome(StrEnum):
    """What the handling worker found."""

    REPAIRED = "repaired"
    FALSE_ALARM = "false_alarm"
    """Nothing was wrong with the facility; needs a cause."""


class FalseCause(StrEnum):
    """Why an alarm was false."""

    SENSOR_FAULT = "sensor_fault"
    LIMIT_WRONG = "limit_wrong"
    PLANNED_WORK = "planned_work"
    TEST = "test"
    WEATHER = "weather"
    OTHER = "other"
    """Needs words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Something that was used up.

    Attributes:
        name: as the worker wrote it.
        quantity: > 0, in whatever unit the name says.
        price_fen: of one, fen.
    """

    name: str
    quantity: float
    price_fen: int

    @property
    def cost_fen(self) -> int:
        """Of all of them, rounded to a fen."""
        return round(self.quantity * self.price_fen)


@dataclass(frozen=True, kw_only=True, slots=True)
class HandlingReport:
    """What is reported with ``handle``.

    Attributes:
        outcome: what was found.
        cause: of a false alarm, else ``None``; cause_text: in words, needed where the cause is *other*.
        labour_min: minutes of all who worked on it.
        parts: what was used up.
        contractor_fen: paid or owed to a contractor, fen.
        no_photo: why there is no photo after the repair; empty: there is one, or it is on its way.
    """

    outcome: Outcome = Outcome.REPAIRED
    cause: FalseCause | None = None
    cause_text: str = ""
    labour_min: int = 0
    parts: tuple[Part, ...] = ()
    contractor_fen: int = 0
    no_photo: str = ""

    @property
    def parts_fen(self) -> int:
        """What the parts cost, fen."""
        return sum(part.cost_fen for part in self.parts)


class PhotoKind(StrEnum):
    """What a photo of a task shows."""

    BEFORE = "before"
    """As it was found: by whoever repairs, or by whoever looks first."""
    AFTER = "after"
    """As the repair left it."""
    VERIFICATION = "verification"
    """As whoever verified it saw it."""


class WatchState(StrEnum):
    """Where an observation after a repair stands, and how it ended."""

    WATCHING = "watching"
    PROVEN = "proven"
    """The sensor was good and seen for the whole window, and the condition stayed away."""
    RETURNED = "returned"
    """The condition came back."""
    STILL_ON = "still_on"
    """The condition had not gone when a whole window had passed."""
    BLIND = "blind"
    """The sensor was not good, or not seen, for too long; a person looks."""
    SILENCED = "silenced"
    """A flag stood over the facility, so silence proves nothing; a person looks."""
    OVERTAKEN = "overtaken"
    """A person has verified or rejected the repair."""


CALLS_VERIFIER: Final = frozenset({WatchState.BLIND, WatchState.SILENCED})
REJECTS: Final = frozenset({WatchState.RETURNED, WatchState.STILL_ON})
