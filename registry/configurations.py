"""Versions of the gateways' configurations in SQL: who wrote and pushed what when, and what became of it.

``core.ports.configurations`` for both sides: people (``api``, the command line) and the core process that carries them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from core.configuration import text_sha256
from core.errors import Refused
from core.ports.configurations import (
    OPEN,
    OUTCOMES,
    ConfigurationVersion,
    RunningConfiguration,
    VersionState,
)
from core.sparkplug.configuration import Answer, Push, Report, encode_push
from core.sparkplug.topics import NodeId
from registry import findings as kinds
from registry import tables
from registry.database import reading, record, writing

configuration = sa.Table(
    "registry_configuration",
    tables.metadata,
    sa.Column("gateway", sa.ForeignKey(tables.gateway.c.number), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("note", sa.String(1000), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.String(64), nullable=False),
    sa.Column("pushed_ms", sa.BigInteger, nullable=False),
    sa.Column("pushed_by", sa.String(64), nullable=False),
    sa.Column("answered_ms", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("findings", sa.Text, nullable=False),
)
running = sa.Table(
    "registry_configuration_running",
    tables.metadata,
    sa.Column("gateway", sa.ForeignKey(tables.gateway.c.number), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("text", sa.Text),
    sa.Column("reported_ms", sa.BigInteger, nullable=False),
)

Check = Callable[[str], None]
"""Raises ``Invalid`` for a text that may not be pushed."""
_LISTED = [column for column in configuration.c if column.name != "text"]


class SqlConfigurationDesk:
    """``core.ports.configurations.ConfigurationDesk``."""

    def __init__(self, engine: sa.Engine, check: Check) -> None:
        """Keep the engine; ``check`` knows what may be pushed."""
        self._engine = engine
        self._check = check

    def versions(self, gateway: int) -> Sequence[ConfigurationVersion]:
        """All versions of a gateway without their texts, newest first."""
        query = sa.select(*_LISTED).where(configuration.c.gateway == gateway)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(configuration.c.version.desc())).mappings()
            return [_version(row) for row in rows]

    def version(self, gateway: int, version: int) -> ConfigurationVersion | None:
        """One version with its text."""
        with reading(self._engine) as connection:
            return _one(connection, gateway, version)

    def running(self, gateway: int) -> RunningConfiguration | None:
        """What the gateway says that it runs."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(running).where(running.c.gateway == gateway)).mappings().one_or_none()
        if row is None:
            return None
        text = row["text"]
        return RunningConfiguration(
            version=int(row["version"]),
            sha256=str(row["sha256"]),
            state=str(row["state"]),
            text=str(text) if text is not None and text_sha256(str(text)) == row["sha256"] else None,
            reported_ms=int(row["reported_ms"]),
        )

    def draft(self, gateway: int, text: str, note: str, actor: str, now_ms: int) -> ConfigurationVersion:
        """Keep a new version; the same text as the newest draft is that draft.

        Raises:
            Invalid: with everything in it that may not be pushed.
            Refused: if there is no such gateway, it is shut out, or the text does not fit a message.
        """
        self._check(text)
        sha256 = text_sha256(text)
        encode_push(Push(version=1, issued_ms=now_ms, text=text, sha256=sha256))
        with writing(self._engine) as connection:
            _reachable(connection, gateway)
            newest = connection.execute(
                sa.select(sa.func.max(configuration.c.version)).where(configuration.c.gateway == gateway)
            ).scalar_one()
            last = _one(connection, gateway, int(newest)) if newest else None
            if last is not None and last.state is VersionState.DRAFT and last.text == text:
                return last
            fresh = ConfigurationVersion(
                gateway=gateway,
                version=int(newest or 0) + 1,
                text=text,
                sha256=sha256,
                note=note,
                state=VersionState.DRAFT,
                created_ms=now_ms,
                created_by=actor,
            )
            connection.execute(sa.insert(configuration).values(_row(fresh)))
            _audit(connection, fresh, actor, "configuration_draft", now_ms)
        return fresh

    def push(self, gateway: int, version: int, actor: str, now_ms: int) -> ConfigurationVersion:
        """Send a version on its way; what is on its way already stays so.

        Raises:
            Refused: if there is no such version, the gateway is shut out, or another version is on trial.
        """
        with writing(self._engine) as connection:
            _reachable(connection, gateway)
            wanted = _one(connection, gateway, version)
            if wanted is None:
                raise Refused(kinds.NO_VERSION(version=version))
            if wanted.state in OPEN:
                return wanted
            its = configuration.c.gateway == gateway
            on_trial = connection.execute(
                sa.select(configuration.c.version).where(its, configuration.c.state == VersionState.APPLIED.value)
            ).scalar()
            if on_trial is not None:
                raise Refused(kinds.ON_TRIAL(version=on_trial))
            overtaken = sa.update(configuration).where(its, configuration.c.state == VersionState.PUSHED.value)
            connection.execute(overtaken.values(state=VersionState.SUPERSEDED.value))
            latest = connection.execute(sa.select(sa.func.max(configuration.c.pushed_ms)).where(its)).scalar_one()
            values = {
                "state": VersionState.PUSHED.value,
                # A later push is a later one, also after the server's clock was set back.
                "pushed_ms": max(now_ms, int(latest or 0) + 1),
                "pushed_by": actor,
                "answered_ms": 0,
                "reason": "{}",
                "findings": "[]",
            }
            connection.execute(sa.update(configuration).where(its, configuration.c.version == version).values(values))
            _audit(connection, wanted, actor, "configuration_push", now_ms)
            done = _one(connection, gateway, version)
        return done or wanted


class SqlConfigurationBook:
    """``core.ports.configurations.ConfigurationBook``."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def outgoing(self) -> Mapping[NodeId, Push]:
        """The pushes to which an answer is still owed."""
        gateway = tables.gateway
        query = (
            sa.select(gateway.c.group_id, gateway.c.node_id, configuration)
            .join(gateway, gateway.c.number == configuration.c.gateway)
            .where(configuration.c.state.in_([state.value for state in OPEN]), gateway.c.revoked_ms.is_(None))
            .order_by(configuration.c.pushed_ms)
        )
        with reading(self._engine) as connection:
            return {
                NodeId(row["group_id"], row["node_id"]): Push(
                    version=row["version"], issued_ms=row["pushed_ms"], text=row["text"], sha256=row["sha256"]
                )
                for row in connection.execute(query).mappings()
            }

    def shown(self) -> Mapping[NodeId, str]:
        """By gateway, the hash of the running text that is kept; empty where none is."""
        gateway = tables.gateway
        query = sa.select(gateway.c.group_id, gateway.c.node_id, running.c.text).join(
            gateway, gateway.c.number == running.c.gateway
        )
        with reading(self._engine) as connection:
            return {
                NodeId(group, node): text_sha256(text) if text is not None else ""
                for group, node, text in connection.execute(query)
            }

    def report(self, node: NodeId, report: Report, now_ms: int) -> None:
        """A gateway has said how it stands; what it answers moves the version that it answers to."""
        with writing(self._engine) as connection:
            gateway = _number(connection, node)
            if gateway is None:
                return
            values = {"version": report.version, "sha256": report.sha256, "state": report.state, "reported_ms": now_ms}
            if not _update_running(connection, gateway, values):
                connection.execute(sa.insert(running).values(gateway=gateway, text=None, **values))
            if report.answer is not None:
                _settle(connection, gateway, report.answer, now_ms)

    def show(self, node: NodeId, shown: Push, now_ms: int) -> None:
        """A gateway has shown what it runs."""
        with writing(self._engine) as connection:
            gateway = _number(connection, node)
            if gateway is not None:
                values = {"version": shown.version, "sha256": shown.sha256, "text": shown.text, "reported_ms": now_ms}
                if not _update_running(connection, gateway, values):
                    connection.execute(sa.insert(running).values(gateway=gateway, state="running", **values))


def _settle(connection: sa.Connection, gateway: int, answer: Answer, now_ms: int) -> None:
    """Only the push that it speaks of is moved: an answer to an earlier one comes too late."""
    values = {
        "state": OUTCOMES[answer.outcome].value,
        "answered_ms": now_ms,
        "reason": json.dumps(dict(answer.reason), ensure_ascii=False),
        "findings": json.dumps([dict(one) for one in answer.findings], ensure_ascii=False),
    }
    where = (
        configuration.c.gateway == gateway,
        configuration.c.version == answer.version,
        configuration.c.pushed_ms == answer.issued_ms,
        configuration.c.state.in_([state.value for state in OPEN]),
    )
    connection.execute(sa.update(configuration).where(*where).values(values))


def _update_running(connection: sa.Connection, gateway: int, values: Mapping[str, object]) -> bool:
    done = connection.execute(sa.update(running).where(running.c.gateway == gateway).values(values))
    return done.rowcount > 0


def _number(connection: sa.Connection, node: NodeId) -> int | None:
    gateway = tables.gateway
    query = sa.select(gateway.c.number).where(gateway.c.group_id == node.group, gateway.c.node_id == node.node)
    return connection.execute(query).scalar_one_or_none()


def _reachable(connection: sa.Connection, gateway: int) -> None:
    table = tables.gateway
    row = connection.execute(sa.select(table.c.revoked_ms).where(table.c.number == gateway)).one_or_none()
    if row is None:
        raise Refused(kinds.NO_GATEWAY(node=gateway))
    if row.revoked_ms is not None:
        raise Refused(kinds.GATEWAY_REVOKED(node=gateway))


def _one(connection: sa.Connection, gateway: int, version: int) -> ConfigurationVersion | None:
    query = sa.select(configuration).where(configuration.c.gateway == gateway, configuration.c.version == version)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _version(row)


def _audit(connection: sa.Connection, version: ConfigurationVersion, actor: str, what: str, now_ms: int) -> None:
    detail = json.dumps({"version": version.version, "sha256": version.sha256})
    record(connection, actor=actor, what=what, ref=str(version.gateway), detail=detail, now_ms=now_ms, raises=False)


def _row(version: ConfigurationVersion) -> Mapping[str, object]:
    return {
        "gateway": version.gateway,
        "version": version.version,
        "text": version.text,
        "sha256": version.sha256,
        "note": version.note,
        "state": version.state.value,
        "created_ms": version.created_ms,
        "created_by": version.created_by,
        "pushed_ms": version.pushed_ms,
        "pushed_by": version.pushed_by,
        "answered_ms": version.answered_ms,
        "reason": json.dumps(dict(version.reason), ensure_ascii=False),
        "findings": json.dumps([dict(one) for one in version.findings], ensure_ascii=False),
    }


def _version(row: sa.RowMapping) -> ConfigurationVersion:
    return ConfigurationVersion(
        gateway=int(row["gateway"]),
        version=int(row["version"]),
        text=str(row.get("text", "")),
        sha256=str(row["sha256"]),
        note=str(row["note"]),
        state=VersionState(row["state"]),
        created_ms=int(row["created_ms"]),
        created_by=str(row["created_by"]),
        pushed_ms=int(row["pushed_ms"]),
        pushed_by=str(row["pushed_by"]),
        answered_ms=int(row["answered_ms"]),
        reason=json.loads(str(row["reason"])),
        findings=tuple(json.loads(str(row["findings"]))),
    )
