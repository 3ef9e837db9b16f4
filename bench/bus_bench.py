"""The simulated serial bus: how well its byte clock keeps time, and how little it costs.

A master without a library polls every living unit of the plant room at 9600 8N1 as fast as the bus allows: as soon as
an answer is whole and the line has been silent for 3.5 characters, the next request leaves. The frame log says when the
last byte of each answer ended on the wire, in the same clock in which the master notes when it read it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tty
from pathlib import Path

import numpy as np

from bench.rows import Row
from firmware_sim.clock import ManualClock
from firmware_sim.modbus.register_map import Table
from firmware_sim.serial_bus.framing import rtu_frame
from firmware_sim.serial_bus.plan import PLANT_ROOM, build_bus, read_bus
from firmware_sim.serial_bus.unit import ProductInstrument

SECONDS = 20.0
SLOWEST_S = 1.0


def requests() -> list[tuple[bytes, int]]:
    """(frame, length of its answer) for the first block of every unit that answers in time."""
    found = []
    for unit in build_bus(read_bus(PLANT_ROOM), ManualClock(start_ms=0)).units:
        if unit.faults.dead or unit.faults.delay_s > SLOWEST_S or not isinstance(unit.instrument, ProductInstrument):
            continue
        product = unit.instrument.product
        table = next(r.table for r in product.registers if r.table >= Table.HOLDING_REGISTERS)
        first = min((r for r in product.registers if r.table is table), key=lambda r: r.address)
        count = first.width
        while count < min(product.max_registers, 40):
            pdu = struct.pack(">BHH", first.table, first.address, count + first.width)
            if unit.instrument.answer(pdu, 0.0, {})[0] >= 0x80:
                break
            count += first.width
        found.append((rtu_frame(unit.unit_id, struct.pack(">BHH", first.table, first.address, count)), 5 + 2 * count))
    return found


async def polled(path: str, silence_s: float) -> tuple[list[float], int]:
    """(time at which each answer was whole, answers that did not come)."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    state = termios.tcgetattr(fd)
    state[4] = state[5] = termios.B9600
    termios.tcsetattr(fd, termios.TCSANOW, state)
    loop, received, missing, times = asyncio.get_running_loop(), bytearray(), 0, []
    arrived = asyncio.Event()

    def readable() -> None:
        received.extend(os.read(fd, 4096))
        arrived.set()

    async def whole(length: int) -> None:
        while len(received) < length:
            arrived.clear()
            await arrived.wait()

    loop.add_reader(fd, readable)
    frames, end = requests(), time.monotonic() + SECONDS
    while time.monotonic() < end:
        for frame, length in frames:
            received.clear()
            os.write(fd, frame)
            try:
                await asyncio.wait_for(whole(length), SLOWEST_S)
                times.append(time.monotonic())
            except TimeoutError:
                missing += 1
            await asyncio.sleep(silence_s)
    loop.remove_reader(fd)
    os.close(fd)
    return times, missing


def rows() -> list[Row]:
    """Lateness of the last byte, share of the wire's time used, CPU of the simulator."""
    line = read_bus(PLANT_ROOM).line
    with tempfile.TemporaryDirectory() as folder:
        link, log, stats = (Path(folder) / name for name in ("bus", "log", "stats"))
        command = [sys.executable, "-m", "firmware_sim", "bus", "--link", link, "--log", log, "--stats", stats]
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            times, missing = asyncio.run(polled(str(link), line.silence_s))
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)
        frames = [json.loads(text) for text in log.read_text().splitlines()]
        totals = json.loads(stats.read_text())
    ends = [frame["end_s"] for frame in frames if frame["what"] == "answer"]
    assert len(ends) == len(times), "an answer was lost, times and frames cannot be compared"
    late_ms = (np.array(times) - np.array(ends)) * 1000
    asked = [frame for frame in frames if frame["what"] == "request"]
    busy_s = sum(end - frame["start_s"] + line.silence_s for frame, end in zip(asked, ends, strict=True))
    share = busy_s / (times[-1] - asked[0]["start_s"])
    note = f"{len(times)} exchanges with {len(requests())} units at {line.text}, {missing} missing"
    wire = "0: the wire itself"
    return [
        _row("bus_last_byte_late_p50_ms", float(np.median(late_ms)), "ms", wire, None, note),
        _row("bus_last_byte_late_p99_ms", float(np.percentile(late_ms, 99)), "ms", wire, None, note),
        _row("bus_last_byte_earliest_ms", float(late_ms.min()), "ms", "below 0: before its time", None, note),
        _row("bus_use_of_arithmetic_pct", 100 * share, "%", "bytes, turnarounds and silences", share, note),
        _row("bus_simulator_cpu_pct", 100 * totals["cpu_share"], "% of a core", "", None, "start-up included"),
    ]


def _row(name: str, value: float, unit: str, against: str, ratio: float | None, note: str) -> Row:
    return Row(name=name, value=value, unit=unit, against=against, ratio=ratio, note=note)
