"""The MQTT connection: ends are noticed, refusals are told from absences, nothing is left open."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from core.errors import Refused, Unavailable
from gateway.mqtt import BrokerAddress, MqttConnection, Will
from tests.integration.gateway.harness import until

CONNACK = b"\x20\x02\x00\x00"


@contextlib.asynccontextmanager
async def mute_broker(port: int, answer: bytes) -> AsyncIterator[None]:
    """Answers CONNECT with `answer` and never says another word."""

    class Mute(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = transport
            self._answered = False

        def data_received(self, _data: bytes) -> None:
            if not self._answered:
                self._answered = True
                self._transport.write(answer)  # type: ignore[attr-defined]

    server = await asyncio.get_running_loop().create_server(Mute, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


def connection(port: int, **options: object) -> MqttConnection:
    address = BrokerAddress(host="127.0.0.1", port=port)
    return MqttConnection(address, "test", on_message=lambda *_: None, **options)  # type: ignore[arg-type]


async def test_a_broker_that_falls_silent_is_lost_after_two_keep_alives(free_port: int) -> None:
    """Half-open: the socket stands, nobody answers the ping."""
    async with mute_broker(free_port, CONNACK), connection(free_port, keepalive_s=1) as link:
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(6):
            await link.lost.wait()
        assert asyncio.get_running_loop().time() - began >= 1


async def test_nobody_there_is_unavailable(free_port: int) -> None:
    """A closed port is one clear error with the address."""
    with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{free_port}"):
        async with connection(free_port):
            pass


async def test_a_broker_that_never_answers_connect_is_unavailable(free_port: int) -> None:
    """It accepts the connection and says nothing: given up after the time-out."""
    with pytest.raises(Unavailable, match="no MQTT broker answers"):
        async with mute_broker(free_port, b""), connection(free_port, connect_timeout_s=0.5):
            pass


async def test_a_refusal_is_not_an_absence(free_port: int) -> None:
    """CONNACK 5, not authorized: Refused, because trying again alone will not help."""
    with pytest.raises(Refused, match="refuses this gateway"):
        async with mute_broker(free_port, b"\x20\x02\x00\x05"), connection(free_port):
            pass


async def test_a_subscription_that_is_never_confirmed_is_unavailable(free_port: int) -> None:
    """SUBACK missing: the caller hears of it."""
    async with mute_broker(free_port, CONNACK), connection(free_port) as link:
        with pytest.raises(Unavailable, match="does not confirm"):
            await link.subscribe("a/b", timeout_s=0.3)


async def test_messages_and_the_will_arrive(broker: BrokerAddress) -> None:
    """A message to oneself; a connection cut without goodbye leaves its will, one closed in order does not."""
    got: list[tuple[str, bytes]] = []
    will = Will(topic="will/of/one", payload=b"gone")
    listener = MqttConnection(broker, "listener", on_message=lambda topic, payload, _: got.append((topic, payload)))
    async with listener as link:
        await link.subscribe("will/#")
        link.publish("will/self", b"hello")
        await until(lambda: got == [("will/self", b"hello")])
        async with MqttConnection(broker, "polite", on_message=lambda *_: None, will=will):
            pass
        cut = MqttConnection(broker, "cut", on_message=lambda *_: None, will=will)
        async with cut:
            sock = cut._client.socket()
            assert sock is not None
            sock.shutdown(2)  # type: ignore[attr-defined]
            await until(lambda: len(got) == 2)
    assert got[1] == ("will/of/one", b"gone")
    assert len(got) == 2
