"""The exchange of cases with other platforms, as ``api`` sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.cases import CaseState
from core.exchange import Came, LinkReason, SharedState, Way
from core.ports.registry import Page, PageRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What became of a record.

    Attributes:
        number: the partner's.
        case_code: of the case that it stands for now; empty: none yet.
        state: of that case, or ``RETURNED`` where the gate did not admit it; ``None``: it waits.
        unknown: the code and word that the mapping does not know; it came to the gate as ``other`` then.
    """

    number: str
    came: Came
    case_code: str = ""
    state: SharedState | None = None
    unknown: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRun:
    """A file that was taken in or given out; ``counts``: what became of its rows.

    ``unknown``: codes and words of events that the mapping does not know, with how many rows have them.
    """

    kind: str
    at_ms: int
    actor: str
    file: str
    rows: int
    counts: Mapping[str, int]
    unknown: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PartnerState:
    """How things are with a partner.

    Attributes:
        sends: whether we send to it by webhook; ``linked`` cases, ``all``, or ``nothing``.
        links: numbers that are known; conflicts: those of which the two sides contradict each other.
        waiting: messages that wait, the oldest since ``oldest_ms``; given_up: those that nobody has seen to.
        paused_until_ms: it is left alone until then; 0: it is not.
        heard_ms: when a request of it was last taken.
        runs: the last files, newest first; they are about the whole city, so ``None`` where the figures are not.
        last_error: what its last failed attempt met; empty: none.
    """

    partner: str
    sends: str
    links: int
    conflicts: int
    at_gate: int
    waiting: int
    oldest_ms: int | None
    given_up: int
    paused_until_ms: int
    heard_ms: int | None
    runs: Sequence[FileRun] | None
    last_error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignLink:
    """A number of a partner, and what it stands for.

    Attributes:
        said: the partner's latest word; said_word: as written; since ``said_ms``.
        state: of our case; ``None``: there is none.
        reason, distance_m, apart_ms: why it stands for the case.
        conflict: the two contradict each other.
    """

    partner: str
    number: str
    said: SharedState
    said_word: str
    said_ms: int
    case: int | None
    case_code: str
    community: int
    state: CaseState | None
    reason: LinkReason
    distance_m: float | None
    apart_ms: int | None
    intake: int | None
    conflict: bool
    way: Way | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingRow:
    """A message to a partner.

    Attributes:
        kind: ``case`` (new to it) or ``state``.
        delivery: ``waiting``, ``sending``, ``sent``, ``given_up`` or ``dismissed``.
        done_by: who tried again or let it be, last.
    """

    id: int
    partner: str
    number: str
    case_code: str
    kind: str
    state: SharedState
    at_ms: int
    created_ms: int
    delivery: str
    next_ms: int | None
    attempts: int
    unsure: bool
    error: str
    done_ms: int | None
    done_by: str


class Exchange(Protocol):
    """Everything the API does with partners."""

    def knows(self, partner: str) -> bool:
        """Whether the settings know a partner with a secret for requests."""
        ...

    def take(self, partner: str, time: str, seal: str, body: bytes, now_ms: int) -> Sequence[Received]:
        """Take a signed request: one case or a list.

        Raises:
            core.cases.NotPermitted: if the signature does not hold.
            core.cases.Conflict: ``replayed`` if the same request was taken before.
            core.errors.Invalid: with everything that is wrong in it; nothing was taken then.
        """
        ...

    def partners(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[PartnerState]:
        """All of the settings, by name, with the figures of these communities; ``None``: of the whole city."""
        ...

    def links(
        self,
        partner: str,
        page: PageRequest,
        *,
        conflicts: bool = False,
        waits: bool = False,
        case: int | None = None,
        communities: frozenset[int] | None = None,
    ) -> Page[ForeignLink]:
        """Numbers, newest first; of a partner, or of all (empty); ``waits``: those a gatekeeper has to decide on."""
        ...

    def outgoing(
        self, partner: str, delivery: str, page: PageRequest, communities: frozenset[int] | None = None
    ) -> Page[OutgoingRow]:
        """Messages, newest first."""
        ...

    def try_again(self, message: int, actor: str, now_ms: int, communities: frozenset[int] | None = None) -> bool:
        """Let one that was given up begin anew; false if there is none."""
        ...

    def dismiss(self, message: int, actor: str, now_ms: int, communities: frozenset[int] | None = None) -> bool:
        """Let one that was given up be; false if there is none."""
        ...


class NoExchange:
    """Where no partner is set."""

    def knows(self, partner: str) -> bool:
        """None."""
        return False

    def take(self, partner: str, time: str, seal: str, body: bytes, now_ms: int) -> Sequence[Received]:
        """Never asked."""
        return ()

    def partners(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[PartnerState]:
        """None."""
        return ()

    def links(
        self,
        partner: str,
        page: PageRequest,
        *,
        conflicts: bool = False,
        waits: bool = False,
        case: int | None = None,
        communities: frozenset[int] | None = None,
    ) -> Page[ForeignLink]:
        """None."""
        return Page(items=())

    def outgoing(
        self, partner: str, delivery: str, page: PageRequest, communities: frozenset[int] | None = None
    ) -> Page[OutgoingRow]:
        """None."""
        return Page(items=())

    def try_again(self, message: int, actor: str, now_ms: int, communities: frozenset[int] | None = None) -> bool:
        """None."""
        return False

    def dismiss(self, message: int, actor: str, now_ms: int, communities: frozenset[int] | None = None) -> bool:
        """None."""
        return False


__all__ = [
    "Exchange",
    "FileRun",
    "ForeignLink",
    "NoExchange",
    "OutgoingRow",
    "PartnerState",
    "Received",
]
