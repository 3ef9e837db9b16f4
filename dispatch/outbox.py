"""The notification outbox: messages wait in the database until a channel has taken them.

A message is written in the transaction that causes it and delivered after it, so no message speaks of something that
did not happen, and none is lost in a crash. An attempt is two transactions: one says that it begins, before anything is
sent, and one what came of it. A crash between them leaves an attempt whose end nobody knows; it is made again, and the
message says that it may be a repeat. Decisions are in ``dispatch.delivery``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.places import Text
from core.ports.notifications import WAYS, Sent
from dispatch import tables
from dispatch.database import reading, writing
from dispatch.delivery import DeliveryEvent, DeliveryState, Pause, Step, target
from dispatch.delivery_tables import attempt as attempts
from dispatch.delivery_tables import pause as pauses
from dispatch.ledger import Ledger
from dispatch.parts import in_parts

_KEPT_MS = 7 * 24 * 3_600_000
_table = tables.outbox
NO_CHANNEL = "no channel reaches this person"


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """A message in the outbox; fields as in ``dispatch.tables.outbox``."""

    id: int
    key: str
    way: str
    person: int
    kind: str
    ref: str
    title: Text
    body: Text
    severity: Severity
    since_ms: int
    via: str
    tries: int
    unsure: bool
    alone: bool
    refused: frozenset[str]
    withdrawn: bool

    @property
    def transition(self) -> str:
        """The same for messages that tell the same person the same thing by other ways."""
        return self.key.partition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where a message goes first; ``via`` ``None``: another way covers it, empty: nothing reaches the person."""

    message: int
    via: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """An attempt and all that follows from it, recorded together."""

    channel: str
    target: str
    sent: Sent
    messages: Sequence[Queued]
    pauses: Mapping[tuple[str, str], Pause]


def digest_of(address: str) -> str:
    """What stands for an address where the address itself has no business; empty for a room."""
    return hashlib.sha256(address.encode()).hexdigest()[:16] if address else ""


class Outbox:
    """The messages that wait, and what becomes of them; one courier at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read and write ``engine``."""
        self._engine = engine

    # --- reading -------------------------------------------------------------------------------------------------

    def waiting(self, now_ms: int, limit: int = 500, via: str | None = None) -> list[Queued]:
        """Messages that are due: the worst first, then the oldest; of one channel, or ``""``: without one yet."""
        where = [_table.c.next_ms <= now_ms, _table.c.state == DeliveryState.WAITING]
        if via is not None:
            where.append(_table.c.via == via)
        order = (_table.c.id,) if via == "" else (_table.c.severity.desc(), _table.c.id)
        with reading(self._engine) as connection:
            found = connection.execute(sa.select(_table).where(*where).order_by(*order).limit(limit))
            return [_queued(row) for row in found]

    def interrupted(self) -> list[Queued]:
        """Messages whose attempt began and has no end on record; at a start, those of a crash."""
        with reading(self._engine) as connection:
            return [
                _queued(row)
                for row in connection.execute(sa.select(_table).where(_table.c.state == DeliveryState.SENDING))
            ]

    def used(self, channel: str, since_ms: int) -> Mapping[str, int]:
        """Attempts at a channel since a moment, by target; those of which nothing left this machine do not count."""
        query = (
            sa.select(attempts.c.target, sa.func.count())
            .where(attempts.c.channel == channel, attempts.c.at_ms > since_ms, attempts.c.outcome != "unreachable")
            .group_by(attempts.c.target)
        )
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def pauses(self) -> Mapping[tuple[str, str], Pause]:
        """Every channel and address that is paused or has failed lately."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(pauses)).all()
        return {(row.channel, row.target): Pause(until_ms=row.until_ms, failures=row.failures) for row in rows}

    # --- writing -------------------------------------------------------------------------------------------------

    def route(self, routes: Sequence[Route], now_ms: int) -> None:
        """Give messages their first channel."""
        with writing(self._engine) as connection:
            for one in routes:
                if one.via:
                    values: dict[str, object] = {"via": one.via}
                else:
                    event = DeliveryEvent.COVER if one.via is None else DeliveryEvent.GIVE_UP
                    state = target(DeliveryState.WAITING, event)
                    error = "" if one.via is None else NO_CHANNEL
                    values = {"state": state, "next_ms": None, "done_ms": now_ms, "error": error}
                where = (_table.c.id == one.message, _table.c.state == DeliveryState.WAITING)
                changed = connection.execute(sa.update(_table).where(*where).values(**values)).rowcount
                if changed and one.via == "":
                    _note_given_up(connection, one.message, now_ms)

    def postpone(self, until: Mapping[int, tuple[str, int]]) -> None:
        """Let waiting messages be due later, or for another channel: number to channel and moment."""
        with writing(self._engine) as connection:
            for message, (via, next_ms) in until.items():
                moved = sa.case((_table.c.via == via, _table.c.tries), else_=0)
                where = (_table.c.id == message, _table.c.state == DeliveryState.WAITING)
                connection.execute(sa.update(_table).where(*where).values(via=via, next_ms=next_ms, tries=moved))

    def begin(self, wanted: Sequence[Queued], now_ms: int) -> list[Queued]:
        """Say that an attempt begins; the messages that it is about.

        What was withdrawn in between is left out; what the same channel has told the same person already, by another
        way, is covered.
        """
        numbers = [one.id for one in wanted]
        with writing(self._engine) as connection:
            rows = connection.execute(
                sa.select(_table)
                .where(_table.c.id.in_(numbers), _table.c.state == DeliveryState.WAITING, _table.c.next_ms.is_not(None))
                .order_by(_table.c.severity.desc(), _table.c.id)
            )
            known = [_queued(row) for row in rows]
            told = _told(connection, known)
            covered = [one.id for one in known if (one.transition, one.via) in told]
            begun: dict[str, Queued] = {}
            for one in known:
                if one.id not in covered:
                    begun.setdefault(one.transition, one)
            if covered:
                state = target(DeliveryState.WAITING, DeliveryEvent.COVER)
                values: dict[str, object] = {"state": state, "next_ms": None, "done_ms": now_ms}
                connection.execute(sa.update(_table).where(_table.c.id.in_(covered)).values(**values))
            if begun:
                state = target(DeliveryState.WAITING, DeliveryEvent.BEGIN)
                chosen = _table.c.id.in_([one.id for one in begun.values()])
                connection.execute(sa.update(_table).where(chosen).values(state=state, attempts=_table.c.attempts + 1))
        return list(begun.values())

    def end(self, ended: Ended, decide: Callable[[Queued], Step], now_ms: int) -> None:
        """Record what came of an attempt, and what follows for each message as it stands now.

        Of one whose end is on record already, or that never began, nothing is recorded: it would count twice.
        """
        sent, numbers = ended.sent, [one.id for one in ended.messages]
        with writing(self._engine) as connection:
            chosen = (_table.c.id.in_(numbers), _table.c.state == DeliveryState.SENDING)
            rows = connection.execute(sa.select(_table).where(*chosen)).all()
            if not rows:
                return
            for row in rows:
                message = _queued(row)
                self._record(connection, message, decide(message), sent, now_ms)
            connection.execute(
                sa.insert(attempts).values(
                    at_ms=now_ms,
                    channel=ended.channel,
                    target=ended.target,
                    outcome=sent.outcome.value,
                    code=sent.code[:60],
                    detail=sent.detail[:300],
                    messages=len(ended.messages),
                    actor="",
                )
            )
            for (channel, aim), one in ended.pauses.items():
                same = (pauses.c.channel == channel, pauses.c.target == aim)
                connection.execute(sa.delete(pauses).where(*same))
                if one.until_ms or one.failures:
                    values = {"channel": channel, "target": aim, "until_ms": one.until_ms, "failures": one.failures}
                    connection.execute(sa.insert(pauses).values(**values))

    def prune(self, now_ms: int) -> None:
        """Forget attempts that are older than a week, and pauses that are long over."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(attempts).where(attempts.c.at_ms < now_ms - _KEPT_MS))
            connection.execute(sa.delete(pauses).where(pauses.c.until_ms < now_ms - _KEPT_MS))

    def _record(self, connection: sa.Connection, message: Queued, step: Step, sent: Sent, now_ms: int) -> None:
        final = step.state is not DeliveryState.WAITING
        failed = f"{sent.outcome.value} {sent.code} {sent.detail}".strip()
        refused = sorted(message.refused | ({message.via} if step.refused else set()))
        values: dict[str, object] = {
            "state": step.state,
            "via": step.via,
            "next_ms": step.next_ms,
            "tries": step.tries,
            "unsure": step.unsure,
            "alone": message.alone or step.alone,
            "refused": " ".join(refused)[:500],
            "error": "" if step.state is DeliveryState.SENT else failed[:1000],
            "done_ms": now_ms if final else None,
            "sent_ms": now_ms if step.state is DeliveryState.SENT else None,
        }
        connection.execute(sa.update(_table).where(_table.c.id == message.id).values(**values))
        if step.state is DeliveryState.GIVEN_UP:
            _note_given_up(connection, message.id, now_ms)


def _told(connection: sa.Connection, messages: Sequence[Queued]) -> set[tuple[str, str]]:
    """Transitions of these that a channel has told already by another way, with that channel."""
    keys = [f"{way}/{one.transition}" for one in messages for way in WAYS if way != one.way]
    found: set[tuple[str, str]] = set()
    for part in in_parts(keys):
        sent = sa.and_(_table.c.key.in_(part), _table.c.state == DeliveryState.SENT)
        query = sa.select(_table.c.key, _table.c.via).where(sent)
        found |= {(row.key.partition("/")[2], row.via) for row in connection.execute(query)}
    return found


def _note_given_up(connection: sa.Connection, message: int, now_ms: int) -> None:
    """A line in the history of the case, so that whoever looks at it sees that somebody was not told."""
    row = connection.execute(sa.select(_table).where(_table.c.id == message)).one()
    if not str(row.ref).isdigit():
        return
    case = connection.execute(sa.select(tables.task.c.case).where(tables.task.c.number == int(row.ref))).scalar()
    if case is None:
        return
    ledger = Ledger(connection, now_ms)
    ledger.note(case, "not_delivered", task=int(row.ref), note=f"{row.channel} {row.via}".strip())
    ledger.flush()


def _queued(row: Any) -> Queued:
    return Queued(
        id=row.id,
        key=row.key,
        way=row.channel,
        person=row.person,
        kind=row.kind,
        ref=row.ref,
        title=Text(zh=row.title_zh, en=row.title_en),
        body=Text(zh=row.body_zh, en=row.body_en),
        severity=Severity(row.severity),
        since_ms=row.done_ms or row.created_ms,
        via=row.via,
        tries=row.tries,
        unsure=row.unsure,
        alone=row.alone,
        refused=frozenset(row.refused.split()),
        withdrawn=row.next_ms is None,
    )
