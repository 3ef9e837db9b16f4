"""Prepares the demo's database in a process of its own, so that its memory is given back: ``python -m app.demo_setup``.

Migrates, imports the registry folder where that is new (so what was edited outlives the demo), gives every demo person
without a password of their own a one-time password, and prints the logins as JSON on standard output.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.passwords import hash_password
from app import demo_story, logs
from app.calendars import Calendars
from app.logins import login_of, one_time_password
from app.settings import Settings
from app.settings_file import load
from app.upkeep import InUse
from app.wiring import database
from app.wiring_core import import_registry
from core.cases import RuleInfo
from core.clock import SystemClock
from core.people import Language, Login, Role
from dispatch.desk import SqlDesk
from dispatch.funds_desk import SqlFunds
from dispatch.intake_desk import SqlIntakes
from dispatch.plan_desk import SqlPlans
from dispatch.queries import SqlCaseQueries
from registry.classbook import load_classes
from registry.commands import RegistryCommandsSql
from registry.queries import Registry

ADMINISTRATOR = "admin"


@dataclass(frozen=True, kw_only=True)
class DemoLogin:
    """One login as it is printed; ``password`` is empty when its owner has chosen one."""

    username: str
    password: str
    role: str
    name_zh: str
    name_en: str


def prepare(settings: Settings) -> list[DemoLogin]:
    """Make the database ready; the logins of the demo's people."""
    engine = database(settings)
    try:
        clock = SystemClock()
        import_registry(settings, engine, clock)
        _tell(settings, engine, clock.now_ms())
        return _give_logins(engine, settings.language, clock.now_ms())
    finally:
        engine.dispose()


def _tell(settings: Settings, engine: sa.Engine, now_ms: int) -> None:
    """The story of the months before, where nothing has happened yet."""
    registry = Registry(engine, load_classes())
    policy = Calendars(registry, settings.time_zone).policy(settings)
    in_use = InUse(registry)
    rooms = demo_story.Rooms(
        engine=engine,
        intakes=SqlIntakes(engine, rules=_no_rule, source=registry, policy=policy),
        desk=SqlDesk(engine, rules=_no_rule, source=registry, policy=policy),
        queries=SqlCaseQueries(engine, registry, policy),
        funds=SqlFunds(engine, in_use, policy, settings.funds.money()),
        plans=SqlPlans(
            engine,
            rules=_no_rule,
            source=registry,
            classes=frozenset(registry.classes()),
            in_use=in_use.numbers,
            policy=policy,
        ),
        roster=registry.roster(),
        facilities=in_use(),
    )
    demo_story.tell(rooms, now_ms)


def _no_rule(_: str) -> RuleInfo | None:
    """What people report is about no rule."""
    return None


def _give_logins(engine: sa.Engine, language: Language, now_ms: int) -> list[DemoLogin]:
    registry, commands = Registry(engine, load_classes()), RegistryCommandsSql(engine)
    known = {login.username: login for login in registry.logins()}
    wanted = [_administrator(language), *(login_of(person, language) for person in registry.people() if person.active)]
    names = {person.number: person.name for person in registry.people()}
    shown: list[DemoLogin] = []
    for login in wanted:
        present = known.get(login.username)
        password = ""
        if present is None or present.one_time:
            password = one_time_password()
            fresh = dataclasses.replace(login, password_hash=hash_password(password), changed_ms=now_ms)
            commands.put_login(fresh, "demo", now_ms)
        name = names.get(login.person) if login.person is not None else None
        shown.append(
            DemoLogin(
                username=login.username,
                password=password,
                role=login.role.value,
                name_zh=name.zh if name else "",
                name_en=name.en if name else "",
            )
        )
    return shown


def _administrator(language: Language) -> Login:
    return Login(
        username=ADMINISTRATOR,
        password_hash="",
        role=Role.ADMINISTRATOR,
        language=language,
        everywhere=True,
        one_time=True,
    )


def main() -> int:
    """Prepare what the settings file named on the command line describes."""
    logs.set_up("warning")
    logins = prepare(load(Path(sys.argv[1])).settings)
    sys.stdout.write(json.dumps([dataclasses.asdict(login) for login in logins], ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
