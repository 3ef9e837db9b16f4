"""What follows a reported repair, inside a transaction: somebody else looks, or the worker begins again."""

from __future__ import annotations

from typing import Any

from core.alarms import Severity
from core.cases import Action, Actor, DeadlineWhat, TaskKind, TaskState
from core.ports.cases import PassedOver
from core.stages import Stage
from dispatch.casework import CaseWork
from dispatch.taskwork import TaskWork


def call_verifier(tasks: TaskWork, case: Any) -> None:
    """The repair is reported, or the sensor could not prove it: somebody else than the repairer looks."""
    severity = Severity(case.severity)
    limit = tasks.stages.limit(case, Stage.VERIFY)
    announce_ms = tasks.announce_ms(severity)
    row = tasks.tasks(case.number).get(TaskKind.VERIFY)
    if row is None:
        excluded = {case.handled_by: PassedOver.OWN_REPAIR}
        row = tasks.create(case, TaskKind.VERIFY, limit.deadline(DeadlineWhat.HANDLE), excluded)
        tasks.stages.begin(case, row.number, Stage.VERIFY, limit, announce_ms)
        return
    row = tasks.new_limit(row, limit.deadline(DeadlineWhat.HANDLE), announce_ms)
    waits = {"escalated": False, "escalate_ms": tasks.escalate_ms(case, TaskKind.VERIFY, announce_ms)}
    row = tasks.update(row, ready=True, **(waits if row.state == TaskState.WAITING else {}))
    tasks.stages.begin(case, row.number, Stage.VERIFY, limit, announce_ms)
    if row.owner is None or row.owner == case.handled_by or not tasks.is_active(row.owner):
        tasks.reassign(row, case, kind="verify")
    else:
        tasks.message(row, case, "verify", row.owner)
        tasks.tell(row, case, "ready")


def begin_again(cases: CaseWork, case: Any, actor: Actor | None = None) -> None:
    """The repair does not hold: the handling task begins again, with a fresh limit."""
    tasks, announce_ms = cases.tasks, cases.tasks.announce_ms(Severity(case.severity))
    both = tasks.tasks(case.number)
    if TaskKind.VERIFY in both:
        tasks.update(both[TaskKind.VERIFY], ready=False)
    handle = tasks.by_system(both[TaskKind.HANDLE], case, Action.REJECT, actor)
    if handle is None:
        return
    limit = tasks.stages.limit(case, Stage.HANDLE).deadline(DeadlineWhat.HANDLE)
    handle = tasks.new_limit(handle, limit, announce_ms)
    cases.update(case, due_ms=handle.due_ms, due_clock=handle.due_clock, due_what=handle.due_what, met_ms=None)
    tasks.stages.handling(case, handle.number, None, announce_ms)
    owner = handle.owner if tasks.is_active(handle.owner) else None
    tasks.reassign(handle, case, keep=owner, kind="rework")


def wait_for_sensor(cases: CaseWork, case: Any) -> None:
    """While the sensor observes, the verifier need not come: no limit runs and nobody is called."""
    tasks = cases.tasks
    row = tasks.tasks(case.number).get(TaskKind.VERIFY)
    if row is None:
        return
    cases.withdraw(row)
    row = tasks.update(row, ready=False, due_ms=None, escalated=True)
    tasks.tell(row, case, "sensor_watches")


def verified_by_sensor(cases: CaseWork, case: Any, note: str, actor: str) -> Any:
    """The sensor has proved the repair: verified and closed; whoever had set out to look is told. The case after it."""
    tasks = cases.tasks
    row = tasks.tasks(case.number).get(TaskKind.VERIFY)
    case = cases.step(case, Action.VERIFY, note=note, ended_by=actor)
    if row is not None and row.open:
        cases.withdraw(row)
        after = tasks.by_system(row, case, Action.VERIFY, note=note)
        if after is not None and row.state != TaskState.WAITING:
            tasks.message(after, case, "proven", after.owner)
    return cases.follow_up(cases.case(case.number))
