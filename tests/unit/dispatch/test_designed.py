"""Suppression by design in a backtest: what planned work and failed supplies keep silent there is silent live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from core.alarms import ChangeKind, Severity, SeverityStep
from core.flags import Cause, Suppression
from core.places import Text
from core.ports.registry import FacilityPlace, Roster
from dispatch.designed import PLANNED_WORST, Silence, foresee_designed, hushed
from dispatch.explained import COMING_BACK_MS
from dispatch.foreseen import Crew, PastAlarm
from dispatch.policy import Policy
from dispatch.suppression import SqlSuppression
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change

DAY = 24 * HOUR
WORK = Silence(MONDAY_9 + HOUR, MONDAY_9 + 3 * HOUR, PLANNED_WORST)
PATIENT = Crew(accept_ms=DAY)


def past(rule_id: str, facility: int, start_min: int, stop_min: int | None, **changes: object) -> PastAlarm:
    """An alarm, in minutes after nine."""
    info = replace(RULES[rule_id], **changes)  # type: ignore[arg-type]
    stop_ms = None if stop_min is None else MONDAY_9 + stop_min * MINUTE
    start_ms = MONDAY_9 + start_min * MINUTE
    return PastAlarm(info=info, facility=facility, severity=info.severity, start_ms=start_ms, stop_ms=stop_ms)


def opened(
    roster: Roster, alarms: Sequence[PastAlarm], planned: Mapping[int, Sequence[Silence]]
) -> tuple[list[int], int]:
    """When cases are opened, in minutes after nine, and how many alarms need none."""
    found = foresee_designed(alarms, roster, Policy(), PATIENT, MONDAY_9, MONDAY_9 + DAY, planned)
    return [(case.opened_ms - MONDAY_9) // MINUTE for case in found.cases], found.unheard


@pytest.mark.parametrize(
    ("rule_id", "start_min", "stop_min", "cases"),
    [
        ("medium", 59, 61, [59]),
        ("medium", 60, 170, []),
        ("high", 60, 179, []),
        ("medium", 100, 181, [180]),
        ("medium", 100, None, [180]),
        ("critical", 100, 110, [100]),
        ("medium", 180, 181, [180]),
        ("low", 170, 230, [200]),
        ("low", 70, 230, [180]),
    ],
)
def test_planned_work_is_silent_in_a_backtest_as_it_is_live(
    hall: Hall, rule_id: str, start_min: int, stop_min: int | None, cases: list[int]
) -> None:
    """The case comes when the work is over, if the alarm is still on; what is critical speaks."""
    pump = hall.city.facility("aa-sp-01")
    alarm = past(rule_id, pump, start_min, stop_min)
    assert opened(hall.city.registry.roster(), [alarm], {pump: [WORK]}) == (cases, 0 if cases else 1)
    design = SqlSuppression(hall.engine, rules=RULES.get, source=hall.city.registry)
    flag = Suppression(facility=pump, ref="w", reason="work", until_ms=WORK.until_ms, severity=PLANNED_WORST)
    for minute in range(250):
        now_ms = MONDAY_9 + minute * MINUTE
        if minute in (start_min, stop_min) or now_ms in (WORK.from_ms, WORK.until_ms) or minute % 10 == 0:
            design.hold(Cause.PLANNED_WORK, [flag] if WORK.from_ms <= now_ms < WORK.until_ms else [], now_ms)
            kind = {start_min: ChangeKind.OPENED, stop_min: ChangeKind.CLOSED}.get(minute)
            if kind is not None:
                stop = now_ms if kind is ChangeKind.CLOSED else None
                hall.apply(change(kind, rule_id, facility=pump, start=alarm.start_ms, stop=stop), now_ms=now_ms)
            hall.journal.tick(now_ms)
    assert [(case.opened_ms - MONDAY_9) // MINUTE for case in hall.cases()] == cases


def fed() -> dict[int, FacilityPlace]:
    """A board (1) that feeds a board (2) that feeds a pump (3)."""
    name = Text(zh="配电", en="Board")
    return {
        number: FacilityPlace(
            number=number, code=str(number), name=name, class_id="x", community=1, cells={}, parent=parent
        )
        for number, parent in ((1, None), (2, 1), (3, 2))
    }


def test_a_failed_supply_keeps_silent_what_hangs_on_it() -> None:
    """Up to medium, from its failing until three minutes after it is back, through the boards in between."""
    lost = past("medium", 1, 0, 30, supply="lost")
    back_min = 31 + COMING_BACK_MS // MINUTE  # of the board in between, which is back last
    inside, longer = past("medium", 3, 5, 31), past("medium-2", 3, 5, 60)
    before, worse = past("medium", 3, -5, 3), past("high", 3, 5, 31)
    latching = past("gas", 3, 5, 31, severity=Severity.MEDIUM)
    board = past("medium", 2, 5, 31, supply="lost")
    every = [lost, inside, longer, before, worse, latching, board]
    spoken, silent = hushed(every, fed(), Policy(), {})
    assert silent == [inside]
    assert [one.start_ms for one in spoken if one.info.rule_id == "medium-2"] == [MONDAY_9 + back_min * MINUTE]
    assert [one for one in spoken if one.info.rule_id != "medium-2"] == [lost, before, worse, latching, board]
    assert hushed([replace(lost, stop_ms=None), longer], fed(), Policy(), {})[1] == [longer]


def test_what_rises_above_a_silence_speaks_then() -> None:
    """The steps before that are left out; a rise within the silence's own bound changes nothing."""
    steps = tuple(
        SeverityStep(MONDAY_9 + minute * MINUTE, severity)
        for minute, severity in ((100, Severity.LOW), (110, Severity.HIGH), (120, Severity.CRITICAL))
    )
    alarm = replace(past("levels", 3, 100, 200), severity=Severity.LOW, steps=steps)
    ((spoken,), silent) = hushed([alarm], fed(), Policy(), {3: [WORK]})
    assert not silent
    assert (spoken.start_ms, spoken.severity, spoken.steps) == (steps[2].at_ms, Severity.CRITICAL, steps[2:])
    ((later,), _) = hushed([replace(alarm, steps=steps[:2])], fed(), Policy(), {3: [WORK]})
    assert (later.start_ms, later.severity) == (WORK.until_ms, Severity.HIGH)
