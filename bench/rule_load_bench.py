"""Rules under load: latency at 100,000 readings a second, memory of a million points, cost of a backlog.

All three use the engine as the judge's loop does. Latency is that of one batch: from the call that hands the readings
in to the answer with the changes. Memory is the peak of a process of its own. A backlog is judged beside the same hours
in order, by CPU time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np

from bench.rows import Row
from bench.rule_rivals_bench import engine_of as sensors
from bench.rules_bench import BASE_MS, INTERVAL_MS, KEYS, STATIONS, members, rule_set
from core.readings import Readings, readings
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory

READINGS_S = 100_000
TICK_MS = 100
SECONDS = 60
POINTS = 1_000_000
ROUNDS = 66
"""Of 10 s: the window of ten minutes is full."""
WINDOWED = (
    *(f"mean(value) over 10 min > {limit}" for limit in (92, 94, 96, 98, 100)),
    *(f"max(value) over 10 min > {limit}" for limit in (99, 101, 103)),
    *(f"mean(value) over 10 min > {limit} and value > {limit}" for limit in (91, 93)),
)
CUT_OFF = 300
HOURS = 6
CHUNKS = 100


def latencies_ms(seconds: int = SECONDS) -> tuple[list[float], list[float], int]:
    """Milliseconds (wall, CPU) of each batch of 100 ms of readings, and the changes, once the first tenth is over."""
    rng = np.random.default_rng(4)
    engine = Engine(rule_set(), {"station": members(STATIONS)}, NoHistory())
    size, points = READINGS_S * TICK_MS // 1000, STATIONS * len(KEYS)
    middle = np.tile([1.5, 18.0, 0.4, 30.0, 45.0, 2.5], STATIONS)
    swing = np.tile([0.6, 6.0, 0.12, 12.0, 8.0, 1.0], STATIONS)
    order, wall, cpu, changes = rng.permutation(points), [], [], 0
    for number in range(seconds * 1000 // TICK_MS):
        now_ms = BASE_MS + number * TICK_MS
        point = order[np.arange(number * size, (number + 1) * size) % points].astype(np.int32)
        value = middle[point] + swing[point] * rng.standard_normal(size) * 0.7
        time_ms = now_ms - rng.integers(0, TICK_MS, size)
        batch = readings(point=point, time_ms=time_ms, value=value, offset=np.arange(size) + number * size)
        begun, used = time.perf_counter(), time.process_time()
        engine.ingest(batch, now_ms)
        found = len(engine.changes(now_ms))
        engine.advance(now_ms)
        found += len(engine.changes(now_ms))
        if number >= seconds * 100 // TICK_MS:
            wall.append((time.perf_counter() - begun) * 1e3)
            cpu.append((time.process_time() - used) * 1e3)
            changes += found
    return wall, cpu, changes


def million() -> dict[str, float]:
    """A million points under ten rules with windows, until the windows are full: peak memory and time of a round."""
    engine, rng, spent = sensors(WINDOWED, POINTS), np.random.default_rng(2), 0.0
    point, usual = np.arange(POINTS, dtype=np.int32), rng.normal(85, 5, POINTS)
    changes = 0
    for number in range(ROUNDS):
        stamp = BASE_MS + number * INTERVAL_MS
        value = usual + rng.normal(0, 0.5, POINTS)
        begun = time.process_time()
        batch = readings(
            point=point, time_ms=np.full(POINTS, stamp), value=value, offset=np.arange(POINTS) + number * POINTS
        )
        engine.ingest(batch, stamp + 500)
        engine.advance(stamp + 2_000)
        changes += len(engine.changes(stamp + 2_000))
        spent += time.process_time() - begun if number >= ROUNDS // 2 else 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"bytes": peak, "round_s": spent / (ROUNDS - ROUNDS // 2), "changes": changes}


def _stations(rounds: int, seed: int) -> Readings:
    """All points of the stations that were cut off, in the order of time."""
    rng = np.random.default_rng(seed)
    points = CUT_OFF * len(KEYS)
    middle = np.tile([1.5, 18.0, 0.4, 30.0, 45.0, 2.5], CUT_OFF)
    swing = np.tile([0.6, 6.0, 0.12, 12.0, 8.0, 1.0], CUT_OFF)
    wave = rng.uniform(0, 6.28, points)
    number = np.arange(rounds)[:, None]
    value = middle + swing * np.sin(number / 60 + wave) * 2.4 + swing * 0.05 * rng.standard_normal((rounds, points))
    time_ms = BASE_MS + number * INTERVAL_MS + rng.integers(0, INTERVAL_MS, points)[None]
    order = np.argsort(time_ms.ravel(), kind="stable")
    return readings(
        point=np.tile(np.arange(points, dtype=np.int32), rounds)[order],
        time_ms=time_ms.ravel()[order],
        value=np.maximum(value, 0.0).ravel()[order],
        offset=np.arange(rounds * points),
    )


def hours_s(*, backlog: bool) -> tuple[float, int]:
    """CPU seconds of six hours in 100 chunks, and the alarms opened: as they come, or all after the hours are over."""
    every = _stations(HOURS * 3_600_000 // INTERVAL_MS, seed=7)
    tuned = EngineSettings(memory_readings=len(every) + 1)
    engine = Engine(rule_set(), {"station": members(CUT_OFF)}, NoHistory(), tuned)
    bounds = np.linspace(0, len(every), CHUNKS + 1).astype(int)
    end_ms = BASE_MS + HOURS * 3_600_000
    opened, begun = 0, time.process_time()
    if backlog:
        for now_ms in range(BASE_MS, end_ms, 60_000):
            engine.advance(now_ms)
    for number in range(CHUNKS):
        chunk = every.take(slice(int(bounds[number]), int(bounds[number + 1])))
        now_ms = end_ms + (number + 1) * 1_000 if backlog else int(chunk.time_ms[-1])
        engine.ingest(chunk, now_ms)
        engine.advance(now_ms)
        opened += len(engine.changes(now_ms))
    now_ms = end_ms + CHUNKS * 1_000 + 60_000
    engine.settle(now_ms)
    opened += len(engine.changes(now_ms))
    return time.process_time() - begun, opened


def rows(runs: int = 3) -> list[Row]:
    """Latency, memory and backlog, each beside its limit."""
    wall, cpu, changes = latencies_ms()
    p99, used = float(np.percentile(wall, 99)), float(np.percentile(cpu, 99))
    child = subprocess.run([sys.executable, "-m", "bench.rule_load_bench"], capture_output=True, text=True, check=True)
    large = json.loads(child.stdout)
    ordered = float(np.median([hours_s(backlog=False)[0] for _ in range(runs)]))
    late = float(np.median([hours_s(backlog=True)[0] for _ in range(runs)]))
    count = HOURS * 360 * CUT_OFF * len(KEYS)
    return [
        Row(
            name="rules_alarm_latency_p99_ms",
            value=p99,
            unit="ms, p99",
            against="limit 50 ms",
            ratio=p99 / 50,
            note=f"from the call with the readings to the changes; {READINGS_S} readings/s in batches of {TICK_MS} ms, "
            f"20 rules, {STATIONS} facilities; median {np.median(wall):.1f} ms, longest {max(wall):.0f} ms; "
            f"CPU p99 {used:.1f} ms; {changes} changes",
        ),
        Row(
            name="rules_million_points_gb",
            value=large["bytes"] / 1e9,
            unit="GB, peak of the process",
            against="limit 6 GB",
            ratio=large["bytes"] / 6e9,
            note=f"{POINTS} points, {len(WINDOWED)} rules with two windows of 10 min among them, windows full; "
            f"a round of {POINTS} readings takes {large['round_s']:.2f} s of CPU; {large['changes']:.0f} changes",
        ),
        Row(
            name="rules_backlog_cost",
            value=late / ordered,
            unit="times the same hours in order",
            against="limit 2",
            ratio=late / ordered / 2,
            note=f"{HOURS} h of {CUT_OFF} facilities ({count} readings) in {CHUNKS} chunks, a second apart; in order "
            f"{ordered:.2f} s, as a backlog {late:.2f} s of CPU, median of {runs} runs",
        ),
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(million()))
