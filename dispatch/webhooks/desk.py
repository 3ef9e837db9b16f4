"""Webhooks as administrators keep them, over SQL: ``core.ports.webhooks.Webhooks``."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from core.clock import Clock
from core.errors import Refused
from core.ports.notifications import Outcome, Sent
from core.webhooks import (
    MOST_NAME,
    MOST_URL,
    MOST_WEBHOOKS,
    OVERLAP_MS,
    TABLE,
    TEST_TYPE,
    EventType,
    Webhook,
    WebhookEvent,
    WebhookMessage,
    WebhookState,
    WebhookStep,
    WebhookWish,
)
from dispatch.database import reading, writing
from dispatch.delivery import DeliveryEvent, DeliveryState, target
from dispatch.senders.address import is_allowed
from dispatch.senders.wire import Line
from dispatch.webhooks import findings as kinds
from dispatch.webhooks.events import test_body
from dispatch.webhooks.outbox import newest_lines, note
from dispatch.webhooks.post import post
from dispatch.webhooks.signing import new_secret
from dispatch.webhooks.tables import sending, step, webhook

_OPEN = (DeliveryState.WAITING.value, DeliveryState.SENDING.value)
_ENDED = WebhookState.ENDED.value


def check_address(line: Line, url: str) -> None:
    """Look at an address before anything is sent there; what its name leads to is looked at with every connection.

    Raises:
        Refused: if nothing may be sent there.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    strange = not url.isascii() or not url.isprintable() or " " in url or len(url) > MOST_URL
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or strange or port == 0:
        raise Refused(kinds.NO_ADDRESS(url=_shown(parts)))
    if parts.scheme == "http" and not line.plain:
        raise Refused(kinds.PLAIN_HTTP())
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not is_allowed(host, line.networks):
        raise Refused(kinds.NOT_PUBLIC(address=host))


def _shown(parts: Any) -> str:
    """An address without what may be secret in it."""
    return f"{parts.scheme}://{parts.hostname or ''}"[:100]


class SqlWebhooks:
    """Over the database of dispatch; sends nothing but tests."""

    def __init__(self, engine: sa.Engine, line: Line, clock: Clock) -> None:
        """Keep webhooks; ``line``: where they may lead."""
        self._engine, self._line, self._clock = engine, line, clock

    def all(self) -> Sequence[Webhook]:
        """Newest first, ended ones too."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(webhook).order_by(webhook.c.number.desc())).all()
            return [_view(connection, row) for row in rows]

    def find(self, number: int) -> Webhook | None:
        """One."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(webhook).where(webhook.c.number == number)).one_or_none()
            return None if row is None else _view(connection, row)

    def make(self, wish: WebhookWish, actor: str, now_ms: int) -> tuple[Webhook, str]:
        """A new one and its secret; told of what happens from now on."""
        values, secret = self._checked(wish), new_secret()
        with writing(self._engine) as connection:
            alive = sa.select(sa.func.count()).where(webhook.c.state != _ENDED)
            if connection.execute(alive).scalar_one() >= MOST_WEBHOOKS:
                raise Refused(kinds.TOO_MANY(most=MOST_WEBHOOKS))
            case, alarm = newest_lines(connection)
            fresh = {
                **values,
                "secret": secret,
                "former": "",
                "state": WebhookState.ACTIVE.value,
                "seen_case": case,
                "seen_alarm": alarm,
                "paused_until_ms": 0,
                "failures": 0,
                "last_outcome": "",
                "last_detail": "",
                "created_ms": now_ms,
                "created_by": actor[:64],
                "changed_ms": now_ms,
            }
            row = connection.execute(sa.insert(webhook).returning(webhook), fresh).one()
            note(connection, row.number, now_ms, actor, "made", _told_of(row))
            return _view(connection, row), secret

    def change(self, number: int, wish: WebhookWish, actor: str, now_ms: int) -> Webhook | None:
        """Replace what it is; what was written for it already goes to the new address."""
        values = self._checked(wish) | {"paused_until_ms": 0, "failures": 0}
        return self._updated(number, values, actor, "changed", now_ms)

    def rotate(self, number: int, actor: str, now_ms: int) -> tuple[Webhook, str] | None:
        """A new secret; the old one signs too for a day."""
        secret = new_secret()
        values = {"secret": secret, "former": webhook.c.secret, "former_until_ms": now_ms + OVERLAP_MS}
        made = self._updated(number, values, actor, "rotated", now_ms)
        return None if made is None else (made, secret)

    def step(self, number: int, event: WebhookEvent, actor: str, now_ms: int, *, skip: bool = False) -> Webhook | None:
        """Pause, resume or end it."""
        with writing(self._engine) as connection:
            row = connection.execute(sa.select(webhook).where(webhook.c.number == number)).one_or_none()
            if row is None:
                return None
            state = TABLE.get((WebhookState(row.state), event))
            if state is None or event is WebhookEvent.FAIL:
                raise Refused(kinds.CANNOT(state=row.state))
            values: dict[str, object] = {"state": state.value, "changed_ms": max(now_ms, row.changed_ms + 1)}
            waits = (sending.c.webhook == number, sending.c.delivery == DeliveryState.WAITING.value)
            if event is WebhookEvent.RESUME:
                values |= {"paused_until_ms": 0, "failures": 0, "failing_since_ms": None}
                anew = {"next_ms": now_ms, "since_ms": now_ms, "tries": 0}
                connection.execute(sa.update(sending).where(*waits).values(anew))
            if event is WebhookEvent.END:
                values |= {"secret": "", "former": "", "former_until_ms": None}
            if skip or event is WebhookEvent.END:
                case, alarm = newest_lines(connection)
                values |= {"seen_case": case, "seen_alarm": alarm}
                over = target(DeliveryState.WAITING, DeliveryEvent.WITHDRAW).value
                done = {"delivery": over, "next_ms": None, "done_ms": now_ms, "done_by": actor[:64]}
                connection.execute(sa.update(sending).where(*waits).values(done))
            connection.execute(sa.update(webhook).where(webhook.c.number == number).values(values))
            note(connection, number, now_ms, actor, event.value, "skipped what happened meanwhile" if skip else "")
            after = connection.execute(sa.select(webhook).where(webhook.c.number == number)).one()
            return _view(connection, after)

    def test(self, number: int, actor: str, now_ms: int) -> Sent | None:
        """Send a test now."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(webhook).where(webhook.c.number == number)).one_or_none()
        if row is None or row.state == _ENDED:
            return None
        sent = post(self._line, row, f"msg-{number}-test-{now_ms}", test_body(TEST_TYPE, row.name, now_ms), now_ms)
        with writing(self._engine) as connection:
            note(connection, number, self._clock.now_ms(), actor, "tested", f"{sent.outcome} {sent.code} {sent.detail}")
            if sent.outcome is Outcome.ACCEPTED:  # whoever has mended it need not wait
                values = {"paused_until_ms": 0, "failures": 0}
                connection.execute(sa.update(webhook).where(webhook.c.number == number).values(values))
        return sent

    def messages(self, number: int, limit: int = 100) -> Sequence[WebhookMessage]:
        """Of one webhook, newest first."""
        query = sa.select(sending).where(sending.c.webhook == number).order_by(sending.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_message(row) for row in connection.execute(query)]

    def again(self, number: int, message: int, actor: str, now_ms: int) -> bool:
        """Let a message that was given up begin anew, under its key."""
        state = target(DeliveryState.GIVEN_UP, DeliveryEvent.TRY_AGAIN).value
        mine = (sending.c.id == message, sending.c.webhook == number)
        given_up = sending.c.delivery == DeliveryState.GIVEN_UP.value
        values = {
            "delivery": state,
            "next_ms": now_ms,
            "since_ms": now_ms,
            "tries": 0,
            "done_ms": None,
            "done_by": actor[:64],
        }
        with writing(self._engine) as connection:
            changed = connection.execute(sa.update(sending).where(*mine, given_up).values(values)).rowcount
            if changed:
                note(connection, number, now_ms, actor, "sent again", str(message))
        return bool(changed)

    def steps(self, number: int, limit: int = 100) -> Sequence[WebhookStep]:
        """What was done to it, newest first."""
        query = sa.select(step).where(step.c.webhook == number).order_by(step.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [
                WebhookStep(at_ms=row.at_ms, actor=row.actor, what=row.what, detail=row.detail)
                for row in connection.execute(query)
            ]

    def _checked(self, wish: WebhookWish) -> dict[str, Any]:
        check_address(self._line, wish.url)
        if not wish.events:
            raise Refused(kinds.NO_EVENTS())
        chosen = frozenset(wish.events)
        return {
            "name": wish.name.strip()[:MOST_NAME],
            "url": wish.url,
            "events": " ".join(one.value for one in EventType if one in chosen),
            "communities": json.dumps(sorted(set(wish.communities))),
        }

    def _updated(self, number: int, values: dict[str, Any], actor: str, what: str, now_ms: int) -> Webhook | None:
        with writing(self._engine) as connection:
            row = connection.execute(sa.select(webhook).where(webhook.c.number == number)).one_or_none()
            if row is None or row.state == _ENDED:
                return None
            changed = values | {"changed_ms": max(now_ms, row.changed_ms + 1)}
            query = sa.update(webhook).where(webhook.c.number == number).values(changed).returning(webhook)
            after = connection.execute(query).one()
            note(connection, number, now_ms, actor, what, _told_of(after) if what == "changed" else "")
            return _view(connection, after)


def _told_of(row: Any) -> str:
    """What stands in the audit of a webhook; the path of an address may hold a secret."""
    return f"{row.name}: {_shown(urlsplit(row.url))} {row.events} {row.communities}"


def _view(connection: sa.Connection, row: Any) -> Webhook:
    def count(*states: str) -> int:
        mine = (sending.c.webhook == row.number, sending.c.delivery.in_(states))
        return int(connection.execute(sa.select(sa.func.count()).where(*mine)).scalar_one())

    return Webhook(
        number=row.number,
        name=row.name,
        url=row.url,
        events=tuple(EventType(one) for one in row.events.split()),
        communities=tuple(json.loads(row.communities)),
        state=WebhookState(row.state),
        created_ms=row.created_ms,
        created_by=row.created_by,
        changed_ms=row.changed_ms,
        overlaps_until_ms=row.former_until_ms if row.former else None,
        failing_since_ms=row.failing_since_ms,
        accepted_ms=row.accepted_ms,
        last_ms=row.last_ms,
        last_outcome=row.last_outcome,
        last_detail=row.last_detail,
        waiting=count(*_OPEN),
        given_up=count(DeliveryState.GIVEN_UP.value),
    )


def _message(row: Any) -> WebhookMessage:
    return WebhookMessage(
        id=row.id,
        key=row.key,
        type=row.type,
        subject=row.subject,
        at_ms=row.at_ms,
        delivery=row.delivery,
        attempts=row.attempts,
        next_ms=row.next_ms,
        done_ms=row.done_ms,
        error=row.error,
        body=row.body,
    )
