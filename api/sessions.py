"""Sessions: reference tokens that end on the server.

The cookie holds 256 random bits; the row holds their hash, so that a copy of the database opens nothing. A session ends
by logging out, by idling, by age, when its login is changed (password, role, communities, activity), and when its login
has opened too many others.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from api import tables
from api.database import reading, writing
from api.settings import ApiSettings
from core.people import Login

_TOUCH_EVERY_MS = 60_000
_KEEP_MS = 30 * 86_400_000
_TOKEN_PREFIX = "tgs_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One session as its row says."""

    key: str
    username: str
    created_ms: int
    seen_ms: int
    expires_ms: int

    def serves(self, login: Login | None) -> bool:
        """Whether the login behind it still stands as it did when the session was opened."""
        return login is not None and login.active and self.created_ms >= login.changed_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedSession:
    """A fresh session; the token is shown once, to the browser."""

    session: Session
    token: str


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(self, engine: sa.Engine, settings: ApiSettings) -> None:
        """Use the API's tables of this engine."""
        self._engine = engine
        self._settings = settings

    def open(self, username: str, address: str, now_ms: int) -> OpenedSession:
        """A new session with a new token; the login's oldest ones end when there are too many."""
        token = _TOKEN_PREFIX + secrets.token_urlsafe(32)
        session = Session(
            key=_hash(token),
            username=username,
            created_ms=now_ms,
            seen_ms=now_ms,
            expires_ms=now_ms + self._settings.absolute_timeout_s * 1000,
        )
        table = tables.session
        with writing(self._engine) as connection:
            connection.execute(sa.delete(table).where(table.c.created_ms < now_ms - _KEEP_MS))
            self._make_room(connection, username, now_ms)
            connection.execute(
                sa.insert(table).values(
                    token_sha256=session.key,
                    username=username,
                    address=address[:64],
                    created_ms=now_ms,
                    seen_ms=now_ms,
                    expires_ms=session.expires_ms,
                )
            )
        return OpenedSession(session=session, token=token)

    def _make_room(self, connection: sa.Connection, username: str, now_ms: int) -> None:
        table = tables.session
        keep = (
            sa.select(table.c.token_sha256)
            .where(table.c.username == username, table.c.ended_ms.is_(None))
            .order_by(table.c.seen_ms.desc(), table.c.token_sha256)
            .limit(self._settings.max_sessions - 1)
        )
        kept = connection.execute(keep).scalars().all()
        connection.execute(
            sa.update(table)
            .where(table.c.username == username, table.c.ended_ms.is_(None), table.c.token_sha256.not_in(kept))
            .values(ended_ms=now_ms)
        )

    def find(self, token: str, now_ms: int) -> Session | None:
        """The session behind a token if it has not ended; noting that it was used, at most once a minute."""
        if not token.startswith(_TOKEN_PREFIX) or len(token) > 128:
            return None
        session = self._alive(_hash(token), now_ms)
        if session is not None and now_ms - session.seen_ms >= _TOUCH_EVERY_MS:
            table = tables.session
            with writing(self._engine) as connection:
                connection.execute(sa.update(table).where(table.c.token_sha256 == session.key).values(seen_ms=now_ms))
        return session

    def still_alive(self, key: str, now_ms: int) -> Session | None:
        """The session with this key if it has not ended; it is not noted as used."""
        return self._alive(key, now_ms)

    def _alive(self, key: str, now_ms: int) -> Session | None:
        table = tables.session
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(table).where(table.c.token_sha256 == key)).one_or_none()
        if row is None or row.ended_ms is not None:
            return None
        idle_ms = self._settings.idle_timeout_s * 1000
        if now_ms >= row.expires_ms or now_ms - row.seen_ms >= idle_ms:
            return None
        return Session(
            key=row.token_sha256,
            username=row.username,
            created_ms=row.created_ms,
            seen_ms=row.seen_ms,
            expires_ms=row.expires_ms,
        )

    def end(self, key: str, now_ms: int) -> None:
        """End one session; ending it twice changes nothing."""
        self._end(tables.session.c.token_sha256 == key, now_ms)

    def end_all(self, username: str, now_ms: int) -> None:
        """End every session of a login."""
        self._end(tables.session.c.username == username, now_ms)

    def _end(self, which: sa.ColumnElement[bool], now_ms: int) -> None:
        table = tables.session
        with writing(self._engine) as connection:
            connection.execute(sa.update(table).where(which, table.c.ended_ms.is_(None)).values(ended_ms=now_ms))

    def knows(self, username: str, address: str, now_ms: int) -> bool:
        """Whether this login was opened from this address within the last 30 days."""
        table = tables.session
        with reading(self._engine) as connection:
            found = connection.execute(
                sa.select(table.c.token_sha256)
                .where(
                    table.c.username == username,
                    table.c.address == address[:64],
                    table.c.created_ms >= now_ms - _KEEP_MS,
                )
                .limit(1)
            ).first()
        return found is not None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
