"""Flags for pages: lists, one flag, and what people do with what is out of service."""

from __future__ import annotations

from api import views
from api.access import Caller
from api.models.base import Bilingual, Page, SeverityName
from api.models.flags import AlarmTally, FlagDetail, FlagEntry, FlagView, OutOfServiceRequest, ReturnRequest
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.errors import Refused
from core.flags import FlagKind
from core.ports import flags as rows
from core.ports.cases import AlarmFilter
from core.ports.registry import PageRequest


class FlagDesk:
    """What people see of flags and do with them; nobody reaches one outside their communities."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join dispatch, registry and rules."""
        self._ports = ports
        self._places = places

    def page(
        self,
        caller: Caller,
        page: PageRequest,
        *,
        community: int | None,
        facility: int | None,
        kinds: frozenset[FlagKind],
        standing: bool | None,
    ) -> Page[FlagView]:
        """Flags, newest first."""
        where = rows.FlagFilter(
            communities=caller.narrowed(community), facility=facility, kinds=kinds, standing=standing
        )
        try:
            got = self._ports.cases.flags(where, page)
        except Refused as error:
            raise ProblemError(Problems.BAD_CURSOR) from error
        places = self._places.now()
        return Page(items=[self.shown(row, places) for row in got.items], next_cursor=got.next_cursor or None)

    def one(self, caller: Caller, number: int) -> FlagDetail:
        """One flag with its history."""
        found = self._ports.cases.flag(number, caller.horizon)
        if found is None or not caller.sees(found.flag.community):
            raise ProblemError(Problems.NOT_FOUND)
        places = self._places.now()
        return FlagDetail(
            **dict(self.shown(found.flag, places)),
            history=[
                FlagEntry(
                    time_ms=step.at_ms,
                    what=step.event,
                    by=views.who(step.actor, step.person, places),
                    from_state=step.from_state,
                    to_state=step.to_state,
                    until_ms=step.until_ms,
                    note=step.note,
                )
                for step in found.steps
            ],
        )

    def tally(
        self, caller: Caller, *, community: int | None, facility: int | None, severity: SeverityName | None
    ) -> AlarmTally:
        """Counts for the lists of alarms."""
        if community is not None and not caller.sees(community):
            raise ProblemError(Problems.NOT_FOUND)
        where = AlarmFilter(
            communities=caller.narrowed(community), facility=facility, minimum=views.severity_of(severity)
        )
        found = self._ports.cases.alarm_counts(where)
        return AlarmTally(**{name: getattr(found, name) for name in AlarmTally.model_fields})

    def take_out_facility(self, caller: Caller, facility: int, body: OutOfServiceRequest) -> FlagView:
        """Take a facility out of service."""
        known = self._places.now().facilities.get(facility)
        if known is None or not caller.sees(known.community):
            raise ProblemError(Problems.NOT_FOUND)
        now_ms = self._ports.clock.now_ms()
        row = self._ports.case_commands.take_out_facility(facility, caller.actor, body.until_ms, body.reason, now_ms)
        return self.shown(row, self._places.now())

    def extend(self, caller: Caller, number: int, body: OutOfServiceRequest) -> FlagDetail:
        """Move the planned end."""
        self.one(caller, number)
        now_ms = self._ports.clock.now_ms()
        self._ports.case_commands.extend(number, caller.actor, body.until_ms, body.reason, now_ms)
        return self.one(caller, number)

    def put_back(self, caller: Caller, number: int, body: ReturnRequest) -> FlagDetail:
        """Return to service."""
        self.one(caller, number)
        self._ports.case_commands.put_back(number, caller.actor, body.reason, self._ports.clock.now_ms())
        return self.one(caller, number)

    def shown(self, row: rows.FlagRow, places: Places) -> FlagView:
        """A flag as it travels."""
        rule = self._ports.rules.rule(row.rule_id) if row.rule_id else None
        return FlagView(
            id=row.number,
            kind=row.kind,
            state=row.state,
            scope=row.scope,
            facility=places.facility_ref(row.facility),
            community=places.community_ref(row.community),
            rule_id=row.rule_id,
            rule_say=None if rule is None else Bilingual.of(rule.info.say),
            alarm_id=row.alarm_id,
            cause=row.cause,
            ref=row.ref,
            reason=row.reason,
            by=views.who(row.actor, row.person, places),
            set_ms=row.set_ms,
            until_ms=row.until_ms,
            ended_ms=row.ended_ms,
        )
