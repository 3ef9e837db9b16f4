"""The points of a configuration: their order, their names on the wire, their aliases, what their history is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.sparkplug.datatypes import DataType
from gateway.chunk import COMMON, Traits
from gateway.config import BusConfig, FieldConfig, GatewayConfig, PointConfig, UnitConfig
from gateway.points import PointName, Points
from gateway.profile import DataType as RegisterType
from gateway.self_points import names as self_names
from gateway.spool import Spool
from gateway.spool_values import SpoolState

_KINDS = {
    RegisterType.U64: DataType.UINT64,
    RegisterType.S64: DataType.INT64,
    RegisterType.BOOL: DataType.BOOLEAN,
    RegisterType.STRING: DataType.STRING,
}


def metric_type(register: RegisterType, scaled: bool) -> DataType:
    """The Sparkplug datatype of a register: Double, but Boolean, String and whole 64-bit counters as they are."""
    kind = _KINDS.get(register, DataType.DOUBLE)
    return DataType.DOUBLE if scaled and kind in (DataType.UINT64, DataType.INT64) else kind


def point_name(device: str, point: PointConfig, source: str = "") -> PointName:
    """How a Modbus point is called on the wire."""
    register = point.register
    kind = DataType.DOUBLE if point.site.changes_values else metric_type(register.type, register.scaled)
    unit = "" if kind is DataType.STRING else point.unit
    return PointName(device=device, metric=point.metric, type=kind, unit=unit, source=source)


def field_name(device: str, field: FieldConfig, source: str = "") -> PointName:
    """How a field of an MQTT device is called on the wire."""
    return PointName(device=device, metric=field.metric, type=DataType.DOUBLE, unit=field.unit, source=source)


def unit_name(bus: BusConfig, unit: UnitConfig) -> str:
    """What the wire calls a unit within its device; several buses may be one device."""
    return unit.name if bus.device == bus.id else f"{bus.id}/{unit.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The points of a configuration.

    Attributes:
        points: those of the buses, of the adapters, of the gateway itself, in this order.
        traits: what the history of each is worth, and whether alarms hang on it.
        of_buses: number of the first point after those of the buses; of_drivers: after those of the adapters.
    """

    points: Points
    traits: tuple[Traits, ...]
    of_buses: int
    of_drivers: int

    @property
    def alarms(self) -> bool:
        """Whether alarms hang on any point."""
        return any(one.alarm for one in self.traits)

    def urgent(self) -> NDArray[np.bool_]:
        """By alias: alarms hang on this point; one more at the end for every alias beyond. Empty if there is none."""
        if not self.alarms:
            return np.zeros(0, np.bool_)
        mask = np.zeros(int(self.points.alias.max()) + 2, np.bool_)
        mask[self.points.alias] = [one.alarm for one in self.traits]
        return mask


def name_points(config: GatewayConfig) -> Named:
    """Number the points of a configuration; they have no aliases yet."""
    names = [
        point_name(bus.device, p, unit_name(bus, unit))
        for bus in config.buses
        for unit in bus.units
        for p in unit.points
    ]
    traits = [p.traits for bus in config.buses for unit in bus.units for p in unit.points]
    of_buses = len(names)
    names += [field_name(a.id, f, source.name) for a in config.adapters for source in a.sources for f in source.fields]
    traits += [f.traits for a in config.adapters for source in a.sources for f in source.fields]
    of_drivers = len(names)
    names += self_names(config.own.facility) if config.own else []
    traits += [COMMON] * (len(names) - of_drivers)
    return Named(points=Points(names), traits=tuple(traits), of_buses=of_buses, of_drivers=of_drivers)


def prepare(spool: Spool, named: Named, *, retire: bool) -> SpoolState:
    """Give every point its alias, and tell the spool what it is worth.

    Args:
        spool: gives aliases.
        named: the points; their aliases are filled in.
        retire: forget the aliases of others, if nothing waits under them.
    """
    points = named.points
    by_device: dict[str, list[int]] = {}
    for row, name in enumerate(points.names):
        by_device.setdefault(name.device, []).append(row)
    for device, rows in by_device.items():
        metrics = [(points.names[row].metric, points.names[row].type, points.names[row].unit) for row in rows]
        points.alias[rows] = spool.aliases(device, metrics)
    if retire:
        spool.retire(points.alias.tolist())
    spool.value_points(dict(zip(points.alias.tolist(), named.traits, strict=True)))
    return spool.state()
