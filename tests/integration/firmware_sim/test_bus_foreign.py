"""Foreign masters on the serial bus: mbpoll, libmodbus and pymodbus read every type to the bit, on every transport."""

from __future__ import annotations

import asyncio
import ctypes
import re
import struct
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.pdu.mei_message import ReadDeviceInformationResponse

from firmware_sim.clock import ManualClock
from firmware_sim.encoding import DataType, WordOrder, word_count
from firmware_sim.modbus.register_map import Product, Register, Table
from firmware_sim.modbus.server import ModbusLine
from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.control import Action
from firmware_sim.serial_bus.framing import Framing
from firmware_sim.serial_bus.plan import PLANT_ROOM, build_bus, read_bus
from firmware_sim.serial_bus.ports import Port, PtyPort, TcpPort
from firmware_sim.serial_bus.server import BusServer
from firmware_sim.serial_bus.unit import BusUnit, Pace, ProductInstrument
from firmware_sim.serial_bus.wire import LineSettings
from firmware_sim.signals.base import ConstantSignal, Signal
from tests.integration.firmware_sim import libmodbus

FAST = LineSettings(baud=115200)
NOW_MS = 1_780_286_400_000
T = TypeVar("T")
AWKWARD: Mapping[DataType, Sequence[float]] = {
    DataType.U16: (0, 1, 0x8000, 0xFFFF),
    DataType.S16: (-32768, -1, 0, 32767),
    DataType.U32: (0, 70000, 0x80000000, 0xFFFFFFFF),
    DataType.S32: (-(2**31), -12345, 1, 2**31 - 1),
    DataType.U64: (0, 123_456_789_012_345, 2**63, 2**53),
    DataType.S64: (-(2**63), -1, 2**40 + 7, 2**62),
    DataType.F32: (0.0, -0.0, 230.5, -1.17549435e-38),
    DataType.F64: (0.1, -2.5e-308, 1e300, 123456.789),
}


def all_types() -> tuple[Product, dict[str, Signal]]:
    """A product with every type in every order in both register tables, and coils and inputs."""
    registers: list[Register] = []
    signals: dict[str, Signal] = {}

    def add(table: Table, address: int, data_type: DataType, order: WordOrder, value: float) -> None:
        name = f"{table.name}_{address}"
        registers.append(Register(name=name, table=table, address=address, data_type=data_type, word_order=order))
        signals[name] = ConstantSignal(unit="1", constant=value)

    for table in (Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS):
        address = 0
        for data_type, values in AWKWARD.items():
            for order in WordOrder:
                for value in values:
                    add(table, address, data_type, order, value)
                    address += word_count(data_type)
    for table in (Table.COILS, Table.DISCRETE_INPUTS):
        for address in range(41):
            add(table, address, DataType.BIT, WordOrder.ABCD, address * address % 7 % 2)
    return Product(key="all", maker="", model="", registers=tuple(registers), reference="none"), signals


ALL_TYPES, ALL_SIGNALS = all_types()


@dataclass(frozen=True, kw_only=True)
class AllTypes:
    """That product behind a TCP line."""

    PRODUCT: ClassVar[Product] = ALL_TYPES
    device_id: str = "all"

    def signals(self) -> Mapping[str, Signal]:
        return ALL_SIGNALS


def own(unit: BusUnit, function: int, address: int, count: int) -> list[int] | int:
    """What the simulator itself has there: bits, registers, or the exception code."""
    answer = unit.instrument.answer(struct.pack(">BHH", function, address, count), NOW_MS / 1000, {})
    if answer[0] >= 0x80:
        return answer[1]
    if function < 3:
        return [answer[2 + i // 8] >> i % 8 & 1 for i in range(count)]
    return list(struct.unpack(f">{count}H", answer[2:]))


def runs(product: Product, longest: int) -> list[tuple[int, int, int]]:
    """(function, address, count) that cover a map with whole values."""
    found: list[tuple[int, int, int]] = []
    ordered = sorted(product.registers, key=lambda r: (r.table, r.address))
    for table, group in groupby(ordered, key=lambda r: r.table):
        for register in group:
            function, address, count = found[-1] if found else (0, 0, 0)
            joins = (function, address + count) == (table, register.address) and count + register.width <= longest
            if joins:
                found[-1] = (function, address, count + register.width)
            else:
                found.append((int(table), register.address, register.width))
    return found


def typed_bus(framing: Framing = Framing.RTU, line: LineSettings = FAST) -> Bus:
    instrument = ProductInstrument(product=ALL_TYPES, signals=ALL_SIGNALS)
    unit = BusUnit(17, instrument, pace=Pace(turnaround_s=0.003, jitter_s=0.001))
    return Bus([unit], line, ManualClock(start_ms=NOW_MS), framing=framing)


@asynccontextmanager
async def served(bus: Bus, *ports: Port) -> AsyncIterator[tuple[Bus, str]]:
    port = ports or (PtyPort(bus.settings),)
    async with BusServer(bus, port) as server:
        yield bus, server.ports[0].address


async def aside(work: Callable[[], T]) -> T:
    """Blocking work of a foreign program while the bus goes on in this loop."""
    with ThreadPoolExecutor(1) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


# --- libmodbus ----------------------------------------------------------------------------------------------------


@pytest.fixture
def modbus(library: Callable[[str], ctypes.CDLL]) -> ctypes.CDLL:
    """libmodbus, or the test is skipped."""
    return libmodbus.declared(library(libmodbus.NAME))


def compared(master: libmodbus.Master, unit: BusUnit) -> int:
    """Compares a unit's whole map with what libmodbus reads; how many addresses."""
    assert isinstance(unit.instrument, ProductInstrument)
    product = unit.instrument.product
    total = 0
    for function, address, count in runs(product, min(product.max_registers, 100)):
        read = master.read(unit.unit_id, function, address, count)
        assert read == own(unit, function, address, count), (unit.unit_id, function, address, count)
        assert isinstance(read, list)
        total += count
    return total


async def test_libmodbus_reads_every_type_on_the_pty(modbus: ctypes.CDLL) -> None:
    """libmodbus finds the simulator's own bits and registers, FC 1 to 4, and reads floats as they are in each order."""
    async with served(typed_bus()) as (bus, path):

        def work() -> int:
            with libmodbus.rtu(modbus, path, FAST.baud) as master:
                for register in ALL_TYPES.registers:
                    if register.data_type is DataType.F32 and register.table is Table.INPUT_REGISTERS:
                        pair = master.read(17, 4, register.address, 2)
                        assert isinstance(pair, list)
                        constant = ALL_SIGNALS[register.name].value(0)
                        shown = master.f32(pair, register.word_order.value)
                        assert struct.pack(">f", shown) == struct.pack(">f", constant)
                return compared(master, bus.unit(17))

        assert await aside(work) == sum(r.width for r in ALL_TYPES.registers)
        assert set(bus.sniffer.functions) == {1, 2, 3, 4}
        assert set(bus.sniffer.what) == {"request", "answer"}


async def test_libmodbus_reads_the_plant_room(modbus: ctypes.CDLL) -> None:
    """Every register of all 29 living units agrees to the bit, and no frame was broken."""
    clock = ManualClock(start_ms=NOW_MS)
    plan = read_bus(PLANT_ROOM)
    bus = build_bus(plan, clock, seed=5)
    bus.unit(31).revive()
    bus = Bus(bus.units, FAST, clock)
    async with served(bus) as (_, path):

        def work() -> int:
            with libmodbus.rtu(modbus, path, FAST.baud) as master:
                return sum(compared(master, unit) for unit in bus.units if not unit.faults.dead)

        assert await aside(work) > 750
        assert set(bus.sniffer.what) == {"request", "answer"}
        assert bus.sniffer.exceptions == 0
        assert bus.sniffer.writes_seen == bus.sniffer.foreign_seen == 0


async def test_libmodbus_meets_exceptions(modbus: ctypes.CDLL) -> None:
    """Exceptions 1 to 6 reach libmodbus as what they are."""
    async with served(typed_bus()) as (bus, path):

        def work() -> None:
            with libmodbus.rtu(modbus, path, FAST.baud) as master:
                assert master.read(17, 4, 60000, 1) == 2
                for code in range(1, 7):
                    Action.parse(f"exception 17 {code}").apply(bus)
                    assert master.read(17, 4, 0, 1) == code

        await aside(work)


async def test_libmodbus_reads_every_type_over_tcp(modbus: ctypes.CDLL, free_port: int) -> None:
    """The same product behind Modbus TCP agrees to the bit too."""
    unit = typed_bus().unit(17)
    async with ModbusLine("tcp", {17: AllTypes()}, ManualClock(start_ms=NOW_MS), port=free_port):

        def work() -> int:
            with libmodbus.tcp(modbus, free_port) as master:
                return compared(master, unit)

        assert await aside(work) == sum(r.width for r in ALL_TYPES.registers)


# --- mbpoll -------------------------------------------------------------------------------------------------------


def mbpoll(program: Path, where: Sequence[str], unit: int, table: str, address: int, count: int) -> list[str]:
    """What `mbpoll` prints for these addresses."""
    options = ["-a", str(unit), "-t", table, "-0", "-r", str(address), "-c", str(count), "-1", "-o", "3"]
    result = subprocess.run([str(program), *options, *where], capture_output=True, text=True, timeout=20, check=False)
    printed = re.findall(r"^\[\d+\]:\s+(\S+)", result.stdout, re.MULTILINE)
    assert len(printed) == count, result.stdout + result.stderr
    return printed


def check_mbpoll(program: Path, where: Sequence[str], big_endian: Sequence[str] = ("-B",)) -> int:
    """Compares bits, words, 32-bit numbers and floats; how many values."""
    unit, total = typed_bus().unit(17), 0
    for table, function in (("0", 1), ("1", 2)):
        bits = mbpoll(program, where, 17, table, 0, 41)
        assert [int(bit) for bit in bits] == own(unit, function, 0, 41)
        total += 41
    for table, function in (("4:hex", 3), ("3:hex", 4)):
        for address in (0, 100, 200):
            words = mbpoll(program, where, 17, table, address, 100)
            assert [int(word, 16) for word in words] == own(unit, function, address, 100)
            total += 100
    for register in ALL_TYPES.registers:
        kind = {DataType.S32: "int", DataType.F32: "float"}.get(register.data_type)
        if kind is None or register.table is not Table.INPUT_REGISTERS or register.word_order.value not in WORD_SWAPS:
            continue
        order = big_endian if register.word_order is WordOrder.ABCD else ()
        printed = mbpoll(program, [*order, *where], 17, f"3:{kind}", register.address, 1)[0]
        constant = ALL_SIGNALS[register.name].value(0)
        assert float(printed) == pytest.approx(constant, rel=1e-5), register.name
        total += 1
    return total


WORD_SWAPS = ("ABCD", "CDAB")  # the two orders that mbpoll knows


@pytest.mark.requires("mbpoll")
async def test_mbpoll_reads_every_type_on_the_pty(program: Callable[[str], Path]) -> None:
    """mbpoll prints the simulator's bits, words, numbers and floats over RTU."""
    tool = program("mbpoll")
    async with served(typed_bus()) as (bus, path):
        where = ["-m", "rtu", "-b", str(FAST.baud), "-P", "none", path]
        assert await aside(lambda: check_mbpoll(tool, where)) > 690
        assert set(bus.sniffer.what) == {"request", "answer"}


@pytest.mark.requires("mbpoll")
async def test_mbpoll_reads_every_type_over_tcp(program: Callable[[str], Path], free_port: int) -> None:
    """mbpoll prints the same over Modbus TCP."""
    tool = program("mbpoll")
    async with ModbusLine("tcp", {17: AllTypes()}, ManualClock(start_ms=NOW_MS), port=free_port):
        where = ["-m", "tcp", "-p", str(free_port), "127.0.0.1"]
        assert await aside(lambda: check_mbpoll(tool, where)) > 690


# --- pymodbus -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def pymodbus_on(transport: str, bus: Bus, port: int) -> AsyncIterator[ModbusBaseClient]:
    """A connected client and the bus it is on."""
    framer = FramerType.RTU if bus.framing is Framing.RTU else FramerType.ASCII
    door: Port = PtyPort(bus.settings) if transport == "pty" else TcpPort(port)
    async with served(bus, door) as (_, address):
        client: ModbusBaseClient
        if transport == "pty":
            client = AsyncModbusSerialClient(
                address, framer=framer, baudrate=bus.settings.baud, timeout=2, retries=0, reconnect_delay=0
            )
        else:
            client = AsyncModbusTcpClient(
                "127.0.0.1", port=port, framer=framer, timeout=2, retries=0, reconnect_delay=0
            )
        assert await client.connect()
        try:
            yield client
        finally:
            client.close()


@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize("transport", ["pty", "tcp"])
async def test_pymodbus_reads_every_type(transport: str, framing: Framing, free_port: int) -> None:
    """pymodbus finds the simulator's own bits and registers in RTU and ASCII, on the pty and over TCP."""
    bus = typed_bus(framing)
    unit = bus.unit(17)
    async with pymodbus_on(transport, bus, free_port) as client:
        for function, address, count in runs(ALL_TYPES, 100):
            await asyncio.sleep(0.004)  # the silence between frames
            if function < 3:
                read = client.read_coils if function == 1 else client.read_discrete_inputs
                bits = (await read(address, count=count, device_id=17)).bits[:count]
                assert [int(bit) for bit in bits] == own(unit, function, address, count)
            else:
                get = client.read_holding_registers if function == 3 else client.read_input_registers
                words = (await get(address, count=count, device_id=17)).registers
                assert words == own(unit, function, address, count)
        assert (await client.read_input_registers(60000, count=1, device_id=17)).exception_code == 2
    assert set(bus.sniffer.functions) == {1, 2, 3, 4}


@pytest.mark.parametrize("framing", list(Framing))
async def test_pymodbus_identifies_a_device(framing: Framing, free_port: int) -> None:
    """pymodbus reads the basic and the regular identification of a meter, and exception 1 where there is none."""
    clock = ManualClock(start_ms=NOW_MS)
    units = build_bus(read_bus(PLANT_ROOM), clock).units
    async with pymodbus_on("pty", Bus(units, FAST, clock, framing=framing), free_port) as client:
        basic = await client.read_device_information(read_code=1, object_id=0, device_id=9)
        assert isinstance(basic, ReadDeviceInformationResponse)
        assert basic.information == {0: b"Schneider Electric", 1: b"A9MEM3155", 2: b"001.006.000"}
        await asyncio.sleep(0.004)
        regular = await client.read_device_information(read_code=2, object_id=0, device_id=9)
        assert isinstance(regular, ReadDeviceInformationResponse)
        assert regular.information[4] == b"iEM3000"
        await asyncio.sleep(0.004)
        assert (await client.read_device_information(read_code=1, object_id=0, device_id=12)).exception_code == 1
