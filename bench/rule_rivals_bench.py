"""Rules beside vmalert and Prometheus in one run: 100,000 series, a group of ten thresholds, and one window.

Both rivals ask their store for every series at every evaluation. Ours has judged what came since the last one: its
figure is the whole of a tick, 100,000 fresh readings taken in, time moved on and the changes fetched, so it holds more
than theirs, which leaves the taking in to another process.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from bench.rows import Row
from bench.rule_rivals import STEP_S, Evaluated, Groups, run, values
from core.places import ClassMembers, FacilityClass, Measurement, PointKind, Text
from core.readings import readings
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.language.load import load_rules

SERIES = 100_000
TICKS = 40
BASE_MS = 1_760_000_000_000
THRESHOLDS = tuple(90 + 0.3 * number for number in range(10))
GROUPS: Groups = {
    "ten": [f"pt > {limit:.1f}" for limit in THRESHOLDS],
    "window": ["avg_over_time(pt[5m]) > 90"],
}
OURS = {
    "ten": [f"value > {limit:.1f}" for limit in THRESHOLDS],
    "window": ["mean(value) over 5 min > 90"],
}
GOALS = {"ten": 150, "window": 50}


def engine_of(conditions: Sequence[str], count: int) -> Engine:
    """An engine over ``count`` facilities of one point each."""
    entries = [
        f'- {{id: r{number}, class: sensor, when: "{when}", for: 1 min, severity: medium, lead: construction, '
        "say: {zh: 测, en: bench}, do: {zh: [看], en: [look]}, source: bench, evidence: proposal}"
        for number, when in enumerate(conditions)
    ]
    value = Measurement(
        key="value",
        unit="1",
        low=-1e9,
        high=1e9,
        interval_s=STEP_S,
        kind=PointKind.GAUGE,
        name=Text(zh="值", en="value"),
    )
    sensor = FacilityClass(id="sensor", name=Text(zh="传感器", en="Sensor"), measurements={"value": value})
    index = np.arange(count, dtype=np.int32)
    members = ClassMembers(
        class_id="sensor",
        facility=index,
        code=tuple(f"s{number}" for number in range(count)),
        point={"value": index},
        stale_after_ms={"value": np.full(count, 3 * STEP_S * 1000, np.int64)},
        unit={"value": "1"},
    )
    rules = load_rules({"bench.yaml": "\n".join(entries)}, {"sensor": sensor})
    return Engine(rules, {"sensor": members}, NoHistory())


def tick_s(conditions: Sequence[str], count: int = SERIES, ticks: int = TICKS) -> tuple[float, int]:
    """Seconds of one tick, median of the later half, and the alarms that are on at the end."""
    engine, point, taken, opened = engine_of(conditions, count), np.arange(count, dtype=np.int32), [], 0
    for number in range(ticks):
        stamp = BASE_MS + number * STEP_S * 1000
        offset = np.arange(count, dtype=np.int64) + number * count
        batch = readings(point=point, time_ms=np.full(count, stamp), value=values(count, number), offset=offset)
        begun = time.perf_counter()
        engine.ingest(batch, stamp + 500)
        engine.advance(stamp + 2_000)
        opened += len(engine.changes(stamp + 2_000))
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken[ticks // 2 :])), opened


def rows() -> list[Row]:
    """Our tick beside each rival's evaluation."""
    ours = {group: [tick_s(conditions) for _ in range(3)] for group, conditions in OURS.items()}
    found: list[Row] = []
    for name in ("victoria-metrics", "prometheus"):
        theirs = run(name, SERIES, GROUPS)
        found += [_row(name, group, ours[group], theirs[group] if theirs else None) for group in GROUPS]
    return found


def _row(name: str, group: str, ours: Sequence[tuple[float, int]], theirs: Evaluated | None) -> Row:
    seconds = float(np.median([taken for taken, _ in ours]))
    spread = f"{min(taken for taken, _ in ours) * 1e3:.1f} to {max(taken for taken, _ in ours) * 1e3:.1f} ms"
    rules = "10 thresholds" if group == "ten" else "one window of 5 min"
    told = f"goal {GOALS[group]} x; {rules} with `for: 1 min`, {SERIES} series, {ours[0][1]} alarms; ours {spread}"
    rival = "vmalert with VictoriaMetrics" if name == "victoria-metrics" else "Prometheus"
    if theirs is None:
        return Row(
            name=f"rules_tick_{group}_vs_{name}_ms",
            value=seconds * 1e3,
            unit="ms a tick",
            against=f"{rival} is not installed here",
            ratio=None,
            note=told,
        )
    return Row(
        name=f"rules_tick_{group}_vs_{name}_ms",
        value=seconds * 1e3,
        unit="ms a tick",
        against=f"{rival}: {theirs.seconds * 1e3:,.0f} ms an evaluation, mean of {theirs.evaluations}",
        ratio=theirs.seconds / seconds,
        note=told,
    )
