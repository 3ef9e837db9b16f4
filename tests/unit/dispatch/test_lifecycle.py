"""The tables of cases and tasks: complete, drawn, and never a way around verification."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import AlarmEvent, AlarmState
from core.cases import (
    OPEN_CASE_STATES,
    PROCEEDINGS,
    REASON_NEEDED,
    Action,
    Actor,
    CaseState,
    Conflict,
    NotPermitted,
    TaskKind,
    TaskState,
)
from core.errors import Invalid
from core.lifecycle import next_state
from dispatch.lifecycle import (
    CASE_TABLE,
    FOLLOW_UPS,
    SYSTEM_TASK_TABLE,
    TASK_TABLE,
    Situation,
    allowed,
    decide,
    document,
    next_case,
)

DOCS = Path(__file__).parents[3] / "docs"

START = Situation(
    case=CaseState.DISPATCHED,
    kind=TaskKind.HANDLE,
    task=TaskState.WAITING,
    actor=Actor(login="a", person=1),
    owner=1,
    colleague=False,
    handled_by=None,
    suspended_before=False,
)


def test_the_picture_is_drawn_from_the_tables() -> None:
    """docs/cases.md says exactly what the tables say."""
    assert (DOCS / "cases.md").read_text(encoding="utf-8") == document()


def test_every_case_state_is_reached_and_left() -> None:
    """From filed every state can be reached, and every state can be left, if only by reopening."""
    reached, todo = {CaseState.FILED}, [CaseState.FILED]
    while todo:
        state = todo.pop()
        for target in {after for (before, _), after in CASE_TABLE.items() if before is state} - reached:
            reached.add(target)
            todo.append(target)
    assert reached == set(CaseState)
    assert {before for before, _ in CASE_TABLE} == set(CaseState)


def test_closing_only_follows_verification() -> None:
    """Into closed leads verified alone, into verified to verify what was handled; a drill ends by being confirmed."""
    closing = {key for key, after in CASE_TABLE.items() if after is CaseState.CLOSED}
    assert {key for key in closing if key[1] is not Action.CONFIRM} == {(CaseState.VERIFIED, Action.CLOSE)}
    assert closing >= {key for key in CASE_TABLE if key[1] is Action.CONFIRM}
    assert [key for key, after in CASE_TABLE.items() if after is CaseState.VERIFIED] == [
        (CaseState.HANDLED, Action.VERIFY)
    ]


def test_tables_agree_with_each_other() -> None:
    """Follow-ups are steps of the case table; no step is both a worker's and the system's on another target."""
    assert all((state, action) in CASE_TABLE for state, action in FOLLOW_UPS.items())
    both = TASK_TABLE.keys() & SYSTEM_TASK_TABLE.keys()
    assert all(TASK_TABLE[key] is SYSTEM_TASK_TABLE[key] for key in both)


@pytest.mark.parametrize("action", sorted(REASON_NEEDED - PROCEEDINGS - {Action.REJECT}))
def test_steps_backwards_need_a_reason(action: Action) -> None:
    """Return, transfer, suspend and cancel without a reason are refused."""
    boss = Actor(login="b", person=1, supervises=True)
    at_work = replace(START, actor=boss, task=TaskState.ACCEPTED, case=CaseState.ACCEPTED)
    with pytest.raises(Invalid, match="reason"):
        decide(at_work, action, "   ")
    assert decide(at_work, action, "because").case is not None


def test_a_stranger_may_do_nothing() -> None:
    """Somebody who neither owns nor supervises nor could take a task sees no action."""
    stranger = replace(START, actor=Actor(login="x", person=9))
    assert allowed(stranger) == ()
    assert allowed(replace(stranger, actor=Actor(login="office", person=None))) == ()


def test_the_loser_is_told_who_has_it() -> None:
    """Accepting what was accepted is a conflict that names the owner."""
    taken = replace(START, task=TaskState.ACCEPTED, case=CaseState.ACCEPTED, owner=2, colleague=True)
    with pytest.raises(Conflict) as caught:
        decide(taken, Action.ACCEPT, "")
    assert (caught.value.code, caught.value.owner) == ("taken", 2)


def test_nobody_verifies_their_own_repair() -> None:
    """Not even a supervisor who owns the verification."""
    own = replace(
        START,
        kind=TaskKind.VERIFY,
        task=TaskState.ACCEPTED,
        case=CaseState.HANDLED,
        handled_by=1,
        actor=Actor(login="a", person=1, supervises=True),
    )
    for action in (Action.VERIFY, Action.REJECT):
        with pytest.raises(Conflict) as caught:
            decide(own, action, "fine")
        assert caught.value.code == "own_repair"
    assert decide(replace(own, handled_by=2), Action.VERIFY, "").case is CaseState.VERIFIED


def test_verification_waits_for_the_repair() -> None:
    """A look is possible before the repair, a verdict is not."""
    look = replace(START, kind=TaskKind.VERIFY, case=CaseState.ACCEPTED, task=TaskState.ACCEPTED)
    assert decide(look, Action.ARRIVE, "").case is None
    with pytest.raises(Conflict) as caught:
        decide(look, Action.VERIFY, "")
    assert caught.value.code == "not_handled_yet"


def test_one_suspension_a_case() -> None:
    """A second suspension is refused."""
    working = replace(START, task=TaskState.ON_SITE, case=CaseState.ON_SITE)
    assert decide(working, Action.SUSPEND, "waiting for a part").case is CaseState.SUSPENDED
    with pytest.raises(Conflict) as caught:
        decide(replace(working, suspended_before=True), Action.SUSPEND, "again")
    assert caught.value.code == "suspended_before"


STEPS = st.lists(st.tuples(st.sampled_from(TaskKind), st.sampled_from(Action), st.integers(1, 3)), max_size=40)


@given(STEPS)
def test_no_sequence_closes_without_verification_by_another(steps: list[tuple[TaskKind, Action, int]]) -> None:
    """Whoever does whatever in whatever order: a closed case was verified by another person than its repairer."""
    case, handled_by, verified_by = CaseState.DISPATCHED, None, None
    tasks = {TaskKind.HANDLE: TaskState.WAITING, TaskKind.VERIFY: TaskState.WAITING}
    owners = {TaskKind.HANDLE: 1, TaskKind.VERIFY: 2}
    for kind, action, person in steps:
        situation = Situation(
            case=case,
            kind=kind,
            task=tasks[kind],
            actor=Actor(login=str(person), person=person, supervises=person == 3),
            owner=owners[kind],
            colleague=True,
            handled_by=handled_by,
            suspended_before=False,
        )
        try:
            step = decide(situation, action, "note")
        except (Conflict, NotPermitted):
            assert action not in allowed(situation)
            continue
        tasks[kind], case = step.task, step.case or case
        if action is Action.ACCEPT:
            owners[kind] = person
        if action is Action.HANDLE:
            handled_by = person
        if action is Action.VERIFY:
            verified_by = person
        if action is Action.REJECT:
            tasks[TaskKind.HANDLE] = SYSTEM_TASK_TABLE[TaskKind.HANDLE, tasks[TaskKind.HANDLE], Action.REJECT]
        while case in FOLLOW_UPS:
            case = next_case(case, FOLLOW_UPS[case])
        if case is CaseState.CLOSED:
            assert handled_by is not None
            assert verified_by is not None
            assert handled_by != verified_by
        if case not in OPEN_CASE_STATES:
            return


@pytest.mark.parametrize("latching", [False, True])
def test_alarm_life_cycle_is_total(latching: bool) -> None:
    """Every pair of state and event has a next state or none, and returning is possible from everywhere."""
    for state in AlarmState:
        for event in AlarmEvent:
            target = next_state(state, event, latching=latching)
            assert target is None or isinstance(target, AlarmState)
    assert next_state(AlarmState.UNACKNOWLEDGED, AlarmEvent.CLEAR, latching=True) is AlarmState.LATCHED_UNACKNOWLEDGED
    assert next_state(AlarmState.LATCHED_UNACKNOWLEDGED, AlarmEvent.RESET, latching=True) is None
    assert next_state(AlarmState.ACKNOWLEDGED, AlarmEvent.CLEAR, latching=False) is AlarmState.NORMAL


@given(
    st.sampled_from(CaseState),
    st.sampled_from(TaskKind),
    st.sampled_from(TaskState),
    st.sampled_from(Action),
    st.booleans(),
    st.booleans(),
)
def test_a_refusal_is_worded_in_both_languages(
    case: CaseState, kind: TaskKind, task: TaskState, action: Action, owns: bool, suspended: bool
) -> None:
    """Whatever is refused, the Chinese reason holds no English word and the English one no Chinese."""
    actor = Actor(login="a", person=1 if owns else 2)
    situation = replace(START, case=case, kind=kind, task=task, actor=actor, suspended_before=suspended, handled_by=1)
    reasons = {"zh": "", "en": ""}
    try:
        decide(situation, action, "")
    except (Conflict, NotPermitted, Invalid) as error:
        reasons = {language: error.in_language(language) for language in reasons}
    assert bool(reasons["zh"]) == bool(reasons["en"])
    assert not re.search(r"[A-Za-z]{2,}", reasons["zh"])
    assert not re.search(r"[\u4e00-\u9fff]", reasons["en"])
