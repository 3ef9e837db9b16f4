"""Sparkplug topics as frozen values that cannot exist invalid.

Source: Sparkplug 3.0.0 chapter 4 (``spBv1.0/group/message_type/edge_node[/device]``, ``spBv1.0/STATE/host``).
Twingrid's own ids are narrower than the specification allows (``[A-Za-z0-9._-]``), so that they are safe in every
broker, file name and query; foreign ids may hold anything but ``+``, ``#`` and ``/``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from core.errors import Refused

NAMESPACE = "spBv1.0"
_OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class MessageType(StrEnum):
    """The eight message types of an edge node."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    NDATA = "NDATA"
    DDATA = "DDATA"
    NCMD = "NCMD"
    DCMD = "DCMD"


_DEVICE_TYPES = frozenset({MessageType.DBIRTH, MessageType.DDEATH, MessageType.DDATA, MessageType.DCMD})


def is_own_id(text: str) -> bool:
    """Whether ``text`` may serve as an id that Twingrid gives out."""
    return _OWN_ID.fullmatch(text) is not None


def is_sparkplug_id(text: str) -> bool:
    """Whether ``text`` is a valid Sparkplug id (``tck-id-topic-structure-namespace-valid-*``)."""
    return bool(text) and not any(sign in text for sign in "+#/\0")


@dataclass(frozen=True, slots=True)
class NodeId:
    """An edge node: the partition (Sparkplug group) it was enrolled in, and its own id."""

    group: str
    node: str

    def __post_init__(self) -> None:
        """Refuse ids that no topic can carry.

        Raises:
            Refused: naming the id.
        """
        for text in (self.group, self.node):
            if not is_sparkplug_id(text):
                raise Refused(f"{text!r} is no Sparkplug id: it must be non-empty and without + # / and NUL")

    def __str__(self) -> str:
        """``group/node``."""
        return f"{self.group}/{self.node}"


@dataclass(frozen=True, slots=True)
class Topic:
    """One parsed Sparkplug topic of an edge node."""

    kind: MessageType
    node: NodeId
    device: str = ""

    def __post_init__(self) -> None:
        """A device belongs to the D-messages and to nothing else.

        Raises:
            Refused: if device and message type do not fit.
        """
        if bool(self.device) != (self.kind in _DEVICE_TYPES):
            raise Refused(f"{self.kind} {'needs a' if not self.device else 'takes no'} device id")
        if self.device and not is_sparkplug_id(self.device):
            raise Refused(f"{self.device!r} is no Sparkplug device id")

    def __str__(self) -> str:
        """The topic as it goes over the wire."""
        tail = f"/{self.device}" if self.device else ""
        return f"{NAMESPACE}/{self.node.group}/{self.kind}/{self.node.node}{tail}"


def parse(topic: str) -> Topic:
    """Parse the topic of an edge node's message.

    Raises:
        Refused: if it is none (STATE topics have a parser of their own).
    """
    parts = topic.split("/")
    if len(parts) not in (4, 5) or parts[0] != NAMESPACE:
        raise Refused(f"{topic!r} is no Sparkplug B topic")
    try:
        kind = MessageType(parts[2])
    except ValueError:
        raise Refused(f"{topic!r} has the unknown message type {parts[2]!r}") from None
    return Topic(kind, NodeId(parts[1], parts[3]), parts[4] if len(parts) == 5 else "")


def state(host: str) -> str:
    """The STATE topic of a host application.

    Raises:
        Refused: if ``host`` is no Sparkplug id.
    """
    if not is_sparkplug_id(host):
        raise Refused(f"{host!r} is no Sparkplug host id")
    return f"{NAMESPACE}/STATE/{host}"
