"""What a failed supply explains is silent for its sake, what is worse speaks, and nothing is lost when it is back."""

from __future__ import annotations

from dataclasses import replace

from core.alarms import AlarmChange, ChangeKind, Interval, Severity
from core.cases import RuleInfo
from core.flags import Cause
from core.places import Grid, Text
from core.ports.registry import FacilityPlace
from dispatch.explained import COMING_BACK_MS, Explained
from dispatch.suppression import SqlSuppression
from tests.unit.dispatch.hall import MINUTE, MONDAY_9, RULES, Hall, change, rule

MAINS, PUMP, BELOW, ELSEWHERE = 1, 2, 3, 4
LOST = rule("mains-lost", Severity.HIGH, supply="lost")


def info(rule_id: str) -> RuleInfo | None:
    """The hall's rules, and one that tells of a supply."""
    return LOST if rule_id == "mains-lost" else RULES.get(rule_id)


def place(number: int, parent: int | None) -> FacilityPlace:
    """A facility that hangs on another one."""
    name = Text(zh=f"设施{number}", en=f"Facility {number}")
    return FacilityPlace(
        number=number,
        code=f"f{number}",
        name=name,
        class_id="x",
        community=1,
        cells={Grid.CONSTRUCTION: "c"},
        parent=parent,
    )


PLACES = {
    MAINS: place(MAINS, None),
    PUMP: place(PUMP, MAINS),
    BELOW: place(BELOW, PUMP),
    ELSEWHERE: place(ELSEWHERE, None),
}


def lost(stop: int | None = None) -> AlarmChange:
    """The mains are off, or on again."""
    kind = ChangeKind.OPENED if stop is None else ChangeKind.CLOSED
    return replace(change(kind, "mains-lost", facility=MAINS, stop=stop), severity=Severity.HIGH)


def test_what_hangs_on_a_failed_supply_is_explained_by_it() -> None:
    """Alarms up to medium of all that hangs on it, however far below; no others, and not its own."""
    explained = Explained(info)
    others = [change(ChangeKind.OPENED, facility=number) for number in (PUMP, BELOW, ELSEWHERE, MAINS)]
    worse = [change(ChangeKind.OPENED, rule_id, facility=PUMP) for rule_id in ("high", "critical", "gas")]
    explained.learn([*others, *worse], MONDAY_9)
    assert explained.wanted(PLACES, MONDAY_9) == []
    explained.learn([lost()], MONDAY_9)
    wanted = explained.wanted(PLACES, MONDAY_9)
    assert {one.alarm_id for one in wanted} == {others[0].alarm_id, others[1].alarm_id}
    assert {(one.ref, one.severity) for one in wanted} == {(lost().alarm_id, Severity.MEDIUM)}
    assert "Facility 1" in wanted[0].reason


def test_it_speaks_again_a_while_after_the_supply_is_back() -> None:
    """What has cleared by then was nothing; what has not is asked about."""
    explained = Explained(info)
    pump, below = (change(ChangeKind.OPENED, facility=number) for number in (PUMP, BELOW))
    explained.learn([lost(), pump, below], MONDAY_9)
    back_ms = MONDAY_9 + MINUTE
    explained.learn([lost(back_ms)], back_ms)
    cleared = Interval(start_ms=MONDAY_9, stop_ms=back_ms + 1, since_ms=MONDAY_9)
    explained.learn([replace(pump, kind=ChangeKind.CLOSED, interval=cleared)], back_ms + 1)
    assert [one.alarm_id for one in explained.wanted(PLACES, back_ms + COMING_BACK_MS - 1)] == [below.alarm_id]
    assert explained.wanted(PLACES, back_ms + COMING_BACK_MS) == []


def test_an_explained_alarm_opens_no_case_until_its_cause_is_gone(hall: Hall) -> None:
    """Through the journal: silent with its cause, then annunciated with its case; one that rises speaks at once."""
    pump, other = hall.city.facility("aa-sp-01"), hall.city.facility("aa-sp-02")
    places = {MAINS: PLACES[MAINS], pump: place(pump, MAINS), other: place(other, MAINS)}
    explained = Explained(info)
    book = SqlSuppression(hall.engine, rules=info, source=hall.city.registry)
    opened = [
        change(ChangeKind.OPENED, facility=pump),
        change(ChangeKind.OPENED, "levels", facility=other, steps=[(MONDAY_9, Severity.MEDIUM)]),
    ]
    explained.learn([lost(), *opened], MONDAY_9)
    book.hold(Cause.TOPOLOGY, explained.wanted(places, MONDAY_9), MONDAY_9)
    hall.apply(*opened)
    assert not hall.cases()
    risen = change(
        ChangeKind.SEVERITY,
        "levels",
        facility=other,
        steps=[(MONDAY_9, Severity.MEDIUM), (MONDAY_9 + MINUTE, Severity.HIGH)],
    )
    explained.learn([risen], MONDAY_9 + MINUTE)
    book.hold(Cause.TOPOLOGY, explained.wanted(places, MONDAY_9 + MINUTE), MONDAY_9 + MINUTE)
    hall.apply(risen, now_ms=MONDAY_9 + MINUTE)
    assert [case.facility for case in hall.cases()] == [other]
    explained.learn([lost(MONDAY_9 + 2 * MINUTE)], MONDAY_9 + 2 * MINUTE)
    late_ms = MONDAY_9 + 2 * MINUTE + COMING_BACK_MS
    book.hold(Cause.TOPOLOGY, explained.wanted(places, late_ms), late_ms)
    assert sorted(case.facility for case in hall.cases()) == sorted([pump, other])
