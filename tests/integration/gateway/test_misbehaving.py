"""Servers that break the protocol in every way the field has seen: a value of another request is never believed."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable

import pytest

from core.errors import Refused
from core.quality import Reason
from gateway.modbus import Answer, Failure, ModbusLine
from gateway.plan import Request

TIMEOUT_S = 0.15
Reply = Callable[[bytes], list[tuple[float, bytes]]]
"""From one request to what is sent back: (delay, bytes) each."""


def request(address: int, count: int = 2, function: int = 3) -> Request:
    return Request(function=function, address=address, count=count, registers=())


def words(asked: bytes) -> bytes:
    """What an honest device holds: register n holds 1000 + n, so that every answer shows what it answers."""
    address, count = struct.unpack(">HH", asked[8:12])
    return b"".join(struct.pack(">H", 1000 + address + i) for i in range(count))


def frame(
    asked: bytes, body: bytes, *, tid: int | None = None, unit: int | None = None, length: int | None = None
) -> bytes:
    number = struct.unpack(">H", asked[:2])[0] if tid is None else tid
    size = len(body) + 1 if length is None else length
    return struct.pack(">HHHB", number, 0, size, asked[6] if unit is None else unit) + body


def answer(asked: bytes, **changes: int) -> bytes:
    data = words(asked)
    return frame(asked, bytes([asked[7], len(data)]) + data, **changes)


def once(reply: Callable[[bytes], bytes]) -> Reply:
    return lambda asked: [(0, reply(asked))]


def tid(asked: bytes) -> int:
    return int(struct.unpack(">H", asked[:2])[0])


def exception(number: int) -> Reply:
    return once(lambda asked: frame(asked, bytes([0x83, number])))


NO_VALUE: dict[str, tuple[Reply, set[Reason]]] = {
    "nothing": (lambda _: [], {Reason.TIMEOUT}),
    "late": (lambda asked: [(TIMEOUT_S * 1.5, answer(asked))], {Reason.TIMEOUT}),
    "transaction id one too high": (once(lambda a: answer(a, tid=tid(a) + 1)), {Reason.TIMEOUT}),
    "transaction id of the request before": (
        once(lambda a: answer(a, tid=tid(a) - 1)),
        {Reason.TIMEOUT, Reason.MALFORMED_REPLY},
    ),
    "transaction id zero": (once(lambda a: answer(a, tid=0)), {Reason.MALFORMED_REPLY}),
    "another unit": (once(lambda a: answer(a, unit=9)), {Reason.TIMEOUT}),
    "another function": (once(lambda a: frame(a, b"\x04\x04" + words(a))), {Reason.MALFORMED_REPLY}),
    "byte count too small": (once(lambda a: frame(a, b"\x03\x02" + words(a)[:2])), {Reason.MALFORMED_REPLY}),
    "byte count too large": (once(lambda a: frame(a, b"\x03\x06" + words(a) + b"\0\0")), {Reason.MALFORMED_REPLY}),
    "byte count that lies": (once(lambda a: frame(a, b"\x03\x08" + words(a))), {Reason.MALFORMED_REPLY}),
    "odd byte count": (once(lambda a: frame(a, b"\x03\x03" + words(a)[:3])), {Reason.MALFORMED_REPLY}),
    "byte count zero": (once(lambda a: frame(a, b"\x03\x00")), {Reason.MALFORMED_REPLY}),
    "length field zero": (
        once(lambda a: answer(a, length=0)),
        {Reason.TIMEOUT, Reason.CONNECTION_LOST, Reason.MALFORMED_REPLY},
    ),
    "length field 65535": (once(lambda a: answer(a, length=65535)), {Reason.TIMEOUT}),
    "protocol id not zero": (once(lambda a: a[:2] + b"\0\1" + answer(a)[4:]), {Reason.TIMEOUT}),
    "half a frame": (once(lambda a: answer(a)[:9]), {Reason.TIMEOUT}),
    "junk": (once(lambda _: bytes(range(200))), {Reason.TIMEOUT, Reason.CONNECTION_LOST}),
    "junk before the frame": (once(lambda a: b"\xff\x00\xaa" + answer(a)), {Reason.TIMEOUT, Reason.CONNECTION_LOST}),
    "300 bytes of nothing": (
        once(lambda _: bytes(300)),
        {Reason.TIMEOUT, Reason.CONNECTION_LOST, Reason.MALFORMED_REPLY},
    ),
    "a write's answer": (once(lambda a: frame(a, b"\x06\0\0\0\1")), {Reason.MALFORMED_REPLY}),
    "an unknown function": (once(lambda a: frame(a, b"\x64\x04" + words(a))), {Reason.TIMEOUT, Reason.CONNECTION_LOST}),
    "exception without a code": (
        once(lambda a: frame(a, b"\x83")),
        {Reason.TIMEOUT, Reason.CONNECTION_LOST, Reason.DEVICE_EXCEPTION},
    ),
    "exception of another function": (once(lambda a: frame(a, b"\x84\x02")), {Reason.MALFORMED_REPLY}),
}
for code, reason in {
    1: Reason.DEVICE_EXCEPTION,
    2: Reason.ILLEGAL_ADDRESS,
    3: Reason.ILLEGAL_ADDRESS,
    4: Reason.DEVICE_EXCEPTION,
    5: Reason.BUSY,
    6: Reason.BUSY,
    7: Reason.DEVICE_EXCEPTION,
    8: Reason.DEVICE_EXCEPTION,
    10: Reason.TIMEOUT,
    11: Reason.TIMEOUT,
}.items():
    NO_VALUE[f"exception {code}"] = (exception(code), {reason})

STILL_RIGHT: dict[str, Reply] = {
    "one byte at a time": lambda a: [(0.001, answer(a)[i : i + 1]) for i in range(len(answer(a)))],
    "split in two": lambda a: [(0, answer(a)[:5]), (0.01, answer(a)[5:])],
    "twice": once(lambda a: answer(a) + answer(a)),
    "after one of another transaction": once(lambda a: answer(a, tid=tid(a) + 7) + answer(a)),
    "after one of another unit": once(lambda a: answer(a, unit=77) + answer(a)),
}


class Misbehaving(asyncio.Protocol):
    """Answers the first `bad` requests by the reply under test, later ones honestly."""

    def __init__(self, state: dict[str, int], bad: int, reply: Reply, tasks: set[asyncio.Task[None]]) -> None:
        self._state, self._bad, self._reply = state, bad, reply
        self._buffer = b""
        self._tasks = tasks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 12:
            asked, self._buffer = self._buffer[:12], self._buffer[12:]
            self._state["asked"] += 1
            reply = self._reply(asked) if self._state["asked"] <= self._bad else [(0.0, answer(asked))]
            self._tasks.add(asyncio.create_task(self._send(reply)))

    async def _send(self, reply: list[tuple[float, bytes]]) -> None:
        for delay, data in reply:
            await asyncio.sleep(delay)
            if not self._transport.is_closing():
                self._transport.write(data)


@contextlib.asynccontextmanager
async def line(port: int, bad: int, reply: Reply) -> AsyncIterator[ModbusLine]:
    state = {"asked": 0}
    tasks: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # asyncio calls a frame that cannot be read a fatal error
    server = await loop.create_server(lambda: Misbehaving(state, bad, reply, tasks), "127.0.0.1", port)
    client = ModbusLine("127.0.0.1", port, lambda: (1, False))
    try:
        assert await client.connect()
        yield client
    finally:
        client.close()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*tasks)


async def read(client: ModbusLine, address: int) -> Answer | Failure:
    if not client.connected:
        assert await client.connect()
    return await client.read(1, request(address), TIMEOUT_S)


def expected(address: int) -> bytes:
    return struct.pack(">HH", 1000 + address, 1001 + address)


@pytest.mark.parametrize("name", NO_VALUE)
async def test_a_broken_answer_is_never_a_value_and_is_over_within_three_polls(name: str, free_port: int) -> None:
    """The reason is right; a late or foreign frame never answers a later request; the line recovers by itself."""
    reply, reasons = NO_VALUE[name]
    async with line(free_port, bad=2, reply=reply) as client:
        for address in (10, 20):
            outcome = await read(client, address)
            assert isinstance(outcome, Failure), outcome
            assert outcome.reason in reasons
        later = {address: await read(client, address) for address in (30, 40, 50, 60)}
        right = {address: outcome.data for address, outcome in later.items() if isinstance(outcome, Answer)}
        assert right == {address: expected(address) for address in right}
        assert len(right) >= 2
        assert 60 in right, "the line did not recover"


@pytest.mark.parametrize("name", STILL_RIGHT)
async def test_what_is_only_clumsy_is_still_read(name: str, free_port: int) -> None:
    """Split frames and strangers' frames in front do not hide the right answer."""
    async with line(free_port, bad=99, reply=STILL_RIGHT[name]) as client:
        for address in (10, 20, 30):
            outcome = await read(client, address)
            assert isinstance(outcome, Answer), outcome
            assert outcome.data == expected(address)


async def test_a_reset_is_known_at_once_not_at_the_timeout(free_port: int) -> None:
    """A connection closed in the middle of a request fails it immediately."""

    class Slammed(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = transport

        def data_received(self, _data: bytes) -> None:
            self._transport.abort()  # type: ignore[attr-defined]

    server = await asyncio.get_running_loop().create_server(Slammed, "127.0.0.1", free_port)
    client = ModbusLine("127.0.0.1", free_port, lambda: (1, False))
    async with server:
        assert await client.connect()
        async with asyncio.timeout(2):
            outcome = await client.read(1, request(0), timeout_s=30)
        assert isinstance(outcome, Failure)
        assert outcome.reason is Reason.CONNECTION_LOST
        client.close()


async def test_a_cancellation_that_meets_the_answer_keeps_the_answer_and_ends_the_next_wait(free_port: int) -> None:
    """A gateway told to stop in the very moment in which a response arrives stops; it once went on polling for ever."""
    outcomes: list[Answer | Failure] = []

    def arrived() -> tuple[int, bool]:
        polling.cancel()
        return 1, False

    async def poll(client: ModbusLine) -> None:
        while True:
            outcomes.append(await client.read(1, request(10), timeout_s=5.0))

    async with line(free_port, bad=0, reply=lambda _: []) as client:
        client._stamp = arrived
        polling = asyncio.create_task(poll(client))
        async with asyncio.timeout(10):
            await asyncio.wait((polling,))
    assert polling.cancelled()
    assert polling.cancelling() == 1, "counted once, so that a time limit around a poll stays one"
    assert outcomes == [Answer(expected(10), 1, clock_doubtful=False)]


async def test_a_cancellation_that_meets_the_connection_ends_the_next_wait(free_port: int) -> None:
    """Nor does a gateway that is told to stop while its bus connects begin to poll."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", free_port)
    client = ModbusLine("127.0.0.1", free_port, lambda: (1, False))

    def connected(_up: bool) -> None:
        # The connection's waiter is released in the next round of the loop, and the attempt goes on in the one after.
        asyncio.get_running_loop().call_soon(lambda: beginning.cancel())

    async def begin() -> None:
        assert await client.connect()
        await asyncio.Event().wait()

    client._client.ctx.trace_connect = connected
    async with server:
        beginning = asyncio.create_task(begin())
        async with asyncio.timeout(10):
            await asyncio.wait((beginning,))
        client.close()
    assert beginning.cancelled()


async def test_a_write_never_leaves(free_port: int) -> None:
    """Function codes other than reads are refused before a byte is sent."""
    async with line(free_port, bad=0, reply=lambda _: []) as client:
        for function in (5, 6, 15, 16, 22, 23):
            with pytest.raises(Refused, match="never leaves"):
                await client.read(1, request(0, function=function), TIMEOUT_S)
