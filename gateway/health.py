"""The gateway's own health: as node metrics for the host, and as a small file for a person at the machine."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.sparkplug.datatypes import DataType
from gateway.births import NodeMetric
from gateway.witness import Contradiction


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitHealth:
    """One unit of a bus.

    Attributes:
        name: the unit.
        unit: its unit id.
        answering: state of its breaker.
        used_percent: share of the time since the last look that the bus was busy with it.
        response_ms: smoothed response time, frames included; 0 until it has answered.
        polls_ok, polls_failed, slots_missed: since the start.
        registers_missing: points whose registers it was found not to have.
        signed: it is held against an as-built record.
        contradictions: what speaks against it.
    """

    name: str
    unit: int
    answering: str
    used_percent: float
    response_ms: float
    polls_ok: int
    polls_failed: int
    slots_missed: int
    registers_missing: int
    signed: bool = False
    contradictions: tuple[Contradiction, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BusHealth:
    """One bus.

    Attributes:
        id: the bus.
        connected: whether its connection stands.
        used_percent: share of the time since the last look that the bus was busy.
        units_silent: units that do not answer.
        wasted_s: seconds spent waiting for answers that did not come, since the start.
        units: every unit.
    """

    id: str
    connected: bool
    used_percent: float
    units_silent: int
    wasted_s: float
    units: tuple[UnitHealth, ...]


class Shares:
    """What part of the time between two looks something was busy."""

    def __init__(self) -> None:
        """Nothing was looked at."""
        self._seen: dict[str, tuple[float, float]] = {}
        self._percent: dict[str, float] = {}

    def look(self, key: str, now_s: float, since_s: float, busy_s: float) -> None:
        """Take the reading of a counter of busy seconds that began at ``since_s``."""
        then_s, before_s = self._seen.get(key, (since_s, 0.0))
        if now_s > then_s:
            self._percent[key] = 100 * (busy_s - before_s) / (now_s - then_s)
        self._seen[key] = (now_s, busy_s)

    def percent(self, key: str) -> float:
        """The share between the last two looks; 0 before the first."""
        return self._percent.get(key, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """The state of a gateway at one moment.

    Attributes:
        time_ms: when.
        link: state of the uplink.
        mode: ``commit`` or ``fire-and-forget``.
        epoch: the spool's.
        spool_bytes, spool_readings, spool_gap_readings: what waits.
        spool_oldest_s: age of the oldest waiting reading, 0 when none waits.
        spool_oldest_ms, spool_newest_ms: event times of what waits, 0 when nothing does.
        spool_held_readings: readings that wait for the clock to be set.
        spool_thinned: readings given up by thinning since the start.
        spool_used_percent: of the budget, in use on the disk.
        disk_used_percent: of the file system the spool is on.
        spool_damaged: records put aside because they were damaged.
        spool_replaced: file name of a spool that was put aside at the start, empty when none was.
        spool_rollbacks: times the host knew offsets that the spool had lost, since the start.
        spool_failures: commits that failed.
        in_flight_bytes: published and not settled.
        read, committed, evicted: readings since the start.
        polls_ok, polls_failed, slots_missed: since the start.
        clock_doubtful: readings are flagged because the clock was stepped or never set.
        clock_steps: steps of the wall clock since the start.
        adapter_rejected: MQTT payloads that could not be read.
        buses: every bus.
    """

    time_ms: int
    link: str
    mode: str
    epoch: int
    spool_bytes: int
    spool_readings: int
    spool_gap_readings: int
    spool_oldest_s: float
    spool_oldest_ms: int
    spool_newest_ms: int
    spool_held_readings: int
    spool_thinned: int
    spool_used_percent: float
    disk_used_percent: float
    spool_damaged: int
    spool_replaced: str
    spool_rollbacks: int
    spool_failures: int
    in_flight_bytes: int
    read: int
    committed: int
    evicted: int
    polls_ok: int
    polls_failed: int
    slots_missed: int
    clock_doubtful: bool
    clock_steps: int
    adapter_rejected: int
    buses: tuple[BusHealth, ...]

    @property
    def fill_level(self) -> int:
        """0, or the highest of 80, 90 and 95 percent that the file system of the spool has reached."""
        return max((level for level in FILL_LEVELS if self.disk_used_percent >= level), default=0)


FILL_LEVELS = (80, 90, 95)
"""Percent of the disk at which somebody should know, while there is still room."""

NODE_METRICS: tuple[tuple[str, str, DataType], ...] = (
    ("Health/Spool bytes", "spool_bytes", DataType.INT64),
    ("Health/Spool readings", "spool_readings", DataType.INT64),
    ("Health/Spool oldest ms", "spool_oldest_ms", DataType.INT64),
    ("Health/Spool newest ms", "spool_newest_ms", DataType.INT64),
    ("Health/Spool held readings", "spool_held_readings", DataType.INT64),
    ("Health/Spool thinned", "spool_thinned", DataType.INT64),
    ("Health/Spool used %", "spool_used_percent", DataType.DOUBLE),
    ("Health/Disk used %", "disk_used_percent", DataType.DOUBLE),
    ("Health/Disk fill level", "fill_level", DataType.INT64),
    ("Health/Spool gap readings", "spool_gap_readings", DataType.INT64),
    ("Health/Spool oldest s", "spool_oldest_s", DataType.DOUBLE),
    ("Health/Spool damaged records", "spool_damaged", DataType.INT64),
    ("Health/Spool replaced file", "spool_replaced", DataType.STRING),
    ("Health/Spool rollbacks", "spool_rollbacks", DataType.INT64),
    ("Health/Spool failures", "spool_failures", DataType.INT64),
    ("Health/In flight bytes", "in_flight_bytes", DataType.INT64),
    ("Health/Readings read", "read", DataType.INT64),
    ("Health/Readings committed", "committed", DataType.INT64),
    ("Health/Readings evicted", "evicted", DataType.INT64),
    ("Health/Polls ok", "polls_ok", DataType.INT64),
    ("Health/Polls failed", "polls_failed", DataType.INT64),
    ("Health/Slots missed", "slots_missed", DataType.INT64),
    ("Health/Clock doubtful", "clock_doubtful", DataType.BOOLEAN),
    ("Health/Clock steps", "clock_steps", DataType.INT64),
    ("Health/Adapter rejected", "adapter_rejected", DataType.INT64),
    ("Health/Mode", "mode", DataType.STRING),
)
"""Name, attribute and datatype of what a gateway says of itself, without its buses."""


def node_metrics(health: Health) -> Sequence[NodeMetric]:
    """The health as metrics of NBIRTH and NDATA."""
    metrics = [NodeMetric(name=name, type=kind, value=getattr(health, key)) for name, key, kind in NODE_METRICS]
    for bus in health.buses:
        metrics.append(
            NodeMetric(name=f"Health/Bus {bus.id} used %", type=DataType.DOUBLE, value=round(bus.used_percent, 1))
        )
        metrics.append(
            NodeMetric(name=f"Health/Bus {bus.id} connected", type=DataType.BOOLEAN, value=float(bus.connected))
        )
        metrics.append(
            NodeMetric(name=f"Health/Bus {bus.id} units silent", type=DataType.INT64, value=bus.units_silent)
        )
    return metrics


def write_status(path: Path, health: Health) -> None:
    """Replace the status file at once, so that nobody ever reads half of it.

    Raises:
        OSError: if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(asdict(health), indent=1), encoding="utf-8")
    draft.replace(path)
