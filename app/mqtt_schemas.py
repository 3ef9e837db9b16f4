"""Contents in the AsyncAPI document: the metrics that Twingrid adds to Sparkplug, and schemas of every body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from pydantic import TypeAdapter

from api.documentation import EVENTS, event_name
from core.quality import QualityClass
from core.sparkplug import datatypes as names
from core.sparkplug.commit import MAX_ISLANDS, GapReason
from core.sparkplug.configuration import MAX_FINDINGS, MAX_PUSH_BYTES, Outcome
from core.sparkplug.datatypes import DataType
from core.sparkplug.drill import MOST_AGE_S, DrillOutcome
from core.sparkplug.topics import MessageType
from dispatch.home_assistant.discovery import OFFLINE, ONLINE, STALE
from gateway.health import NODE_METRICS
from gateway.rollout import State

_BIRTH: Final = frozenset({MessageType.NBIRTH})
_SAYS: Final = frozenset({MessageType.NBIRTH, MessageType.NDATA})
_TOLD: Final = frozenset({MessageType.NBIRTH, MessageType.NCMD})
_BOTH: Final = frozenset({MessageType.NBIRTH, MessageType.NDATA, MessageType.NCMD})


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """A metric of the node with a meaning of its own.

    Attributes:
        kinds: the messages it stands in.
        schema: of its value, a name of ``mqtt_schemas``; empty where the datatype says all.
    """

    name: str
    datatype: DataType
    kinds: frozenset[MessageType]
    about: str
    schema: str = ""


EXTENSIONS: Final[Sequence[Extension]] = (
    Extension(
        name=names.BDSEQ,
        datatype=DataType.INT64,
        kinds=_BIRTH | {MessageType.NDEATH},
        about="0 to 255, one up with every connection",
    ),
    Extension(
        name=names.REBIRTH, datatype=DataType.BOOLEAN, kinds=_TOLD, about="true in an NCMD: send all births again"
    ),
    Extension(name=names.EPOCH, datatype=DataType.UINT64, kinds=_BIRTH, about="The epoch of the spool"),
    Extension(
        name=names.COMMITTED,
        datatype=DataType.BYTES,
        kinds=_TOLD,
        about=f"What is settled, at most {MAX_ISLANDS} ranges above `low`; empty in a birth",
        schema="commit",
    ),
    Extension(
        name=names.CONFIGURATION,
        datatype=DataType.BYTES,
        kinds=_BOTH,
        about=f"At most {MAX_PUSH_BYTES} bytes: a line of JSON, a line feed, and the text compressed by zlib. From a "
        "gateway: what runs there. Empty in a birth",
        schema="configuration_head",
    ),
    Extension(
        name=names.SHOW_CONFIGURATION, datatype=DataType.BOOLEAN, kinds=_TOLD, about="true in an NCMD: say what runs"
    ),
    Extension(
        name=names.CONFIGURATION_REPORT,
        datatype=DataType.STRING,
        kinds=_SAYS,
        about="JSON: what runs, and what became of the last push",
        schema="configuration_report",
    ),
    Extension(
        name=names.TEST_ALARM,
        datatype=DataType.STRING,
        kinds=_BIRTH | {MessageType.NDATA},
        about="JSON: a call for a test alarm; empty in a birth",
        schema="test_alarm_call",
    ),
    Extension(
        name=names.TEST_ALARM,
        datatype=DataType.STRING,
        kinds=frozenset({MessageType.NCMD}),
        about="JSON: how the call stands",
        schema="test_alarm_answer",
    ),
    *(
        Extension(name=name, datatype=datatype, kinds=_SAYS, about="What the gateway says of itself")
        for name, _, datatype in NODE_METRICS
    ),
)


def events() -> Mapping[str, tuple[str, str]]:
    """What the live stream carries: word of the event to what it means and the name of its schema."""
    return {event_name(one): (str(one.__doc__).partition("\n")[0], one.__name__) for one in EVENTS}


def mqtt_schemas() -> dict[str, Any]:
    """Every schema of the document by name."""
    made: dict[str, Any] = {
        "payload": _protobuf("sparkplug_b.proto"),
        "commit": _protobuf("commit.proto"),
        "gap_reason": {
            "type": "integer",
            "enum": [int(one) for one in GapReason],
            "x-names": {str(int(one)): one.name.lower() for one in GapReason},
        },
        "datatype": {
            "type": "integer",
            "enum": [int(one) for one in DataType],
            "x-names": {str(int(one)): one.name for one in DataType},
        },
        "state": _object({"online": {"type": "boolean"}, "timestamp": _WHOLE}),
        "configuration_head": _object({"version": _WHOLE, "issued_ms": _WHOLE, "sha256": _HASH}),
        "configuration_report": _report(),
        "test_alarm_call": _call(),
        "test_alarm_answer": _answer(),
        "properties": _properties(),
        "home_assistant_config": _discovered(),
        "home_assistant_state": _state(),
        "home_assistant_availability": {"type": "string", "enum": [ONLINE, OFFLINE]},
    }
    for model in EVENTS:
        schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        made |= schema.pop("$defs", {})
        made[model.__name__] = schema
    return made


_WHOLE: Final = {"type": "integer", "minimum": 0, "exclusiveMaximum": 2**53}
_TEXT: Final = {"type": "string"}
_HASH: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_MOMENT: Final = {"type": ["integer", "null"], "minimum": 0}


def _object(properties: Mapping[str, Any], optional: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _protobuf(file: str) -> dict[str, Any]:
    text = resources.files("core.sparkplug").joinpath(file).read_text(encoding="utf-8")
    version = "3" if 'syntax = "proto3"' in text else "2"
    return {"schemaFormat": f"application/vnd.google.protobuf;version={version}", "schema": text}


def _report() -> dict[str, Any]:
    texts = _object({"zh": _TEXT, "en": _TEXT}, optional=("zh", "en"))
    finding = _object({"code": _TEXT, "line": _WHOLE, "column": _WHOLE, "what": texts, "fix": texts})
    answer = _object(
        {
            "version": _WHOLE,
            "issued_ms": _WHOLE,
            "outcome": {"type": "string", "enum": [one.value for one in Outcome]},
            "reason": texts,
            "findings": {"type": "array", "items": finding, "maxItems": MAX_FINDINGS},
        }
    )
    state = {"type": "string", "enum": [one.value for one in State]}
    return _object({"version": _WHOLE, "sha256": _HASH, "state": state, "answer": answer}, optional=("answer",))


def _call() -> dict[str, Any]:
    return _object(
        {
            "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,40}$"},
            "point": {"type": "string", "minLength": 1, "maxLength": 256, "description": "`facility/measurement`"},
            "age_s": {"type": "number", "minimum": 0, "description": f"opens nothing above {MOST_AGE_S:.0f}"},
        }
    )


def _answer() -> dict[str, Any]:
    recipient = _object({"zh": _TEXT, "en": _TEXT, "task": _TEXT, "grid": _TEXT, "confirmed_ms": _MOMENT})
    return _object(
        {
            "id": _TEXT,
            "outcome": {"type": "string", "enum": [one.value for one in DrillOutcome]},
            "case": _TEXT,
            "joined": {"type": "boolean"},
            "opened_ms": _MOMENT,
            "ended_ms": _MOMENT,
            "recipients": {"type": "array", "items": recipient},
        },
        optional=("case", "joined", "opened_ms", "ended_ms", "recipients"),
    )


def _discovered() -> dict[str, Any]:
    texts = ("name", "unique_id", "state_topic", "value_template", "json_attributes_topic", "json_attributes_template")
    there = ("availability_topic", "payload_available", "payload_not_available")
    kind = ("unit_of_measurement", "device_class", "state_class", "payload_on", "payload_off")
    device = ("name", "model", "suggested_area", "configuration_url")
    return _object(
        {
            **dict.fromkeys((*texts, *there, *kind), _TEXT),
            "expire_after": {"type": "integer", "minimum": 1, "description": "seconds"},
            "qos": {"type": "integer", "const": 1},
            "device": _object(
                {"identifiers": {"type": "array", "items": _TEXT}, **dict.fromkeys(device, _TEXT)},
                optional=("configuration_url",),
            ),
            "origin": _object({"name": _TEXT, "sw_version": _TEXT}),
        },
        optional=kind,
    )


def _state() -> dict[str, Any]:
    return _object(
        {
            "value": {"type": ["number", "string", "null"], "description": "`ON`, `OFF`; null: not good, or too old"},
            "quality": {"type": "string", "enum": [*(one.name.lower() for one in QualityClass), STALE]},
            "reason": {"type": "string", "description": "empty where there is none"},
            "measured_at": {"type": "string", "format": "date-time"},
        }
    )


def _properties() -> dict[str, Any]:
    """Properties of a metric; on the wire they are a PropertySet."""
    return {
        "type": "object",
        "description": "Properties of a metric, sent as a PropertySet",
        "properties": {
            names.QUALITY: {"type": "integer", "enum": [192, 500, 0], "description": "left out where it is good"},
            names.REASON: {"type": "integer", "minimum": 0, "maximum": 255, "description": "class × 64 + reason"},
            names.ENG_UNIT: {"type": "string", "description": "in a birth: UCUM"},
            names.SOURCE: {"type": "string", "description": "in a birth: unit of the bus or source of the adapter"},
        },
    }
