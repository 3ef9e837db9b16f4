"""What a payload decoder is, and reading JSON that comes from strangers.

A decoder turns one message into *fields*: names with values that share a moment. A message may carry several moments
(history records, batches), so it becomes a sequence of ``Fields``. Most decoders remember nothing; those of formats
that announce before they speak (Sparkplug births, Home Assistant discovery) keep what was announced, say which further
topics they want to hear, and may ask for an announcement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from core.errors import Refused
from gateway.decoders.devicetime import DeviceTime

Value = float | str | bool
MAX_PAYLOAD = 64 * 1024
MAX_DEPTH = 32
MAX_LIST = 256
"""Most elements of a list that are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """What a message says of one moment.

    Attributes:
        values: field name to value.
        time_ms: the device's or network's own event time, UTC; 0 when the message carries none that can be trusted.
        unavailable: the device says that it is offline.
        bad: fields that are there and say that the sensor failed.
        offline: fields whose part of the device says that it is offline.
        stale: fields with a value that their sender itself marks as old or doubtful.
        history: recorded in the past and sent now; it does not replace the newest value.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    time_ms: int = 0
    unavailable: bool | None = None
    bad: frozenset[str] = frozenset()
    offline: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    history: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the configuration tells a decoder.

    Attributes:
        topic: what the source listens to; may hold wildcards.
        paths: the fields that are wanted.
        device: which device of a message that carries several; empty: the format's only or first one.
        time: where the device's own time stands; None: where the format says, or nowhere.
    """

    topic: str = ""
    paths: tuple[str, ...] = ()
    device: str = ""
    time: DeviceTime | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message a decoder asks to have sent: never a command to a device, only the wish to be told again."""

    topic: str
    payload: bytes


class Decoder:
    """Reads the messages of one source."""

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """What a message says; empty when it says nothing.

        Raises:
            Refused: when the payload is not of its shape.
        """
        raise NotImplementedError

    def topics(self) -> frozenset[str]:
        """Topic filters to listen to besides the configured ones; grows as things are announced."""
        return frozenset()

    def reconnected(self) -> None:
        """The connection was lost for a while: what was announced meanwhile was not heard."""

    def asks(self, now_s: float) -> Sequence[Outgoing]:
        """What is to be sent now; ``now_s`` is monotonic time."""
        return ()


class Stateless(Decoder):
    """A decoder that remembers nothing."""

    def __init__(self, read: Callable[[str, bytes], Fields | Sequence[Fields]]) -> None:
        """Read each message by ``read``."""
        self._read = read

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """What ``read`` makes of it.

        Raises:
            Refused: as ``read`` does.
        """
        found = self._read(topic, payload)
        return (found,) if isinstance(found, Fields) else found


def parse_json(payload: bytes) -> object:
    """Read a JSON payload, refusing what no device sends: huge, deep, not UTF-8, NaN, numbers of a thousand digits.

    Raises:
        Refused: saying what is wrong.
    """
    if len(payload) > MAX_PAYLOAD:
        raise Refused(f"the payload has {len(payload)} bytes, more than {MAX_PAYLOAD}")
    depth = deepest = 0
    for byte in payload:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    if deepest > MAX_DEPTH:
        raise Refused(f"the payload nests {deepest} levels deep")
    try:
        return json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Refused("the payload is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise Refused(f"the payload is no JSON: {error}") from None


def parse_object(payload: bytes, what: str) -> Mapping[str, object]:
    """Read a JSON payload that must be an object.

    Raises:
        Refused: if it is none; ``what`` names what was expected.
    """
    document = parse_json(payload)
    if not isinstance(document, dict):
        raise Refused(f"{what} is a JSON object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def scalar(value: object) -> Value | None:
    """A JSON value as a field's value; None for null, lists and objects."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e300 else None
    return None


def flatten(value: object, prefix: str = "", sign: str = ".") -> dict[str, Value]:
    """All scalars of nested objects and lists by their path (``ENERGY.Power``, ``Power.0``)."""
    found: dict[str, Value] = {}
    if isinstance(value, dict):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(str(index), item) for index, item in enumerate(value[:MAX_LIST])]
    else:
        single = scalar(value)
        return {prefix: single} if single is not None else {}
    for key, item in items:
        found |= flatten(item, f"{prefix}{sign}{key}" if prefix else key, sign)
    return found


def word(payload: bytes, online: str, offline: str) -> bool:
    """Whether an availability payload says ``online``.

    Raises:
        Refused: if it says neither.
    """
    text = payload.decode("utf-8", "replace").strip()
    if text not in (online, offline):
        raise Refused(f"the availability is {text[:40]!r}, neither {online} nor {offline}")
    return text == online
