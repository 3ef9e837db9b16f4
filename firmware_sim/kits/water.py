"""Kits of water: sewage pumps, drain wells, supply network, pump house."""

from __future__ import annotations

from typing import Final

from firmware_sim.devices.base import setting
from firmware_sim.devices.mqtt import MilesightEm310Udl
from firmware_sim.devices.process import InvtGd200a, Qdy30a, QdyUnit, Tuf2000m
from firmware_sim.kits.base import KitContext, Mapped, Plant, output
from firmware_sim.noise import uniform
from firmware_sim.signals.base import ConvertedSignal, ModelSignal, Signal
from firmware_sim.signals.diurnal import daily_course
from firmware_sim.signals.drainage import DrainWell
from firmware_sim.signals.recorded import WATER_FLOW, RecordedSignal
from firmware_sim.signals.sewage import SewageSump
from firmware_sim.signals.water import NetworkPoint, PumpHouse

SEWAGE_OPTIONS: Final = frozenset({"phase", "inflow_m3h", "pump_m3h"})
WELL_OPTIONS: Final = frozenset({"depth_m", "trickle_m", "rise_tau_s", "fall_tau_s"})

_RUNNING: Final = {1: 1, 2: 1, 3: 0, 4: 0, 5: 0}


def _transmitter(device_id: str, address: int, measured: Signal, unit: QdyUnit) -> Qdy30a:
    return Qdy30a(device_id=device_id, measured=measured, unit_code=unit, decimals=3, address=address)


def _transmitted(measurement: str, unit: str, device_id: str, *, scale: float = 1.0, offset: float = 0.0) -> Mapped:
    return Mapped(
        measurement=measurement,
        unit=unit,
        device_id=device_id,
        register="value",
        scale=scale,
        offset=offset,
        decimals_register="decimals",
    )


def sewage_drive(context: KitContext) -> Plant:
    """A lifting station: level transmitter and pump drive; floats and seal probe on the drive's terminals."""
    sump = SewageSump(
        seed=context.own_seed("sump"),
        start_s=context.start_s,
        phase=context.number("phase", uniform(context.own_seed("phase"), 0)),
        inflow_m3h=context.number("inflow_m3h", 28),
        pump_m3h=context.number("pump_m3h", 75),
        incidents=context.incidents,
    )
    level, drive = f"{context.facility_id}-level", f"{context.facility_id}-drive"
    return Plant(
        modbus=(
            _transmitter(level, context.first_unit, output(sump, "m", sump.level_m), QdyUnit.METRE),
            InvtGd200a(
                device_id=drive,
                state=output(sump, "1", sump.drive_state),
                fault_code=output(sump, "1", sump.fault_code),
                frequency=output(sump, "Hz", lambda t: 50.0 * (sump.drive_state(t) == 1.0)),
                current=output(sump, "A", sump.current_a),
                power=output(sump, "%", sump.power_pct),
                digital_inputs=output(sump, "1", sump.digital_inputs),
                pid_set=setting(0, "%"),
                pid_feedback=setting(0, "%"),
            ),
        ),
        mapped=(
            _transmitted("level", "m", level),
            Mapped(measurement="pump1_running", unit="1", device_id=drive, register="state", value_map=_RUNNING),
            Mapped(measurement="pump_current", unit="A", device_id=drive, register="output_current"),
            Mapped(measurement="pump_fault", unit="1", device_id=drive, register="fault_code"),
            Mapped(measurement="high_float", unit="1", device_id=drive, register="digital_inputs", bit=0),
            Mapped(measurement="seal_leak", unit="1", device_id=drive, register="digital_inputs", bit=1),
        ),
    )


def _well(context: KitContext) -> DrainWell:
    trickle = daily_course(
        context.own_seed("trickle"), context.number("trickle_m", 0.22), peaks_h=(9.0, 20.0), ripple=0.1
    )
    return DrainWell(
        seed=context.own_seed("well"),
        depth_m=context.number("depth_m", 2.4),
        trickle_m=trickle,
        storm=context.incident("storm"),
        rise_tau_s=context.number("rise_tau_s", 1500),
        fall_tau_s=context.number("fall_tau_s", 2400),
    )


def well_submersible(context: KitContext) -> Plant:
    """A well with a submersible level transmitter."""
    well = _well(context)
    device = f"{context.facility_id}-level"
    depth = well.depth_m
    return Plant(
        modbus=(_transmitter(device, context.first_unit, output(well, "m", well.level_m), QdyUnit.METRE),),
        mapped=(
            _transmitted("level", "m", device),
            _transmitted("freeboard", "m", device, scale=-1.0, offset=depth),
            _transmitted("fill_ratio", "%", device, scale=100.0 / depth),
        ),
    )


def well_lorawan(context: KitContext) -> Plant:
    """A well with a LoRaWAN distance sensor under its cover; level = depth - distance."""
    well = _well(context)
    device = f"{context.facility_id}-udl"
    application = f"{context.community_seed('application') & 0xFFFFFFFF:08x}-5d2e-4c1f-9b3a-000000000001"

    def battery(time_s: float) -> float:
        return 92.0 - (time_s - context.start_s) / 86_400.0 * 0.03

    sensor = MilesightEm310Udl(
        device_id=device,
        application_id=application,
        dev_eui=f"24e124{context.own_seed('eui') & 0xFFFFFFFFFF:010x}",
        distance=output(well, "mm", well.distance_mm),
        battery=ModelSignal(unit="%", model="battery discharge", function=battery),
        tilted=setting(0),
        interval_s=context.number("interval_s", 15),
        seed=context.seed,
    )
    depth = well.depth_m
    rows = (
        ("level", "m", -0.001, depth),
        ("freeboard", "m", 0.001, 0.0),
        ("fill_ratio", "%", -0.1 / depth, 100.0),
    )
    return Plant(
        mqtt=(sensor,),
        mapped=tuple(
            Mapped(
                measurement=m,
                unit=u,
                device_id=device,
                register="distance",
                json_path="object.distance",
                scale=scale,
                offset=offset,
            )
            for m, u, scale, offset in rows
        ),
    )


def _network(context: KitContext) -> NetworkPoint:
    demand = daily_course(
        context.own_seed("demand"), context.number("demand_m3h", 24), peaks_h=(19.0, 7.5), swing=0.45, ripple=0.12
    )
    return NetworkPoint(
        seed=context.own_seed("network"), start_s=context.start_s, demand_m3h=demand, burst=context.incident("burst")
    )


def network_point(context: KitContext) -> Plant:
    """A pressure transmitter and a clamp-on flow meter at a network point."""
    point = _network(context)
    pressure, meter = f"{context.facility_id}-pressure", f"{context.facility_id}-flow"
    return Plant(
        modbus=(
            _transmitter(pressure, context.first_unit, output(point, "MPa", point.pressure_mpa), QdyUnit.MPA),
            Tuf2000m(
                device_id=meter,
                flow=output(point, "m3/h", point.flow_m3h),
                volume=output(point, "m3", point.volume_m3),
            ),
        ),
        mapped=(
            _transmitted("pressure", "MPa", pressure),
            Mapped(measurement="flow", unit="m3/h", device_id=meter, register="flow"),
            Mapped(measurement="volume", unit="m3", device_id=meter, register="positive_total"),
        ),
    )


def network_trunk(context: KitContext) -> Plant:
    """A trunk main: its flow is a recording of a pipeline branch, its pressure a model."""
    point = _network(context)
    recorded = RecordedSignal(
        data_set=WATER_FLOW,
        start_s=context.start_s,
        playback_speed=context.number("playback_speed", 1),
        max_hold_s=4 * 3600.0,
    )
    flow = ConvertedSignal(unit="m3/h", of=recorded, factor=3.6, reason="exact")
    pressure, meter = f"{context.facility_id}-pressure", f"{context.facility_id}-flow"
    return Plant(
        modbus=(
            _transmitter(pressure, context.first_unit, output(point, "MPa", point.pressure_mpa), QdyUnit.MPA),
            Tuf2000m(device_id=meter, flow=flow, volume=setting(0.0, "m3")),
        ),
        mapped=(
            _transmitted("pressure", "MPa", pressure),
            Mapped(measurement="flow", unit="m3/h", device_id=meter, register="flow"),
        ),
    )


def pump_house(context: KitContext) -> Plant:
    """A booster pump house: pressure before and after, tank level, drive, flow meter."""
    house = PumpHouse(
        seed=context.own_seed("house"), network=_network(context), drive_trip=context.incident("drive_trip")
    )
    inlet, outlet = f"{context.facility_id}-inlet", f"{context.facility_id}-outlet"
    tank, drive, meter = f"{context.facility_id}-tank", f"{context.facility_id}-drive", f"{context.facility_id}-flow"
    unit = context.first_unit
    return Plant(
        modbus=(
            _transmitter(inlet, unit, output(house, "MPa", house.inlet_mpa), QdyUnit.MPA),
            _transmitter(outlet, unit + 1, output(house, "MPa", house.outlet_mpa), QdyUnit.MPA),
            _transmitter(tank, unit + 2, output(house, "m", house.tank_level_m), QdyUnit.METRE),
            InvtGd200a(
                device_id=drive,
                state=output(house, "1", house.drive_state),
                fault_code=output(house, "1", house.fault_code),
                frequency=output(house, "Hz", house.frequency_hz),
                current=output(house, "A", house.current_a),
                power=output(house, "%", house.power_pct),
                digital_inputs=setting(0),
                pid_set=output(house, "%", house.pid_set_pct),
                pid_feedback=output(house, "%", house.pid_feedback_pct),
            ),
            Tuf2000m(
                device_id=meter,
                flow=output(house, "m3/h", house.flow_m3h),
                volume=output(house, "m3", house.volume_m3),
            ),
        ),
        mapped=(
            _transmitted("inlet_pressure", "MPa", inlet),
            _transmitted("outlet_pressure", "MPa", outlet),
            _transmitted("tank_level", "m", tank),
            Mapped(measurement="pump_running", unit="1", device_id=drive, register="state", value_map=_RUNNING),
            Mapped(measurement="pump_freq", unit="Hz", device_id=drive, register="running_frequency"),
            Mapped(measurement="pump_current", unit="A", device_id=drive, register="output_current"),
            Mapped(measurement="vfd_fault", unit="1", device_id=drive, register="fault_code"),
            Mapped(
                measurement="pressure_set",
                unit="MPa",
                device_id=drive,
                register="pid_set",
                scale=house.sensor_span_mpa / 100,
            ),
            Mapped(measurement="flow", unit="m3/h", device_id=meter, register="flow"),
        ),
    )
