"""Kits of buildings and streets: lifts, old houses, weather."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from firmware_sim.devices.climate import SokolM
from firmware_sim.devices.generic import AnalogInputs, LiftStatusModule
from firmware_sim.devices.process import DualAxisInclinometer
from firmware_sim.kits.base import KitContext, Mapped, Plant, output
from firmware_sim.signals.base import ModelSignal, Signal
from firmware_sim.signals.climate import OutdoorAir
from firmware_sim.signals.lift import LiftCar
from firmware_sim.signals.recorded import DATA_SETS, RecordedSignal
from firmware_sim.signals.structure import OldHouse

_PERMILLE_PER_DEG: Final = 1000 * math.pi / 180
_CRACK_SPAN_MM: Final = 10.0
_STATION_HOLD_S: Final = 8 * 3600.0


def lift_status(context: KitContext) -> Plant:
    """A generic status module on a lift controller."""
    lift = LiftCar(
        seed=context.own_seed("trips"),
        start_s=context.start_s,
        floors=int(context.number("floors", 11)),
        incidents=context.incidents,
    )
    device = f"{context.facility_id}-module"
    rows: tuple[tuple[str, str, str, Callable[[float], float]], ...] = (
        ("floor", "1", "floor", lift.floor),
        ("speed", "m/s", "speed", lift.speed_ms),
        ("door_open", "1", "door_open", lift.door_open),
        ("in_door_zone", "1", "in_door_zone", lift.in_door_zone),
        ("has_people", "1", "has_people", lift.has_people),
        ("moving", "1", "moving", lift.moving),
        ("maintenance", "1", "maintenance", lift.maintenance),
        ("mains", "1", "mains", lift.mains),
        ("fault_code", "1", "fault_code", lift.fault_code),
        ("alarm_button", "1", "alarm_button", lift.alarm_button),
        ("door_cycles", "1", "door_cycles", lift.door_cycles),
        ("machine_room_temp", "Cel", "machine_room_temperature", lift.machine_room_cel),
    )
    inputs = {register: output(lift, unit, function) for _, unit, register, function in rows}
    return Plant(
        modbus=(LiftStatusModule(device_id=device, inputs=inputs),),
        mapped=tuple(Mapped(measurement=m, unit=u, device_id=device, register=r) for m, u, r, _ in rows),
    )


def _outdoor(context: KitContext) -> OutdoorAir:
    return OutdoorAir(seed=context.community_seed("outdoor"), storm=context.incident("storm"))


def house_tilt_crack(context: KitContext) -> Plant:
    """An inclinometer on the wall and a crack gauge on a loop current module."""
    house = OldHouse(
        seed=context.own_seed("house"),
        start_s=context.start_s,
        air=_outdoor(context),
        tilt_x_deg=context.number("tilt_deg", 0.12),
        crack_mm=context.number("crack_mm", 0.22),
        movement=context.incident("movement"),
    )
    tilt, crack = f"{context.facility_id}-tilt", f"{context.facility_id}-crack"
    return Plant(
        modbus=(
            DualAxisInclinometer(
                device_id=tilt,
                angle_x=output(house, "deg", house.angle_x_deg),
                angle_y=output(house, "deg", house.angle_y_deg),
            ),
            AnalogInputs(device_id=crack, measured=output(house, "mm", house.crack_width_mm), span=_CRACK_SPAN_MM),
        ),
        mapped=(
            Mapped(
                measurement="tilt_permille",
                unit="[ppth]",
                device_id=tilt,
                register="angle_x",
                scale=_PERMILLE_PER_DEG,
            ),
            Mapped(
                measurement="crack_width",
                unit="mm",
                device_id=crack,
                register="current_1",
                scale=_CRACK_SPAN_MM / 16,
                offset=-_CRACK_SPAN_MM / 4,
            ),
        ),
    )


def weather_station(context: KitContext) -> Plant:
    """A weather station: its temperature is a recording, the rest a model."""
    outdoor = _outdoor(context)
    temperature = RecordedSignal(
        data_set=DATA_SETS[str(context.options["recording"])],
        start_s=context.start_s,
        playback_speed=context.number("playback_speed", 1),
        max_hold_s=_STATION_HOLD_S,
    )

    def model(unit: str, function: Callable[[float], float]) -> Signal:
        return ModelSignal(unit=unit, model=outdoor.MODEL, function=function)

    device = f"{context.facility_id}-station"
    station = SokolM(
        device_id=device,
        temperature=temperature,
        pressure=model("hPa", outdoor.pressure_hpa),
        humidity=model("%", outdoor.humidity_pct),
        wind_speed=model("m/s", outdoor.wind_speed_ms),
        wind_direction=model("deg", outdoor.wind_direction_deg),
        precipitation_rate=model("mm/h", outdoor.rain_mm_per_h),
    )
    rows = (
        ("air_temp", "Cel", "temperature"),
        ("rh", "%", "humidity"),
        ("pressure", "hPa", "pressure"),
        ("wind_speed", "m/s", "wind_speed"),
        ("wind_dir", "deg", "wind_direction"),
    )
    return Plant(
        modbus=(station,),
        mapped=tuple(Mapped(measurement=m, unit=u, device_id=device, register=r) for m, u, r in rows),
    )
