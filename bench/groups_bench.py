"""Groups: one rule over 10,000 facilities in 200 groups, beside the plain rule over the same readings.

A facility is a well whose level is read every 10 s, each with its own phase; a few are in trouble at any time. Every
rule reads the level: alone, of the parent, counted over the group, its maximum and its median. The plain rule is what
a group rule costs if there were no groups.
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from bench.rows import Row
from core.places import ClassMembers, FacilityClass, Measurement, PointKind, Relation, Text
from core.readings import Readings, readings
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.language.load import load_rules

WELLS = 10_000
GROUPS = 200
INTERVAL_MS = 10_000
BATCH_MS = 10_000
BASE_MS = 1_760_000_000_000

PLAIN = ("level > 2.6 m", "level < 2.4 m")
RULES = {
    "parent": ("parent.level > 2.6 m", "parent.level < 2.4 m"),
    "count": ("count(level > 2.6 m) of cell.governance >= 6", "count(level > 2.4 m) of cell.governance < 4"),
    "max": ("max(level) of cell.governance > 4 m", "max(level) of cell.governance < 3 m"),
    "median": ("median(level) of cell.governance > 2.6 m", "median(level) of cell.governance < 2.4 m"),
}


def members() -> ClassMembers:
    """Wells; the first of each group is the parent of the others."""
    index = np.arange(WELLS)
    return ClassMembers(
        class_id="well",
        facility=index.astype(np.int32),
        code=tuple(f"w-{number}" for number in range(WELLS)),
        point={"level": index.astype(np.int32)},
        stale_after_ms={"level": np.full(WELLS, 3 * INTERVAL_MS, np.int64)},
        unit={"level": "m"},
        group={
            Relation.GOVERNANCE_CELL: tuple(f"g-{number % GROUPS}" for number in range(WELLS)),
            Relation.PARENT: tuple(f"w-{number % GROUPS}" if number >= GROUPS else "" for number in range(WELLS)),
        },
    )


def batches(rounds: int, late: float, seed: int) -> list[tuple[int, Readings]]:
    """Batches of BATCH_MS of arrival with the wall clock at their end; a share of the readings 10 to 60 s late."""
    rng = np.random.default_rng(seed)
    wave, phase_ms = rng.uniform(0, 6.28, WELLS), rng.integers(0, INTERVAL_MS, WELLS)
    turn = np.arange(rounds)[:, None]
    value = 1.5 + 0.6 * np.sin(turn / 60 + wave) + 0.02 * rng.standard_normal((rounds, WELLS))
    for _ in range(int(rounds * WELLS * 0.0008)):
        struck, start = int(rng.integers(0, WELLS)), int(rng.integers(0, rounds))
        value[start : start + int(rng.integers(3, 30)), struck] += 1.8
    time_ms = (BASE_MS + turn * INTERVAL_MS + phase_ms).ravel()
    arrival_ms = time_ms.copy()
    behind = rng.random(len(time_ms)) < late
    arrival_ms[behind] += rng.integers(10_000, 60_000, int(behind.sum()))
    point, values = np.tile(np.arange(WELLS, dtype=np.int32), rounds), value.ravel()
    order = np.argsort(arrival_ms, kind="stable")
    tick = arrival_ms[order] // BATCH_MS
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(tick)) + 1):
        now_ms = int(arrival_ms[rows[0]] // BATCH_MS + 1) * BATCH_MS
        batch = readings(point=point[rows], time_ms=time_ms[rows], value=values[rows], offset=rows.astype(np.int64))
        found.append((now_ms, batch))
    return found


def run(rule: tuple[str, str], flow: list[tuple[int, Readings]]) -> tuple[float, Engine]:
    """Readings a second through ``ingest``, ``advance``, ``changes``, in the second half of the batches."""
    level = Measurement(
        key="level", unit="m", low=-1e6, high=1e6, interval_s=10, kind=PointKind.GAUGE, name=Text(zh="液位", en="level")
    )
    well = FacilityClass(id="well", name=Text(zh="井", en="Well"), measurements={"level": level})
    text = (
        f'- {{id: r, class: well, when: "{rule[0]}", for: 30 s, clear: "{rule[1]}", severity: medium, '
        "lead: construction, say: {zh: 测, en: bench}, do: {zh: [看], en: [look]}, source: bench, evidence: proposal}"
    )
    rules = load_rules({"bench.yaml": text}, {"well": well})
    engine = Engine(rules, {"well": members()}, NoHistory(), EngineSettings(memory_readings=2_000_000))
    warm, count, begun = len(flow) // 2, 0, 0.0
    for number, (now_ms, batch) in enumerate(flow):
        if number == warm:
            begun = time.perf_counter()
        engine.ingest(batch, now_ms)
        engine.advance(now_ms)
        engine.changes(now_ms)
        count += len(batch) if number >= warm else 0
    return count / (time.perf_counter() - begun), engine


def rows(rounds: int = 60, runs: int = 3) -> list[Row]:
    """The figures of groups beside the plain rule of the same run."""
    found = []
    for order, late in (("inorder", 0.0), ("late", 0.1)):
        flow = batches(rounds, late, seed=1)
        measured: dict[str, list[tuple[float, Engine]]] = {name: [] for name in ("plain", *RULES)}
        for _ in range(runs):
            for name, every in measured.items():
                every.append(run(RULES.get(name, PLAIN), flow))
        plain_s = median(one for one, _ in measured["plain"])
        for name in RULES:
            value, stats = median(one for one, _ in measured[name]), measured[name][-1][1].stats
            found.append(
                Row(
                    name=f"rules_groups_{name}_{order}_readings_s",
                    value=value,
                    unit="readings/s",
                    against=f"the plain rule on the same readings: {plain_s / 1e6:.2f} M/s",
                    ratio=value / plain_s,
                    note=f"{WELLS} wells in {GROUPS} groups, {late:.0%} late; {RULES[name][0]}; "
                    f"{stats.corrected} groups corrected, {stats.reevaluations} facilities sent back",
                )
            )
    return found
