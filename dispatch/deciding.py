"""What is decided about alarms, cases and tasks, apart from where their rows are kept.

``alarmwork``, ``casework`` and ``assignment`` ask these functions inside a transaction, ``foresight`` asks them in
memory: so what a backtest foretells is what dispatch would have done. Values in, values out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto

from core.alarms import Severity
from core.cases import Deadline, DeadlineWhat, RuleInfo, TaskKind
from core.places import Grid
from core.ports.cases import PassedOver
from core.ports.registry import FacilityPlace
from core.stages import Stage, StageLimit
from dispatch.limitbook import accept_default, stage_limit
from dispatch.policy import Policy
from dispatch.routing import Request


def wants_case(severity: Severity, start_ms: int, now_ms: int, policy: Policy) -> bool:
    """Whether an alarm that is on needs a case by now (docs/alarms.md, part 8)."""
    if severity is Severity.LOW:
        return start_ms <= now_ms - policy.low_after_ms
    return severity >= Severity.MEDIUM


def wait_for_case_ms(severity: Severity, policy: Policy) -> int | None:
    """How long after its start an alarm that stays on gets its case; ``None``: never."""
    if severity is Severity.LOW:
        return policy.low_after_ms
    return 0 if severity >= Severity.MEDIUM else None


def stage_limit_of(
    policy: Policy, stage: Stage, severity: Severity, *, class_id: str, event: str, stated: Deadline | None = None
) -> StageLimit:
    """The limit of a stage: what the rule states of it, else the table of class and event, else the severity's."""
    default = {
        Stage.ACCEPT: accept_default(severity, policy.accept_ms, policy.accept_clock(severity)),
        Stage.ARRIVE: policy.look[severity],
        Stage.HANDLE: policy.handle[severity],
        Stage.VERIFY: policy.verify[severity],
    }[stage]
    return stage_limit(policy.limits, stage, class_id=class_id, event=event, stated=stated, default=default)


def handling_limit(info: RuleInfo, severity: Severity, policy: Policy, class_id: str = "") -> Deadline:
    """The limit of a case that an alarm of this rule opens or raises: what the rule states, whatever it is of."""
    if info.deadline is not None:
        return info.deadline
    found = stage_limit_of(policy, Stage.HANDLE, severity, class_id=class_id, event=info.family)
    return found.deadline(DeadlineWhat.HANDLE)


def task_limit(
    kind: TaskKind, info: RuleInfo, severity: Severity, policy: Policy, class_id: str = "", *, repaired: bool
) -> Deadline:
    """The limit of a task: of the repair, of the first look before it, or of the verification after it."""
    if kind is TaskKind.HANDLE:
        return handling_limit(info, severity, policy, class_id)
    if not repaired:
        return policy.look[severity]
    found = stage_limit_of(policy, Stage.VERIFY, severity, class_id=class_id, event=info.family)
    return found.deadline(DeadlineWhat.HANDLE)


class AllOff(Enum):
    """What follows when all alarms of an open case are off."""

    SELF_CLEARED = auto()
    """Nobody has begun: the case ends by itself."""
    NOTED = auto()
    """Somebody is at work and is told."""


def when_all_off(*, begun: bool) -> AllOff:
    """A case whose alarms are all off, none of them latched."""
    return AllOff.NOTED if begun else AllOff.SELF_CLEARED


def announce_ms(severity: Severity, now_ms: int, policy: Policy) -> int:
    """When a task of this severity is announced: now, or when work begins again."""
    return policy.calendar.next_start(now_ms) if policy.rests_at_night(severity) else now_ms


def needs_call_out(severity: Severity, not_before_ms: int | None, now_ms: int, policy: Policy) -> bool:
    """Whether a task that was given to somebody for the morning is now so urgent that it is given anew."""
    return not policy.rests_at_night(severity) and (not_before_ms or 0) > now_ms


def request_for(
    *,
    kind: TaskKind,
    grid: Grid,
    support: Grid | None,
    place: FacilityPlace | None,
    community: int,
    severity: Severity,
    at_ms: int,
    excluded: Mapping[int, PassedOver],
    policy: Policy,
) -> Request:
    """The question whom a task of a case goes to."""
    repairs, class_id = kind is TaskKind.HANDLE, place.class_id if place else ""
    wishes = policy.wishes(class_id)
    looks = not repairs and support is not None and grid is Grid.GOVERNANCE
    return Request(
        grid=grid,
        community=community,
        cell=place.cells.get(grid, "") if place else "",
        skill=place.skill if place and repairs else "",
        certificate=wishes.certificate if repairs else "",
        mode=policy.mode(class_id, severity),
        volunteers=looks and wishes.volunteers is not None and severity <= wishes.volunteers,
        spot=place.spot if place else None,
        severity=severity,
        at_ms=at_ms,
        excluded=excluded,
        supervisors_only=kind is TaskKind.VERIFY and support is None,
    )


def attempts(request: Request, place: FacilityPlace | None) -> Sequence[Request]:
    """Whom to ask one after the other until there is somebody: without anybody, those who returned it once more."""
    hard = {person: why for person, why in request.excluded.items() if why is PassedOver.OWN_REPAIR}
    found = [request]
    if request.supervisors_only:  # the supervisor repaired it: the other grid looks
        other = request.grid.other
        cell = place.cells.get(other, "") if place else ""
        found.append(replace(request, grid=other, cell=cell, supervisors_only=False))
    if len(hard) < len(request.excluded):
        found += [replace(attempt, excluded=hard) for attempt in tuple(found)]
    return found
