"""Giving tasks to people inside a transaction: loads from the database, routing from ``dispatch.routing``.

Loads are counted once per transaction and kept current while it gives out tasks, so that a flood of alarms in one batch
is spread like one that comes in single.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Action, DeadlineClock, TaskKind, TaskState
from core.places import Grid
from core.ports.cases import Candidate, Mode, PassedOver, Rung
from core.ports.registry import FacilityPlace, Roster
from dispatch import tables
from dispatch.announcing import Announced, Line, Seeking, Waiting, announce, announce_to, latest_ms, moved_up
from dispatch.arrival import Urgent
from dispatch.deciding import announce_ms, request_for
from dispatch.diary import BELIEVED_MS, Diary
from dispatch.policy import Policy
from dispatch.routing import Assignment
from dispatch.whereabouts import Whereabouts
from dispatch.worktime import HOUR_MS

_WENT = (TaskState.ACCEPTED.value, TaskState.ON_SITE.value, TaskState.DONE.value)
"""Whoever has a task in one of these states has set out for it."""

_NAMED = 100
_WEEK_MS = 7 * 24 * HOUR_MS
"""A task that was given longer ago does not say where somebody is: so no more rows need be read."""


class Assigner:
    """Finds owners within one transaction."""

    def __init__(
        self, connection: sa.Connection, roster: Roster, policy: Policy, now_ms: int, places: Whereabouts
    ) -> None:
        """Route by ``roster``; nothing is read before the first task."""
        self._places = places
        self._connection = connection
        self._roster = roster
        self._policy = policy
        self._now_ms = now_ms
        self._known: Diary | None = None
        self._passing: int | None = None
        self._lines: dict[int, dict[int, Waiting]] = {}
        self._sorted: dict[int, Line] = {}
        self._rows: dict[int, Any] = {}
        self._turned = False
        self._urgent = False

    def announce_ms(self, severity: Severity) -> int:
        """When a task of this severity is announced if its owner has room: now, or when work begins again."""
        return announce_ms(severity, self._now_ms, self._policy)

    def assign(
        self,
        *,
        kind: TaskKind,
        grid: Grid,
        support: Grid | None,
        place: FacilityPlace | None,
        community: int,
        severity: Severity,
        due_ms: int | None,
        clock: DeadlineClock,
        excluded: Mapping[int, PassedOver],
        drill: bool = False,
        anew: bool = False,
        keep: int | None = None,
    ) -> Announced:
        """Find the owner of a task and when they are told; without anybody fit, those who returned it are asked again.

        Nothing is written: the caller does, and moves what this moves. A drill moves nothing. What is given ``anew`` is
        offered to nobody. Who is to ``keep`` it has it if they are there and fit.
        """
        request = request_for(
            kind=kind,
            grid=grid,
            support=support,
            place=place,
            community=community,
            severity=severity,
            at_ms=self.announce_ms(severity),
            excluded=excluded,
            policy=self._policy,
        )
        diary = self._diary()
        if request.mode is Mode.CLAIM and (anew or drill):
            request = replace(request, mode=Mode.ASSIGN)
        if request.mode is Mode.ROTATE:
            self._count_turns(diary)
        if not self._policy.rests_at_night(severity):
            self._read_urgent(diary)
        latest = latest_ms(request.at_ms, due_ms, clock, self._policy)
        waiting = _nobody if drill else self.waiting
        seeking = Seeking(
            request=request,
            place=place,
            latest=latest,
            roster=self._roster,
            diary=diary,
            waiting=waiting,
            policy=self._policy,
        )
        found = announce_to(keep, announce, seeking)
        self._passing = None
        return found

    def waiting(self, person: int) -> Sequence[Waiting]:
        """A person's tasks that are not urgent and not announced before now; read once where somebody keeps count."""
        line = self._lines.get(person)
        if line is None:
            line = {one.number: one for one in self._read_line(tables.task.c.owner == person)}
            if self._known is not None:
                self._lines[person] = line
        if self._passing is not None:
            return [one for one in line.values() if one.number != self._passing]
        if self._known is None:
            return list(line.values())
        if person not in self._sorted:
            self._sorted[person] = Line(line.values())
        return self._sorted[person]

    def pass_on(self, row: Any) -> None:
        """A task is about to be given anew: it counts for nobody until it is written."""
        self._diary()
        self.mirror(self.before(row), None)
        self._passing = row.number

    def was_told(self, row: Any) -> None:
        """A task is about to be given anew: whoever had been told of it has been told."""
        if row.owner is None or row.drill or row.assigned_ms > self._now_ms:
            return
        if not row.open and row.assigned_ms > row.changed_ms:
            return
        values = {"person": row.owner, "at_ms": row.assigned_ms}
        self._connection.execute(sa.insert(tables.told).values(values))
        if self._known is not None and row.assigned_ms >= self._since_ms():
            self._known.write(row.owner, row.assigned_ms)

    def before(self, row: Any) -> Any | None:
        """A task as it is written now, where somebody keeps count."""
        if self._known is None:
            return None
        return self._connection.execute(sa.select(tables.task).where(tables.task.c.number == row.number)).one()

    def read(self, number: int) -> Any | None:
        """A task of a line, with ``facility``, ``family`` and ``severity`` of its case, as long as it is as it was."""
        return self._rows.get(number)

    def forget(self, case: int) -> None:
        """What is known of a case has changed: its tasks are read anew when they move."""
        for number in [number for number, row in self._rows.items() if row.case == case]:
            del self._rows[number]

    def mirror(self, before: Any | None, after: Any | None, case: Any | None = None) -> None:
        """A task's row has changed: the counts go along.

        Who knows its ``case`` saves a question: anything with ``severity`` and ``facility`` of it.
        """
        if before is not None:
            self._rows.pop(before.number, None)
        if self._known is None:
            return
        for row, count in ((before, -1), (after, 1)):
            if row is None or row.owner is None or row.drill:
                continue
            if row.open:
                self._known.opened(row.owner, count)
            if row.assigned_ms >= self._since_ms() and (row.open or row.assigned_ms <= row.changed_ms):
                (self._known.write if count > 0 else self._known.strike)(row.owner, row.assigned_ms)
            self._sorted.pop(row.owner, None)
            if row.owner in self._lines:
                self._lines[row.owner].pop(row.number, None)
            if self._urgent and count < 0:
                self._known.urgent(row.owner, row.number, None)
        if after is None:
            return
        severity = None if case is None else Severity(case.severity)
        calm = severity is not None and self._policy.rests_at_night(severity)
        if self._urgent and not calm:
            self._note_urgent(self._known, after, case)
        if after.owner in self._lines:
            if severity is None:
                mine = self._read_line(tables.task.c.number == after.number)
            else:
                mine = [self._wait(after, severity)] if calm and self._waits(after) else []
            self._sorted.pop(after.owner, None)
            self._lines[after.owner].update((one.number, one) for one in mine)

    def freed(self, row: Any) -> Mapping[int, int]:
        """What moves up because a task has ended that nobody has heard of: task to instant."""
        if row.owner is None or row.open or row.drill or row.assigned_ms <= self._now_ms:
            return {}
        self._diary()
        return moved_up(self.waiting(row.owner), row.assigned_ms)

    def too_late(self, row: Any) -> bool:
        """Whether a task is announced later than it must be, since its limit has become nearer."""
        return row.wanted_ms is not None and row.assigned_ms > max(self._latest(row), self._now_ms)

    def _read_line(self, which: sa.ColumnElement[bool]) -> list[Waiting]:
        table, case = tables.task, tables.case
        waits = (table.c.open, table.c.state == TaskState.WAITING.value, ~table.c.drill)
        query = (
            sa.select(table, case.c.facility, case.c.family, case.c.severity)
            .join(case, case.c.number == table.c.case)
            .where(which, *waits, table.c.assigned_ms >= self._now_ms, table.c.wanted_ms.is_not(None))
        )
        rows = [SimpleNamespace(**row) for row in self._connection.execute(query).mappings()]
        calm = [row for row in rows if self._policy.rests_at_night(Severity(row.severity))]
        self._rows.update((row.number, row) for row in calm)
        return [self._wait(row, Severity(row.severity)) for row in calm]

    def _waits(self, row: Any) -> bool:
        """The same as in ``_read_line``, for one row."""
        waiting = row.open and row.state == TaskState.WAITING and not row.drill
        return waiting and row.assigned_ms >= self._now_ms and row.wanted_ms is not None

    def _wait(self, row: Any, severity: Severity) -> Waiting:
        at_ms = int(row.assigned_ms)
        latest = max(self._latest(row), at_ms)
        return Waiting(number=row.number, severity=severity, at_ms=at_ms, latest_ms=latest)

    def _latest(self, row: Any) -> int:
        return latest_ms(row.wanted_ms, row.due_ms, DeadlineClock(row.due_clock), self._policy)

    def _diary(self) -> Diary:
        """Who was told what since midnight, and will be; read once, and kept current from then on."""
        if self._known is not None:
            return self._known
        table, since_ms = tables.task, self._since_ms()
        mine = (table.c.owner.is_not(None), ~table.c.drill)
        known = self._known = Diary(self._policy.calendar, self._policy.turn_ms)
        count = sa.select(table.c.owner, sa.func.count()).where(*mine, table.c.open).group_by(table.c.owner)
        for owner, number in self._connection.execute(count):
            known.opened(owner, number)
        told = sa.select(table.c.owner, table.c.assigned_ms).where(*mine, table.c.assigned_ms >= since_ms, heard())
        for owner, at_ms in self._connection.execute(told):
            known.write(owner, at_ms)
        again = tables.told
        for owner, at_ms in self._connection.execute(
            sa.select(again.c.person, again.c.at_ms).where(again.c.at_ms >= since_ms)
        ):
            known.write(owner, at_ms)
        week_ms, lately_ms = self._now_ms - _WEEK_MS, self._now_ms - BELIEVED_MS
        went = (table.c.state.in_(_WENT), table.c.assigned_ms >= week_ms, table.c.assigned_ms <= self._now_ms)
        query = sa.select(table.c.owner, table.c.case, tables.case.c.facility, table.c.changed_ms)
        query = query.join(tables.case, tables.case.c.number == table.c.case).where(
            *mine, *went, table.c.changed_ms >= lately_ms
        )
        rows = self._connection.execute(query.order_by(table.c.changed_ms, table.c.number)).all()
        spots = self._places.spots({row.case: row.facility for row in rows})
        for row in rows:
            known.went(row.owner, spots.get(row.case), row.changed_ms)
        return known

    def _count_turns(self, diary: Diary) -> None:
        """What somebody was told of before what the diary holds counts for their turn; asked once, if one rotates."""
        if self._turned:
            return
        self._turned, table = True, tables.task
        told = (table.c.assigned_ms > self._now_ms - self._policy.turn_ms, table.c.assigned_ms < self._since_ms())
        count = sa.select(table.c.owner, sa.func.count()).where(table.c.owner.is_not(None), ~table.c.drill, *told)
        for owner, number in self._connection.execute(count.group_by(table.c.owner)):
            diary.turned(owner, number)

        table = tables.told
        told = (table.c.at_ms > self._now_ms - self._policy.turn_ms, table.c.at_ms < self._since_ms())
        count = sa.select(table.c.person, sa.func.count()).where(*told).group_by(table.c.person)
        for owner, number in self._connection.execute(count):
            diary.turned(owner, number)

    def _read_urgent(self, diary: Diary) -> None:
        """Who is at urgent work; asked once, if a task is urgent."""
        if not self._urgent:
            self._urgent = True
            self._learn_urgent(diary, sa.true())

    def _note_urgent(self, diary: Diary, row: Any, case: Any | None) -> None:
        """A task that may be urgent is as it is in ``row``."""
        if case is None:
            self._learn_urgent(diary, tables.task.c.number == row.number)
        elif row.open and not row.drill and row.owner is not None and row.state != TaskState.SUSPENDED:
            begun_ms = row.changed_ms if row.state != TaskState.WAITING else None
            spot = self._places.spots({row.case: case.facility}).get(row.case)
            diary.urgent(row.owner, row.number, Urgent(TaskKind(row.kind), Severity(case.severity), begun_ms, spot))

    def _learn_urgent(self, diary: Diary, which: sa.ColumnElement[bool]) -> None:
        table, case = tables.task, tables.case
        mine = (table.c.open, ~table.c.drill, table.c.owner.is_not(None), table.c.state != TaskState.SUSPENDED.value)
        urgent = [one.value for one in Severity if not self._policy.rests_at_night(one)]
        query = (
            sa.select(
                table.c.number,
                table.c.case,
                table.c.owner,
                table.c.kind,
                table.c.state,
                table.c.changed_ms,
                case.c.severity,
                case.c.facility,
            )
            .join(case, case.c.number == table.c.case)
            .where(*mine, case.c.severity.in_(urgent), which)
            .order_by(table.c.assigned_ms, table.c.number)
        )
        rows = self._connection.execute(query).all()
        spots = self._places.spots({row.case: row.facility for row in rows})
        for row in rows:
            begun_ms = row.changed_ms if row.state != TaskState.WAITING else None
            spot = spots.get(row.case)
            diary.urgent(row.owner, row.number, Urgent(TaskKind(row.kind), Severity(row.severity), begun_ms, spot))

    def _since_ms(self) -> int:
        calendar = self._policy.calendar
        return min(calendar.instant(calendar.day_of(self._now_ms), 0), self._now_ms - HOUR_MS)

    def returned_by(self, task: int) -> dict[int, PassedOver]:
        """Who has returned this task before."""
        table = tables.history
        query = sa.select(table.c.person).where(
            table.c.task == task, table.c.action == Action.RETURN.value, table.c.person.is_not(None)
        )
        return dict.fromkeys(self._connection.execute(query).scalars(), PassedOver.RETURNED_IT)


def heard() -> sa.ColumnElement[bool]:
    """Tasks that have not ended before they were announced."""
    table = tables.task
    return sa.or_(table.c.open, table.c.assigned_ms <= table.c.changed_ms)


def _nobody(person: int) -> list[Waiting]:
    """Nothing of anybody's moves."""
    del person
    return []


def routing_text(assignment: Assignment) -> str:
    """The candidates as they are stored with a task: the first hundred, and whoever got it."""
    named = assignment.candidates
    kept = [*named[:_NAMED], *(one for one in named[_NAMED:] if one.passed_over is None)]
    return json.dumps(
        [
            [
                item.rung.value,
                item.cell,
                item.person,
                item.load,
                item.passed_over.value if item.passed_over else None,
                item.distance_m,
                item.there_min,
            ]
            for item in kept
        ]
    )


def routing_of(text: str) -> tuple[Candidate, ...]:
    """The candidates of ``routing_text``."""
    rows: list[list[Any]] = json.loads(text)
    return tuple(
        Candidate(
            rung=Rung(rung),
            cell=cell,
            person=person,
            load=load,
            passed_over=PassedOver(passed_over) if passed_over else None,
            distance_m=more[0] if more else None,  # tasks of earlier versions have none
            there_min=more[1] if len(more) > 1 else None,
        )
        for rung, cell, person, load, passed_over, *more in rows
    )
