"""A line on a real socket, read by a foreign client: answers, refusals, bus timing, and every fault of the wire."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from firmware_sim.clock import ManualClock
from firmware_sim.devices.base import ModbusDevice
from firmware_sim.devices.climate import XyMd02
from firmware_sim.devices.process import DualAxisInclinometer
from firmware_sim.faults import CutMode, Fault, FaultKind, FaultPlan, Malformation
from firmware_sim.modbus.server import ModbusLine, SerialBus
from firmware_sim.signals.base import ConstantSignal, ModelSignal
from firmware_sim.signals.windows import Schedule, Window

START_S = 1_000_000.0
FAULTED_S = 100.0


def constant(value: float) -> ConstantSignal:
    return ConstantSignal(unit="1", constant=value)


UNITS: dict[int, ModbusDevice] = {
    1: XyMd02(
        device_id="climate",
        temperature=ModelSignal(unit="Cel", model="ramp", function=lambda t: (t - START_S) / 10),
        humidity=constant(65.5),
        address=1,
    ),
    7: DualAxisInclinometer(device_id="tilt", angle_x=constant(-12.345), angle_y=constant(1.5)),
}


def fault(kind: FaultKind, target: str = "climate", **extra: object) -> FaultPlan:
    when = Schedule(origin_s=START_S, windows=(Window(start_s=FAULTED_S, stop_s=2 * FAULTED_S),))
    return FaultPlan(faults=(Fault(kind=kind, target=target, when=when, **extra),))  # type: ignore[arg-type]


@asynccontextmanager
async def line(
    port: int, faults: FaultPlan | None = None, bus: SerialBus | None = None
) -> AsyncIterator[tuple[ModbusLine, ManualClock]]:
    clock = ManualClock(start_ms=int(START_S * 1000))
    async with ModbusLine("bus", UNITS, clock, port=port, faults=faults, bus=bus) as server:
        yield server, clock


@asynccontextmanager
async def client(port: int, timeout: float = 0.4) -> AsyncIterator[AsyncModbusTcpClient]:
    connection = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=timeout, retries=0, reconnect_delay=0)
    assert await connection.connect()
    try:
        yield connection
    finally:
        connection.close()


async def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def can_connect(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_a_foreign_client_reads_values(free_port: int) -> None:
    """pymodbus reads both units of a line and decodes what the signals say, now and later."""
    async with line(free_port) as (_, clock), client(free_port) as modbus:
        clock.advance_s(-53)
        first = await modbus.read_input_registers(1, count=2, device_id=1)
        assert first.registers == [0x10000 - 53, 655]
        clock.advance_s(253)
        later = await modbus.read_input_registers(1, count=1, device_id=1)
        assert later.registers == [200]
        tilt = await modbus.read_holding_registers(0, count=4, device_id=7)
        kind = modbus.DATATYPE.INT32
        assert [modbus.convert_from_registers(tilt.registers[i : i + 2], kind) for i in (0, 2)] == [-12345, 1500]


async def test_refusals_reach_the_client(free_port: int) -> None:
    """Holes, foreign functions and writes come back as exceptions, and writes are counted."""
    async with line(free_port) as (server, _), client(free_port) as modbus:
        assert (await modbus.read_input_registers(0, count=1, device_id=1)).exception_code == 2
        assert (await modbus.read_coils(0, count=1, device_id=1)).exception_code == 1
        assert (await modbus.write_register(0x0101, 5, device_id=1)).exception_code == 1
        assert (await modbus.read_device_information(device_id=1)).exception_code == 1
        assert server.stats.writes_seen == 1
        assert server.stats.functions == {4: 1, 1: 1, 6: 1, 43: 1}
        assert server.stats.exceptions == 4


async def test_a_unit_that_is_not_there(free_port: int) -> None:
    """A gateway answers exception 11 for a missing unit, a device with its own socket stays silent."""
    async with line(free_port, bus=SerialBus(baud=115200, unit_timeout_s=0.05)), client(free_port) as modbus:
        assert (await modbus.read_input_registers(1, count=1, device_id=99)).exception_code == 11
    async with line(free_port), client(free_port, timeout=0.15) as modbus:
        with pytest.raises(ModbusIOException):
            await modbus.read_input_registers(1, count=1, device_id=99)


async def test_a_bus_takes_its_time_and_one_request_after_the_other(free_port: int) -> None:
    """Ten reads over ten connections take ten times the characters of one at the bus's pace."""
    bus = SerialBus(baud=9600, turnaround_s=0.02)
    request = struct.pack(">BHH", 4, 1, 2)
    one_s = bus.duration_s(request, bytes(6))
    assert one_s == pytest.approx((5 + 6 + 6) * 11 / 9600 + 0.02)

    async def read() -> list[int]:
        async with client(free_port, timeout=5) as modbus:
            return list((await modbus.read_input_registers(1, count=2, device_id=1)).registers)

    async with line(free_port, bus=bus):
        begin = time.monotonic()
        answers = await asyncio.gather(*(read() for _ in range(10)))
        assert time.monotonic() - begin >= 10 * one_s * 0.98
    assert answers == [[0, 655]] * 10


async def test_a_dropout_is_silence_for_that_device_only(free_port: int) -> None:
    """While a device has dropped out it does not answer, its neighbour does, and afterwards it is back."""
    async with line(free_port, fault(FaultKind.DROPOUT)) as (server, clock):
        clock.advance_s(FAULTED_S + 1)
        async with client(free_port, timeout=0.15) as modbus:
            with pytest.raises(ModbusIOException):
                await modbus.read_input_registers(1, count=1, device_id=1)
        async with client(free_port) as modbus:
            assert (await modbus.read_holding_registers(0, count=2, device_id=7)).registers == [0xFFFF, 0xCFC7]
            clock.advance_s(FAULTED_S)
            assert not (await modbus.read_input_registers(1, count=1, device_id=1)).isError()
        assert server.stats.unanswered == 1


async def test_a_slow_answer_comes_late(free_port: int) -> None:
    """A slow device answers correctly, later by its delay."""
    async with (
        line(free_port, fault(FaultKind.SLOW, delay_s=0.2)) as (_, clock),
        client(free_port, timeout=2) as modbus,
    ):
        clock.advance_s(FAULTED_S + 1)
        begin = time.monotonic()
        assert (await modbus.read_input_registers(2, count=1, device_id=1)).registers == [655]
        assert time.monotonic() - begin >= 0.2


async def test_an_exception_reply(free_port: int) -> None:
    """A device can answer any exception instead of data."""
    async with line(free_port, fault(FaultKind.EXCEPTION, code=6)) as (_, clock), client(free_port) as modbus:
        clock.advance_s(FAULTED_S + 1)
        assert (await modbus.read_input_registers(1, count=1, device_id=1)).exception_code == 6


async def test_stuck_registers_on_the_wire(free_port: int) -> None:
    """A stuck register shows on the wire what it showed when it got stuck."""
    async with line(free_port, fault(FaultKind.STUCK)) as (_, clock), client(free_port) as modbus:
        shown = []
        for _ in range(3):
            clock.advance_s(90)
            shown.append((await modbus.read_input_registers(1, count=1, device_id=1)).registers[0])
        assert shown == [90, 100, 270]


@pytest.mark.parametrize(
    ("malformation", "check"),
    [
        (Malformation.WRONG_TRANSACTION, lambda b: b[:2] == b"\x00\x06" and len(b) == 11),
        (Malformation.WRONG_UNIT, lambda b: b[6] == 2),
        (Malformation.WRONG_FUNCTION, lambda b: b[7] == 5),
        (Malformation.TRUNCATED, lambda b: len(b) == 5),
        (Malformation.SPLIT, lambda b: b == bytes.fromhex("0005000000050104020 28F".replace(" ", ""))),
        (Malformation.JUNK_BEFORE, lambda b: b[:3] == b"\xff\x00\xff" and len(b) == 14),
    ],
)
async def test_malformed_answers(free_port: int, malformation: Malformation, check: Callable[[bytes], bool]) -> None:
    """Each malformation puts exactly that kind of broken answer on the wire."""
    async with line(free_port, fault(FaultKind.MALFORMED, malformation=malformation)) as (_, clock):
        clock.advance_s(FAULTED_S + 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
        writer.write(bytes.fromhex("000500000006 01 04 0002 0001"))
        received = b""
        try:
            while True:
                received += await asyncio.wait_for(reader.read(100), 0.5)
        except TimeoutError:
            pass
        assert check(received), received.hex()
        writer.close()


async def test_a_cut_line_refuses_and_comes_back(free_port: int) -> None:
    """While the line is cut its connections are reset and new ones refused; afterwards it serves again."""
    async with line(free_port, fault(FaultKind.CUT, target="bus")) as (server, clock):
        reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
        await until(lambda: server.stats.connections == 1)
        clock.advance_s(FAULTED_S + 1)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 3)
        writer.close()
        deadline = time.monotonic() + 3
        while await can_connect(free_port):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        clock.advance_s(FAULTED_S)
        while not await can_connect(free_port):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        async with client(free_port) as modbus:
            assert not (await modbus.read_input_registers(1, count=1, device_id=1)).isError()


async def test_a_line_that_resets(free_port: int) -> None:
    """In mode reset the connection is taken, and reset at the first request."""
    plan = fault(FaultKind.CUT, target="bus", cut_mode=CutMode.RESET)
    async with line(free_port, plan) as (_, clock):
        clock.advance_s(FAULTED_S + 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
        writer.write(bytes.fromhex("000500000006 01 04 0002 0001"))
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 3)
        writer.close()


async def test_garbage_closes_its_own_connection_only(free_port: int) -> None:
    """Bytes that are no Modbus end their connection, and other connections go on."""
    async with line(free_port) as (server, _), client(free_port) as modbus:
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", bytes.fromhex("0001000000000100"), b"\x00" * 300):
            reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
            writer.write(garbage)
            assert await asyncio.wait_for(reader.read(100), 3) == b""
            writer.close()
        assert not (await modbus.read_input_registers(1, count=1, device_id=1)).isError()
        assert server.stats.bad_frames == 3


async def test_no_frame_stops_a_line(free_port: int, seed: int) -> None:
    """After three hundred mutilated requests the line still answers a good one at once."""
    luck = random.Random(seed)
    async with line(free_port) as (server, _):
        for _ in range(300):
            frame = bytearray(struct.pack(">HHHBBHH", luck.randrange(1 << 16), 0, 6, 1, luck.choice((3, 4, 43)), 1, 2))
            for _ in range(luck.randrange(1, 4)):
                frame[luck.randrange(len(frame))] = luck.randrange(256)
            _, writer = await asyncio.open_connection("127.0.0.1", free_port)
            writer.write(bytes(frame[: luck.randrange(1, len(frame) + 1)]))
            writer.close()
        await until(lambda: server.stats.connections == 300)
        async with client(free_port) as modbus:
            assert (await modbus.read_input_registers(2, count=1, device_id=1)).registers == [655]


async def test_requests_in_one_packet_are_all_answered(free_port: int) -> None:
    """Pipelined requests get their answers in order, each with its transaction number."""
    async with line(free_port):
        reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
        writer.write(b"".join(struct.pack(">HHHBBHH", n, 0, 6, 1, 4, 2, 1) for n in range(20)))
        answers = await asyncio.wait_for(reader.readexactly(20 * 11), 3)
        assert [struct.unpack_from(">H", answers, 11 * n)[0] for n in range(20)] == list(range(20))
        writer.close()


async def test_a_port_in_use_is_an_error(free_port: int) -> None:
    """A second line on the same port does not start."""
    async with line(free_port):
        with pytest.raises(OSError, match="address already in use"):
            async with line(free_port):
                pass
