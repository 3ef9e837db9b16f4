"""Words for cases that pass between this house and another platform: the city's grid platform, the 12345 hotline.

Another platform is a *partner*. It has numbers and states of its own; a *link* says which case of ours one of its
numbers stands for. Whose word counts on a state is a table (``dispatch.exchange.states``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.cases import CaseState
from core.places import Text

PARTNER: Final = "exchange/"
"""How the actor of what a partner sends begins; its name follows."""
MOST_RECORDS: Final = 5_000
"""Records of one file."""
MOST_IN_REQUEST: Final = 100
"""Records of one request."""
MOST_NUMBER: Final = 64


class SharedState(StrEnum):
    """Where a case stands, in words that both sides have (after GB/T 30428)."""

    REPORTED = "reported"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    SUSPENDED = "suspended"
    HANDLED = "handled"
    REWORK = "rework"
    """It does not hold; whoever asked was not content (返工)."""
    RETURNED = "returned"
    """Not taken: not the duty of whoever got it (退回)."""
    CLOSED = "closed"
    CANCELLED = "cancelled"
    """Withdrawn, or void (作废)."""


STATES: Final[Mapping[SharedState, Text]] = {
    SharedState.REPORTED: Text(zh="已上报", en="reported"),
    SharedState.FILED: Text(zh="已立案", en="filed"),
    SharedState.DISPATCHED: Text(zh="已派遣", en="dispatched"),
    SharedState.HANDLING: Text(zh="处置中", en="being handled"),
    SharedState.SUSPENDED: Text(zh="挂账", en="suspended"),
    SharedState.HANDLED: Text(zh="已处置", en="handled"),
    SharedState.REWORK: Text(zh="返工", en="rework"),
    SharedState.RETURNED: Text(zh="退回", en="returned"),
    SharedState.CLOSED: Text(zh="已结案", en="closed"),
    SharedState.CANCELLED: Text(zh="作废", en="cancelled"),
}
"""The same for people."""

SHARED: Final[Mapping[CaseState, SharedState]] = {
    CaseState.FILED: SharedState.FILED,
    CaseState.DISPATCHED: SharedState.DISPATCHED,
    CaseState.ACCEPTED: SharedState.HANDLING,
    CaseState.ON_SITE: SharedState.HANDLING,
    CaseState.SUSPENDED: SharedState.SUSPENDED,
    CaseState.HANDLED: SharedState.HANDLED,
    CaseState.VERIFIED: SharedState.HANDLED,
    CaseState.REWORK: SharedState.REWORK,
    CaseState.CLOSED: SharedState.CLOSED,
    CaseState.CANCELLED: SharedState.CANCELLED,
    CaseState.RETURNED: SharedState.FILED,
    CaseState.TRANSFERRED: SharedState.FILED,
}
"""What a partner hears of a state of ours: who of us has it in hand is our business."""


class Way(StrEnum):
    """How something came in."""

    FILE = "file"
    WEBHOOK = "webhook"
    ANSWER = "answer"
    """In the partner's answer to what we sent."""


class LinkReason(StrEnum):
    """Why a number of a partner stands for a case of ours."""

    ENTERED = "entered"
    """The case was filed for it."""
    SAME_FACILITY = "same_facility"
    NEAR = "near"
    """The same kind of thing, close by, at about the same time."""
    OURS = "ours"
    """The case is ours; the partner got it from us."""
    BY_HAND = "by_hand"
    """A gatekeeper decided."""
    ENDED = "ended"
    """It had ended over there before we heard of it; no case was filed."""
    NONE = "none"
    """It stands for none: it waits, or was not admitted."""


class Came(StrEnum):
    """What became of a record that came in."""

    FILED = "filed"
    LINKED = "linked"
    WAITS = "waits"
    REFUSED = "refused"
    """Returned or answered by the gate."""
    CHANGED = "changed"
    """Known; its state is new."""
    KNOWN = "known"
    """Nothing new."""
    ENDED = "ended"
    """Over before we heard of it; kept, no case filed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignRecord:
    """A case as a partner has it, in our words; the reading of it has found nothing wrong.

    Attributes:
        number: the partner's.
        state, state_word: in shared words, and as the partner wrote it; since when by its own clock, which may be a
            few minutes ahead of ours, in ``state_ms``.
        event: key of the event (``core.intake``).
        code: the partner's code of it.
        community: registry number.
        facility: registry number; 0: none.
        spot: longitude and latitude, WGS-84 degrees; ``None``: not known.
        ours: the code of our case, if the partner has it from us.
        phone: of whoever reported, for the revisit alone; empty: none.
        unknown: the partner's code and word, where the mapping knows neither: then the event is ``other``.
    """

    number: str
    state: SharedState
    state_word: str
    state_ms: int
    reported_ms: int
    event: str
    code: str
    community: int
    words: str
    facility: int = 0
    spot: tuple[float, float] | None = None
    ours: str = ""
    phone: str = ""
    unknown: str = ""
