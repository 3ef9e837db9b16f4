"""Tasks inside a transaction: made, given to somebody, taken away, ended. What case they serve is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import (
    OPEN_TASK_STATES,
    Action,
    Actor,
    Deadline,
    DeadlineClock,
    DeadlineWhat,
    TaskKind,
    TaskState,
)
from core.places import Grid, Text
from core.ports.cases import PassedOver
from core.ports.feed import FeedKind
from core.ports.registry import FacilityPlace, Roster, RosterSource
from core.stages import Stage
from dispatch import messages, tables
from dispatch.assignment import Assigner, routing_text
from dispatch.database import update_all
from dispatch.drillwork import CHANNELS
from dispatch.ledger import Ledger
from dispatch.lifecycle import SYSTEM_TASK_TABLE
from dispatch.limitbook import accept_default
from dispatch.newrows import NewRows
from dispatch.offerwork import offer, offered_until, take_back
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.routing import Request, route
from dispatch.stagework import StageWork
from dispatch.whereabouts import Whereabouts
from dispatch.worktime import due


class SourceOnce:
    """The registry as it was before a transaction began.

    It never asks again: a transaction that waited for a second connection while others wait for its lock would stand
    still with them.
    """

    def __init__(self, source: RosterSource) -> None:
        """Ask ``source`` for the roster now; call it outside the transaction."""
        self._source = source
        self._roster = source.roster()

    def roster(self) -> Roster:
        """Who may be given a task."""
        return self._roster

    def place(self, facility: int) -> FacilityPlace | None:
        """Where a facility stands."""
        return self._roster.places.get(facility)

    def facility_counts(self) -> Mapping[int, int]:
        """Community to number of facilities."""
        return self._source.facility_counts()


class TaskWork:
    """All that happens to task rows in one transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        ledger: Ledger,
        source: RosterSource,
        policy: Policy,
        now_ms: int,
        rows: NewRows,
    ) -> None:
        """Work on ``connection`` at ``now_ms``; ``rows``: tasks that wait to be written."""
        self._connection = connection
        self._ledger = ledger
        self._source = source
        self._policy = policy
        self._now_ms = now_ms
        self._roster = source.roster()
        self._places = Whereabouts(connection, source, policy.intake)
        self._assigner = Assigner(connection, self._roster, policy, now_ms, self._places)
        self.stages = StageWork(connection, source, policy, now_ms, rows)
        self._rows = rows
        self.raised = self._assigner.forget
        self._together = False
        self._moving: dict[int, Any] = {}

    def tasks(self, case: int) -> dict[TaskKind, Any]:
        """The tasks of a case by kind."""
        self._settle_moves()
        query = sa.select(tables.task).where(tables.task.c.case == case)
        return {TaskKind(row.kind): row for row in self._connection.execute(query)}

    def one(self, number: int) -> Any:
        """The row of a task."""
        self._settle_moves()
        return self._connection.execute(sa.select(tables.task).where(tables.task.c.number == number)).one()

    def create(
        self,
        case: Any,
        kind: TaskKind,
        limit: Deadline,
        excluded: Mapping[int, PassedOver],
        routed_as: Severity | None = None,
    ) -> Any:
        """Make a task of a case and give it to somebody; the row. ``ready`` is false for a look before the repair.

        A drill's task goes to whom one of severity ``routed_as`` would go, is announced at once, and has no limit.
        """
        severity = Severity(case.severity) if routed_as is None else routed_as
        support = _support(case)
        wanted_ms = self._assigner.announce_ms(severity)
        due_ms = None if case.drill else due(self._policy.calendar, limit.clock, wanted_ms, limit.hours)
        grid = Grid(case.lead) if kind is TaskKind.HANDLE or support is None else support
        place = self._places.of(case)
        found = self._assigner.assign(
            kind=kind,
            grid=grid,
            support=support,
            place=place,
            community=case.community,
            severity=severity,
            due_ms=due_ms,
            clock=limit.clock,
            excluded=excluded,
            drill=case.drill,
        )
        announce_ms = found.at_ms
        offer_ms = None if case.drill else offered_until(found.assignment, announce_ms, self._policy)
        values = {
            "case": case.number,
            "kind": kind.value,
            "state": TaskState.WAITING.value,
            "open": True,
            "grid": grid.value,
            "owner": found.assignment.owner,
            "cell": place.cells.get(grid, "") if place else "",
            "community": case.community,
            "created_ms": self._now_ms,
            "assigned_ms": announce_ms,
            "changed_ms": self._now_ms,
            "not_before_ms": announce_ms if announce_ms > self._now_ms and not case.drill else None,
            "wanted_ms": None if case.drill else wanted_ms,
            "due_ms": due_ms,
            "due_clock": limit.clock.value,
            "due_what": limit.what.value,
            "met_ms": None,
            "overdue": False,
            "offer_ms": offer_ms,
            "escalate_ms": self.escalate_ms(case, kind, offer_ms or announce_ms),
            "escalated": case.drill,
            "ready": kind is TaskKind.HANDLE or case.handled_by is not None or case.drill,
            "routing": routing_text(found.assignment),
            "version": 1,
            "drill": case.drill,
        }
        row = self._rows.insert(tables.task, values)
        self._assigner.mirror(None, row, case)
        self._move(found.moved)
        self._ledger.note(case.number, "assigned", task=row.number, to_state=row.state, note=_whose(row.owner))
        self.stages.assigned(case, row, announce_ms)
        if case.drill:
            self._announce(row, case, "drill", self._now_ms)
        elif offer_ms is not None:
            offer(self._rows, row.number, found.assignment.offered)
            for person in found.assignment.offered:
                self.message(row, case, "offer", person, announce_ms)
        else:
            self._announce(row, case, "task" if kind is TaskKind.HANDLE or not row.ready else "verify", announce_ms)
        self.tell(row, case, "assigned")
        return row

    def update(self, row: Any, **values: object) -> Any:
        """Change a task row; the row after it, one version on."""
        self._settle_moves()
        before = self._assigner.before(row)
        after = self._written(row, values)
        self._assigner.mirror(before, after)
        return after

    def reassign(
        self,
        row: Any,
        case: Any,
        *,
        owner: int | None = None,
        not_again: int | None = None,
        keep: int | None = None,
        kind: str = "task",
    ) -> Any:
        """Give a task to ``owner``, or to whom routing finds (not to ``not_again``, but to ``keep`` if it can be).

        It waits to be accepted then, unless it is suspended: that stays.
        """
        self._settle_moves()
        severity, task_kind = Severity(case.severity), TaskKind(row.kind)
        announce_ms = wanted_ms = self._assigner.announce_ms(severity)
        self._ledger.withdraw(row.number)
        self._assigner.was_told(row)
        values: dict[str, object] = {}
        before, moved = self._assigner.before(row), dict[int, int]()
        if owner is None:
            self._assigner.pass_on(row)
            before = None
            excluded = self._assigner.returned_by(row.number)
            if not_again is not None:
                excluded[not_again] = PassedOver.RETURNED_IT
            if task_kind is TaskKind.VERIFY and case.handled_by is not None:
                excluded[case.handled_by] = PassedOver.OWN_REPAIR
            found = self._assigner.assign(
                kind=task_kind,
                grid=Grid(row.grid),
                support=_support(case),
                place=self._places.of(case),
                community=case.community,
                severity=severity,
                due_ms=row.due_ms,
                clock=DeadlineClock(row.due_clock),
                excluded=excluded,
                anew=True,
                keep=keep,
            )
            owner, announce_ms, moved = found.assignment.owner, found.at_ms, dict(found.moved)
            if owner is None and row.owner is None:
                return row  # still nobody: nothing to write down
            values["routing"] = routing_text(found.assignment)
        state = TaskState.SUSPENDED if row.state == TaskState.SUSPENDED else TaskState.WAITING
        values |= {"owner": owner, "state": state, "wanted_ms": wanted_ms, "escalated": False}
        values |= {"offer_ms": None} if row.offer_ms is not None else {}
        row = self._written(row, values | self._announced(case, task_kind, announce_ms))
        self._assigner.mirror(before, row)
        self._move(moved)
        self._ledger.note(case.number, "assigned", task=row.number, to_state=row.state, note=_whose(owner))
        if row.state == TaskState.WAITING:
            self.stages.assigned(case, row, announce_ms)
        self._announce(row, case, kind, announce_ms)
        self.tell(row, case, "assigned")
        return row

    def by_system(self, row: Any, case: Any, action: Action, actor: Actor | None = None, note: str = "") -> Any | None:
        """What a case or the twin does to a task; ``None`` where the table says nothing."""
        kind, state = TaskKind(row.kind), TaskState(row.state)
        target = SYSTEM_TASK_TABLE.get((kind, state, action))
        if target is None:
            return None
        after = self.update(row, state=target)
        self._ledger.note(
            case.number,
            action.value,
            task=row.number,
            actor=actor,
            from_state=state.value,
            to_state=target.value,
            note=note,
        )
        self.tell(after, case, action.value)
        self._move(self._assigner.freed(after))
        return after

    def new_limit(self, row: Any, limit: Deadline, from_ms: int) -> Any:
        """Start another limit."""
        return self.update(
            row,
            wanted_ms=from_ms,
            due_ms=due(self._policy.calendar, limit.clock, from_ms, limit.hours),
            due_clock=limit.clock.value,
            due_what=limit.what.value,
            met_ms=None,
            overdue=False,
        )

    def message(self, row: Any, case: Any, kind: str, person: int | None, not_before_ms: int | None = None) -> None:
        """Tell somebody something about a task; nobody is nobody."""
        if person is None:
            return
        severity = Severity(case.severity)
        place = self._source.place(case.facility)
        name = place.name if place else _unnamed(case.facility)
        self._ledger.notify(
            kind,
            ref=str(row.number),
            version=row.version,
            person=person,
            channels=CHANNELS if case.drill else self._policy.channels[severity],
            title=messages.title(kind, severity, Text(zh=case.say_zh, en=case.say_en)),
            body=messages.body(case.code, name, row.due_ms, self._policy.calendar.zone),
            severity=Severity.CRITICAL if case.drill else severity,  # somebody stands beside a drill and waits
            not_before_ms=not_before_ms,
        )

    def supervisor(self, row: Any, case: Any) -> int | None:
        """Who stands above the owner of a task."""
        return self._above(row, case, Grid(row.grid), supervisors=True)

    def heads(self, row: Any, case: Any) -> tuple[int, ...]:
        """The heads of both grids of a case, the leading one first."""
        found = (self._above(row, case, grid, supervisors=True) for grid in (Grid(case.lead), Grid(case.lead).other))
        return tuple(dict.fromkeys(person for person in found if person is not None))

    def stand_in(self, row: Any, case: Any) -> int | None:
        """Who is on shift and could take the task beside its owner."""
        return self._above(row, case, Grid(row.grid), supervisors=False)

    def announce_ms(self, severity: Severity) -> int:
        """When a task of this severity, made now, is announced."""
        return self._assigner.announce_ms(severity)

    def too_late(self, row: Any) -> bool:
        """Whether a task waits for its owner to have room longer than its limit allows by now."""
        return self._assigner.too_late(row)

    def tell(self, row: Any, case: Any, what: str) -> None:
        """A line in the change feed."""
        self._ledger.tell(
            FeedKind.TASK,
            str(row.number),
            what,
            community=case.community,
            facility=case.facility,
            severity=case.severity,
            owner=row.owner,
        )

    def is_active(self, person: int | None) -> bool:
        """Whether a person is there at all."""
        found = self._roster.people.get(person) if person is not None else None
        return found is not None and found.active

    def _written(self, row: Any, values: dict[str, object]) -> Any:
        table = tables.task
        if isinstance(state := values.get("state"), TaskState):
            values |= {"state": state.value, "open": state in OPEN_TASK_STATES}
        query = sa.update(table).where(table.c.number == sa.bindparam("row_number")).returning(table)
        if row.offer_ms is not None and values.get("state", row.state) != TaskState.WAITING:
            values["offer_ms"] = None
        if "offer_ms" in values:
            take_back(self._connection, row.number)
        values |= {"row_number": row.number, "changed_ms": self._now_ms, "version": row.version + 1}
        return self._connection.execute(query, values).one()

    @contextmanager
    def moving_together(self) -> Iterator[None]:
        """Other times of announcements are written at the end of the block, or when somebody asks for a task."""
        self._together = True
        yield
        self._together = False
        self._settle_moves()

    def _move(self, moved: Mapping[int, int]) -> None:
        """Announce tasks at other times; to whoever has one before them it is the same task still."""
        self._read_moving(sorted(set(moved) - self._moving.keys()))
        for number, at_ms in moved.items():
            before = self._moving[number]
            after = self._moving[number] = SimpleNamespace(**(vars(before) | {"assigned_ms": at_ms}))
            self._assigner.mirror(before, after, before)
            self.tell(after, before, "postponed")
        if not self._together:
            self._settle_moves()

    def _read_moving(self, numbers: Sequence[int]) -> None:
        """What is asked of tasks that move: those of a line have been read with it, new ones wait to be written."""
        found = {number: self._assigner.read(number) or _new(self._rows, number) for number in numbers}
        self._moving.update((number, row) for number, row in found.items() if row is not None)
        table, case, left = tables.task, tables.case, [number for number, row in found.items() if row is None]
        if left:
            self._rows.write()
        query = sa.select(table, case.c.facility, case.c.family, case.c.severity)
        query = query.join(case, case.c.number == table.c.case)
        for part in in_parts(left):
            rows = self._connection.execute(query.where(table.c.number.in_(part))).mappings()
            self._moving.update((row["number"], SimpleNamespace(**row)) for row in rows)

    def _settle_moves(self) -> None:
        """Write new tasks, and when tasks are announced that have been moved: the last word counts."""
        self._rows.write()
        moving, table = self._moving, tables.task
        if not moving:
            return
        self._moving = {}
        rows = [
            self._announced(row, TaskKind(row.kind), row.assigned_ms) | {"changed_ms": self._now_ms, "number": number}
            for number, row in moving.items()
        ]
        update_all(self._connection, table, "number", rows)
        self.stages.announced(moving)
        self._ledger.postpone({number: row.assigned_ms for number, row in moving.items()})

    def _announced(self, case: Any, kind: TaskKind, at_ms: int) -> dict[str, object]:
        """What stands in the row of a task that is announced at ``at_ms``."""
        not_before_ms = at_ms if at_ms > self._now_ms else None
        escalate_ms = self.escalate_ms(case, kind, at_ms)
        return {"assigned_ms": at_ms, "not_before_ms": not_before_ms, "escalate_ms": escalate_ms}

    def _announce(self, row: Any, case: Any, kind: str, announce_ms: int) -> None:
        self.message(row, case, kind, row.owner, announce_ms)

    def _above(self, row: Any, case: Any, grid: Grid, *, supervisors: bool) -> int | None:
        place = self._places.of(case)
        excluded = {row.owner: PassedOver.RETURNED_IT} if row.owner is not None else {}
        request = Request(
            grid=grid,
            community=case.community,
            cell="" if supervisors or place is None else place.cells.get(grid, ""),
            skill=place.skill if place and not supervisors and row.kind == TaskKind.HANDLE else "",
            severity=Severity(case.severity),
            at_ms=self._now_ms,
            excluded=excluded,
            supervisors_only=supervisors,
            elsewhere=False,
        )
        return route(request, self._roster, {}, self._policy).owner

    def escalate_ms(self, case: Any, kind: TaskKind, announce_ms: int) -> int:
        """Until when a task that is announced then may wait before its supervisor is told.

        ``case``: anything with ``severity``, ``facility`` and ``family``. The table of limits speaks of the repair;
        whoever looks or verifies has the time of the severity.
        """
        severity = Severity(case.severity)
        limit = accept_default(severity, self._policy.accept_ms, self._policy.accept_clock(severity))
        if kind is TaskKind.HANDLE:
            limit = self.stages.limit(case, Stage.ACCEPT).deadline(DeadlineWhat.HANDLE)
        return due(self._policy.calendar, limit.clock, announce_ms, limit.hours)


def _new(rows: NewRows, number: int) -> Any | None:
    """A task that waits to be written, with what is asked of its case."""
    task = rows.waiting(tables.task, number)
    case = None if task is None else rows.waiting(tables.case, task.case)
    if case is None:
        return None
    of_case = {"facility": case.facility, "family": case.family, "severity": case.severity}
    return SimpleNamespace(**(vars(task) | of_case))


def _unnamed(facility: int) -> Text:
    if not facility:
        return Text(zh="无设施，地点见任务", en="No facility, see the task for the place")
    return Text(zh=f"设施 {facility}", en=f"Facility {facility}")


def _support(case: Any) -> Grid | None:
    return Grid(case.support) if case.support else None


def _whose(owner: int | None) -> str:
    return f"person {owner}" if owner is not None else "nobody"
