"""What the witnesses say after a run: ledger, store and journal, read when every process is down."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.quality import QualityClass
from core.readings import Readings
from firmware_sim.ledger import read_ledger
from store.duckdb_store import DuckDBStore
from tests.faults.oracle import Excuse, Served, Stored, Verdict, judge
from tests.faults.world import GROUP, VALUES, World

_NO_KEY = -1


@dataclass(frozen=True, kw_only=True)
class Incidents:
    """What became of the incidents.

    Attributes:
        expected: facilities whose counter passed the limit in the store.
        alarms: facility code to number of alarms that were not retracted.
        cases: facility code to number of cases.
    """

    expected: frozenset[str]
    alarms: dict[str, int]
    cases: dict[str, int]

    @property
    def wrong(self) -> list[str]:
        """Facilities with another number than one alarm and one case, or with any that had no incident."""
        codes = self.expected | set(self.alarms) | set(self.cases)
        return sorted(
            code
            for code in codes
            if (self.alarms.get(code, 0), self.cases.get(code, 0)) != ((1, 1) if code in self.expected else (0, 0))
        )


def served(world: World) -> Served:
    """The devices' ledger."""
    columns = read_ledger(world.ledger).columns()
    device, index, counter = (column.astype(np.int64) for column in (columns.device, columns.index, columns.counter))
    return Served(
        key=(device << 48) | (index << 40) | counter,
        value=columns.value.astype(np.float64),
        device=device,
        served_ms=columns.served_at_ms,
    )


def point_map(database: Path) -> dict[int, tuple[int, int]]:
    """Registry point number to (device, index)."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT p.number, f.code FROM registry_point p JOIN registry_facility f ON p.facility = f.number"
        ).fetchall()
    connection.close()
    return {number: (int(code[1:4]), int(code[5:7])) for number, code in rows}


def read_store(store: DuckDBStore, points: Sequence[int]) -> Readings:
    """Everything the store holds of these points."""
    return store.read(np.array(sorted(points), np.int32), 0, 2**53)


def stored(world: World, readings: Readings, points: dict[int, tuple[int, int]]) -> Stored:
    """The store's readings with the identity that point and value claim; not-measured ones claim none."""
    top = max(points) + 1
    devices, indices = np.zeros(top, np.int64), np.zeros(top, np.int64)
    for number, place in points.items():
        devices[number], indices[number] = place
    device, index = devices[readings.point], indices[readings.point]
    value = readings.value
    measured = (readings.quality >> 6) != QualityClass.NOT_MEASURED
    counter = np.where(measured, (np.nan_to_num(value) - index) / VALUES, 0)
    key = (device << 48) | (index << 40) | counter.astype(np.int64)
    return Stored(
        key=key[measured],
        value=value[measured],
        epoch=readings.epoch,
        offset=readings.offset,
        node=(device - 1) // world.devices,
    )


def settled_elsewhere(world: World, store: DuckDBStore) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Offsets that ended in a gap record or in quarantine, by (node, epoch)."""
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    number = {f"{GROUP}/{world.node(gateway)}": gateway for gateway in range(world.gateways)}
    for record in store.gaps(0, 2**53):
        place = (number[str(record.node)], record.epoch)
        found.setdefault(place, []).append((record.span.first, record.span.stop))
    for item in store.quarantine(1_000_000):
        if item.offset >= 0 and item.node in number:
            found.setdefault((number[item.node], item.epoch), []).append((item.offset, item.offset + item.count))
    return found


def verdict(
    world: World,
    store_path: Path,
    database: Path,
    excuses: Sequence[Excuse],
    still_spooled: Mapping[tuple[int, int], Sequence[tuple[int, int]]],
) -> tuple[Verdict, Readings]:
    """Compare ledger, store and spools."""
    points = point_map(database)
    store = DuckDBStore(store_path)
    try:
        readings = read_store(store, list(points))
        elsewhere = settled_elsewhere(world, store)
        for place, ranges in still_spooled.items():
            elsewhere.setdefault(place, []).extend(ranges)
        result = judge(served(world), stored(world, readings, points), excuses=excuses, settled=elsewhere)
    finally:
        store.close()
    return result, readings


def incidents(world: World, database: Path, readings: Readings) -> Incidents:
    """Compare store and journal."""
    points = point_map(database)
    highest: dict[int, float] = {}
    good = (readings.quality >> 6) == QualityClass.GOOD
    for point in np.unique(readings.point[good]).tolist():
        highest[point] = float(readings.value[good & (readings.point == point)].max())
    expected = {
        world.facility(*points[point]) for point, value in highest.items() if value > world.limit(*points[point])
    }
    with sqlite3.connect(database) as connection:
        alarms = connection.execute(
            "SELECT f.code, count(*) FROM dispatch_alarm a JOIN registry_facility f ON a.facility = f.number "
            "WHERE NOT a.retracted AND a.kind = 'condition' GROUP BY f.code"
        ).fetchall()
        cases = connection.execute(
            "SELECT f.code, count(*) FROM dispatch_case c JOIN registry_facility f ON c.facility = f.number "
            "WHERE c.rule_id NOT LIKE 'sight.%' GROUP BY f.code"
        ).fetchall()
    connection.close()
    return Incidents(expected=frozenset(expected), alarms=dict(alarms), cases=dict(cases))
