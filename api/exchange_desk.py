"""The exchange with other platforms over HTTP: their requests, and what managers see and do about it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from api.access import Caller
from api.database import reading, writing
from api.models.base import Bilingual, Page
from api.models.exchange import (
    FileRunView,
    ForeignLinkView,
    OutgoingView,
    PartnerList,
    PartnerView,
    ReceivedList,
    ReceivedView,
)
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.throttle import Rule, after_failure, forget_old, read_tally, wait_ms, write_tally
from core.cases import NotPermitted
from core.errors import Refused
from core.exchange import SHARED, STATES
from core.ports.exchange import FileRun, ForeignLink, OutgoingRow, PartnerState, Received
from core.ports.registry import PageRequest

log = logging.getLogger(__name__)

_MINUTE_MS: Final = 60_000


class ExchangeScope(StrEnum):
    """What a tally of requests is kept of."""

    WRONG = "x_wrong"
    """Of an address: requests whose signature did not hold."""
    PARTNER = "x_partner"


RULES: Final[Mapping[ExchangeScope, Rule]] = {
    ExchangeScope.WRONG: Rule(free=20, window_ms=15 * _MINUTE_MS, first_ms=10_000, longest_ms=15 * _MINUTE_MS),
    ExchangeScope.PARTNER: Rule(free=600, window_ms=_MINUTE_MS, first_ms=2_000, longest_ms=_MINUTE_MS),
}
"""A partner may send 600 requests a minute, of a hundred cases each."""


class ExchangeDesk:
    """Requests of partners, and the state of the exchange."""

    def __init__(self, ports: ApiPorts, book: PlaceBook) -> None:
        """Join dispatch, places and the tallies."""
        self._ports, self._book = ports, book
        self._throttle = _Throttle(ports.engine)

    def take(self, partner: str, time: str, seal: str, body: bytes, address: str) -> ReceivedList:
        """Take a signed request. Who the partner is, is not told to whoever does not sign as one.

        Raises:
            ProblemError: ``WRONG_SEAL``, or ``TOO_MANY_REQUESTS`` with the seconds to wait.
        """
        now_ms = self._ports.clock.now_ms()
        self._wait(self._throttle.waits(ExchangeScope.WRONG, address, now_ms))
        if not self._ports.exchange.knows(partner):
            self._throttle.count(ExchangeScope.WRONG, address, now_ms)
            raise ProblemError(Problems.WRONG_SEAL)
        self._wait(self._throttle.waits(ExchangeScope.PARTNER, partner, now_ms))
        try:
            found = self._ports.exchange.take(partner, time, seal, body, now_ms)
        except NotPermitted as error:
            self._throttle.count(ExchangeScope.WRONG, address, now_ms)
            log.warning("a request of a partner is not signed as it should be", extra={"partner": partner})
            raise ProblemError(Problems.WRONG_SEAL, error) from error
        self._throttle.count(ExchangeScope.PARTNER, partner, now_ms)
        return ReceivedList(code=0, items=[_received(one) for one in found])

    def partners(self, caller: Caller) -> PartnerList:
        """All partners of the settings, with the figures of the communities the caller sees."""
        found = self._ports.exchange.partners(self._ports.clock.now_ms(), caller.horizon)
        return PartnerList(items=[_partner(one) for one in found])

    def links(
        self, caller: Caller, page: PageRequest, *, partner: str, conflicts: bool, waits: bool, case: int | None
    ) -> Page[ForeignLinkView]:
        """Numbers of the communities the caller sees, newest first."""
        sight = caller.horizon
        try:
            got = self._ports.exchange.links(
                partner, page, conflicts=conflicts, waits=waits, case=case, communities=sight
            )
        except Refused as error:
            raise ProblemError(Problems.BAD_CURSOR) from error
        return Page(items=[self._link(one) for one in got.items], next_cursor=got.next_cursor or None)

    def outgoing(self, caller: Caller, page: PageRequest, *, partner: str, delivery: str) -> Page[OutgoingView]:
        """Messages about the communities the caller sees, newest first."""
        try:
            got = self._ports.exchange.outgoing(partner, delivery, page, caller.horizon)
        except Refused as error:
            raise ProblemError(Problems.BAD_CURSOR) from error
        return Page(items=[_outgoing(one) for one in got.items], next_cursor=got.next_cursor or None)

    def try_again(self, caller: Caller, message: int) -> None:
        """Let a message that was given up begin anew.

        Raises:
            ProblemError: if there is none in sight.
        """
        actor, now_ms = caller.login.username, self._ports.clock.now_ms()
        if not self._ports.exchange.try_again(message, actor, now_ms, caller.horizon):
            raise ProblemError(Problems.NOT_FOUND)

    def dismiss(self, caller: Caller, message: int) -> None:
        """Let a message that was given up be.

        Raises:
            ProblemError: if there is none in sight.
        """
        actor, now_ms = caller.login.username, self._ports.clock.now_ms()
        if not self._ports.exchange.dismiss(message, actor, now_ms, caller.horizon):
            raise ProblemError(Problems.NOT_FOUND)

    def _wait(self, left_ms: int) -> None:
        if left_ms:
            raise ProblemError(Problems.TOO_MANY_REQUESTS, headers={"Retry-After": str(-(-left_ms // 1000))})

    def _link(self, one: ForeignLink) -> ForeignLinkView:
        places = self._book.now()
        return ForeignLinkView(
            partner=one.partner,
            number=one.number,
            said=one.said,
            said_say=Bilingual.of(STATES[one.said]),
            said_word=one.said_word,
            said_ms=one.said_ms,
            case_id=one.case,
            case_code=one.case_code,
            community=places.community_ref(one.community) if one.community else None,
            state=None if one.state is None else SHARED[one.state],
            reason=one.reason,
            distance_m=None if one.distance_m is None else round(one.distance_m, 1),
            apart_ms=one.apart_ms,
            intake_id=one.intake,
            conflict=one.conflict,
        )


class _Throttle:
    """Tallies in the database, so that all API processes count together."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def waits(self, scope: ExchangeScope, of: str, now_ms: int) -> int:
        """How long nothing more is looked at, ms."""
        with reading(self._engine) as connection:
            return wait_ms(read_tally(connection, (scope, _hash(of))), RULES[scope], now_ms)

    def count(self, scope: ExchangeScope, of: str, now_ms: int) -> None:
        """One more."""
        key = (scope, _hash(of))
        with writing(self._engine) as connection:
            write_tally(connection, key, after_failure(read_tally(connection, key), RULES[scope], now_ms))
            forget_old(connection, now_ms)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _partner(one: PartnerState) -> PartnerView:
    return PartnerView(
        name=one.partner,
        sends=one.sends,
        numbers=one.links,
        at_gate=one.at_gate,
        conflicts=one.conflicts,
        waiting=one.waiting,
        oldest_ms=one.oldest_ms,
        given_up=one.given_up,
        paused_until_ms=one.paused_until_ms or None,
        heard_ms=one.heard_ms,
        last_error=one.last_error,
        runs=None if one.runs is None else [_file_run(run) for run in one.runs],
    )


def _file_run(run: FileRun) -> FileRunView:
    return FileRunView(
        kind=run.kind,
        time_ms=run.at_ms,
        by=run.actor,
        file=run.file,
        rows=run.rows,
        counts=dict(run.counts),
        unknown=dict(run.unknown),
    )


def _outgoing(one: OutgoingRow) -> OutgoingView:
    return OutgoingView(
        id=one.id,
        partner=one.partner,
        number=one.number,
        case_code=one.case_code,
        kind=one.kind,
        state=one.state,
        state_say=Bilingual.of(STATES[one.state]),
        time_ms=one.at_ms,
        delivery=one.delivery,
        next_ms=one.next_ms,
        attempts=one.attempts,
        unsure=one.unsure,
        error=one.error,
        done_ms=one.done_ms,
        done_by=one.done_by,
    )


def _received(one: Received) -> ReceivedView:
    return ReceivedView(number=one.number, came=one.came, ours=one.case_code, state=one.state, unknown=one.unknown)
