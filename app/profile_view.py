"""A device profile for people and for programs: rows of a table, and plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from app.console import Speaker
from core.places import Text
from gateway.product import EVIDENCE, KINDS, QUIRKS
from gateway.profile import DataType, Meaning, Order, Profile, Register, Signature
from gateway.profile_file import OBJECTS
from gateway.quantities import called

_OBJECT_NAMES = {number: name for name, number in OBJECTS.items()}


def list_rows(profiles: Mapping[str, Profile], language: str) -> Iterator[list[str]]:
    """One row a profile: key, product, kind, number of registers, evidence."""
    for key, profile in sorted(profiles.items()):
        kind, evidence = KINDS[profile.kind], EVIDENCE[profile.evidence]
        count = str(len(profile.quantities))
        texts = (kind.in_language(language), count, evidence.in_language(language))
        yield [key, profile.product.in_language(language), *texts]


def head(profile: Profile, speaker: Speaker) -> Iterator[str]:
    """What stands above the table: product, source, limits, how it is known, what to mind."""
    language = speaker.language.value
    kind = KINDS[profile.kind].in_language(language)
    yield f"{profile.key}: {profile.product.in_language(language)} ({kind})"
    evidence = EVIDENCE[profile.evidence].in_language(language)
    yield speaker.say("profile.source", source=profile.source.in_language(language), evidence=evidence)
    limits = {"registers": profile.max_registers, "bridge": profile.bridge}
    yield speaker.say("profile.limits", **limits, timeout=profile.timeout_s, guard=profile.guard_s)
    factory = profile.factory
    known = (factory.unit, factory.baud, factory.parity, factory.stop_bits)
    if any(value is not None for value in known):
        unit, baud, parity, stop_bits = ("?" if value is None else value for value in known)
        parity = speaker.say(f"parity.{parity}") if factory.parity else parity
        yield speaker.say("profile.factory", unit=unit, baud=baud, parity=parity, stop_bits=stop_bits)
    for number, pattern in profile.identify.objects.items():
        yield speaker.say("profile.object", object=_OBJECT_NAMES.get(number, number), pattern=pattern)
    for signature in profile.identify.signatures:
        yield _signature(signature, speaker)
    for hole in profile.illegal:
        yield speaker.say("profile.illegal", function=hole.function, first=hole.start, last=hole.stop - 1)
    for quirk in profile.quirks:
        yield speaker.say("profile.quirk", quirk=QUIRKS[quirk].in_language(language))
    if profile.note:
        yield profile.note.in_language(language)


def _signature(signature: Signature, speaker: Speaker) -> str:
    register = signature.register
    expected = signature.matches or ", ".join(map(str, signature.equals)) or _range(register)
    return speaker.say(
        "profile.signature",
        function=register.function,
        address=register.written,
        type=register.type,
        expected=expected,
    )


def register_rows(profile: Profile, language: str) -> Iterator[list[str]]:
    """One row a register: key and name, address as the maker writes it, that on the wire, type, and so on."""
    for register in profile.quantities:
        name = called(register).in_language(language)
        yield [
            register.name if name == register.name.replace("_", " ") else f"{register.name}\n{name}",
            register.written,
            f"{register.function}:{register.address}",
            _type(register),
            _scale(register),
            "" if register.unit == "1" or register.type is DataType.STRING else register.unit,
            _range(register),
        ]


def _type(register: Register) -> str:
    parts = [register.type.value]
    if register.words > 1:
        parts.append(f"x{register.words}")
    if register.type is DataType.BITS or register.bit:
        parts.append(f"[{register.bit}+{register.bit_count}]")
    if register.order is not Order.ABCD and (register.width > 1 or register.order is not Order.CDAB):
        parts.append(register.order.value)
    return " ".join(parts)


def _scale(register: Register) -> str:
    parts = [f"x{register.scale:g}"] if register.scale != 1 else []
    parts += [f"/{register.divisor:g}"] if register.divisor != 1 else []
    if register.exponent_from:
        parts.append(f"{'x' if register.exponent_sign > 0 else '/'}10^{register.exponent_from}")
    parts += [f"{register.offset:+g}"] if register.offset else []
    return " ".join(parts)


def _range(register: Register) -> str:
    if math.isinf(register.low) and math.isinf(register.high):
        return ""
    low = "" if math.isinf(register.low) else f"{register.low:.12g}"
    high = "" if math.isinf(register.high) else f"{register.high:.12g}"
    return f"±{high}" if low == f"-{high}" else f"{low}…{high}"


def meanings(profile: Profile, speaker: Speaker) -> Iterator[str]:
    """What stands below the table: the texts of values and bits, what is no measurement, and notes."""
    language = speaker.language.value
    for register in profile.quantities:
        lines = [f"{raw} = {_text(meaning, speaker)}" for raw, meaning in register.states.items()]
        for bit, meaning in register.flags.items():
            name = f"{register.name}.{meaning.key}: " if meaning.key else ""
            lines.append(f"[{bit}] {name}{_text(meaning, speaker)}")
        for key, values in (("profile.absent", register.absent), ("profile.sensor-error", register.sensor_error)):
            if values:
                lines.append(f"{speaker.say(key)}: {', '.join(f'0x{raw:X}' for raw in values)}")
        lines += [register.note.in_language(language)] if register.note else []
        if lines:
            yield f"{register.name}  {called(register).in_language(language)}"
            yield from (f"    {line}" for line in lines)


def _text(meaning: Meaning, speaker: Speaker) -> str:
    text = meaning.text.in_language(speaker.language.value)
    if meaning.severity is None:
        return text
    return f"{text} ({speaker.say(f'severity.{meaning.severity.name.lower()}')})"


def summary_values(profile: Profile) -> dict[str, Any]:
    """A profile without its registers, for JSON."""
    return {
        "key": profile.key,
        "maker": _both(profile.maker),
        "model": _both(profile.model),
        "kind": profile.kind.value,
        "source": _both(profile.source),
        "evidence": profile.evidence.value,
        "verified": profile.evidence.verified,
        "registers": len(profile.quantities),
    }


def profile_values(profile: Profile) -> dict[str, Any]:
    """A profile, for JSON; what is unbounded or unknown is null."""
    factory = profile.factory
    return summary_values(profile) | {
        "base": profile.base,
        "max_registers": profile.max_registers,
        "max_bits": profile.max_bits or None,
        "bridge": profile.bridge,
        "illegal": [{"function": h.function, "from": h.start, "to": h.stop - 1} for h in profile.illegal],
        "timeout_s": profile.timeout_s,
        "guard_s": profile.guard_s,
        "turnaround_s": profile.turnaround_s or None,
        "quirks": [quirk.value for quirk in profile.quirks],
        "factory": {key: getattr(factory, key) for key in ("unit", "baud", "parity", "stop_bits")},
        "identify": {
            "objects": {_OBJECT_NAMES.get(n, str(n)): pattern for n, pattern in profile.identify.objects.items()},
            "registers": [
                register_values(s.register) | {"equals": list(s.equals), "matches": s.matches}
                for s in profile.identify.signatures
            ],
        },
        "note": _both(profile.note) if profile.note else None,
        "registers": [register_values(register) for register in profile.quantities],
    }


def register_values(register: Register) -> dict[str, Any]:
    """One register, for JSON."""
    return {
        "name": register.name,
        "label": _both(called(register)),
        "function": register.function,
        "written": register.written,
        "address": register.address,
        "type": register.type.value,
        "words": register.width,
        "order": register.order.value,
        "bit": register.bit,
        "bits": register.bit_count,
        "scale": register.scale,
        "divisor": register.divisor,
        "offset": register.offset,
        "exponent_from": register.exponent_from or None,
        "exponent_sign": register.exponent_sign,
        "unit": register.unit,
        "low": register.low if math.isfinite(register.low) else None,
        "high": register.high if math.isfinite(register.high) else None,
        "absent": list(register.absent),
        "sensor_error": list(register.sensor_error),
        "closed": register.closed,
        "states": {str(raw): _meaning_values(meaning) for raw, meaning in register.states.items()},
        "flags": {str(bit): _meaning_values(meaning) for bit, meaning in register.flags.items()},
        "note": _both(register.note) if register.note else None,
    }


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _meaning_values(meaning: Meaning) -> dict[str, Any]:
    severity = meaning.severity
    return {
        "key": meaning.key or None,
        "zh": meaning.text.zh,
        "en": meaning.text.en,
        "severity": severity.name.lower() if severity is not None else None,
    }
