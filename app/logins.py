"""Logins of the registry's people: ``twingrid login give | list | end``, apart from their options; and the demo's.

A login is made from a person's record: role, communities and, of somebody of a department, the department. Its password
is shown once and changed at first use.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.passwords import hash_password
from app.console import Speaker
from app.exits import Exit
from app.operator import operator
from app.settings_file import load
from app.wiring import database
from core.clock import SystemClock
from core.people import Language, Login, Person, Role
from registry.classbook import load_classes
from registry.commands import RegistryCommandsSql
from registry.queries import Registry

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_PASSWORD_LENGTH = 12


def one_time_password() -> str:
    """A fresh password without letters that are mistaken for others."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))


def login_of(person: Person, language: Language, username: str = "") -> Login:
    """The login of a person, under their code unless another name is given; without a password yet."""
    return Login(
        username=username or person.code,
        password_hash="",
        role=person.role,
        language=language,
        communities=person.communities,
        everywhere=person.everywhere,
        person=person.number,
        one_time=True,
        department=person.department if person.role is Role.DEPARTMENT else "",
    )


def give(speaker: Speaker, config: Path | None, code: str, username: str, *, as_json: bool) -> Exit:
    """Make the login of a person, or make it anew from their record, with a one-time password.

    Raises:
        core.errors.Refused: if the name is none, or the department of the record has ended.
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _open(config) as (registry, commands, language):
        person = next((one for one in registry.people() if one.code == code), None)
        if person is None or not person.active:
            speaker.error(speaker.say("login.nobody", code=code))
            return Exit.USAGE
        login = login_of(person, language, username)
        before = registry.login(login.username)
        if before is not None and before.person != person.number:
            speaker.error(speaker.say("login.taken", username=before.username))
            return Exit.FINDING
        password = one_time_password()
        kept = language if before is None else before.language
        login = dataclasses.replace(login, password_hash=hash_password(password), language=kept)
        commands.put_login(login, operator(), SystemClock().now_ms())
    if as_json:
        speaker.json(
            {"username": login.username, "password": password, "role": login.role, "department": login.department}
        )
        return Exit.OK
    speaker.table([speaker.say("col.login"), speaker.say("col.password")], [[login.username, password]])
    speaker.note(speaker.say("login.given", role=speaker.say(f"role.{login.role}")))
    return Exit.OK


def end(speaker: Speaker, config: Path | None, username: str) -> Exit:
    """Let nobody in under a name any more; what they did keeps it.

    Raises:
        core.errors.Refused: if it is the last administrator's.
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _open(config) as (registry, commands, _language):
        login = registry.login(username)
        if login is None:
            speaker.error(speaker.say("login.none", username=username))
            return Exit.USAGE
        commands.put_login(dataclasses.replace(login, active=False), operator(), SystemClock().now_ms())
    speaker.note(speaker.say("login.ended", username=login.username))
    return Exit.OK


def show(speaker: Speaker, config: Path | None, *, as_json: bool) -> Exit:
    """All logins: of whom, with which role, for which department, and whether they may come in.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    with _open(config) as (registry, _commands, _language):
        people = {one.number: one.code for one in registry.people()}
        names = {one.number: one.code for one in registry.communities()}
        logins = registry.logins()
    shown = [
        {
            "username": one.username,
            "role": one.role,
            "department": one.department,
            "person": people.get(one.person, "") if one.person is not None else "",
            "communities": ["*"] if one.everywhere else sorted(names[number] for number in one.communities),
            "active": one.active,
        }
        for one in logins
    ]
    if as_json:
        speaker.json({"logins": shown})
        return Exit.OK
    rows = [
        [
            str(one["username"]),
            speaker.say(f"role.{one['role']}"),
            str(one["department"]),
            str(one["person"]),
            " ".join(map(str, one["communities"])) if isinstance(one["communities"], list) else "",
            speaker.say("login.active" if one["active"] else "login.inactive"),
        ]
        for one in shown
    ]
    heads = ("col.login", "col.role", "col.department", "col.person", "col.communities", "col.active")
    speaker.table([speaker.say(head) for head in heads], rows)
    return Exit.OK


@contextmanager
def _open(config: Path | None) -> Iterator[tuple[Registry, RegistryCommandsSql, Language]]:
    settings = load(config).settings
    engine = database(settings)
    try:
        yield Registry(engine, load_classes()), RegistryCommandsSql(engine), settings.language
    finally:
        engine.dispose()
