"""Brokers that die, hosts that are away, gateways that are killed: nothing lost, nothing twice, gaps declared."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.quality import QualityClass, Reason, class_of, reason_of
from core.sparkplug.topics import MessageType
from gateway.config import BusConfig
from gateway.mqtt import BrokerAddress
from gateway.session import LONGEST_RECONNECT_S
from gateway.transport import SerialTransport
from tests.integration.gateway.conftest import NODE, gateway_config, running
from tests.integration.gateway.devices import Adapter
from tests.integration.gateway.harness import CounterServer, ModelHost, complete, mosquitto, until

pytestmark = pytest.mark.requires("mosquitto")


def doubled(host: ModelHost) -> int:
    """Values that stand there more often than once."""
    values = [(item.metric, item.value) for item in host.stored.values() if item.value is not None]
    return len(values) - len(set(values))


async def test_a_broker_that_dies_and_comes_back_empty_costs_nothing(
    free_ports: Callable[[int], list[int]], program: Callable[[str], Path], tmp_path: Path
) -> None:
    """Killed and started anew without memory: what was read meanwhile arrives as backlog, marked historical."""
    mqtt_port, modbus_port = free_ports(2)
    address = BrokerAddress(host="127.0.0.1", port=mqtt_port)
    server, host = CounterServer(), ModelHost(address, NODE)
    async with server.listening(modbus_port), running(gateway_config(tmp_path, address, modbus_port)):
        with mosquitto(program("mosquitto"), mqtt_port, tmp_path):
            async with host.online():
                await until(lambda: len(host.stored) > 300)
        before = server.served[1]
        await until(lambda: server.served[1] > before + 8)
        host._seq = None
        with mosquitto(program("mosquitto"), mqtt_port, tmp_path):
            async with host.online():
                await until(lambda: any(item.backlog for item in host.stored.values()))
                await until(lambda: complete(host, server))
    assert doubled(host) == 0
    assert host.evicted == {}
    assert host.problems == []
    assert all(item.historical == item.backlog for item in host.stored.values())


async def test_a_line_that_loses_every_fifth_message_ends_complete(
    host: ModelHost, free_port: int, tmp_path: Path
) -> None:
    """Lost data messages come again after the retry time; nothing is stored twice."""
    server = CounterServer()
    host.lose = lambda count: count % 5 == 0
    async with (
        server.listening(free_port),
        host.online(),
        running(gateway_config(tmp_path, host.address, free_port, chunk_readings=25)),
    ):
        await until(lambda: server.served.get(1, 0) > 30)
        server.silent = {1, 2}
        await until(lambda: complete(host, server), 20)
    assert doubled(host) == 0
    assert [problem for problem in host.problems if "second time" in problem] == []


async def test_a_host_that_does_not_answer_is_caught_up_with_later(
    host: ModelHost, free_port: int, tmp_path: Path
) -> None:
    """Without acknowledgements nothing is trimmed; once they come, the spool empties."""
    server = CounterServer()
    host.answer = False
    async with server.listening(free_port), host.online(), running(gateway_config(tmp_path, host.address, free_port)):
        await until(lambda: server.served.get(1, 0) > 10)
        host.answer = True
        await until(lambda: host.node_metrics.get("Health/Spool readings") is not None)
        await until(lambda: complete(host, server))
    assert doubled(host) == 0
    assert host.problems == []


async def test_a_small_spool_declares_what_it_gave_up(
    free_ports: Callable[[int], list[int]], program: Callable[[str], Path], tmp_path: Path
) -> None:
    """Read = stored + evicted: every offset of the epoch is either at the host or named in a gap record."""
    mqtt_port, modbus_port = free_ports(2)
    address = BrokerAddress(host="127.0.0.1", port=mqtt_port)
    server, host = CounterServer(), ModelHost(address, NODE)
    config = gateway_config(tmp_path, address, modbus_port)
    config = replace(config, spool=replace(config.spool, budget_bytes=65_536))
    async with server.listening(modbus_port), running(config):
        await until(lambda: server.served.get(1, 0) > 120, 30)
        with mosquitto(program("mosquitto"), mqtt_port, tmp_path):
            async with host.online():
                # Without a broker for so long the gateway looks for one at longer intervals.
                await until(lambda: len(host.evicted) > 0 and len(host.stored) > 0, LONGEST_RECONNECT_S + 15)
                await until(lambda: host.settled[host.epochs[-1]].low > len(host.evicted))
                server.silent = {1, 2}
                await until(lambda: len(list(host.settled[host.epochs[-1]].islands())) == 0, 20)
    (epoch,) = set(host.epochs)
    known = {offset for e, offset in host.stored} | {offset for e, offset in host.evicted}
    assert known == set(range(host.settled[epoch].low))
    assert not {offset for _, offset in host.stored} & {offset for _, offset in host.evicted}
    assert set(host.evicted.values()) == {1}


async def test_a_rebirth_is_answered_at_once_with_the_same_bdseq(
    host: ModelHost, free_port: int, tmp_path: Path
) -> None:
    """NBIRTH and every DBIRTH again, seq from 0, bdSeq unchanged; data go on."""
    server = CounterServer()
    async with server.listening(free_port), host.online(), running(gateway_config(tmp_path, host.address, free_port)):
        await until(lambda: len(host.stored) > 50)
        bdseq, births = host.node_metrics["bdSeq"], len(host.births)
        host.rebirth()
        await until(lambda: len(host.births) == births + 2)
        assert host.births[births:] == [(MessageType.NBIRTH, ""), (MessageType.DBIRTH, "bus-1")]
        assert host.node_metrics["bdSeq"] == bdseq
        stored = len(host.stored)
        await until(lambda: len(host.stored) > stored + 100)
    assert host.problems == []


async def test_a_dead_unit_says_so_and_delays_nobody(host: ModelHost, free_port: int, tmp_path: Path) -> None:
    """Unit 2 is dead: its slots are "not measured, timeout" without a value; unit 1 misses (almost) nothing."""
    server = CounterServer(silent={2})
    async with server.listening(free_port), host.online():
        async with running(gateway_config(tmp_path, host.address, free_port)):
            await until(lambda: server.served.get(1, 0) >= 40)
        await until(lambda: complete(host, server))
    dead = [item for item in host.stored.values() if item.metric.startswith("dev2/")]
    assert len(dead) >= 25 * 20
    assert {(class_of(item.quality), item.value) for item in dead} == {(QualityClass.NOT_MEASURED, None)}
    reasons = Counter(reason_of(item.quality) for item in dead)
    assert reasons.keys() <= {Reason.TIMEOUT, Reason.BUS_BUDGET}, (
        "a slot missed at the start is the bus's, not the unit's"
    )
    assert reasons[Reason.TIMEOUT] > 0.9 * len(dead)
    alive = [item for item in host.stored.values() if item.metric == "dev1/value_0" and item.quality == 0]
    times = sorted(item.time_ms for item in alive)
    longest = max(b - a for a, b in pairwise(times))
    assert longest <= 100 + 200 + 150, "one timeout of 0.2 s on top of the interval, and room for a busy machine"


async def test_a_lost_bus_is_a_ddeath_and_not_measured(host: ModelHost, free_port: int, tmp_path: Path) -> None:
    """The bus goes away: DDEATH, then readings "connection lost"; it comes back: values again."""
    server = CounterServer()
    async with host.online(), running(gateway_config(tmp_path, host.address, free_port)):
        async with server.listening(free_port):
            await until(lambda: len(host.stored) > 100)
        await until(lambda: (MessageType.DDEATH, "bus-1") in host.deaths)
        await until(lambda: any(reason_of(item.quality) is Reason.CONNECTION_LOST for item in host.stored.values()))
        served = server.served[1]
        async with server.listening(free_port):
            await until(lambda: server.served[1] > served + 3)
            await until(lambda: complete(host, server))
    assert host.problems == []


async def test_an_unplugged_adapter_costs_only_its_own_bus(host: ModelHost, free_port: int, tmp_path: Path) -> None:
    """A serial bus loses its adapter and gets it back as another port; the bus beside it does not miss a slot."""
    config = gateway_config(tmp_path, host.address, free_port, units=1)
    meter = config.buses[0].units[0]
    points = tuple(replace(point, metric=f"serial/{point.register.name}") for point in meter.points[:3])
    transport = SerialTransport(path=str(tmp_path / "usb-adapter"), baud=115_200)
    serial = BusConfig(id="bus-2", device="bus-2", transport=transport, units=(replace(meter, points=points),))
    adapter, server = Adapter(tmp_path / "usb-adapter"), CounterServer()
    adapter.plug()

    def of(metric: str, reason: Reason = Reason.NONE) -> list[int]:
        found = [item for item in host.stored.values() if item.metric == metric and reason_of(item.quality) is reason]
        return sorted(item.time_ms for item in found)

    both = replace(config, buses=(*config.buses, serial))
    async with server.listening(free_port), host.online(), adapter.answering(), running(both):
        await until(lambda: len(of("serial/value_0")) > 5 and len(of("dev1/value_0")) > 5)
        adapter.unplug()
        await until(lambda: len(of("serial/value_0", Reason.CONNECTION_LOST)) > 10)
        before = len(of("serial/value_0"))
        adapter.plug()
        await until(lambda: len(of("serial/value_0")) > before + 5, 30)
    adapter.unplug()
    assert (MessageType.DDEATH, "bus-2") in host.deaths
    assert (MessageType.DDEATH, "bus-1") not in host.deaths
    longest = max(b - a for a, b in pairwise(of("dev1/value_0")))
    assert longest <= 100 + 150, "none of the other bus's timeouts, and room for a busy machine"
    assert host.problems == []


async def test_fire_and_forget_trims_what_was_sent(host: ModelHost, free_port: int, tmp_path: Path) -> None:
    """For a foreign host: no header, no acknowledgement awaited, the spool stays small, health says so."""
    server = CounterServer()
    status = tmp_path / "status.json"
    async with (
        server.listening(free_port),
        host.online(),
        running(gateway_config(tmp_path, host.address, free_port, mode="fire-and-forget", health_s=0.5)),
    ):
        await until(lambda: server.served.get(1, 0) > 20)
        await until(lambda: host.node_metrics.get("Health/Readings committed", 0) > 400)  # type: ignore[operator]
        assert host.node_metrics["Health/Mode"] == "fire-and-forget"
        await until(status.exists)
    assert host.headers == []
    assert '"spool_failures": 0' in status.read_text()


async def test_a_spool_restored_from_a_copy_does_not_reuse_offsets(
    host: ModelHost, free_port: int, tmp_path: Path
) -> None:
    """The host knows more than the spool: a new epoch begins, and every reading since is stored under it."""
    server = CounterServer()
    config = gateway_config(tmp_path, host.address, free_port)
    copy = tmp_path / "copy"
    async with server.listening(free_port), host.online():
        async with running(config):
            await until(lambda: len(host.stored) > 200)
            shutil.copytree(tmp_path / "spool", copy)
            stored = len(host.stored)
            await until(lambda: len(host.stored) > stored + 200)
        restore(copy, tmp_path)
        served = server.served[1]
        async with running(config):
            await until(lambda: len(set(host.epochs)) == 2)
            await until(lambda: server.served[1] > served + 10)
            server.silent = {1, 2}
            await until(lambda: complete(host, server), 20)
    assert doubled(host) == 0
    assert [problem for problem in host.problems if "seq" not in problem] == []
    assert max(host.epochs) == host.epochs[-1]


def restore(copy: Path, folder: Path) -> None:
    """The spool as it was when the copy was made."""
    shutil.rmtree(folder / "spool")
    shutil.copytree(copy, folder / "spool")


GATEWAY = """
import asyncio, sys
from pathlib import Path
from core.clock import SystemClock
from gateway.service import load_config, run
asyncio.run(run(load_config(Path(sys.argv[1])), clock=SystemClock(), stop=asyncio.Event()))
"""

FAULTS = [
    "after_read:7:kill",
    "spool.before_commit:5:kill",
    "spool.after_commit:5:kill",
    "uplink.before_publish:5:kill",
    "uplink.after_publish:5:kill",
    "spool.before_trim:1:kill",
    "spool.after_trim:1:kill",
]


async def test_a_gateway_killed_at_every_fault_point_loses_nothing_that_was_committed(
    free_ports: Callable[[int], list[int]], program: Callable[[str], Path], tmp_path: Path
) -> None:
    """Every read that reached the spool arrives once; a kill may cost the round that was not committed yet."""
    mqtt_port, modbus_port = free_ports(2)
    address = BrokerAddress(host="127.0.0.1", port=mqtt_port)
    server, host = CounterServer(), ModelHost(address, NODE)
    gateway_config(tmp_path, address, modbus_port)
    config = tmp_path / "gateway.yaml"
    config.write_text(config_text(address, modbus_port))
    with mosquitto(program("mosquitto"), mqtt_port, tmp_path):
        async with server.listening(modbus_port), host.online():
            for fault in FAULTS:
                process = await started_gateway(config, host, fault)
                async with asyncio.timeout(60):
                    assert await process.wait() == -signal.SIGKILL, fault
            process = await started_gateway(config, host, "")
            served = server.served[1]
            await until(lambda: server.served[1] > served + 10)
            server.silent = {1, 2}
            low = max(offset for _, offset in host.stored)
            await until(lambda: host.settled[host.epochs[-1]].low > low, 20)
            process.kill()
            await process.wait()
    (epoch,) = set(host.epochs)
    assert sorted(offset for _, offset in host.stored) == list(range(len(host.stored))), "offsets without a hole"
    assert doubled(host) == 0
    values = {(item.metric, item.value) for item in host.stored.values()}
    missing = [
        (unit, n)
        for unit, count in server.served.items()
        for n in range(1, count + 1)
        if (f"dev{unit}/value_0", float(n * 32)) not in values
    ]
    assert len(missing) <= 2 * 2 * len(FAULTS)
    assert {host.settled[epoch].low} == {len(host.stored)}


async def started_gateway(config: Path, host: ModelHost, fault: str) -> asyncio.subprocess.Process:
    """A gateway process that dies at ``fault``; the host awaits a new session."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATEWAY, str(config), env={**os.environ, "TWINGRID_FAULT": fault}
    )
    host._seq = None
    return process


def config_text(address: BrokerAddress, modbus_port: int) -> str:
    points = "".join(
        f"      - {{unit: {unit}, profile: generic-f32, timeout_s: 0.2, points: {{"
        + ", ".join(f"value_{i}: dev{unit}/value_{i}" for i in range(25))
        + "}}\n"
        for unit in (1, 2)
    )
    return (
        f"group: {NODE.group}\nnode: {NODE.node}\nbroker: {{host: 127.0.0.1, port: {address.port}}}\n"
        f"spool: {{path: killed.sqlite}}\nbuses:\n"
        f"  - id: bus-1\n    host: 127.0.0.1\n    port: {modbus_port}\n    interval_s: 0.1\n    units:\n{points}"
    )


class LateClock(SystemClock):
    """A machine without a battery: its wall clock shows 1970 until the network sets it."""

    set = False

    def now_ms(self) -> int:
        """Since 1970, or the truth."""
        return super().now_ms() if self.set else 60_000 + int(self.monotonic_s() * 1000)


async def test_what_was_read_before_the_clock_was_set_arrives_with_its_true_times(
    host: ModelHost, free_port: int, tmp_path: Path
) -> None:
    """Nothing travels before; afterwards every reading arrives once, at the time it was taken, without doubt (R-19)."""
    server, clock = CounterServer(), LateClock()
    config = gateway_config(tmp_path, host.address, free_port)
    began_ms = SystemClock().now_ms()
    async with server.listening(free_port), host.online(), running(config, clock):
        await until(lambda: server.served.get(1, 0) > 10)
        assert not host.stored
        set_ms = SystemClock().now_ms()
        clock.set = True
        await until(lambda: len(host.stored) > 20 * 50)
        server.silent = {1, 2}
        await until(lambda: complete(host, server), 20)
    taken = [item for item in host.stored.values() if item.value is not None]
    assert all(began_ms <= item.time_ms <= SystemClock().now_ms() for item in taken)
    before = [item for item in taken if item.time_ms < set_ms]
    assert len(before) >= 10 * 50
    assert {item.quality for item in before} == {0}
    assert doubled(host) == 0
