"""A profile of this site as a file: for units that differ from the product's shipped profile, or have none.

Addresses are written from 0. What ``profile_file`` reads from the text are the same registers.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import yaml

from core.places import Text
from gateway.profile import WORDS, DataType, Encoding, Meaning, Order, Profile, Register
from gateway.profile_rows import SEVERITIES

_CUT = (DataType.BITS, DataType.ENUM)


def text(profile: Profile) -> str:
    """The profile as YAML."""
    content: dict[str, Any] = {
        "maker": _spoken(profile.maker),
        "model": _spoken(profile.model),
        "source": _spoken(profile.source),
        "evidence": profile.evidence.value,
        "kind": profile.kind.value,
        "max_registers": profile.max_registers,
        "timeout_s": profile.timeout_s,
    }
    content |= {"max_bits": profile.max_bits} if profile.max_bits else {}
    content |= {"bridge": profile.bridge} if profile.bridge else {}
    content |= {"guard_s": profile.guard_s} if profile.guard_s else {}
    content |= {"turnaround_s": profile.turnaround_s} if profile.turnaround_s else {}
    content |= {"note": _spoken(profile.note)} if profile.note else {}
    if profile.illegal:
        content["illegal"] = [
            {"function": hole.function, "from": hole.start, "to": hole.stop - 1} for hole in profile.illegal
        ]
    content["registers"] = {one.name: _row(one) for one in profile.quantities}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


def key(profile: Profile, content: str) -> str:
    """A name that is the same for the same content: ``site-eastron-sdm630-1f0a3c``."""
    digest = hashlib.sha256(content.encode()).hexdigest()[:6]
    return f"site-{profile.key or 'unknown'}-{digest}"


def _row(one: Register) -> dict[str, Any]:
    row: dict[str, Any] = {"address": one.address, "function": one.function, "type": one.type.value}
    optional = {
        "order": one.order.value if one.order is not Order.ABCD else None,
        "words": one.width if one.type in WORDS else None,
        "bit": one.bit if one.type in _CUT else None,
        "bits": one.bit_count or None if one.type in _CUT else None,
        "scale": one.scale if one.scale != 1 else None,
        "divisor": one.divisor if one.divisor != 1 else None,
        "offset": one.offset if one.offset != 0 else None,
        "decimals_from" if one.exponent_sign < 0 else "exponent_from": one.exponent_from or None,
        "unit": one.unit if one.type is not DataType.STRING else None,
        "absent": list(one.absent) or None,
        "sensor_error": list(one.sensor_error) or None,
        "low": one.low if math.isfinite(one.low) else None,
        "high": one.high if math.isfinite(one.high) else None,
        "states": _meanings(one.states),
        "closed": one.closed or None,
        "flags": _meanings(one.flags),
        "encoding": one.encoding.value if one.encoding is not Encoding.ASCII else None,
        "label": _spoken(one.label) if one.label else None,
        "note": _spoken(one.note) if one.note else None,
    }
    return row | {name: value for name, value in optional.items() if value is not None}


def _spoken(text: Text) -> str | dict[str, str]:
    return text.zh if text.zh == text.en else {"zh": text.zh, "en": text.en}


def _meanings(meanings: Mapping[int, Meaning]) -> dict[int, dict[str, str]] | None:
    return {raw: _meaning(one) for raw, one in meanings.items()} or None


def _meaning(one: Meaning) -> dict[str, str]:
    entry = {"zh": one.text.zh, "en": one.text.en}
    entry |= {"key": one.key} if one.key else {}
    names = {severity: name for name, severity in SEVERITIES.items()}
    return entry | ({"severity": names[one.severity]} if one.severity is not None else {})
