"""What a payload decoder is, and reading JSON that comes from strangers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from core.errors import Refused

Value = float | str | bool
MAX_PAYLOAD = 64 * 1024
MAX_DEPTH = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """What one message says.

    Attributes:
        values: field name to value.
        time_ms: the device's or network's own event time, UTC; 0 when the message carries none that can be trusted.
        unavailable: the device says that it is offline.
        bad: fields that are there and say that the sensor failed.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    time_ms: int = 0
    unavailable: bool | None = None
    bad: frozenset[str] = frozenset()


Decoder = Callable[[str, bytes], Fields]
"""Called with topic and payload. Raises ``Refused`` when the payload is not of its shape."""


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
        items = [(str(index), item) for index, item in enumerate(value[:256])]
    else:
        single = scalar(value)
        return {prefix: single} if single is not None else {}
    for key, item in items:
        found |= flatten(item, f"{prefix}{sign}{key}" if prefix else key, sign)
    return found
