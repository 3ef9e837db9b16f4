"""How cases end, for pages: what observes them, what they cost, what went into them, which rules were wrong."""

from __future__ import annotations

from api import views
from api.access import Caller
from api.histories import MONTH_MS, asked_range
from api.idempotency import bound_key
from api.models.base import Bilingual, FieldMoved, severity_name
from api.models.closure import (
    CaseClosure,
    CaseName,
    CauseCount,
    CostSum,
    FalseAlarmReview,
    FalseAt,
    FalseRule,
    Handled,
    Handling,
    HandlingCorrected,
    HandlingCorrection,
    LadderShare,
    LastingRepair,
    LastingRequest,
    Limits,
    MergedCase,
    MergeRequest,
    Observation,
    PartUsed,
    RecurringFault,
    RecurringFaults,
    Report,
    SeverityLadder,
    SimilarCase,
    UnmergeRequest,
)
from api.performance_desk import deadband, delay
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.closure import HandlingReport, Part
from core.ports import closure as rows

_MOST_PLACES = 10


class ClosureDesk:
    """What people see of how cases end; nobody reaches a case outside their communities."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join dispatch and places."""
        self._ports = ports
        self._places = places

    def of_case(self, caller: Caller, number: int) -> CaseClosure:
        """All of a case that has to do with its end; the caller must see the case."""
        found = self._ports.closures.closure(number, self._ports.clock.now_ms())
        places = self._places.now()
        similar = [one for one in found.similar if _sees(caller, one.case, places)]
        return CaseClosure(
            observation=observation(found.watch),
            reports=[_report(one, places) for one in found.reports],
            cost=_cost(found.cost),
            merged_into=None if found.into is None else _merged(found.into, places),
            merged=[_merged(one, places) for one in found.merged],
            similar=[
                SimilarCase(case=_name(one.case, places), reasons=list(one.reasons), metres=one.metres)
                for one in similar
            ],
            recurring=None if found.recurring is None else _recurring(found.recurring, places),
        )

    def of_task(self, case: int) -> Observation | None:
        """What observes the case of a task."""
        return observation(self._ports.closures.watch(case))

    def handled(self, caller: Caller, task: int) -> Handled | None:
        """What was reported last with a task that the caller sees."""
        found = self._ports.closures.handled(task, caller.actor)
        if found is None:
            return None
        return Handled(**dict(_report(found.row, self._places.now())), may_correct=found.may_correct)

    def correct(self, caller: Caller, task: int, body: HandlingCorrection, key: str) -> HandlingCorrected:
        """Correct the newest report of a task that the caller sees; the same key again does nothing."""
        if not body.reason.strip():
            raise ProblemError(Problems.REASON_NEEDED)
        ask = rows.Correction(
            task=task,
            base=report_of(body.base),
            report=report_of(body.handling),
            reason=body.reason,
            actor=caller.actor,
            key=bound_key(key, str(task), "correct"),
        )
        moved = self._ports.closures.correct(ask, self._ports.clock.now_ms())
        handled = self.handled(caller, task)
        if handled is None:
            raise ProblemError(Problems.NOT_FOUND)
        return HandlingCorrected(handled=handled, meanwhile=[FieldMoved.of(one) for one in moved])

    def merge(self, caller: Caller, number: int, body: MergeRequest) -> None:
        """Let a case go into another of the same cause; the caller must see both."""
        for one in (number, body.into):
            found = self._ports.cases.case(one, caller.horizon)
            if found is None or not caller.sees(found.case.community):
                raise ProblemError(Problems.NOT_FOUND)
        if not body.reason.strip():
            raise ProblemError(Problems.REASON_NEEDED)
        self._ports.closures.merge(number, body.into, body.reason, caller.actor, self._ports.clock.now_ms())

    def unmerge(self, caller: Caller, number: int, body: UnmergeRequest) -> None:
        """Take a merging back; the caller must see the case."""
        found = self._ports.cases.case(number, caller.horizon)
        if found is None or not caller.sees(found.case.community):
            raise ProblemError(Problems.NOT_FOUND)
        if not body.reason.strip():
            raise ProblemError(Problems.REASON_NEEDED)
        self._ports.closures.unmerge(number, body.reason, caller.actor, self._ports.clock.now_ms())

    def recurring(self, caller: Caller, community: int | None) -> RecurringFaults:
        """Faults that came again often lately."""
        found = self._ports.closures.recurring(self._ports.clock.now_ms(), caller.narrowed(community))
        places = self._places.now()
        return RecurringFaults(items=[_recurring(one, places) for one in found])

    def decide_lasting(self, caller: Caller, number: int, body: LastingRequest) -> RecurringFaults:
        """Decide about a lasting repair at a facility one sees; the faults of its community after it."""
        facility = self._places.now().facility(number)
        if facility is None or not caller.sees(facility.community):
            raise ProblemError(Problems.NOT_FOUND)
        if not body.reason.strip():
            raise ProblemError(Problems.REASON_NEEDED)
        self._ports.closures.decide_lasting(
            number,
            body.family,
            accept=body.accept,
            project=body.project,
            reason=body.reason,
            actor=caller.actor,
            now_ms=self._ports.clock.now_ms(),
        )
        return self.recurring(caller, facility.community)

    def limits(self) -> Limits:
        """Which table of limits is in force."""
        found = self._ports.limits
        return Limits(
            file=found.file,
            own=found.own,
            version=found.version,
            source=Bilingual.of(found.source),
            rows=found.rows,
            ladder=[
                SeverityLadder(
                    severity=severity_name(severity),
                    steps=[LadderShare(step=step, share=share) for step, share in found.ladder[severity]],
                    proposed=severity in found.proposed,
                )
                for severity in sorted(found.ladder, reverse=True)
            ],
            appeal_days=found.appeal_days,
            appeal_proposed=found.appeal_proposed,
        )

    def review(
        self, caller: Caller, *, community: int | None, from_ms: int | None, to_ms: int | None
    ) -> FalseAlarmReview:
        """Rules that were wrong; in the last 30 days unless told otherwise."""
        if community is not None and not caller.sees(community):
            raise ProblemError(Problems.NOT_FOUND)
        begin_ms, end_ms = asked_range(from_ms, to_ms, self._ports.clock.now_ms(), MONTH_MS)
        found = self._ports.review.false_alarms(begin_ms, end_ms, caller.narrowed(community))
        places = self._places.now()
        return FalseAlarmReview(from_ms=begin_ms, to_ms=end_ms, items=[_false(one, places) for one in found])


def observation(row: rows.WatchRow | None) -> Observation | None:
    """An observation as it travels."""
    if row is None:
        return None
    return Observation(
        state=row.state,
        since_ms=row.since_ms,
        window_ms=row.window_ms,
        from_ms=row.from_ms,
        seen_ms=row.seen_ms,
        until_ms=row.until_ms,
        ended_ms=row.ended_ms,
        moment_ms=row.moment_ms,
        alarm_id=row.alarm_id or None,
        why=Bilingual.of(row.why),
    )


def handling(body: Handling | None) -> HandlingReport | None:
    """What was reported, in the words of dispatch."""
    return None if body is None else report_of(body)


def report_of(body: Handling) -> HandlingReport:
    """The same of what is there."""
    return HandlingReport(
        outcome=body.outcome,
        cause=body.cause,
        cause_text=body.cause_text,
        labour_min=body.labour_min,
        parts=tuple(Part(name=one.name, quantity=one.quantity, price_fen=one.price_fen) for one in body.parts),
        contractor_fen=body.contractor_fen,
        no_photo=body.no_photo,
    )


def _sees(caller: Caller, case: rows.CaseRef, places: Places) -> bool:
    facility = places.facility(case.facility)
    return facility is not None and caller.sees(facility.community)


def _cost(cost: rows.Cost) -> CostSum:
    return CostSum(labour_min=cost.labour_min, parts_fen=cost.parts_fen, contractor_fen=cost.contractor_fen)


def _name(case: rows.CaseRef, places: Places) -> CaseName:
    return CaseName(
        id=case.number,
        code=case.code,
        say=Bilingual.of(case.say),
        facility=places.facility_ref(case.facility),
        state=case.state,
        opened_ms=case.opened_ms,
        cost=_cost(case.cost),
    )


def _merged(one: rows.Merged, places: Places) -> MergedCase:
    by = views.who(one.actor, one.person, places)
    return MergedCase(case=_name(one.case, places), time_ms=one.at_ms, by=by, reason=one.reason)


def _report(one: rows.ReportRow, places: Places) -> Report:
    said = one.report
    return Report(
        time_ms=one.at_ms,
        by=views.who(one.actor, one.person, places),
        outcome=said.outcome,
        cause=said.cause,
        cause_text=said.cause_text,
        labour_min=said.labour_min,
        parts=[PartUsed(name=part.name, quantity=part.quantity, price_fen=part.price_fen) for part in said.parts],
        contractor_fen=said.contractor_fen,
        no_photo=said.no_photo,
    )


def _recurring(one: rows.Recurring, places: Places) -> RecurringFault:
    return RecurringFault(
        facility=places.facility_ref(one.facility),
        community=places.community_ref(one.community),
        family=one.family,
        say=Bilingual.of(one.say),
        since_ms=one.since_ms,
        cases=[_name(case, places) for case in one.cases],
        cost=_cost(one.cost),
        asks=one.asks,
        decision=None if one.decision is None else _lasting(one.decision, places),
    )


def _lasting(one: rows.LastingDecision, places: Places) -> LastingRepair:
    return LastingRepair(
        accepted=one.accepted,
        time_ms=one.at_ms,
        by=views.who(one.actor, one.person, places),
        reason=one.reason,
        case_id=one.case,
        project_id=one.project,
    )


def _false(one: rows.FalseAlarms, places: Places) -> FalseRule:
    return FalseRule(
        rule_id=one.rule_id,
        say=Bilingual.of(one.say),
        handled=one.handled,
        false=one.false,
        causes=[CauseCount(cause=cause, alarms=count) for cause, count in one.causes],
        facilities=[
            FalseAt(facility=places.facility_ref(number), alarms=count)
            for number, count in list(one.facilities.items())[:_MOST_PLACES]
        ],
        texts=list(one.texts),
        hold=delay(one.hold),
        wait=delay(one.wait),
        deadband=deadband(one.deadband),
    )
