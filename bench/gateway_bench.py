"""What a value costs at the edge: 100 loopback devices of 25 floats, through spool and uplink, in CPU seconds.

Everything is real and on loopback: a device farm of its own process, the NATS server as MQTT broker, a model host that
acknowledges (in the measuring process), and the gateway as a process of its own, whose CPU time (children and threads
included) is what counts. In the same run pymodbus alone reads the same farm and does nothing with the values.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench import thingsboard_rival
from bench.rows import Row
from core.offsets import OffsetRange, Settled
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.commit import decode_header, encode_committed
from core.sparkplug.datatypes import COMMITTED, DataType
from gateway.mqtt import BrokerAddress, MqttConnection

DEVICES: Final = 100
VALUES: Final = 25
INTERVAL_S: Final = 0.1
WARM_S: Final = 3.0
MEASURE_S: Final = 10.0
PORTS: Final = range(22000, 22400)


def rows() -> list[Row]:
    """Measure ``gateway_values_per_cpu_s``, and what thingsboard-gateway makes of the same devices."""
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        farm_port, mqtt_port, nats_port, rival_port = _ports(4)
        with _farm(farm_port), _broker(folder, mqtt_port, nats_port):
            result = asyncio.run(_measure(folder, farm_port, mqtt_port))
            alone = json.loads(_python("alone", str(farm_port), str(MEASURE_S / 2)))
            rival = thingsboard_rival.measure(folder, farm_port, rival_port, DEVICES, _cpu_s)
    per_cpu_s = result["values"] / result["cpu_s"]
    alone_per_cpu_s = alone["values"] / alone["cpu_s"]
    return [
        Row(
            name="gateway_values_per_cpu_s",
            value=round(per_cpu_s),
            unit="values/CPU s",
            against=f"pymodbus alone, reading the same farm and keeping nothing: {alone_per_cpu_s:,.0f}",
            ratio=round(per_cpu_s / alone_per_cpu_s, 3),
            note=(
                f"{DEVICES} devices x {VALUES} f32, one connection each, every {INTERVAL_S} s; "
                f"{result['rate']:,.0f} values/s stored; gateway {result['cpu_percent']:.0f} % of a core, "
                f"{result['rss_mb']:.0f} MB; age on arrival p99 {result['age_p99_s']:.2f} s; {MEASURE_S:.0f} s"
            ),
        ),
        *[
            Row(
                name=f"gateway_against_thingsboard_{layout}",
                value=round(per_cpu_s),
                unit="values/CPU s",
                against=f"{thingsboard_rival.NAME}: {one.values_per_cpu_s:,.0f}; {_WANTED[layout]}",
                ratio=round(per_cpu_s / one.values_per_cpu_s, 2),
                note=f"the same farm; it delivered {one.values_s:,.0f} values/s; {_SHAPE[layout]}",
            )
            for layout, one in rival.items()
        ],
    ]


_WANTED: Final = {"tags": "wanted: 10 times it", "wide": "wanted: 4 times it"}
_SHAPE: Final = {
    "tags": "its shipped layout, an entry a value, polled every second",
    "wide": "its best, an entry a device, polled as fast as it can",
}


async def _measure(folder: Path, farm_port: int, mqtt_port: int) -> dict[str, float]:
    config = _gateway_config(folder, farm_port, mqtt_port)
    host = _Host()
    async with MqttConnection(
        BrokerAddress(host="127.0.0.1", port=mqtt_port), "host", on_message=host.received
    ) as link:
        host.link = link
        await link.subscribe("spBv1.0/bench/DDATA/gw/#")
        command = [sys.executable, "-m", "bench.gateway_bench", "gateway", str(config)]
        gateway = subprocess.Popen(command)  # noqa: ASYNC220 - starting it blocks for a moment before the clock runs
        try:
            await asyncio.sleep(WARM_S)
            before, values, began_s = _cpu_s(gateway.pid), host.values, time.monotonic()
            host.ages.clear()
            await asyncio.sleep(MEASURE_S)
            cpu_s, seconds = _cpu_s(gateway.pid) - before, time.monotonic() - began_s
            got, rss = host.values - values, _rss_mb(gateway.pid)
            ages = sorted(host.ages)
        finally:
            gateway.send_signal(signal.SIGTERM)
            gateway.wait(15)
    if not got:
        raise RuntimeError("the gateway delivered nothing")
    return {
        "values": got,
        "cpu_s": cpu_s,
        "rate": got / seconds,
        "cpu_percent": 100 * cpu_s / seconds,
        "rss_mb": rss,
        "age_p99_s": ages[int(len(ages) * 0.99)] / 1000,
    }


class _Host:
    """Acknowledges every chunk; counts what is new."""

    def __init__(self) -> None:
        self.link: MqttConnection | None = None
        self.values = 0
        self.ages: list[float] = []
        self._settled: dict[int, Settled] = {}

    def received(self, _topic: str, payload: bytes, _retained: bool) -> None:
        message = spb.Payload.FromString(payload)
        header = decode_header(message.body)
        settled = self._settled.setdefault(header.epoch, Settled(header.low))
        span = OffsetRange(header.span.first, header.span.stop)
        self.values += sum(len(part) for part in settled.missing(span))
        self.ages.append(time.time() * 1000 - message.metrics[0].timestamp)
        settled.add(span)
        answer = spb.Payload(timestamp=message.timestamp)
        answer.metrics.add(name=COMMITTED, datatype=DataType.BYTES, bytes_value=encode_committed(header.epoch, settled))
        if self.link is not None:
            self.link.publish("spBv1.0/bench/NCMD/gw", answer.SerializeToString())


def _gateway_config(folder: Path, farm_port: int, mqtt_port: int) -> Path:
    points = ", ".join(f"value_{i}: DEV/value_{i}" for i in range(VALUES))
    buses = "".join(
        f"  - {{id: d{n}, device: room-{n % 4}, host: 127.0.0.1, port: {farm_port}, interval_s: {INTERVAL_S}, units: "
        f"[{{unit: {n}, profile: generic-f32, points: {{{points.replace('DEV', f'd{n}')}}}}}]}}\n"
        for n in range(1, DEVICES + 1)
    )
    path = folder / "gateway.yaml"
    path.write_text(
        f"group: bench\nnode: gw\nbroker: {{host: 127.0.0.1, port: {mqtt_port}}}\n"
        f"spool: {{path: spool}}\nbuses:\n{buses}"
    )
    return path


# --- processes ------------------------------------------------------------------------------------------------------


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench.gateway_bench", *arguments], stdout=subprocess.PIPE, check=True, timeout=120
    )
    return done.stdout.decode()


@contextlib.contextmanager
def _process(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.02)
        yield
    finally:
        process.kill()
        process.wait()


def _farm(port: int) -> contextlib.AbstractContextManager[None]:
    return _process([sys.executable, "-m", "bench.gateway_bench", "farm", str(port)], port)


def _broker(folder: Path, port: int, nats_port: int) -> contextlib.AbstractContextManager[None]:
    config = folder / "nats.conf"
    config.write_text(
        f'server_name: bench\nlisten: "127.0.0.1:{nats_port}"\n'
        f'jetstream {{ store_dir: "{folder}/nats" }}\nmqtt {{ listen: "127.0.0.1:{port}" }}\n'
    )
    program = Path(sys.executable).with_name("nats-server")
    return _process([str(program), "-c", str(config)], port)


def _ports(count: int) -> list[int]:
    found = []
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


def _cpu_s(pid: int) -> float:
    """User and system time of a process with all its threads and the children it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


class _FarmConnection(asyncio.Protocol):
    """Answers reads of 50 registers with 25 floats that are never the same twice."""

    count = 0

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 12:
            tid, _, _, unit, function, _, count = struct.unpack_from(">HHHBBHH", self._buffer)
            self._buffer = self._buffer[12:]
            _FarmConnection.count += 1
            n = count // 2
            values = [float((_FarmConnection.count * 25 + i) % 16_000_000) for i in range(n)]
            head = struct.pack(">HHHBBB", tid, 0, 3 + 2 * count, unit, function, 2 * count)
            self._transport.write(head + struct.pack(f">{n}f", *values))  # type: ignore[attr-defined]


async def _serve_farm(port: int) -> None:
    hosts = ["127.0.0.1", *(f"127.0.1.{unit}" for unit in range(1, DEVICES + 1))]
    server = await asyncio.get_running_loop().create_server(_FarmConnection, hosts, port, backlog=512)
    async with server:
        await server.serve_forever()


async def _run_gateway(path: str) -> None:
    from core.clock import SystemClock
    from gateway.service import load_config, run

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(load_config(Path(path)), clock=SystemClock(), stop=stop)


async def _alone(port: int, seconds: float) -> dict[str, float]:
    """Reads with nothing but pymodbus: 100 clients read 50 registers each, as fast as they can."""
    from pymodbus.client import AsyncModbusTcpClient

    end_s = time.monotonic() + seconds
    counts = [0] * DEVICES

    async def one(index: int) -> None:
        client = AsyncModbusTcpClient("127.0.0.1", port=port)
        await client.connect()
        while time.monotonic() < end_s:
            answer = await client.read_holding_registers(0, count=2 * VALUES, device_id=index + 1)
            counts[index] += len(answer.registers) // 2
        client.close()

    before = time.process_time()
    await asyncio.gather(*(one(index) for index in range(DEVICES)))
    return {"values": sum(counts), "cpu_s": time.process_time() - before}


def _main(command: str, *arguments: str) -> None:
    if command == "farm":
        asyncio.run(_serve_farm(int(arguments[0])))
    elif command == "gateway":
        from gateway.event_loop import new_event_loop

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_run_gateway(arguments[0]))
    elif command == "alone":
        print(json.dumps(asyncio.run(_alone(int(arguments[0]), float(arguments[1])))))
    else:
        for row in rows():
            print(row)


if __name__ == "__main__":
    _main(*(sys.argv[1:] or ["rows"]))
