"""What a flag does to alarms, cases and people, inside a transaction (``docs/alarms.md``, part 7).

While one stands its alarms are silent: no case is opened, none is reopened, nobody is told of them. Their machines run
on. When the last one falls, what is still on is annunciated and opens its case then; so no active alarm is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.alarms import Severity
from core.cases import THE_SYSTEM, Actor
from core.flags import Cause, FlagEvent, FlagKind, FlagState, Suppression
from core.places import Grid, Text
from core.ports.registry import FacilityPlace, Roster
from dispatch import messages, tables
from dispatch.alarmwork import AlarmWork
from dispatch.flagwork import Reach, covers
from dispatch.policy import Policy
from dispatch.routing import Request, route

_FALLEN: Mapping[tuple[FlagKind, FlagEvent], str] = {
    (FlagKind.SHELVED, FlagEvent.LOWER): "unshelved",
    (FlagKind.SHELVED, FlagEvent.EXPIRE): "shelving_ended",
    (FlagKind.SUPPRESSED, FlagEvent.LOWER): "unsuppressed",
    (FlagKind.SUPPRESSED, FlagEvent.EXPIRE): "unsuppressed",
    (FlagKind.OUT_OF_SERVICE, FlagEvent.LOWER): "in_service",
}
"""What stands in an alarm's history when a flag over it has fallen; for a raised one it is the kind."""


def raise_flag(
    work: AlarmWork,
    kind: FlagKind,
    reach: Reach,
    *,
    reason: str,
    actor: Actor = THE_SYSTEM,
    until_ms: int | None = None,
    cause: str = "",
    ref: str = "",
    severity: Severity = Severity.CRITICAL,
) -> Any:
    """Raise a flag, or move the end of the one that stands for the same; its row. Repeated, it changes nothing."""
    before = {row.number: row for row in work.flags.standing(tables.flag.c.facility == reach.facility)}
    flag = work.flags.raised(
        kind, reach, reason=reason, actor=actor, until_ms=until_ms, cause=cause, ref=ref, severity=severity
    )
    if before.get(flag.number) != flag:
        _retell(work, flag, kind.value, actor, reason)
    return flag


def extend_flag(work: AlarmWork, flag: Any, until_ms: int, actor: Actor, reason: str) -> Any:
    """Move the end of a standing flag; its row."""
    after = work.flags.extended(flag, until_ms, actor, reason)
    _retell(work, after, after.kind, actor, reason)
    return after


def lower_flag(work: AlarmWork, flag: Any, actor: Actor = THE_SYSTEM, reason: str = "") -> Any:
    """Take a standing flag away; its row."""
    after = work.flags.ended(flag, FlagEvent.LOWER, actor, reason)
    _retell(work, after, _FALLEN[FlagKind(flag.kind), FlagEvent.LOWER], actor, reason)
    return after


def expire_flags(work: AlarmWork, roster: Roster, policy: Policy, now_ms: int) -> None:
    """What the clock does: shelving and suppression that have run out end; who took something out is reminded."""
    for flag in work.flags.due():
        after = work.flags.ended(flag, FlagEvent.EXPIRE)
        if after.state == FlagState.DOWN:
            _retell(work, after, _FALLEN[FlagKind(flag.kind), FlagEvent.EXPIRE], THE_SYSTEM, "")
        else:
            _remind(work, after, roster, policy, now_ms)
            work.ledger.tell_flag(flag, "overdue")


def suppress(work: AlarmWork, cause: Cause, wanted: Suppression, place: FacilityPlace | None) -> Any:
    """Let logic keep something silent; the flag's row."""
    reach = Reach(
        facility=wanted.facility,
        community=place.community if place else 0,
        rule_id=wanted.rule_id,
        alarm_id=wanted.alarm_id,
    )
    return raise_flag(
        work,
        FlagKind.SUPPRESSED,
        reach,
        reason=wanted.reason,
        until_ms=wanted.until_ms,
        cause=cause.value,
        ref=wanted.ref,
        severity=wanted.severity,
    )


def _retell(work: AlarmWork, flag: Any, event: str, actor: Actor, reason: str) -> None:
    """Let every alarm that a flag covers know of it, and whoever looks at the flags."""
    work.ledger.tell_flag(flag, event)
    for alarm in work.flags.affected(flag):
        if not covers(flag, alarm):
            continue
        work.reflag(alarm, event, actor=actor, note=reason, until_ms=flag.until_ms if flag.ended_ms is None else None)


def _remind(work: AlarmWork, flag: Any, roster: Roster, policy: Policy, now_ms: int) -> None:
    """Tell whoever took it out of service, and whoever stands above, that its planned end has passed."""
    place = roster.places.get(flag.facility)
    request = Request(
        grid=Grid.CONSTRUCTION,
        community=flag.community,
        cell="",
        skill="",
        severity=Severity.MEDIUM,
        at_ms=now_ms,
        excluded={},
        supervisors_only=True,
    )
    above = route(request, roster, {}, policy).owner
    setter = roster.people.get(flag.person) if flag.person is not None else None
    told = [setter.number if setter is not None and setter.active else None, above]
    name = place.name if place else Text(zh=f"设施 {flag.facility}", en=f"Facility {flag.facility}")
    for person in dict.fromkeys(person for person in told if person is not None):
        work.ledger.notify(
            "out_of_service",
            ref=f"flag-{flag.number}",
            version=now_ms,
            person=person,
            channels=policy.channels[Severity.MEDIUM],
            title=messages.title("out_of_service", Severity.MEDIUM, name),
            body=messages.overrun(flag.reason, flag.until_ms, policy.calendar.zone),
        )
