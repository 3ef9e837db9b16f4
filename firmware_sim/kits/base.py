"""A kit: the devices that one facility has, and which of their registers or fields is which measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from firmware_sim.devices.base import ModbusDevice
from firmware_sim.devices.mqtt import MqttDevice
from firmware_sim.noise import derive_seed
from firmware_sim.signals.base import ModelSignal, Signal
from firmware_sim.signals.windows import NEVER, Schedule


@dataclass(frozen=True, kw_only=True)
class KitContext:
    """What a kit knows about its facility.

    Attributes:
        facility_id, community_id: whose.
        seed: root seed.
        start_s: simulated start, s since 1970 UTC.
        first_unit: unit id of its first Modbus device; the next follow.
        options: parameters from the plan.
        incidents: schedule by kind.
    """

    facility_id: str
    community_id: str
    seed: int
    start_s: float
    first_unit: int
    options: Mapping[str, Any]
    incidents: Mapping[str, Schedule]

    def own_seed(self, name: str) -> int:
        """A seed of this facility."""
        return derive_seed(self.seed, f"{self.facility_id}/{name}")

    def community_seed(self, name: str) -> int:
        """A seed that all facilities of the community share."""
        return derive_seed(self.seed, f"{self.community_id}/{name}")

    def incident(self, kind: str) -> Schedule:
        """When this kind happens here."""
        return self.incidents.get(kind, NEVER)

    def number(self, name: str, default: float) -> float:
        """A numeric option."""
        return float(self.options.get(name, default))


class Model(Protocol):
    """A physical model that can say what it is."""

    MODEL: ClassVar[str]

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        ...


def output(model: Model, unit: str, function: Callable[[float], float]) -> Signal:
    """One output of a model as a signal."""
    return ModelSignal(unit=unit, model=model.MODEL, function=function, detail=model.detail)


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A measurement and where it is: measurement = map(raw value) x scale + offset.

    Attributes:
        measurement: key of the class catalogue.
        unit: its unit.
        device_id: whose.
        register: register of a Modbus device, or field of a publishing one.
        scale, offset: from the register's unit to the measurement's.
        bit: bit of the register; None: the whole value.
        value_map: for states, raw code to measurement; empty: none.
        decimals_register: register with the number of decimals; empty: none.
        json_path: where the field is in the payload (publishing devices).
    """

    measurement: str
    unit: str
    device_id: str
    register: str
    scale: float = 1.0
    offset: float = 0.0
    bit: int | None = None
    value_map: Mapping[int, int] = field(default_factory=dict)
    decimals_register: str = ""
    json_path: str = ""


@dataclass(frozen=True, kw_only=True)
class Plant:
    """The devices of a facility and its measurements."""

    modbus: tuple[ModbusDevice, ...] = ()
    mqtt: tuple[MqttDevice, ...] = ()
    mapped: tuple[Mapped, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Kit:
    """A kind of equipment for one facility class.

    Attributes:
        class_id: facility class.
        options: names it takes.
        build: makes the devices.
    """

    class_id: str
    options: frozenset[str]
    build: Callable[[KitContext], Plant]
