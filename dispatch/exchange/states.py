"""Whose word counts on which state, and what follows here when a partner says one. Tables; values in, values out.

How far the work has come is ours to say: whoever does it knows. That something is withdrawn, that whoever asked was not
content, and when their own number is closed, is the partner's to say. What contradicts the other side changes nothing
there: both facts stay, and people see them side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.cases import CaseState
from core.exchange import SharedState

S = SharedState


class Side(StrEnum):
    """Whose word counts."""

    OURS = "ours"
    THEIRS = "theirs"


OWNER: Final[Mapping[SharedState, Side]] = {
    S.REPORTED: Side.THEIRS,
    S.FILED: Side.OURS,
    S.DISPATCHED: Side.OURS,
    S.HANDLING: Side.OURS,
    S.SUSPENDED: Side.OURS,
    S.HANDLED: Side.OURS,
    S.REWORK: Side.THEIRS,
    S.RETURNED: Side.OURS,
    S.CLOSED: Side.OURS,
    S.CANCELLED: Side.THEIRS,
}
"""Of a partner's number that stands for a case of ours."""


class Phase(StrEnum):
    """How far a case of ours has come, as far as it matters here."""

    NONE = "none"
    """There is none, or none yet."""
    WAITING = "waiting"
    WORKING = "working"
    HANDLED = "handled"
    CLOSED = "closed"
    CANCELLED = "cancelled"


PHASES: Final[Mapping[CaseState, Phase]] = {
    CaseState.FILED: Phase.WAITING,
    CaseState.DISPATCHED: Phase.WAITING,
    CaseState.RETURNED: Phase.WAITING,
    CaseState.TRANSFERRED: Phase.WAITING,
    CaseState.ACCEPTED: Phase.WORKING,
    CaseState.ON_SITE: Phase.WORKING,
    CaseState.SUSPENDED: Phase.WORKING,
    CaseState.REWORK: Phase.WORKING,
    CaseState.HANDLED: Phase.HANDLED,
    CaseState.VERIFIED: Phase.HANDLED,
    CaseState.CLOSED: Phase.CLOSED,
    CaseState.CANCELLED: Phase.CANCELLED,
}


class Effect(StrEnum):
    """What follows here."""

    NOTE = "note"
    """It is written down."""
    WITHDRAW = "withdraw"
    """The case ends, or what waits at the gate goes back; if others have reported it too, it is only noted."""
    REJECT = "reject"
    """The repair is rejected: rework."""
    REOPEN = "reopen"
    CONFLICT = "conflict"
    """It contradicts our state: written down and shown, nothing is changed."""


_PLAIN: Final[Mapping[Phase, Effect]] = dict.fromkeys(Phase, Effect.NOTE)

EFFECTS: Final[Mapping[SharedState, Mapping[Phase, Effect]]] = {
    S.REPORTED: _PLAIN,
    S.FILED: _PLAIN,
    S.DISPATCHED: _PLAIN,
    S.HANDLING: _PLAIN,
    S.SUSPENDED: _PLAIN,
    S.HANDLED: {**_PLAIN, Phase.WAITING: Effect.CONFLICT, Phase.WORKING: Effect.CONFLICT},
    S.RETURNED: {**_PLAIN, **dict.fromkeys((Phase.WAITING, Phase.WORKING, Phase.HANDLED), Effect.CONFLICT)},
    S.CLOSED: {**_PLAIN, Phase.WAITING: Effect.CONFLICT, Phase.WORKING: Effect.CONFLICT},
    S.CANCELLED: {
        **_PLAIN,
        Phase.NONE: Effect.WITHDRAW,
        Phase.WAITING: Effect.WITHDRAW,
        Phase.WORKING: Effect.CONFLICT,
        Phase.HANDLED: Effect.CONFLICT,
    },
    S.REWORK: {
        **_PLAIN,
        Phase.HANDLED: Effect.REJECT,
        Phase.CLOSED: Effect.REOPEN,
        Phase.CANCELLED: Effect.CONFLICT,
    },
}
"""By what the partner says, and how far the case has come."""

FINAL: Final = frozenset({S.CLOSED, S.CANCELLED, S.RETURNED})
"""What a partner says of a number that is over there."""


def phase_of(state: CaseState | None) -> Phase:
    """How far a case has come."""
    return Phase.NONE if state is None else PHASES[state]


def effect(said: SharedState, state: CaseState | None) -> Effect:
    """What follows when a partner says ``said`` of a case in ``state``."""
    return EFFECTS[said][phase_of(state)]


def contradicts(said: SharedState, state: CaseState | None) -> bool:
    """Whether the two sides say what cannot both be so."""
    return effect(said, state) is Effect.CONFLICT


def newer(said: tuple[int, SharedState], known: tuple[int, SharedState]) -> bool:
    """Whether a state with its moment comes after another one, whatever the order in which they came in.

    Of two at the same moment the later one of the life of a case counts.
    """
    order = list(SharedState)
    return (said[0], order.index(said[1])) > (known[0], order.index(known[1]))
