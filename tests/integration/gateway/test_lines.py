"""Lines on real sockets and pseudo terminals: every transport, identification, taps, re-plugging, TLS, damage."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import ssl
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from core.quality import Reason
from gateway.event_loop import new_event_loop
from gateway.lines import open_line
from gateway.lines.base import Answer, Failure, Frame, Identity, Line
from gateway.plan import Request
from gateway.transport import Framing, SerialTransport, TcpTransport, TlsOptions, Transport
from tests.integration.gateway.devices import WAYS, Adapter, Device, honest, on_tcp
from tests.integration.gateway.misbehaviour import Asked, Sending
from tests.unit.gateway.mutations import mutated


def block(address: int, count: int = 2, function: int = 3) -> Request:
    return Request(function=function, address=address, count=count, registers=())


def expected(address: int, count: int = 2) -> bytes:
    return b"".join(struct.pack(">H", 1000 + address + i) for i in range(count))


@contextlib.asynccontextmanager
async def connected(transport: Transport) -> AsyncIterator[Line]:
    line = open_line(transport, lambda: (7, False))
    try:
        assert await line.connect(), line.trouble
        yield line
    finally:
        line.close()


@pytest.mark.parametrize("framing", Framing)
async def test_every_framing_reads_over_tcp(framing: Framing) -> None:
    """Blocks up to the longest frame come back whole, one after the other, for several units."""
    device = Device(framing, 0, honest)
    async with on_tcp(device) as transport, connected(transport) as line:
        for unit, address, count in ((1, 0, 1), (2, 500, 50), (247, 40_000, 125)):
            outcome = await line.read(unit, block(address, count), 2.0)
            assert isinstance(outcome, Answer), outcome
            assert outcome.data == expected(address, count)
            assert outcome.time_ms == 7


@pytest.mark.parametrize("way", WAYS)
async def test_questions_asked_at_once_take_turns(way: str) -> None:
    """Ten tasks ask at the same time: each gets its own answer, and never are two requests out together."""
    framing, place = WAYS[way]
    device = Device(framing, 99, lambda asked: [(0.002, asked.answer())])
    async with place(device) as transport, connected(transport) as line:
        addresses = range(100, 200, 10)
        outcomes = await asyncio.gather(*(line.read(3, block(address), 2.0) for address in addresses))
        assert [outcome.data for outcome in outcomes if isinstance(outcome, Answer)] == [
            expected(address) for address in addresses
        ]


@pytest.mark.parametrize("way", WAYS)
async def test_one_damaged_frame_after_another_gives_no_wrong_value(way: str, seed: int) -> None:
    """Every second answer is damaged, on the real way, in several lines at once: what is believed is right."""
    framing, place = WAYS[way]
    believed = 0

    async def one(number: int) -> None:
        nonlocal believed
        rng = random.Random(seed + number)

        def reply(asked: Asked) -> Sending:
            if rng.random() < 0.5:
                return [(0, asked.answer())]
            while True:
                kind, data = mutated(rng, asked.answer(), framing)
                # What no check can find is counted where frames are fed without a wire.
                if kind in ("a bit flipped", "truncated", "nothing", "noise before", "twice", "a lying length"):
                    return [(0, data)]

        device = Device(framing, 10**9, reply)
        async with place(device) as transport, connected(transport) as line:
            for address in range(0, 1500, 10):
                outcome = await line.read(1, block(address, 3), 0.03)
                if isinstance(outcome, Answer):
                    assert outcome.data == expected(address, 3)
                    believed += 1
            assert {asked.function for asked in device.asked} == {3}

    await asyncio.gather(*(one(number) for number in range(8)))
    assert believed > 8 * 150 / 6


@pytest.mark.parametrize("way", WAYS)
async def test_the_tap_shows_every_raw_frame(way: str) -> None:
    """Request and answer byte by byte as on the wire, the failed ones too."""
    framing, place = WAYS[way]
    frames: list[Frame] = []
    device = Device(framing, 1, lambda asked: [(0, asked.answer()[:6])])
    async with place(device) as transport, connected(transport) as line:
        line.tap = frames.append
        assert isinstance(await line.read(1, block(10), 0.1), Failure)
        assert isinstance(await line.read(2, block(20), 2.0), Answer)
        sent = [frame.data for frame in frames if frame.sent]
        heard = [frame.data for frame in frames if not frame.sent]
        assert sent == [asked.raw for asked in device.asked]
        assert heard == [device.asked[0].answer()[:6], device.asked[1].answer()]
        assert [frame.sent for frame in frames] == [True, False, True, False]


def identity(asked: Asked) -> Sending:
    """A device with all three levels, which sends two objects a frame."""
    objects = {0: b"Acme", 1: b"T-1000", 2: b"V2.3\0", 3: b"https://acme.example", 4: b"Thermo", 0x80: b"SN 42"}
    _, kind, code, first = asked.pdu
    assert (kind, asked.function) == (14, 43)
    top = {1: 2, 2: 0x7F, 3: 0xFF}[code]
    numbers = [number for number in objects if first <= number <= top]
    now, more = numbers[:2], numbers[2:]
    head = bytes((43, 14, code, 0x83, 0xFF if more else 0, more[0] if more else 0, len(now)))
    return [(0, asked.frame(head + b"".join(bytes((n, len(objects[n]))) + objects[n] for n in now)))]


@pytest.mark.parametrize("way", WAYS)
async def test_a_device_says_who_it_is(way: str) -> None:
    """Function 43/14: all levels that the device claims, put together from several frames."""
    framing, place = WAYS[way]
    async with place(Device(framing, 99, identity)) as transport, connected(transport) as line:
        who = await line.identify(1, 2.0)
        assert isinstance(who, Identity)
        assert (who.text(0), who.text(1), who.text(2), who.text(4)) == ("Acme", "T-1000", "V2.3", "Thermo")
        assert who.objects[0x80] == b"SN 42"
        assert who.complete
        assert who.conformity == 0x83


async def test_a_device_without_identity_says_so() -> None:
    """The exception stands in the failure; a silent one is a timeout; neither disturbs the reads after it."""
    replies = {1: b"\xab\x01", 2: b""}
    device = Device(Framing.RTU, 3, lambda a: [(0, a.frame(replies[a.unit]) if replies[a.unit] else b"")])
    async with on_tcp(device) as transport, connected(transport) as line:
        refused, silent = await line.identify(1, 0.5), await line.identify(2, 0.1)
        assert isinstance(refused, Failure)
        assert (refused.reason, refused.exception) == (Reason.DEVICE_EXCEPTION, 1)
        assert isinstance(silent, Failure)
        assert silent.reason is Reason.TIMEOUT
        device._bad = 0
        assert isinstance(await line.read(2, block(5), 2.0), Answer)


async def test_a_bridge_that_gave_up_is_asked_for_something_else_first() -> None:
    """After exception 11 the bus behind may still answer: the next read of that length is preceded by a fence."""
    device = Device(Framing.TCP, 1, lambda asked: [(0, asked.frame(b"\x83\x0b"))])
    async with on_tcp(device) as transport, connected(transport) as line:
        gave_up = await line.read(1, block(10, 4), 1.0)
        assert isinstance(gave_up, Failure)
        assert (gave_up.reason, gave_up.exception) == (Reason.TIMEOUT, 11)
        assert isinstance(await line.read(1, block(20, 4), 1.0), Answer)
        assert [asked.pdu[-1] for asked in device.asked] == [4, 1, 4]


async def test_pymodbus_serves_and_is_read(free_port: int) -> None:
    """A foreign server's registers arrive to the bit."""
    values = [random.Random(5).randrange(65536) for _ in range(125)]
    device = SimDevice(id=1, simdata=[SimData(0, values=values, datatype=DataType.REGISTERS)])
    server = ModbusTcpServer(device, address=("127.0.0.1", free_port))
    await server.serve_forever(background=True)
    async with connected(TcpTransport(host="127.0.0.1", port=free_port)) as line:
        outcome = await line.read(1, block(0, 125), 2.0)
        assert isinstance(outcome, Answer)
        assert outcome.data == struct.pack(">125H", *values)
        refused = await line.read(1, block(100, 50), 2.0)
        assert isinstance(refused, Failure)
        assert refused.reason is Reason.ILLEGAL_ADDRESS
    await server.shutdown()  # type: ignore[no-untyped-call]


# --- serial ports --------------------------------------------------------------------------------------------------


async def test_an_adapter_that_comes_back_under_another_name_is_found(tmp_path: Path) -> None:
    """Unplugged in the middle of a question: known at once; plugged in again as another port: read by the same path."""
    adapter = Adapter(tmp_path / "usb-adapter")
    line = open_line(SerialTransport(path=str(adapter.by_id), baud=115_200), lambda: (1, False))
    assert not await line.connect()
    assert "usb-adapter" in line.trouble
    adapter.plug()
    async with adapter.answering():
        assert await line.connect()
        assert isinstance(await line.read(1, block(5), 2.0), Answer)
    waiting = asyncio.create_task(line.read(1, block(5), 30.0))
    await asyncio.sleep(0.05)
    adapter.unplug()
    async with asyncio.timeout(2):
        outcome = await waiting
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.CONNECTION_LOST
    assert not line.connected
    assert not await line.connect()
    others = [os.openpty()]  # takes the name that has become free
    adapter.device.forget()
    adapter.plug()
    async with adapter.answering():
        assert await line.connect()
        outcome = await line.read(2, block(9), 2.0)
    assert isinstance(outcome, Answer)
    assert outcome.data == expected(9)
    assert len(set(adapter.names)) == 2
    line.close()
    adapter.unplug()
    for pair in others:
        for end in pair:
            os.close(end)


async def test_a_port_in_use_is_not_opened_twice(tmp_path: Path) -> None:
    """Two masters on one bus would hear each other's answers: the second one is refused, and says why."""
    adapter = Adapter(tmp_path / "usb-adapter")
    adapter.plug()
    async with connected(SerialTransport(path=str(adapter.by_id))):
        second = open_line(SerialTransport(path=str(adapter.by_id)), lambda: (1, False))
        assert not await second.connect()
        assert second.trouble
    adapter.unplug()


async def test_a_slow_answer_that_has_begun_may_take_its_time_on_the_wire() -> None:
    """At 1200 baud 100 registers take 1.7 s: a timeout of 0.2 s to the begin of the answer does not cut them off."""
    framing, place = WAYS["RTU on a pty"]
    device = Device(framing, 9, lambda a: [(0.05, a.answer()[i : i + 41]) for i in range(0, len(a.answer()), 41)])
    async with place(device) as transport:
        assert isinstance(transport, SerialTransport)
        async with connected(SerialTransport(path=transport.path, baud=1200)) as line:
            outcome = await line.read(1, block(0, 100), 0.15)
            assert isinstance(outcome, Answer), outcome
            assert outcome.data == expected(0, 100)


async def test_frames_are_kept_apart_by_silence() -> None:
    """At 1200 baud a request begins no earlier than 3.5 characters (29 ms) after the last byte of the bus."""
    framing, place = WAYS["RTU on a pty"]
    arrivals: list[float] = []

    def reply(asked: Asked) -> Sending:
        arrivals.append(time.monotonic())
        return honest(asked)

    async with place(Device(framing, 9, reply)) as transport:
        assert isinstance(transport, SerialTransport)
        async with connected(SerialTransport(path=transport.path, baud=1200)) as line:
            for _ in range(3):
                assert isinstance(await line.read(1, block(0), 1.0), Answer)
    assert min(b - a for a, b in itertools.pairwise(arrivals)) >= 3.5 * 10 / 1200


# --- TLS -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificates(tmp_path: Path, program: Callable[[str], Path]) -> Path:
    """A CA, a server's certificate for ``plc.example`` and a client's, in a folder."""
    openssl = str(program("openssl"))

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=tmp_path, check=True, capture_output=True)

    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key",
        "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "2", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    for name in ("plc.example", "gateway"):
        (tmp_path / f"{name}.ext").write_text(f"subjectAltName=DNS:{name}\n")
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", "-subj", f"/CN={name}")  # fmt: skip
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-days", "2", "-extfile", f"{name}.ext")  # fmt: skip
    return tmp_path


def server_context(folder: Path, *, client_needed: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "plc.example.pem", folder / "plc.example.key")
    if client_needed:
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_tls_trusts_only_the_right_certificate(certificates: Path) -> None:
    """Right CA and name: read; a wrong name, an unknown CA or no TLS at all: no connection, and the reason is told."""
    device = Device(Framing.TCP, 0, honest)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # the server's side of refusals
    async with on_tcp(device, server_context(certificates, client_needed=False)) as place:
        assert isinstance(place, TcpTransport)
        ca = str(certificates / "ca.pem")

        def line(options: TlsOptions) -> Line:
            return open_line(TcpTransport(host="127.0.0.1", port=place.port, tls=options), lambda: (1, False))

        right = line(TlsOptions(ca_file=ca, server_name="plc.example"))
        assert await right.connect(), right.trouble
        assert isinstance(await right.read(1, block(3), 2.0), Answer)
        right.close()
        for options, reason in (
            (TlsOptions(ca_file=ca, server_name="other.example"), "Hostname mismatch"),
            (TlsOptions(ca_file=ca), "IP address mismatch"),
            (TlsOptions(server_name="plc.example"), "CERTIFICATE_VERIFY_FAILED"),
            (TlsOptions(ca_file=str(certificates / "absent.pem")), "No such file"),
        ):
            wrong = line(options)
            assert not await wrong.connect()
            assert reason in wrong.trouble
    assert len(device.asked) == 1


async def test_tls_shows_a_certificate_where_the_server_asks_for_one(certificates: Path) -> None:
    """With the gateway's certificate it is read, without it nothing is."""
    device = Device(Framing.TCP, 0, honest)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    async with on_tcp(device, server_context(certificates, client_needed=True)) as place:
        assert isinstance(place, TcpTransport)
        for own, good in ((True, True), (False, False)):
            options = TlsOptions(
                ca_file=str(certificates / "ca.pem"),
                cert_file=str(certificates / "gateway.pem") if own else "",
                key_file=str(certificates / "gateway.key") if own else "",
                server_name="plc.example",
            )
            line = open_line(TcpTransport(host="127.0.0.1", port=place.port, tls=options), lambda: (1, False))
            # TLS 1.3 tells a client without certificate only after the handshake.
            outcome = await line.read(1, block(3), 1.0) if await line.connect() else None
            assert isinstance(outcome, Answer) is good
            line.close()


# --- the gateway's own event loop ----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_lines_do_the_same_on_the_gateway_s_event_loop(way: str, seed: int) -> None:
    """The loop of the shipped process (uvloop) gives the same answers, turns, taps and identities as asyncio's."""

    async def everything() -> None:
        await test_questions_asked_at_once_take_turns(way)
        await test_one_damaged_frame_after_another_gives_no_wrong_value(way, seed)
        await test_the_tap_shows_every_raw_frame(way)
        await test_a_device_says_who_it_is(way)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert type(runner.get_loop()).__module__.startswith("uvloop")
        runner.run(everything())


def test_an_adapter_is_found_again_on_the_gateway_s_event_loop(tmp_path: Path) -> None:
    """Unplugging is seen there too."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(test_an_adapter_that_comes_back_under_another_name_is_found(tmp_path))
