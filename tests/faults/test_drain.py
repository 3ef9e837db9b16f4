"""Hours of outage drained to the real core with its rules on, while fresh readings go on (INV-8, K5, K13)."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import Header, decode_committed, decode_header
from core.sparkplug.datatypes import COMMITTED
from core.sparkplug.sparkplug_b_pb2 import Payload
from gateway.chunk import Batch
from gateway.service import host_identity
from gateway.spool import Spool
from gateway.spool_look import look
from tests.faults.lab import Lab
from tests.faults.processes import until
from tests.faults.world import GROUP, VALUES

DEVICES = 5
OUTAGE_S = 6 * 3600
INTERVAL_S = 1.0
REAL_TIME = DEVICES * VALUES / INTERVAL_S
"""Readings a second that the outage was read with."""


@dataclass
class Listener:
    """Hears data and acknowledgements on the broker: how long fresh readings take until they are safe at the host."""

    port: int
    latencies_s: list[float] = field(default_factory=list)
    backlog: int = 0
    settled: Settled = field(default_factory=Settled)
    _waiting: list[tuple[Header, float]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Listener:
        """Subscribe."""
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="drain-listener")
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe(
            [(f"spBv1.0/{GROUP}/{kind}/#", 0) for kind in ("DDATA", "NCMD")]
        )
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        payload = Payload.FromString(bytes(message.payload))
        with self._lock:
            if "/NCMD/" in message.topic:
                for metric in payload.metrics:
                    if metric.name == COMMITTED:
                        self._acknowledged(decode_committed(metric.bytes_value)[1])
                return
            header = decode_header(payload.body)
            if header.backlog:
                self.backlog += len(header.span)
            else:
                self._waiting.append((header, max(metric.timestamp for metric in payload.metrics) / 1000))

    def _acknowledged(self, settled: Settled) -> None:
        self.settled.raise_low(settled.low)
        for island in settled.islands():
            self.settled.add(island)
        now_s = time.time()
        done = [(header, read_s) for header, read_s in self._waiting if self.settled.covers(header.span)]
        self.latencies_s += [now_s - read_s for _, read_s in done]
        self._waiting = [item for item in self._waiting if item not in done]


def fill(spool: Spool, device: str, aliases: list[int], begin_ms: int) -> int:
    """What six hours of polling leave in a spool whose gateway cannot reach anybody; answers how many readings."""
    alias = np.array(aliases, np.int64)
    for second in range(0, OUTAGE_S, 20):
        times = begin_ms + 1000 * np.repeat(np.arange(second, second + 20, dtype=np.int64), len(alias))
        n = len(times)
        batch = Batch(
            device=device,
            alias=np.tile(alias, 20),
            time_ms=times,
            value=np.arange(n, dtype=np.float64) % 3 + 1.0,
            quality=np.zeros(n, np.uint8),
        )
        spool.commit([(batch, 1000)])
    return OUTAGE_S * len(alias)


@pytest.mark.timeout(900)
def test_six_hours_of_outage_drain_while_fresh_readings_stay_fresh(
    tmp_path: Path, free_ports: Callable[[int], list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    """At least five times as fast as it was read, and as fast as it is being read; p95 of fresh readings below 5 s."""
    with Lab(tmp_path, free_ports(8), gateways=1, devices=DEVICES, limits=(10**6, 10**7)) as lab:
        gateway, folder = lab.gateways[0], lab.world.spool(0)
        gateway.stop()
        spool = Spool(folder, host_identity(), time.time_ns() // 1_000_000)
        metrics = spool.metrics()
        first = spool.state().next_offset
        begin_ms = time.time_ns() // 1_000_000 - 1000 * OUTAGE_S
        count = fill(spool, metrics[0].device, [metric.alias for metric in metrics], begin_ms)
        spool.close()
        old = OffsetRange(first, first + count)
        with Listener(lab.world.broker_port) as heard:
            gateway.start()
            begin_s = time.monotonic()
            until(lambda: heard.settled.covers(old), "the backlog is acknowledged", 600)
            drained_s = time.monotonic() - begin_s
            fresh = sorted(heard.latencies_s)
        assert not [gap for gap in look(folder).gaps if gap.first < old.stop]
        assert lab.core.alive
    rate = count / drained_s
    polled = DEVICES * VALUES / lab.world.interval_s
    p50, p95 = (fresh[math.ceil(len(fresh) * share) - 1] for share in (0.5, 0.95))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{count} readings of 6 h drained in {drained_s:.1f} s: {OUTAGE_S / drained_s:.0f} x real time, "
            f"{rate:.0f}/s beside {polled:.0f}/s fresh ({rate / polled:.0f} x); "
            f"{len(fresh)} fresh chunks, p50 {p50:.2f} s, p95 {p95:.2f} s, longest {fresh[-1]:.2f} s\n"
        )
    assert drained_s <= OUTAGE_S / 5
    assert rate >= 5 * polled
    assert len(fresh) >= 20
    assert p95 < 5.0
