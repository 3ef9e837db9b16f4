"""The way of a reading from a device to an acknowledgement, over a real broker."""

from __future__ import annotations

from pathlib import Path

from core.sparkplug.topics import MessageType
from tests.integration.gateway.conftest import gateway_config, running
from tests.integration.gateway.harness import CounterServer, ModelHost, complete, until


async def test_every_value_served_is_stored_once(host: ModelHost, free_port: int, tmp_path: Path) -> None:
    """What the devices served is what the host has: nothing lost, nothing twice."""
    server = CounterServer()
    async with server.listening(free_port), host.online():
        async with running(gateway_config(tmp_path, host.address, free_port)):
            await until(lambda: len(host.stored) >= 1000)
            # An answer that is on its way when the gateway stops was served, and is read by nobody.
            server.silent = {1, 2}
            await until(lambda: complete(host, server))
        await until(lambda: (MessageType.NDEATH, "") in host.deaths)
    values = sorted(
        reading.value
        for reading in host.stored.values()
        if reading.metric.startswith("dev1/") and reading.value is not None
    )
    assert values == [float(n * 32 + i) for n in range(1, server.served[1] + 1) for i in range(25)]
    assert host.problems == []
    assert host.births[0] == (MessageType.NBIRTH, "")
    assert (MessageType.NDEATH, "") in host.deaths
    assert server.functions == {3}
