"""Store: bytes a reading, and the 24-hour chart of one point while ingest runs; VictoriaMetrics in the same run.

The load is that of a city of 5,000 points read every 10 s for the last 24 hours: a daily sine, AR(1) noise, rounded
to 0.1. ``TWINGRID_BENCH_SCALE`` (default 1) scales the number of points. The store is owned by a process of its own,
as in production, which commits 5,000 readings at a time: first at a steady rate, then as fast as it can. The charts
are asked for through the socket.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bench.rows import Row
from core.offsets import OffsetRange
from core.ports.store import Chunk, Commit
from core.readings import Readings, concat
from core.sparkplug.topics import NodeId
from store.duckdb_store import DuckDBStore
from store.remote import RemoteStore
from store.remote_server import serve

DAY_MS, STEP_MS, TICKS = 86_400_000, 10_000, 8640
NODE, EPOCH = NodeId("bench", "gateway-1"), 1_790_000_000_000 << 20
CHARTS, WARM_UP = 400, 20
COMMIT_ROWS = 5000
STEADY_READINGS_S = 150_000
FLAT_OUT = 0


def scale() -> float:
    """How large the run is; 1 is the size that the targets speak of."""
    return float(os.environ.get("TWINGRID_BENCH_SCALE", "1"))


def points() -> int:
    """Number of points."""
    return max(50, int(5000 * scale()))


class City:
    """Sensor values in tenths, one tick of all points at a time; seeded."""

    def __init__(self, count: int) -> None:
        self._rng = np.random.default_rng(3)
        self._noise = np.zeros(count)
        self._number = np.arange(count)

    def tick(self, tick: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Tenths of all points."""
        self._noise = 0.97 * self._noise + self._rng.normal(0, 0.3, len(self._noise))
        angle = tick / TICKS * 2 * np.pi + (self._number % 50) / 8
        value = 20 + 5 * np.sin(angle) + self._noise + self._number // 50 % 7
        return np.round(value * 10).astype(np.int64)


def commit_of(count: int, tick: int, time_ms: int, tenths: np.ndarray[Any, np.dtype[np.int64]]) -> Commit:
    """One tick of all points as ingest would commit it, in chunks of 200 readings."""
    first = tick * count
    return Commit(
        readings=Readings(
            point=np.arange(count, dtype=np.int32),
            time_ms=np.full(count, time_ms),
            value=tenths / 10,
            quality=np.zeros(count, np.uint8),
            epoch=np.full(count, EPOCH),
            offset=np.arange(first, first + count),
        ),
        chunks=[
            Chunk(node=NODE, epoch=EPOCH, span=OffsetRange(at, min(at + 200, first + count)), crc32=at & 0xFFFFFFFF)
            for at in range(first, first + count, 200)
        ],
    )


def joined(commits: Sequence[Commit]) -> Commit:
    """Several commits as one."""
    return Commit(
        readings=concat([commit.readings for commit in commits]),
        chunks=[chunk for commit in commits for chunk in commit.chunks],
    )


# --- ours ---------------------------------------------------------------------------------------------------------


def fill(folder: Path, begin_ms: int) -> tuple[float, float, float]:
    """Commit the whole day and compact it; returns (commits' readings/s, bytes a reading, the same with roll-ups)."""
    count, city = points(), City(points())
    store = DuckDBStore(folder)
    busy = 0.0
    together = max(1, COMMIT_ROWS // count)  # ticks a commit: a smaller city commits as many readings
    for first in range(0, TICKS, together):
        ticks = range(first, min(first + together, TICKS))
        commit = joined([commit_of(count, tick, begin_ms + tick * STEP_MS, city.tick(tick)) for tick in ticks])
        started = time.perf_counter()
        store.commit(commit)
        busy += time.perf_counter() - started
    store.flush()
    store.maintain(begin_ms + DAY_MS)
    stored = len(store.read(np.arange(3, dtype=np.int32), 0, begin_ms + 2 * DAY_MS))
    assert stored == 3 * TICKS, f"{stored} readings of three points came back, {3 * TICKS} were committed"
    store.close()
    total = count * TICKS
    raw, minute = (size_of(folder / "segments" / tier) for tier in ("raw", "minute"))
    return total / busy, raw / total, (raw + minute) / total


def size_of(folder: Path) -> int:
    """Bytes of all files below ``folder``."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def own(folder: Path, address: Path, readings_s: int) -> None:
    """The owner's process: serve the store and commit at this rate, or flat out, until standard input ends."""
    count, city, done = max(points(), COMMIT_ROWS), City(max(points(), COMMIT_ROWS)), threading.Event()
    committed = 0
    sys.setswitchinterval(0.001)
    store = DuckDBStore(folder)

    def ingest() -> None:
        nonlocal committed
        tenths = [city.tick(tick) for tick in range(50)]
        tick, begin = TICKS, time.perf_counter()
        while not done.is_set():
            ahead_s = begin + committed / readings_s - time.perf_counter() if readings_s else 0.0
            if ahead_s > 0 and done.wait(ahead_s):
                return
            store.commit(commit_of(count, tick, int(time.time() * 1000), tenths[tick % 50]))
            tick += 1
            committed += count

    with serve(store, address):
        thread = threading.Thread(target=ingest, name="bench-ingest")
        started = time.perf_counter()
        thread.start()
        print("ready", flush=True)
        sys.stdin.read()
        done.set()
        thread.join()
        print(committed / (time.perf_counter() - started), flush=True)
    store.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Charts:
    """Milliseconds of each 24-hour chart, the readings/s committed meanwhile, and the machine's load after them."""

    spent_ms: list[float]
    readings_s: float
    load: float


def charts(folder: Path, readings_s: int) -> Charts:
    """Ask for charts while ingest runs at this rate."""
    address = folder / "socket"
    command = [sys.executable, "-m", "bench.store_bench", str(folder / "ours"), str(address), str(readings_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdin is not None
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        store, pick, spent = RemoteStore(address), random.Random(1), []
        time.sleep(1)
        for number in range(WARM_UP + CHARTS):
            point = np.array([pick.randrange(points())], np.int32)
            now_ms = int(time.time() * 1000)
            started = time.perf_counter()
            found = store.rollup(point, now_ms - DAY_MS, now_ms, 60_000)
            if number >= WARM_UP:
                spent.append((time.perf_counter() - started) * 1000)
            assert len(found.start_ms) > 1200, f"{len(found.start_ms)} minutes of a day's chart came back"
            time.sleep(0.02)
        store.close()
        owner.stdin.close()
        rate = float(owner.stdout.readline())
    return Charts(spent_ms=spent, readings_s=rate, load=os.getloadavg()[0])


# --- VictoriaMetrics ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def rival(folder: Path) -> Iterator[str]:
    """A running VictoriaMetrics; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = ["victoria-metrics", f"-storageDataPath={folder}", f"-httpListenAddr={address}", "-retentionPeriod=12"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/health", timeout=1):
                break
            time.sleep(0.05)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(60)


def fill_rival(url: str, begin_ms: int) -> None:
    """The same readings, an hour of 500 points a request, one JSON object a point as its export writes them."""
    count, city = points(), City(points())
    for hour in range(24):
        block = np.array([city.tick(hour * 360 + tick) for tick in range(360)]).T / 10
        stamps = (begin_ms + np.arange(hour * 360, (hour + 1) * 360) * STEP_MS).tolist()
        for low in range(0, count, 500):
            lines = [
                orjson.dumps(
                    {
                        "metric": {"__name__": "r_value", "point": f"p{number:05d}"},
                        "values": block[number].tolist(),
                        "timestamps": stamps,
                    }
                )
                for number in range(low, min(low + 500, count))
            ]
            ask(f"{url}/api/v1/import", b"\n".join(lines))


def ask(url: str, body: bytes | None = None) -> bytes:
    """One request; its answer."""
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=300) as answer:
        return bytes(answer.read())


def rival_charts(url: str, begin_ms: int) -> list[float]:
    """Milliseconds of each 24-hour chart at rest."""
    pick, spent = random.Random(1), []
    for _ in range(CHARTS):
        query = {
            "query": f'rollup(r_value{{point="p{pick.randrange(points()):05d}"}}[1m])',
            "start": begin_ms // 1000 + 60,
            "end": (begin_ms + DAY_MS) // 1000,
            "step": "60s",
        }
        started = time.perf_counter()
        found = json.loads(ask(f"{url}/api/v1/query_range?{urllib.parse.urlencode(query)}"))["data"]["result"]
        spent.append((time.perf_counter() - started) * 1000)
        assert len(found) == 3, "VictoriaMetrics did not answer with min, max and mean"
    return spent


def measure_rival(folder: Path, begin_ms: int) -> tuple[list[float], float]:
    """Its charts, and its bytes a reading after a forced merge and a clean stop."""
    with rival(folder) as url:
        fill_rival(url, begin_ms)
        ask(f"{url}/internal/force_flush")
        ask(f"{url}/internal/force_merge")
        time.sleep(5 + 40 * min(scale(), 1))
        spent = rival_charts(url, begin_ms)
    return spent, (size_of(folder / "data") + size_of(folder / "indexdb")) / (points() * TICKS)


def chart_row(name: str, how: str, ours: Charts, theirs: list[float]) -> Row:
    """One row about charts; ``theirs`` are the rival's milliseconds."""
    p50, p95 = (float(np.percentile(ours.spent_ms, q)) for q in (50, 95))
    rival50, rival95 = (float(np.percentile(theirs, q)) for q in (50, 95))
    return Row(
        name=name,
        value=round(p95, 1),
        unit="ms",
        against=f"limit 30; VictoriaMetrics at rest, over HTTP: p95 {rival95:.1f}, p50 {rival50:.1f}",
        ratio=round(p95 / rival95, 2),
        note=f"{points()} points x {TICKS} readings, one point, 1-min count/min/mean/max, {CHARTS} charts while the "
        f"owner commits {ours.readings_s:,.0f} readings/s {how}; p50 {p50:.1f}, max {max(ours.spent_ms):.1f}; "
        f"load {ours.load:.1f}",
    )


def rows() -> list[Row]:
    """``chart_24h_p95_ms``, the same flat out, ``bytes_per_reading`` and ``store_commit_readings_s``."""
    begin_ms = (int(time.time() * 1000) - DAY_MS) // STEP_MS * STEP_MS
    folder = Path(tempfile.mkdtemp(prefix="twingrid-store-bench-"))
    try:
        rate, raw, whole = fill(folder / "ours", begin_ms)
        steady = charts(folder, STEADY_READINGS_S)
        flat_out = charts(folder, FLAT_OUT)
        theirs, their_bytes = measure_rival(folder / "victoria", begin_ms)
    finally:
        shutil.rmtree(folder)
    shape = f"{points()} points x {TICKS} readings"
    return [
        chart_row("chart_24h_p95_ms", "at a steady rate", steady, theirs),
        chart_row("chart_24h_flat_out_p95_ms", "flat out", flat_out, theirs),
        Row(
            name="bytes_per_reading",
            value=round(raw, 3),
            unit="B",
            against=f"VictoriaMetrics, time and value only: {their_bytes:.3f} B; limit twice that",
            ratio=round(raw / their_bytes, 2),
            note=f"{shape}; point, time, value, quality, epoch and offset; {whole:.3f} B with the one-minute roll-ups",
        ),
        Row(
            name="store_commit_readings_s",
            value=round(rate),
            unit="readings/s",
            against="goal 1,000,000",
            ratio=round(rate / 1e6, 2),
            note="about 5,000 readings a commit, one synced transaction each, segments written meanwhile",
        ),
    ]


if __name__ == "__main__":
    if len(sys.argv) == 4:
        own(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    else:
        for row in rows():
            print(row)
