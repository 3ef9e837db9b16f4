"""Payloads of MQTT devices, one decoder per shape: bytes in, named fields out."""

from __future__ import annotations

from gateway.decoders.base import Decoder, Fields
from gateway.decoders.json_pointer import decode_json
from gateway.decoders.tasmota import decode_tasmota

DECODERS: dict[str, Decoder] = {"json": decode_json, "tasmota": decode_tasmota}
"""Decoder by its name in the configuration."""

__all__ = ["DECODERS", "Decoder", "Fields"]
