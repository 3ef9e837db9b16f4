"""Payloads of MQTT devices, one decoder per shape: bytes in, named fields out."""

from __future__ import annotations

from gateway.decoders.base import Decoder, Fields
from gateway.decoders.chirpstack import decode_chirpstack
from gateway.decoders.json_pointer import decode_json
from gateway.decoders.tasmota import decode_tasmota
from gateway.decoders.zigbee2mqtt import decode_zigbee2mqtt

DECODERS: dict[str, Decoder] = {
    "json": decode_json,
    "tasmota": decode_tasmota,
    "chirpstack": decode_chirpstack,
    "zigbee2mqtt": decode_zigbee2mqtt,
}
"""Decoder by its name in the configuration."""

__all__ = ["DECODERS", "Decoder", "Fields"]
