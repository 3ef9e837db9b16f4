"""How cases and tasks move: two tables, the guards beside them, and the picture drawn from them.

A task moves by what its worker does; what the worker of the *handling* task does moves the case too. What follows
without anybody's doing (dispatch, close) is the system's: ``FOLLOW_UPS`` says what it does as soon as a case enters a
state. A pair that is not in a table is refused. Source of states and steps: GB/T 30428 as practised in municipal
platforms; the guards (a reason for every step backwards, nobody verifies their own repair, one suspension a case) are
the same practice.

The picture in ``docs/cases.md`` is ``document()``; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.cases import (
    REASON_NEEDED,
    Action,
    Actor,
    CaseState,
    Conflict,
    NotPermitted,
    TaskKind,
    TaskState,
    Unfit,
)
from core.errors import Invalid
from core.findings import Said
from dispatch import findings as kinds
from dispatch.clock_document import about_clocks
from dispatch.policy import Policy

C, T, A = CaseState, TaskState, Action

MAY_MERGE = (C.FILED, C.DISPATCHED, C.ACCEPTED, C.ON_SITE, C.SUSPENDED, C.REWORK, C.RETURNED, C.TRANSFERRED)
"""A case that has been reported as handled is verified for itself."""

CASE_TABLE: Mapping[tuple[CaseState, Action], CaseState] = {
    (C.FILED, A.DISPATCH): C.DISPATCHED,
    (C.FILED, A.CANCEL): C.CANCELLED,
    (C.DISPATCHED, A.ACCEPT): C.ACCEPTED,
    (C.DISPATCHED, A.RETURN): C.RETURNED,
    (C.DISPATCHED, A.TRANSFER): C.TRANSFERRED,
    (C.DISPATCHED, A.CANCEL): C.CANCELLED,
    (C.ACCEPTED, A.ARRIVE): C.ON_SITE,
    (C.ACCEPTED, A.RETURN): C.RETURNED,
    (C.ACCEPTED, A.TRANSFER): C.TRANSFERRED,
    (C.ACCEPTED, A.SUSPEND): C.SUSPENDED,
    (C.ACCEPTED, A.CANCEL): C.CANCELLED,
    (C.ON_SITE, A.HANDLE): C.HANDLED,
    (C.ON_SITE, A.RETURN): C.RETURNED,
    (C.ON_SITE, A.TRANSFER): C.TRANSFERRED,
    (C.ON_SITE, A.SUSPEND): C.SUSPENDED,
    (C.ON_SITE, A.CANCEL): C.CANCELLED,
    (C.SUSPENDED, A.RESUME): C.ACCEPTED,
    (C.SUSPENDED, A.CANCEL): C.CANCELLED,
    (C.HANDLED, A.VERIFY): C.VERIFIED,
    (C.HANDLED, A.REJECT): C.REWORK,
    (C.VERIFIED, A.CLOSE): C.CLOSED,
    (C.REWORK, A.ACCEPT): C.ACCEPTED,
    (C.REWORK, A.RETURN): C.RETURNED,
    (C.REWORK, A.TRANSFER): C.TRANSFERRED,
    (C.REWORK, A.CANCEL): C.CANCELLED,
    (C.RETURNED, A.DISPATCH): C.DISPATCHED,
    (C.RETURNED, A.CANCEL): C.CANCELLED,
    (C.TRANSFERRED, A.DISPATCH): C.DISPATCHED,
    (C.TRANSFERRED, A.CANCEL): C.CANCELLED,
    (C.CANCELLED, A.REOPEN): C.FILED,
    (C.CLOSED, A.REOPEN): C.FILED,
    (C.FILED, A.CONFIRM): C.CLOSED,
    (C.DISPATCHED, A.CONFIRM): C.CLOSED,
    **{(state, A.MERGE): C.CANCELLED for state in MAY_MERGE},
    (C.CANCELLED, A.UNMERGE): C.FILED,
}

TASK_TABLE: Mapping[tuple[TaskKind, TaskState, Action], TaskState] = {
    (TaskKind.HANDLE, T.WAITING, A.ACCEPT): T.ACCEPTED,
    (TaskKind.HANDLE, T.ACCEPTED, A.ARRIVE): T.ON_SITE,
    (TaskKind.HANDLE, T.ON_SITE, A.HANDLE): T.DONE,
    (TaskKind.HANDLE, T.WAITING, A.RETURN): T.WAITING,
    (TaskKind.HANDLE, T.ACCEPTED, A.RETURN): T.WAITING,
    (TaskKind.HANDLE, T.ON_SITE, A.RETURN): T.WAITING,
    (TaskKind.HANDLE, T.WAITING, A.TRANSFER): T.WAITING,
    (TaskKind.HANDLE, T.ACCEPTED, A.TRANSFER): T.WAITING,
    (TaskKind.HANDLE, T.ON_SITE, A.TRANSFER): T.WAITING,
    (TaskKind.HANDLE, T.ACCEPTED, A.SUSPEND): T.SUSPENDED,
    (TaskKind.HANDLE, T.ON_SITE, A.SUSPEND): T.SUSPENDED,
    (TaskKind.HANDLE, T.SUSPENDED, A.RESUME): T.ACCEPTED,
    (TaskKind.HANDLE, T.WAITING, A.CANCEL): T.CANCELLED,
    (TaskKind.HANDLE, T.ACCEPTED, A.CANCEL): T.CANCELLED,
    (TaskKind.HANDLE, T.ON_SITE, A.CANCEL): T.CANCELLED,
    (TaskKind.HANDLE, T.SUSPENDED, A.CANCEL): T.CANCELLED,
    (TaskKind.VERIFY, T.WAITING, A.ACCEPT): T.ACCEPTED,
    (TaskKind.VERIFY, T.ACCEPTED, A.ARRIVE): T.ON_SITE,
    (TaskKind.VERIFY, T.ACCEPTED, A.VERIFY): T.DONE,
    (TaskKind.VERIFY, T.ON_SITE, A.VERIFY): T.DONE,
    (TaskKind.VERIFY, T.ACCEPTED, A.REJECT): T.ACCEPTED,
    (TaskKind.VERIFY, T.ON_SITE, A.REJECT): T.ACCEPTED,
    (TaskKind.VERIFY, T.WAITING, A.RETURN): T.WAITING,
    (TaskKind.VERIFY, T.ACCEPTED, A.RETURN): T.WAITING,
    (TaskKind.VERIFY, T.ON_SITE, A.RETURN): T.WAITING,
    (TaskKind.VERIFY, T.WAITING, A.TRANSFER): T.WAITING,
    (TaskKind.VERIFY, T.ACCEPTED, A.TRANSFER): T.WAITING,
    (TaskKind.VERIFY, T.ON_SITE, A.TRANSFER): T.WAITING,
    (TaskKind.HANDLE, T.WAITING, A.CONFIRM): T.DONE,
    (TaskKind.VERIFY, T.WAITING, A.CONFIRM): T.DONE,
}

SYSTEM_TASK_TABLE: Mapping[tuple[TaskKind, TaskState, Action], TaskState] = {
    (TaskKind.HANDLE, T.DONE, A.REJECT): T.WAITING,
    **{(TaskKind.HANDLE, state, A.REOPEN): T.WAITING for state in (T.DONE, T.CANCELLED)},
    **{(TaskKind.VERIFY, state, A.REOPEN): T.WAITING for state in (T.DONE, T.CANCELLED)},
    (TaskKind.HANDLE, T.CANCELLED, A.UNMERGE): T.WAITING,
    (TaskKind.VERIFY, T.CANCELLED, A.UNMERGE): T.WAITING,
    **{(TaskKind.HANDLE, state, A.CANCEL): T.CANCELLED for state in T if state is not T.CANCELLED},
    **{(TaskKind.VERIFY, state, A.CANCEL): T.CANCELLED for state in (T.WAITING, T.ACCEPTED, T.ON_SITE)},
    **{(TaskKind.VERIFY, state, A.VERIFY): T.DONE for state in (T.WAITING, T.ACCEPTED, T.ON_SITE)},
}
"""What happens to a task because of its case or its twin, not by its own worker."""

FOLLOW_UPS: Mapping[CaseState, Action] = {
    C.FILED: A.DISPATCH,
    C.RETURNED: A.DISPATCH,
    C.TRANSFERRED: A.DISPATCH,
    C.VERIFIED: A.CLOSE,
}
"""What the system does at once. A dispatch that finds nobody leaves the case where it is, visibly."""

UNSTARTED = frozenset({T.WAITING})
"""A case whose tasks are all in these states has been started by nobody."""

_BY_OWNER = frozenset({A.ARRIVE, A.HANDLE, A.VERIFY, A.REJECT})
_BY_OWNER_OR_SUPERVISOR = frozenset({A.RETURN, A.SUSPEND, A.RESUME})
_BY_SUPERVISOR = frozenset({A.TRANSFER, A.CANCEL})
_CONCLUDES = frozenset({A.VERIFY, A.REJECT})
_OF_DRILLS = frozenset({A.CONFIRM, A.CANCEL})
"""All that can be done with a drill; the first with nothing else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """Everything that decides whether an action is possible.

    Attributes:
        owner: person the task belongs to, ``None`` when there is nobody.
        colleague: the actor may take a waiting task out of this queue (same grid and community).
        handled_by: who reported the repair, ``None`` before.
        suspended_before: the case has had its one suspension.
        drill: it is a test case.
        unfit: what keeps the actor from taking it out of another queue: a trade or a certificate; ``None``: nothing.
    """

    case: CaseState
    kind: TaskKind
    task: TaskState
    actor: Actor
    owner: int | None
    colleague: bool
    handled_by: int | None
    suspended_before: bool
    drill: bool = False
    unfit: Said | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What an action leads to; ``case`` is ``None`` when it does not move the case."""

    task: TaskState
    case: CaseState | None


def decide(situation: Situation, action: Action, note: str) -> Step:
    """Where ``action`` leads.

    Raises:
        NotPermitted: if this actor may not do this with this task; ``Unfit`` if a trade or certificate is lacking.
        Conflict: if the state does not allow it, or somebody was faster.
        Invalid: if the reason is missing.
    """
    step = _moved(situation, action)
    _check_actor(situation, action)
    _check_guards(situation, action)
    if action in REASON_NEEDED and not note.strip():
        raise Invalid([kinds.REASON_MISSING.at(action=kinds.ACTIONS[action.value])])
    return step


def allowed(situation: Situation) -> tuple[Action, ...]:
    """What this actor may do now, in the order of ``Action``; exactly what ``decide`` lets through."""
    found = []
    for action in Action:
        try:
            decide(situation, action, "asked")
        except (NotPermitted, Conflict):
            continue
        found.append(action)
    return tuple(found)


def next_case(state: CaseState, action: Action) -> CaseState:
    """The case's next state.

    Raises:
        Conflict: if the table has no such step.
    """
    target = CASE_TABLE.get((state, action))
    if target is None:
        said = kinds.CASE_STATE(state=kinds.CASES[state.value], action=kinds.ACTIONS[action.value])
        raise Conflict("wrong_state", said)
    return target


def _moved(situation: Situation, action: Action) -> Step:
    if situation.drill and action not in _OF_DRILLS:
        raise Conflict("wrong_state", kinds.ONLY_A_DRILL(), situation.owner)
    if action is A.CONFIRM and not situation.drill:
        raise Conflict("wrong_state", kinds.NO_DRILL(), situation.owner)
    task = TASK_TABLE.get((situation.kind, situation.task, action))
    if task is None and action is A.CANCEL and situation.kind is TaskKind.VERIFY:
        raise Conflict("wrong_state", kinds.VERIFICATION_GOES_WITH_CASE())
    if task is None:
        code = "taken" if action is A.ACCEPT and situation.task is not T.CANCELLED else "wrong_state"
        raise Conflict(code, _misfit(situation, action), situation.owner)
    moves_case = situation.kind is TaskKind.HANDLE or action in _CONCLUDES
    if not moves_case:
        return Step(task=task, case=None)
    if action in _CONCLUDES and situation.case is not C.HANDLED:
        raise Conflict("not_handled_yet", kinds.NOT_HANDLED())
    return Step(task=task, case=next_case(situation.case, action))


def _misfit(situation: Situation, action: Action) -> Said:
    return kinds.TASK_STATE(
        kind=kinds.TASK_KINDS[situation.kind.value],
        state=kinds.TASKS[situation.task.value],
        action=kinds.ACTIONS[action.value],
    )


def _check_actor(situation: Situation, action: Action) -> None:
    actor = situation.actor
    owns = actor.person is not None and actor.person == situation.owner
    if action in {A.ACCEPT, A.CONFIRM}:
        permitted = actor.person is not None and (owns or situation.colleague)
    elif action in _BY_OWNER:
        permitted = owns
    elif action in _BY_OWNER_OR_SUPERVISOR:
        permitted = owns or actor.supervises
    else:
        permitted = action in _BY_SUPERVISOR and actor.supervises
    if not permitted:
        raise NotPermitted(kinds.NOT_IN_QUEUE(action=kinds.ACTIONS[action.value]))
    if action is A.ACCEPT and not owns and situation.unfit is not None:
        raise Unfit(situation.unfit)


def _check_guards(situation: Situation, action: Action) -> None:
    verifies = situation.kind is TaskKind.VERIFY and action in {A.ACCEPT, *_CONCLUDES}
    if verifies and situation.handled_by is not None and situation.handled_by == situation.actor.person:
        raise Conflict("own_repair", kinds.OWN_REPAIR(), situation.owner)
    if action is A.SUSPEND and situation.suspended_before:
        raise Conflict("suspended_before", kinds.SUSPENDED_BEFORE(), situation.owner)


def document() -> str:
    """``docs/cases.md``: the tables as text and as a picture."""
    lines = [_HEAD, "```mermaid", "stateDiagram-v2", "    [*] --> filed"]
    joined: dict[tuple[CaseState, CaseState], list[str]] = {}
    for (state, action), target in CASE_TABLE.items():
        joined.setdefault((state, target), []).append(action.value)
    lines += [f"    {source} --> {target}: {', '.join(actions)}" for (source, target), actions in joined.items()]
    lines += [
        "    closed --> [*]",
        "    cancelled --> [*]",
        "```",
        "",
        "| case is | action | case becomes |",
        "|---|---|---|",
    ]
    lines += [f"| {state} | {action} | {target} |" for (state, action), target in CASE_TABLE.items()]
    follows = ", ".join(f"{action} when {state}" for state, action in FOLLOW_UPS.items())
    lines += ["", f"By the system at once: {follows}.", "", "## Tasks", ""]
    lines += ["| task | is | action | becomes |", "|---|---|---|---|"]
    lines += [f"| {kind} | {state} | {action} | {target} |" for (kind, state, action), target in TASK_TABLE.items()]
    lines += ["", "Because of the case or the other task:", "", "| task | is | action | becomes |", "|---|---|---|---|"]
    moved = SYSTEM_TASK_TABLE.items()
    lines += [f"| {kind} | {state} | {action} | {target} |" for (kind, state, action), target in moved]
    reasons = ", ".join(action.value for action in Action if action in REASON_NEEDED)
    return "\n".join([*lines, "", *about_clocks(Policy()), "", _TAIL.format(reasons=reasons)])


_HEAD = """# Cases and tasks

Drawn from the tables in `dispatch/lifecycle.py`; a test fails when they differ.

One incident is one case. A case has one task to *handle* it (the leading grid) and one to *verify* it (the supporting
grid; without one a supervisor of the leading grid, or the other grid). The handling task moves the case; the
verification task ends it. How alarms open, join, cancel and reopen cases stands in [alarms.md](alarms.md), part 8.

## Cases
"""

_TAIL = """## Guards

* A reason is mandatory for: {reasons}.
* A waiting task is accepted by the person in whose queue it is, or by a colleague of the same grid and community; of
  two who try at once one wins, the other is told who has it. A volunteer accepts only what is theirs or offered to
  them, and never a repair.
* A repair of the construction grid asks for the trade of its class, and for the certificate that the city names for it
  (`dispatch.classes` of the settings). Whoever accepts one that is not theirs, an offered one too, must have the trade,
  and the certificate on that day; they are told which one, and until when theirs was valid. Of supervisors and managers
  only the certificate is asked. Whose it is accepts it: routing gives it to somebody fit, or, where nobody is, to
  somebody above the workers, who has it done. Shift, leave and burden keep nobody from accepting: whoever is off duty
  and fit may take it of their own will.
* A supervisor may transfer a repair to somebody without its trade, with a reason: the history says what was lacking.
  Without the certificate it goes only to a supervisor or manager, who has it done; the history says that too. It is
  never a volunteer's, and technicians and people of departments take no tasks. `GET /tasks/{{task}}/receivers` shows
  whom it may go to, and of the others why not.
* Where a city wishes it, a task that is not urgent is offered to all who are fit (抢单): it is in their queues until
  one has accepted it, and in its owner's alone when the offer is over. Or it goes round by turns (轮训). ADR 0044.
* Arrive, handle, verify and reject are for the owner; return, suspend and resume for the owner or a supervisor;
  transfer and cancel for a supervisor.
* Supervisors are managers and administrators, for both grids in what they see; and whoever the registry of people marks
  as supervisor, for tasks of their grid in their communities, whatever the role of their login. Merging and a lasting
  repair are for a supervisor of the leading grid.
* Nobody verifies their own repair: the verifier is another person than the one who reported it handled.
* A case is suspended once at most; its limit moves by what was left of its clock. The owner suspends without being
  granted it: the supervisor is told, and may resume at any time. Of the owner and the supervisor each is told what the
  other does. Case and task say until when.
* If whoever is at work on a case is not there any more, the case comes back as if returned, and is dispatched anew; a
  suspended one changes hands as it is.
* A verification may be accepted and visited before the repair (look, warn people), and concluded only after it.
* A test case (drill) knows confirm and cancel, and nothing else does know confirm. The handling worker's confirmation
  closes it, the other one's is noted; unconfirmed it ends after 30 min. It has no limits and counts nowhere.
* A case is marked while a flag stands over alarms of it (shelved, suppressed, out of service): it stays where it is,
  and its limits run on; no further alarm beneath the flag joins it.
* A storm ([alarms.md](alarms.md), part 8) is one case of many facilities: two tasks, whatever their number. It says how
  many there are and how many are on; nobody having begun, it ends when all have been off for 10 min.
* A joint case is one of a rule that gathers (`gather`, [rules.md](rules.md)): two tasks for all facilities of a supply,
  cell or community, from the first one on. What comes while it is open joins it; whoever is at work on it is told.
* A repair is observed by the sensor where there is one; [closure.md](closure.md) says what follows. The system
  verifies or rejects then, as a verifier would; a person may conclude before. The same holds for rules that read groups
  or parents, by all that they read, and for *cannot see now*, by the points that must be heard again.
* A case without a sensor is verified on a photo after the repair, or on words why none could be taken
  ([closure.md](closure.md), part 2).
* Cases of one root cause are merged by a supervisor: the one ends (merge), the other takes its alarms, present and to
  come. A case that has been reported as handled is not merged, nor one that gathers many facilities.
* A merging is taken back by a supervisor, with a reason, while the other case is open and not yet reported as handled:
  the case is filed anew with its alarms. What its clocks did meanwhile stands below.
* What people report or departments hand down becomes a case by the gate of [intake.md](intake.md), and is verified by a
  visit. A case that somebody has reported does not end by itself when its alarm clears.
* A case of a facility and family that is opened within 7 days after one of the same was closed names it in its history
  (relapse); an open case takes further alarms in however long it has been open.
* A case that ended by itself, or was closed, is reopened by the system if its alarm proves to be still on; it never
  makes a second case.
"""
