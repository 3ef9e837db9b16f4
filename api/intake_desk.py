"""Reports and tasks handed down, for pages: who may hand in what where, and what is shown of it."""

from __future__ import annotations

import logging

from api import burdens, views
from api.access import Caller
from api.histories import MONTH_MS, asked_range
from api.intake_views import answer_view, bound, event_view, photo_view
from api.label_paper import MOST_LABELS, labels
from api.models.base import Bilingual, Page, severity_name
from api.models.intakes import (
    BurdenReport,
    DepartmentList,
    DepartmentView,
    EventList,
    HandedDownRequest,
    IntakeView,
    KnownCase,
    KnownCases,
    LogAnswerView,
    PhotoView,
    ReasonView,
    ReportRequest,
    RulingRequest,
    StepView,
)
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.errors import Refused
from core.intake import HANDED_DOWN, REASONS, SourceKind, Verdict
from core.ports import intake as rows
from core.ports.registry import Facility, FacilityFilter, Owner, OwnerKind, PageRequest

log = logging.getLogger(__name__)


class IntakeDesk:
    """What people hand in and see of it; nobody reaches an intake outside their communities."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join dispatch, places and departments."""
        self._ports = ports
        self._places = places

    # --- handing in -----------------------------------------------------------------------------------------------

    def events(self, caller: Caller, source: SourceKind, facility: int | None) -> EventList:
        """What may be reported, at a facility that the caller sees if one is named."""
        class_id = None
        if facility is not None:
            found = self._places.now().facility(facility)
            if found is None or not caller.sees(found.community):
                raise ProblemError(Problems.NOT_FOUND)
            class_id = found.class_id
        return EventList(items=[event_view(one) for one in self._ports.intakes.events(source, class_id)])

    def report(self, caller: Caller, body: ReportRequest, key: str) -> IntakeView:
        """File what a worker saw."""
        facility = body.facility
        if body.facility_code:
            found = self._ports.registry.facility_by_code(body.facility_code)
            if found is None:
                raise ProblemError(Problems.NOT_FOUND)
            facility = found.facility.number
        self._check_place(caller, facility, body.community)
        ask = rows.IntakeAsk(
            key=bound(key),
            actor=caller.actor,
            source=SourceKind.WORKER,
            event=body.event,
            words=body.words,
            facility=facility,
            community=body.community,
            longitude=body.longitude,
            latitude=body.latitude,
        )
        return self._shown(self._file(ask))

    def known(
        self,
        caller: Caller,
        event: str,
        source: SourceKind,
        facility: int,
        community: int,
        spot: tuple[float, float] | None,
    ) -> KnownCases:
        """Open cases that a report would join or may be about, of the communities the caller sees."""
        self._check_place(caller, facility, community)
        ask = rows.IntakeAsk(
            key="",
            actor=caller.actor,
            source=source,
            event=event,
            words="",
            facility=facility,
            community=community,
            longitude=spot[0] if spot else None,
            latitude=spot[1] if spot else None,
        )
        found = self._ports.intakes.known(ask, self._ports.clock.now_ms())
        return KnownCases(items=[one for one in (self._known(caller, each) for each in found) if one is not None])

    def hand_down(self, caller: Caller, body: HandedDownRequest, key: str) -> IntakeView:
        """File what a department hands down."""
        return self._shown(self.handed(caller, body, key))

    def handed(self, caller: Caller, body: HandedDownRequest, key: str) -> rows.IntakeRow:
        """The same, as dispatch knows it.

        Raises:
            ProblemError: ``REFUSED`` for what no department hands down, ``NOT_FOUND`` for a place out of sight.
        """
        if body.source not in HANDED_DOWN:
            raise ProblemError(Problems.REFUSED)
        self._check_place(caller, body.facility, body.community)
        from_ms, to_ms = body.from_ms, body.to_ms
        if from_ms is not None or to_ms is not None:  # one end alone is a span, too, and has the same bounds
            from_ms, to_ms = asked_range(from_ms, to_ms, self._ports.clock.now_ms(), MONTH_MS)
        ask = rows.IntakeAsk(
            key=bound(key),
            actor=caller.actor,
            source=body.source,
            event=body.event,
            words=body.words,
            facility=body.facility,
            community=body.community,
            department=body.department,
            ref=body.ref,
            minutes=body.minutes,
            from_ms=from_ms,
            to_ms=to_ms,
        )
        return self._file(ask)

    def rule(self, caller: Caller, number: int, body: RulingRequest) -> IntakeView:
        """Decide of one that waits; a case that it joins must be in sight, too, and a department must be one."""
        self._seen(caller, number)
        if body.department and body.department not in {one.code for one in self._ports.book.departments()}:
            raise ProblemError(Problems.REFUSED)
        if body.verdict is Verdict.JOIN and body.case is not None:
            case = self._ports.cases.case(body.case, caller.horizon)
            if case is None or not caller.sees(case.case.community):
                raise ProblemError(Problems.NOT_FOUND)
        ruling = rows.Ruling(
            number=number,
            verdict=body.verdict,
            actor=caller.actor,
            words=body.words,
            case=body.case,
            event=body.event or "",
            facility=body.facility,
            department=body.department,
        )
        return self._shown(self._ports.intakes.rule(ruling, self._ports.clock.now_ms()))

    # --- looking --------------------------------------------------------------------------------------------------

    def page(
        self,
        caller: Caller,
        page: PageRequest,
        *,
        community: int | None,
        verdict: Verdict | None,
        source: SourceKind | None,
        department: str,
        case: int | None,
        referred: str = "",
    ) -> Page[IntakeView]:
        """Intakes of the communities the caller sees, newest first."""
        where = rows.IntakeFilter(
            communities=caller.narrowed(community),
            verdicts=frozenset() if verdict is None else frozenset({verdict}),
            sources=frozenset() if source is None else frozenset({source}),
            department=department,
            case=case,
            referred=referred,
        )
        try:
            got = self._ports.intakes.intakes(where, page)
        except Refused as error:
            raise ProblemError(Problems.BAD_CURSOR) from error
        return Page(items=[self._shown(row) for row in got.items], next_cursor=got.next_cursor or None)

    def one(self, caller: Caller, number: int) -> IntakeView:
        """One intake."""
        return self._shown(self._seen(caller, number))

    def burden(self, caller: Caller, community: int | None, from_ms: int | None, to_ms: int | None) -> BurdenReport:
        """What departments asked of communities; of 30 days unless told otherwise."""
        begin_ms, end_ms = self._span(caller, community, from_ms, to_ms)
        found = self._ports.intakes.burden(begin_ms, end_ms, caller.narrowed(community))
        places = self._places.now()
        items = burdens.shown(found, places, self._department)
        return BurdenReport(from_ms=begin_ms, to_ms=end_ms, items=items)

    def case_log(self, caller: Caller, community: int, from_ms: int | None, to_ms: int | None) -> LogAnswerView:
        """What the case log says of a community; of 30 days unless told otherwise."""
        begin_ms, end_ms = self._span(caller, community, from_ms, to_ms)
        return answer_view(self._ports.intakes.log(community, begin_ms, end_ms), self._places.now())

    def departments(self) -> DepartmentList:
        """The departments of the city."""
        found = self._ports.book.departments()
        return DepartmentList(items=[DepartmentView(code=one.code, name=Bilingual.of(one.name)) for one in found])

    def labels(
        self, caller: Caller, base: str, community: int, facility: int | None, part: int, language: str
    ) -> bytes:
        """Signs with QR for the facilities of a community, or for one of them; ``part`` counts from 1."""
        if not caller.sees(community):
            raise ProblemError(Problems.NOT_FOUND)
        numbers = None if facility is None else frozenset({facility})
        where = FacilityFilter(communities=frozenset({community}), numbers=numbers)
        found: list[Facility] = []
        cursor, wanted = "", part * MOST_LABELS
        while len(found) < wanted:
            page = self._ports.registry.facilities(where, PageRequest(limit=_LABELS_AT_ONCE, cursor=cursor))
            found += page.items
            cursor = page.next_cursor
            if not cursor:
                break
        mine = found[wanted - MOST_LABELS : wanted]
        if not mine:
            raise ProblemError(Problems.NOT_FOUND)
        return labels(base, mine, language)

    # --- photos ---------------------------------------------------------------------------------------------------

    def may_attach(self, caller: Caller, number: int, key: str) -> None:
        """Refuse a photo of what the caller has not handed in, before it is read."""
        self._ports.photos.awaits(number, bound(key), caller.actor, self._ports.clock.now_ms())

    def attach(self, caller: Caller, number: int, key: str, data: bytes) -> PhotoView:
        """Add a photo to what the caller has handed in."""
        return photo_view(self._ports.photos.attach(number, bound(key), caller.actor, data, self._ports.clock.now_ms()))

    def photo(self, caller: Caller, number: int, position: int) -> tuple[str, bytes]:
        """Media type and bytes of a photo."""
        self._seen(caller, number)
        found = self._ports.photos.photo(number, position, caller.horizon)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found

    # --- inside ---------------------------------------------------------------------------------------------------

    def _file(self, ask: rows.IntakeAsk) -> rows.IntakeRow:
        row = self._ports.intakes.file(ask, self._ports.clock.now_ms())
        log.info("intake filed", extra={"intake": row.code, "source": row.source, "verdict": row.verdict})
        return row

    def _known(self, caller: Caller, one: rows.Known) -> KnownCase | None:
        found = self._ports.cases.case(one.case, caller.horizon)
        if found is None or not caller.sees(found.case.community):
            return None
        case, places = found.case, self._places.now()
        return KnownCase(
            id=case.number,
            code=case.code,
            say=Bilingual.of(case.say),
            severity=severity_name(case.severity),
            state=case.state,
            facility=places.facility_ref(case.facility) if case.facility else None,
            opened_ms=case.opened_ms,
            same=one.same,
            distance_m=one.distance_m,
        )

    def _check_place(self, caller: Caller, facility: int, community: int) -> None:
        places = self._places.now()
        found = places.facility(facility) if facility else None
        where = found.community if found is not None else community
        if (facility and found is None) or where not in places.communities or not caller.sees(where):
            raise ProblemError(Problems.NOT_FOUND)

    def _seen(self, caller: Caller, number: int) -> rows.IntakeRow:
        found = self._ports.intakes.intake(number, caller.horizon)
        if found is None or not caller.sees(found.community):
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _span(self, caller: Caller, community: int | None, from_ms: int | None, to_ms: int | None) -> tuple[int, int]:
        if community is not None and not caller.sees(community):
            raise ProblemError(Problems.NOT_FOUND)
        return asked_range(from_ms, to_ms, self._ports.clock.now_ms(), MONTH_MS)

    def _department(self, code: str) -> Bilingual:
        return Bilingual.of(self._ports.book.owner_name(Owner(kind=OwnerKind.DEPARTMENT, code=code)))

    def _step(self, one: rows.IntakeStep, places: Places) -> StepView:
        return StepView(
            time_ms=one.at_ms,
            by=views.who(one.actor, one.person, places),
            before=one.before,
            after=one.after,
            department_name=self._department(one.department) if one.department else None,
            words=one.words,
        )

    def _shown(self, row: rows.IntakeRow) -> IntakeView:
        places = self._places.now()
        return IntakeView(
            id=row.number,
            code=row.code,
            source=row.source,
            event=row.event,
            say=Bilingual.of(row.say),
            severity=severity_name(row.severity),
            verdict=row.verdict,
            reasons=[ReasonView(key=one, say=Bilingual.of(REASONS[one])) for one in row.reasons],
            community=places.community_ref(row.community),
            facility=places.facility_ref(row.facility) if row.facility else None,
            longitude=row.longitude,
            latitude=row.latitude,
            words=row.words,
            department=row.department,
            department_name=self._department(row.department) if row.department else None,
            ref=row.ref,
            minutes=row.minutes,
            time_ms=row.at_ms,
            by=views.who(row.actor, row.person, places),
            case_id=row.case,
            case_code=row.case_code,
            candidates=list(row.candidates),
            figures=dict(row.figures),
            decided_ms=row.decided_ms,
            decided_by=views.who(row.decided_by, row.decider, places),
            ruling=row.ruling,
            referred=row.referred,
            referred_name=self._department(row.referred) if row.referred else None,
            steps=[self._step(one, places) for one in row.steps],
            answer=None if row.answer is None else answer_view(row.answer, places),
            photos=[photo_view(one) for one in row.photos],
        )


_LABELS_AT_ONCE = 100
