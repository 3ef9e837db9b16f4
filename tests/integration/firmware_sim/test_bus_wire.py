"""The serial bus in real time: byte times by ratio, speeds that do not fit, adapters, and the commands around it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from firmware_sim.clock import ManualClock
from firmware_sim.devices.climate import XyMd02
from firmware_sim.encoding import DataType
from firmware_sim.ledger import read_ledger
from firmware_sim.modbus.register_map import Product, Register, Table
from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.control import Action, Timetable
from firmware_sim.serial_bus.framing import Framing, ascii_frame, rtu_content, rtu_frame
from firmware_sim.serial_bus.ports import DevicePort, Port, PtyPort, TcpPort, speed_constant
from firmware_sim.serial_bus.server import BusServer
from firmware_sim.serial_bus.unit import BusUnit, Pace, ProductInstrument
from firmware_sim.serial_bus.wire import LineSettings
from firmware_sim.signals.base import ConstantSignal, Signal

COMMAND = [sys.executable, "-m", "firmware_sim"]
PACE = Pace(turnaround_s=0.005, jitter_s=0.0)
READ = struct.pack(">BHH", 4, 1, 2)


def climate() -> ProductInstrument:
    device = XyMd02(
        device_id="climate",
        temperature=ConstantSignal(unit="Cel", constant=-5.3),
        humidity=ConstantSignal(unit="%", constant=65.5),
    )
    return ProductInstrument(product=device.PRODUCT, signals=device.signals())


def wide() -> ProductInstrument:
    """125 registers, so that an answer takes its time."""
    registers = tuple(
        Register(name=f"r{i}", table=Table.HOLDING_REGISTERS, address=i, data_type=DataType.U16) for i in range(125)
    )
    signals: dict[str, Signal] = {r.name: ConstantSignal(unit="1", constant=r.address) for r in registers}
    return ProductInstrument(
        product=Product(key="wide", maker="", model="", registers=registers, reference="none"), signals=signals
    )


def a_bus(line: LineSettings, framing: Framing = Framing.RTU) -> Bus:
    units = [BusUnit(1, climate(), pace=PACE), BusUnit(2, climate(), pace=PACE), BusUnit(3, wide(), pace=PACE)]
    return Bus(units, line, ManualClock(start_ms=0), framing=framing)


class Terminal:
    """A raw master on a terminal, without a library between it and the bytes."""

    def __init__(self, path: str, baud: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._fd)
        state = termios.tcgetattr(self._fd)
        state[4] = state[5] = speed_constant(baud)
        termios.tcsetattr(self._fd, termios.TCSANOW, state)
        self.times: list[float] = []

    async def exchange(self, frame: bytes, expected: int, timeout_s: float = 3.0) -> bytes:
        """What comes back, until that many bytes are there or the time is over; arrival times in `times`."""
        loop, received, arrived = asyncio.get_running_loop(), bytearray(), asyncio.Event()
        self.times = [time.monotonic()]

        def readable() -> None:
            received.extend(os.read(self._fd, 4096))
            self.times.append(time.monotonic())
            if len(received) >= expected:
                arrived.set()

        loop.add_reader(self._fd, readable)
        os.write(self._fd, frame)
        try:
            await asyncio.wait_for(arrived.wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(self._fd)
        return bytes(received)

    def close(self) -> None:
        os.close(self._fd)


@asynccontextmanager
async def on_a_pty(bus: Bus, baud: int | None = None, **more: Timetable) -> AsyncIterator[Terminal]:
    async with BusServer(bus, [PtyPort(bus.settings)], **more) as server:
        terminal = Terminal(server.ports[0].address, baud or bus.settings.baud)
        try:
            yield terminal
        finally:
            terminal.close()


@pytest.mark.parametrize("framing", list(Framing))
async def test_an_answer_takes_its_bytes(framing: Framing) -> None:
    """The last byte of an answer comes no earlier than request, turnaround and answer take at 9600 baud."""
    line = LineSettings(baud=9600)
    make = rtu_frame if framing is Framing.RTU else ascii_frame
    request, length = make(3, struct.pack(">BHH", 3, 0, 40)), len(make(3, bytes(82)))
    async with on_a_pty(a_bus(line, framing)) as terminal:
        for _ in range(5):
            answer = await terminal.exchange(request, length)
            assert len(answer) == length
            wire_s = (len(request) + length) * line.character_s + PACE.turnaround_s
            assert terminal.times[-1] - terminal.times[0] >= wire_s * 0.999
            await asyncio.sleep(0.01)
        assert len(terminal.times) > 5  # bytes trickle in, they do not come as one block


async def test_times_follow_the_speed() -> None:
    """Half the speed takes twice the time: the fastest of ten exchanges at 4800, 9600 and 19200 baud stand in ratio."""
    best: dict[int, float] = {}
    request, length = rtu_frame(3, struct.pack(">BHH", 3, 0, 60)), 5 + 120
    for baud in (4800, 9600, 19200):
        async with on_a_pty(a_bus(LineSettings(baud=baud))) as terminal:
            taken = []
            for _ in range(10 if baud > 4800 else 4):
                await terminal.exchange(request, length)
                taken.append(terminal.times[-1] - terminal.times[0] - PACE.turnaround_s)
                await asyncio.sleep(0.01)
            best[baud] = min(taken)
    assert 1.6 < best[4800] / best[9600] < 2.4
    assert 1.6 < best[9600] / best[19200] < 2.4


async def test_a_request_over_an_answer_collides() -> None:
    """A master that does not wait for the answer gets neither that answer nor its next one."""
    bus = a_bus(LineSettings(baud=4800))
    long = rtu_frame(3, struct.pack(">BHH", 3, 0, 125))  # takes more than half a second
    async with on_a_pty(bus) as terminal:
        first = await terminal.exchange(long, 255, timeout_s=0.1)
        assert 0 < len(first) < 255
        rest = await terminal.exchange(rtu_frame(1, READ), 500, timeout_s=0.8)
        assert len(first) + len(rest) == 255
        assert rtu_content(first + rest) is None
        assert bus.medium.collided == 1
        assert await terminal.exchange(rtu_frame(1, READ), 9) == rtu_frame(1, bytes.fromhex("0404ffcb028f"))


async def test_another_speed_is_noise() -> None:
    """A client at another speed is not understood; at the right one it is."""
    bus = a_bus(LineSettings(baud=9600))
    async with on_a_pty(bus, baud=19200) as terminal:
        assert await terminal.exchange(rtu_frame(1, READ), 9, timeout_s=0.15) == b""
        assert bus.sniffer.what == {"broken": 1}
    bus = a_bus(LineSettings(baud=9600))
    async with on_a_pty(bus, baud=9600) as terminal:
        assert await terminal.exchange(rtu_frame(1, READ), 9) == rtu_frame(1, bytes.fromhex("0404ffcb028f"))


async def test_a_killed_unit_costs_only_itself() -> None:
    """While one unit is dead the others answer in the usual time; revived it answers again."""
    bus = a_bus(LineSettings(baud=19200))
    request, good = rtu_frame(1, READ), rtu_frame(1, bytes.fromhex("0404ffcb028f"))
    async with on_a_pty(bus) as terminal:
        Action.parse("kill 1").apply(bus)
        assert await terminal.exchange(request, 9, timeout_s=0.1) == b""
        assert len(await terminal.exchange(rtu_frame(2, READ), 9)) == 9
        await asyncio.sleep(0.01)
        Action.parse("revive 1").apply(bus)
        assert await terminal.exchange(request, 9) == good


async def test_a_timetable_runs_by_itself() -> None:
    """A unit killed by timetable is dead and comes back without anybody asking."""
    bus = a_bus(LineSettings(baud=19200))
    table = Timetable([(0.05, Action.parse("kill 1")), (0.25, Action.parse("revive 1"))])
    async with on_a_pty(bus, timetable=table) as terminal:
        await until(lambda: bus.unit(1).faults.dead)
        assert await terminal.exchange(rtu_frame(1, READ), 9, timeout_s=0.05) == b""
        await until(lambda: not bus.unit(1).faults.dead)
        assert len(await terminal.exchange(rtu_frame(1, READ), 9)) == 9


async def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


async def test_several_connections_hear_the_same_wire(free_port: int) -> None:
    """A transparent serial server sends what the wire says to every connection, and to the pseudo-terminal too."""
    bus = a_bus(LineSettings(baud=115200))
    good = rtu_frame(1, bytes.fromhex("0404ffcb028f"))
    ports: list[Port] = [PtyPort(bus.settings), TcpPort(free_port)]
    async with BusServer(bus, ports):
        reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
        other, other_writer = await asyncio.open_connection("127.0.0.1", free_port)
        writer.write(rtu_frame(1, READ))
        assert await asyncio.wait_for(reader.readexactly(9), 3) == good
        assert await asyncio.wait_for(other.readexactly(9), 3) == good
        writer.close()
        other_writer.close()


async def test_a_port_that_cannot_be_opened(free_port: int, tmp_path: Path) -> None:
    """A device that is none and a port in use are errors that name them, and nothing stays open."""
    line = LineSettings()
    plain = tmp_path / "plain"
    plain.touch()
    with pytest.raises(OSError, match="not a serial device"):
        async with BusServer(a_bus(line), [DevicePort(plain, line)]):
            pass
    async with BusServer(a_bus(line), [TcpPort(free_port)]):
        with pytest.raises(OSError, match="address already in use"):
            async with BusServer(a_bus(line), [PtyPort(), TcpPort(free_port)]):
                pass


@contextmanager
def paired(socat: Path, near: Path, far: Path) -> Iterator[None]:
    """Two terminals joined back to back while it is open."""
    pair = subprocess.Popen([socat, f"pty,raw,echo=0,link={near}", f"pty,raw,echo=0,link={far}"])
    try:
        yield
    finally:
        pair.terminate()
        pair.wait(5)


@pytest.mark.requires("socat")
@pytest.mark.parametrize("paced", [True, False])
async def test_a_serial_device(program: Callable[[str], Path], tmp_path: Path, paced: bool) -> None:
    """The bus serves a serial device that exists, paced by itself or by the hardware."""
    near, far = tmp_path / "near", tmp_path / "far"
    with paired(program("socat"), near, far):
        await until(lambda: near.exists() and far.exists())
        line = LineSettings(baud=9600)
        bus = Bus([BusUnit(1, climate(), pace=PACE)], line, ManualClock(start_ms=0), paced=paced)
        async with BusServer(bus, [DevicePort(near, line)]):
            terminal = Terminal(str(far), 9600)
            answer = await terminal.exchange(rtu_frame(1, READ), 9)
            assert answer == rtu_frame(1, bytes.fromhex("0404ffcb028f"))
            slow_s = 17 * line.character_s + PACE.turnaround_s
            assert not paced or terminal.times[-1] - terminal.times[0] >= slow_s * 0.999
            terminal.close()


# --- commands -----------------------------------------------------------------------------------------------------


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running bus and its ready line; ended within a second."""
    process = subprocess.Popen([*COMMAND, "bus", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready "), process.communicate()
        yield process, line
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert time.monotonic() - begin < 1.0
    finally:
        process.kill()
        process.communicate()


def told(socket: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "bus-do", str(socket), *words], capture_output=True, text=True, timeout=20, check=False
    )


def asked(link: Path, baud: int, frame: bytes, expected: int, timeout_s: float = 3.0) -> bytes:
    async def ask() -> bytes:
        terminal = Terminal(str(link), baud)
        await asyncio.sleep(0.005)  # the silence after what was asked before
        try:
            return await terminal.exchange(frame, expected, timeout_s)
        finally:
            terminal.close()

    return asyncio.run(ask())


def test_the_command_serves_the_plant_room(tmp_path: Path) -> None:
    """The command says where and what, obeys bus-do, logs every frame and tells at the end what has passed."""
    link, control, log, stats = (tmp_path / name for name in ("bus", "control", "log", "stats"))
    options = ["--link", str(link), "--control", str(control), "--log", str(log), "--stats", str(stats)]
    request = rtu_frame(12, READ)
    with started(*options) as (process, ready):
        assert f"port={link} line='9600 8N1' framing=rtu units=32" in ready
        assert process.stdout is not None
        table = [process.stdout.readline() for _ in range(32)]
        assert "xy-md02" in table[11]
        assert "[dead]" in table[15]
        assert rtu_content(asked(link, 9600, request, 9)) is not None
        assert told(control, "kill", "12").stdout == "done\n"
        assert asked(link, 9600, request, 9, timeout_s=0.2) == b""
        assert told(control, "revive", "12").returncode == 0
        assert asked(link, 9600, rtu_frame(12, b"\x06\x01\x01\x00\x07"), 5) == rtu_frame(12, b"\x86\x01")
        shown = told(control, "display").stdout
        assert "12 temperature " in shown
        described = json.loads(told(control, "describe").stdout)
        assert [unit["unit"] for unit in described["units"]] == list(range(1, 33))
        assert json.loads(told(control, "stats").stdout)["writes_seen"] == 1
        wrong = told(control, "kill", "99")
        assert (wrong.returncode, wrong.stdout) == (1, "")
        assert "no unit 99" in wrong.stderr
    assert not link.is_symlink()
    assert not control.exists()
    totals = json.loads(stats.read_text())
    assert totals["functions"] == {"4": 2, "6": 1}
    assert totals["frames"] == {"request": 2, "answer": 2, "absent": 1}
    frames = [json.loads(line) for line in log.read_text().splitlines()]
    assert [f["what"] for f in frames if f["what"] != "answer"] == ["request", "absent", "request"]
    assert bytes.fromhex(frames[-1]["data"])[0] == 12


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--line", "fast"], "line settings must look like '9600 8N1'"),
        (["--no-pty"], "nothing to serve on"),
        (["--counters", "3"], "needs --ledger"),
        (["--counters", "300", "--ledger", "x"], "no more unit ids"),
        (["--plan", "nowhere.yaml"], "nowhere.yaml"),
        (["--device", "nowhere"], "nowhere"),
    ],
)
def test_wrong_options_are_one_line(arguments: list[str], complaint: str) -> None:
    """What cannot be served is said in one line, without a traceback."""
    result = subprocess.run([*COMMAND, "bus", *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode == 1
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_nobody_listens(tmp_path: Path) -> None:
    """Telling a bus that does not run is one line."""
    result = told(tmp_path / "nothing", "kill", "1")
    assert result.returncode == 1
    assert "no bus listens there" in result.stderr


def test_counters_on_the_wire_stand_in_the_ledger(tmp_path: Path) -> None:
    """Every value that was read over RTU is in the ledger, once, and was there before it was on the wire."""
    link, ledger = tmp_path / "bus", tmp_path / "ledger"
    seen: list[tuple[int, float]] = []
    with started(
        "--link", str(link), "--line", "115200 8N1", "--counters", "3", "--values", "5", "--ledger", str(ledger)
    ):
        for turn in range(12):
            unit = 1 + turn % 3
            answer = asked(link, 115200, rtu_frame(unit, struct.pack(">BHH", 3, 0, 10)), 25)
            content = rtu_content(answer)
            assert content is not None
            values = struct.unpack(">5f", content[1][2:])
            columns = read_ledger(ledger).columns()
            assert list(columns.value[-5:]) == list(values)
            seen += [(unit, value) for value in values]
        assert rtu_content(asked(link, 115200, rtu_frame(1, struct.pack(">BHH", 3, 1, 2)), 5)) == (1, b"\x83\x02")
    columns = read_ledger(ledger).columns()
    assert list(zip(columns.device.tolist(), columns.value.tolist(), strict=True)) == seen
    assert len(set(seen)) == len(seen) == 60


def test_the_simulator_is_not_the_bottleneck(tmp_path: Path) -> None:
    """At 9600 baud most exchanges take no more than the wire needs for them and a quarter."""
    link, stats = tmp_path / "bus", tmp_path / "stats"
    line = LineSettings(baud=9600)
    ratios = []

    async def poll() -> None:
        terminal = Terminal(str(link), 9600)
        request, length = rtu_frame(12, READ), 9
        for _ in range(40):
            await terminal.exchange(request, length)
            wire_s = (len(request) + length) * line.character_s + 0.012  # unit 12: 10 to 14 ms
            ratios.append(wire_s / (terminal.times[-1] - terminal.times[0]))
            await asyncio.sleep(line.silence_s)
        terminal.close()

    with started("--link", str(link), "--stats", str(stats)):
        asyncio.run(poll())
    assert statistics.median(ratios) > 0.8, ratios
    assert json.loads(stats.read_text())["frames"] == {"request": 40, "answer": 40}
