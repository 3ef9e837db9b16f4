"""Folding in the journal: one outage, one alarm, one case; both sides say what became of it."""

from __future__ import annotations

from dataclasses import replace

from core.alarms import AlarmChange, AlarmKind, ChangeKind, Severity, SeverityStep, Unseen, alarm_id
from core.cases import CaseState
from core.places import Text
from dispatch.fold_queries import SqlFoldQueries
from tests.unit.dispatch.hall import MINUTE, MONDAY_9, Hall, change

OPENED, FOLDED, COVERS, CLOSED = ChangeKind.OPENED, ChangeKind.FOLDED, ChangeKind.COVERS, ChangeKind.CLOSED
SAY = Text(zh="一号箱停电：网关 2 台、设备 14 台失联", en="Board 1 without power: 2 gateways, 14 devices unseen")


def sight(
    hall: Hall, kind: ChangeKind, element: str = "", *, facility: str = "aa-sp-01", stop: int | None = None
) -> AlarmChange:
    """A change of an alarm of sight that opens a case at once."""
    number = hall.city.facility(facility)
    plain = change(kind, "alone", facility=number, stop=stop)
    return replace(
        plain,
        alarm_id=alarm_id(f"alone#{element}", number, MONDAY_9),
        severity=Severity.MEDIUM,
        alarm_kind=AlarmKind.SIGHT,
        element=element,
        say=Text(zh=f"总线 {element} 失联", en=f"Bus {element} is lost"),
    )


def test_elements_of_one_facility_have_alarms_and_cases_of_their_own(hall: Hall) -> None:
    """Two buses of a gateway are two things to mend; each is named where people look."""
    hall.apply(sight(hall, OPENED, "g/n/b0"), sight(hall, OPENED, "g/n/b1"))
    assert [case.say.en for case in hall.cases()] == ["Bus g/n/b0 is lost", "Bus g/n/b1 is lost"]
    assert len({case.family for case in hall.cases()}) == 2
    known = {one.element: one.alarm_id for one in hall.journal.announced(0)}
    assert known == {element: sight(hall, OPENED, element).alarm_id for element in ("g/n/b0", "g/n/b1")}


def test_an_alarm_that_is_folded_ends_with_a_link_and_a_note_in_both_cases(hall: Hall) -> None:
    """Its case, which nobody had begun, is cancelled as folded."""
    bus, gateway = sight(hall, OPENED, "g/n/b0"), sight(hall, OPENED, facility="aa-sp-02")
    hall.apply(bus)
    stop_ms = MONDAY_9 + MINUTE
    folded = replace(sight(hall, FOLDED, "g/n/b0", stop=stop_ms), into=gateway.alarm_id)
    hall.apply(gateway, folded, now_ms=stop_ms)
    first, second = hall.cases()
    assert (first.state, first.note) == (CaseState.CANCELLED, "folded")
    assert second.state is CaseState.DISPATCHED
    queries = SqlFoldQueries(hall.engine)
    below, above = queries.folding(bus.alarm_id), queries.folding(gateway.alarm_id)
    assert below.into is not None
    assert below.into.alarm_id == gateway.alarm_id
    assert [one.alarm_id for one in above.folded] == [bus.alarm_id]
    notes = {step.action: step.note for number in (1, 2) for step in hall.queries.case(number).history}  # type: ignore[union-attr]
    assert notes["folded"] == gateway.alarm_id
    assert notes["folds"] == bus.alarm_id


def test_what_an_alarm_hides_is_kept_up_to_date_and_nothing_else_changes(hall: Hall) -> None:
    """Also of an alarm of the process: its interval, state and history stay as they are."""
    board = change(OPENED, "high", facility=hall.city.facility("aa-sp-01"))
    hall.apply(board)
    before = hall.queries.alarm(board.alarm_id)
    unseen = Unseen(gateways=2, devices=14, facilities=(1, 2, 3))
    covers = replace(board, kind=COVERS, rule_id="sight.supply", unseen=unseen, say=SAY, alarm_kind=AlarmKind.SIGHT)
    for _ in range(2):
        hall.apply(covers, now_ms=MONDAY_9 + MINUTE)
    assert hall.queries.alarm(board.alarm_id) == before
    found = SqlFoldQueries(hall.engine).folding(board.alarm_id)
    assert (found.unseen, found.say) == (unseen, SAY)
    detail = hall.queries.case(1)
    assert detail is not None
    assert [step.note for step in detail.history if step.action == "covers"] == [f"{SAY.zh} / {SAY.en}"]


def test_a_batch_that_is_repeated_changes_nothing(hall: Hall) -> None:
    """Opened, hiding something, folded, in one batch that is written twice after a crash."""
    gateway = replace(sight(hall, OPENED, facility="aa-sp-02"), unseen=Unseen(gateways=0, devices=3, facilities=(4,)))
    bus = sight(hall, OPENED, "g/n/b0")
    folded = replace(sight(hall, FOLDED, "g/n/b0", stop=MONDAY_9 + MINUTE), into=gateway.alarm_id)
    covers = replace(gateway, kind=COVERS, unseen=Unseen(gateways=0, devices=4, facilities=(4, 5)))
    batch = [bus, gateway, folded, covers]
    hall.apply(*batch, now_ms=MONDAY_9 + MINUTE)
    once = [hall.queries.case(number) for number in (1, 2)]
    hall.apply(*batch, now_ms=MONDAY_9 + 2 * MINUTE)
    assert [hall.queries.case(number) for number in (1, 2)] == once
    found = SqlFoldQueries(hall.engine).folding(gateway.alarm_id)
    assert found.unseen == Unseen(gateways=0, devices=4, facilities=(4, 5))


def test_an_outage_that_rises_keeps_its_words(hall: Hall) -> None:
    """It is the same element as before: what was said of it is no more replaced by the plain words of its rule."""
    bus = sight(hall, OPENED, "g/n/b0")
    start_ms, high_ms = bus.interval.start_ms, bus.interval.start_ms + MINUTE
    steps = (SeverityStep(start_ms, Severity.MEDIUM), SeverityStep(high_ms, Severity.HIGH))
    risen = replace(bus, kind=ChangeKind.SEVERITY, severity=Severity.HIGH, interval=replace(bus.interval, steps=steps))
    hall.apply(bus)
    hall.apply(risen, now_ms=high_ms)
    (case,) = hall.cases()
    assert (case.severity, case.say.en) == (Severity.HIGH, "Bus g/n/b0 is lost")
    detail = hall.queries.alarm(bus.alarm_id)
    assert detail is not None
    assert (detail.alarm.severity, detail.alarm.say.en) == (Severity.HIGH, "Bus g/n/b0 is lost")
    (known,) = hall.journal.announced(0)
    assert known.interval.steps == steps


def test_a_case_with_an_alarm_that_cleared_by_itself_is_not_folded(hall: Hall) -> None:
    """Its last word is that it cleared."""
    hall.apply(sight(hall, OPENED, "g/n/b0"))
    hall.apply(sight(hall, CLOSED, "g/n/b0", stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    assert [(case.state, case.note) for case in hall.cases()] == [(CaseState.CANCELLED, "self-cleared")]
