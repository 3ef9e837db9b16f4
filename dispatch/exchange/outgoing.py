"""What a partner is to hear, taken from the history of cases into its outbox, and from there to the partner.

The history is followed by the number of its last line that was looked at, in the transaction that writes the messages:
none is missed in a crash, none is written twice. An attempt is two transactions, as with notifications; one whose end
is not on record is made again with the same key. Of one number the messages go out in their order, each when the one
before it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Action, CaseState, TaskKind
from core.exchange import SHARED, LinkReason, SharedState
from core.intake import Verdict
from core.ports.notifications import Outcome, Sent
from dispatch import tables
from dispatch.closure_tables import merge
from dispatch.database import reading, writing
from dispatch.delivery import (
    DELIVERY,
    HOUR_MS,
    DeliveryEvent,
    DeliveryPolicy,
    DeliveryState,
    Standing,
    after,
    pause,
    target,
)
from dispatch.exchange.desk import NOT_FOLLOWED, fresh
from dispatch.exchange.entry import Partner
from dispatch.exchange.queries import JOINED, STANDS_FOR, standing_for
from dispatch.exchange.tables import foreign, left, sending
from dispatch.exchange.tables import partner as partners
from dispatch.intake_tables import intake
from dispatch.lifecycle import CASE_TABLE

POLICY = DeliveryPolicy(patience=DELIVERY.patience, wait_ms=DELIVERY.wait_ms, give_up_ms=7 * 24 * HOUR_MS)
"""A platform may be away over the holidays; what it refuses is given up at once."""
_LINES = 500
"""Lines of the history in one transaction."""
_AT_ONCE = 20
_VIA = "partner"
_OPEN = (DeliveryState.WAITING.value, DeliveryState.SENDING.value)
_BACK = (Verdict.RETURN.value, Verdict.ANSWER.value, Verdict.TAKEN.value)
_OF_TASKS = frozenset({Action.ACCEPT.value, Action.ARRIVE.value, Action.RETURN.value, Action.TRANSFER.value})
"""What somebody who looks does with their own task moves no case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message with what it is about: rows of ``dispatch_exchange_out``, ``dispatch_foreign``, case and intake."""

    message: Any
    link: Any
    case: Any | None
    intake: Any | None

    @property
    def severity(self) -> Severity:
        """Of the case."""
        return Severity(self.case.severity) if self.case is not None else Severity.LOW


class PartnerOutbox:
    """The messages to one partner; one owner at a time."""

    def __init__(self, engine: sa.Engine, partner: Partner) -> None:
        """Read and write ``engine``."""
        self._engine, self._partner = engine, partner

    # --- from the history ---------------------------------------------------------------------------------------

    def collect(self, now_ms: int) -> bool:
        """Write the messages of what has happened since the last time; whether more is to be looked at at once."""
        with reading(self._engine) as connection:
            if not self._anything(connection):
                return False
        with writing(self._engine) as connection:
            row = self._row(connection)
            for link in connection.execute(self._untold()).all():
                self._first(connection, link, now_ms)
            lines = connection.execute(lines_after(row.seen)).all()
            for line in lines:
                if moves_case(line):
                    self._heard(connection, line, now_ms)
            if lines:
                mine = partners.c.partner == self._partner.name
                connection.execute(sa.update(partners).where(mine).values(seen=lines[-1].id))
        return len(lines) == _LINES

    def _anything(self, connection: sa.Connection) -> bool:
        seen = sa.select(partners.c.seen).where(partners.c.partner == self._partner.name)
        known = connection.execute(seen).scalar_one_or_none()
        newest = connection.execute(sa.select(sa.func.max(tables.history.c.id))).scalar_one() or 0
        if known in (None, NOT_FOLLOWED) or newest > known:
            return True
        return bool(connection.execute(sa.select(sa.exists(self._untold()))).scalar_one())

    def _row(self, connection: sa.Connection) -> Any:
        """How far one is; with a partner that is new from now on: what was before is for a file."""
        query = sa.select(partners).where(partners.c.partner == self._partner.name)
        row = connection.execute(query).one_or_none()
        if row is not None and row.seen != NOT_FOLLOWED:
            return row
        newest = connection.execute(sa.select(sa.func.max(tables.history.c.id))).scalar_one() or 0
        if row is None:
            connection.execute(sa.insert(partners), fresh(self._partner.name))
        connection.execute(sa.update(partners).where(partners.c.partner == self._partner.name).values(seen=newest))
        return connection.execute(query).one()

    def _untold(self) -> sa.Select[Any]:
        """Numbers of the partner of whose case, or of whose return, it has not heard at all."""
        decided = sa.or_(STANDS_FOR.is_not(None), intake.c.verdict.in_(_BACK))
        mine = (foreign.c.partner == self._partner.name, foreign.c.told == "")
        return sa.select(foreign).select_from(JOINED).where(*mine, decided)

    def _first(self, connection: sa.Connection, link: Any, now_ms: int) -> None:
        """Where the case of a number stands now; what was before is in that."""
        newest = connection.execute(sa.select(sa.func.max(tables.history.c.id))).scalar_one() or 0
        case, inside = _about(connection, link)
        if case is not None:
            state = SHARED[CaseState(case.state)]
            self._write(connection, link, state, case.changed_ms, "first", "", now_ms)
        else:
            state = SharedState.RETURNED
            if inside is not None and inside.decided_by != self._partner.actor.login:
                self._write(connection, link, state, inside.decided_ms, "back", inside.ruling, now_ms)
        self._told(connection, link, state, newest)

    def _heard(self, connection: sa.Connection, line: Any, now_ms: int) -> None:
        """One step of a case, for every number that stands for it."""
        if line.action == Action.UNMERGE.value:
            self._apart(connection, line.case)
        links = standing_for(connection, self._partner.name, [line.case])
        is_new = not links and self._partner.sends == "all" and line.action == "opened"
        if not links and not is_new:
            return
        case = connection.execute(sa.select(tables.case).where(tables.case.c.number == line.case)).one()
        if case.drill:
            return
        state = SHARED[CaseState(line.to_state)]
        if is_new:
            link = connection.execute(sa.insert(foreign).returning(foreign), _of_ours(self._partner, case, line)).one()
            self._write(connection, link, state, line.at_ms, str(line.id), "", now_ms, kind="case")
            return
        for link in links:
            if line.id <= link.told_id:
                continue
            if line.action == Action.MERGE.value:
                state = self._moved(connection, link, case, state)
            own = line.actor == self._partner.actor.login
            if not own and state.value != link.told:
                note = line.note if state is SharedState.CANCELLED else ""
                self._write(connection, link, state, line.at_ms, str(line.id), note, now_ms)
            self._told(connection, link, state, line.id)

    def _moved(self, connection: sa.Connection, link: Any, case: Any, state: SharedState) -> SharedState:
        """The case was merged: the number stands for the one that goes on; its state."""
        query = sa.select(tables.case).join(merge, merge.c.into == tables.case.c.number)
        heir = connection.execute(query.where(merge.c.case == case.number)).one_or_none()
        if heir is None:
            return state
        which = (left.c.foreign == link.id, left.c.case == case.number)
        connection.execute(sa.delete(left).where(*which))
        connection.execute(sa.insert(left).values(foreign=link.id, case=case.number))
        connection.execute(sa.update(foreign).where(foreign.c.id == link.id).values(case=heir.number))
        return SHARED[CaseState(heir.state)]

    def _apart(self, connection: sa.Connection, case: int) -> None:
        """A merging was taken back: the numbers that stood for the case stand for it again."""
        ours = foreign.c.partner == self._partner.name
        had = sa.select(left.c.foreign).where(left.c.case == case)
        connection.execute(sa.update(foreign).where(ours, foreign.c.id.in_(had)).values(case=case))
        mine = sa.select(intake.c.number).where(intake.c.case == case)
        connection.execute(sa.update(foreign).where(ours, foreign.c.intake.in_(mine)).values(case=None))
        numbers = sa.select(foreign.c.id).where(ours)
        connection.execute(sa.delete(left).where(left.c.case == case, left.c.foreign.in_(numbers)))

    def _told(self, connection: sa.Connection, link: Any, state: SharedState, line: int) -> None:
        values = {"told": state.value, "told_id": line}
        connection.execute(sa.update(foreign).where(foreign.c.id == link.id).values(values))

    def _write(
        self,
        connection: sa.Connection,
        link: Any,
        state: SharedState,
        at_ms: int,
        step: str,
        note: str,
        now_ms: int,
        kind: str = "state",
    ) -> None:
        values = {
            "key": f"{self._partner.name}-{link.id}-{step}",
            "partner": self._partner.name,
            "foreign": link.id,
            "kind": kind,
            "state": state.value,
            "at_ms": at_ms,
            "note": note[:1000],
            "created_ms": now_ms,
            "delivery": DeliveryState.WAITING.value,
            "next_ms": now_ms,
            "since_ms": now_ms,
            "tries": 0,
            "attempts": 0,
            "unsure": False,
            "error": "",
            "done_ms": None,
            "done_by": "",
        }
        connection.execute(sa.insert(sending), values)

    # --- to the partner -----------------------------------------------------------------------------------------

    def recover(self, now_ms: int) -> int:
        """Attempts whose end is not on record may have arrived, and are made again; how many. While none is made."""
        state = target(DeliveryState.SENDING, DeliveryEvent.FAILED).value
        mine = (sending.c.partner == self._partner.name, sending.c.delivery == DeliveryState.SENDING.value)
        values = {"delivery": state, "next_ms": now_ms, "unsure": True, "tries": sending.c.tries + 1}
        with reading(self._engine) as connection:
            if not connection.execute(sa.select(sa.exists().where(*mine))).scalar_one():
                return 0
        with writing(self._engine) as connection:
            return int(connection.execute(sa.update(sending).where(*mine).values(values)).rowcount)

    def due(self, now_ms: int) -> Sequence[Outgoing]:
        """What can be sent now: of each number its oldest message, unless the partner is left alone."""
        earlier = sending.alias("earlier")
        waits = sa.exists().where(
            earlier.c.foreign == sending.c.foreign, earlier.c.id < sending.c.id, earlier.c.delivery.in_(_OPEN)
        )
        mine = (sending.c.partner == self._partner.name, sending.c.delivery == DeliveryState.WAITING.value)
        query = sa.select(sending).where(*mine, sending.c.next_ms <= now_ms, ~waits)
        with reading(self._engine) as connection:
            if self._pause(connection)[0] > now_ms:
                return ()
            rows = connection.execute(query.order_by(sending.c.id).limit(_AT_ONCE)).all()
            return [_outgoing(connection, row) for row in rows]

    def begin(self, one: Outgoing) -> bool:
        """Say that an attempt begins; false if somebody else was faster."""
        state = target(DeliveryState.WAITING, DeliveryEvent.BEGIN).value
        mine = (sending.c.id == one.message.id, sending.c.delivery == DeliveryState.WAITING.value)
        values = {"delivery": state, "attempts": sending.c.attempts + 1}
        with writing(self._engine) as connection:
            return bool(connection.execute(sa.update(sending).where(*mine).values(values)).rowcount)

    def end(self, one: Outgoing, sent: Sent, number: str, now_ms: int) -> bool:
        """Record what came of it, and the partner's number of a case if its answer told it; whether to go on now."""
        row = one.message
        standing = Standing(
            severity=one.severity,
            since_ms=row.since_ms,
            chain=(_VIA,),
            via=_VIA,
            tries=row.tries,
            unsure=bool(row.unsure),
        )
        step = after(standing, sent, now_ms, POLICY)
        done = step.state is not DeliveryState.WAITING
        failed = f"{sent.outcome.value} {sent.code} {sent.detail}".strip()
        values = {
            "delivery": step.state.value,
            "next_ms": step.next_ms,
            "tries": step.tries,
            "unsure": step.unsure,
            "error": "" if sent.outcome is Outcome.ACCEPTED else failed[:1000],
            "done_ms": now_ms if done else None,
        }
        with writing(self._engine) as connection:
            connection.execute(sa.update(sending).where(sending.c.id == row.id).values(values))
            stop = pause(self._pause(connection)[1], sent, now_ms, POLICY)
            mine = partners.c.partner == self._partner.name
            paused = {"paused_until_ms": stop.until_ms, "failures": stop.failures}
            connection.execute(sa.update(partners).where(mine).values(paused))
            if number and sent.outcome is Outcome.ACCEPTED:
                _name(connection, self._partner, one.link, number)
        return stop.until_ms <= now_ms

    def _pause(self, connection: sa.Connection) -> tuple[int, int]:
        mine = partners.c.partner == self._partner.name
        query = sa.select(partners.c.paused_until_ms, partners.c.failures).where(mine)
        row = connection.execute(query).one_or_none()
        return (0, 0) if row is None else (row.paused_until_ms, row.failures)


def lines_after(seen: int, most: int = _LINES) -> sa.Select[Any]:
    """Lines of the history of cases behind one, oldest first, with the kind of the task that each is about."""
    table = tables.history
    query = sa.select(table, tables.task.c.kind.label("task_kind"))
    query = query.select_from(table.outerjoin(tables.task, tables.task.c.number == table.c.task))
    return query.where(table.c.id > seen).order_by(table.c.id).limit(most)


def moves_case(line: Any) -> bool:
    """Whether a line of the history is a step of the case, by its table."""
    if line.action == "opened":
        return bool(line.to_state)
    if line.task_kind == TaskKind.VERIFY.value and line.action in _OF_TASKS:
        return False
    try:
        step = (CaseState(line.from_state), Action(line.action))
    except ValueError:
        return False
    return CASE_TABLE.get(step) == str(line.to_state)


def _of_ours(partner: Partner, case: Any, line: Any) -> Mapping[str, object]:
    """What the partner knows of a case of ours that it hears of for the first time."""
    return {
        "partner": partner.name,
        "number": None,
        "state": "",
        "state_ms": 0,
        "code": "",
        "reported_ms": case.opened_ms,
        "came_ms": line.at_ms,
        "intake": None,
        "case": case.number,
        "reason": LinkReason.OURS.value,
        "distance_m": None,
        "apart_ms": None,
        "candidates": "[]",
        "told": SHARED[CaseState(line.to_state)].value,
        "told_id": line.id,
    }


def _about(connection: sa.Connection, link: Any) -> tuple[Any | None, Any | None]:
    """The case and the intake of a number."""
    inside = None
    if link.intake is not None:
        inside = connection.execute(sa.select(intake).where(intake.c.number == link.intake)).one()
    number = link.case if link.case is not None else (inside.case if inside is not None else None)
    if number is None:
        return None, inside
    return connection.execute(sa.select(tables.case).where(tables.case.c.number == number)).one(), inside


def _outgoing(connection: sa.Connection, row: Any) -> Outgoing:
    link = connection.execute(sa.select(foreign).where(foreign.c.id == row.foreign)).one()
    case, inside = _about(connection, link)
    if inside is None and case is not None:  # what people said of it when they reported it
        query = sa.select(intake).where(intake.c.case == case.number).order_by(intake.c.number).limit(1)
        inside = connection.execute(query).one_or_none()
    return Outgoing(message=row, link=link, case=case, intake=inside)


def _name(connection: sa.Connection, partner: Partner, link: Any, number: str) -> None:
    """Keep the partner's number of a case of ours, unless it stands for another one already."""
    taken = sa.exists().where(foreign.c.partner == partner.name, foreign.c.number == number)
    if connection.execute(sa.select(taken)).scalar_one():
        return
    mine = (foreign.c.id == link.id, foreign.c.number.is_(None))
    connection.execute(sa.update(foreign).where(*mine).values(number=number))
