"""What ``python -m firmware_sim describe`` says, as values: the simulator is another program, its output input here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from app import findings as kinds
from core.errors import Invalid
from core.findings import Finding, Said
from core.foreign import pydantic_problem, yaml_problem


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SignalOrigin(_Said):
    """What a signal is: a model, a recording, or a constant."""

    kind: Literal["model", "recorded", "constant"]
    name: str
    detail: str = ""
    source: str = ""
    licence: str = ""


class PointSource(_Said):
    """Where a measurement is read or published: measurement = map(raw) * scale + offset."""

    protocol: Literal["modbus", "mqtt"]
    device: str
    register_name: str = Field("", alias="register")
    bit: int | None = None
    topic: str = ""
    json_path: str = ""
    raw_unit: str = ""
    value_map: Mapping[int, float] = {}
    scale: float = 1.0
    offset: float = 0.0


class SimPoint(_Said):
    """One measurement of a facility."""

    id: str
    measurement: str
    unit: str
    source: PointSource
    provenance: SignalOrigin


class SimFacility(_Said):
    """One facility."""

    id: str
    class_id: str
    name_zh: str
    name_en: str
    place_zh: str
    place_en: str
    lon: float
    lat: float
    points: tuple[SimPoint, ...]
    attributes: Mapping[str, float | str] = {}
    parent: str = ""


class SimUnit(_Said):
    """A device on a bus."""

    id: str
    unit_id: int
    product: str


class SimBus(_Said):
    """A serial line behind a TCP port."""

    id: str
    host: str
    port: int
    devices: tuple[SimUnit, ...]


class SimPublisher(_Said):
    """A device that publishes by MQTT."""

    id: str
    product: str
    topic: str
    interval_s: float
    availability_topic: str | None = None


class SimCommunity(_Said):
    """A community with its gateway."""

    id: str
    name_zh: str
    name_en: str
    centre_zh: str
    centre_en: str
    gateway: str
    boundary: tuple[tuple[float, float], ...]
    modbus_line: SimBus
    mqtt_devices: tuple[SimPublisher, ...]
    facilities: tuple[SimFacility, ...]


class SimCity(_Said):
    """The simulated city."""

    id: str
    name_zh: str
    name_en: str
    communities: tuple[SimCommunity, ...]

    @property
    def point_count(self) -> int:
        """Points of all facilities."""
        return sum(len(f.points) for c in self.communities for f in c.facilities)

    @property
    def facility_count(self) -> int:
        """Facilities of all communities."""
        return sum(len(c.facilities) for c in self.communities)

    @property
    def device_topics(self) -> tuple[str, ...]:
        """Topics that devices publish on."""
        devices = [device for c in self.communities for device in c.mqtt_devices]
        return tuple(topic for d in devices for topic in (d.topic, d.availability_topic) if topic)


def read_city(text: str) -> SimCity:
    """Read a description.

    Raises:
        Invalid: with everything that does not fit.
    """
    try:
        return SimCity.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise Invalid([_finding(kinds.DESCRIPTION_NO_YAML(problem=yaml_problem(error)))]) from error
    except ValidationError as error:
        raise Invalid([_finding(_field(details)) for details in error.errors()]) from error


def _field(details: ErrorDetails) -> Said:
    problem = pydantic_problem(details["type"], details["msg"], details.get("ctx", {}))
    return kinds.DESCRIPTION_FIELD(name=".".join(map(str, details["loc"])), problem=problem)


def _finding(problem: Said) -> Finding:
    return kinds.DESCRIPTION_WRONG.at("firmware_sim describe", problem=problem)
