"""Alarms for pages: lists, one alarm, and what people do with it."""

from __future__ import annotations

from api import views
from api.access import Caller
from api.flag_desk import FlagDesk
from api.models.alarms import Acknowledgement, AlarmDetail, AlarmSummary, ShelveRequest
from api.models.base import Bilingual, Page, SeverityName
from api.models.flags import AlarmOutOfServiceRequest, CommentRequest, ReturnRequest
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.reach import sees_alarm
from core.alarms import AlarmState
from core.errors import Refused
from core.flags import FlagKind
from core.ports.cases import AlarmDetail as AlarmDetailRow
from core.ports.cases import AlarmFilter
from core.ports.registry import PageRequest

_MINUTE_MS = 60_000


class AlarmDesk:
    """What people see of alarms and do with them.

    Nobody reaches an alarm outside their communities, but whoever has an open task of its case may look at it.
    """

    def __init__(self, ports: ApiPorts, places: PlaceBook, flags: FlagDesk) -> None:
        """Join dispatch, rules, places and flags."""
        self._ports = ports
        self._places = places
        self._flags = flags

    def page(
        self,
        caller: Caller,
        page: PageRequest,
        *,
        community: int | None = None,
        facility: int | None = None,
        severity: SeverityName | None = None,
        states: frozenset[AlarmState] = frozenset(),
        active: bool | None = None,
        attention: bool = False,
        flags: frozenset[FlagKind] = frozenset(),
        silent: bool | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> Page[AlarmSummary]:
        """Alarms, newest first."""
        where = AlarmFilter(
            communities=caller.narrowed(community),
            facility=facility,
            minimum=views.severity_of(severity),
            states=states,
            on=active,
            needs_attention=attention,
            flags=flags,
            silent=silent,
            from_ms=from_ms,
            to_ms=to_ms,
        )
        try:
            got = self._ports.cases.alarms(where, page)
        except Refused as error:
            raise ProblemError(Problems.BAD_CURSOR) from error
        places = self._places.now()
        return Page(items=[views.alarm(row, places) for row in got.items], next_cursor=got.next_cursor or None)

    def one(self, caller: Caller, alarm_id: str) -> AlarmDetail:
        """One alarm."""
        found = self._ports.cases.alarm(alarm_id)
        if found is None or not sees_alarm(caller, self._ports.cases, alarm_id, found.alarm.community):
            raise ProblemError(Problems.NOT_FOUND)
        return self._shown(found)

    def acknowledge(self, caller: Caller, alarm_id: str, body: Acknowledgement) -> AlarmDetail:
        """Note that somebody has seen it."""
        self._seen(caller, alarm_id)
        self._ports.case_commands.acknowledge(alarm_id, caller.actor, self._ports.clock.now_ms(), body.note)
        return self.one(caller, alarm_id)

    def reset(self, caller: Caller, alarm_id: str, body: Acknowledgement) -> AlarmDetail:
        """Release a latched alarm."""
        self._seen(caller, alarm_id)
        self._ports.case_commands.reset(alarm_id, caller.actor, self._ports.clock.now_ms(), body.note)
        return self.one(caller, alarm_id)

    def comment(self, caller: Caller, alarm_id: str, body: CommentRequest) -> AlarmDetail:
        """Write something beside it."""
        self._seen(caller, alarm_id)
        self._ports.case_commands.comment(alarm_id, caller.actor, body.text, self._ports.clock.now_ms())
        return self.one(caller, alarm_id)

    def shelve(self, caller: Caller, alarm_id: str, body: ShelveRequest) -> AlarmDetail:
        """Put it aside for a while."""
        self._seen(caller, alarm_id)
        now_ms = self._ports.clock.now_ms()
        until_ms = now_ms + body.minutes * _MINUTE_MS
        self._ports.case_commands.shelve(alarm_id, caller.actor, until_ms, body.reason, now_ms, body.scope)
        return self.one(caller, alarm_id)

    def unshelve(self, caller: Caller, alarm_id: str, body: ReturnRequest | None) -> AlarmDetail:
        """Take it up again."""
        self._seen(caller, alarm_id)
        reason = "" if body is None else body.reason
        self._ports.case_commands.unshelve(alarm_id, caller.actor, self._ports.clock.now_ms(), reason)
        return self.one(caller, alarm_id)

    def take_out(self, caller: Caller, alarm_id: str, body: AlarmOutOfServiceRequest) -> AlarmDetail:
        """Take it, its rule at its facility, or the whole facility out of service."""
        self._seen(caller, alarm_id)
        now_ms = self._ports.clock.now_ms()
        self._ports.case_commands.take_out(alarm_id, caller.actor, body.until_ms, body.reason, now_ms, body.scope)
        return self.one(caller, alarm_id)

    def _seen(self, caller: Caller, alarm_id: str) -> AlarmDetailRow:
        """The alarm, if it lies within the caller's horizon."""
        found = self._ports.cases.alarm(alarm_id, caller.horizon)
        if found is None or not caller.sees(found.alarm.community):
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _shown(self, found: AlarmDetailRow) -> AlarmDetail:
        places = self._places.now()
        summary = views.alarm(found.alarm, places)
        return AlarmDetail(
            **dict(summary),
            flags=[self._flags.shown(row, places) for row in found.flags],
            history=[views.alarm_entry(row, places) for row in found.history],
            evidence=views.evidence(found.evidence),
            steps=views.steps(found.alarm),
            pieces=views.pieces(found.alarm),
            do=[Bilingual.of(text) for text in found.do],
            rule=views.rule(self._ports.rules.rule(found.alarm.rule_id)),
        )
