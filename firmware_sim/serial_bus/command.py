"""The commands `bus` (serve a serial bus) and `bus-do` (tell a running one what to do).

A running bus listens on a Unix socket for one line per connection: an action of `control.py`, `display`, `describe` or
`stats`. It answers in text or JSON, or with a line that begins with `error:`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import selectors
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from firmware_sim.clock import SimClock
from firmware_sim.console import UsageError, say, stop_on_signals
from firmware_sim.counters import CounterBank
from firmware_sim.encoding import DataType
from firmware_sim.ledger import COUNTER_TYPES, LedgerWriter
from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.control import Action, ActionError, Timetable, read_timetable
from firmware_sim.serial_bus.counters import CounterInstrument
from firmware_sim.serial_bus.framing import Framing
from firmware_sim.serial_bus.plan import PLANT_ROOM, BusPlan, build_bus, read_bus
from firmware_sim.serial_bus.ports import DevicePort, Port, PtyPort, TcpPort
from firmware_sim.serial_bus.report import bus_description, bus_totals, display_lines, unit_lines
from firmware_sim.serial_bus.server import BusServer
from firmware_sim.serial_bus.sniffer import BusFrame
from firmware_sim.serial_bus.unit import BusUnit
from firmware_sim.serial_bus.wire import LineSettings

_REPLY_TIMEOUT_S: Final = 10.0
_LINE_BYTES: Final = 4096


def add_commands(commands: Any) -> None:
    """Adds `bus` and `bus-do` to the command's parser."""
    bus = commands.add_parser("bus", help="serve the units of a serial bus")
    bus.add_argument("--plan", type=Path, default=PLANT_ROOM, help="bus file (default: a plant room with 32 units)")
    bus.add_argument("--line", help="speed and format instead of the plan's, as '19200 8E1'")
    bus.add_argument("--framing", choices=[f.value for f in Framing], help="instead of the plan's")
    bus.add_argument("--link", type=Path, help="symbolic link to the pseudo-terminal")
    bus.add_argument("--any-speed", action="store_true", help="understand clients that have set another speed")
    bus.add_argument("--device", type=Path, help="serve on a serial device too, as /dev/ttyUSB0")
    bus.add_argument("--hardware", action="store_true", help="the device takes the time of the bytes itself")
    bus.add_argument("--tcp", type=int, metavar="PORT", help="serve the same bus as a transparent serial server too")
    bus.add_argument("--host", default="127.0.0.1", help="address of --tcp")
    bus.add_argument("--no-pty", action="store_true", help="no pseudo-terminal")
    bus.add_argument("--grain-ms", type=float, default=2.0, help="bytes are handed out in groups of this duration")
    bus.add_argument("--seed", type=int, default=1)
    bus.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second (values, not the wire)")
    bus.add_argument("--timetable", type=Path, help="what happens to units when (YAML)")
    bus.add_argument("--control", type=Path, metavar="SOCKET", help="take commands there, see bus-do")
    bus.add_argument("--log", type=Path, help="write every frame to this file, one JSON object a line")
    bus.add_argument("--stats", type=Path, help="write what has passed to this JSON file at the end")
    bus.add_argument("--counters", type=int, help="so many counter units with a ledger instead of the plan's units")
    bus.add_argument("--values", type=int, default=25, help="values per counter unit")
    bus.add_argument("--type", choices=[t.value for t in COUNTER_TYPES], default=DataType.F32.value)
    bus.add_argument("--ledger", type=Path, help="ledger of --counters")
    bus.set_defaults(run=_bus)

    tell = commands.add_parser("bus-do", help="tell a running bus what to do")
    tell.add_argument("socket", type=Path)
    tell.add_argument("words", nargs="+", help="as: kill 5 | revive all | slow 5 0.8 | display | describe | stats")
    tell.set_defaults(run=_bus_do)


# --- bus ------------------------------------------------------------------------------------------------------------


def _bus(options: argparse.Namespace) -> int:
    try:
        clock = SimClock.from_wall(options.speed)
        plan = read_bus(options.plan)
        if options.line:
            plan = dataclasses.replace(plan, line=LineSettings.parse(options.line))
        if options.framing:
            plan = dataclasses.replace(plan, framing=Framing(options.framing))
    except ValueError as error:
        raise UsageError(error) from None
    with ExitStack() as files:
        if options.counters is None:
            bus = _plan_bus(plan, clock, options)
        else:
            plan = dataclasses.replace(plan, id="counters", units=())
            bus = _counter_bus(plan, clock, options, files)
        if options.log is not None:
            bus.sniffer.sink = _frame_log(files.enter_context(options.log.open("a", buffering=1, encoding="utf-8")))
        ids = [unit.unit_id for unit in bus.units]
        timetable = read_timetable(options.timetable, ids) if options.timetable else Timetable()
        # the default selector waits in whole milliseconds, a character at 9600 baud takes one
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
            return runner.run(_serve(bus, plan, clock, timetable, options))


def _plan_bus(plan: BusPlan, clock: SimClock, options: argparse.Namespace) -> Bus:
    return build_bus(plan, clock, seed=options.seed, paced=not options.hardware, grain_s=options.grain_ms / 1000)


def _counter_bus(plan: BusPlan, clock: SimClock, options: argparse.Namespace, files: ExitStack) -> Bus:
    if options.ledger is None:
        raise UsageError("--counters needs --ledger FILE: without it nobody can say what was lost")
    if not 1 <= options.counters <= 247:
        raise UsageError(f"--counters must be 1 to 247, not {options.counters}: there are no more unit ids")
    try:
        bank = CounterBank(devices=options.counters, values=options.values, data_type=DataType(options.type))
    except ValueError as error:
        raise UsageError(error) from None
    ledger = files.enter_context(LedgerWriter(options.ledger, bank.head))
    units = [BusUnit(n, CounterInstrument(bank, n, ledger), seed=options.seed) for n in range(1, bank.devices + 1)]
    return Bus(
        units,
        plan.line,
        clock,
        framing=plan.framing,
        seed=options.seed,
        paced=not options.hardware,
        grain_s=options.grain_ms / 1000,
    )


def _frame_log(file: TextIO) -> Callable[[BusFrame], None]:
    def write(frame: BusFrame) -> None:
        entry = {
            "time_ms": frame.time_ms,
            "start_s": round(frame.start_s, 6),
            "end_s": round(frame.end_s, 6),
            "what": frame.what,
            "unit": frame.unit,
            "data": frame.data.hex(),
        }
        file.write(json.dumps(entry) + "\n")

    return write


def _ports(plan: BusPlan, options: argparse.Namespace) -> list[Port]:
    ports: list[Port] = []
    if not options.no_pty:
        ports.append(PtyPort(None if options.any_speed else plan.line, options.link))
    if options.device is not None:
        ports.append(DevicePort(options.device, plan.line))
    if options.tcp is not None:
        ports.append(TcpPort(options.tcp, options.host))
    if not ports:
        raise UsageError("--no-pty leaves nothing to serve on: give --device or --tcp")
    return ports


async def _serve(bus: Bus, plan: BusPlan, clock: SimClock, timetable: Timetable, options: argparse.Namespace) -> int:
    stop = stop_on_signals()
    begin_s, begin_cpu_s = time.monotonic(), time.process_time()
    server = BusServer(bus, _ports(plan, options), timetable)
    async with AsyncExitStack() as running:
        await running.enter_async_context(server)
        if options.control is not None:
            await running.enter_async_context(_listening(options.control, bus, plan, clock, begin_s))
        where = " ".join(f"port={port.address}" for port in server.ports)
        say(f"ready bus={plan.id} {where} line={plan.line.text!r} framing={plan.framing} units={len(bus.units)}")
        for line in unit_lines(bus, plan, clock.now_ms() / 1000):
            say(line)
        await stop.wait()
    elapsed_s = time.monotonic() - begin_s
    totals = bus_totals(bus, elapsed_s) | {
        "noise_heard": server.noise_heard,
        "cpu_share": round((time.process_time() - begin_cpu_s) / max(elapsed_s, 1e-9), 4),
    }
    say("stopped " + " ".join(f"{key}={value}" for key, value in totals.items() if not isinstance(value, dict)))
    if options.stats is not None:
        options.stats.write_text(json.dumps(totals, indent=1), encoding="utf-8")
    return 0


# --- control --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _listening(path: Path, bus: Bus, plan: BusPlan, clock: SimClock, begin_s: float) -> AsyncIterator[None]:
    """Takes commands on a Unix socket while it is open."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):  # the caller went away, or sent no line
            line = await reader.readline()
            writer.write(_answered(line.decode(errors="replace").strip(), bus, plan, clock, begin_s).encode())
            await writer.drain()
        writer.close()

    _remove(path)
    server = await asyncio.start_unix_server(connected, path, limit=_LINE_BYTES)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _answered(line: str, bus: Bus, plan: BusPlan, clock: SimClock, begin_s: float) -> str:
    """The reply to one line."""
    now_ms = clock.now_ms()
    if line == "display":
        return "".join(f"{text}\n" for text in display_lines(bus, now_ms / 1000))
    if line == "describe":
        return json.dumps(bus_description(bus, plan, now_ms), ensure_ascii=False) + "\n"
    if line == "stats":
        return json.dumps(bus_totals(bus, time.monotonic() - begin_s)) + "\n"
    try:
        Action.parse(line).apply(bus)
    except ActionError as error:
        return f"error: {error}; or display, describe, stats\n"
    return "done\n"


def _bus_do(options: argparse.Namespace) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_REPLY_TIMEOUT_S)
        try:
            connection.connect(str(options.socket))
        except OSError as error:
            raise UsageError(f"{options.socket}: no bus listens there ({error.strerror or error})") from None
        connection.sendall((" ".join(options.words) + "\n").encode())
        with connection.makefile("r", encoding="utf-8") as reply:
            text = reply.read()
    if text.startswith("error:"):
        raise UsageError(text.removeprefix("error:").strip())
    sys.stdout.write(text)
    return 0
