"""The AsyncAPI document of MQTT and of the live stream: ``python -m app.mqtt_documentation`` rewrites the copy.

``docs/asyncapi.json`` is that copy; a test compares both. Topics, names of metrics, enumerations and limits are those
of the code; how they work together is told by ``docs/wire.md``. Operations are seen from the server: it receives births
and readings and sends commands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from app.mqtt_schemas import EXTENSIONS, Extension, events, mqtt_schemas
from core.sparkplug.topics import NAMESPACE, MessageType
from dispatch.home_assistant.discovery import BINARY, DISCOVERY, SENSOR, STATES

COMMITTED: Final = Path(__file__).parents[1] / "docs" / "asyncapi.json"
_NODE: Final = ("group", "node")
_DEVICE: Final = (*_NODE, "device")
_ABOUT: Final[Mapping[MessageType, str]] = {
    MessageType.NBIRTH: "The gateway is there: metrics of the node, `bdSeq`, `seq` 0",
    MessageType.DBIRTH: "Every metric of a device: name, alias, datatype, last value or null, unit, source",
    MessageType.DDATA: "One chunk of readings; `body` is the commit header",
    MessageType.NDATA: "A gap record (header, no metrics), or without a header what the node says of itself",
    MessageType.DDEATH: "The bus or adapter is lost",
    MessageType.NDEATH: "The session ended: `bdSeq`; the gateway's will",
    MessageType.NCMD: "Acknowledgement, request or answer of the host",
}
"""Of the messages that are spoken; nothing writes to a device from afar, so there is no DCMD."""
_PARAMETERS: Final = {
    "group": "The partition: an opaque id given at enrolment that never changes",
    "node": "The gateway",
    "device": "A bus, or an MQTT adapter, of the gateway",
    "host": "The server",
    "component": f"`{SENSOR}`, or `{BINARY}` where values are yes or no",
    "home": "Server and facility, `{host}_{facility}`",
    "facility": "Code of the facility; every sign that is not `[A-Za-z0-9_-]` is `_`, here and below",
    "object": "Key of the measurement and number of the point, `level_101`",
}
_SHOWN: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "home_assistant_config": (
        f"{DISCOVERY}/{{component}}/{{home}}/{{object}}/config",
        "What a point is, by the MQTT discovery of Home Assistant; retained, empty when it is shown no more",
        ("component", "home", "object"),
    ),
    "home_assistant_state": (
        f"{STATES}/{{host}}/{{facility}}/{{object}}",
        "The newest value of a point that Home Assistant is shown; retained, empty when it is shown no more",
        ("host", "facility", "object"),
    ),
    "home_assistant_availability": (
        f"{STATES}/{{host}}/availability",
        "Whether points are told now; retained, and the will of that session",
        ("host",),
    ),
}
"""What goes to Home Assistant, where the settings say so: topic, meaning, parameters."""


def document() -> dict[str, Any]:
    """The AsyncAPI 3.0 document."""
    channels = {str(kind).lower(): _channel(kind) for kind in _ABOUT}
    channels["state"] = {
        "address": f"{NAMESPACE}/STATE/{{host}}",
        "title": "Whether the server is there; retained, and the server's will",
        "servers": [_ref("servers", "broker")],
        "parameters": {"host": _ref("components", "parameters", "host")},
        "messages": {"state": _ref("components", "messages", "state")},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
    }
    channels |= {name: _outward(name) for name in _SHOWN}
    channels["stream"] = {
        "address": "/api/v1/stream",
        "title": "What happens, as server-sent events to a session (docs: openapi.json, operation `stream`)",
        "servers": [_ref("servers", "pages")],
        "messages": {name: _ref("components", "messages", name) for name in sorted(events())},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Twingrid",
            "version": "1",
            "description": "Sparkplug B 3.0 over MQTT 3.1.1 or 5.0 with a commit (docs/wire.md), and the live stream. "
            "Times are UTC milliseconds.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {"host": "{host}:1883", "protocol": "mqtt", "variables": {"host": {"default": "127.0.0.1"}}},
            "pages": {"host": "{host}:8080", "protocol": "http", "variables": {"host": {"default": "127.0.0.1"}}},
        },
        "channels": channels,
        "operations": _operations(),
        "components": {
            "parameters": {name: {"description": text} for name, text in _PARAMETERS.items()},
            "messages": _messages(),
            "schemas": _schemas(),
        },
    }


def address(kind: MessageType) -> str:
    """The topic of a message, with its parameters in braces."""
    tail = "/{device}" if kind.value.startswith("D") else ""
    return f"{NAMESPACE}/{{group}}/{kind.value}/{{node}}{tail}"


def _channel(kind: MessageType) -> dict[str, Any]:
    names = _DEVICE if kind.value.startswith("D") else _NODE
    return {
        "address": address(kind),
        "title": _ABOUT[kind],
        "servers": [_ref("servers", "broker")],
        "parameters": {name: _ref("components", "parameters", name) for name in names},
        "messages": {str(kind).lower(): _ref("components", "messages", str(kind).lower())},
    }


def _outward(name: str) -> dict[str, Any]:
    topic, about, parameters = _SHOWN[name]
    return {
        "address": topic,
        "title": about,
        "servers": [_ref("servers", "broker")],
        "parameters": {one: _ref("components", "parameters", one) for one in parameters},
        "messages": {name: _ref("components", "messages", name)},
    }


def _operations() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for kind in _ABOUT:
        sent = kind is MessageType.NCMD
        qos = 1 if kind is MessageType.NDEATH else 0
        made[f"{'send' if sent else 'receive'}_{str(kind).lower()}"] = _operation(
            str(kind).lower(), "send" if sent else "receive", qos=qos, retain=False
        )
    made["send_state"] = _operation("state", "send", qos=1, retain=True)
    made |= {f"send_{name}": _operation(name, "send", qos=1, retain=True) for name in _SHOWN}
    made["send_stream"] = {"action": "send", "channel": _ref("channels", "stream")}
    return made


def _operation(channel: str, action: str, *, qos: int, retain: bool) -> dict[str, Any]:
    return {
        "action": action,
        "channel": _ref("channels", channel),
        "bindings": {"mqtt": {"qos": qos, "retain": retain, "bindingVersion": "0.2.0"}},
    }


def _messages() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for kind, about in _ABOUT.items():
        spoken = [one for one in EXTENSIONS if kind in one.kinds]
        made[str(kind).lower()] = {
            "name": str(kind),
            "summary": about,
            "contentType": "application/x-protobuf",
            "payload": _ref("components", "schemas", "payload"),
            **({"x-metrics": [_metric(one) for one in spoken]} if spoken else {}),
        }
        if kind in {MessageType.DDATA, MessageType.NDATA}:
            made[str(kind).lower()]["x-body"] = _ref("components", "schemas", "commit")
    made["state"] = {
        "name": "STATE",
        "contentType": "application/json",
        "payload": _ref("components", "schemas", "state"),
    }
    for name, (_, about, _) in _SHOWN.items():
        payload = _ref("components", "schemas", name)
        written = "text/plain" if name == "home_assistant_availability" else "application/json"
        made[name] = {"name": name, "summary": about, "contentType": written, "payload": payload}
    for name, (about, schema) in events().items():
        made[name] = {"name": name, "summary": about, "payload": _ref("components", "schemas", schema)}
    return made


def _metric(one: Extension) -> dict[str, Any]:
    made = {"name": one.name, "datatype": one.datatype.name, "description": one.about}
    return {**made, "value": _ref("components", "schemas", one.schema)} if one.schema else made


def _schemas() -> dict[str, Any]:
    made = mqtt_schemas()
    return {name: made[name] for name in sorted(made)}


def _ref(*parts: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(parts)}


def written(made: Mapping[str, Any]) -> str:
    """The document as its file."""
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Rewrite the copy."""
    COMMITTED.write_text(written(document()), encoding="utf-8")


if __name__ == "__main__":
    main()
