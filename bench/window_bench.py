"""Windows over time: what a reading costs under a window of ten minutes and of thirty days, and what a window keeps.

Stations with three points read every 10 s, one rule with one aggregate. The same readings, once for each width: a
window is cut into 60 slots whatever its width, so the wider, the fewer slots close while they pass.
"""

from __future__ import annotations

import time

import numpy as np

from bench.rows import Row
from core.places import ClassMembers, FacilityClass, Measurement, PointKind, Text
from core.readings import Readings, readings
from rules.buckets import bucket
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.expression import Windowed, WindowedOver
from rules.language.load import load_rules
from rules.rule_set import RuleSet

STATIONS = 10_000
BASE_MS = 1_760_000_400_000
INTERVAL_MS = 10_000
WIDTHS = ("1 min", "10 min", "1 h", "24 h", "7 d", "30 d")
CONDITIONS = {
    "mean": "mean(current) over {} > 50 A",
    "slope": "slope(current) over {} > 50 A/min",
    "running": "time(current > 2 A and level > 1 m) over {} > 1000 h",
    "deviation": "stddev(current - rated) over {} > 50 A",
}
_UNITS = {"current": "A", "rated": "A", "level": "m"}


def _rules(condition: str) -> RuleSet:
    entry = (
        f'- {{id: r, class: station, when: "{condition}", severity: low, lead: construction, '
        "say: {zh: 测, en: bench}, do: {zh: [看], en: [look]}, source: bench, evidence: proposal}"
    )
    measurements = {
        key: Measurement(
            key=key, unit=unit, low=-1e6, high=1e6, interval_s=10, kind=PointKind.GAUGE, name=Text(zh=key, en=key)
        )
        for key, unit in _UNITS.items()
    }
    station = FacilityClass(id="station", name=Text(zh="泵站", en="Station"), measurements=measurements)
    return load_rules({"bench.yaml": entry}, {"station": station})


def _members() -> ClassMembers:
    index = np.arange(STATIONS)
    return ClassMembers(
        class_id="station",
        facility=index.astype(np.int32),
        code=tuple(f"st-{i}" for i in range(STATIONS)),
        point={key: (index * 3 + place).astype(np.int32) for place, key in enumerate(_UNITS)},
        stale_after_ms={key: np.full(STATIONS, 3 * INTERVAL_MS, np.int64) for key in _UNITS},
        unit=dict(_UNITS),
    )


def _batches(rounds: int) -> list[Readings]:
    """Every 10 s all points of all stations; a pump in fifty starts or stops."""
    rng = np.random.default_rng(8)
    running = rng.random(STATIONS) < 0.5
    found = []
    for number in range(rounds):
        running ^= rng.random(STATIONS) < 0.02
        current = np.where(running, 18.0, 0.1) + rng.normal(0, 0.05, STATIONS)
        value = np.stack([current, np.full(STATIONS, 18.0), rng.normal(1.5, 0.1, STATIONS)], axis=1).ravel()
        time_ms = np.full(3 * STATIONS, BASE_MS + number * INTERVAL_MS)
        found.append(
            readings(
                point=np.arange(3 * STATIONS, dtype=np.int32),
                time_ms=time_ms,
                value=value,
                offset=number * 3 * STATIONS + np.arange(3 * STATIONS),
            )
        )
    return found


def _microseconds(condition: str, batches: list[Readings]) -> float:
    """Of one reading, once the first tenth has gone by."""
    engine = Engine(_rules(condition), {"station": _members()}, NoHistory())
    warm, begun = len(batches) // 10, 0.0
    for number, batch in enumerate(batches):
        if number == warm:
            begun = time.perf_counter()
        now_ms = BASE_MS + number * INTERVAL_MS
        engine.ingest(batch, now_ms)
        engine.advance(now_ms)
    return (time.perf_counter() - begun) * 1e6 / sum(len(batch) for batch in batches[warm:])


def _state_bytes(condition: str) -> int:
    (rule,) = _rules(condition).rules
    (operand,) = (part for part in rule.operands if isinstance(part, Windowed | WindowedOver))
    return bucket(operand).state_bytes


def rows(rounds: int = 200, runs: int = 3) -> list[Row]:
    """For each aggregate: the cost of a reading under the longest window beside that under ten minutes."""
    batches = _batches(rounds)
    found = []
    for name, condition in CONDITIONS.items():
        taken = {
            width: float(np.median([_microseconds(condition.format(width), batches) for _ in range(runs)]))
            for width in WIDTHS
        }
        every = ", ".join(f"{width} {cost:.2f}" for width, cost in taken.items())
        size = _state_bytes(condition.format("30 d"))
        found.append(
            Row(
                name=f"rules_window_{name}_us",
                value=taken["30 d"],
                unit="µs a reading under 30 d",
                against=f"the same readings under 10 min: {taken['10 min']:.2f} µs",
                ratio=taken["30 d"] / taken["10 min"],
                note=f"{condition.format('w')}; {STATIONS} stations, 3 points each; by width, median of {runs} runs: "
                f"{every}; {size} bytes per window and facility at 60 slots",
            )
        )
    return found
