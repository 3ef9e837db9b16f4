"""Kits of a service centre: climate, power meter, thermostat, leak sensor, charging shed."""

from __future__ import annotations

from typing import Final

from firmware_sim.devices.base import setting
from firmware_sim.devices.climate import Bac002Aln, SenseAirS8, WirenBoardMsw4, XyMd02
from firmware_sim.devices.meters import EastronSdm630
from firmware_sim.devices.mqtt import TasmotaPlug, ZigbeeWaterLeak
from firmware_sim.kits.base import KitContext, Mapped, Plant
from firmware_sim.signals.base import ModelSignal, Signal
from firmware_sim.signals.climate import RoomAir
from firmware_sim.signals.diurnal import daily_course
from firmware_sim.signals.electric import ThreePhaseSupply

AIR_OPTIONS: Final = frozenset({"volume_m3", "supply_m3h", "seats"})


def _room(context: KitContext) -> RoomAir:
    return RoomAir(
        seed=context.own_seed("air"),
        volume_m3=context.number("volume_m3", 260),
        supply_m3h=context.number("supply_m3h", 500),
        seats=int(context.number("seats", 18)),
        crowd=context.incident("crowd"),
        warm=context.incident("heat"),
    )


def _air(room: RoomAir) -> dict[str, Signal]:
    outputs = {
        "temperature": ("Cel", room.temperature_cel),
        "humidity": ("%", room.humidity_pct),
        "co2": ("[ppm]", room.co2_ppm),
        "sound": ("dB[SPL]", room.sound_db),
        "light": ("lx", room.illuminance_lx),
        "motion": ("1", room.motion),
    }
    return {
        name: ModelSignal(unit=unit, model=room.MODEL, function=function, detail=room.detail)
        for name, (unit, function) in outputs.items()
    }


def air_wall_sensor(context: KitContext) -> Plant:
    """One wall sensor for everything."""
    air = _air(_room(context))
    device = f"{context.facility_id}-wall"
    sensor = WirenBoardMsw4(
        device_id=device,
        temperature=air["temperature"],
        humidity=air["humidity"],
        co2=air["co2"],
        sound_level=air["sound"],
        illuminance=air["light"],
        motion=air["motion"],
    )
    rows = (
        ("air_temp", "Cel", "temperature"),
        ("rh", "%", "humidity"),
        ("co2", "[ppm]", "co2"),
        ("noise", "dB[SPL]", "sound_level"),
        ("illuminance", "lx", "illuminance"),
    )
    return Plant(
        modbus=(sensor,),
        mapped=tuple(Mapped(measurement=m, unit=u, device_id=device, register=r) for m, u, r in rows),
    )


def air_two_sensors(context: KitContext) -> Plant:
    """A temperature and humidity sensor and a CO2 sensor."""
    air = _air(_room(context))
    climate, carbon = f"{context.facility_id}-climate", f"{context.facility_id}-co2"
    return Plant(
        modbus=(
            XyMd02(
                device_id=climate,
                temperature=air["temperature"],
                humidity=air["humidity"],
                address=context.first_unit,
            ),
            SenseAirS8(device_id=carbon, co2=air["co2"]),
        ),
        mapped=(
            Mapped(measurement="air_temp", unit="Cel", device_id=climate, register="temperature"),
            Mapped(measurement="rh", unit="%", device_id=climate, register="humidity"),
            Mapped(measurement="co2", unit="[ppm]", device_id=carbon, register="co2"),
        ),
    )


def three_phase_meter(context: KitContext) -> Plant:
    """A distribution board behind a three-phase meter."""
    peak = context.number("peak_h", 14)
    load = daily_course(
        context.own_seed("load"), 1000 * context.number("mean_kw", 9), peaks_h=(peak, 10.0), swing=0.5, ripple=0.2
    )
    supply = ThreePhaseSupply(
        seed=context.own_seed("supply"),
        start_s=context.start_s,
        load_w=load,
        phase_loss=context.incident("phase_loss"),
        outage=context.incident("outage"),
        overload=context.incident("overload"),
    )
    device = f"{context.facility_id}-meter"
    rows = (
        ("u_a", "V", "voltage_l1"),
        ("u_b", "V", "voltage_l2"),
        ("u_c", "V", "voltage_l3"),
        ("i_a", "A", "current_l1"),
        ("i_b", "A", "current_l2"),
        ("i_c", "A", "current_l3"),
        ("i_n", "A", "current_neutral"),
        ("p_total", "kW", "power_total"),
        ("pf_total", "1", "power_factor_total"),
        ("freq", "Hz", "frequency"),
        ("energy", "kW.h", "import_energy"),
        ("thd_u", "%", "thd_voltage_mean"),
    )
    return Plant(
        modbus=(EastronSdm630(device_id=device, supply=supply, address=context.first_unit),),
        mapped=tuple(
            Mapped(measurement=m, unit=u, device_id=device, register=r, scale=0.001 if m == "p_total" else 1.0)
            for m, u, r in rows
        ),
    )


def fan_coil(context: KitContext) -> Plant:
    """A fan-coil thermostat."""
    room = _room(context)
    device = f"{context.facility_id}-thermostat"

    def running(time_s: float) -> float:
        return float(room.temperature_cel(time_s) > 22.4)

    thermostat = Bac002Aln(
        device_id=device,
        on=ModelSignal(unit="1", model=room.MODEL, function=running, detail="on above 22.4 Cel"),
        room_temperature=_air(room)["temperature"],
        setpoint=setting(24.0, "Cel"),
    )
    return Plant(
        modbus=(thermostat,),
        mapped=(
            Mapped(measurement="room_temp", unit="Cel", device_id=device, register="room_temperature"),
            Mapped(measurement="setpoint", unit="Cel", device_id=device, register="setpoint"),
            Mapped(measurement="running", unit="1", device_id=device, register="on"),
        ),
    )


def leak_zigbee(context: KitContext) -> Plant:
    """A Zigbee leak sensor on the floor."""
    leak = context.incident("leak")

    def wet(time_s: float) -> float:
        return float(leak.active(time_s) is not None)

    def battery(time_s: float) -> float:
        return 96.0 - (time_s - context.start_s) / 86_400.0 * 0.05

    device = f"{context.facility_id}-sensor"
    sensor = ZigbeeWaterLeak(
        device_id=device,
        name=context.facility_id,
        bridge=context.community_id,
        leak=ModelSignal(unit="1", model="water on the floor", function=wet),
        battery=ModelSignal(unit="%", model="battery discharge", function=battery),
        interval_s=context.number("interval_s", 15),
    )
    return Plant(
        mqtt=(sensor,),
        mapped=(
            Mapped(measurement="leak", unit="1", device_id=device, register="water_leak", json_path="water_leak"),
            Mapped(measurement="battery", unit="%", device_id=device, register="battery", json_path="battery"),
        ),
    )


def charging_plug(context: KitContext) -> Plant:
    """The feed of an e-bike charging shed behind a metering plug."""
    course = daily_course(
        context.own_seed("load"), context.number("mean_w", 900), peaks_h=(21.0, 20.0), swing=0.55, ripple=0.3
    )
    supply = ThreePhaseSupply(
        seed=context.own_seed("grid"), start_s=context.start_s, load_w=course, shares=(1.0, 0.0, 0.0)
    )

    def model(unit: str, name: str) -> Signal:
        functions = {
            "power": supply.power_w,
            "voltage": lambda t: supply.voltage_v(0, t),
            "factor": supply.power_factor,
            "energy": supply.energy_kwh,
        }
        return ModelSignal(unit=unit, model=supply.MODEL, function=functions[name], detail=supply.detail)

    device = f"{context.facility_id}-plug"
    plug = TasmotaPlug(
        device_id=device,
        name=context.facility_id,
        power=model("W", "power"),
        voltage=model("V", "voltage"),
        factor=model("1", "factor"),
        energy=model("kW.h", "energy"),
        interval_s=context.number("interval_s", 10),
    )
    return Plant(
        mqtt=(plug,),
        mapped=(
            Mapped(measurement="power", unit="W", device_id=device, register="Power", json_path="ENERGY.Power"),
            Mapped(measurement="current", unit="A", device_id=device, register="Power", json_path="ENERGY.Current"),
        ),
    )
