"""A gateway between a Modbus server and a broker, with the model host behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from core.clock import Clock, SystemClock
from core.sparkplug.topics import NodeId
from gateway.config import GatewayConfig
from gateway.config_file import parse_config
from gateway.mqtt import BrokerAddress
from gateway.service import run
from tests.integration.gateway.harness import ModelHost, mosquitto, nats

NODE = NodeId("wtl", "gw-1")


@pytest.fixture(params=["mosquitto", "nats-server"])
def broker(
    request: pytest.FixtureRequest,
    program: Callable[[str], Path],
    free_ports: Callable[[int], list[int]],
    tmp_path: Path,
) -> Iterator[BrokerAddress]:
    """A real broker, one test run each."""
    path = program(request.param)
    port, other = free_ports(2)
    start = mosquitto(path, port, tmp_path) if request.param == "mosquitto" else nats(path, port, other, tmp_path)
    with start:
        yield BrokerAddress(host="127.0.0.1", port=port)


@pytest.fixture
def host(broker: BrokerAddress) -> ModelHost:
    """The model host, not yet connected."""
    return ModelHost(broker, NODE)


def gateway_config(
    folder: Path, broker: BrokerAddress, modbus_port: int, units: int = 2, **uplink: object
) -> GatewayConfig:
    """A gateway with `units` counter devices on one bus, read ten times a second."""
    unit_rows = "".join(
        f"      - {{unit: {unit}, profile: generic-f32, timeout_s: 0.2, points: {{"
        + ", ".join(f"value_{i}: dev{unit}/value_{i}" for i in range(25))
        + "}}\n"
        for unit in range(1, units + 1)
    )
    options = ", ".join(f"{key}: {value}" for key, value in uplink.items())
    text = (
        f"group: {NODE.group}\nnode: {NODE.node}\n"
        f"broker: {{host: {broker.host}, port: {broker.port}}}\n"
        f"uplink: {{{options}}}\n"
        f"spool: {{path: spool}}\nstatus_file: status.json\n"
        f"buses:\n  - id: bus-1\n    host: 127.0.0.1\n    port: {modbus_port}\n    interval_s: 0.1\n"
        f"    units:\n{unit_rows}"
    )
    return parse_config(text, folder)


@contextlib.asynccontextmanager
async def running(config: GatewayConfig, clock: Clock | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """The gateway, ended in order."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(config, clock=clock or SystemClock(), stop=stop), name="gateway")
    try:
        yield task
    finally:
        stop.set()
        await task
