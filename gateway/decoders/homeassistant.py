"""Devices that announce themselves to Home Assistant: discovery messages say where each value comes and how to read it.

A source listens to ``homeassistant/sensor/<id>/config``, to the device form ``homeassistant/device/<id>/config``, or
to a filter over several; each announced component is a field by its ``unique_id`` (without one by its object id). From
then on the announced state and availability topics are heard, too. Keys come in full or abbreviated, and ``~`` stands
for the base topic. An empty announcement takes a component back. A component whose template is beyond our grammar is
left out and named in the log; the others go on.

Source: Home Assistant documentation, "MQTT", sections discovery, abbreviations, sensor, binary_sensor.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import Refused
from gateway.decoders.base import MAX_PAYLOAD, Decoder, Fields, Options, Value, parse_json, parse_object
from gateway.decoders.template import Template

log = logging.getLogger(__name__)

MAX_COMPONENTS: Final = 1024
_SHORT: Final[Mapping[str, str]] = {
    "avty": "availability",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "cmps": "components",
    "dev_cla": "device_class",
    "obj_id": "object_id",
    "p": "platform",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "stat_t": "state_topic",
    "t": "topic",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}
_READ: Final = frozenset({"sensor", "binary_sensor"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Availability:
    """Where and how a component says that it is there."""

    topic: str
    online: str
    offline: str
    template: Template | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """One announced value.

    Attributes:
        field: its name as a field.
        topic: where its state comes.
        template: how to read the payload; None: the payload is the value.
        unit: as announced (``°C``), empty if none.
        device_class: as announced.
        on, off: payloads of a binary sensor; empty for a sensor.
        availability: where it says that it is there.
    """

    field: str
    topic: str
    template: Template | None
    unit: str = ""
    device_class: str = ""
    on: str = ""
    off: str = ""
    availability: tuple[Availability, ...] = ()


class HomeAssistant(Decoder):
    """Hears announcements, then values."""

    def __init__(self, options: Options) -> None:
        """Nothing is announced yet."""
        self._wanted = frozenset(options.paths)
        self._announced: dict[str, tuple[Component, ...]] = {}

    @property
    def announced(self) -> tuple[Component, ...]:
        """Everything announced so far, for a technician to choose from."""
        return tuple(component for part in self._announced.values() for component in part)

    def topics(self) -> frozenset[str]:
        """State and availability topics of the wanted components."""
        heard = [component for component in self.announced if component.field in self._wanted]
        return frozenset(component.topic for component in heard) | frozenset(
            one.topic for component in heard for one in component.availability
        )

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """An announcement says nothing yet; a state gives the fields that live on its topic.

        Raises:
            Refused: if an announcement or a state has not its format.
        """
        if topic.endswith("/config"):
            self._announce(topic, payload)
            return ()
        values: dict[str, Value] = {}
        offline: set[str] = set()
        document: object = None
        text = _text(payload)
        if any(component.template and component.topic == topic for component in self.announced):
            document = _document(payload)
        for component in self.announced:
            if component.topic == topic:
                value = _state(component, document, text)
                if value is not None:
                    values[component.field] = value
            for one in component.availability:
                if one.topic == topic and not _there(one, payload):
                    offline.add(component.field)
        return (Fields(values=values, offline=frozenset(offline)),) if values or offline else ()

    def _announce(self, topic: str, payload: bytes) -> None:
        if not payload.strip():
            self._announced.pop(topic, None)
            return
        document = _long(parse_object(payload, "an announcement"))
        parts = topic.split("/")
        components = document.get("components")
        if isinstance(components, dict):
            found = [_component(document | _long(one), str(key)) for key, one in components.items() if _is_read(one)]
        elif len(parts) > 2 and parts[1] in _READ:
            found = [_component(document | {"platform": parts[1]}, parts[-2])]
        else:
            found = []
        if len(self.announced) + len(found) > MAX_COMPONENTS:
            raise Refused(f"more than {MAX_COMPONENTS} components are announced to one source")
        self._announced[topic] = tuple(component for component in found if component is not None)


def _is_read(component: object) -> bool:
    return isinstance(component, dict) and _long(component).get("platform") in _READ


def _long(keys: Mapping[str, object]) -> dict[str, object]:
    """Abbreviated keys in full."""
    return {_SHORT.get(key, key): value for key, value in keys.items()}


def _component(keys: Mapping[str, object], object_id: str) -> Component | None:
    base = str(keys.get("~", ""))
    topic = _topic(keys.get("state_topic"), base)
    field = str(keys.get("unique_id") or keys.get("object_id") or object_id)
    if not topic:
        return None
    try:
        template = _template(keys.get("value_template"))
        availability = _availability(keys, base)
    except Refused as error:
        log.warning("announced value is not understood", extra={"field": field, "error": str(error)})
        return None
    binary = keys.get("platform") == "binary_sensor"
    return Component(
        field=field,
        topic=topic,
        template=template,
        unit=str(keys.get("unit_of_measurement") or ""),
        device_class=str(keys.get("device_class") or ""),
        on=str(keys.get("payload_on", "ON")) if binary else "",
        off=str(keys.get("payload_off", "OFF")) if binary else "",
        availability=availability,
    )


def _topic(value: object, base: str) -> str:
    """A topic with the base put in; empty if it is none, or a filter."""
    text = value if isinstance(value, str) else ""
    text = base + text[1:] if text.startswith("~") else text
    text = text[:-1] + base if text.endswith("~") else text
    return "" if any(sign in text for sign in "+#\0") else text


def _template(value: object) -> Template | None:
    return Template(value) if isinstance(value, str) and value.strip() else None


def _availability(keys: Mapping[str, object], base: str) -> tuple[Availability, ...]:
    listed = keys.get("availability")
    entries = [_long(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if "availability_topic" in keys:
        single = {"topic": keys["availability_topic"], "value_template": keys.get("availability_template")}
        entries.append(
            {key: keys[key] for key in ("payload_available", "payload_not_available") if key in keys} | single
        )
    return tuple(
        Availability(
            topic=topic,
            online=str(entry.get("payload_available", "online")),
            offline=str(entry.get("payload_not_available", "offline")),
            template=_template(entry.get("value_template")),
        )
        for entry in entries
        if (topic := _topic(entry.get("topic"), base))
    )


def _text(payload: bytes) -> str:
    if len(payload) > MAX_PAYLOAD:
        raise Refused(f"the payload has {len(payload)} bytes, more than {MAX_PAYLOAD}")
    return payload.decode("utf-8", "replace").strip()


def _document(payload: bytes) -> object:
    """The payload as JSON; None if it is none (a template may use the text alone)."""
    try:
        return parse_json(payload)
    except Refused:
        return None


def _state(component: Component, document: object, text: str) -> Value | None:
    value: Value | None = component.template.value(document, text) if component.template else text
    if not component.on or value is None:
        return value
    said = ("True" if value else "False") if isinstance(value, bool) else str(value)
    return {component.on: True, component.off: False}.get(said, said)


def _there(one: Availability, payload: bytes) -> bool:
    """Whether an availability payload says that the component is there; a word that is neither says so."""
    text = _text(payload)
    value = one.template.value(_document(payload), text) if one.template else text
    return str(value) != one.offline
