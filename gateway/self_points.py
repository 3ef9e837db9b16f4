"""The gateway as a facility: its clock, disk, buses and link as points that travel like any other reading.

So they have a history and rules. A value that cannot be had is *not measured*; none is made up. The clock is compared
with the host's, by the times on its commands: the smallest difference in an interval, because a message can be late and
never early. What is left of the way through the network makes the gateway's clock look fast by that little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.quality import GOOD, QualityClass, Reason, quality
from core.sparkplug.datatypes import DataType
from gateway.chunk import Batch
from gateway.health import Health, UnitHealth
from gateway.points import PointName, Points
from gateway.remote_file import SELF_DEVICE
from gateway.witness import Doubt

_DOUBTFUL = quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED)
_NOTHING = quality(QualityClass.NOT_MEASURED, Reason.NOTHING_TO_MEASURE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Vitals:
    """What the points are made of, at one moment.

    Attributes:
        health: the gateway's health.
        clock_offset_s: own clock minus the host's, NaN if the host was not heard in this interval.
        credit_bytes: what the uplink may have on its way.
        links: buses and adapters; links_down: those without a connection.
        sessions: of the uplink since the start.
        poll_error_percent: failed polls of all since the last readings, NaN if there were none.
    """

    health: Health
    clock_offset_s: float
    credit_bytes: int
    links: int
    links_down: int
    sessions: int
    poll_error_percent: float = math.nan


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One point: measurement of the class ``edge_device``, unit, datatype and how it is had; NaN: not now."""

    key: str
    unit: str
    value: Callable[[Vitals], float]
    type: DataType = DataType.DOUBLE


def _disk(vitals: Vitals) -> float:
    return vitals.health.disk_used_percent or math.nan


def _busiest(vitals: Vitals) -> float:
    return max((bus.used_percent for bus in vitals.health.buses), default=math.nan)


def _silent(vitals: Vitals) -> float:
    buses = vitals.health.buses
    return float(sum(bus.units_silent for bus in buses)) if buses else math.nan


def _units(vitals: Vitals) -> list[UnitHealth]:
    return [unit for bus in vitals.health.buses for unit in bus.units if unit.signed]


def _contradicted(doubt: Doubt | None = None) -> Callable[[Vitals], float]:
    """Units against which something, or this, speaks; nothing to say where no bus has a record."""

    def count(vitals: Vitals) -> float:
        units = _units(vitals)
        speaks = [any(doubt in (None, one.doubt) for one in unit.contradictions) for unit in units]
        return float(sum(speaks)) if units else math.nan

    return count


def _first_contradicted(vitals: Vitals) -> float:
    units = _units(vitals)
    return float(next((unit.unit for unit in units if unit.contradictions), 0)) if units else math.nan


MEASURES: Sequence[Measure] = (
    Measure(key="clock_offset", unit="s", value=lambda v: v.clock_offset_s),
    Measure(key="clock_doubtful", unit="1", value=lambda v: v.health.clock_doubtful, type=DataType.BOOLEAN),
    Measure(key="clock_steps", unit="1", value=lambda v: v.health.clock_steps),
    Measure(key="disk_used", unit="%", value=_disk),
    Measure(key="spool_used", unit="%", value=lambda v: v.health.spool_used_percent),
    Measure(key="queue_depth", unit="1", value=lambda v: v.health.spool_readings),
    Measure(key="queue_oldest_age", unit="s", value=lambda v: v.health.spool_oldest_s),
    Measure(key="poll_error_ratio", unit="%", value=lambda v: v.poll_error_percent),
    Measure(key="bus_used", unit="%", value=_busiest),
    Measure(key="units_silent", unit="1", value=_silent),
    Measure(key="links_down", unit="1", value=lambda v: v.links_down if v.links else math.nan),
    Measure(key="link_connected", unit="1", value=lambda v: v.health.link == "online", type=DataType.BOOLEAN),
    Measure(key="credit_used", unit="%", value=lambda v: 100 * v.health.in_flight_bytes / v.credit_bytes),
    Measure(key="reconnects", unit="1", value=lambda v: max(0, v.sessions - 1)),
    Measure(key="units_contradicted", unit="1", value=_contradicted()),
    Measure(key="contradicted_unit", unit="1", value=_first_contradicted),
    Measure(key="devices_swapped", unit="1", value=_contradicted(Doubt.SWAPPED)),
    Measure(key="registers_refused", unit="1", value=_contradicted(Doubt.REFUSED)),
    Measure(key="maps_changed", unit="1", value=_contradicted(Doubt.MAP)),
    Measure(key="values_stepped", unit="1", value=_contradicted(Doubt.STEP)),
)


def names(facility: str) -> list[PointName]:
    """How the points are called on the wire."""
    return [
        PointName(device=SELF_DEVICE, metric=f"{facility}/{one.key}", type=one.type, unit=one.unit) for one in MEASURES
    ]


class SelfReport:
    """Makes readings of the gateway's own state."""

    def __init__(self, points: Points, first: int) -> None:
        """Take the points ``first`` … of ``points``, one a measure."""
        self._points = points
        self._first = first
        self._last_ms = 0
        self._polls = (0, 0)

    def read(self, vitals: Vitals, stamp: tuple[int, bool]) -> Batch:
        """The readings of now.

        Args:
            vitals: how the gateway is.
            stamp: event time, and whether the clock is to be doubted.
        """
        time_ms = self._last_ms = max(stamp[0], self._last_ms + 1)
        vitals = replace(vitals, poll_error_percent=self._error_percent(vitals.health))
        value = np.array([float(measure.value(vitals)) for measure in MEASURES])
        codes = np.where(np.isnan(value), _NOTHING, _DOUBTFUL if stamp[1] else GOOD).astype(np.uint8)
        numbers = np.arange(self._first, self._first + len(MEASURES))
        self._points.saw(numbers, time_ms, value, codes, {})
        return Batch(
            device=SELF_DEVICE,
            alias=self._points.alias[numbers],
            time_ms=np.full(len(MEASURES), time_ms, np.int64),
            value=value,
            quality=codes,
        )

    def _error_percent(self, health: Health) -> float:
        """Failed polls of all since the last reading; counters begin anew with the drivers."""
        then, self._polls = self._polls, (health.polls_ok, health.polls_failed)
        ok, failed = (max(0, now - before) for now, before in zip(self._polls, then, strict=True))
        return 100 * failed / (ok + failed) if ok + failed else math.nan


class HostClock:
    """The own clock against the host's."""

    def __init__(self) -> None:
        """Nothing was heard."""
        self._least_ms = math.inf

    def heard(self, sent_ms: int, now_ms: int) -> None:
        """A command of the host has arrived; ``sent_ms`` is 0 when it does not say its time."""
        if sent_ms:
            self._least_ms = min(self._least_ms, now_ms - sent_ms)

    def take(self) -> float:
        """Own time minus the host's in seconds since the last call, NaN if the host was not heard."""
        least_ms, self._least_ms = self._least_ms, math.inf
        return least_ms / 1000 if math.isfinite(least_ms) else math.nan
