"""The bus as data: the plant room that is shipped, clones and variants, displays, and files with mistakes."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from firmware_sim.clock import ManualClock
from firmware_sim.devices import building, climate, process, single_phase, three_phase
from firmware_sim.encoding import DataType, WordOrder
from firmware_sim.modbus.answer import answer_pdu
from firmware_sim.modbus.register_map import Identification, Product, Register, Table
from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.control import Action, ActionError, read_timetable
from firmware_sim.serial_bus.display import NO_VALUE, display_of, displays
from firmware_sim.serial_bus.kits import BUS_KITS
from firmware_sim.serial_bus.plan import PLANT_ROOM, BusPlanError, build_bus, read_bus
from firmware_sim.serial_bus.report import bus_description, unit_lines
from firmware_sim.serial_bus.unit import BusUnit, ProductInstrument
from firmware_sim.serial_bus.variants import filled, reordered, rescaled, shifted

NOON_MS = 1_780_286_400_000


def plant_room(seed: int = 1) -> Bus:
    return build_bus(read_bus(PLANT_ROOM), ManualClock(start_ms=NOON_MS), seed=seed)


def asked(unit: BusUnit, function: int, address: int, count: int, time_s: float = NOON_MS / 1000) -> bytes:
    return unit.instrument.answer(struct.pack(">BHH", function, address, count), time_s, {})


def values(**by_name: float) -> Callable[[Register], float]:
    return lambda register: by_name.get(register.name, 0.0)


def read(function: int, address: int, count: int) -> bytes:
    return struct.pack(">BHH", function, address, count)


def test_the_plant_room_is_what_it_is_said_to_be() -> None:
    """32 units of at least 12 products, three dead, one slow, one with holes, three that differ from their label."""
    plan = read_bus(PLANT_ROOM)
    bus = plant_room()
    assert (len(plan.units), plan.line.text) == (32, "9600 8N1")
    assert len({u.product for u in plan.units}) >= 12
    assert sum(u.faults.dead for u in bus.units) == 3
    assert sum(u.faults.delay_s > 1 for u in bus.units) == 1
    assert sum(bool(u.holes) for u in plan.units) == 1
    assert [u.unit_id for u in plan.units if u.words] == [7]
    assert [u.unit_id for u in plan.units if u.shift] == [14]
    assert [u.unit_id for u in plan.units if u.scale != 1] == [23]
    assert all(u.place_zh and u.place_en for u in plan.units)


@pytest.mark.parametrize("key", sorted(BUS_KITS))
def test_every_product_answers_its_whole_map(key: str) -> None:
    """Every register of every product of the bus can be read by itself, and every product has a display."""
    plan = read_bus(PLANT_ROOM)
    unit_id = next(u.unit_id for u in plan.units if u.product == key and not (u.words or u.shift or u.holes))
    unit = plant_room().unit(unit_id)
    assert isinstance(unit.instrument, ProductInstrument)
    assert unit.instrument.product.key == key
    for register in unit.instrument.product.registers:
        answer = asked(unit, register.table, register.address, register.width)
        assert answer[0] == register.table, register.name
    assert displays()[key]["shows"]


@pytest.mark.parametrize(
    ("product", "request_pdu", "shown", "answer"),
    [
        # the wire sample quoted in esphome's pzemac: 225.7 V, 0.108 A, 24.4 W, 38 Wh, 50.0 Hz, 1.00
        (
            single_phase.PZEM_016,
            read(4, 0, 10),
            {
                "voltage": 225.7,
                "current": 0.108,
                "power": 24.4,
                "energy": 38,
                "frequency": 50.0,
                "power_factor": 1.0,
            },
            "041408d1006c000000f400000026000001f400640000",
        ),
        (single_phase.PZEM_016, read(4, 5, 2), {"energy": 123_456}, "0404e2400001"),
        (single_phase.SDM120, read(4, 0, 2), {"voltage": 230.5}, "040443668000"),
        (three_phase.DTSU666, read(3, 0x2006, 2), {"voltage_l1": 23.05}, "030443668000"),
        (three_phase.ADW300, read(3, 30, 2), {"power_l1": -12345}, "0304ffffcfc7"),
        (three_phase.IEM3000, read(3, 0x0C83, 4), {"import_energy": 123.456}, "0308000000000001e240"),
        (
            three_phase.ABB_B23,
            read(3, 0x5B00, 4),
            {"voltage_l1": 230.5, "voltage_l2": math.nan},
            "030800000901ffffffff",
        ),
        (three_phase.ABB_B23, read(3, 0x5B16, 2), {"power_l1": math.nan}, "03047fffffff"),
        (three_phase.ABB_B23, read(3, 0x5004, 4), {"export_energy": math.nan}, "0308ffffffffffffffff"),
        (three_phase.EM24, read(4, 0, 2), {"voltage_l1": 7000.0}, "040411700001"),
        (building.RS_WS_N01, read(3, 0, 2), {"humidity": 65.5, "temperature": -5.3}, "0304028fffcb"),
        (building.FC51, read(3, 16129, 1), {"output_frequency": 38.4}, "03020180"),
        (building.IR33, read(1, 5, 1), {"high_temperature_alarm": 1}, "010101"),
        (building.IR33, read(2, 7, 1), {"compressor": 1}, "020101"),
        (building.IR33, read(3, 404, 1), {"setpoint": 4.0}, "03020028"),
        (building.IR33, read(4, 403, 1), {"probe_1": -0.1}, "0402ffff"),
    ],
)
def test_answers_worked_out_by_hand(product: Product, request_pdu: bytes, shown: dict[str, float], answer: str) -> None:
    """The new products answer the words that their makers' tables demand."""
    assert answer_pdu(product, request_pdu, values(**shown)).hex() == answer


def test_identification_by_level() -> None:
    """Basic, regular and extended devices answer what their level has, whatever is asked."""
    private = Identification(vendor="v", product_code="p", revision="r", url="u", private={0x80: "serial"})
    basic = Identification(vendor="v", product_code="p", revision="r", url="u", basic=True)

    def ids(identification: Identification, code: int) -> tuple[int, list[int]]:
        product = Product(key="k", maker="", model="", registers=(), reference="", identification=identification)
        answer = answer_pdu(product, bytes((0x2B, 14, code, 0)), values())
        found, at = [], 7
        for _ in range(answer[6]):
            found.append(answer[at])
            at += 2 + answer[at + 1]
        assert at == len(answer)
        return answer[3], found

    assert ids(private, 1) == (0x83, [0, 1, 2])
    assert ids(private, 2) == (0x83, [0, 1, 2, 3])
    assert ids(private, 3) == (0x83, [0, 1, 2, 3, 0x80])
    assert ids(basic, 3) == (0x81, [0, 1, 2])
    answer = answer_pdu(three_phase.IEM3000, b"\x2b\x0e\x02\x00", values())
    assert b"Schneider Electric" in answer
    assert b"A9MEM3155" in answer


def test_a_clone_with_swapped_words() -> None:
    """The clone sends the words of its floats the other way round, and single words as they are."""
    clone = reordered(three_phase.DTSU666, WordOrder.CDAB)
    assert answer_pdu(clone, read(3, 0x2006, 2), values(voltage_l1=23.05)).hex() == "030480004366"
    assert reordered(climate.XY_MD02, WordOrder.CDAB) == climate.XY_MD02


def test_a_clone_that_counts_from_one() -> None:
    """The clone answers one address later, and refuses the first address of its label's map."""
    clone = shifted(climate.XY_MD02, 1)
    assert answer_pdu(clone, read(4, 2, 2), values(temperature=1.0)).hex() == "0404000a0000"
    assert answer_pdu(clone, read(4, 1, 1), values()) == b"\x84\x02"


def test_a_variant_with_larger_values() -> None:
    """The variant sends ten times the number for the same angle; settings keep theirs."""
    variant = rescaled(process.INCLINOMETER, 10)
    assert answer_pdu(variant, read(3, 0, 2), values(angle_x=-1.2345)).hex() == "0304ffffcfc7"
    assert rescaled(climate.XY_MD02, 10).register("modbus_address").scale == 1.0


def test_reserved_registers_answer_zero() -> None:
    """With its gaps filled a product answers 0 between its values and still refuses what lies outside."""
    product = filled(three_phase.ADW300)
    assert answer_pdu(product, read(3, 22, 4), values(voltage_l3=230.0)).hex() == "030808fc000000000000"
    assert answer_pdu(product, read(3, 19, 1), values()) == b"\x83\x02"
    assert answer_pdu(product, read(3, 66, 1), values()) == b"\x83\x02"


def test_the_unit_with_a_hole_refuses_it_and_nothing_else() -> None:
    """Reading over the hole is exception 2, before and behind it there are values."""
    unit = plant_room().unit(19)
    assert asked(unit, 4, 8, 4) == b"\x84\x02"
    assert asked(unit, 4, 8, 3)[0] == 4
    assert asked(plant_room().unit(18), 4, 8, 4)[0] == 4


def _engineering(unit: BusUnit, name: str) -> Decimal:
    """The value that a correct reader finds in a register, decoded by hand."""
    assert isinstance(unit.instrument, ProductInstrument)
    register = unit.instrument.product.register(name)
    data = asked(unit, register.table, register.address, register.width)[2:]
    if register.word_order is WordOrder.CDAB:
        data = b"".join(data[i : i + 2] for i in range(len(data) - 2, -1, -2))
    code = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "f32": "f"}[register.data_type]
    return Decimal(struct.unpack(">" + code, data)[0]) * Decimal(str(register.scale))


@pytest.mark.parametrize("seed_of_bus", [1, 2, 3])
def test_displays_agree_with_the_registers(seed_of_bus: int) -> None:
    """Every display shows what its register holds, to half of its last digit; dead units show nothing."""
    bus, compared = plant_room(seed_of_bus), 0
    for unit in bus.units:
        shown = display_of(unit, NOON_MS / 1000)
        assert bool(shown) is not unit.faults.dead
        for item in shown:
            number = Decimal(item.text)
            held = _engineering(unit, item.register)
            if item.register == "value":  # QDY30A: the decimals stand in another register
                held = held.scaleb(-3)
            exponent = number.as_tuple().exponent
            assert isinstance(exponent, int)
            assert abs(number - held) <= Decimal(1).scaleb(exponent) / 2, (unit.unit_id, item)
            compared += 1
    assert compared > 90


def test_a_display_without_a_value() -> None:
    """Where a quantity is not available the display shows dashes."""
    bus = plant_room()
    unit = bus.unit(11)
    assert isinstance(unit.instrument, ProductInstrument)
    nothing = dict(unit.instrument.signals) | {"voltage_l1": unit.instrument.signals["voltage_l2"]}
    unit.instrument = ProductInstrument(product=unit.instrument.product, signals=nothing)
    assert {s.register: s.text for s in display_of(unit, NOON_MS / 1000)}["voltage_l1"] == NO_VALUE


def test_an_offset_is_on_the_display_too() -> None:
    """A sensor that drifts shows its wrong value itself; commissioning needs another instrument to see it."""
    bus = plant_room()
    before = display_of(bus.unit(12), NOON_MS / 1000)[0].text
    Action.parse("offset 12 temperature 5").apply(bus)
    assert Decimal(display_of(bus.unit(12), NOON_MS / 1000)[0].text) == Decimal(before) + 5


def test_the_same_seed_is_the_same_bus() -> None:
    """Values depend on seed, unit and time, and on nothing else; no two meters show the same."""
    assert asked(plant_room(1).unit(2), 4, 0, 60)[0] == 0x84  # holes
    first = [asked(plant_room(1).unit(u), 4, 0, 12) for u in (1, 2)]
    assert first == [asked(plant_room(1).unit(u), 4, 0, 12) for u in (1, 2)]
    assert first[0] != first[1]
    assert first[0] != asked(plant_room(2).unit(1), 4, 0, 12)
    assert first[0] != asked(plant_room(1).unit(1), 4, 0, 12, NOON_MS / 1000 + 60)


def test_a_description_says_what_is_true_and_what_the_label_says() -> None:
    """The description names label, difference, fault, registers as they really are, and survives JSON."""
    plan = read_bus(PLANT_ROOM)
    told = json.loads(json.dumps(bus_description(plant_room(), plan, NOON_MS)))
    by_unit = {unit["unit"]: unit for unit in told["units"]}
    assert by_unit[7]["differs"] == "words CDAB"
    assert {r["order"] for r in by_unit[7]["registers"]} == {"CDAB"}
    assert by_unit[14]["registers"][0]["address"] == 2
    assert by_unit[16]["wrong"] == "dead"
    assert by_unit[16]["display"] == []
    assert by_unit[9]["identification"]["0"] == "Schneider Electric"
    assert by_unit[12]["identification"] == {}
    lines = list(unit_lines(plant_room(), plan, NOON_MS / 1000))
    assert len(lines) == 32
    assert "slow +1.5 s" in lines[30]


def test_every_mistake_of_a_file_is_reported(tmp_path: Path) -> None:
    """All mistakes are named at once, each with its unit and what is allowed."""
    path = tmp_path / "bus.yaml"
    path.write_text(
        "line: fast\nframing: morse\nunits:\n"
        "  - {unit: 0, product: xy-md02}\n"
        "  - {unit: 3, product: nothing, colour: red}\n"
        "  - {unit: 4, product: xy-md02, turnaround_ms: -1, words: ACBD, do: [explode], options: {size: 1}}\n"
        "  - {unit: 4, product: xy-md02, holes: [[9, 1]], place: here}\n"
        "  - nonsense\n",
        encoding="utf-8",
    )
    with pytest.raises(BusPlanError) as caught:
        read_bus(path)
    text = str(caught.value)
    for part in (
        "line: line settings must look like '9600 8N1'",
        "framing:",
        "unit 0: unit: a unit id is 1 to 247",
        "unit 3: product: unknown product 'nothing'; known: abb-b-series",
        "unit 3: unknown key 'colour'",
        "unit 4: turnaround_ms: must be 0 to 60000",
        "unit 4: words:",
        "unit 4: do: unknown action 'explode'",
        "unit 4: options: unknown size",
        "unit 4: holes:",
        "unit 4: place:",
        "unit entry 5: must be a mapping",
        "unit 4 is there more than once",
    ):
        assert part in text, part


@pytest.mark.parametrize("text", ["units: [", "- 1", "units: 3", ""])
def test_what_is_no_bus_file(tmp_path: Path, text: str) -> None:
    """A file of another form is refused with its name."""
    path = tmp_path / "bus.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BusPlanError, match=r"bus\.yaml"):
        read_bus(path)


def test_a_timetable_file(tmp_path: Path) -> None:
    """A timetable is read in order of time, and its mistakes are reported together."""
    path = tmp_path / "times.yaml"
    path.write_text("- {at_s: 20, do: revive 5}\n- {at_s: 10, do: kill 5}\n", encoding="utf-8")
    assert read_timetable(path, [5]).next_s() == 10
    path.write_text("- {at_s: soon, do: kill 5}\n- {do: kill 5}\n- {at_s: 1, do: kill 6}\n", encoding="utf-8")
    with pytest.raises(ActionError) as caught:
        read_timetable(path, [5])
    assert [line.rpartition("entry ")[2][0] for line in str(caught.value).splitlines()] == ["1", "2", "3"]


def test_bits_are_never_rescaled_or_reordered() -> None:
    """Variants leave coils and inputs alone."""
    bits = [r for r in building.IR33.registers if r.data_type is DataType.BIT]
    changed = reordered(rescaled(building.IR33, 10), WordOrder.DCBA)
    assert [r for r in changed.registers if r.data_type is DataType.BIT] == bits
    assert {r.table for r in bits} == {Table.COILS, Table.DISCRETE_INPUTS}
