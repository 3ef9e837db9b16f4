"""What it costs to see what cannot be seen: a tick of sight over a whole city, healthy and in a large outage."""

from __future__ import annotations

import time

import numpy as np

from bench.rows import Row
from core.readings import readings
from rules.sight import Sight
from rules.sight_evidence import GatewayState, Heard
from rules.sight_tree import Behind, Gate, Grown, grow

T0 = 1_790_000_000_000
GATEWAYS = 500
"""Of two buses with ten units each; a unit is one facility of five points; four gateways hang on one board."""
DEAD = 200


def city() -> Grown:
    """10,000 facilities and 50,000 points."""
    points: list[Behind] = []
    parents: dict[int, int] = {}
    gates: list[Gate] = []
    for gateway in range(GATEWAYS):
        gates.append(Gate(f"g/{gateway}", 900_000 + gateway, f"c{gateway // 50}"))
        board = 800_000 + gateway // 4
        parents[900_000 + gateway] = board
        for unit in range(20):
            facility = gateway * 20 + unit
            parents[facility] = board
            points += [
                Behind(facility * 5 + n, facility, f"k{n}", 60_000, f"g/{gateway}", f"b{unit // 10}", f"u{unit}")
                for n in range(5)
            ]
    return grow(points, gates, parents, frozenset(range(800_000, 800_000 + GATEWAYS // 4)))


def rows() -> list[Row]:
    """Ticks, and the alarms of an outage."""
    began = time.perf_counter()
    grown = city()
    grown_s = time.perf_counter() - began
    sight = Sight(grown, Heard(T0), T0)
    every = np.sort(grown.points)
    healthy, raised = _ticks(sight, every, 0, 60, T0)
    assert raised == 0
    lit = every[every >= DEAD * 100]
    outage, raised = _ticks(sight, lit, DEAD, 180, T0 + 60_000)
    note = f"{len(grown.tree)} nodes: 10,000 facilities, 50,000 points, {GATEWAYS} gateways"
    return [
        Row(name="sight_tick_ms", value=1000 * healthy, unit="ms", against="a tick a second", ratio=None, note=note),
        Row(
            name="sight_outage_tick_ms",
            value=1000 * outage,
            unit="ms",
            against=f"healthy: {1000 * healthy:.1f} ms",
            ratio=outage / healthy,
            note=f"{DEAD} gateways down",
        ),
        Row(
            name="sight_outage_alarms",
            value=raised,
            unit="alarms",
            against="4 communities, whole",
            ratio=None,
            note=f"{DEAD} gateways down, {DEAD * 20} facilities unseen",
        ),
        Row(name="sight_grow_s", value=grown_s, unit="s", against="once a change of births", ratio=None, note=note),
    ]


def _ticks(sight: Sight, points: np.ndarray, dead: int, count: int, from_ms: int) -> tuple[float, int]:
    """Median seconds of a tick a second, and how many changes were announced."""
    n, taken, changes = len(points), [], 0
    for second in range(1, count + 1):
        now_ms = from_ms + second * 1000
        sight.see(readings(point=points, time_ms=np.zeros(n, np.int64), value=np.ones(n)), now_ms)
        states = {f"g/{one}": GatewayState(alive=one >= dead, heard_ms=now_ms) for one in range(GATEWAYS)}
        began = time.perf_counter()
        changes += len(sight.changes(states, now_ms))
        taken.append(time.perf_counter() - began)
    return float(np.median(taken)), changes
