"""Configurations from afar, with a real broker and real Modbus servers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.configuration import text_sha256
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.configuration import Push, decode_push, encode_push
from core.sparkplug.datatypes import CONFIGURATION, CONFIGURATION_REPORT, SHOW_CONFIGURATION, DataType
from gateway import uplink
from gateway.device_part import content_sha256
from gateway.mqtt import BrokerAddress, MqttConnection
from gateway.rollouts import Rollouts
from gateway.service import run
from tests.integration.gateway.conftest import NODE
from tests.integration.gateway.harness import CounterServer, ModelHost, complete, until

UNIT = "{unit: 1, profile: generic-f32, timeout_s: 0.2, points: {%s}}"
POINTS = ", ".join(f"value_{i}: dev1/value_{i}" for i in range(25))


def bus_of(port: int, points: str = POINTS, interval_s: float = 0.1) -> str:
    return (
        f"buses:\n  - id: bus-1\n    host: 127.0.0.1\n    port: {port}\n    interval_s: {interval_s}\n"
        f"    units:\n      - {UNIT % points}\n"
    )


def own_file(folder: Path, broker: BrokerAddress, port: int, more: str = "") -> Path:
    file = folder / "gw.yaml"
    file.write_text(
        f"group: {NODE.group}\nnode: {NODE.node}\nbroker: {{host: {broker.host}, port: {broker.port}}}\n"
        f"spool: {{path: spool}}\nuplink: {{health_s: 0.5}}\nrollout: {{probation_s: 4}}\n{more}{bus_of(port)}",
        encoding="utf-8",
    )
    return file


@contextlib.asynccontextmanager
async def running(file: Path) -> AsyncIterator[asyncio.Task[None]]:
    """The gateway of a file, ended in order."""
    clock, stop = SystemClock(), asyncio.Event()
    rollouts, config = Rollouts.open(file, clock)
    task = asyncio.create_task(run(config, clock=clock, stop=stop, rollouts=rollouts), name="gateway")
    try:
        yield task
    finally:
        stop.set()
        await task


def spool_at(folder: Path) -> tuple[int, int]:
    """Which spool this is: inodes of its folder and of the ballast that was laid down with it."""
    return (folder / "spool").stat().st_ino, (folder / "spool" / "ballast").stat().st_ino


def push(host: ModelHost, number: int, text: str) -> None:
    body = encode_push(Push(version=number, issued_ms=number, text=text, sha256=text_sha256(text)))
    payload = spb.Payload(timestamp=1)
    payload.metrics.add(name=CONFIGURATION, datatype=DataType.BYTES, bytes_value=body)
    host.command(payload)


def show(host: ModelHost) -> None:
    payload = spb.Payload(timestamp=1)
    payload.metrics.add(name=SHOW_CONFIGURATION, datatype=DataType.BOOLEAN, boolean_value=True)
    host.command(payload)


def report(host: ModelHost) -> dict[str, Any]:
    return dict(json.loads(str(host.node_metrics.get(CONFIGURATION_REPORT, "{}"))))


def outcome(host: ModelHost, number: int) -> str:
    answer = report(host).get("answer") or {}
    return str(answer.get("outcome", "")) if answer.get("version") == number else ""


async def pushed(host: ModelHost, number: int, text: str, *wanted: str) -> None:
    """Push until the gateway answers, as the host does."""
    async with asyncio.timeout(60):
        while outcome(host, number) not in wanted:
            push(host, number, text)
            await asyncio.sleep(0.3)


async def test_a_new_configuration_is_applied_without_losing_a_reading(
    broker: BrokerAddress, host: ModelHost, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    """Drivers change, spool and uplink stay: every value that was served is stored once, old names and new ones."""
    (port,) = free_ports(1)
    server = CounterServer()
    more = ", ".join(f"value_{i}: [{{metric: dev1/value_{i}}}, {{metric: new/value_{i}}}]" for i in range(25))
    async with server.listening(port), host.online(), running(own_file(tmp_path, broker, port)):
        await until(lambda: len(host.stored) > 200)
        spool, epochs = spool_at(tmp_path), list(host.epochs)
        await pushed(host, 1, bus_of(port, more), "confirmed")
        await until(lambda: any(item.metric == "new/value_3" for item in host.stored.values()))
        before = server.served[1]
        await until(lambda: server.served[1] > before + 5)
        server.silent.add(1)
        await until(lambda: complete(host, server))
    assert host.problems == []
    assert set(host.epochs) == set(epochs)
    assert spool_at(tmp_path) == spool
    assert report(host)["version"] == 1


async def test_an_identical_configuration_is_no_change_over_fifty_reconnects(
    broker: BrokerAddress,
    host: ModelHost,
    tmp_path: Path,
    free_ports: Callable[[int], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The spool's files are the same ones, no driver is started again, and nothing is written beside the own file.

    In the way of tb-gateway #2124, where every reconnect with the remote configuration on made a new storage.
    """
    monkeypatch.setattr(uplink, "reconnect_delay_s", lambda _attempt, _share: 0.01)
    (port,) = free_ports(1)
    server = CounterServer()
    async with server.listening(port), host.online(), running(own_file(tmp_path, broker, port)):
        await until(lambda: len(host.stored) > 50)
        spool, connections = spool_at(tmp_path), set(server._connections)
        for number in range(1, 51):
            births = len(host.epochs)
            async with MqttConnection(broker, f"{NODE.group}-{NODE.node}", on_message=lambda *_: None):
                pass  # a second client of that name throws the gateway out
            await until(lambda births=births: len(host.epochs) > births)  # type: ignore[misc]
            await pushed(host, number, f"# pushed for the {number}th time\n{bus_of(port)}", "unchanged")
            assert spool_at(tmp_path) == spool
        assert set(server._connections) == connections
        assert not (tmp_path / "gw.rollout").exists()
    assert len(set(host.epochs)) == 1
    assert len(host.epochs) > 50


class SilentOnTrial(CounterServer):
    """Falls silent at the next connection after ``armed``, once, as a device that a wrong setting has locked up."""

    armed = False

    def made(self) -> None:
        if self.armed:
            self.armed = False
            self.silent.add(1)

    def wake(self) -> None:
        """It answers again, whichever connection it had fallen silent at, or was still to."""
        self.armed = False
        self.silent.clear()


@pytest.mark.timeout(300)
async def test_a_configuration_that_reaches_nobody_is_put_back(
    broker: BrokerAddress, host: ModelHost, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    """With the new one no known unit answers any more; after the probation the old one reads on by itself."""
    port, nobody = free_ports(2)
    server = SilentOnTrial()
    async with server.listening(port), host.online(), running(own_file(tmp_path, broker, port)) as gateway:
        await until(lambda: len(host.stored) > 50)
        text = bus_of(port).replace("id: bus-1", "id: bus-1\n    # a slip of the pen") + (
            f"  - {{id: bus-2, host: 127.0.0.1, port: {nobody}, units: [{UNIT % 'value_0: x/y'}]}}\n"
        )
        server.armed = True
        await pushed(host, 1, text, "trial", "rolled-back")
        await until(lambda: outcome(host, 1) == "rolled-back")
        server.wake()
        before = server.served[1]
        # What was asked once more while it was still silent is left alone for a while: 30 s beside a poll of 0.1 s.
        await until(lambda: server.served[1] > before + 5, timeout_s=150)
        assert not gateway.done()
    assert report(host)["version"] == 0
    assert report(host)["answer"]["reason"]["en"].startswith("none of the 1 devices")


async def test_a_driver_that_dies_on_trial_does_not_take_the_gateway_along(
    broker: BrokerAddress,
    host: ModelHost,
    tmp_path: Path,
    free_ports: Callable[[int], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before, a driver's death ends the process; during a trial it ends the trial."""
    from gateway.bus import Bus

    (port,) = free_ports(1)
    server = CounterServer()
    really = Bus.run

    async def brittle(bus: Bus) -> None:
        if bus.config.id == "bus-2":
            raise ValueError("boom")
        await really(bus)

    monkeypatch.setattr(Bus, "run", brittle)
    async with server.listening(port), host.online(), running(own_file(tmp_path, broker, port)) as gateway:
        await until(lambda: len(host.stored) > 50)
        await pushed(host, 1, bus_of(port).replace("bus-1", "bus-2"), "rolled-back")
        before = server.served[1]
        await until(lambda: server.served[1] > before + 5)
        assert not gateway.done()
    assert "boom" in report(host)["answer"]["reason"]["zh"]


async def test_findings_and_the_running_text_travel_north(
    broker: BrokerAddress, host: ModelHost, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    """A wrong push comes back with every finding; asked, the gateway shows what runs, without a secret."""
    (port,) = free_ports(1)
    async with CounterServer().listening(port), host.online(), running(own_file(tmp_path, broker, port)):
        await until(lambda: bool(report(host)))
        await pushed(host, 1, bus_of(port).replace("generic-f32", "nope").replace("host:", "hots:"), "refused")
        assert [one["line"] for one in report(host)["answer"]["findings"]] == [2, 3, 7]
        async with asyncio.timeout(60):
            while not host.node_metrics.get(CONFIGURATION):
                show(host)
                await asyncio.sleep(0.2)
        shown = decode_push(bytes(host.node_metrics[CONFIGURATION]))  # type: ignore[call-overload]
    assert content_sha256(shown.text) == content_sha256(bus_of(port))
    assert shown.version == 0
    assert "broker" not in shown.text


async def test_the_gateway_reports_itself(
    broker: BrokerAddress, host: ModelHost, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    """Clock, disk, bus and link come as readings of its facility through the spool; what cannot be had has no value."""
    (port,) = free_ports(1)
    file = own_file(tmp_path, broker, port, "self: {facility: wtl-gw-01, interval_s: 1}\n")
    async with CounterServer().listening(port), host.online(), running(file):

        def values(key: str) -> list[float | None]:
            return [item.value for item in host.stored.values() if item.metric == f"wtl-gw-01/{key}"]

        await until(lambda: len(values("disk_used")) >= 4)
        assert all(value is not None and 0 < value <= 100 for value in values("disk_used"))
        assert values("link_connected")[-1] is True
        assert values("links_down")[-1] == 0
        assert values("units_silent")[-1] == 0
        assert values("clock_offset")[0] is None
        used = values("bus_used")[-1]
        assert used is not None
        assert 0 <= used <= 100
    assert host.problems == []
