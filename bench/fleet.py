"""A fleet of edge nodes as a load: births and data messages encoded beforehand, sent under credit, repeated when lost.

The generator shares two cores with broker and host, so it must cost next to nothing while it runs: every PUBLISH packet
is built before the clock starts; while it runs only sockets and acknowledgements are handled.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.mqtt_raw import RawPublisher, publish_packet
from core.offsets import OffsetRange
from core.sparkplug import datatypes
from core.sparkplug.commit import Header, checksum, decode_committed, encode_header
from core.sparkplug.sparkplug_b_pb2 import Payload
from core.sparkplug.topics import MessageType, NodeId, Topic

GROUP = "bench"
DEVICE = "bus1"
CLASS = "electrical_distribution"
KEYS = ("u_a", "u_b", "u_c", "i_a", "i_b", "i_c", "p_total", "pf_total", "freq", "cable_temp")
UNITS = ("V", "V", "V", "A", "A", "A", "kW", "1", "Hz", "Cel")
BASE = np.array([230, 231, 229, 20, 21, 19, 12, 0.95, 50, 35], np.float64)
NOISE = np.array([2, 2, 2, 3, 3, 3, 1, 0.01, 0.02, 1], np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What the fleet looks like.

    Attributes:
        nodes: gateways.
        facilities: facilities a gateway, each with the ten points of ``KEYS``.
        per_message: readings in a data message.
        messages: data messages a node.
        interval_ms: event time between two rounds of one point.
    """

    nodes: int
    facilities: int
    per_message: int
    messages: int
    interval_ms: int = 1000

    @property
    def points(self) -> int:
        """Points a node."""
        return self.facilities * len(KEYS)

    @property
    def readings(self) -> int:
        """Readings of the whole load."""
        return self.nodes * self.messages * self.per_message


@dataclass(slots=True)
class Node:
    """One edge node: its packets, and how far the host has acknowledged."""

    id: NodeId
    births: bytes
    packets: list[bytes]
    epoch: int
    per_message: int
    sent: int = 0
    settled: int = 0
    sent_at: list[float] = field(default_factory=list)


def facility_code(node: int, index: int) -> str:
    """Code of a facility."""
    return f"f{node:03d}-{index:03d}"


def build(shape: Shape, *, start_ms: int, seed: int = 1) -> list[Node]:
    """Encode the whole load."""
    rng = np.random.default_rng(seed)
    return [_node(shape, number, start_ms, rng) for number in range(shape.nodes)]


def _node(shape: Shape, number: int, start_ms: int, rng: np.random.Generator) -> Node:
    node = NodeId(GROUP, f"gw{number:03d}")
    epoch = (start_ms << 20) | random.Random(number).getrandbits(20)
    total = shape.messages * shape.per_message
    alias = np.arange(total, dtype=np.int64) % shape.points
    time_ms = start_ms + np.arange(total, dtype=np.int64) // shape.points * shape.interval_ms
    key = alias % len(KEYS)
    value = np.round(BASE[key] + NOISE[key] * rng.standard_normal(total), 2)
    topic = str(Topic(MessageType.DDATA, node, DEVICE))
    packets = []
    for index in range(shape.messages):
        rows = slice(index * shape.per_message, (index + 1) * shape.per_message)
        payload = Payload(timestamp=start_ms, seq=(index + 2) % 256)
        add = payload.metrics.add
        for a, t, v in zip(alias[rows].tolist(), time_ms[rows].tolist(), value[rows].tolist(), strict=True):
            add(alias=a, timestamp=t, double_value=v)
        crc = checksum(alias[rows], time_ms[rows], value[rows], np.zeros(shape.per_message, np.uint8))
        span = OffsetRange(rows.start, rows.stop)
        payload.body = encode_header(Header(epoch=epoch, span=span, crc32=crc, low=0))
        packets.append(publish_packet(topic, payload.SerializeToString()))
    return Node(node, _births(node, shape, number, epoch, start_ms), packets, epoch, shape.per_message)


def _births(node: NodeId, shape: Shape, number: int, epoch: int, now_ms: int) -> bytes:
    birth = Payload(timestamp=now_ms, seq=0)
    birth.metrics.add(name=datatypes.BDSEQ, long_value=0, datatype=datatypes.DataType.INT64)
    birth.metrics.add(name=datatypes.EPOCH, long_value=epoch, datatype=datatypes.DataType.UINT64)
    device = Payload(timestamp=now_ms, seq=1)
    for alias in range(shape.points):
        name = f"{facility_code(number, alias // len(KEYS))}/{KEYS[alias % len(KEYS)]}"
        metric = device.metrics.add(name=name, alias=alias, datatype=datatypes.DataType.DOUBLE, is_null=True)
        metric.properties.keys.append(datatypes.ENG_UNIT)
        metric.properties.values.add(type=12, string_value=UNITS[alias % len(KEYS)])
    packets = [publish_packet(str(Topic(MessageType.NBIRTH, node)), birth.SerializeToString())]
    packets.append(publish_packet(str(Topic(MessageType.DBIRTH, node, DEVICE)), device.SerializeToString()))
    return b"".join(packets)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What a run came to."""

    readings: int
    seconds: float
    ack_age_s: np.ndarray[tuple[int], np.dtype[np.float64]]
    repeated: int


def drive(publisher: RawPublisher, nodes: list[Node], *, credit_bytes: int = 128 * 1024, limit_s: float = 120.0) -> Run:
    """Send everything as fast as the credit allows, until the host has acknowledged all of it.

    Raises:
        TimeoutError: if it has not after ``limit_s``.
    """
    publisher.subscribe(f"spBv1.0/{GROUP}/NCMD/#")
    by_topic = {str(Topic(MessageType.NCMD, node.id)): node for node in nodes}
    publisher.send(b"".join(node.births for node in nodes))
    ages: list[float] = []
    repeated = 0
    begin = progress = time.perf_counter()
    while any(node.settled < len(node.packets) for node in nodes):
        now = time.perf_counter()
        out = list(_due(nodes, credit_bytes, now))
        if out:
            publisher.send(b"".join(out))
        before = len(ages)
        for topic, payload in publisher.payloads(0.0 if out else 0.005):
            node = by_topic.get(topic)
            if node is not None:
                _acknowledge(node, payload, ages, publisher)
        if len(ages) > before:
            progress = now
        elif now - progress > 2.0:
            progress = now
            for node in nodes:
                repeated += node.sent - node.settled
                publisher.send(b"".join(node.packets[node.settled : node.sent]))
        if now - begin > limit_s:
            raise TimeoutError(f"not everything was acknowledged after {limit_s} s")
    seconds = time.perf_counter() - begin
    readings = sum(len(node.packets) * node.per_message for node in nodes)
    return Run(readings=readings, seconds=seconds, ack_age_s=np.array(ages), repeated=repeated)


def _due(nodes: list[Node], credit_bytes: int, now: float) -> Iterator[bytes]:
    for node in nodes:
        size = len(node.packets[0])
        room = credit_bytes - (node.sent - node.settled) * size
        count = min(len(node.packets) - node.sent, max(room // size, 0))
        if count:
            yield b"".join(node.packets[node.sent : node.sent + count])
            node.sent_at += [now] * count
            node.sent += count


def _acknowledge(node: Node, payload: bytes, ages: list[float], publisher: RawPublisher) -> None:
    for metric in Payload.FromString(payload).metrics:
        if metric.name == datatypes.REBIRTH:
            publisher.send(node.births)
        if metric.name != datatypes.COMMITTED:
            continue
        epoch, settled = decode_committed(metric.bytes_value)
        if epoch != node.epoch:
            continue
        done = settled.low // node.per_message
        now = time.perf_counter()
        ages += [now - node.sent_at[index] for index in range(node.settled, done)]
        node.settled = max(node.settled, done)


def write_registry(folder: Path, shape: Shape) -> None:
    """The registry folder that enrols this fleet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "streets.csv").write_text("code,name_zh,name_en\ns1,甲街道,Street A\n")
    (folder / "communities.csv").write_text(
        "code,name_zh,name_en,street,valid_from,latitude,longitude\nc1,甲社区,Community A,s1,2020-01-01,31.7,112.25\n"
    )
    ring = '"112.0 31.0, 113.0 31.0, 113.0 32.0, 112.0 32.0"'
    cells = [f"c1-{grid[0]},{grid},c1,格,Cell,{ring},2020-01-01" for grid in ("governance", "construction")]
    (folder / "cells.csv").write_text(
        "code,grid,community,name_zh,name_en,polygon,valid_from\n" + "\n".join(cells) + "\n"
    )
    gateways = [f"{GROUP},gw{number:03d},网关,Gateway {number},c1" for number in range(shape.nodes)]
    (folder / "gateways.csv").write_text("group,node,name_zh,name_en,community\n" + "\n".join(gateways) + "\n")
    facilities = [
        f"{facility_code(number, index)},配电箱,Board,{CLASS},c1,31.7,112.25,{GROUP}/gw{number:03d},{' '.join(KEYS)}"
        for number in range(shape.nodes)
        for index in range(shape.facilities)
    ]
    (folder / "facilities.csv").write_text(
        "code,name_zh,name_en,class,community,latitude,longitude,gateway,measurements\n" + "\n".join(facilities) + "\n"
    )
    (folder / "people.csv").write_text(
        "code,name_zh,name_en,role,communities,cells,shifts,supervisor\n"
        "w1,甲,Worker A,grid_worker,c1,c1-g,mon-sun 0:00-24:00,true\n"
        "w2,乙,Worker B,maintainer,c1,c1-c,mon-sun 0:00-24:00,true\n"
    )
