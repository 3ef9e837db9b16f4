"""Writing by people: ``core.ports.registry.RegistryCommands`` over SQL. One call, one transaction, one audit row."""

from __future__ import annotations

import json
import re

import sqlalchemy as sa

from core.cases import SYSTEM
from core.errors import Refused
from core.intake import ANYBODY
from core.people import Language, Login, Role
from core.places import Text
from core.ports.registry import ChangeKind, Gateway
from core.sparkplug.topics import NodeId, is_own_id
from registry import findings as kinds
from registry import login_findings as logins
from registry import tables
from registry.database import next_numbers, record, writing
from registry.history import Change, remember
from registry.rows import RowValues

_USERNAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,64}")
_NOBODY = frozenset({SYSTEM, ANYBODY})
"""Actors of what no login does: whoever had one of these names would act as the system, or as a resident."""


class RegistryCommandsSql:
    """All writing by people; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        """Write to ``engine`` (prepared by ``dispatch.database.prepare``)."""
        self._engine = engine

    def create_first_administrator(self, username: str, password_hash: str, language: Language, now_ms: int) -> Login:
        """The login that first-run creates.

        Raises:
            Refused: if any administrator exists already, or the name is not valid.
        """
        login = Login(
            username=username,
            password_hash=password_hash,
            role=Role.ADMINISTRATOR,
            language=language,
            everywhere=True,
            changed_ms=now_ms,
        )
        _check(login)
        with writing(self._engine) as connection:
            if _administrators(connection) > 0:
                raise Refused(logins.ADMINISTRATOR_EXISTS())
            _store(connection, login)
            record(
                connection,
                actor=username,
                what="first_administrator",
                ref=username,
                detail="",
                now_ms=now_ms,
                raises=False,
            )
        return login

    def put_login(self, login: Login, actor: str, now_ms: int) -> None:
        """Create or replace a login.

        Raises:
            Refused: if it would leave no active administrator, or names an unknown person, community or department;
                or if it has no department and its role needs one, or the other way round.
        """
        _check(login)
        with writing(self._engine) as connection:
            self._check_references(connection, login)
            before = _administrators(connection)
            _store(connection, login, now_ms)
            if before > 0 and _administrators(connection) == 0:
                raise Refused(logins.LAST_ADMINISTRATOR(username=login.username))
            detail = {
                "role": login.role,
                "active": login.active,
                "everywhere": login.everywhere,
                "communities": sorted(login.communities),
                "person": login.person,
                "department": login.department,
            }
            text = json.dumps(detail)
            record(connection, actor=actor, what="login", ref=login.username, detail=text, now_ms=now_ms, raises=False)

    def set_password(
        self, username: str, password_hash: str, actor: str, now_ms: int, *, one_time: bool = False
    ) -> None:
        """Give a login a new hash; its other sessions end (``changed_ms``).

        Raises:
            Refused: if there is no such login.
        """
        table = tables.login
        with writing(self._engine) as connection:
            values = {"password_hash": password_hash, "changed_ms": now_ms, "one_time": one_time}
            done = connection.execute(
                sa.update(table).where(table.c.folded == username.casefold()[:64]).values(**values)
            )
            if done.rowcount == 0:
                raise Refused(logins.NO_LOGIN(username=username[:64]))
            record(connection, actor=actor, what="password", ref=username, detail="", now_ms=now_ms, raises=False)

    def set_language(self, username: str, language: Language, now_ms: int) -> None:
        """Change the language and nothing else of a login; its sessions go on.

        Raises:
            Refused: if there is no such login.
        """
        table = tables.login
        with writing(self._engine) as connection:
            where = table.c.folded == username.casefold()[:64]
            if connection.execute(sa.update(table).where(where).values(language=language.value)).rowcount == 0:
                raise Refused(logins.NO_LOGIN(username=username[:64]))
            record(
                connection,
                actor=username,
                what="language",
                ref=username,
                detail=language.value,
                now_ms=now_ms,
                raises=False,
            )

    def enrol_gateway(self, node: NodeId, name: Text, community: int, actor: str, now_ms: int) -> Gateway:
        """Let a gateway in, or let a revoked one in again.

        Raises:
            Refused: if the community is unknown or the ids are not ours to give (``[A-Za-z0-9._-]``, at most 64).
        """
        if not (is_own_id(node.group) and is_own_id(node.node)):
            raise Refused(kinds.NOT_ENROLLABLE(node=node))
        table = tables.gateway
        where = (table.c.group_id == node.group, table.c.node_id == node.node)
        with writing(self._engine) as connection:
            place = tables.community
            code = connection.execute(sa.select(place.c.code).where(place.c.number == community)).scalar_one_or_none()
            if code is None:
                raise Refused(kinds.NO_COMMUNITY(number=community))
            before = _gateway_values(connection, node)
            row = connection.execute(sa.select(table).where(*where)).one_or_none()
            values = {"name_zh": name.zh, "name_en": name.en, "community": community, "revoked_ms": None}
            if row is None:
                number = next_numbers(connection, "gateways", 1)
                keys = {"number": number, "group_id": node.group, "node_id": node.node, "enrolled_ms": now_ms}
                connection.execute(sa.insert(table).values(**keys, **values))
                enrolled_ms = now_ms
            else:
                connection.execute(sa.update(table).where(*where).values(**values))
                number, enrolled_ms = row.number, row.enrolled_ms
            record(connection, actor=actor, what="enrol_gateway", ref=str(node), detail="", now_ms=now_ms)
            after = {"name_zh": name.zh, "name_en": name.en, "community": code, "revoked_ms": None}
            _remember_gateway(connection, node, before, after, actor, now_ms)
        return Gateway(number=number, node=node, name=name, community=community, enrolled_ms=enrolled_ms)

    def revoke_gateway(self, node: NodeId, actor: str, now_ms: int) -> None:
        """Shut a gateway out; revoking twice keeps the first time.

        Raises:
            Refused: if there is no such gateway.
        """
        table = tables.gateway
        where = (table.c.group_id == node.group, table.c.node_id == node.node)
        with writing(self._engine) as connection:
            before = _gateway_values(connection, node)
            first = sa.func.coalesce(table.c.revoked_ms, now_ms)
            if connection.execute(sa.update(table).where(*where).values(revoked_ms=first)).rowcount == 0:
                raise Refused(kinds.NO_GATEWAY(node=node))
            record(connection, actor=actor, what="revoke_gateway", ref=str(node), detail="", now_ms=now_ms)
            if before and before["revoked_ms"] is None:
                _remember_gateway(connection, node, before, {"revoked_ms": now_ms}, actor, now_ms)

    def _check_references(self, connection: sa.Connection, login: Login) -> None:
        if login.person is not None and not _exists(connection, tables.person.c.number, login.person):
            raise Refused(logins.NO_PERSON(number=login.person))
        for community in login.communities:
            if not _exists(connection, tables.community.c.number, community):
                raise Refused(kinds.NO_COMMUNITY(number=community))
        table = tables.department
        if login.department and login.active:
            known = sa.select(table.c.code).where(table.c.code == login.department, table.c.active)
            if connection.execute(known).one_or_none() is None:
                raise Refused(logins.NO_DEPARTMENT(code=login.department))


def _gateway_values(connection: sa.Connection, node: NodeId) -> RowValues:
    """What the history compares of a gateway; empty when there is none of that name."""
    table, community = tables.gateway, tables.community
    query = sa.select(table.c.name_zh, table.c.name_en, community.c.code.label("community"), table.c.revoked_ms)
    query = query.join(community, community.c.number == table.c.community)
    query = query.where(table.c.group_id == node.group, table.c.node_id == node.node)
    row = connection.execute(query).mappings().one_or_none()
    return {} if row is None else dict(row)


def _remember_gateway(
    connection: sa.Connection, node: NodeId, before: RowValues, after: RowValues, actor: str, now_ms: int
) -> None:
    kind = ChangeKind.CHANGE if before else ChangeKind.ADD
    changed = {name: value for name, value in after.items() if not before or before[name] != value}
    change = Change(kind=kind, collection="gateways", key=(node.group, node.node), before=before, after=changed)
    remember(connection, [change], actor, now_ms)


def _check(login: Login) -> None:
    if not _USERNAME.fullmatch(login.username) or len(login.username.casefold()) > 64:
        raise Refused(logins.USERNAME_FORM())
    if login.active and login.username.casefold() in _NOBODY:
        raise Refused(logins.USERNAME_TAKEN(username=login.username))
    if not login.password_hash.startswith("$argon2id$"):
        raise Refused(logins.NO_HASH())
    if (login.role is Role.DEPARTMENT) is not bool(login.department):
        raise Refused(logins.LOGIN_DEPARTMENT(username=login.username))


def _exists(connection: sa.Connection, column: sa.Column[int], number: int) -> bool:
    return connection.execute(sa.select(column).where(column == number)).one_or_none() is not None


def _administrators(connection: sa.Connection) -> int:
    table = tables.login
    condition = (table.c.role == Role.ADMINISTRATOR.value, table.c.active)
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*condition)).scalar_one())


def _store(connection: sa.Connection, login: Login, now_ms: int | None = None) -> None:
    folded = login.username.casefold()
    values = {
        "username": login.username,
        "password_hash": login.password_hash,
        "role": login.role.value,
        "language": login.language.value,
        "everywhere": login.everywhere,
        "person": login.person,
        "one_time": login.one_time,
        "active": login.active,
        "changed_ms": login.changed_ms if now_ms is None else now_ms,
        "department": login.department,
    }
    table, link = tables.login, tables.login_community
    if connection.execute(sa.update(table).where(table.c.folded == folded).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(folded=folded, **values))
    connection.execute(sa.delete(link).where(link.c.login == folded))
    if login.communities:
        links = [{"login": folded, "community": number} for number in sorted(login.communities)]
        connection.execute(sa.insert(link), links)
