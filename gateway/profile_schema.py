"""The profile format as a JSON Schema, so that an editor completes and marks while one types.

Made from the same closed lists as the loader (``gateway.profile_file``), which knows more: whether two keys agree with
each other, whether a register fits one read. ``gateway/profile.schema.json`` is what this makes; a test compares them.
"""

from __future__ import annotations

import json
from typing import Any, Final

from core.units import UNITS
from gateway.product import Evidence, Kind, Quirk
from gateway.profile import MAX_BITS, MAX_REGISTERS, DataType, Encoding, Order
from gateway.profile_file import BASES, OBJECTS, PARITIES
from gateway.profile_rows import SEVERITIES

_Json = dict[str, Any]
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_WHOLE: Final = "^(0[xX][0-9a-fA-F]+|[0-9]+)$"


def schema() -> _Json:
    """The schema of one profile file."""
    top = _closed(
        {
            "base": {
                "enum": [0, 1, *BASES],
                "description": "what the maker's first address is: 0 as on the wire, 1, or plc for 40001 and 30001",
            },
            "maker": _spoken("as on the label"),
            "model": _spoken("as on the label"),
            "source": _spoken("document or project in which the map was read"),
            "evidence": _choice([*Evidence], "how good the source is"),
            "kind": _choice([*Kind], "what the product is for"),
            "function": _whole(1, 4, "function code of registers that do not say their own"),
            "order": _choice([*Order], "order of the bytes of a value; D is the least significant"),
            "max_registers": _whole(1, MAX_REGISTERS, "most registers in one answer"),
            "max_bits": _whole(1, MAX_BITS, "most coils or inputs in one answer"),
            "bridge": _whole(0, MAX_REGISTERS, "most unwanted addresses a read may run across"),
            "illegal": {"type": "array", "items": {"$ref": "#/$defs/hole"}, "description": "addresses always refused"},
            "timeout_s": _number(0.01, 60, "longest time to an answer"),
            "guard_s": _number(0, 10, "silence to keep before the next request"),
            "turnaround_s": _number(0, 10, "usual time from a request to its answer"),
            "quirks": _one_or_more(_choice([*Quirk], ""), "in what the product differs from the standard"),
            "identify": {"$ref": "#/$defs/identify"},
            "factory": {"$ref": "#/$defs/factory"},
            "note": _spoken("what a technician should know"),
            "registers": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/register"},
            },
        },
        required=["maker", "model", "source", "registers"],
    )
    return {
        "$schema": _DRAFT,
        "title": "Twingrid device profile",
        "description": "What a product's registers mean (docs/profiles.md)",
        **top,
        **_if_base(
            "plc",
            _addresses({"if": {"type": "integer"}, "then": {"minimum": 1}}),
            _if_base(1, _whole_addresses(1), _whole_addresses(0)),
        ),
        "$defs": {
            "register": _closed(_register(), required=["address"]) | _string_needs_words(),
            "signature": _closed(_register() | _signature(), required=["address"]) | _string_needs_words(),
            "meanings": {
                "type": "object",
                "propertyNames": {"pattern": _WHOLE},
                "additionalProperties": {"anyOf": [{"type": "string"}, _closed(_meaning(), required=["zh", "en"])]},
            },
            "text": {
                "anyOf": [
                    {"type": "string"},
                    _closed({"zh": {"type": "string"}, "en": {"type": "string"}}, required=["zh", "en"]),
                ]
            },
            "hole": _closed(
                {"function": _whole(1, 4, ""), "from": _address(), "to": _address()}, required=["from", "to"]
            ),
            "identify": _closed(
                {
                    "objects": _closed({name: {"type": "string"} for name in OBJECTS}),
                    "registers": {"type": "array", "items": {"$ref": "#/$defs/signature"}},
                }
            ),
            "factory": _closed(
                {
                    "unit": _whole(1, 247, ""),
                    "baud": _whole(300, 921600, ""),
                    "parity": _choice([*PARITIES], ""),
                    "stop_bits": _whole(1, 2, ""),
                }
            ),
        },
    }


def _register() -> _Json:
    return {
        "function": _whole(1, 4, "function code: 1 coils, 2 inputs, 3 holding registers, 4 input registers"),
        "address": _address(),
        "type": _choice([*DataType], "how its words are read"),
        "order": _choice([*Order], "order of the bytes of its value"),
        "words": _whole(1, MAX_REGISTERS, "registers it takes: string, bcd, bits, enum"),
        "bit": _whole(0, 63, "first bit, 0 is the least significant: bits, enum"),
        "bits": _whole(1, 32, "number of bits: bits, enum"),
        "scale": {"type": "number", "description": "value = raw * scale / divisor * 10^exponent + offset"},
        "divisor": {"type": "number", "description": "value = raw * scale / divisor * 10^exponent + offset"},
        "offset": {"type": "number", "description": "added last, in the unit"},
        "decimals_from": {"type": "string", "description": "register that holds the number of decimal places"},
        "exponent_from": {"type": "string", "description": "register that holds a power of ten"},
        "unit": _choice([*UNITS], "UCUM code"),
        "absent": _one_or_more({"type": "integer"}, "raw words, unsigned, that mean: not implemented"),
        "sensor_error": _one_or_more({"type": "integer"}, "raw words, unsigned, that mean: the sensor failed"),
        "low": {"type": "number", "description": "lowest value the product can measure"},
        "high": {"type": "number", "description": "highest value the product can measure"},
        "states": {"$ref": "#/$defs/meanings", "description": "raw value to text: enum, bool"},
        "closed": {"type": "boolean", "description": "a value without a text is bad: enum"},
        "flags": {"$ref": "#/$defs/meanings", "description": "bit to text: u16, u32, u64"},
        "encoding": _choice([*Encoding], "of a string"),
        "label": _spoken("what people call it, where its name does not say so already"),
        "note": _spoken("what a technician should know"),
    }


def _signature() -> _Json:
    return {
        "equals": _one_or_more({"type": "integer"}, "values it may have"),
        "matches": {"type": "string", "description": "regular expression for the whole of a string"},
    }


def _meaning() -> _Json:
    return {
        "key": {"type": "string", "pattern": "^([a-z][a-z0-9_]*)?$", "description": "for programs"},
        "zh": {"type": "string"},
        "en": {"type": "string"},
        "severity": _choice([*SEVERITIES], "how bad it is; leave it out where it is no fault"),
    }


def _spoken(description: str) -> _Json:
    """A text for people: in both languages, or one that is shown as it is."""
    return {"$ref": "#/$defs/text", "description": description}


def _address() -> _Json:
    return {"type": ["integer", "string"], "description": "as the maker writes it; 0x for hexadecimal"}


def _if_base(base: str | int, then: _Json, otherwise: _Json) -> _Json:
    """What holds where the file counts addresses so, and what elsewhere."""
    return {"if": {"properties": {"base": {"const": base}}, "required": ["base"]}, "then": then, "else": otherwise}


def _whole_addresses(base: int) -> _Json:
    """65,536 addresses from the first on; only PLC numbers may be texts, because of their leading zeros."""
    return _addresses({"type": "integer", "minimum": base, "maximum": base + 65535})


def _addresses(form: _Json) -> _Json:
    """What every address of the file must be."""
    numeric: _Json = {"properties": dict.fromkeys(("address", "from", "to"), form)}
    return {
        "properties": {
            "registers": {"additionalProperties": numeric},
            "illegal": {"items": numeric},
            "identify": {"properties": {"registers": {"items": numeric}}},
        }
    }


def _string_needs_words() -> _Json:
    return {
        "if": {"properties": {"type": {"const": str(DataType.STRING)}}, "required": ["type"]},
        "then": {"required": ["words"]},
    }


def _closed(properties: _Json, required: list[str] | None = None) -> _Json:
    closed: _Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return closed | ({"required": required} if required else {})


def _described(entry: _Json, description: str) -> _Json:
    return entry | ({"description": description} if description else {})


def _choice(choices: list[str], description: str) -> _Json:
    return _described({"enum": [str(choice) for choice in choices]}, description)


def _whole(low: int, high: int, description: str) -> _Json:
    return _described({"type": "integer", "minimum": low, "maximum": high}, description)


def _number(low: float, high: float, description: str) -> _Json:
    return _described({"type": "number", "minimum": low, "maximum": high}, description)


def _one_or_more(entry: _Json, description: str) -> _Json:
    return _described({"anyOf": [entry, {"type": "array", "items": entry}]}, description)


def text() -> str:
    """The schema as it is written to ``gateway/profile.schema.json``."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
