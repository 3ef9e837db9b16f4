"""``twingrid token create | list | scopes | end``, apart from their options.

Whoever sits at the server may make a token of any login; it reaches no further than that login.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.policy import load as load_policy
from api.tokens import LONGEST_NAME, Token, Tokens
from app.console import Speaker
from app.exits import Exit
from app.operator import operator
from app.settings_file import load
from app.wiring import database
from core.clock import SystemClock
from registry.classbook import load_classes
from registry.queries import Registry


def create(
    speaker: Speaker,
    config: Path | None,
    username: str,
    name: str,
    scopes: Sequence[str],
    days: int,
    *,
    as_json: bool,
) -> Exit:
    """Make a token of a login and show it this once.

    Raises:
        core.errors.Refused: if the login has too many already.
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        speaker.error(speaker.say("token.no-name"))
        return Exit.USAGE
    policy = load_policy()
    with _database(config) as engine:
        login = Registry(engine, load_classes()).login(username)
        if login is None or not login.active:
            speaker.error(speaker.say("token.no-login", username=username))
            return Exit.USAGE
        if login.one_time:
            speaker.error(speaker.say("token.one-time", username=login.username))
            return Exit.FINDING
        known = policy.scopes_of(policy.permissions_of(login))
        strange = [scope for scope in scopes if scope not in known]
        for scope in strange:
            speaker.error(speaker.say("token.no-scope", name=scope, known=", ".join(known)))
        if strange:
            return Exit.USAGE
        now_ms = SystemClock().now_ms()
        made = Tokens(engine).make(login.username, name.strip(), scopes, days, operator(), now_ms)
    if as_json:
        speaker.json({**_row(made.token, now_ms), "token": made.secret})
        return Exit.OK
    heads = ("col.token", "col.login", "col.scopes", "col.expires")
    row = [made.secret, made.token.username, " ".join(made.token.scopes), _day(made.token.expires_ms)]
    speaker.table([speaker.say(head) for head in heads], [row])
    speaker.note(speaker.say("token.made"))
    return Exit.OK


def show(speaker: Speaker, config: Path | None, username: str, *, every: bool, as_json: bool) -> Exit:
    """Tokens, newest first: of all logins or of one, those that serve or all.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    now_ms = SystemClock().now_ms()
    with _database(config) as engine:
        found = [one for one in Tokens(engine).of(username or None) if every or one.serves(now_ms)]
    if as_json:
        speaker.json({"tokens": [_row(one, now_ms) for one in found]})
        return Exit.OK
    rows = [
        [
            str(one.number),
            f"{one.shown}…",
            one.username,
            one.name,
            " ".join(one.scopes),
            _day(one.expires_ms),
            speaker.say("token.never") if one.used_ms is None else f"{_day(one.used_ms)} {one.used_from}",
            speaker.say(f"token.state.{_state(one, now_ms)}"),
        ]
        for one in found
    ]
    heads = ("number", "token", "login", "purpose", "scopes", "expires", "used", "active")
    speaker.table([speaker.say(f"col.{head}") for head in heads], rows)
    return Exit.OK


def scopes(speaker: Speaker, *, as_json: bool) -> Exit:
    """The scopes with their operations, as the API's document names them."""
    held = {scope: sorted(names) for scope, names in sorted(load_policy().scopes.items())}
    if as_json:
        speaker.json({"scopes": held})
        return Exit.OK
    speaker.table(
        [speaker.say("col.scopes"), speaker.say("col.operations")],
        [[scope, ", ".join(names)] for scope, names in held.items()],
    )
    return Exit.OK


def end(speaker: Speaker, config: Path | None, number: int, *, as_json: bool) -> Exit:
    """End a token.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    now_ms = SystemClock().now_ms()
    with _database(config) as engine:
        token = Tokens(engine).end(number, operator(), now_ms)
    if token is None:
        speaker.error(speaker.say("token.none", number=number))
        return Exit.USAGE
    if as_json:
        speaker.json(_row(token, now_ms))
        return Exit.OK
    speaker.note(speaker.say("token.ended", number=number))
    return Exit.OK


def _state(one: Token, now_ms: int) -> str:
    if one.ended_ms is not None:
        return "ended"
    return "serves" if one.serves(now_ms) else "expired"


def _row(one: Token, now_ms: int) -> dict[str, Any]:
    return {
        "number": one.number,
        "shown": one.shown,
        "username": one.username,
        "name": one.name,
        "scopes": list(one.scopes),
        "created_ms": one.created_ms,
        "created_by": one.created_by,
        "expires_ms": one.expires_ms,
        "used_ms": one.used_ms,
        "used_from": one.used_from,
        "ended_ms": one.ended_ms,
        "ended_by": one.ended_by,
        "state": _state(one, now_ms),
    }


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


@contextmanager
def _database(config: Path | None) -> Iterator[sa.Engine]:
    engine = database(load(config).settings)
    try:
        yield engine
    finally:
        engine.dispose()
