"""Tokens by which programs read: made, found, ended.

A token is ``tga_`` and 256 random bits; the row holds its hash, so that a copy of the database opens nothing. It reads
for the login it was made of, and only as far as its scopes reach *and* that login is permitted at the moment of the
request: nothing of the login is copied into it. It ends by hand, by age, and when its login changes the password.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from api import findings as kinds
from api import tables
from api.database import reading, writing
from core.errors import Refused

TOKEN_PREFIX: Final = "tga_"
MOST_OF_A_LOGIN: Final = 20
LONGEST_NAME: Final = 80
LONGEST_DAYS: Final = 366
USUAL_DAYS: Final = 90
_SHOWN_CHARACTERS: Final = 8
_TOUCH_EVERY_MS: Final = 60_000
_DAY_MS: Final = 86_400_000

BURST: Final = 240
PER_SECOND: Final = 20.0
_TALLIES_KEPT: Final = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """One token as its row says.

    Attributes:
        number: by which it is named and ended.
        shown: its first characters, by which people recognise it.
        username: for whom it reads.
        name: what it is for, in its maker's words.
        scopes: sorted.
        created_ms, expires_ms: from when to when it serves, UTC milliseconds.
        created_by: login or operator who made it.
        used_ms: last use, to the minute; ``None``: never.
        used_from: address of the last use.
        ended_ms, ended_by: when and by whom it was ended before its time.
    """

    number: int
    shown: str
    username: str
    name: str
    scopes: tuple[str, ...]
    created_ms: int
    created_by: str
    expires_ms: int
    used_ms: int | None = None
    used_from: str = ""
    ended_ms: int | None = None
    ended_by: str = ""

    def serves(self, now_ms: int) -> bool:
        """Whether it has neither ended nor expired."""
        return self.ended_ms is None and now_ms < self.expires_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeToken:
    """A fresh token with its secret, which is shown once."""

    token: Token
    secret: str


class Tokens:
    """Makes, finds and ends tokens."""

    def __init__(self, engine: sa.Engine) -> None:
        """Use the API's tables of this engine."""
        self._engine = engine

    def make(self, username: str, name: str, scopes: Sequence[str], days: int, by: str, now_ms: int) -> MadeToken:
        """A new token of a login.

        Args:
            username: of the login it reads for.
            name: what it is for.
            scopes: known ones; whoever asks has checked them.
            days: how long it serves, 1 to ``LONGEST_DAYS``.
            by: who makes it.
            now_ms: UTC milliseconds.

        Raises:
            Refused: if the login has ``MOST_OF_A_LOGIN`` tokens that serve.
            Unavailable: if the database does not answer.
        """
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        values = {
            "token_sha256": _hash(secret),
            "shown": secret[: len(TOKEN_PREFIX) + _SHOWN_CHARACTERS],
            "username": username,
            "name": name,
            "scopes": " ".join(sorted(set(scopes))),
            "created_ms": now_ms,
            "created_by": by,
            "expires_ms": now_ms + days * _DAY_MS,
            "used_from": "",
            "ended_by": "",
        }
        table = tables.token
        serving = sa.and_(table.c.username == username, table.c.ended_ms.is_(None), table.c.expires_ms > now_ms)
        with writing(self._engine) as connection:
            held = connection.execute(sa.select(sa.func.count()).select_from(table).where(serving)).scalar_one()
            if held >= MOST_OF_A_LOGIN:
                raise Refused(kinds.MANY_TOKENS(most=MOST_OF_A_LOGIN))
            number = connection.execute(sa.insert(table).values(**values).returning(table.c.number)).scalar_one()
            row = connection.execute(sa.select(table).where(table.c.number == number)).one()
        return MadeToken(token=_token(row), secret=secret)

    def find(self, secret: str, address: str, now_ms: int) -> Token | None:
        """The token with this secret if it serves; its use is noted, at most once a minute."""
        if not secret.startswith(TOKEN_PREFIX) or len(secret) > 128:
            return None
        table, digest = tables.token, _hash(secret)
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(table).where(table.c.token_sha256 == digest)).one_or_none()
        if row is None or not hmac.compare_digest(row.token_sha256, digest):
            return None
        token = _token(row)
        if not token.serves(now_ms):
            return None
        if token.used_ms is None or not 0 <= now_ms - token.used_ms < _TOUCH_EVERY_MS:
            with writing(self._engine) as connection:
                connection.execute(
                    sa.update(table)
                    .where(table.c.number == token.number)
                    .values(used_ms=now_ms, used_from=address[:64])
                )
        return token

    def of(self, username: str | None = None) -> Sequence[Token]:
        """All tokens of a login, or of all logins, newest first; ended ones too."""
        table = tables.token
        asked = sa.select(table).order_by(table.c.number.desc())
        if username is not None:
            asked = asked.where(table.c.username == username)
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(asked)]

    def end(self, number: int, by: str, now_ms: int, *, username: str | None = None) -> Token | None:
        """End a token, of that login alone where one is named; ``None`` if there is none. Twice changes nothing."""
        table = tables.token
        which = table.c.number == number
        if username is not None:
            which = sa.and_(which, table.c.username == username)
        with writing(self._engine) as connection:
            connection.execute(
                sa.update(table).where(which, table.c.ended_ms.is_(None)).values(ended_ms=now_ms, ended_by=by)
            )
            row = connection.execute(sa.select(table).where(which)).one_or_none()
        return None if row is None else _token(row)

    def end_all(self, username: str, by: str, now_ms: int) -> None:
        """End every token of a login."""
        table = tables.token
        with writing(self._engine) as connection:
            connection.execute(
                sa.update(table)
                .where(table.c.username == username, table.c.ended_ms.is_(None))
                .values(ended_ms=now_ms, ended_by=by)
            )


def _token(row: sa.Row[Any]) -> Token:
    return Token(
        number=row.number,
        shown=row.shown,
        username=row.username,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        created_ms=row.created_ms,
        created_by=row.created_by,
        expires_ms=row.expires_ms,
        used_ms=row.used_ms,
        used_from=row.used_from,
        ended_ms=row.ended_ms,
        ended_by=row.ended_by,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a token's burst, at a moment of the monotonic clock."""

    left: float = float(BURST)
    at_s: float = 0.0


def spend(allowance: Allowance, now_s: float) -> tuple[Allowance, float]:
    """One request more: the allowance after it, and 0 or the seconds to wait (nothing was spent then)."""
    left = min(float(BURST), allowance.left + max(0.0, now_s - allowance.at_s) * PER_SECOND)
    if left < 1.0:
        return Allowance(left, now_s), (1.0 - left) / PER_SECOND
    return Allowance(left - 1.0, now_s), 0.0


class TokenRates:
    """How much each token asks of this process; safe to use from any thread."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._lock = threading.Lock()
        self._allowances: dict[int, Allowance] = {}

    def admit(self, number: int, now_s: float) -> float:
        """Count a request of a token; 0 or the seconds it must wait."""
        with self._lock:
            # The one that asked last stands last: what is forgotten first has rested longest.
            before = self._allowances.pop(number, Allowance(at_s=now_s))
            after, wait_s = spend(before, now_s)
            self._allowances[number] = after
            while len(self._allowances) > _TALLIES_KEPT:
                del self._allowances[next(iter(self._allowances))]
        return wait_s
