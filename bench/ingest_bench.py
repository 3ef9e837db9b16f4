"""Broker → decoded → validated → committed → rules → acknowledged, with the real core process, beside two rivals.

The load is a fleet of edge nodes under credit (``bench.fleet``); the core process is the real one with the shipped
rule book. At the end it is killed with SIGKILL and the store is counted: what was acknowledged must be there.

Rivals in the same run: what one writes by hand first (paho, JSON, influxdb-client, VictoriaMetrics), and the physical
limit of this design: a bare loop that only decodes and commits.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bench.fleet import Node, Run, Shape, build, drive, write_registry
from bench.mqtt_raw import RawPublisher
from bench.rows import Row
from core.clock import SystemClock
from core.ports.store import Commit
from core.readings import readings
from core.sparkplug.sparkplug_b_pb2 import Payload
from store.duckdb_store import DuckDBStore
from tests.integration.brokers import nats, running

SCALE = float(os.environ.get("TWINGRID_BENCH_SCALE", "1"))
LIVE = Shape(
    nodes=20, facilities=10, per_message=int(os.environ.get("TWINGRID_LIVE_SHAPE", "24")), messages=int(3000 * SCALE)
)
BACKLOG = Shape(nodes=20, facilities=10, per_message=1000, messages=int(200 * SCALE))
PORTS = (24100, 24101, 24102)
RUNS = 3
BY_HAND_MESSAGES = int(60_000 * SCALE)


@contextmanager
def core_process(folder: Path, shape: Shape, broker_port: int) -> Iterator[subprocess.Popen[str]]:
    """The real core process for this fleet."""
    write_registry(folder / "registry", shape)
    settings = folder / "twingrid.yaml"
    settings.write_text(
        f"data_dir: {folder / 'data'}\n"
        f"broker: {{kind: external, host: 127.0.0.1, port: {broker_port}}}\n"
        f"registry: {{folder: {folder / 'registry'}}}\n"
    )
    command = [sys.executable, "-m", "app", "core", "--config", str(settings)]
    with (folder / "core.log").open("w") as log:
        own = {key: value for key, value in os.environ.items() if not key.startswith("TWINGRID_")}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=own)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("ready"):
                break
        if process.poll() is not None:
            raise RuntimeError((folder / "core.log").read_text()[-2000:])
        time.sleep(1.0)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def one_run(shape: Shape, seed: int) -> Run:
    """One run against a fresh core process; its store is recounted after a SIGKILL.

    Raises:
        RuntimeError: if an acknowledged reading is missing.
    """
    with tempfile.TemporaryDirectory(prefix="twingrid-bench-") as name:
        folder = Path(name)
        nodes = build(shape, start_ms=time.time_ns() // 1_000_000 - 6 * 3_600_000, seed=seed)
        with (
            running(nats(PORTS[0], PORTS[1], folder), PORTS[0], folder / "broker.log"),
            core_process(folder, shape, PORTS[0]) as process,
        ):
            publisher = RawPublisher(PORTS[0], "bench-fleet")
            try:
                run = drive(publisher, nodes)
            finally:
                publisher.close()
            process.send_signal(signal.SIGKILL)
            process.wait()
        store = DuckDBStore(folder / "data" / "store")
        stored = store.counts().readings
        store.close()
        if stored != run.readings:
            raise RuntimeError(f"{run.readings} readings were acknowledged, {stored} are in the store after SIGKILL")
        return run


def bare_loop(nodes: list[Node], per_commit: int = 5000) -> float:
    """Readings a second of a loop that only decodes protobuf and commits columns."""
    with tempfile.TemporaryDirectory(prefix="twingrid-bare-") as name:
        store = DuckDBStore(Path(name) / "store", clock=SystemClock())
        bodies = [packet[packet.index(b"bus1") + 4 :] for node in nodes for packet in node.packets]
        alias: list[int] = []
        time_ms: list[int] = []
        value: list[float] = []
        total, offset = 0, 0
        begin = time.perf_counter()
        for body in bodies:
            for metric in Payload.FromString(body).metrics:
                alias.append(metric.alias)
                time_ms.append(metric.timestamp)
                value.append(metric.double_value)
            if len(alias) >= per_commit:
                offsets = np.arange(offset, offset + len(alias))
                store.commit(Commit(readings=readings(point=alias, time_ms=time_ms, value=value, offset=offsets)))
                total, offset = total + len(alias), offset + len(alias)
                alias, time_ms, value = [], [], []
        seconds = time.perf_counter() - begin
        store.close()
        return total / seconds


def by_hand() -> float:
    """Readings a second of the usual hand-written worker: paho, one JSON message a reading, influxdb-client."""
    with tempfile.TemporaryDirectory(prefix="twingrid-byhand-") as name:
        folder = Path(name)
        victoria = [
            "victoria-metrics",
            f"-storageDataPath={folder / 'vm'}",
            f"-httpListenAddr=127.0.0.1:{PORTS[2]}",
        ]
        with (
            running(nats(PORTS[0], PORTS[1], folder), PORTS[0], folder / "broker.log"),
            running(victoria, PORTS[2], folder / "vm.log"),
        ):
            command = [sys.executable, "-m", "bench.by_hand", str(PORTS[0]), str(PORTS[2]), str(BY_HAND_MESSAGES)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=180)
            return float(json.loads(answer.stdout)["readings_s"])


def rows() -> list[Row]:
    """Measure both shapes and both rivals."""
    live = [one_run(LIVE, seed) for seed in range(RUNS)]
    backlog = [one_run(BACKLOG, seed) for seed in range(RUNS)]
    hand = by_hand()
    bare = bare_loop(build(BACKLOG, start_ms=time.time_ns() // 1_000_000 - 6 * 3_600_000))
    return [
        _row("ingest_live_readings_s", live, LIVE, f"paho + JSON + influxdb-client by hand: {hand:,.0f}/s", hand),
        _row("ingest_backlog_readings_s", backlog, BACKLOG, f"bare decode-and-commit loop: {bare:,.0f}/s", bare),
        Row(
            name="ingest_ack_age_p99_s",
            value=float(np.percentile(np.concatenate([run.ack_age_s for run in live]), 99)),
            unit="s",
            against="limit 2 s",
            ratio=float(np.percentile(np.concatenate([run.ack_age_s for run in live]), 99)) / 2,
            note="from publish to acknowledgement, while ingest_live runs flat out",
        ),
    ]


def _row(name: str, runs: list[Run], shape: Shape, against: str, rival: float) -> Row:
    rates = sorted(run.readings / run.seconds for run in runs)
    middle = rates[len(rates) // 2]
    return Row(
        name=name,
        value=middle,
        unit="readings/s",
        against=against,
        ratio=middle / rival,
        note=f"{shape.per_message} readings a message, {shape.readings:,} a run, {rates[0]:,.0f} to {rates[-1]:,.0f}; "
        "recounted after SIGKILL",
    )
