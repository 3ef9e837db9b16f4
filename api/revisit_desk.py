"""Revisits over HTTP: the list of calls, the answer by QR without a login, and the counts."""

from __future__ import annotations

from api.access import Caller
from api.histories import MONTH_MS, asked_range
from api.models.base import Bilingual
from api.models.revisits import (
    PhoneView,
    PublicRevisit,
    RevisitAnswerRequest,
    RevisitList,
    RevisitView,
    SatisfactionView,
    TokenView,
)
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.report_throttle import ReportThrottle
from api.revisit_card import card, link_of
from core.cases import Actor
from core.intake import ANYBODY
from core.ports.revisits import RevisitRow
from core.revisits import RevisitAnswer, RevisitState, RevisitWay


class RevisitDesk:
    """What callers see and residents answer; nobody reaches a revisit outside their communities."""

    def __init__(self, ports: ApiPorts, book: PlaceBook) -> None:
        """Join dispatch, places and the tallies."""
        self._ports, self._book = ports, book
        self._throttle = ReportThrottle(ports.engine)

    def calls(self, caller: Caller) -> RevisitList:
        """Whom to call now."""
        found = self._ports.revisits.calls(self._ports.clock.now_ms(), caller.horizon, caller.actor.person)
        return RevisitList(items=[self._view(one, caller) for one in found])

    def of_case(self, caller: Caller, case: int) -> RevisitList:
        """All of a case."""
        rows = self._ports.revisits.of_case(case, self._ports.clock.now_ms())
        found = [one for one in rows if caller.sees(one.community)]
        return RevisitList(items=[self._view(one, caller) for one in found])

    def phone(self, caller: Caller, number: int) -> PhoneView:
        """The number to call."""
        now_ms = self._ports.clock.now_ms()
        return PhoneView(phone=self._ports.revisits.phone(number, caller.actor, now_ms, caller.horizon))

    def token(self, caller: Caller, number: int) -> TokenView:
        """What goes into the QR."""
        return TokenView(token=self._ports.revisits.token(number, caller.actor, caller.horizon))

    def card(self, caller: Caller, number: int, base: str, language: str) -> str:
        """The QR of a revisit that is still asked, with what it is about, as SVG."""
        token = self._ports.revisits.token(number, caller.actor, caller.horizon)
        found = self._by_token(token)
        if found.state is not RevisitState.DUE:
            raise ProblemError(Problems.NOT_FOUND)
        return card(link_of(base, number, token), found.report or found.code, found.say, language)

    def answer(self, caller: Caller, number: int, body: RevisitAnswerRequest) -> RevisitView:
        """Write down what was said on the phone."""
        self._ports.revisits.token(number, caller.actor, caller.horizon)
        now_ms = self._ports.clock.now_ms()
        said = self._ports.revisits.answer(number, _said(body), RevisitWay.CALL, caller.actor, now_ms)
        return self._view(said, caller)

    def not_reached(self, caller: Caller, number: int) -> RevisitView:
        """Nobody answered the phone."""
        self._ports.revisits.token(number, caller.actor, caller.horizon)
        missed = self._ports.revisits.not_reached(number, caller.actor, self._ports.clock.now_ms())
        return self._view(missed, caller)

    def satisfaction(
        self, caller: Caller, community: int | None, from_ms: int | None, to_ms: int | None
    ) -> SatisfactionView:
        """What was answered; of 30 days unless told otherwise."""
        if community is not None and not caller.sees(community):
            raise ProblemError(Problems.NOT_FOUND)
        begin_ms, end_ms = asked_range(from_ms, to_ms, self._ports.clock.now_ms(), MONTH_MS)
        found = self._ports.revisits.satisfaction(begin_ms, end_ms, caller.narrowed(community))
        return SatisfactionView(
            from_ms=begin_ms,
            to_ms=end_ms,
            asked=found.asked,
            answered=found.answered,
            not_reached=found.not_reached,
            lapsed=found.lapsed,
            solved=found.solved,
            scores=list(found.scores),
        )

    def public(self, token: str) -> PublicRevisit:
        """What a token is for."""
        found = self._by_token(token)
        return PublicRevisit(
            case_code=found.code,
            say=Bilingual.of(found.say),
            closed_ms=found.closed_ms,
            ends_ms=found.ends_ms,
            answered=found.state is RevisitState.ANSWERED,
        )

    def answer_public(self, token: str, body: RevisitAnswerRequest, address: str) -> PublicRevisit:
        """Keep the one answer of a token.

        Raises:
            ProblemError: ``TOO_MANY_REPORTS``, with the seconds to wait.
        """
        found, now_ms = self._by_token(token), self._ports.clock.now_ms()
        wait_ms = self._throttle.admit(f"revisit/{found.number}", address, now_ms)
        if wait_ms:
            raise ProblemError(Problems.TOO_MANY_REPORTS, headers={"Retry-After": str(-(-wait_ms // 1000))})
        self._ports.revisits.answer(found.number, _said(body), RevisitWay.QR, Actor(login=ANYBODY), now_ms)
        return self.public(token)

    def _by_token(self, token: str) -> RevisitRow:
        found = self._ports.revisits.by_token(token, self._ports.clock.now_ms())
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _view(self, one: RevisitRow, caller: Caller) -> RevisitView:
        places, said = self._book.now(), one.answer
        return RevisitView(
            id=one.number,
            case_id=one.case,
            case_code=one.code,
            report_code=one.report,
            say=Bilingual.of(one.say),
            community=places.community_ref(one.community),
            facility=places.facility_ref(one.facility) if one.facility else None,
            by_resident=one.by_resident,
            state=one.state,
            closed_ms=one.closed_ms,
            due_ms=one.due_ms,
            ends_ms=one.ends_ms,
            has_phone=one.has_phone,
            tries=one.tries,
            called_today=one.called_today,
            way=one.way,
            solved=None if said is None else said.solved,
            satisfaction=None if said is None else said.satisfaction,
            comment="" if said is None else said.comment,
            done_ms=one.done_ms,
            own_repair=one.person is not None and one.person == caller.actor.person,
        )


def _said(body: RevisitAnswerRequest) -> RevisitAnswer:
    return RevisitAnswer(solved=body.solved, satisfaction=body.satisfaction, comment=body.comment)
