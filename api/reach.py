"""Whoever owns an open task sees its facility and its alarms, wherever they lie; nothing else of that community."""

from __future__ import annotations

from api.access import Caller
from core.ports.cases import CaseQueries


def sees_alarm(caller: Caller, cases: CaseQueries, alarm_id: str, community: int) -> bool:
    """Whether an alarm lies within the caller's horizon, or belongs to a case of which they have an open task."""
    if caller.sees(community):
        return True
    person = caller.login.person
    return person is not None and cases.works_on(person, alarm_id=alarm_id)


def sees_facility(caller: Caller, cases: CaseQueries, facility: int, community: int) -> bool:
    """Whether a facility lies within the caller's horizon, or belongs to a case of which they have an open task."""
    if caller.sees(community):
        return True
    person = caller.login.person
    return person is not None and cases.works_on(person, facility=facility)
