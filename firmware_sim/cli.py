"""The command `python -m firmware_sim`: `serve`, `counters`, `describe`, `bus`, `bus-do`.

`serve`, `counters` and `bus` print one line beginning with `ready` on standard output when every socket listens, and
end within a second of SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import errno
import json
import logging
import sys
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Final

from firmware_sim.city import SimulatedCity, build_city, describe
from firmware_sim.clock import SimClock
from firmware_sim.console import UsageError, say, stop_on_signals
from firmware_sim.counters import CounterBank, CounterFarm
from firmware_sim.description import to_yaml
from firmware_sim.encoding import DataType
from firmware_sim.ledger import COUNTER_TYPES, LedgerError
from firmware_sim.modbus.server import ModbusLine
from firmware_sim.plan import DEMO_CITY, DEMO_SCRIPT, City, CityError, read_city
from firmware_sim.publisher import BrokerUrl, MqttPublisher
from firmware_sim.script import Script, ScriptError, read_script
from firmware_sim.serial_bus.command import add_commands
from firmware_sim.serial_bus.control import ActionError
from firmware_sim.serial_bus.plan import BusPlanError

logger = logging.getLogger(__name__)

_SHUTDOWN_S: Final = 0.8


_RECORD_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _FieldsFormatter(logging.Formatter):
    """The message, then its structured fields as key=value."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {key: value for key, value in vars(record).items() if key not in _RECORD_FIELDS}
        return super().format(record) + "".join(f" {key}={value!r}" for key, value in extra.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code (0 fine, 1 refused with a message)."""
    options = _parser().parse_args(arguments)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FieldsFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=options.log_level.upper(), handlers=[handler])
    try:
        return int(options.run(options))
    except (UsageError, CityError, ScriptError, LedgerError, BusPlanError, ActionError) as error:
        sys.stderr.write(f"firmware_sim: {error}\n")
    except OSError as error:
        sys.stderr.write(f"firmware_sim: {_explain(error)}\n")
    return 1


def _explain(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port in use: {error.strerror or error}; stop the other program or choose another port"
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="firmware_sim", description="Simulated devices on the wire")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="warning")
    commands = parser.add_subparsers(required=True, metavar="command")

    serve = commands.add_parser("serve", help="serve a city's devices")
    _city_options(serve)
    serve.add_argument(
        "--mqtt-url", help="broker for the devices that publish, as mqtt://127.0.0.1:1883; none: they are off"
    )
    serve.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second")
    serve.add_argument(
        "--faults", type=Path, help="script of incidents and faults; the demo city has one, `none` is none"
    )
    serve.add_argument("--stats", type=Path, help="write what was asked to this JSON file at the end")
    serve.set_defaults(run=_serve)

    counters = commands.add_parser("counters", help="serve self-identifying counters and keep their ledger")
    counters.add_argument("--devices", type=int, required=True)
    counters.add_argument("--values", type=int, default=25, help="values per device")
    counters.add_argument("--type", choices=[t.value for t in COUNTER_TYPES], default=DataType.F32.value)
    counters.add_argument("--host", default="127.0.0.1")
    counters.add_argument("--port", type=int, required=True)
    counters.add_argument("--ledger", type=Path, required=True)
    counters.add_argument("--per-device-address", action="store_true", help="device n also on 127.0.1.n, any unit id")
    counters.set_defaults(run=_counters)

    describe = commands.add_parser("describe", help="print the city as YAML")
    _city_options(describe)
    describe.add_argument("--out", type=Path, help="file instead of standard output")
    describe.set_defaults(run=_describe)

    add_commands(commands)
    return parser


def _city_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--city", type=Path, default=DEMO_CITY, help="city file (default: the demo city)")
    parser.add_argument("--host", default="127.0.0.1", help="address of the Modbus lines")
    parser.add_argument("--modbus-port-base", type=int, default=5020, help="port of the first line; the next follow")
    parser.add_argument("--seed", type=int, default=1)


# --- describe ---------------------------------------------------------------------------------------------------


def _describe(options: argparse.Namespace) -> int:
    text = to_yaml(describe(options.city, host=options.host, port_base=options.modbus_port_base, seed=options.seed))
    if options.out is None:
        sys.stdout.write(text)
    else:
        options.out.write_text(text, encoding="utf-8")
    return 0


# --- counters ---------------------------------------------------------------------------------------------------


def _counters(options: argparse.Namespace) -> int:
    try:
        bank = CounterBank(devices=options.devices, values=options.values, data_type=DataType(options.type))
        farm = CounterFarm(
            bank, options.ledger, port=options.port, host=options.host, per_device_address=options.per_device_address
        )
    except ValueError as error:
        raise UsageError(error) from None
    return asyncio.run(_run_counters(farm, options))


async def _run_counters(farm: CounterFarm, options: argparse.Namespace) -> int:
    stop = stop_on_signals()
    async with farm:
        size = f"{options.devices}x{options.values}"
        say(f"ready counters={size} modbus={options.host}:{options.port} ledger={options.ledger}")
        await stop.wait()
    say(f"stopped reads={farm.stats.reads} exceptions={farm.stats.exceptions} writes_seen={farm.stats.writes_seen}")
    return 0


# --- serve ------------------------------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    try:
        clock = SimClock.from_wall(options.speed)
        broker = BrokerUrl.parse(options.mqtt_url) if options.mqtt_url else None
    except ValueError as error:
        raise UsageError(error) from None
    plan = read_city(options.city)
    start_s = clock.start_ms / 1000
    quiet = build_city(plan, start_s=start_s, seed=options.seed)
    script = _script(options, quiet, start_s)
    city = build_city(plan, start_s=start_s, seed=options.seed, incidents=script.incidents)
    return asyncio.run(_run_city(city, script, clock, broker, options))


def _script(options: argparse.Namespace, city: SimulatedCity, start_s: float) -> Script:
    path: Path | None = options.faults
    if path is None and options.city == DEMO_CITY:
        path = DEMO_SCRIPT
    if path is None or str(path) == "none":
        return Script()
    return read_script(path, city.script_targets(), start_s=start_s, seed=options.seed)


async def _run_city(
    city: SimulatedCity, script: Script, clock: SimClock, broker: BrokerUrl | None, options: argparse.Namespace
) -> int:
    stop = stop_on_signals()
    async with AsyncExitStack() as running:
        lines: list[ModbusLine] = []
        for i, line in enumerate(city.lines):
            port = options.modbus_port_base + i
            server = ModbusLine(
                line.line_id, line.units, clock, port=port, host=options.host, bus=line.bus, faults=script.faults
            )
            try:
                lines.append(await running.enter_async_context(server))
            except OSError as error:
                raise UsageError(f"{options.host}:{port}: {_explain(error)}") from None
        duties: list[Awaitable[None]] = [line.run() for line in lines]
        publisher: MqttPublisher | None = None
        if broker is not None:
            publisher = MqttPublisher(city.mqtt_devices, broker, clock, faults=script.faults, seed=options.seed)
            await running.enter_async_context(publisher)
            duties.append(publisher.run())
        duties.append(_announce_loops(city, clock))
        say(_ready(city.plan, lines, options, broker))
        await _until(stop, duties)
        totals = _totals(lines, publisher)
    say("stopped " + " ".join(f"{key}={value}" for key, value in totals.items() if not isinstance(value, dict)))
    if options.stats is not None:
        options.stats.write_text(json.dumps(totals, indent=1), encoding="utf-8")
    return 0


def _ready(plan: City, lines: Sequence[ModbusLine], options: argparse.Namespace, broker: BrokerUrl | None) -> str:
    ports = ",".join(f"{options.host}:{options.modbus_port_base + i}" for i in range(len(lines)))
    target = f"{broker.host}:{broker.port}" if broker else "off"
    return f"ready city={plan.id} modbus={ports} mqtt={target} seed={options.seed} speed={options.speed:g}"


async def _announce_loops(city: SimulatedCity, clock: SimClock) -> None:
    """Says when a recording begins again, so that its seam is not taken for an event."""
    recordings = city.recordings()
    rounds = dict.fromkeys(recordings, 0)
    while True:
        time_s = clock.now_ms() / 1000
        for name, recording in recordings.items():
            number = recording.position(time_s).round_number
            if number != rounds[name]:
                rounds[name] = number
                played = f"{name} file={recording.data_set.file} round={number}"
                say(f"recording begins again: {played} time_ms={clock.now_ms()}")
        await asyncio.sleep(1.0)


async def _until(stop: asyncio.Event, duties: Sequence[Awaitable[None]]) -> None:
    """Waits for the stop; a duty that ends before it has failed, and its error is raised."""
    waiting = asyncio.ensure_future(stop.wait())
    tasks = [asyncio.ensure_future(duty) for duty in duties]
    try:
        done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {waiting}:
            task.result()
    finally:
        for task in (waiting, *tasks):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(waiting, *tasks, return_exceptions=True)


def _totals(lines: Sequence[ModbusLine], publisher: MqttPublisher | None) -> dict[str, Any]:
    requests = sum(line.stats.requests for line in lines)
    return {
        "requests": requests,
        "writes_seen": sum(line.stats.writes_seen for line in lines),
        "foreign_seen": sum(line.stats.foreign_seen for line in lines),
        "published": publisher.stats.published if publisher else 0,
        "lines": {line.line_id: dataclasses.asdict(line.stats) for line in lines},
    }
