"""The diagnostics bundle: what somebody far away needs to help, and nothing that is secret or names a person.

Every part is built from fields that are named here; whatever a later version adds stays out until somebody has looked
at it. Log lines keep their constant text and the fields of a list. The result passes ``app.redaction`` as well.
"""

from __future__ import annotations

import json
import platform
import re
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from app.commands.version import twingrid_version
from app.core_status import read_status
from app.database import all_metadata, open_database
from app.doctor import examine
from app.exchange import partner_secrets
from app.notification import channel_secrets
from app.redaction import Redaction, secrets_in
from app.settings import Settings
from core.errors import TwingridError
from gateway.device_part import device_part

LOG_LINES = 1_000
_PACKAGES = ("numpy", "duckdb", "pyarrow", "sqlalchemy", "fastapi", "paho-mqtt", "pyserial", "protobuf", "uvloop")
_SETTING_TEXTS = frozenset({"language", "time_zone", "log.level", "broker.kind", "store.engine", "ingest.host_id"})
_STATUS_TEXTS = frozenset({"link", "mode", "answering", "spool_replaced"})
_STATUS_NAMES = frozenset({"id", "name"})
_OWN_TABLES = ("spool", "uplink", "rollout", "self")
_OWN_TEXTS = frozenset({"group", "node", "mode", "facility"})
_LINE = re.compile(
    r"(?P<head>\d{4}-\d\d-\d\dT\S+Z [A-Z]+ [\w.]+ [^=\"]*?)(?P<fields>(?: [\w.-]+=(?:\"(?:\\.|[^\"])*\"|\S*))*)$"
)
_FIELD = re.compile(r" ([\w.-]+)=(\"(?:\\.|[^\"])*\"|\S*)")
_FRAME = re.compile(r"  File \"[^\"]*?([\w-]+\.py)\", line (\d+), in (\S+)")
_RAISED = re.compile(r"(?:\w+\.)*(\w*(?:Error|Exception|Warning|Interrupt|Unavailable|Refused|Invalid))\b")
_FIELDS = frozenset(
    {
        *("adapter", "address", "bus", "cause", "changes", "child", "chore", "code", "connected", "count", "device"),
        *("dropped", "error", "finding", "from", "gap", "invalid", "limit", "link", "missing", "next_offset", "node"),
        *("operation", "outcome", "part", "parts", "path", "percent", "pid", "point", "points", "problem", "readings"),
        *("reason", "rule", "state", "status", "time_ms", "to", "topic", "unit", "version", "why", "written"),
    }
)  # fmt: skip
"""Fields of log lines that may be shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """What was written.

    Attributes:
        file: where.
        parts: names in it.
        missing: parts that could not be had, with the reason.
        taken: how many secrets and names were taken out by the last pass; the fields left out are not counted.
    """

    file: Path
    parts: tuple[str, ...]
    missing: Mapping[str, str]
    taken: int


def write_bundle(file: Path, settings: Settings | None, gateways: Sequence[Path], logs: Sequence[Path]) -> Bundle:
    """Collect everything and write the archive.

    Args:
        file: the archive, replaced if it is there.
        settings: of the installation; None on a machine that is only a gateway.
        gateways: the gateways' own files.
        logs: log files beside those of the installation.

    Raises:
        OSError: if the archive cannot be written.
    """
    redaction = Redaction()
    makers = dict(_makers(settings, gateways, logs, redaction))
    parts: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name, make in makers.items():
        try:
            parts[name] = make()
        except (TwingridError, OSError, ValueError, sa.exc.SQLAlchemyError) as error:
            missing[name] = type(error).__name__
    cleaned = {name: redaction.clean(text) for name, text in parts.items()}
    manifest = {"parts": sorted(cleaned), "missing": missing, "taken_out": redaction.taken}
    draft = file.with_name(f".{file.name}.part")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", _json(manifest))
        for name, text in cleaned.items():
            archive.writestr(name, text)
    draft.replace(file)
    return Bundle(file=file, parts=tuple(sorted(cleaned)), missing=missing, taken=redaction.taken)


def _makers(
    settings: Settings | None, gateways: Sequence[Path], logs: Sequence[Path], redaction: Redaction
) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "versions.json", _versions
    if settings is not None:
        redaction.know_secrets(_server_secrets(settings))
        yield "settings.json", lambda: _json(_numbers_and(settings.model_dump(mode="python"), _SETTING_TEXTS))
        yield "doctor.json", lambda: _doctor(settings)
        yield "core.json", lambda: _core(settings)
        yield "database.json", lambda: _database(settings, redaction)
        logs = [*logs, *sorted(settings.log_dir.glob("*.log"))]
    for own in gateways:
        redaction.know_secrets(_gateway_secrets(own))
        stem = f"gateways/{own.stem}"
        yield f"{stem}.yaml", lambda own=own: device_part(own.read_text(encoding="utf-8"))  # type: ignore[misc]
        yield f"{stem}.json", lambda own=own: _gateway(own)  # type: ignore[misc]
    for log in logs:
        yield f"logs/{log.name}", lambda log=log: _log(log)  # type: ignore[misc]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


# --- the parts --------------------------------------------------------------------------------------------------


def _versions() -> str:
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    machine = {"python": platform.python_version(), "system": platform.system(), "release": platform.release()}
    return _json({"twingrid": twingrid_version(), **machine, "machine": platform.machine(), "packages": packages})


def _numbers_and(values: Mapping[str, Any], texts: frozenset[str], stem: str = "") -> dict[str, Any]:
    """Numbers and flags, and those texts whose dotted name is known."""
    kept: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{stem}{key}"
        if isinstance(value, Mapping):
            kept |= _numbers_and(value, texts, f"{name}.")
        elif isinstance(value, bool | int | float) or value is None or (isinstance(value, str) and name in texts):
            kept[name] = value
    return kept


def _doctor(settings: Settings) -> str:
    seen = [{"what": one.what, "verdict": one.verdict.value, "say": one.say.en} for one in examine(settings)]
    return _json(seen)


def _core(settings: Settings) -> str:
    status = read_status(settings.core_status_file)
    names = ("at_ms", "broker", "waiting_bytes", "waiting_readings", "journal_waits")
    return _json({**{name: getattr(status, name) for name in names}, "counts": dict(status.counts)})


def _database(settings: Settings, redaction: Redaction) -> str:
    engine = open_database(settings.database_url, durable=settings.database.durable)
    try:
        with engine.connect() as connection:
            redaction.know_people(_people(connection))
            present = set(sa.inspect(connection).get_table_names())
            revision = None
            if "alembic_version" in present:
                revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            tables = [table for meta in all_metadata() for table in meta.tables.values() if table.name in present]
            rows = {
                table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in tables
            }
    finally:
        engine.dispose()
    return _json({"dialect": engine.dialect.name, "schema": revision, "rows": rows})


def _people(connection: sa.Connection) -> Iterator[str]:
    """Everybody's names and logins, so that they can be taken out wherever they stand."""
    import registry.tables as tables

    for column in (tables.person.c.name_zh, tables.person.c.name_en, tables.login.c.username):
        yield from (str(name) for name in connection.execute(sa.select(column)).scalars())


def _gateway(own: Path) -> str:
    """Who it is, its limits, and how it says it is."""
    said = yaml.safe_load(own.read_text(encoding="utf-8"))
    top = said if isinstance(said, dict) else {}
    kept: dict[str, Any] = {name: top[name] for name in ("group", "node") if isinstance(top.get(name), str)}
    for name in _OWN_TABLES:
        if isinstance(top.get(name), dict):
            kept[name] = _numbers_and(top[name], _OWN_TEXTS)
    status = top.get("status_file")
    if isinstance(status, str):
        kept["status"] = _status(own.parent / Path(status).expanduser())
    return _json(kept)


def _status(file: Path) -> object:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return _status_of(said)


def _status_of(said: object) -> object:
    if isinstance(said, list):
        return [_status_of(item) for item in said]
    if not isinstance(said, dict):
        return None
    kept = _numbers_and(said, _STATUS_TEXTS | _STATUS_NAMES)
    return {**kept, **{name: _status_of(said[name]) for name in ("buses", "units") if isinstance(said.get(name), list)}}


def _log(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as stream:
        lines = deque(stream, maxlen=LOG_LINES)
    return "".join(f"{shown}\n" for line in lines if (shown := log_line(line.rstrip("\n"))))


def log_line(line: str) -> str:
    """What may be shown of a log line: constant text and known fields; of a trace, the places and kinds of errors."""
    ours = _LINE.match(line)
    if ours is not None:
        fields = (f" {name}={value}" for name, value in _FIELD.findall(ours["fields"]) if name in _FIELDS)
        return ours["head"].rstrip() + "".join(fields)
    frame = _FRAME.match(line)
    if frame is not None:
        return f"  {frame[1]}:{frame[2]} {frame[3]}"
    raised = _RAISED.match(line)
    return f"  {raised[1]}" if raised is not None else ""


# --- what is known to be secret ---------------------------------------------------------------------------------


def _server_secrets(settings: Settings) -> Iterator[str]:
    files = [*settings.secrets_dir.glob("*"), settings.broker.password_file, settings.api.metrics_token_file]
    for file in files:
        if file is not None and file.is_file():
            yield from secrets_in(file)
    yield settings.broker.username
    yield from channel_secrets(settings)
    yield from partner_secrets(settings)
    for url in (settings.database.url, settings.store.url):
        for pair in re.findall(r"://([^/\s@:]*):([^/\s@]*)@", url):
            yield from pair


def _gateway_secrets(own: Path) -> Iterator[str]:
    try:
        said = yaml.safe_load(own.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    waiting: list[object] = [said]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            yield from (str(value[name]) for name in ("password", "user") if isinstance(value.get(name), str))
            if isinstance(value.get("password_file"), str):
                yield from secrets_in(own.parent / Path(value["password_file"]).expanduser())
