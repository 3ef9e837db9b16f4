"""Extension, supervision and appeal: one table, the guards beside it, no clock and no database.

They go on *beside* the states of case and task, and never move them. An extension (延期) moves the limit of the repair
or that of the verification, a supervision (督办) marks the case and has a clock of its own, an appeal (申诉) is judged
twice and lets the fact that it is against stand: what was late stays late, with the ruling beside it. Source of the
numbers: municipal practice under GB/T 30428 (at most two extensions, each of at most one original limit; a refusal does
not count; an appeal once, after the case is closed, reviewed by two).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.cases import PROCEEDINGS, Action, Actor, CaseState, Conflict, NotPermitted, TaskKind, TaskState
from core.errors import Invalid
from core.stages import OPEN_PROCEEDINGS, ProceedingKind, ProceedingState, SupervisionLevel
from dispatch import findings as kinds

K, S, A = ProceedingKind, ProceedingState, Action
_ACCEPTED = frozenset({TaskState.ACCEPTED, TaskState.ON_SITE})

PROCEEDING_TABLE: Mapping[tuple[ProceedingKind, ProceedingState | None, Action], ProceedingState] = {
    (K.EXTENSION, None, A.EXTEND): S.ASKED,
    (K.EXTENSION, S.ASKED, A.GRANT): S.GRANTED,
    (K.EXTENSION, S.ASKED, A.REFUSE): S.REFUSED,
    (K.SUPERVISION, None, A.SUPERVISE): S.STANDING,
    (K.SUPERVISION, S.STANDING, A.SUPERVISE): S.STANDING,
    (K.SUPERVISION, S.ANSWERED, A.SUPERVISE): S.STANDING,
    (K.SUPERVISION, S.STANDING, A.ANSWER): S.ANSWERED,
    (K.SUPERVISION, S.STANDING, A.LIFT): S.LIFTED,
    (K.SUPERVISION, S.ANSWERED, A.LIFT): S.LIFTED,
    (K.APPEAL, None, A.APPEAL): S.ASKED,
    (K.APPEAL, S.ASKED, A.ENDORSE): S.ENDORSED,
    (K.APPEAL, S.ASKED, A.DISMISS): S.DISMISSED,
    (K.APPEAL, S.ENDORSED, A.UPHOLD): S.UPHELD,
    (K.APPEAL, S.ENDORSED, A.DISMISS): S.DISMISSED,
}
"""``None``: none of the kind is open."""

KIND_OF: Mapping[Action, ProceedingKind] = {action: kind for kind, _, action in PROCEEDING_TABLE}

LAPSES: Mapping[ProceedingKind, frozenset[Action]] = {
    K.EXTENSION: frozenset({A.HANDLE, A.VERIFY, A.REJECT, A.CANCEL, A.MERGE, A.CLOSE, A.CONFIRM}),
    K.SUPERVISION: frozenset({A.CANCEL, A.MERGE, A.CLOSE, A.CONFIRM}),
    K.APPEAL: frozenset({A.REOPEN}),
}
"""Steps of a case with which an open proceeding lapses."""

AT_WORK = frozenset({CaseState.ACCEPTED, CaseState.ON_SITE})
_ASKS: Mapping[TaskKind, frozenset[CaseState]] = {
    TaskKind.HANDLE: AT_WORK,
    TaskKind.VERIFY: frozenset({CaseState.HANDLED}),
}
"""States of the case in which the owner of a task, having accepted it, is at what its limit asks for."""
_SUPERVISED = frozenset({CaseState(state) for state in CaseState} - {CaseState.CLOSED, CaseState.CANCELLED})
_BY_SUPERVISOR = frozenset({A.GRANT, A.REFUSE, A.SUPERVISE, A.LIFT, A.ENDORSE, A.UPHOLD, A.DISMISS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The newest proceeding of a kind: where it stands, who began it, who reviewed it first."""

    state: ProceedingState
    by: str
    level: SupervisionLevel | None = None
    wished_ms: int | None = None
    endorsed_by: str = ""

    @property
    def open(self) -> ProceedingState | None:
        """Its state while it is open."""
        return self.state if self.state in OPEN_PROCEEDINGS else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """Everything that decides whether a proceeding may take a step.

    Attributes:
        task: kind of the task it is about; owner: whose it is, ``None``: nobody's; task_state: where it stands.
        due_ms: the limit of the repair, or of the verification; ``None`` while there is none (paused, drill, the sensor
            observes).
        met: what the limit asks for was done, or is not asked for yet.
        latest_ms: furthest moment that an extension may ask for.
        extensions: granted so far, of this task; extensions_most: at most so many.
        adverse: something counts against the owner: lateness, or a repair that did not hold.
        closed_ms: when the case was closed; appeal_until_ms: until when an appeal is heard.
        latest: the newest proceeding of each kind; of appeals that of this task.
    """

    case: CaseState
    task: TaskKind
    task_state: TaskState
    drill: bool
    actor: Actor
    owner: int | None
    now_ms: int
    due_ms: int | None
    met: bool
    latest_ms: int | None
    extensions: int
    extensions_most: int
    adverse: bool
    appeal_until_ms: int | None
    latest: Mapping[ProceedingKind, Standing] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What comes with a step: why, until when, how heavy."""

    note: str
    until_ms: int | None = None
    level: SupervisionLevel | None = None


def decide(matter: Matter, action: Action, wish: Wish) -> ProceedingState:
    """Where ``action`` leads.

    Raises:
        NotPermitted: if this actor may not do it.
        Conflict: if case or proceeding do not allow it now.
        Invalid: if reason, moment or level are missing or wrong.
    """
    target = _moved(matter, action)
    _check_actor(matter, action)
    _check_guards(matter, action)
    _check_wish(matter, action, wish)
    return target


def allowed(matter: Matter) -> tuple[Action, ...]:
    """What this actor may do now; what ``decide`` lets through with a fit reason, moment and level."""
    found = []
    for action in sorted(PROCEEDINGS, key=list(Action).index):
        try:
            _moved(matter, action)
            _check_actor(matter, action)
            _check_guards(matter, action)
        except (NotPermitted, Conflict):
            continue
        found.append(action)
    return tuple(found)


def lapses(kind: ProceedingKind, state: ProceedingState, action: Action) -> bool:
    """Whether a proceeding ends undecided because its case takes this step."""
    return state in OPEN_PROCEEDINGS and action in LAPSES[kind]


def _moved(matter: Matter, action: Action) -> ProceedingState:
    if matter.drill:
        raise Conflict("wrong_state", kinds.ONLY_A_DRILL(), matter.owner)
    kind = KIND_OF[action]
    latest = matter.latest.get(kind)
    target = PROCEEDING_TABLE.get((kind, latest.open if latest else None, action))
    if target is None:
        said = kinds.PROCEEDING_STATE(action=kinds.ACTIONS[action.value], kind=kinds.PROCEEDINGS[kind.value])
        raise Conflict("not_now", said, matter.owner)
    return target


def _check_actor(matter: Matter, action: Action) -> None:
    actor = matter.actor
    owns = actor.person is not None and actor.person == matter.owner
    if not (actor.supervises if action in _BY_SUPERVISOR else owns):
        raise NotPermitted(kinds.NOT_IN_QUEUE(action=kinds.ACTIONS[action.value]))


def _check_guards(matter: Matter, action: Action) -> None:
    kind = KIND_OF[action]
    latest = matter.latest.get(kind)
    if kind is K.EXTENSION:
        _check_extension(matter, action, latest)
    elif kind is K.SUPERVISION:
        if matter.task is not TaskKind.HANDLE or matter.case not in _SUPERVISED:
            raise Conflict("not_now", kinds.CASE_HAS_ENDED(), matter.owner)
        heaviest = latest is not None and latest.open is not None and latest.level is SupervisionLevel.LISTED
        if action is A.SUPERVISE and heaviest:
            raise Conflict("not_now", kinds.HEAVIEST_ALREADY(), matter.owner)
    else:
        _check_appeal(matter, action, latest)


def _check_extension(matter: Matter, action: Action, latest: Standing | None) -> None:
    if matter.met:
        raise Conflict("not_now", kinds.NO_LIMIT_TO_MOVE(), matter.owner)
    if action is A.EXTEND:
        asks = matter.case in _ASKS[matter.task] and matter.task_state in _ACCEPTED
        if not asks or matter.due_ms is None:
            raise Conflict("not_now", kinds.NO_LIMIT_TO_MOVE(), matter.owner)
        if matter.now_ms > matter.due_ms:
            raise Conflict("too_late", kinds.LIMIT_HAS_PASSED(), matter.owner)
        if matter.extensions >= matter.extensions_most:
            raise Conflict("granted_before", kinds.EXTENDED_ENOUGH(most=matter.extensions_most), matter.owner)
    if action is A.GRANT and matter.due_ms is None:
        raise Conflict("not_now", kinds.NO_LIMIT_TO_MOVE(), matter.owner)
    if action in {A.GRANT, A.REFUSE} and latest is not None and latest.by == matter.actor.login:
        raise Conflict("own_request", kinds.OWN_REQUEST(), matter.owner)


def _check_appeal(matter: Matter, action: Action, latest: Standing | None) -> None:
    if matter.case is not CaseState.CLOSED:
        raise Conflict("not_now", kinds.APPEAL_AFTER_CLOSING(), matter.owner)
    if action is A.APPEAL:
        if latest is not None and latest.state is not S.LAPSED:
            raise Conflict("granted_before", kinds.APPEALED_BEFORE(), matter.owner)
        if not matter.adverse:
            raise Conflict("nothing_to_appeal", kinds.NOTHING_TO_APPEAL(), matter.owner)
        if matter.appeal_until_ms is not None and matter.now_ms > matter.appeal_until_ms:
            raise Conflict("too_late", kinds.APPEAL_TOO_LATE(), matter.owner)
        return
    if latest is not None and latest.by == matter.actor.login:
        raise Conflict("own_request", kinds.OWN_REQUEST(), matter.owner)
    if latest is not None and latest.state is S.ENDORSED and latest.endorsed_by == matter.actor.login:
        raise Conflict("reviewed_it", kinds.SECOND_REVIEWER(), matter.owner)


def _check_wish(matter: Matter, action: Action, wish: Wish) -> None:
    if not wish.note.strip():
        raise Invalid([kinds.REASON_MISSING.at(action=kinds.ACTIONS[action.value])])
    if action in {A.EXTEND, A.GRANT}:
        due_ms, latest_ms = matter.due_ms or 0, matter.latest_ms or 0
        asked = matter.latest.get(K.EXTENSION)
        until_ms = wish.until_ms if wish.until_ms is not None or asked is None else asked.wished_ms
        if until_ms is None or not max(due_ms, matter.now_ms) < until_ms <= latest_ms:
            raise Invalid([kinds.EXTENSION_MOMENT.at()])
    if action is A.SUPERVISE:
        latest = matter.latest.get(K.SUPERVISION)
        stands = latest.level if latest is not None and latest.open is not None else None
        if wish.level is None or (stands is not None and wish.level.rank <= stands.rank):
            raise Invalid([kinds.SUPERVISION_LEVEL.at()])


def document() -> list[str]:
    """The part of ``docs/cases.md`` about proceedings."""
    lines = ["| proceeding | is | action | becomes |", "|---|---|---|---|"]
    for (kind, state, action), target in PROCEEDING_TABLE.items():
        lines.append(f"| {kind} | {state or 'none open'} | {action} | {target} |")
    ends = "; ".join(
        f"{kind} with {', '.join(action for action in Action if action in actions)}" for kind, actions in LAPSES.items()
    )
    return [*lines, "", f"Lapses, undecided: {ends}."]
