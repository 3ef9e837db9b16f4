"""Revisits as ``api`` sees them: whom to call, what was answered, how content people are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.cases import Actor, UnknownItem
from core.places import Text
from core.revisits import RevisitAnswer, RevisitState, RevisitWay, Satisfaction


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisitRow:
    """A revisit, without what only a caller may see.

    Attributes:
        say: what was wrong; code: of the case; facility: registry number, 0: none.
        report: code of the report whose sender is asked; empty: the case was drawn.
        due_ms: when a call is due; ends_ms: until when an answer is taken.
        tries: days on which a call reached nobody.
        person: who repaired it, and asks nobody about it.
    """

    number: int
    case: int
    code: str
    report: str
    say: Text
    community: int
    facility: int
    by_resident: bool
    state: RevisitState
    closed_ms: int
    due_ms: int
    ends_ms: int
    has_phone: bool
    tries: int
    called_today: bool
    way: RevisitWay | None
    answer: RevisitAnswer | None
    done_ms: int | None
    person: int | None


class Revisits(Protocol):
    """Asking people whether it is solved."""

    def calls(
        self, now_ms: int, communities: frozenset[int] | None = None, person: int | None = None
    ) -> Sequence[RevisitRow]:
        """Whom ``person`` may call now: due, with a number, not called today; the longest due first, 200 at most."""
        ...

    def of_case(self, case: int, now_ms: int) -> Sequence[RevisitRow]:
        """All of a case, newest first."""
        ...

    def phone(self, number: int, actor: Actor, now_ms: int, communities: frozenset[int] | None = None) -> str:
        """The number to call, which is noted in the history of the case.

        Raises:
            core.cases.UnknownItem: if there is no such revisit, or no number any more.
            core.cases.Conflict: ``own_repair`` if it is about a repair of the actor.
        """
        ...

    def token(self, number: int, actor: Actor, communities: frozenset[int] | None = None) -> str:
        """What opens the one answer without a login.

        Raises:
            core.cases.UnknownItem: if there is no such revisit.
            core.cases.Conflict: ``own_repair`` if it is about a repair of the actor.
        """
        ...

    def by_token(self, token: str, now_ms: int) -> RevisitRow | None:
        """What a token is for; ``None`` if for nothing that can be answered or was."""
        ...

    def of_report(self, intake: int, now_ms: int) -> RevisitRow | None:
        """What whoever handed in an intake is asked now or has answered last; ``None``: nothing."""
        ...

    def answer(self, number: int, answer: RevisitAnswer, way: RevisitWay, actor: Actor, now_ms: int) -> RevisitRow:
        """Keep what somebody says; once. Not solved: the case goes on.

        Raises:
            core.cases.UnknownItem: if there is no such revisit.
            core.cases.Conflict: ``wrong_state`` if it is over, ``too_late`` if its time is, ``own_repair`` if the
                actor repaired it.
            core.errors.Invalid: if the answer is none.
        """
        ...

    def not_reached(self, number: int, actor: Actor, now_ms: int) -> RevisitRow:
        """A call reached nobody.

        Raises:
            core.cases.UnknownItem: if there is no such revisit.
            core.cases.Conflict: ``wrong_state`` if it is over, ``too_late`` if its time is, ``own_repair`` if the
                actor repaired it.
        """
        ...

    def satisfaction(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Satisfaction:
        """Of the closings in [from, to)."""
        ...


class NoRevisits:
    """Where nobody is asked."""

    def calls(
        self, now_ms: int, communities: frozenset[int] | None = None, person: int | None = None
    ) -> Sequence[RevisitRow]:
        """None."""
        return ()

    def of_case(self, case: int, now_ms: int) -> Sequence[RevisitRow]:
        """None."""
        return ()

    def phone(self, number: int, actor: Actor, now_ms: int, communities: frozenset[int] | None = None) -> str:
        """There is none."""
        raise UnknownItem("no revisits")

    def token(self, number: int, actor: Actor, communities: frozenset[int] | None = None) -> str:
        """There is none."""
        raise UnknownItem("no revisits")

    def by_token(self, token: str, now_ms: int) -> RevisitRow | None:
        """None."""
        return None

    def of_report(self, intake: int, now_ms: int) -> RevisitRow | None:
        """None."""
        return None

    def answer(self, number: int, answer: RevisitAnswer, way: RevisitWay, actor: Actor, now_ms: int) -> RevisitRow:
        """There is none."""
        raise UnknownItem("no revisits")

    def not_reached(self, number: int, actor: Actor, now_ms: int) -> RevisitRow:
        """There is none."""
        raise UnknownItem("no revisits")

    def satisfaction(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Satisfaction:
        """Nothing was asked."""
        return Satisfaction(asked=0, answered=0, not_reached=0, lapsed=0, solved=0, scores=(0, 0, 0, 0, 0))
