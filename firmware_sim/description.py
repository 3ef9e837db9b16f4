"""The city's description: plain frozen values, from which gateway configurations and registry imports are generated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from firmware_sim.signals.base import Provenance


@dataclass(frozen=True, kw_only=True)
class ModbusSource:
    """Where a measurement is read.

    measurement = map(raw x raw_scale) x scale + offset, with `value_map` applied where it is not empty, and
    raw_scale = 10^-(register `decimals_address`) where that is given. With `bit`, raw is that bit of the register.
    """

    protocol: str
    device: str
    unit_id: int
    register: str
    function_code: int
    address: int
    data_type: str
    word_order: str
    raw_scale: float
    raw_unit: str
    invalid_raw: int | None
    decimals_address: int | None
    bit: int | None
    value_map: Mapping[int, int]
    scale: float
    offset: float


@dataclass(frozen=True, kw_only=True)
class MqttSource:
    """Where a measurement is published: measurement = map(field) x scale + offset; true is 1 and false 0."""

    protocol: str
    device: str
    topic: str
    json_path: str
    raw_unit: str
    value_map: Mapping[int, int]
    scale: float
    offset: float


@dataclass(frozen=True, kw_only=True)
class PointDescription:
    """One measurement of a facility: key and unit as in the class catalogue, its source, and what the signal is."""

    id: str
    measurement: str
    unit: str
    source: ModbusSource | MqttSource
    provenance: Provenance


@dataclass(frozen=True, kw_only=True)
class FacilityDescription:
    """One facility with its points; `parent` supplies it, empty where nothing does."""

    id: str
    class_id: str
    name_zh: str
    name_en: str
    place_zh: str
    place_en: str
    lon: float
    lat: float
    points: tuple[PointDescription, ...]
    parent: str


@dataclass(frozen=True, kw_only=True)
class ModbusDeviceDescription:
    """A unit of a line."""

    id: str
    unit_id: int
    product: str
    maker: str
    model: str
    max_registers: int
    note: str


@dataclass(frozen=True, kw_only=True)
class ModbusLineDescription:
    """A community's serial line behind a TCP port."""

    id: str
    host: str
    port: int
    baud: int
    devices: tuple[ModbusDeviceDescription, ...]


@dataclass(frozen=True, kw_only=True)
class MqttDeviceDescription:
    """A device that publishes."""

    id: str
    product: str
    maker: str
    model: str
    topic: str
    interval_s: float
    availability_topic: str | None
    available_payload: str | None


@dataclass(frozen=True, kw_only=True)
class CommunityDescription:
    """A community with its gateway, devices and facilities."""

    id: str
    name_zh: str
    name_en: str
    centre_zh: str
    centre_en: str
    gateway: str
    boundary: tuple[tuple[float, float], ...]
    modbus_line: ModbusLineDescription
    mqtt_devices: tuple[MqttDeviceDescription, ...]
    facilities: tuple[FacilityDescription, ...]


@dataclass(frozen=True, kw_only=True)
class CityDescription:
    """Everything a gateway and a registry must know about the simulated city."""

    id: str
    name_zh: str
    name_en: str
    communities: tuple[CommunityDescription, ...]


def to_yaml(description: CityDescription) -> str:
    """The description as YAML, in the order of its fields."""
    return yaml.safe_dump(_plain(description), sort_keys=False, allow_unicode=True, width=120)


def _plain(value: Any) -> Any:
    """Dataclasses as mappings, tuples as lists, enumerations as their text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
