"""Who would have had what on their hands: tasks of the past that were never given, counted in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.alarms import Severity
from core.cases import Deadline, DeadlineClock, TaskKind
from core.places import Grid
from core.ports.cases import Rung
from core.ports.registry import FacilityPlace, Roster
from dispatch.announcing import Announcer, Seeking, Waiting, announce, announce_to, latest_ms, moved_up
from dispatch.arrival import Urgent
from dispatch.diary import Diary
from dispatch.distance import Spot
from dispatch.policy import Policy
from dispatch.routing import Request
from dispatch.worktime import due


@dataclass(slots=True, eq=False)
class ForeseenTask:
    """A task as it would have been given; ``owner`` ``None``: nobody was there.

    ``given_ms`` is when it was announced, ``wanted_ms`` when it would have been had its owner had room; ``called_out``
    says that somebody had to be woken after it was first given. ``due_ms`` is its limit, by ``clock``; ``went``: where
    its owner has set out to.
    """

    kind: TaskKind
    grid: Grid
    severity: Severity
    made_ms: int
    given_ms: int
    owner: int | None
    rung: Rung
    cell: str
    due_ms: int = 0
    clock: DeadlineClock = DeadlineClock.WORK
    wanted_ms: int = 0
    ended_ms: int | None = None
    accepted_ms: int | None = None
    called_out: bool = False
    turn: int = 0
    went: Spot | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to do it."""
        return self.ended_ms is None

    @property
    def heard(self) -> bool:
        """Whether it was announced to somebody before it ended."""
        return self.owner is not None and (self.ended_ms is None or self.ended_ms >= self.given_ms)


class Loads:
    """Who has what on their hands: what ``dispatch.assignment`` asks the database for."""

    def __init__(self, roster: Roster, policy: Policy, find: Announcer = announce) -> None:
        """Nobody has anything; ``find`` gives out the tasks."""
        self._roster, self._policy, self._find = roster, policy, find
        self._diary = Diary(policy.calendar, policy.turn_ms)
        self._mine: dict[int, list[ForeseenTask]] = {}
        self._number: dict[int, int] = {}

    def give(
        self,
        task: ForeseenTask,
        request: Request,
        place: FacilityPlace | None,
        now_ms: int,
        keep: int | None = None,
    ) -> Sequence[ForeseenTask]:
        """Find its owner and when they are told, whoever had it before; what other announcements this moves.

        Who is to ``keep`` it has it if they are there and fit.
        """
        self._taken_back(task, now_ms)
        self._number.setdefault(id(task), len(self._number))
        latest = latest_ms(request.at_ms, task.due_ms, task.clock, self._policy)

        def waiting(person: int) -> list[Waiting]:
            return self._waiting(person, now_ms)

        seeking = Seeking(
            request=request,
            place=place,
            latest=latest,
            roster=self._roster,
            diary=self._diary,
            waiting=waiting,
            policy=self._policy,
        )
        found = announce_to(keep, self._find, seeking)
        task.owner, task.rung = found.assignment.owner, found.assignment.rung
        task.wanted_ms, task.given_ms = request.at_ms, found.at_ms
        if task.owner is None:
            return ()
        moved = self._move(task.owner, found.moved)
        self._diary.opened(task.owner)
        self._diary.write(task.owner, task.given_ms)
        self._mine.setdefault(task.owner, []).append(task)
        self._urgent(task, place)
        return moved

    def went(self, task: ForeseenTask, place: FacilityPlace | None, at_ms: int) -> None:
        """The owner of a task has accepted it and goes there."""
        if task.owner is not None and place is not None:
            task.went = place.spot
            self._diary.went(task.owner, place.spot, at_ms)
        self._urgent(task, place, at_ms)

    def raised(self, task: ForeseenTask, severity: Severity, place: FacilityPlace | None) -> None:
        """The case of a task has become worse, and it stays with its owner."""
        task.severity = severity
        self._urgent(task, place, task.accepted_ms)

    def _urgent(self, task: ForeseenTask, place: FacilityPlace | None, begun_ms: int | None = None) -> None:
        if task.owner is not None and not self._policy.rests_at_night(task.severity):
            what = Urgent(task.kind, task.severity, begun_ms, place.spot if place else None)
            self._diary.urgent(task.owner, self._number[id(task)], what if task.open else None)

    def ended(self, task: ForeseenTask, at_ms: int) -> Sequence[ForeseenTask]:
        """A task is no longer open; it has been given that day all the same, unless nobody has heard of it yet.

        Returns:
            what is announced earlier instead.
        """
        if not task.open:
            return ()
        task.ended_ms = at_ms
        if task.owner is None:
            return ()
        self._diary.opened(task.owner, -1)
        self._mine[task.owner].remove(task)
        self._diary.urgent(task.owner, self._number[id(task)], None)
        self._diary.went(task.owner, task.went, at_ms)
        if task.heard:
            return ()
        self._diary.strike(task.owner, task.given_ms)
        return self._move(task.owner, moved_up(self._waiting(task.owner, at_ms), task.given_ms))

    def _taken_back(self, task: ForeseenTask, now_ms: int) -> None:
        """A task is given anew: it counts for whoever gets it now; and for whoever was told of it before, as told."""
        if task.owner is not None:
            self._diary.urgent(task.owner, self._number[id(task)], None)
        if task.owner is not None and task.open:
            self._diary.opened(task.owner, -1)
            self._mine[task.owner].remove(task)
        if task.owner is not None and task.heard and task.given_ms > now_ms:
            self._diary.strike(task.owner, task.given_ms)
        task.owner, task.ended_ms, task.went = None, None, None

    def limit(self, task: ForeseenTask, limit: Deadline, from_ms: int, *, nearer: bool) -> None:
        """Start the limit of a task, or only one that is ``nearer`` than what it has."""
        due_ms = due(self._policy.calendar, limit.clock, from_ms, limit.hours)
        if not nearer or due_ms < task.due_ms:
            task.due_ms, task.clock, task.wanted_ms = due_ms, limit.clock, from_ms

    def too_late(self, task: ForeseenTask) -> bool:
        """Whether a task is announced later than it must be, since its limit has become nearer."""
        return task.given_ms > latest_ms(task.wanted_ms, task.due_ms, task.clock, self._policy)

    def _move(self, owner: int, to: Mapping[int, int]) -> list[ForeseenTask]:
        moved = [task for task in self._mine.get(owner, ()) if self._number[id(task)] in to]
        for task in moved:
            self._diary.strike(owner, task.given_ms)
            task.given_ms = to[self._number[id(task)]]
            self._diary.write(owner, task.given_ms)
        return moved

    def _waiting(self, person: int, now_ms: int) -> list[Waiting]:
        found = []
        for task in self._mine.get(person, ()):
            if task.accepted_ms is None and task.given_ms >= now_ms and self._policy.rests_at_night(task.severity):
                latest = latest_ms(task.wanted_ms, task.due_ms, task.clock, self._policy)
                number, at_ms = self._number[id(task)], task.given_ms
                found.append(Waiting(number=number, severity=task.severity, at_ms=at_ms, latest_ms=max(latest, at_ms)))
        return found
