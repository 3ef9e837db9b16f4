"""The store's socket when things go wrong: strangers, silence, restarts, crowds."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import Refused, Unavailable
from core.ports.store import Commit
from core.readings import Readings, readings
from store import remote_wire as wire
from store.memory import MemoryStore
from store.remote import RemoteStore
from store.remote_server import RemoteServer, parse_address, serve

POINTS = np.arange(3, dtype=np.int32)


@pytest.fixture
def address(tmp_path: Path) -> Path:
    """Where to listen."""
    return tmp_path / "socket"


@pytest.fixture
def server(address: Path) -> Iterator[RemoteServer]:
    """A served memory store with one reading."""
    store = MemoryStore()
    store.commit(Commit(readings=readings(point=[1], time_ms=[5], value=[2.5])))
    with serve(store, address) as one:
        yield one


def raw(address: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(5)
    client.connect(str(address))
    return client


def test_the_socket_is_for_its_owner_only(server: RemoteServer, address: Path) -> None:
    """Nobody else on the machine may open it, and it is gone when the server ends."""
    assert address.stat().st_mode & 0o777 == 0o600
    server.close()
    assert not address.exists()


def test_tcp_on_the_loopback_interface(server: RemoteServer) -> None:
    """The same port over TCP, for systems without Unix sockets."""
    store = MemoryStore()
    with serve(store, "tcp:127.0.0.1:0") as one:
        client = RemoteStore(f"tcp:127.0.0.1:{one.port}")
        assert client.commit(Commit(readings=readings(point=[2], time_ms=[1], value=[1.0]))) == 1
        assert client.latest().point.tolist() == [2]
        client.close()


@pytest.mark.parametrize("text", ["tcp:0.0.0.0:80", "tcp:192.168.1.2:80", "tcp:127.0.0.1", "tcp:127.0.0.1:99999"])
def test_other_machines_are_refused(text: str) -> None:
    """The protocol knows no passwords, so it never leaves the machine."""
    with pytest.raises(Refused):
        parse_address(text)


def test_nobody_there(address: Path) -> None:
    """Without a server every call says so."""
    client = RemoteStore(address)
    with pytest.raises(Unavailable, match="nobody serves"):
        client.latest()
    client.close()


def test_a_restarted_server_is_found_again(address: Path) -> None:
    """A connection that died while it lay idle is replaced without the caller noticing."""
    store = MemoryStore()
    client = RemoteStore(address)
    for number in range(1, 4):
        with serve(store, address):
            assert client.durable() == number - 1
            assert client.commit(Commit(readings=readings(point=[1], time_ms=[number], value=[1.0]))) == number
    client.close()


def test_a_second_server_does_not_push_the_first_away(server: RemoteServer, address: Path) -> None:
    """A socket that answers is left alone; one whose server died is taken over."""
    with pytest.raises(Unavailable, match="another process"):
        serve(MemoryStore(), address)
    server.close()
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stale.bind(str(address))
    stale.close()
    serve(MemoryStore(), address).close()


def test_strangers_do_no_harm(server: RemoteServer, address: Path) -> None:
    """Garbage, huge announcements and torn frames end their own connection; the next client is served."""
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", struct.pack("<II", 2**31, 0), struct.pack("<II", 10, 0) + b"abc"):
        with raw(address) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):  # the other way of being hung up on
                assert client.recv(100) == b""
    with raw(address) as client:
        client.sendall(struct.pack("<II", 4, 0) + b"\x94nope"[:4])
        frame = wire.receive_frame(client)
        assert frame is not None
        assert isinstance(wire.ANSWERS.decode(frame[0]), wire.ErrorAnswer)
    client_ = RemoteStore(address)
    assert client_.latest().value.tolist() == [2.5]
    client_.close()


def test_rows_that_do_not_fill_the_body_are_an_error(server: RemoteServer, address: Path) -> None:
    """Announced rows and sent bytes must agree; nothing is read beyond them."""
    with raw(address) as client:
        wire.send_frame(client, wire.ReadRequest(1000, 0, 10), b"\x01\x00\x00\x00")
        frame = wire.receive_frame(client)
        assert frame is not None
        answer = wire.ANSWERS.decode(frame[0])
        assert isinstance(answer, wire.ErrorAnswer)
        assert "1000 rows" in answer.message


class Silent(MemoryStore):
    """A store that hangs in `read` until it is told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def read(self, points: np.ndarray[tuple[int], np.dtype[np.int32]], from_ms: int, to_ms: int) -> Readings:
        self.go.wait(30)
        return super().read(points, from_ms, to_ms)


def test_a_silent_store_is_unavailable_and_does_not_block_others(address: Path) -> None:
    """A call that gets no answer times out; other calls are answered meanwhile."""
    store = Silent()
    with serve(store, address):
        client = RemoteStore(address, timeout_s=0.2)
        with pytest.raises(Unavailable, match=r"0\.2 s"):
            client.read(POINTS, 0, 10)
        assert client.durable() == 0
        store.go.set()
        client.close()


def test_a_crowd_is_turned_away(address: Path) -> None:
    """More connections than allowed are closed, and the ones before go on."""
    with serve(MemoryStore(), address, max_clients=2):
        first, second, third = (raw(address) for _ in range(3))
        with first, second, third:
            assert third.recv(10) == b""
            wire.send_frame(first, wire.DurableRequest())
            assert wire.receive_frame(first) is not None


def test_a_replay_can_be_left_early(server: RemoteServer, address: Path) -> None:
    """Closing the iterator hangs up; the server notices and goes on serving."""
    client = RemoteStore(address)
    replay = client.since(0)
    assert next(replay)[0] == 1
    replay.close()  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="no commit 5"):
        client.since(5)
    assert client.durable() == 1
    client.close()
