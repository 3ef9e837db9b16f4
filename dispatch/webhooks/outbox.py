"""What a webhook is to hear, taken from the histories into its outbox, and what becomes of it.

The histories are the queue: how far a webhook has looked at them is moved in the transaction that writes its messages,
so none is missed in a crash and none is written twice. While it is paused or disabled, nothing is looked at, and it
goes on from there. An attempt is two transactions, as with notifications; one whose end is not on record is made again
under the same key. Of one case or alarm the messages go out in their order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import SYSTEM
from core.ports.notifications import Outcome, Sent
from core.webhooks import DISABLED_AFTER_MS, TABLE, EventType, WebhookEvent, WebhookState
from dispatch import tables
from dispatch.database import insert_all, reading, writing
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
from dispatch.drillwork import is_drill
from dispatch.exchange.outgoing import lines_after, moves_case
from dispatch.ledger import Ledger
from dispatch.webhooks.events import Names, alarm_body, case_body, of_alarm, of_case
from dispatch.webhooks.tables import sending, step, webhook

POLICY: Final = DeliveryPolicy(
    patience=DELIVERY.patience, wait_ms=DELIVERY.wait_ms, give_up_ms=4 * 24 * HOUR_MS, longest_pause_ms=HOUR_MS // 2
)
"""What one message is given is longer than what disables a webhook: where everything fails, nothing is given up."""
GONE: Final = "410"
"""An address that says so wants nothing any more."""
_LINES: Final = 200
_MOST_WAITING: Final = 500
"""So many written messages wait at most; the rest stays in the histories until there is room."""
_AT_ONCE: Final = 20
_VIA: Final = "webhook"
_KEPT_MS: Final = 7 * 24 * HOUR_MS
_OPEN: Final = (DeliveryState.WAITING.value, DeliveryState.SENDING.value)
_WAITING, _SENDING = DeliveryState.WAITING.value, DeliveryState.SENDING.value
Told = Callable[[Ledger, Any, str], None]
"""Tells people of a webhook that was disabled: in the same transaction, its row, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A message that is sent now, with the row of its webhook."""

    message: Any
    webhook: Any


def newest_lines(connection: sa.Connection) -> tuple[int, int]:
    """The last lines of the histories of cases and alarms."""
    ends = (sa.select(sa.func.max(table.c.id)) for table in (tables.history, tables.alarm_history))
    case, alarm = (connection.execute(one).scalar_one() or 0 for one in ends)
    return case, alarm


def note(connection: sa.Connection, number: int, at_ms: int, actor: str, what: str, detail: str = "") -> None:
    """A line about what was done to a webhook."""
    values = {"webhook": number, "at_ms": at_ms, "actor": actor[:64], "what": what, "detail": detail[:1000]}
    connection.execute(sa.insert(step), values)


class WebhookOutbox:
    """The messages of all webhooks; one owner at a time."""

    def __init__(self, engine: sa.Engine, names: Names, told: Told) -> None:
        """Read and write ``engine``."""
        self._engine, self._names, self._told = engine, names, told

    def active(self) -> Sequence[int]:
        """Numbers of the webhooks that are told."""
        query = sa.select(webhook.c.number).where(webhook.c.state == WebhookState.ACTIVE.value)
        with reading(self._engine) as connection:
            return connection.execute(query.order_by(webhook.c.number)).scalars().all()

    def collect(self, number: int, now_ms: int) -> bool:
        """Write the messages of what has happened since the last time; whether more is to be looked at at once."""
        with reading(self._engine) as connection:
            if not self._anything(connection, number):
                return False
        with writing(self._engine) as connection:
            row = _row(connection, number)
            if row is None or row.state != WebhookState.ACTIVE.value:
                return False
            cases = connection.execute(lines_after(row.seen_case, _LINES)).all()
            alarms = connection.execute(_alarm_lines(row.seen_alarm)).all()
            wanted = frozenset(row.events.split())
            seen = frozenset(json.loads(row.communities))
            made = [
                *self._of_cases(connection, cases, wanted, seen),
                *self._of_alarms(connection, alarms, wanted, seen),
            ]
            made.sort(key=lambda one: one["at_ms"])  # stable: lines of one moment stay in their order
            insert_all(connection, sending, [_fresh(number, one, now_ms) for one in made])
            marks: dict[str, int] = {}
            if cases:
                marks["seen_case"] = cases[-1].id
            if alarms:
                marks["seen_alarm"] = alarms[-1].id
            if marks:
                connection.execute(sa.update(webhook).where(webhook.c.number == number).values(marks))
        return len(cases) == _LINES or len(alarms) == _LINES

    def _anything(self, connection: sa.Connection, number: int) -> bool:
        row, (case, alarm) = _row(connection, number), newest_lines(connection)
        if row is None or (case <= row.seen_case and alarm <= row.seen_alarm):
            return False
        return _waiting(connection, number) < _MOST_WAITING

    def _of_cases(
        self, connection: sa.Connection, lines: Sequence[Any], wanted: frozenset[str], seen: frozenset[int]
    ) -> list[dict[str, Any]]:
        kinds = ((line, of_case(line, moves=moves_case(line))) for line in lines)
        told = [(line, kind) for line, kind in kinds if kind is not None and kind in wanted]
        numbers = {line.case for line, _ in told}
        query = sa.select(tables.case).where(tables.case.c.number.in_(numbers))
        known = {row.number: row for row in connection.execute(query)} if numbers else {}
        return [
            _message("case", line.case, kind, line, about, case_body(kind, line, about, self._names))
            for line, kind in told
            if not (about := known[line.case]).drill and _seen(about, seen)
        ]

    def _of_alarms(
        self, connection: sa.Connection, lines: Sequence[Any], wanted: frozenset[str], seen: frozenset[int]
    ) -> list[dict[str, Any]]:
        kinds = ((line, of_alarm(line)) for line in lines)
        told = [(line, kind) for line, kind in kinds if kind is not None and kind in wanted]
        ids = {line.alarm_id for line, _ in told}
        query = sa.select(tables.alarm).where(tables.alarm.c.alarm_id.in_(ids))
        known = {row.alarm_id: row for row in connection.execute(query)} if ids else {}
        return [
            _message("alarm", line.alarm_id, kind, line, about, alarm_body(kind, line, about, self._names))
            for line, kind in told
            if not is_drill(about := known[line.alarm_id]) and _seen(about, seen)
        ]

    # --- attempts -----------------------------------------------------------------------------------------------

    def recover(self, now_ms: int) -> int:
        """Attempts whose end is not on record may have arrived, and are made again; how many. While none is made."""
        state = target(DeliveryState.SENDING, DeliveryEvent.FAILED).value
        values = {"delivery": state, "next_ms": now_ms, "unsure": True, "tries": sending.c.tries + 1}
        with writing(self._engine) as connection:
            query = sa.update(sending).where(sending.c.delivery == _SENDING).values(values)
            return int(connection.execute(query).rowcount)

    def due(self, number: int, now_ms: int) -> Sequence[Due]:
        """What can be sent now: of each case or alarm its oldest message, unless the webhook is left alone."""
        earlier = sending.alias("earlier")
        waits = sa.exists().where(
            earlier.c.webhook == number,
            earlier.c.subject == sending.c.subject,
            earlier.c.id < sending.c.id,
            earlier.c.delivery.in_(_OPEN),
        )
        mine = (sending.c.webhook == number, sending.c.delivery == _WAITING, sending.c.next_ms <= now_ms)
        with reading(self._engine) as connection:
            row = _row(connection, number)
            if row is None or row.state != WebhookState.ACTIVE.value or row.paused_until_ms > now_ms:
                return ()
            query = sa.select(sending).where(*mine, ~waits).order_by(sending.c.id).limit(_AT_ONCE)
            return [Due(message=one, webhook=row) for one in connection.execute(query)]

    def begin(self, one: Due) -> bool:
        """Say that an attempt begins; false if the message, or its webhook, is not what it was."""
        state = target(DeliveryState.WAITING, DeliveryEvent.BEGIN).value
        mine = (sending.c.id == one.message.id, sending.c.delivery == _WAITING)
        values = {"delivery": state, "attempts": sending.c.attempts + 1}
        with writing(self._engine) as connection:
            row = _row(connection, one.webhook.number)
            same = (
                row is not None and row.state == WebhookState.ACTIVE.value and row.changed_ms == one.webhook.changed_ms
            )
            return same and bool(connection.execute(sa.update(sending).where(*mine).values(values)).rowcount)

    def end(self, one: Due, sent: Sent, now_ms: int) -> bool:
        """Record what came of it; whether the webhook can be asked again at once."""
        with writing(self._engine) as connection:
            now = _row(connection, one.webhook.number)
            self._ended(
                connection, one.message, sent, now_ms, over=now is None or now.state == WebhookState.ENDED.value
            )
            return now is not None and self._standing(connection, now, sent, now_ms)

    def _ended(self, connection: sa.Connection, row: Any, sent: Sent, now_ms: int, *, over: bool) -> None:
        """What an attempt means for its message; ``over``: its webhook has ended meanwhile."""
        standing = Standing(
            severity=Severity(row.severity),
            since_ms=row.since_ms,
            chain=(_VIA,),
            via=_VIA,
            tries=row.tries,
            unsure=bool(row.unsure),
            withdrawn=over,
        )
        following = after(standing, kept_alive(sent), now_ms, POLICY)
        failed = f"{sent.outcome.value} {sent.code} {sent.detail}".strip()
        values = {
            "delivery": following.state.value,
            "next_ms": following.next_ms,
            "tries": following.tries,
            "unsure": following.unsure,
            "error": "" if sent.outcome is Outcome.ACCEPTED else failed[:1000],
            "done_ms": None if following.state is DeliveryState.WAITING else now_ms,
        }
        connection.execute(sa.update(sending).where(sending.c.id == row.id).values(values))

    def _standing(self, connection: sa.Connection, row: Any, sent: Sent, now_ms: int) -> bool:
        """What an attempt means for the webhook; whether it can be asked again at once."""
        number, gone = row.number, sent.code == GONE
        stop = pause(row.failures, kept_alive(sent), now_ms, POLICY)
        values: dict[str, Any] = {
            "paused_until_ms": stop.until_ms,
            "failures": stop.failures,
            "last_ms": now_ms,
            "last_outcome": sent.outcome.value,
            "last_detail": f"{sent.code} {sent.detail}".strip()[:300],
        }
        since_ms = row.failing_since_ms
        if sent.outcome is Outcome.ACCEPTED:
            values |= {"accepted_ms": now_ms, "failing_since_ms": None}
        else:
            since_ms = since_ms if since_ms is not None else now_ms
            values["failing_since_ms"] = since_ms
        failed_long = sent.outcome is not Outcome.ACCEPTED and since_ms is not None
        over = failed_long and (gone or now_ms - since_ms >= DISABLED_AFTER_MS)
        state = WebhookState(row.state)
        if over and (state, WebhookEvent.FAIL) in TABLE:
            values["state"] = TABLE[state, WebhookEvent.FAIL].value
            why = values["last_detail"]
            note(connection, number, now_ms, SYSTEM, WebhookState.DISABLED.value, why)
            ledger = Ledger(connection, now_ms)
            self._told(ledger, row, why)
            ledger.flush()
        connection.execute(sa.update(webhook).where(webhook.c.number == number).values(values))
        return not over and stop.until_ms <= now_ms

    def prune(self, now_ms: int) -> None:
        """Forget what was sent a week ago, and secrets that do not sign any more."""
        old = (sending.c.delivery == DeliveryState.SENT.value, sending.c.done_ms < now_ms - _KEPT_MS)
        over = (webhook.c.former != "", webhook.c.former_until_ms < now_ms)
        with writing(self._engine) as connection:
            connection.execute(sa.delete(sending).where(*old))
            connection.execute(sa.update(webhook).where(*over).values(former="", former_until_ms=None))


def kept_alive(sent: Sent) -> Sent:
    """The same, but what is refused counts as busy: a receiver that is mended takes it the next time."""
    return replace(sent, outcome=Outcome.BUSY) if sent.outcome is Outcome.REFUSED else sent


def secrets_of(row: Any, now_ms: int) -> tuple[str, ...]:
    """The secrets that sign for a webhook now, the newest first."""
    if row.former and row.former_until_ms is not None and now_ms < row.former_until_ms:
        return (row.secret, row.former)
    return (row.secret,)


def _row(connection: sa.Connection, number: int) -> Any | None:
    return connection.execute(sa.select(webhook).where(webhook.c.number == number)).one_or_none()


def _waiting(connection: sa.Connection, number: int) -> int:
    mine = (sending.c.webhook == number, sending.c.delivery.in_(_OPEN))
    return int(connection.execute(sa.select(sa.func.count()).where(*mine)).scalar_one())


def _alarm_lines(seen: int) -> sa.Select[Any]:
    table = tables.alarm_history
    return sa.select(table).where(table.c.id > seen).order_by(table.c.id).limit(_LINES)


def _seen(row: Any, communities: frozenset[int]) -> bool:
    return not communities or row.community in communities


def _message(what: str, which: int | str, kind: EventType, line: Any, about: Any, body: str) -> dict[str, Any]:
    """A line of a history, about a case or an alarm, as a message."""
    return {
        "key": f"{what}-{line.id}",
        "type": kind.value,
        "subject": f"{what}/{which}",
        "severity": about.severity,
        "at_ms": line.at_ms,
        "body": body,
    }


def _fresh(number: int, one: dict[str, Any], now_ms: int) -> dict[str, Any]:
    return {
        **one,
        "key": f"msg-{number}-{one['key']}",
        "webhook": number,
        "created_ms": now_ms,
        "delivery": _WAITING,
        "next_ms": now_ms,
        "since_ms": now_ms,
        "tries": 0,
        "attempts": 0,
        "unsure": False,
        "error": "",
        "done_ms": None,
        "done_by": "",
    }
