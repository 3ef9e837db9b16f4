"""What a gatekeeper refers to a department is taken by it or comes back to the gate; nothing of that is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.cases import Actor, Conflict, NotPermitted, UnknownItem
from core.errors import Invalid
from core.intake import RULINGS, Decider, Needs, Reason, SourceKind, Verdict
from core.ports.intake import IntakeFilter, IntakeRow, Ruling
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.rulings import needs, picture, wrong
from tests.unit.dispatch.hall import MONDAY_9, Hall
from tests.unit.dispatch.test_reports import case_of, desk_of, rule, send

WAIT, REFER, TAKEN = Verdict.WAIT, Verdict.REFER, Verdict.TAKEN
WATER = Actor(login="water")


def waiting(hall: Hall) -> IntakeRow:
    """A task of a department whose duty nobody has settled."""
    return send(hall, "assist", SourceKind.DEPARTMENT)


def answer(hall: Hall, row: IntakeRow, verdict: Verdict, words: str = "", department: str = "sw") -> IntakeRow:
    """Let somebody of a department decide of what was referred to it."""
    ruling = Ruling(
        number=row.number,
        verdict=verdict,
        actor=WATER,
        words=words,
        department=department,
        decider=Decider.DEPARTMENT,
    )
    return desk_of(hall).rule(ruling, MONDAY_9 + 5)


def of(hall: Hall, **where: object) -> list[int]:
    """Numbers of the intakes that a filter lets through."""
    found = desk_of(hall).intakes(IntakeFilter(**where), PageRequest())  # type: ignore[arg-type]
    return [one.number for one in found.items]


def test_what_is_referred_leaves_the_queue_and_is_the_departments(hall: Hall) -> None:
    """It is in the list of that department alone, stays counted for whoever handed it down, and costs nobody a task."""
    row = waiting(hall)
    assert row.verdict is WAIT
    done = rule(hall, row, REFER, words="属于水务职责", department="sw")
    assert (done.verdict, done.referred, done.ruling, done.case) == (REFER, "sw", "属于水务职责", None)
    assert done.reasons == (Reason.UNCLEAR_DUTY, Reason.BY_HAND)
    assert of(hall, verdicts=frozenset({WAIT})) == []
    assert of(hall, referred="sw") == of(hall, concerns="sw") == of(hall, concerns="hb") == [row.number]
    assert of(hall, referred="hb") == of(hall, concerns="gas") == []
    (burden,) = desk_of(hall).burden(MONDAY_9, MONDAY_9 + 1)
    assert (burden.department, burden.asked, burden.waiting, burden.referred) == ("hb", 1, 0, 1)
    assert desk_of(hall).burden(MONDAY_9, MONDAY_9 + 1, department="sw") == []
    assert hall.count(tables.case) == 0
    with pytest.raises(Conflict):
        rule(hall, row, Verdict.ADMIT)


def test_a_department_takes_what_is_its_own(hall: Hall) -> None:
    """Then it is decided for good, with the gatekeeper's words still there."""
    row = rule(hall, waiting(hall), REFER, words="属于水务职责", department="sw")
    done = answer(hall, row, TAKEN)
    assert (done.verdict, done.referred, done.ruling, done.decided_by) == (TAKEN, "sw", "属于水务职责", "water")
    for verdict in (TAKEN, WAIT):
        with pytest.raises(Conflict):
            answer(hall, row, verdict, "不是我们的")
    assert of(hall, referred="sw") == [row.number]


def test_what_a_department_gives_back_waits_at_the_gate_again(hall: Hall) -> None:
    """With its reason; a gatekeeper decides anew, to another department too, and every step is kept."""
    row = rule(hall, waiting(hall), REFER, words="属于水务职责", department="sw")
    with pytest.raises(Invalid):
        answer(hall, row, WAIT, "  ")
    back = answer(hall, row, WAIT, "属于燃气职责")
    assert (back.verdict, back.referred, back.ruling) == (WAIT, "", "属于燃气职责")
    assert back.reasons == (Reason.UNCLEAR_DUTY, Reason.GIVEN_BACK)
    assert of(hall, referred="sw") == []
    again = rule(hall, back, REFER, words="转燃气", department="gas")
    assert again.reasons == (Reason.UNCLEAR_DUTY, Reason.BY_HAND)
    assert [(one.before, one.after, one.department, one.words) for one in again.steps] == [
        (None, WAIT, "", ""),
        (WAIT, REFER, "sw", "属于水务职责"),
        (REFER, WAIT, "sw", "属于燃气职责"),
        (WAIT, REFER, "gas", "转燃气"),
    ]
    assert [one.actor for one in again.steps] == ["system", "mgr", "water", "mgr"]


def test_a_gatekeeper_calls_back_what_nobody_answers(hall: Hall) -> None:
    """With a reason; then it is admitted as any other."""
    row = rule(hall, waiting(hall), REFER, words="属于水务职责", department="sw")
    with pytest.raises(Invalid):
        rule(hall, row, WAIT)
    back = rule(hall, row, WAIT, words="三天没有答复")
    assert (back.verdict, back.referred) == (WAIT, "")
    done = rule(hall, back, Verdict.ADMIT)
    assert case_of(hall, done.case).source == "department"
    assert done.case_now is not None
    assert (done.case_now.number, done.case_now.late, done.case_now.closed_ms) == (done.case, False, None)


def test_only_the_department_that_has_it_decides(hall: Hall) -> None:
    """For every other it is not there; whoever does not supervise, and a department at the gate, decide nothing."""
    row = waiting(hall)
    with pytest.raises(UnknownItem):
        answer(hall, row, TAKEN)
    with pytest.raises(UnknownItem):
        answer(hall, row, TAKEN, department="")
    row = rule(hall, row, REFER, words="属于水务职责", department="sw")
    for other in ("hb", "gas", ""):
        with pytest.raises(UnknownItem):
            answer(hall, row, TAKEN, department=other)
    with pytest.raises(NotPermitted):
        rule(hall, row, WAIT, words="x", actor=hall.actor("aa-g1"))
    with pytest.raises(Conflict):
        rule(hall, row, TAKEN)


def test_referring_needs_another_department_and_a_reason_and_nothing_urgent(hall: Hall) -> None:
    """All that is wrong is said at once, and nothing has changed."""
    row = waiting(hall)
    for values, codes in (
        ({"department": "sw"}, ["TG-3150"]),
        ({"words": "属于你们"}, ["TG-3156"]),
        ({"department": "hb"}, ["TG-3150", "TG-3156"]),
        ({"department": "sw", "words": "x", "event": "gas_network_leak"}, ["TG-3157"]),
    ):
        with pytest.raises(Invalid) as caught:
            rule(hall, row, REFER, **values)
        assert [one.code for one in caught.value.findings] == codes
    assert desk_of(hall).intake(row.number) == row


def test_a_residents_report_is_referred_too_and_is_nobodys_burden(hall: Hall) -> None:
    """Its sender is known again under the same key, whoever has it."""
    row = send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01", key="once")
    row = rule(hall, row, REFER, words="供水管道", department="sw", event="refuse", facility=0)
    row = answer(hall, row, WAIT, "不是供水管道")
    assert send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01", key="once") == row
    assert desk_of(hall).burden(MONDAY_9, MONDAY_9 + 1) == []


def test_the_gatekeeper_hears_of_what_comes_back(hall: Hall) -> None:
    """A second message of its own, not the first one once more; the first one that was not sent yet is taken back."""
    row = rule(hall, waiting(hall), REFER, words="属于水务职责", department="sw")
    answer(hall, row, WAIT, "属于燃气职责")
    with hall.engine.connect() as connection:
        query = sa.select(tables.outbox).where(tables.outbox.c.kind == "intake").order_by(tables.outbox.c.key)
        first, second = connection.execute(query).all()
    assert (first.error, first.next_ms, second.error) == ("withdrawn", None, "")
    assert second.next_ms is not None


# --- the table --------------------------------------------------------------------------------------------------


@given(
    before=st.sampled_from(Verdict),
    after=st.sampled_from(Verdict),
    decider=st.sampled_from(Decider),
    words=st.sampled_from(["", " ", "因为"]),
    department=st.sampled_from(["", "hb", "sw"]),
    severity=st.sampled_from(Severity),
)
def test_nothing_is_decided_but_by_the_table(
    before: Verdict, after: Verdict, decider: Decider, words: str, department: str, severity: Severity
) -> None:
    """A pair that is not there is a conflict; what a row needs is asked for; what is urgent is never referred."""
    ruling = Ruling(number=1, verdict=after, actor=WATER, words=words, department=department, decider=decider)
    row = RULINGS.get((before, decider), {})
    if after not in row:
        with pytest.raises(Conflict):
            needs(before, ruling)
        return
    codes = {one.code for one in wrong(needs(before, ruling), ruling, severity, "hb")}
    assert ("TG-3150" in codes) == (row[after].words and not words.strip())
    assert ("TG-3156" in codes) == (row[after].department and department in {"", "hb"})
    assert ("TG-3157" in codes) == (after is REFER and severity >= Severity.HIGH)


def test_everything_that_waits_somewhere_can_be_decided_by_a_gatekeeper() -> None:
    """So nothing is stuck with a department that never answers; what is decided stays decided."""
    open_ones = {before for before, _ in RULINGS}
    assert open_ones == {WAIT, REFER}
    assert all((before, Decider.GATEKEEPER) in RULINGS for before in open_ones)
    assert RULINGS[WAIT, Decider.GATEKEEPER][REFER] == Needs(words=True, department=True)
    assert {after for row in RULINGS.values() for after in row} == set(Verdict)


def test_the_picture_is_drawn_from_the_table() -> None:
    """docs/intake.md has exactly what the table says."""
    text = (Path(__file__).parents[3] / "docs" / "intake.md").read_text(encoding="utf-8")
    assert "\n".join(picture()) in text
