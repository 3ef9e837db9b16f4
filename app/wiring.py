"""What more than one process needs: the database, the rule set, the broker's address."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from app import findings as kinds
from app.broker_accounts import HOST_USER, passwords
from app.database import is_there, migrate, open_database
from app.settings import Settings
from app.sight_texts import SIGHT_INFOS
from core.cases import Elsewhere, RuleInfo
from core.errors import Invalid, Refused
from core.findings import Said
from core.foreign import system_problem
from core.places import FacilityClass, Relation
from registry.queries import Registry
from rules.expression import Grouped, OfParent, measured
from rules.language.load import load_rules
from rules.rule_set import Rule, RuleSet


def database(settings: Settings) -> sa.Engine:
    """The database, brought to this program's schema.

    Raises:
        Unavailable: if it does not answer.
        Refused: if it belongs to a newer program.
    """
    engine = open_database(settings.database_url, durable=settings.database.durable)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def database_there(settings: Settings) -> sa.Engine:
    """The database of an installation that has been started before, for commands that only read: none is made.

    Raises:
        Unavailable: if it does not answer.
        Refused: if there is none yet, or it belongs to a newer program.
    """
    if not is_there(settings.database_url):
        shown = sa.make_url(settings.database_url).render_as_string(hide_password=True)
        raise Refused(kinds.NO_DATABASE_YET(url=shown))
    return database(settings)


def rule_sources(folder: Path | None) -> Mapping[str, str]:
    """File name to text of every rule file; the rule book that came with Twingrid if no folder is named.

    Raises:
        Invalid: if the folder cannot be read or holds no rule file.
    """
    if folder is None:
        book = importlib.resources.files("rules").joinpath("book")
        files = [file for file in book.iterdir() if file.name.endswith(".yaml")] if book.is_dir() else []
        return {file.name: file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)}
    try:
        texts = {str(file): file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.yaml"))}
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(folder, system_problem(error)) from error
    if not texts:
        raise _unreadable(folder, kinds.NO_RULE_FILE())
    return texts


def _unreadable(folder: Path, problem: Said) -> Invalid:
    return Invalid([kinds.BOOK_UNREADABLE.at(str(folder), problem=problem)])


def load_rule_set(settings: Settings, classes: Mapping[str, FacilityClass]) -> RuleSet:
    """The rule set in force.

    Raises:
        Invalid: with every fault of every file.
    """
    return load_rules(rule_sources(settings.rule_folder), classes)


class RuleInfos:
    """What dispatch asks of the rule set: information by rule id, ``None`` for one that has left."""

    def __init__(self, rules: RuleSet) -> None:
        """Take the rule set in force."""
        self._rules = rules
        self._infos: dict[str, RuleInfo] = {}

    @property
    def rules(self) -> RuleSet:
        """The rule set in force."""
        return self._rules

    def take(self, rules: RuleSet) -> None:
        """Answer from another rule set from now on."""
        self._rules, self._infos = rules, {}

    def __call__(self, rule_id: str) -> RuleInfo | None:
        """What is known of the rule."""
        rules, infos = self._rules, self._infos
        rule = rules.by_id.get(rule_id)
        if rule is None:
            return SIGHT_INFOS.get(rule_id)
        if rule_id not in infos:
            infos[rule_id] = observed(rule)
        return infos[rule_id]


def observed(rule: Rule) -> RuleInfo:
    """What dispatch must know of a rule, with how a repair is observed: how long it judges, whom else it reads."""
    found = set[Elsewhere]()
    for operand in rule.operands:
        if isinstance(operand, OfParent):
            found.add(Elsewhere(relation=Relation.PARENT, keys=(operand.operand.key,), parent=True))
        elif isinstance(operand, Grouped):
            found.add(Elsewhere(relation=operand.relation, keys=tuple(sorted(measured(operand)))))
    ordered = sorted(found, key=lambda one: (one.relation, one.parent, one.keys))
    return replace(rule.info, hold_ms=rule.hold_ms, elsewhere=tuple(ordered))


def rule_set_of(settings: Settings, registry: Registry) -> RuleSet:
    """The rule set for the classes that the registry knows."""
    return load_rule_set(settings, registry.classes())


def broker_url(settings: Settings) -> str:
    """Where ingest connects, with its own account.

    Raises:
        Invalid: if the password file of an external broker cannot be read.
    """
    broker = settings.broker
    user, password = broker.username, external_password(settings)
    if broker.kind != "external":
        user = HOST_USER
        password = passwords(settings.broker_secrets, [HOST_USER])[HOST_USER]
    scheme = "mqtts" if broker.tls else "mqtt"
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    return f"{scheme}://{login}{broker.host}:{broker.port}"


def external_password(settings: Settings) -> str:
    """The password of an external broker; empty where it asks for none, and for our own.

    Raises:
        Invalid: if its file cannot be read.
    """
    file = settings.broker.password_file
    if settings.broker.kind != "external" or file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([kinds.PASSWORD_UNREADABLE.at(str(file), problem=system_problem(error))]) from error
