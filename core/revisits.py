"""Words for revisits (回访): after a case is closed, whoever reported it is asked whether it is solved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_COMMENT: Final = 500
TRIES: Final = 3
"""Calls on so many different days that reach nobody end a revisit, unless the settings say otherwise."""


class RevisitState(StrEnum):
    """Where a revisit stands."""

    DUE = "due"
    ANSWERED = "answered"
    NOT_REACHED = "not_reached"
    LAPSED = "lapsed"
    """Nobody answered in time."""
    STRUCK = "struck"
    """The case went on before anybody answered."""


class RevisitWay(StrEnum):
    """How an answer came."""

    QR = "qr"
    CALL = "call"


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisitAnswer:
    """What somebody says.

    Attributes:
        solved: whether what was reported is solved.
        satisfaction: 1 (not at all) to 5 (very).
    """

    solved: bool
    satisfaction: int
    comment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Satisfaction:
    """What was answered in a time, with the counts behind every share.

    Attributes:
        asked: revisits that fell due; answered, not_reached, lapsed: what became of them; the rest is still due.
        solved: of those answered; scores: answers of 1, 2, 3, 4 and 5.
    """

    asked: int
    answered: int
    not_reached: int
    lapsed: int
    solved: int
    scores: tuple[int, int, int, int, int]
