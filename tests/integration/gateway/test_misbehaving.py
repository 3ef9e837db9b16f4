"""Servers that break the protocol in every way the field has seen: a value of another request is never believed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from core.errors import Refused
from core.quality import Reason
from gateway.lines import open_line
from gateway.lines.base import Answer, Failure, Line
from gateway.plan import Request
from gateway.transport import Framing, TcpTransport
from tests.integration.gateway.devices import WAYS, Device
from tests.integration.gateway.misbehaviour import NO_VALUE, STILL_RIGHT, TIMEOUT_S, Reply

ALLOWED = {1, 2, 3, 4, 43}
HANG_S = 0.1


def request(address: int, count: int = 2, function: int = 3) -> Request:
    return Request(function=function, address=address, count=count, registers=())


def expected(address: int) -> bytes:
    return struct.pack(">HH", 1000 + address, 1001 + address)


class Lag:
    """How much later than asked this process's loop wakes up: what a busy machine adds to every wait."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def watch(self) -> None:
        while True:
            begin_s = time.monotonic()
            await asyncio.sleep(0.005)
            self.worst_s = max(self.worst_s, time.monotonic() - begin_s - 0.005)


@contextlib.asynccontextmanager
async def line(way: str, bad: int, reply: Reply) -> AsyncIterator[tuple[Line, Device]]:
    framing, place = WAYS[way]
    device = Device(framing, bad, reply)
    async with place(device) as transport:
        client = open_line(transport, lambda: (1, False))
        try:
            assert await client.connect()
            yield client, device
        finally:
            client.close()
            assert {asked.function for asked in device.asked} <= ALLOWED


async def read(client: Line, address: int, timeout_s: float = TIMEOUT_S) -> Answer | Failure:
    if not client.connected:
        assert await client.connect()
    return await client.read(1, request(address), timeout_s)


async def complaints(way: str, name: str, lag: Lag) -> list[str]:
    """What is wrong with the line's behaviour under one row of the table."""
    reply, reasons = NO_VALUE[WAYS[way][0]][name]
    found: list[str] = []
    addresses: Iterator[int] = itertools.count(10, 10)
    async with line(way, 2, reply) as (client, device):
        polls_since_sound = 0
        for number, address in enumerate(addresses):
            sound = device.sound.is_set()
            begin_s = time.monotonic()
            outcome = await read(client, address)
            took_s = time.monotonic() - begin_s
            if took_s > TIMEOUT_S + HANG_S + lag.worst_s:
                found.append(f"poll {number} took {took_s:.3f} s")
            if isinstance(outcome, Answer):
                if outcome.data != expected(address):
                    found.append(f"poll {number} is WRONG: {outcome.data.hex()} for {expected(address).hex()}")
                if number == 0:
                    found.append("believed the first answer")
            elif number == 0 and outcome.reason not in reasons:
                found.append(f"the reason is {outcome.reason.name}")
            polls_since_sound = 0 if not sound else polls_since_sound + 1
            if sound and isinstance(outcome, Answer):
                break
            if polls_since_sound >= 3 or number > 30:
                found.append(f"poll {number}: did not recover, {outcome}")
                break
    return [f"{name}: {text}" for text in found]


@pytest.mark.parametrize("way", WAYS)
async def test_a_broken_answer_is_never_a_value_and_is_over_within_three_polls(way: str) -> None:
    """Over 60 misbehaviours: right reason, no value, no wait over 100 ms beyond the timeout, good again in 3 polls."""
    names = list(NO_VALUE[WAYS[way][0]])
    assert len(names) >= 60
    lag = Lag()
    watch = asyncio.create_task(lag.watch())
    found: list[str] = []
    for batch in (names[i : i + 20] for i in range(0, len(names), 20)):
        for texts in await asyncio.gather(*(complaints(way, name, lag) for name in batch)):
            found += texts
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_only_clumsy_is_still_read(way: str) -> None:
    """Split frames, repetitions, noise and strangers' frames in front do not hide the right answer."""
    for name, reply in STILL_RIGHT[WAYS[way][0]].items():
        async with line(way, 99, reply) as (client, _):
            for address in (10, 20, 30):
                outcome = await read(client, address, 2.0)
                assert isinstance(outcome, Answer), (name, outcome)
                assert outcome.data == expected(address), name


async def test_a_reset_is_known_at_once_not_at_the_timeout(free_port: int) -> None:
    """A connection closed in the middle of a request fails it immediately."""

    class Slammed(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = transport

        def data_received(self, _data: bytes) -> None:
            self._transport.abort()  # type: ignore[attr-defined]

    server = await asyncio.get_running_loop().create_server(Slammed, "127.0.0.1", free_port)
    for framing in Framing:
        client = open_line(TcpTransport(host="127.0.0.1", port=free_port, framing=framing), lambda: (1, False))
        assert await client.connect()
        async with asyncio.timeout(2):
            outcome = await client.read(1, request(0), timeout_s=30)
        assert isinstance(outcome, Failure)
        assert outcome.reason is Reason.CONNECTION_LOST
        assert not client.connected
        client.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["as it is stamped", "once it is stamped"])
async def test_a_cancellation_that_meets_the_answer_keeps_the_answer_and_ends_the_next_wait(
    way: str, when: str
) -> None:
    """A gateway told to stop in the very moment in which a response arrives stops; it once went on polling for ever."""
    outcomes: list[Answer | Failure] = []

    def arrived() -> tuple[int, bool]:
        if when == "as it is stamped":
            polling.cancel()
        else:
            asyncio.get_running_loop().call_soon(polling.cancel)
        return 1, False

    async def poll(client: Line) -> None:
        while True:
            outcomes.append(await client.read(1, request(10), timeout_s=5.0))

    framing, place = WAYS[way]
    async with place(Device(framing, 0, lambda _: [])) as transport:
        client = open_line(transport, arrived)
        assert await client.connect()
        polling = asyncio.create_task(poll(client))
        async with asyncio.timeout(60):
            await asyncio.wait((polling,))
        client.close()
    assert polling.cancelled()
    assert polling.cancelling() == 1, "counted once, so that a time limit around a poll stays one"
    assert outcomes == [Answer(expected(10), 1, clock_doubtful=False)]


async def test_a_cancellation_at_any_moment_of_connecting_ends_it(free_port: int) -> None:
    """Nor does a gateway that is told to stop while its bus connects begin to poll."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", free_port)
    loop = asyncio.get_running_loop()
    connected = 0
    async with server:
        for rounds in range(12):
            client = open_line(TcpTransport(host="127.0.0.1", port=free_port), lambda: (1, False))

            async def begin(client: Line = client) -> None:
                nonlocal connected
                connected += await client.connect()
                await asyncio.Event().wait()

            beginning = asyncio.create_task(begin())

            def later(left: int, task: asyncio.Task[None] = beginning) -> None:
                if left:
                    loop.call_soon(later, left - 1)
                else:
                    task.cancel()

            later(rounds)
            async with asyncio.timeout(60):
                await asyncio.wait((beginning,))
            client.close()
            assert beginning.cancelled()
    assert 0 < connected < 12


@pytest.mark.parametrize("way", WAYS)
async def test_a_write_never_leaves(way: str) -> None:
    """Function codes other than reads are refused before a byte is sent."""
    async with line(way, 0, lambda _: []) as (client, device):
        for function in {*range(256)} - ALLOWED:
            with pytest.raises(Refused, match="never leaves"):
                await client.read(1, request(0, function=function), TIMEOUT_S)
        assert device.asked == []
