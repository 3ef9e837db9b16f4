"""Which closed cases are revisited, and what becomes of a call. Values in, values out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from core.revisits import TRIES, RevisitState

DAY_MS: Final = 86_400_000
PHONE_KEPT_MS: Final = 365 * DAY_MS
"""A number is kept so long for a case that does not end; of one that does, by the policy below."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisitPolicy:
    """The numbers.

    Attributes:
        due_ms: after the closing a call is due.
        open_ms: after the closing nothing can be answered any more.
        share: of the cases that no resident reported, between 0 and 1.
        phone_ms: after the closing a phone number is deleted, answered or not.
        tries: calls on so many different days that reach nobody end a revisit.
    """

    due_ms: int = 3 * DAY_MS
    open_ms: int = 14 * DAY_MS
    share: float = 0.1
    phone_ms: int = 30 * DAY_MS
    tries: int = TRIES


def is_asked(code: str, *, by_resident: bool, policy: RevisitPolicy) -> bool:
    """Whether a closed case is revisited: every one of a resident; of the others a share, by the case's code alone.

    So nobody chooses, and the same case is chosen again whoever works it out.
    """
    if by_resident:
        return True
    drawn = int.from_bytes(hashlib.sha256(f"revisit/{code}".encode()).digest()[:8], "big") / 2**64
    return drawn < policy.share


def after_call(tries: int, last_day: str, day: str, most: int = TRIES) -> tuple[RevisitState, int]:
    """What follows a call that reached nobody: the state, and the days that count; ``most`` end it."""
    counted = tries if day == last_day else tries + 1
    return (RevisitState.NOT_REACHED if counted >= most else RevisitState.DUE), counted
