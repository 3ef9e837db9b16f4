"""The city: one plan, from which come the devices that are served and the description of what they measure.

`read_city` (in `firmware_sim.plan`) reads communities and facilities, `build_city` puts the devices of each facility on
its community's serial line or MQTT clients, and `SimulatedCity.description` says, in plain frozen values, which
register or payload field gives which measurement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware_sim.description import (
    CityDescription,
    CommunityDescription,
    FacilityDescription,
    ModbusDeviceDescription,
    ModbusLineDescription,
    ModbusSource,
    MqttDeviceDescription,
    MqttSource,
    PointDescription,
)
from firmware_sim.devices.base import ModbusDevice
from firmware_sim.devices.mqtt import MqttDevice
from firmware_sim.incidents import Incident
from firmware_sim.kits import KITS
from firmware_sim.kits.base import KitContext, Mapped, Plant
from firmware_sim.modbus.server import SerialBus
from firmware_sim.plan import DEMO_CITY, City, CityError, Community, Facility, read_city
from firmware_sim.script import ScriptTargets
from firmware_sim.signals.recorded import DATA_SETS, RecordedSignal, recording_of
from firmware_sim.signals.windows import Schedule

_TURNAROUND_S: Final = 0.005


@dataclass(frozen=True, kw_only=True)
class BuiltLine:
    """A serial line of a community with its units."""

    line_id: str
    units: Mapping[int, ModbusDevice]
    bus: SerialBus


@dataclass(frozen=True, kw_only=True)
class SimulatedCity:
    """A plan with its devices.

    Attributes:
        plan: what was built.
        lines: one Modbus line per community, in the plan's order.
        mqtt_devices: all devices that publish.
        plants: devices and mapped measurements by facility id.
    """

    plan: City
    lines: tuple[BuiltLine, ...]
    mqtt_devices: tuple[MqttDevice, ...]
    plants: Mapping[str, Plant]

    def script_targets(self) -> ScriptTargets:
        """What a fault script may name."""
        devices: dict[str, list[str]] = {}
        for line in self.lines:
            devices |= {d.device_id: [r.name for r in d.PRODUCT.registers] for d in line.units.values()}
        devices |= {d.device_id: list(d.fields()) for d in self.mqtt_devices}
        facilities = {f.id: f.class_id for c in self.plan.communities for f in c.facilities}
        return ScriptTargets(
            facilities=facilities,
            communities={f.id: c.id for c in self.plan.communities for f in c.facilities},
            devices=devices,
            mqtt_devices=frozenset(d.device_id for d in self.mqtt_devices),
            lines=[line.line_id for line in self.lines],
        )

    def recordings(self) -> dict[str, RecordedSignal]:
        """The recordings that are played, by `device/register`."""
        found: dict[str, RecordedSignal] = {}
        for device in (d for line in self.lines for d in line.units.values()):
            for register, signal in device.signals().items():
                played = recording_of(signal)
                if played is not None:
                    found[f"{device.device_id}/{register}"] = played
        return found

    def description(self, *, host: str = "127.0.0.1", port_base: int = 5020) -> CityDescription:
        """What is served where; ports count up from `port_base` in the plan's order."""
        communities = tuple(
            self._describe(c, line, host, port_base + i)
            for i, (c, line) in enumerate(zip(self.plan.communities, self.lines, strict=True))
        )
        return CityDescription(
            id=self.plan.id, name_zh=self.plan.name_zh, name_en=self.plan.name_en, communities=communities
        )

    def _describe(self, community: Community, line: BuiltLine, host: str, port: int) -> CommunityDescription:
        unit_of = {device.device_id: unit for unit, device in line.units.items()}
        ids = {f.id for f in community.facilities}
        mqtt = [d for fid in ids for d in self.plants[fid].mqtt]
        return CommunityDescription(
            id=community.id,
            name_zh=community.name_zh,
            name_en=community.name_en,
            centre_zh=community.centre_zh,
            centre_en=community.centre_en,
            gateway=community.gateway,
            boundary=community.boundary,
            modbus_line=ModbusLineDescription(
                id=line.line_id,
                host=host,
                port=port,
                baud=line.bus.baud,
                devices=tuple(_describe_unit(unit, d) for unit, d in sorted(line.units.items())),
            ),
            mqtt_devices=tuple(_describe_publisher(d) for d in sorted(mqtt, key=lambda d: d.device_id)),
            facilities=tuple(_describe_facility(f, self.plants[f.id], unit_of) for f in community.facilities),
        )


def build_city(plan: City, *, start_s: float, seed: int, incidents: Sequence[Incident] = ()) -> SimulatedCity:
    """Puts the devices of every facility in place.

    Args:
        plan: what stands where.
        start_s: simulated time of the start, s since 1970 UTC.
        seed: fixes everything random.
        incidents: what happens.

    Raises:
        CityError: every mistake of the plan, one line each.
    """
    _check(plan)
    happening: dict[str, dict[str, Schedule]] = {}
    for incident in incidents:
        happening.setdefault(incident.facility, {})[incident.kind] = incident.when
    lines: list[BuiltLine] = []
    publishers: list[MqttDevice] = []
    plants: dict[str, Plant] = {}
    for community in plan.communities:
        units: dict[int, ModbusDevice] = {}
        for facility in community.facilities:
            context = KitContext(
                facility_id=facility.id,
                community_id=community.id,
                seed=seed,
                start_s=start_s,
                first_unit=len(units) + 1,
                options=facility.options,
                incidents=happening.get(facility.id, {}),
            )
            try:
                plant = KITS[facility.kit].build(context)
            except ValueError as error:
                raise CityError(f"{facility.id}: {error}") from None
            plants[facility.id] = plant
            units |= {context.first_unit + i: device for i, device in enumerate(plant.modbus)}
            publishers += plant.mqtt
        bus = SerialBus(baud=community.baud, turnaround_s=_TURNAROUND_S)
        lines.append(BuiltLine(line_id=f"{community.id}-bus", units=units, bus=bus))
    return SimulatedCity(plan=plan, lines=tuple(lines), mqtt_devices=tuple(publishers), plants=plants)


def _check(plan: City) -> None:
    problems: list[str] = []
    seen: set[str] = set()
    for facility in (f for c in plan.communities for f in c.facilities):
        if facility.id in seen:
            problems.append(f"{facility.id}: this id is taken")
        seen.add(facility.id)
        kit = KITS.get(facility.kit)
        if kit is None:
            problems.append(f"{facility.id}: unknown kit {facility.kit!r}; known: {', '.join(sorted(KITS))}")
            continue
        if kit.class_id != facility.class_id:
            problems.append(f"{facility.id}: kit {facility.kit} is for {kit.class_id}, not {facility.class_id}")
        for name in sorted(set(facility.options) - kit.options):
            allowed = ", ".join(sorted(kit.options)) or "none"
            problems.append(f"{facility.id}: unknown option {name!r}; options of {facility.kit}: {allowed}")
        for name, value in facility.options.items():
            if name != "recording" and (isinstance(value, bool) or not isinstance(value, int | float)):
                problems.append(f"{facility.id}: option {name} must be a number, not {value!r}")
        recording = facility.options.get("recording")
        if "recording" in kit.options and recording not in DATA_SETS:
            problems.append(f"{facility.id}: option recording must be one of {', '.join(sorted(DATA_SETS))}")
    if problems:
        raise CityError("\n".join(problems))


def _describe_unit(unit: int, device: ModbusDevice) -> ModbusDeviceDescription:
    product = device.PRODUCT
    return ModbusDeviceDescription(
        id=device.device_id,
        unit_id=unit,
        product=product.key,
        maker=product.maker,
        model=product.model,
        max_registers=product.max_registers,
        note=product.note,
    )


def _describe_publisher(device: MqttDevice) -> MqttDeviceDescription:
    product = device.PRODUCT
    births = device.birth()
    return MqttDeviceDescription(
        id=device.device_id,
        product=product.key,
        maker=product.maker,
        model=product.model,
        topic=device.topic,
        interval_s=device.interval_s,
        availability_topic=births[0].topic if births else None,
        available_payload=births[0].payload if births else None,
    )


def _describe_facility(facility: Facility, plant: Plant, unit_of: Mapping[str, int]) -> FacilityDescription:
    modbus = {d.device_id: d for d in plant.modbus}
    mqtt = {d.device_id: d for d in plant.mqtt}
    points = []
    for mapped in plant.mapped:
        if mapped.device_id in modbus:
            device = modbus[mapped.device_id]
            source: ModbusSource | MqttSource = _modbus_source(mapped, device, unit_of[mapped.device_id])
            signal = device.signals()[mapped.register]
        else:
            publisher = mqtt[mapped.device_id]
            signal = publisher.fields()[mapped.register]
            source = _mqtt_source(mapped, publisher, signal.unit)
        points.append(
            PointDescription(
                id=f"{facility.id}.{mapped.measurement}",
                measurement=mapped.measurement,
                unit=mapped.unit,
                source=source,
                provenance=signal.provenance,
            )
        )
    return FacilityDescription(
        id=facility.id,
        class_id=facility.class_id,
        name_zh=facility.name_zh,
        name_en=facility.name_en,
        place_zh=facility.place_zh,
        place_en=facility.place_en,
        lon=facility.lon,
        lat=facility.lat,
        points=tuple(points),
        parent=facility.parent,
    )


def _modbus_source(mapped: Mapped, device: ModbusDevice, unit: int) -> ModbusSource:
    register = device.PRODUCT.register(mapped.register)
    decimals = device.PRODUCT.register(mapped.decimals_register) if mapped.decimals_register else None
    return ModbusSource(
        protocol="modbus",
        device=device.device_id,
        unit_id=unit,
        register=register.name,
        function_code=int(register.table),
        address=register.address,
        data_type=register.data_type.value,
        word_order=register.word_order.value,
        raw_scale=register.scale,
        raw_unit=register.unit,
        invalid_raw=register.invalid,
        decimals_address=decimals.address if decimals else None,
        bit=mapped.bit,
        value_map=mapped.value_map,
        scale=mapped.scale,
        offset=mapped.offset,
    )


def _mqtt_source(mapped: Mapped, device: MqttDevice, unit: str) -> MqttSource:
    return MqttSource(
        protocol="mqtt",
        device=device.device_id,
        topic=device.topic,
        json_path=mapped.json_path,
        raw_unit=unit,
        value_map=mapped.value_map,
        scale=mapped.scale,
        offset=mapped.offset,
    )


def describe(
    path: Path = DEMO_CITY, *, host: str = "127.0.0.1", port_base: int = 5020, seed: int = 1
) -> CityDescription:
    """The description of a city file, without serving anything."""
    return build_city(read_city(path), start_s=0.0, seed=seed).description(host=host, port_base=port_base)
