"""Who may speak with the broker, and what each may say.

Every gateway has an account of its own whose name is its edge node's id, and may write and read its own topics only
(Sparkplug 3.0.0 chapter 7 gives the same shape); the host reads all and commands; devices that speak MQTT have an
account that publishes their topics. What is shown to Home Assistant is written by an account that may do nothing else,
and read by one that sees nothing else. Passwords are made once and kept in a file with mode 0600.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app import findings as kinds
from core.errors import Refused
from core.sparkplug.topics import NodeId, is_own_id
from dispatch.home_assistant.discovery import BINARY, DISCOVERY, SENSOR, STATES

HOST_USER = "twingrid-host"
DEVICES_USER = "twingrid-devices"
OUTWARD_USER = "twingrid-outward"
HOME_ASSISTANT_USER = "twingrid-home-assistant"
NAMESPACE = "spBv1.0"
_FROM_EDGE = ("NBIRTH", "NDATA", "NDEATH")
_FROM_DEVICE = ("DBIRTH", "DDATA", "DDEATH")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A user of the broker.

    Attributes:
        user: MQTT user name.
        publish, subscribe: MQTT topic filters it may use; everything else is refused.
    """

    user: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def host_account() -> Account:
    """Ingest: reads everything of Sparkplug, sends commands and its own state."""
    return Account(
        user=HOST_USER,
        publish=(f"{NAMESPACE}/+/NCMD/+", f"{NAMESPACE}/+/DCMD/+/+", f"{NAMESPACE}/STATE/+"),
        subscribe=(f"{NAMESPACE}/#",),
    )


def gateway_user(node: NodeId) -> str:
    """The user name of a gateway: unique, because it names the partition too."""
    return f"{node.group}.{node.node}"


def gateway_account(node: NodeId, device_topics: Sequence[str] = ()) -> Account:
    """A gateway: its own topics, the commands for it, the host's state, and the topics of its MQTT devices.

    Raises:
        Refused: if an id would be something else than itself in a topic filter.
    """
    if not (is_own_id(node.group) and is_own_id(node.node)):
        raise Refused(kinds.NO_ACCOUNT(node=node))
    stem = f"{NAMESPACE}/{node.group}"
    return Account(
        user=gateway_user(node),
        publish=(
            *(f"{stem}/{kind}/{node.node}" for kind in _FROM_EDGE),
            *(f"{stem}/{kind}/{node.node}/+" for kind in _FROM_DEVICE),
        ),
        subscribe=(f"{stem}/NCMD/{node.node}", f"{stem}/DCMD/{node.node}/+", f"{NAMESPACE}/STATE/+", *device_topics),
    )


def devices_account(topics: Iterable[str]) -> Account:
    """Devices that publish by themselves."""
    return Account(user=DEVICES_USER, publish=tuple(topics), subscribe=())


def outward_account() -> Account:
    """What shows points to Home Assistant: writes configurations and values, reads nothing."""
    configurations = (f"{DISCOVERY}/{component}/+/+/config" for component in (SENSOR, BINARY))
    return Account(
        user=OUTWARD_USER,
        publish=(*configurations, f"{STATES}/+/availability", f"{STATES}/+/+/+"),
        subscribe=(),
    )


def home_assistant_account() -> Account:
    """Home Assistant itself: reads what is shown, says that it is there, and sees no gateway."""
    return Account(
        user=HOME_ASSISTANT_USER,
        publish=(f"{DISCOVERY}/status",),
        subscribe=(f"{DISCOVERY}/#", f"{STATES}/#"),
    )


def passwords(file: Path, users: Iterable[str]) -> Mapping[str, str]:
    """The password of each user; missing ones are made and kept (mode 0600, written whole or not at all).

    Raises:
        Refused: if the file is not what was written here.
    """
    try:
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except ValueError:
        raise Refused(kinds.SECRETS_DAMAGED(file=file)) from None
    missing = [user for user in users if user not in known]
    if missing:
        known |= {user: secrets.token_urlsafe(24) for user in missing}
        write_secret(file, json.dumps(known, indent=1))
    return dict(known)


def write_secret(file: Path, text: str) -> None:
    """Write a file that only its owner may read; a reader sees the old or the new content, never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
