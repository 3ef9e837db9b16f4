"""What follows when somebody outside says that it is not solved: the repair is rejected, or the case opened anew."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.cases import Action, Actor, CaseState, RuleInfo
from dispatch.alarmwork import AlarmWork
from dispatch.casefind import open_like
from dispatch.verifying import begin_again


def rejected(work: AlarmWork, case: Any, note: str, actor: Actor) -> Any:
    """The repair of a case that has been reported as handled does not hold; the case after it."""
    case = work.cases.step(case, Action.REJECT, actor=actor, note=note)
    work.watches.overtake(case.number)
    begin_again(work.cases, case, actor)
    return work.cases.case(case.number)


def reopened(work: AlarmWork, connection: sa.Connection, case: Any, info: RuleInfo, note: str, actor: Actor) -> Any:
    """A closed case goes on. If another one of its facility and event, or group, is open by now, that one hears of it.

    Returns:
        The case that goes on.
    """
    other = open_like(connection, case)
    if other is not None:
        work.ledger.note(other.number, "not_solved", actor=actor, note=f"{case.code} {note}")
        work.cases.tell(other, "not_solved")
        return other
    return work.cases.reopened(case, info, note=note, actor=actor)


def unsolved(work: AlarmWork, connection: sa.Connection, case: Any, info: RuleInfo, note: str, actor: Actor) -> Any:
    """Whatever its state, it is not solved; the case that goes on. One that is being worked on is told."""
    state = CaseState(case.state)
    if state is CaseState.HANDLED:
        return rejected(work, case, note, actor)
    if state is CaseState.CLOSED:
        return reopened(work, connection, case, info, note, actor)
    work.ledger.note(case.number, "not_solved", actor=actor, note=note)
    work.cases.tell(case, "not_solved")
    return case
