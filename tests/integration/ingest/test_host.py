"""The host on a real broker: births, commits, acknowledgements, STATE, and an ocean of bad input."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from core.clock import SystemClock
from core.ports.nodes import NodeStatus
from core.readings import Int32s, Readings
from core.sparkplug import datatypes
from core.sparkplug.commit import decode_committed
from core.sparkplug.sparkplug_b_pb2 import Payload
from ingest.assemble import Message
from ingest.host import Host, HostSettings
from store.memory import MemoryStore
from tests.integration.brokers import mosquitto, nats, running
from tests.unit.ingest.edge import NODE, Edge, FakeDirectory

NOW_MS = time.time_ns() // 1_000_000


class Line:
    """An MQTT client that plays edge node and listens to what the host says."""

    def __init__(self, port: int) -> None:
        """Connect and subscribe to commands and STATE; what is said from now on is heard."""
        self.heard: list[tuple[str, bytes]] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _c, _d, message: self.heard.append((message.topic, bytes(message.payload)))
        self.client.on_connect = lambda client, *_: client.subscribe([("spBv1.0/+/NCMD/#", 0), ("spBv1.0/STATE/#", 1)])
        listening = threading.Event()
        self.client.on_subscribe = lambda *_: listening.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert listening.wait(15), "the broker did not confirm the subscription"

    def send(self, *messages: Message) -> None:
        """Publish as they are."""
        for message in messages:
            self.client.publish(message.topic, message.payload).wait_for_publish(5)

    def acknowledged(self) -> int:
        """The highest low-water mark heard so far."""
        return max((decode_committed(body)[1].low for body in self._metric(datatypes.COMMITTED)), default=0)

    def host_is_online(self) -> bool:
        """Whether the newest STATE says so: the host publishes it behind its subscriptions, so they stand."""
        said = [json.loads(body)["online"] for topic, body in list(self.heard) if topic.endswith("STATE/twingrid")]
        return said[-1:] == [True]

    def rebirths(self) -> int:
        """How many rebirths were asked for."""
        return len(self._metric(datatypes.REBIRTH))

    def _metric(self, name: str) -> list[bytes]:
        found = []
        for topic, body in list(self.heard):
            if "/NCMD/" in topic:
                found += [metric.bytes_value for metric in Payload.FromString(body).metrics if metric.name == name]
        return found

    def close(self) -> None:
        """Hang up."""
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def line(port: int) -> Iterator[Line]:
    """A line that is hung up at the end."""
    it = Line(port)
    try:
        yield it
    finally:
        it.close()


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait for something to become true, and fail if it does not."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(params=["mosquitto", "nats"])
def port(
    request: pytest.FixtureRequest,
    free_ports: Callable[[int], list[int]],
    tmp_path: Path,
    program: Callable[[str], Path],
) -> Iterator[int]:
    """A running broker of each kind."""
    port, other = free_ports(2)
    if request.param == "mosquitto":
        command = mosquitto(program("mosquitto"), port, tmp_path)
    else:
        command = nats(port, other, tmp_path)
    with running(command, port, tmp_path / "broker.log"):
        yield port


class Book:
    """Keeps the newest status of each gateway."""

    def __init__(self) -> None:
        self.statuses: dict[str, NodeStatus] = {}

    def put(self, statuses: Sequence[NodeStatus], now_ms: int) -> None:
        """Newest wins."""
        self.statuses.update({str(status.node): status for status in statuses})

    def all(self) -> list[NodeStatus]:
        """All of them."""
        return list(self.statuses.values())


def _heard_online(port: int) -> bool:
    """Asked on a line of its own each time: NATS may give one that subscribes while the state changes only the old."""
    deadline = time.monotonic() + 2.0
    with line(port) as ear:
        while not ear.host_is_online() and time.monotonic() < deadline:
            time.sleep(0.01)
        return ear.host_is_online()


@contextmanager
def hosting(port: int, store: MemoryStore, book: Book | None = None) -> Iterator[tuple[Host, list[Readings]]]:
    """A host on this broker, and the committed batches it handed on."""
    handed: list[Readings] = []
    settings = HostSettings(broker_url=f"mqtt://127.0.0.1:{port}", status_every_s=0.05)
    host = Host(
        settings,
        store=store,
        directory=FakeDirectory(),
        clock=SystemClock(),
        on_committed=lambda _number, readings: handed.append(readings),
        status_book=book,
    )
    with host:
        until(lambda: _heard_online(port))
        yield host, handed
    assert host.failure is None


def test_readings_are_stored_handed_on_and_acknowledged(port: int) -> None:
    """The whole way of one chunk, and its acknowledgement once more when it is repeated."""
    edge, store = Edge(), MemoryStore()
    with line(port) as wire, hosting(port, store) as (host, handed):
        wire.send(*edge.births())
        chunk = edge.chunk(0, [(0, NOW_MS, 1.5), (1, NOW_MS, 0.4)])
        wire.send(chunk)
        until(lambda: wire.acknowledged() == 2)
        heard = len(wire.heard)
        wire.send(chunk)
        until(lambda: len(wire.heard) > heard)
        assert host.count_all()["duplicate_chunks"] == 1
    assert store.counts().readings == 2
    assert [batch.value.tolist() for batch in handed] == [[1.5, 0.4]]


def test_a_host_that_joins_late_asks_for_a_rebirth(port: int) -> None:
    """It cannot learn names from data with aliases; the unacknowledged chunk comes again."""
    edge, store = Edge(), MemoryStore()
    with line(port) as wire:
        births = edge.births()
        chunk = edge.chunk(0, [(0, NOW_MS, 1.0)])
        with hosting(port, store):
            wire.send(chunk)
            until(lambda: wire.rebirths() == 1)
            wire.send(*births, chunk)
            until(lambda: wire.acknowledged() == 1)


def test_a_new_host_on_the_same_store_knows_what_it_has(port: int) -> None:
    """After a restart the commit log decides, so a repetition is no second reading."""
    edge, store = Edge(), MemoryStore()
    with line(port) as wire:
        chunk = edge.chunk(0, [(0, NOW_MS, 1.0)])
        with hosting(port, store):
            wire.send(*edge.births(), chunk)
            until(lambda: wire.acknowledged() == 1)
        wire.heard.clear()
        with hosting(port, store) as (host, _):
            wire.send(*edge.births(), chunk)
            until(lambda: wire.acknowledged() == 1)
            until(lambda: host.count_all()["duplicate_chunks"] == 1)
    assert store.counts().readings == 1


def test_a_host_that_starts_greets_the_gateways_it_knows(port: int) -> None:
    """A gateway that waits with a long retry time is told at once that somebody listens again."""
    edge, store = Edge(), MemoryStore()
    with line(port) as wire:
        with hosting(port, store):
            wire.send(*edge.births(), edge.chunk(0, [(0, NOW_MS, 1.0)]))
            until(lambda: wire.acknowledged() == 1)
        assert wire.rebirths() == 0
        with hosting(port, store):
            until(lambda: wire.rebirths() == 1)


def test_state_is_retained_and_says_goodbye(port: int) -> None:
    """online true while the host runs, online false after a clean stop; both retained (tck-id-host-topic-phid-*)."""
    with hosting(port, MemoryStore()), line(port) as wire:
        until(lambda: any(topic.endswith("STATE/twingrid") for topic, _ in wire.heard))
        said = [json.loads(body) for topic, body in wire.heard if topic.endswith("STATE/twingrid")]
        assert said[-1]["online"] is True
    with line(port) as wire:
        until(lambda: bool(wire.heard))
        assert json.loads(wire.heard[-1][1])["online"] is False


def test_the_state_of_the_gateways_is_written_down(port: int) -> None:
    """Online after the birth, offline after the will."""
    edge, book = Edge(), Book()
    with line(port) as wire, hosting(port, MemoryStore(), book):
        wire.send(*edge.births())
        until(lambda: str(NODE) in book.statuses and book.statuses[str(NODE)].online)
        until(lambda: book.statuses[str(NODE)].devices == ("bus1",))  # its birth may have come in the next batch
        wire.send(edge.chunk(0, [(0, NOW_MS, 1.0), (1, NOW_MS, 1.0)]))
        until(lambda: book.statuses[str(NODE)].readings == 2)
        wire.send(edge.death())
        until(lambda: not book.statuses[str(NODE)].online)


def garbage(rng: random.Random, edge: Edge, index: int) -> Message:
    """One bad message: noise, mutilated chunks, hostile topics, impossible headers, huge names, deep nonsense."""
    good = edge.chunk(10_000 + index, [(0, NOW_MS, 1.0)])
    body = bytearray(good.payload)
    kind = index % 8
    if kind == 0:
        body = bytearray(b"\xff" + rng.randbytes(rng.randint(0, 300)))
    elif kind == 1:
        del body[-rng.randrange(1, 12) :]
    elif kind == 2:
        return Message("spBv1.0/g1/NDATA/gw1", b"\x2a\x05AAAAA", NOW_MS)
    elif kind == 3:
        payload = Payload.FromString(good.payload)
        payload.body = rng.randbytes(12)
        body = bytearray(payload.SerializeToString())
    elif kind == 4:
        payload = Payload.FromString(good.payload)
        payload.metrics[0].ClearField("timestamp")
        body = bytearray(payload.SerializeToString())
    elif kind == 5:
        return Message(f"spBv1.0/g1/DDATA/evil{index}/bus1", good.payload, NOW_MS)
    elif kind == 6:
        return Message("spBv1.0/g1/NBIRTH/evil", rng.randbytes(40), NOW_MS)
    else:
        body = bytearray(b'{"Time":"2026-05-01T08:00:00","a":' + b"[" * 200 + b"}")
    return Message(good.topic, bytes(body), NOW_MS)


def test_ten_thousand_bad_messages_are_quarantined_and_the_good_stream_is_unharmed(port: int, seed: int) -> None:
    """Every bad message has its reason, every good reading is stored (F-02)."""
    edge, hostile, store = Edge(), Edge(), MemoryStore()
    rng = random.Random(seed)
    total, per_round = 10_000, 100
    with line(port) as wire, hosting(port, store) as (host, _):
        wire.send(*edge.births())
        good = []
        for start in range(0, total, per_round):
            at = start // per_round
            good.append(edge.chunk(at, [(0, NOW_MS - 100_000 + at, 1.0)]))
            for index in range(start, start + per_round):
                bad = garbage(rng, hostile, index)
                wire.client.publish(bad.topic, bad.payload)
            wire.send(good[-1])
        deadline = time.monotonic() + 60
        while wire.acknowledged() < len(good) and time.monotonic() < deadline:
            time.sleep(0.5)
            wire.send(*good)
        until(lambda: host.queued_bytes == 0)
        counts = host.count_all()
    offsets = sorted(store.read(range_of(10), NOW_MS - 200_000, NOW_MS + 1).offset.tolist())
    assert [offset for offset in offsets if offset < 10_000] == list(range(len(good)))
    assert counts["malformed"] + counts["unknown_node"] + counts["checksum"] == total
    assert len(store.quarantine(20_000)) == total
    assert all(item.detail and item.reason for item in store.quarantine(20_000))


def range_of(point: int) -> Int32s:
    """One point as the store wants it."""
    return np.array([point], np.int32)
