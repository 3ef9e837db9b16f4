"""What managers see of notifications, and what they do: channels, what was given up, the test of a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import UnknownItem
from core.errors import Refused
from core.places import Text
from core.ports.notifications import (
    NO_CHANNEL,
    WAYS,
    Attempt,
    Backlog,
    Channel,
    ChannelState,
    Item,
    Message,
    Outcome,
    Told,
    Undelivered,
)
from dispatch import findings as kinds
from dispatch import tables
from dispatch.courier import WINDOW_MS
from dispatch.database import reading, writing
from dispatch.delivery import DeliveryEvent, DeliveryState, target
from dispatch.delivery_tables import attempt as attempts
from dispatch.delivery_tables import pause as pauses
from dispatch.outbox import NO_CHANNEL as NOBODY
from dispatch.outbox import Outbox, digest_of
from dispatch.preferences import SqlPreferences

_table = tables.outbox
_TITLE = Text(zh="测试通知", en="Test notification")
_BODY = Text(zh="双网格的通知渠道工作正常", en="This channel of Twingrid works")
_WALKED = 20_000
"""So many of the newest messages are looked through for those of one person: the outbox has no index of people."""


class SqlNotificationDesk(SqlPreferences):
    """Over the database of dispatch; sends nothing but tests."""

    def __init__(self, engine: sa.Engine, channels: Sequence[Channel], routes: Mapping[str, Sequence[str]]) -> None:
        """Show these channels and routes."""
        super().__init__(engine)
        self._all, self._routes = {one.name: one for one in channels}, routes

    def backlog(self, now_ms: int) -> Backlog:
        """Numbers."""
        due = (_table.c.state.in_([DeliveryState.WAITING, DeliveryState.SENDING]), _table.c.next_ms <= now_ms)
        given_up = sa.select(sa.func.count()).where(_table.c.state == DeliveryState.GIVEN_UP)
        paused = sa.select(pauses.c.channel).where(pauses.c.until_ms > now_ms, pauses.c.target == "")
        with reading(self._engine) as connection:
            waiting, oldest_ms = connection.execute(
                sa.select(sa.func.count(), sa.func.min(_table.c.next_ms)).where(*due)
            ).one()
            return Backlog(
                waiting=waiting,
                oldest_ms=oldest_ms,
                given_up=connection.execute(given_up).scalar_one(),
                paused=tuple(sorted(set(connection.execute(paused).scalars()) & self._all.keys())),
            )

    def channels(self, now_ms: int) -> Sequence[ChannelState]:
        """Every configured channel, in the order of the settings."""
        due = (_table.c.state.in_([DeliveryState.WAITING, DeliveryState.SENDING]), _table.c.next_ms <= now_ms)
        counted = sa.select(_table.c.via, sa.func.count(), sa.func.min(_table.c.next_ms)).where(*due)
        with reading(self._engine) as connection:
            waiting = {row[0]: (row[1], row[2]) for row in connection.execute(counted.group_by(_table.c.via))}
            paused = {
                row.channel: row.until_ms
                for row in connection.execute(sa.select(pauses).where(pauses.c.target == ""))
                if row.until_ms > now_ms
            }
            return [
                ChannelState(
                    name=one.name,
                    kind=one.kind,
                    personal=one.personal,
                    per_minute=one.per_minute,
                    ways=tuple(way for way, names in self._routes.items() if one.name in names),
                    waiting=waiting.get(one.name, (0, None))[0],
                    oldest_ms=waiting.get(one.name, (0, None))[1],
                    paused_until_ms=paused.get(one.name),
                    last=_last(connection, one.name),
                    accepted_ms=_accepted(connection, one.name),
                )
                for one in self._all.values()
            ]

    def undelivered(
        self, limit: int = 100, people: frozenset[int] | None = None, message: int | None = None
    ) -> Sequence[Undelivered]:
        """Given up and not looked at yet, newest first."""
        query = sa.select(_table).where(_table.c.state == DeliveryState.GIVEN_UP)
        if people is not None:
            query = query.where(_table.c.person.in_(sorted(people)))
        if message is not None:
            query = query.where(_table.c.id == message)
        with reading(self._engine) as connection:
            ordered = query.order_by(_table.c.done_ms.desc(), _table.c.id.desc()).limit(limit)
            return [_undelivered(row) for row in connection.execute(ordered)]

    def told(self, person: int | None, actor: str, limit: int = 50) -> Sequence[Told]:
        """What was written to somebody, newest first: each message once, whatever ways it went, and the own tests."""
        newest = sa.select(sa.func.coalesce(sa.func.max(_table.c.id), 0)).scalar_subquery()
        mine = (_table.c.id > newest - _WALKED, _table.c.person == person, _table.c.channel == WAYS[0])
        tests = (attempts.c.actor == actor[:64], attempts.c.outcome == Outcome.ACCEPTED.value)
        with reading(self._engine) as connection:
            written = sa.select(_table).where(*mine).order_by(_table.c.id.desc()).limit(limit)
            found = [] if person is None else [_told(row) for row in connection.execute(written)]
            tried = sa.select(attempts.c.at_ms, attempts.c.channel).where(*tests)
            found += [
                Told(at_ms=row.at_ms, title=_TITLE, body=_BODY, channel=row.channel)
                for row in connection.execute(tried.order_by(attempts.c.at_ms.desc()).limit(limit))
            ]
        return sorted(found, key=lambda one: -one.at_ms)[:limit]

    def try_again(self, message: int, actor: str, now_ms: int) -> bool:
        """Let a given-up message begin anew; who wished it stands beside the reason."""
        values = {
            "via": "",
            "tries": 0,
            "refused": "",
            "next_ms": now_ms,
            "done_ms": now_ms,
            "error": _seen_by(actor, "again"),
        }
        return self._changed(message, DeliveryEvent.TRY_AGAIN, values)

    def dismiss(self, message: int, actor: str, now_ms: int) -> bool:
        """Somebody has seen to it; who, stands where the reason stood."""
        return self._changed(message, DeliveryEvent.DISMISS, {"error": _seen_by(actor, "dismissed")})

    def test(self, channel: str, person: int | None, language: str, actor: str, now_ms: int) -> Attempt:
        """Send a test message to somebody's own address, or into the room, now."""
        address = "" if person is None else self.preference(person).addresses.get(channel, "")
        return self.test_address(channel, address, language, actor, now_ms)

    def test_address(self, channel: str, address: str, language: str, actor: str, now_ms: int) -> Attempt:
        """The same, to any address; for whoever works at the machine.

        Raises:
            UnknownItem: no such channel.
            Refused: no address where it needs one, or its limit is reached.
        """
        found = self._all.get(channel)
        if found is None:
            raise UnknownItem(NO_CHANNEL(channel=channel))
        if found.personal and not address:
            raise Refused(kinds.NO_ADDRESS(channel=channel))
        aim = digest_of(address) if found.personal else ""
        used = Outbox(self._engine).used(channel, now_ms - WINDOW_MS)
        spent = used.get(aim, 0) if found.personal else sum(used.values())
        if found.per_minute and spent >= found.per_minute:
            raise Refused(kinds.LIMIT_REACHED(channel=channel, limit=found.per_minute))
        message = Message(
            key=f"test/{channel}/{now_ms}",
            items=(Item(title=_TITLE.in_language(language), body=_BODY.in_language(language)),),
            severity=Severity.INFO,
            language=language,
            address=address,
        )
        sent = found.sender.send(message, now_ms)
        made = Attempt(
            at_ms=now_ms, outcome=sent.outcome, code=sent.code[:60], detail=sent.detail[:300], messages=1, actor=actor
        )
        with writing(self._engine) as connection:
            connection.execute(
                sa.insert(attempts).values(
                    at_ms=now_ms,
                    channel=channel,
                    target=aim,
                    outcome=made.outcome.value,
                    code=made.code,
                    detail=made.detail,
                    messages=1,
                    actor=actor[:64],
                )
            )
            if sent.outcome is Outcome.ACCEPTED:  # whoever has mended it need not wait
                connection.execute(sa.delete(pauses).where(pauses.c.channel == channel))
        return made

    def _changed(self, message: int, event: DeliveryEvent, values: Mapping[str, Any]) -> bool:
        state = target(DeliveryState.GIVEN_UP, event)
        where = (_table.c.id == message, _table.c.state == DeliveryState.GIVEN_UP)
        with writing(self._engine) as connection:
            return connection.execute(sa.update(_table).where(*where).values(state=state, **values)).rowcount > 0


def _seen_by(actor: str, what: str) -> sa.ColumnElement[str]:
    """The reason why a message was given up, and who has seen to it."""
    return sa.func.substr(_table.c.error, 1, 900, type_=sa.String) + f" ({what} by {actor[:64]})"


def _last(connection: sa.Connection, channel: str) -> Attempt | None:
    query = sa.select(attempts).where(attempts.c.channel == channel).order_by(attempts.c.at_ms.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    outcome = Outcome(row.outcome)
    return Attempt(
        at_ms=row.at_ms, outcome=outcome, code=row.code, detail=row.detail, messages=row.messages, actor=row.actor
    )


def _accepted(connection: sa.Connection, channel: str) -> int | None:
    chosen = (attempts.c.channel == channel, attempts.c.outcome == Outcome.ACCEPTED.value)
    found: int | None = connection.execute(sa.select(sa.func.max(attempts.c.at_ms)).where(*chosen)).scalar()
    return found


def _told(row: Any) -> Told:
    return Told(
        at_ms=row.created_ms,
        title=Text(zh=row.title_zh, en=row.title_en),
        body=Text(zh=row.body_zh, en=row.body_en),
        ref=row.ref,
    )


def _undelivered(row: Any) -> Undelivered:
    outcome, _, detail = row.error.partition(" ")
    if row.error.startswith(NOBODY):
        outcome, detail = "no_channel", ""
    return Undelivered(
        id=row.id,
        person=row.person,
        way=row.channel,
        channel=row.via,
        kind=row.kind,
        ref=row.ref,
        title=Text(zh=row.title_zh, en=row.title_en),
        outcome=outcome,
        detail=detail,
        created_ms=row.created_ms,
        given_up_ms=row.done_ms,
    )
