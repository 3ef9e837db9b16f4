"""How each product of a bus gets its signals: a model with a seed of its own, or a constant that is documented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from firmware_sim.devices import building, climate, generic, meters, process, single_phase, three_phase
from firmware_sim.devices.base import ModbusDevice, setting
from firmware_sim.kits.base import Model, output
from firmware_sim.noise import derive_seed
from firmware_sim.signals.base import ConvertedSignal, ModelSignal, Signal
from firmware_sim.signals.climate import OutdoorAir, RoomAir
from firmware_sim.signals.cold_room import ColdRoom
from firmware_sim.signals.diurnal import daily_course
from firmware_sim.signals.electric import ThreePhaseSupply
from firmware_sim.signals.structure import OldHouse
from firmware_sim.signals.water import NetworkPoint, PumpHouse

_FAN_ENERGY_KW: Final = 0.9


@dataclass(frozen=True, kw_only=True)
class BusKit:
    """What a device of a bus is made from.

    Attributes:
        unit_id: its address.
        seed: its own.
        start_s: simulated start of the run.
        options: numbers from the plan: `load_w`, `mean_m3h`, `mean_cel`, `volume_m3`, `setpoint_cel`.
    """

    unit_id: int
    seed: int
    start_s: float
    options: Mapping[str, Any]

    @property
    def device_id(self) -> str:
        """Name in logs."""
        return f"unit-{self.unit_id}"

    def option(self, name: str, default: float) -> float:
        """A numeric option."""
        return float(self.options.get(name, default))

    def supply(self, *, single: bool) -> ThreePhaseSupply:
        """A supply with a load of its own."""
        mean_w = self.option("load_w", 900.0 if single else 9_000.0)
        course = daily_course(derive_seed(self.seed, "load"), mean_w, peaks_h=(19.0, 8.0))
        shares = (1.0, 0.0, 0.0) if single else (0.36, 0.33, 0.31)
        start_kwh = 500.0 + self.seed % 9000
        return ThreePhaseSupply(
            seed=self.seed, start_s=self.start_s, load_w=course, shares=shares, energy_start_kwh=start_kwh
        )

    def room(self) -> RoomAir:
        """A room with people of its own."""
        return RoomAir(seed=self.seed, volume_m3=self.option("volume_m3", 260.0))

    def air(self) -> OutdoorAir:
        """Air outside."""
        return OutdoorAir(seed=self.seed, mean_cel=self.option("mean_cel", 16.0))

    def network(self) -> NetworkPoint:
        """A point of the water network."""
        course = daily_course(
            derive_seed(self.seed, "demand"), self.option("mean_m3h", 18.0), peaks_h=(20.0, 7.5), swing=0.5
        )
        return NetworkPoint(seed=self.seed, start_s=self.start_s, demand_m3h=course)

    def pump(self) -> PumpHouse:
        """A pump house on such a point."""
        return PumpHouse(seed=self.seed, network=self.network())


def _sdm630(kit: BusKit) -> ModbusDevice:
    return meters.EastronSdm630(device_id=kit.device_id, supply=kit.supply(single=False), address=kit.unit_id)


def _sdm120(kit: BusKit) -> ModbusDevice:
    return single_phase.EastronSdm120(device_id=kit.device_id, supply=kit.supply(single=True), address=kit.unit_id)


def _pzem(kit: BusKit) -> ModbusDevice:
    return single_phase.Pzem016(device_id=kit.device_id, supply=kit.supply(single=True))


def _dtsu666(kit: BusKit) -> ModbusDevice:
    return three_phase.ChintDtsu666(device_id=kit.device_id, supply=kit.supply(single=False))


def _adw300(kit: BusKit) -> ModbusDevice:
    return three_phase.AcrelAdw300(device_id=kit.device_id, supply=kit.supply(single=False))


def _iem3000(kit: BusKit) -> ModbusDevice:
    return three_phase.SchneiderIem3000(device_id=kit.device_id, supply=kit.supply(single=False))


def _em24(kit: BusKit) -> ModbusDevice:
    return three_phase.CarloGavazziEm24(device_id=kit.device_id, supply=kit.supply(single=False))


def _abb(kit: BusKit) -> ModbusDevice:
    """Connected to one phase only and without export: what is not there shows its code."""
    absent = {
        f"{name}_l{n}" for name in ("voltage", "current", "power", "import_energy", "power_factor") for n in (2, 3)
    }
    absent |= {"export_energy", "export_energy_l1", "export_energy_l2", "export_energy_l3"}
    return three_phase.AbbB23(device_id=kit.device_id, supply=kit.supply(single=True), absent=frozenset(absent))


def _xy_md02(kit: BusKit) -> ModbusDevice:
    room = kit.room()
    return climate.XyMd02(
        device_id=kit.device_id,
        temperature=output(room, "Cel", room.temperature_cel),
        humidity=output(room, "%", room.humidity_pct),
        address=kit.unit_id,
    )


def _rs_ws_n01(kit: BusKit) -> ModbusDevice:
    room = kit.room()
    return building.RenkeRsWsN01(
        device_id=kit.device_id,
        temperature=output(room, "Cel", room.temperature_cel),
        humidity=output(room, "%", room.humidity_pct),
        address=kit.unit_id,
    )


def _senseair(kit: BusKit) -> ModbusDevice:
    room = kit.room()
    return climate.SenseAirS8(device_id=kit.device_id, co2=output(room, "[ppm]", room.co2_ppm))


def _msw(kit: BusKit) -> ModbusDevice:
    room = kit.room()
    return climate.WirenBoardMsw4(
        device_id=kit.device_id,
        temperature=output(room, "Cel", room.temperature_cel),
        humidity=output(room, "%", room.humidity_pct),
        co2=output(room, "[ppm]", room.co2_ppm),
        sound_level=output(room, "dB[SPL]", room.sound_db),
        illuminance=output(room, "lx", room.illuminance_lx),
        motion=output(room, "1", room.motion),
    )


def _bac(kit: BusKit) -> ModbusDevice:
    room = kit.room()
    return climate.Bac002Aln(
        device_id=kit.device_id,
        on=setting(1),
        room_temperature=output(room, "Cel", room.temperature_cel),
        setpoint=setting(kit.option("setpoint_cel", 24.0), "Cel"),
    )


def _sokol(kit: BusKit) -> ModbusDevice:
    air = kit.air()
    return climate.SokolM(
        device_id=kit.device_id,
        temperature=output(air, "Cel", air.temperature_cel),
        pressure=output(air, "hPa", air.pressure_hpa),
        humidity=output(air, "%", air.humidity_pct),
        wind_speed=output(air, "m/s", air.wind_speed_ms),
        wind_direction=output(air, "deg", air.wind_direction_deg),
        precipitation_rate=output(air, "mm/h", air.rain_mm_per_h),
    )


def _qdy30a(kit: BusKit) -> ModbusDevice:
    pump = kit.pump()
    return process.Qdy30a(
        device_id=kit.device_id,
        measured=output(pump, "m", pump.tank_level_m),
        unit_code=process.QdyUnit.METRE,
        address=kit.unit_id,
    )


def _gd200a(kit: BusKit) -> ModbusDevice:
    pump = kit.pump()
    return process.InvtGd200a(
        device_id=kit.device_id,
        state=output(pump, "1", pump.drive_state),
        fault_code=output(pump, "1", pump.fault_code),
        frequency=output(pump, "Hz", pump.frequency_hz),
        current=output(pump, "A", pump.current_a),
        power=output(pump, "%", pump.power_pct),
        digital_inputs=setting(0),
        pid_set=output(pump, "%", pump.pid_set_pct),
        pid_feedback=output(pump, "%", pump.pid_feedback_pct),
    )


def _inclinometer(kit: BusKit) -> ModbusDevice:
    house = OldHouse(seed=kit.seed, start_s=kit.start_s, air=kit.air())
    return process.DualAxisInclinometer(
        device_id=kit.device_id,
        angle_x=output(house, "deg", house.angle_x_deg),
        angle_y=output(house, "deg", house.angle_y_deg),
    )


def _tuf2000m(kit: BusKit) -> ModbusDevice:
    network = kit.network()
    return process.Tuf2000m(
        device_id=kit.device_id,
        flow=output(network, "m3/h", network.flow_m3h),
        volume=output(network, "m3", network.volume_m3),
    )


def _fc51(kit: BusKit) -> ModbusDevice:
    pump = kit.pump()
    hours = ModelSignal(
        unit="h",
        model="hour counter",
        function=lambda t: 1200 + kit.seed % 5000 + (t - kit.start_s) / 3600,
        detail="runs all the time",
    )
    return building.DanfossFc51(
        device_id=kit.device_id,
        frequency=output(pump, "Hz", pump.frequency_hz),
        current=ConvertedSignal(unit="A", of=output(pump, "A", pump.current_a), factor=0.2, reason="a small fan"),
        running_hours=hours,
        energy=ConvertedSignal(unit="kW.h", of=hours, factor=_FAN_ENERGY_KW, reason="mean power 0.9 kW"),
    )


def _ir33(kit: BusKit) -> ModbusDevice:
    room = ColdRoom(seed=kit.seed, setpoint_cel=kit.option("setpoint_cel", 4.0))

    def signal(unit: str, function: Callable[[float], float]) -> Signal:
        model: Model = room
        return output(model, unit, function)

    return building.CarelIr33(
        device_id=kit.device_id,
        room=signal("Cel", room.room_cel),
        evaporator=signal("Cel", room.evaporator_cel),
        compressor=signal("1", room.compressor),
        high=signal("1", room.too_warm),
        setpoint=room.setpoint_cel,
    )


def _analog_inputs(kit: BusKit) -> ModbusDevice:
    pump = kit.pump()
    return generic.AnalogInputs(device_id=kit.device_id, measured=output(pump, "MPa", pump.outlet_mpa), span=1.6)


BUS_KITS: Final[Mapping[str, Callable[[BusKit], ModbusDevice]]] = {
    "abb-b-series": _abb,
    "acrel-adw300": _adw300,
    "bac-002aln": _bac,
    "carel-ir33": _ir33,
    "carlo-gavazzi-em24": _em24,
    "chint-dtsu666": _dtsu666,
    "danfoss-fc51": _fc51,
    "dual-axis-inclinometer": _inclinometer,
    "eastron-sdm120": _sdm120,
    "eastron-sdm630": _sdm630,
    "generic-ai4": _analog_inputs,
    "invt-gd200a": _gd200a,
    "pzem-016": _pzem,
    "qdy30a": _qdy30a,
    "renke-rs-ws-n01": _rs_ws_n01,
    "schneider-iem3000": _iem3000,
    "senseair-s8": _senseair,
    "sokol-m": _sokol,
    "tuf-2000m": _tuf2000m,
    "wirenboard-msw-v4": _msw,
    "xy-md02": _xy_md02,
}
