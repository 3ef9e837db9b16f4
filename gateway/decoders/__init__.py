"""Payloads of MQTT devices, one decoder per shape: bytes in, named fields out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.decoders.base import Decoder, Fields, Options, Outgoing, Stateless
from gateway.decoders.chirpstack import ChirpStack
from gateway.decoders.homeassistant import HomeAssistant
from gateway.decoders.json_pointer import JsonMapping
from gateway.decoders.shelly import decode_shelly
from gateway.decoders.sparkplug import SparkplugNode
from gateway.decoders.tasmota import Tasmota
from gateway.decoders.thingsboard import ThingsBoard
from gateway.decoders.zigbee2mqtt import Zigbee2Mqtt

DECODERS: Final[Mapping[str, Callable[[Options], Decoder]]] = MappingProxyType({
    "json": JsonMapping,
    "tasmota": Tasmota,
    "shelly": lambda _: Stateless(decode_shelly),
    "zigbee2mqtt": Zigbee2Mqtt,
    "chirpstack": ChirpStack,
    "homeassistant": HomeAssistant,
    "thingsboard": ThingsBoard,
    "sparkplug": SparkplugNode,
})  # fmt: skip
"""What makes a decoder for a source, by its name in the configuration. Raises ``Refused`` if the options do not fit."""

__all__ = ["DECODERS", "Decoder", "Fields", "Options", "Outgoing"]
