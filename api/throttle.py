"""Slowing down guessers without locking anybody out.

An attempt is counted *before* the password is looked at, so that parallel guesses cannot slip through; a success gives
the count back. Four tallies are kept: per pair of account and address, per address, per account, and altogether. A pair
that has logged in before answers to its own tally alone: whoever hammers an account from elsewhere, or other accounts
from the same office, does not lock its owner out. The deciding part is pure; ``LoginThrottle`` keeps the tallies.

Source: OWASP ASVS 5.0, 6.3.1; OWASP "device cookies" for the idea of the known pair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from api import tables
from api.database import writing

_SECOND_MS = 1_000
_MINUTE_MS = 60 * _SECOND_MS
_KEEP_MS = 24 * 60 * _MINUTE_MS


class Scope(StrEnum):
    """What a tally is kept of."""

    PAIR = "pair"
    ADDRESS = "address"
    ACCOUNT = "account"
    ALL = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """``free`` failures within ``window_ms`` cost nothing; each further one doubles the wait from ``first_ms``."""

    free: int
    window_ms: int
    first_ms: int
    longest_ms: int


RULES = {
    Scope.PAIR: Rule(free=5, window_ms=60 * _MINUTE_MS, first_ms=15 * _SECOND_MS, longest_ms=15 * _MINUTE_MS),
    Scope.ADDRESS: Rule(free=20, window_ms=15 * _MINUTE_MS, first_ms=30 * _SECOND_MS, longest_ms=15 * _MINUTE_MS),
    Scope.ACCOUNT: Rule(free=30, window_ms=15 * _MINUTE_MS, first_ms=30 * _SECOND_MS, longest_ms=5 * _MINUTE_MS),
    Scope.ALL: Rule(free=500, window_ms=15 * _MINUTE_MS, first_ms=2 * _SECOND_MS, longest_ms=30 * _SECOND_MS),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Failures since ``since_ms``, and until when nothing more is looked at."""

    failures: int = 0
    since_ms: int = 0
    blocked_until_ms: int = 0


def after_failure(tally: Tally, rule: Rule, now_ms: int) -> Tally:
    """The tally with one more failure; a window that has passed, or a clock that was set back, starts afresh."""
    fresh = not tally.since_ms <= now_ms < tally.since_ms + rule.window_ms
    failures = 1 if fresh else tally.failures + 1
    since_ms = now_ms if fresh else tally.since_ms
    over = failures - rule.free
    wait_ms = 0 if over <= 0 else min(rule.first_ms * 2 ** min(over - 1, 20), rule.longest_ms)
    return Tally(failures=failures, since_ms=since_ms, blocked_until_ms=now_ms + wait_ms if wait_ms else 0)


def wait_ms(tally: Tally, rule: Rule, now_ms: int) -> int:
    """How long the next attempt must wait; never longer than the rule's longest, whatever the clock did."""
    return max(0, min(tally.blocked_until_ms - now_ms, rule.longest_ms))


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt to log in, as the tallies know it."""

    account: str
    address: str
    known: bool

    def tallies(self) -> Sequence[tuple[Scope, str]]:
        """The tallies it counts in; names are hashed, because people type passwords into the wrong field."""
        pair = (Scope.PAIR, _hash(f"{self.account}\0{self.address}"))
        if self.known:
            return (pair,)
        return (
            pair,
            (Scope.ADDRESS, _hash(self.address)),
            (Scope.ACCOUNT, _hash(self.account)),
            (Scope.ALL, _hash("")),
        )


class LoginThrottle:
    """Keeps the tallies in the database, so that all API processes count together."""

    def __init__(self, engine: sa.Engine) -> None:
        """Use the API's tables of this engine."""
        self._engine = engine

    def admit(self, attempt: Attempt, now_ms: int) -> int:
        """Count the attempt as failed for now; 0, or how many milliseconds it must wait (and was not counted)."""
        with writing(self._engine) as connection:
            tallies = {key: read_tally(connection, key) for key in attempt.tallies()}
            wait = max(wait_ms(tally, RULES[key[0]], now_ms) for key, tally in tallies.items())
            if wait:
                return wait
            for key, tally in tallies.items():
                write_tally(connection, key, after_failure(tally, RULES[key[0]], now_ms))
            forget_old(connection, now_ms)
        return 0

    def succeeded(self, attempt: Attempt) -> None:
        """The attempt was no failure after all: its pair starts afresh, the others give the count back."""
        with writing(self._engine) as connection:
            for key in attempt.tallies():
                tally = read_tally(connection, key)
                if key[0] is Scope.PAIR:
                    tally = Tally()
                elif tally.failures:
                    tally = Tally(failures=tally.failures - 1, since_ms=tally.since_ms)
                write_tally(connection, key, tally)


def forget_old(connection: sa.Connection, now_ms: int) -> None:
    """Remove tallies that count nothing any more."""
    connection.execute(sa.delete(tables.throttle).where(tables.throttle.c.since_ms < now_ms - _KEEP_MS))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_tally(connection: sa.Connection, key: tuple[StrEnum, str]) -> Tally:
    """A tally by scope and hash, locked until the end of the transaction; an empty one where nothing is kept."""
    table = tables.throttle
    row = connection.execute(
        sa.select(table.c.failures, table.c.since_ms, table.c.blocked_until_ms)
        .where(table.c.scope == key[0].value, table.c.key_sha256 == key[1])
        .with_for_update()
    ).one_or_none()
    if row is None:
        return Tally()
    return Tally(failures=row.failures, since_ms=row.since_ms, blocked_until_ms=row.blocked_until_ms)


def write_tally(connection: sa.Connection, key: tuple[StrEnum, str], tally: Tally) -> None:
    """Keep a tally."""
    table = tables.throttle
    values = {
        "failures": tally.failures,
        "since_ms": tally.since_ms,
        "blocked_until_ms": tally.blocked_until_ms,
    }
    changed = connection.execute(
        sa.update(table).where(table.c.scope == key[0].value, table.c.key_sha256 == key[1]).values(values)
    )
    if changed.rowcount == 0:
        connection.execute(sa.insert(table).values(scope=key[0].value, key_sha256=key[1], **values))
