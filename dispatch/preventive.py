"""When preventive work is due, and whether it may be given out now. Pure: what is known in, verdicts out.

A plan has triggers, and whichever comes first decides. Running hours and cycles are carried forward at the pace of
late, so that work can be given out before it is due and in a window that suits. What is open keeps it back: the same
work is never filed twice, and no second visit is asked for while a repair at the facility is open.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from core.alarms import Severity
from core.errors import Invalid
from core.findings import Finding, Said
from core.ports.preventive import Counted, DueState, DueWork, Plan, Trigger, TriggerKind, Upkeep
from dispatch import preventive_findings as kinds

DAY_MS = 86_400_000
OVERDUE_SHARE = 1.2
"""So far beyond its interval work no longer waits for its window or for another repair: it is given out."""
AGAIN_MS = 30 * DAY_MS
"""Work that somebody cancelled with a reason is not filed again before."""
_BLIND_MS = 30 * DAY_MS
"""A counter that has said nothing for so long is not carried forward any more."""
_FIRST_DAY, _LAST_DAY = "1970-01-01", "2199-12-31"
_BOUNDS = {
    TriggerKind.HOURS: (1, 200_000),
    TriggerKind.CYCLES: (1, 100_000_000),
    TriggerKind.CALENDAR: (1, 240),
    TriggerKind.CONDITION: (1, 90),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reach:
    """How far a trigger has come: the share that is used, when it will be used up, and when it may be given out."""

    trigger: int
    used: float
    due_ms: int | None


def check_plan(plan: Plan, others: Sequence[Plan], classes: frozenset[str]) -> None:
    """Refuse a plan that cannot be.

    Args:
        plan: as it is to be kept.
        others: all plans that there are; itself among them is passed over.
        classes: facility classes that there are.

    Raises:
        Invalid: with everything that is wrong in it.
    """
    found = [*_wrong_plan(plan, others, classes)]
    for trigger in plan.triggers:
        found += _wrong_trigger(trigger)
    if found:
        raise Invalid(found)


def _wrong_plan(plan: Plan, others: Sequence[Plan], classes: frozenset[str]) -> Iterator[Finding]:
    if not 0 < len(plan.code.strip()) <= 64 or not (plan.work.zh.strip() and plan.work.en.strip()):
        yield kinds.PLAN_NAMELESS.at()
    if any(other.code == plan.code.strip() and (not plan.number or other.number != plan.number) for other in others):
        yield kinds.PLAN_CODE_TAKEN.at(code=plan.code)
    if plan.class_id not in classes:
        yield kinds.PLAN_CLASS.at(value=plan.class_id)
    if not plan.triggers:
        yield kinds.PLAN_NEVER_DUE.at()
    window = plan.window
    if not (window.months <= set(range(1, 13)) and window.weekdays <= set(range(7))):
        yield kinds.PLAN_WINDOW.at()
    if not (0 <= plan.lead_days <= 180 and 1 <= plan.limit_days <= 180):
        yield kinds.PLAN_DAYS.at()
    if plan.severity > Severity.MEDIUM:
        yield kinds.PLAN_SEVERITY.at()
    if not _is_day(plan.started_day):
        yield kinds.PLAN_DAY.at(value=repr(plan.started_day))


def _wrong_trigger(trigger: Trigger) -> Iterator[Finding]:
    least, most = _BOUNDS[trigger.kind]
    if not least <= trigger.every <= most:
        yield kinds.TRIGGER_EVERY.at(kind=kinds.TRIGGERS[trigger.kind.value], least=least, most=most)
    if trigger.kind is TriggerKind.CALENDAR and not float(trigger.every).is_integer():
        yield kinds.TRIGGER_EVERY.at(kind=kinds.TRIGGERS[trigger.kind.value], least=least, most=most)
    if bool(trigger.measurement) != (trigger.kind is not TriggerKind.CALENDAR):
        yield kinds.TRIGGER_MEASUREMENT.at(kind=kinds.TRIGGERS[trigger.kind.value])
    limits = [limit for limit in (trigger.above, trigger.below) if limit is not None]
    wanted = 1 if trigger.kind is TriggerKind.CONDITION else 0
    if len(limits) != wanted or not all(math.isfinite(limit) for limit in limits):
        yield kinds.TRIGGER_LIMIT.at(kind=kinds.TRIGGERS[trigger.kind.value])


def _is_day(text: str) -> bool:
    """Whether a plan may begin on it: from the first to the last days of the calendar nothing can be counted."""
    try:
        return date.fromisoformat(text).isoformat() == text and _FIRST_DAY <= text <= _LAST_DAY
    except ValueError:
        return False


# --- what is due ------------------------------------------------------------------------------------------------------


def due(plan: Plan, known: Upkeep, now_ms: int, zone: tzinfo) -> DueWork:
    """Where the work of a plan stands at a facility."""
    reaches = [
        reach for at in range(len(plan.triggers)) if (reach := _reach(plan, known, at, now_ms, zone)) is not None
    ]
    first = min(reaches, key=lambda one: (math.inf if one.due_ms is None else one.due_ms, -one.used), default=None)
    state, why = _state(plan, known, first, now_ms, zone)
    return DueWork(
        plan=plan.number,
        facility=known.facility,
        state=state,
        due_ms=None if first is None else first.due_ms,
        used=0.0 if first is None else max(one.used for one in reaches),
        trigger=None if first is None else first.trigger,
        case=known.open_case,
        why=why,
    )


def since_ms(plan: Plan, known: Upkeep, zone: tzinfo) -> int:
    """From when the plan counts at a facility: when it was last done, else its beginning."""
    return known.done_ms if known.done_ms is not None else _midnight(date.fromisoformat(plan.started_day), zone)


def _reach(plan: Plan, known: Upkeep, at: int, now_ms: int, zone: tzinfo) -> _Reach | None:
    """How far a trigger has come; ``None`` if its counter says nothing."""
    trigger = plan.triggers[at]
    if trigger.kind is TriggerKind.CALENDAR:
        begin_ms = since_ms(plan, known, zone)
        due_ms = _months_later(begin_ms, int(trigger.every), zone)
        return _Reach(trigger=at, used=max(0.0, (now_ms - begin_ms) / (due_ms - begin_ms)), due_ms=due_ms)
    counted = known.counted.get(at)
    if counted is None or counted.seen_ms is None:
        return None
    used = counted.amount / trigger.every
    if trigger.kind is TriggerKind.CONDITION:
        # A condition is no wear: nobody knows when it will come, and it is due when it is there.
        return _Reach(trigger=at, used=used, due_ms=now_ms if used >= 1 else None)
    if used < 1 and now_ms - counted.seen_ms > _BLIND_MS:
        return None
    return _Reach(trigger=at, used=used, due_ms=_carried(trigger, counted, now_ms))


def _carried(trigger: Trigger, counted: Counted, now_ms: int) -> int | None:
    """When a counter will be, or was, used up at the pace of late; ``None`` while it stands still."""
    left = trigger.every - counted.amount
    if not counted.a_day or counted.a_day <= 0:
        return now_ms if left <= 0 else None
    days = max(-3_650.0, min(36_500.0, left / counted.a_day))
    return now_ms + round(days * DAY_MS)


def _state(plan: Plan, known: Upkeep, first: _Reach | None, now_ms: int, zone: tzinfo) -> tuple[DueState, Said]:
    if known.open_case is not None:
        return DueState.OPEN, kinds.OPEN(case=known.open_case)
    if first is None:
        return DueState.BLIND, kinds.BLIND()
    if first.due_ms is None or now_ms < first.due_ms - plan.lead_days * DAY_MS:
        return DueState.LATER, _said(plan, first, zone)
    if known.out_of_service:
        return DueState.HELD, kinds.OUT_OF_SERVICE()
    if known.cancelled_ms is not None and now_ms - known.cancelled_ms < AGAIN_MS:
        return DueState.HELD, kinds.CANCELLED(days=AGAIN_MS // DAY_MS)
    if first.used < OVERDUE_SHARE:
        if known.other_case is not None:
            return DueState.HELD, kinds.REPAIR_OPEN(case=known.other_case)
        if not _in_window(plan, now_ms, zone):
            return DueState.HELD, kinds.WINDOW_CLOSED()
    return DueState.READY, _said(plan, first, zone)


def _said(plan: Plan, reach: _Reach, zone: tzinfo) -> Said:
    trigger = plan.triggers[reach.trigger]
    share = f"{reach.used:.0%}"
    if trigger.kind is TriggerKind.CONDITION:
        limit = f"> {trigger.above:g}" if trigger.above is not None else f"< {trigger.below:g}"
        return kinds.BY_CONDITION(measurement=trigger.measurement, limit=limit, days=f"{trigger.every:g}")
    unit = kinds.TRIGGERS[trigger.kind.value]
    if reach.due_ms is None:
        return kinds.STANDS_STILL(every=f"{trigger.every:g}", unit=unit, share=share)
    day = datetime.fromtimestamp(reach.due_ms / 1000, zone).date().isoformat()
    return kinds.BY_INTERVAL(every=f"{trigger.every:g}", unit=unit, share=share, day=day)


def _in_window(plan: Plan, now_ms: int, zone: tzinfo) -> bool:
    day = datetime.fromtimestamp(now_ms / 1000, zone)
    window = plan.window
    return (not window.months or day.month in window.months) and (
        not window.weekdays or day.weekday() in window.weekdays
    )


def _months_later(from_ms: int, months: int, zone: tzinfo) -> int:
    """The same moment of the day so many months later; of a shorter month its last day."""
    begin = datetime.fromtimestamp(from_ms / 1000, zone)
    year, month = divmod(begin.month - 1 + months, 12)
    year, month = begin.year + year, month + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return round(begin.replace(year=year, month=month, day=min(begin.day, last)).timestamp() * 1000)


def _midnight(day: date, zone: tzinfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
