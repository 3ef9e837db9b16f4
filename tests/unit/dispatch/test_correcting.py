"""What was reported with a handling is corrected by field: merged, remembered, told; and costs follow."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.cases import Actor, Conflict, NotPermitted, UnknownItem
from core.closure import FalseCause, HandlingReport, Outcome, Part
from core.errors import Invalid
from core.merging import Diverged, merge
from core.ports.closure import Correction
from dispatch import tables
from dispatch.closure_tables import report_change
from dispatch.correcting import may_correct
from dispatch.correction import TOGETHER, edited, fields_of, report_of
from tests.unit.dispatch.hall import MONDAY_9, Hall
from tests.unit.dispatch.test_closure import FLOAT, HANDLE, boss_of, closed, closures_of, opened, repaired

SEEN = HandlingReport(labour_min=30, parts=(FLOAT,), contractor_fen=10_000)
PARTS = st.builds(
    Part,
    name=st.sampled_from(["浮球", "tape", "a#2", "part#2:a"]),
    quantity=st.sampled_from([1.0, 0.5, 2.25]),
    price_fen=st.integers(0, 5_000),
)
REPORTS = st.builds(
    HandlingReport,
    outcome=st.just(Outcome.FALSE_ALARM),
    cause=st.sampled_from([FalseCause.WEATHER, FalseCause.OTHER]),
    cause_text=st.sampled_from(["", "birds"]),
    labour_min=st.integers(0, 99),
    parts=st.lists(PARTS, max_size=4).map(tuple),
    contractor_fen=st.integers(0, 99),
    no_photo=st.sampled_from(["", "dark"]),
)


def wish(hall: Hall, case: int, report: HandlingReport, base: HandlingReport = SEEN, **more: object) -> Correction:
    """A correction by whoever repaired."""
    hall.keys += 1
    ask = Correction(
        task=hall.tasks(case)[HANDLE].number,
        base=base,
        report=report,
        reason="slip",
        actor=hall.actor("aa-m1"),
        key=f"c-{hall.keys}",
    )
    return replace(ask, **more)  # type: ignore[arg-type]


def newest(hall: Hall, case: int) -> HandlingReport:
    """What the report says."""
    return closures_of(hall).closure(case, MONDAY_9).reports[-1].report


@given(REPORTS)
def test_a_report_is_its_fields(report: HandlingReport) -> None:
    """There and back, whatever parts are called and however often."""
    again = report_of(fields_of(report), report.outcome)
    assert fields_of(again) == fields_of(report)
    assert again.parts_fen == report.parts_fen
    assert sorted(part.price_fen for part in again.parts) == sorted(part.price_fen for part in report.parts)


@given(REPORTS, REPORTS, REPORTS)
def test_what_was_typed_is_in_the_report_or_in_a_question(
    base: HandlingReport, mine: HandlingReport, theirs: HandlingReport
) -> None:
    """Merged by field, parts by their names."""
    edit, stands = edited(base, mine), fields_of(theirs)
    found = merge(fields_of(base), edit, stands, empty="", together=TOGETHER)
    result = {**stands, **found.taken}
    asked = {one.field: one.mine for one in found.conflicts}
    assert all(result.get(name, "") == text or asked[name] == text for name, text in edit.items())


def test_two_corrections_of_different_fields_stand_both(hall: Hall) -> None:
    """Each adds a part and changes a number; the second is told, the cost follows, every field is remembered."""
    case, desk = opened(hall), closures_of(hall)
    repaired(hall, case, SEEN)
    tape, glue = Part(name="tape", quantity=1, price_fen=500), Part(name="glue", quantity=2, price_fen=300)
    first = wish(hall, case, replace(SEEN, labour_min=90, parts=(FLOAT, tape)))
    assert desk.correct(first, MONDAY_9 + 1) == ()
    second = wish(hall, case, replace(SEEN, contractor_fen=20_000, parts=(FLOAT, glue)), actor=boss_of(hall))
    moved = desk.correct(second, MONDAY_9 + 2)
    assert [(one.field, one.base, one.theirs, one.by) for one in moved] == [
        ("labour_min", "30", "90", "aa-m1"),
        ("part:tape", "", "1 500", "aa-m1"),
    ]
    after = newest(hall, case)
    assert (after.labour_min, after.contractor_fen) == (90, 20_000)
    assert {part.name for part in after.parts} == {"浮球开关", "tape", "glue"}
    assert desk.closure(case, MONDAY_9).cost.parts_fen == 9_100 + 500 + 600
    with hall.engine.connect() as connection:
        lines = connection.execute(sa.select(report_change).order_by(report_change.c.number)).all()
        said = connection.execute(sa.select(tables.history).where(tables.history.c.action == "corrected")).all()
    told = [(one.field, one.before, one.after, one.actor, one.reason) for one in lines]
    assert ("labour_min", "30", "90", "aa-m1", "slip") in told
    assert ("contractor_fen", "10000", "20000", "mgr", "slip") in told
    assert len(lines) == 4
    assert "工时（分钟） 30 → 90" in said[0].note
    assert "contractor (yuan) 100.00 → 200.00" in said[1].note
    assert [one.task for one in said] == [first.task, first.task]


def test_both_changed_the_minutes(hall: Hall) -> None:
    """Nothing is written; both values, by whom; the choice goes through, and under its key once."""
    case, desk = opened(hall), closures_of(hall)
    repaired(hall, case, SEEN)
    desk.correct(wish(hall, case, replace(SEEN, labour_min=90)), MONDAY_9 + 1)
    late = wish(hall, case, replace(SEEN, labour_min=60, contractor_fen=0), actor=boss_of(hall))
    with pytest.raises(Diverged) as error:
        desk.correct(late, MONDAY_9 + 2)
    (one,) = error.value.conflicts
    assert (one.base, one.mine, one.theirs, one.by, one.at_ms) == ("30", "60", "90", "aa-m1", MONDAY_9 + 1)
    assert "工时（分钟）" in error.value.in_language("zh")
    assert newest(hall, case).contractor_fen == 10_000
    chosen = replace(late, base=replace(SEEN, labour_min=90), report=replace(late.report, labour_min=60))
    desk.correct(chosen, MONDAY_9 + 3)
    desk.correct(chosen, MONDAY_9 + 4)
    assert (newest(hall, case).labour_min, newest(hall, case).contractor_fen) == (60, 0)
    with hall.engine.connect() as connection:
        said = connection.execute(sa.select(tables.history).where(tables.history.c.action == "corrected"))
        assert len(said.all()) == 2


def test_who_may_correct_what(hall: Hall) -> None:
    """Whoever reported it until the case ends, a supervisor also then; what was found stays; a reason is asked for."""
    case, desk = opened(hall), closures_of(hall)
    with pytest.raises(UnknownItem):
        desk.correct(wish(hall, case, SEEN), MONDAY_9)
    closed(hall, case, SEEN)
    bill = replace(SEEN, contractor_fen=77_000)
    for stranger in (hall.actor("aa-m1"), hall.actor("aa-m2"), Actor(login="nobody")):
        with pytest.raises(NotPermitted):
            desk.correct(wish(hall, case, bill, actor=stranger), MONDAY_9 + 1)
    desk.correct(wish(hall, case, bill, actor=boss_of(hall)), MONDAY_9 + 1)
    assert newest(hall, case).contractor_fen == 77_000
    assert may_correct(7, 7, "handled", supervises=False)
    assert not may_correct(7, 8, "handled", supervises=False)
    with pytest.raises(Invalid):
        desk.correct(wish(hall, case, bill, reason=" ", actor=boss_of(hall)), MONDAY_9 + 1)
    false = replace(SEEN, outcome=Outcome.FALSE_ALARM, cause=FalseCause.TEST)
    with pytest.raises(Invalid):
        desk.correct(wish(hall, case, false, actor=boss_of(hall)), MONDAY_9 + 1)
    with pytest.raises(Invalid):
        desk.correct(wish(hall, case, replace(SEEN, labour_min=-1), actor=boss_of(hall)), MONDAY_9 + 1)


def test_a_key_of_another_step_is_refused(hall: Hall) -> None:
    """It never answers for this one."""
    case = opened(hall)
    repaired(hall, case, SEEN)
    used = wish(hall, case, replace(SEEN, labour_min=1), key=f"r-{hall.keys}")
    with pytest.raises(Conflict) as error:
        closures_of(hall).correct(used, MONDAY_9)
    assert error.value.code == "key_reused"
