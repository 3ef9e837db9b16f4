"""What residents report and see, by the QR of a facility, without a login."""

from __future__ import annotations

import logging

from api.intake_views import bound, event_view, photo_view
from api.models.base import Bilingual
from api.models.intakes import PhotoView, PublicPlace, PublicReceipt, PublicReport, PublicStage, PublicState
from api.models.revisits import PublicAsked, RevisitAnswerRequest
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.report_throttle import ReportThrottle
from core.alarms import Severity
from core.cases import Actor, CaseState
from core.intake import ANYBODY, SourceKind, Verdict
from core.ports import intake as rows
from core.ports.cases import CaseRow
from core.ports.registry import FacilityDetail
from core.revisits import RevisitAnswer, RevisitState, RevisitWay

log = logging.getLogger(__name__)

_STAGES = {
    Verdict.WAIT: PublicStage.RECEIVED,
    Verdict.ADMIT: PublicStage.ON_THE_WAY,
    Verdict.JOIN: PublicStage.ON_THE_WAY,
    Verdict.RETURN: PublicStage.DECLINED,
    Verdict.ANSWER: PublicStage.DECLINED,
    Verdict.REFER: PublicStage.RECEIVED,
    Verdict.TAKEN: PublicStage.REFERRED,
}


class PublicDesk:
    """What somebody without a login reports and sees, by the QR of a facility: its name, and nothing else of it."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join dispatch, places and the tallies."""
        self._ports = ports
        self._places = places
        self._throttle = ReportThrottle(ports.engine)
        self._actor = Actor(login=ANYBODY)

    def place(self, code: str) -> PublicPlace:
        """What a code stands for, and what may be reported of it."""
        one, places = self._facility(code).facility, self._places.now()
        events = self._ports.intakes.events(SourceKind.RESIDENT, one.class_id)
        return PublicPlace(
            code=one.code,
            name=Bilingual.of(one.name),
            class_name=places.class_name(one.class_id),
            community=places.community_ref(one.community).name,
            events=[event_view(event) for event in events],
        )

    def report(self, body: PublicReport, key: str, address: str) -> PublicReceipt:
        """File what a resident saw, unless there were too many of late.

        Raises:
            ProblemError: ``TOO_MANY_REPORTS``, with the seconds to wait.
        """
        one, now_ms = self._facility(body.facility_code).facility, self._ports.clock.now_ms()
        known = self._ports.intakes.sent(self._actor, bound(key)) is not None  # an answer got lost: it counts once
        if not known:
            self._admit(one.code, address, now_ms)
        ask = rows.IntakeAsk(
            key=bound(key),
            actor=self._actor,
            source=SourceKind.RESIDENT,
            event=body.event,
            words=body.words,
            facility=one.number,
        )
        row = self._ports.intakes.file(ask, now_ms)
        log.info("intake filed", extra={"intake": row.code, "source": row.source, "verdict": row.verdict})
        return PublicReceipt(id=row.number, code=row.code, urgent=row.severity >= Severity.HIGH)

    def state(self, number: int, key: str) -> PublicState:
        """What became of a report; the key is the proof, as it is for photos."""
        row = self._own(number, key)
        case = None if row.case is None else self._case_now(row.case)
        ended_ms = None if case is None else case.closed_ms
        stage = _STAGES[row.verdict] if ended_ms is None else PublicStage.DONE
        places = self._places.now()
        return PublicState(
            code=row.code,
            say=Bilingual.of(row.say),
            place=places.facility_ref(row.facility).name if row.facility else places.community_ref(row.community).name,
            time_ms=row.at_ms,
            stage=stage,
            known=row.verdict is Verdict.JOIN,
            changed_ms=row.decided_ms if ended_ms is None else ended_ms,
            words=row.ruling if stage is PublicStage.DECLINED else "",
            photos=len(row.photos),
            revisit=self._asked(row) if stage is PublicStage.DONE else None,
        )

    def answer(self, number: int, key: str, body: RevisitAnswerRequest, address: str) -> PublicState:
        """Keep the one answer of whoever reported, after the case was closed; what became of the report then.

        Raises:
            ProblemError: ``NOT_FOUND`` if nothing is asked, ``TOO_MANY_REPORTS`` with the seconds to wait.
        """
        row, now_ms = self._own(number, key), self._ports.clock.now_ms()
        asked = self._ports.revisits.of_report(row.number, now_ms)
        if asked is None:
            raise ProblemError(Problems.NOT_FOUND)
        self._admit(f"revisit/{asked.number}", address, now_ms)
        said = RevisitAnswer(solved=body.solved, satisfaction=body.satisfaction, comment=body.comment)
        self._ports.revisits.answer(asked.number, said, RevisitWay.QR, self._actor, now_ms)
        return self.state(number, key)

    def may_attach(self, number: int, key: str) -> None:
        """Refuse a photo of what was not reported with this key, before it is read."""
        self._ports.photos.awaits(number, bound(key), self._actor, self._ports.clock.now_ms())

    def attach(self, number: int, key: str, data: bytes) -> PhotoView:
        """Add a photo to what was reported with this key."""
        return photo_view(self._ports.photos.attach(number, bound(key), self._actor, data, self._ports.clock.now_ms()))

    def _admit(self, place: str, address: str, now_ms: int) -> None:
        wait_ms = self._throttle.admit(place, address, now_ms)
        if wait_ms:
            raise ProblemError(Problems.TOO_MANY_REPORTS, headers={"Retry-After": str(-(-wait_ms // 1000))})

    def _own(self, number: int, key: str) -> rows.IntakeRow:
        row = self._ports.intakes.sent(self._actor, bound(key))
        if row is None or row.number != number:
            raise ProblemError(Problems.NOT_FOUND)
        return row

    def _asked(self, row: rows.IntakeRow) -> PublicAsked | None:
        found = self._ports.revisits.of_report(row.number, self._ports.clock.now_ms())
        if found is None:
            return None
        answered = found.state is RevisitState.ANSWERED
        return PublicAsked(closed_ms=found.closed_ms, ends_ms=found.ends_ms, answered=answered)

    def _case_now(self, number: int) -> CaseRow | None:
        """The case, or the one that it is part of now: what was merged is not done before that is."""
        while True:
            found = self._ports.cases.case(number)
            if found is None or found.case.state is not CaseState.CANCELLED:
                return None if found is None else found.case
            into = self._ports.closures.closure(number, self._ports.clock.now_ms()).into
            if into is None:
                return found.case
            number = into.case.number

    def _facility(self, code: str) -> FacilityDetail:
        found = self._ports.registry.facility_by_code(code)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found
