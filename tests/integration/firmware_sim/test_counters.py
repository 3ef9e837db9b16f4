"""The counter farm on real sockets: what clients got is in the ledger, whoever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pymodbus.client import AsyncModbusTcpClient

from firmware_sim.counters import CounterBank, CounterFarm
from firmware_sim.encoding import DataType
from firmware_sim.ledger import LedgerError, read_ledger

CODES = {DataType.F32: "f", DataType.U32: "I", DataType.F64: "d", DataType.U64: "Q"}


def request(transaction: int, unit: int, address: int, count: int, function: int = 3) -> bytes:
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, function, address, count)


async def read_values(
    host: str, port: int, unit: int, data_type: DataType, values: int, reads: int
) -> list[list[float]]:
    """Reads the whole bank several times and decodes it with nothing of ours."""
    size = struct.calcsize(CODES[data_type])
    reader, writer = await asyncio.open_connection(host, port)
    found = []
    for number in range(reads):
        writer.write(request(number, unit, 0, values * size // 2))
        answer = await asyncio.wait_for(reader.readexactly(9 + values * size), 5)
        assert answer[:2] == struct.pack(">H", number)
        found.append(list(struct.unpack(f">{values}{CODES[data_type]}", answer[9:])))
    writer.close()
    return found


@pytest.mark.parametrize("data_type", list(CODES))
async def test_everything_received_is_in_the_ledger(free_port: int, tmp_path: Path, data_type: DataType) -> None:
    """Each value that a client read stands in the ledger once, under its device and index, and none is read twice."""
    values = 10
    bank = CounterBank(devices=5, values=values, data_type=data_type)
    path = tmp_path / "ledger"
    async with CounterFarm(bank, path, port=free_port) as farm:
        jobs = [read_values("127.0.0.1", free_port, unit, data_type, values, 40) for unit in range(1, 6)]
        received = await asyncio.gather(*jobs)
        assert farm.stats.reads == 200
    columns = read_ledger(path).columns()
    assert len(columns.value) == 5 * 40 * values
    for device in range(1, 6):
        for index in range(values):
            mine = (columns.device == device) & (columns.index == index)
            served = columns.value[mine].tolist()
            assert served == [row[index] for row in received[device - 1]]
            assert len(set(served)) == 40


async def test_every_device_has_its_own_address(free_port: int, tmp_path: Path) -> None:
    """With addresses of their own devices answer any unit id, and the shared port still goes by unit id."""
    bank = CounterBank(devices=3)
    async with CounterFarm(bank, tmp_path / "ledger", port=free_port, per_device_address=True):
        assert (await read_values("127.0.1.3", free_port, 200, DataType.F32, 25, 1))[0][1] == 1.0
        assert (await read_values("127.0.0.1", free_port, 3, DataType.F32, 25, 1))[0][1] == 26.0
    assert read_ledger(tmp_path / "ledger").reads["device"].tolist() == [3, 3]


async def test_refusals_are_not_in_the_ledger(free_port: int, tmp_path: Path) -> None:
    """Requests that are refused serve nothing; writes are counted."""
    async with CounterFarm(CounterBank(devices=2), tmp_path / "ledger", port=free_port) as farm:
        modbus = AsyncModbusTcpClient("127.0.0.1", port=free_port, timeout=2, retries=0)
        assert await modbus.connect()
        assert (await modbus.read_holding_registers(1, count=2, device_id=1)).exception_code == 2
        assert (await modbus.read_holding_registers(48, count=4, device_id=1)).exception_code == 2
        assert (await modbus.read_holding_registers(0, count=2, device_id=9)).exception_code == 11
        assert (await modbus.read_coils(0, count=2, device_id=1)).exception_code == 1
        assert (await modbus.write_register(0, 1, device_id=1)).exception_code == 1
        part = await modbus.read_input_registers(4, count=4, device_id=2)
        assert modbus.convert_from_registers(part.registers, modbus.DATATYPE.FLOAT32) == [2.0, 3.0]
        modbus.close()
        assert (farm.stats.exceptions, farm.stats.writes_seen, farm.stats.reads) == (5, 1, 1)
    columns = read_ledger(tmp_path / "ledger").columns()
    assert list(zip(columns.device.tolist(), columns.index.tolist(), strict=True)) == [(2, 2), (2, 3)]


async def test_counters_end_before_they_become_ambiguous(free_port: int, tmp_path: Path) -> None:
    """At the last exact counter a device answers exception 4 instead of a value that could mean two things."""
    path = tmp_path / "ledger"
    bank = CounterBank(devices=1, values=25)
    async with CounterFarm(bank, path, port=free_port) as farm:
        farm._counters[1] = farm._limit - 1
        assert (await read_values("127.0.0.1", free_port, 1, DataType.F32, 25, 1))[0][24] == float(
            (1 << 24) // 25 * 25 - 1
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
        writer.write(request(1, 1, 0, 50))
        assert (await asyncio.wait_for(reader.readexactly(9), 5))[7:] == b"\x83\x04"
        writer.close()


async def test_a_restart_goes_on_counting(free_port: int, tmp_path: Path) -> None:
    """A farm started again on its ledger serves new values only, and one of another shape is refused."""
    path = tmp_path / "ledger"
    for _ in range(2):
        async with CounterFarm(CounterBank(devices=2), path, port=free_port):
            await read_values("127.0.0.1", free_port, 2, DataType.F32, 25, 10)
    columns = read_ledger(path).columns()
    assert len(np.unique(columns.value[columns.index == 0])) == 20
    with pytest.raises(LedgerError, match="name another file"):
        async with CounterFarm(CounterBank(devices=3), path, port=free_port):
            pass


def test_a_killed_farm_leaves_everything_it_served(free_port: int, tmp_path: Path) -> None:
    """After SIGKILL of the farm in full run its ledger holds every value that a client had received."""
    path = tmp_path / "ledger"
    command = [
        sys.executable,
        "-m",
        "firmware_sim",
        "counters",
        "--devices",
        "3",
        "--port",
        str(free_port),
        "--ledger",
        str(path),
    ]
    farm = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert farm.stdout is not None
        assert farm.stdout.readline().startswith("ready counters=3x25")
        received = asyncio.run(_read_until_killed(free_port, farm))
    finally:
        farm.kill()
        farm.communicate()
    columns = read_ledger(path).columns()
    served = set(zip(columns.device.tolist(), columns.value.tolist(), strict=True))
    assert len(received) > 25 * 100
    assert received <= served


async def _read_until_killed(port: int, farm: subprocess.Popen[str]) -> set[tuple[int, float]]:
    received: set[tuple[int, float]] = set()

    async def read(unit: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                writer.write(request(1, unit, 0, 50) * 4)
                for _ in range(4):
                    answer = await reader.readexactly(9 + 100)
                    received.update((unit, value) for value in struct.unpack(">25f", answer[9:]))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    readers = [asyncio.create_task(read(unit), name=f"reader {unit}") for unit in (1, 2, 3)]
    deadline = time.monotonic() + 10
    while len(received) < 25 * 400 and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    os.kill(farm.pid, signal.SIGKILL)
    await asyncio.gather(*readers)
    return received
