"""Who would have had what on their hands: tasks of the past that were never given, counted in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.alarms import Severity
from core.cases import TaskKind
from core.places import Grid
from core.ports.cases import Rung
from dispatch.policy import Policy
from dispatch.routing import Load
from dispatch.worktime import HOUR_MS


@dataclass(slots=True, eq=False)
class ForeseenTask:
    """A task as it would have been given; ``owner`` ``None``: nobody was there.

    ``given_ms`` is when it was announced; ``called_out`` says that somebody had to be woken after it was first given.
    """

    kind: TaskKind
    grid: Grid
    severity: Severity
    made_ms: int
    given_ms: int
    owner: int | None
    rung: Rung
    cell: str
    open: bool = True
    accepted_ms: int | None = None
    called_out: bool = False
    turn: int = 0


class Loads:
    """Who has what on their hands: the counts that ``dispatch.assignment`` asks the database for."""

    def __init__(self, policy: Policy) -> None:
        """Nobody has anything."""
        self._calendar = policy.calendar
        self._open: dict[int, int] = {}
        self._given: dict[int, list[int]] = {}

    def add(self, task: ForeseenTask) -> None:
        """A task has an owner."""
        if task.owner is not None:
            self._open[task.owner] = self._open.get(task.owner, 0) + 1
            insort(self._given.setdefault(task.owner, []), task.given_ms)

    def ended(self, task: ForeseenTask) -> None:
        """A task is no longer open; it has been given that day all the same."""
        if task.open and task.owner is not None:
            self._open[task.owner] -= 1
        task.open = False

    def taken_back(self, task: ForeseenTask) -> None:
        """A task is given to somebody else."""
        if task.owner is not None:
            self._open[task.owner] -= 1
            given = self._given[task.owner]
            del given[bisect_left(given, task.given_ms)]

    def at(self, at_ms: int) -> Mapping[int, Load]:
        """The loads of everybody who was ever given anything, as they are when they are asked for."""
        return _LoadsAt(self._open, self._given, at_ms, self._calendar.instant(self._calendar.day_of(at_ms), 0))


class _LoadsAt(Mapping[int, Load]):
    """Counted when asked for: routing looks at few people."""

    def __init__(
        self, open_tasks: Mapping[int, int], given: Mapping[int, list[int]], at_ms: int, midnight: int
    ) -> None:
        self._open, self._given, self._at_ms, self._midnight = open_tasks, given, at_ms, midnight

    def __getitem__(self, person: int) -> Load:
        given = self._given[person]
        upto = bisect_right(given, self._at_ms)
        today = upto - bisect_left(given, self._midnight)
        return Load(self._open.get(person, 0), today, upto - bisect_right(given, self._at_ms - HOUR_MS))

    def __iter__(self) -> Iterator[int]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)
