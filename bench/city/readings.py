"""The readings of the city, computed when the replay asks for them: ``PastReadings`` without a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.city.eyes import Eyes, Ill, Outage, told
from bench.city.town import Place
from core.places import ClassMembers
from core.readings import Int32s, Readings, concat, readings
from firmware_sim.noise import derive_seed
from firmware_sim.signals.windows import Schedule
from firmware_sim.stations.all import STATIONS
from firmware_sim.stations.base import Output, Site

LOST = 0.005
"""Share of readings that get lost on the way, one by one."""
_ALL_OF_ONE_FACILITY = 1
_MASK = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class _Source:
    """Measurements that are sampled together, their points and their phase, and what is wrong with their eyes."""

    output: Output
    points: tuple[int, ...]
    phase_ms: int
    seed: int
    ills: tuple[tuple[Ill, ...], ...] = ()
    outages: tuple[Outage, ...] = ()


class CityReadings:
    """Readings of all stations, the same whenever they are asked for."""

    def __init__(
        self,
        places: Sequence[Place],
        members: Mapping[str, ClassMembers],
        happening: Mapping[str, Mapping[str, Schedule]],
        *,
        seed: int,
        begin_s: float,
        closed_days: frozenset[int],
        eyes: Eyes | None = None,
    ) -> None:
        """Build the stations.

        Args:
            places: the facilities.
            members: their points.
            happening: facility to kind to windows.
            seed: fixes everything.
            begin_s: nothing is measured earlier, s since 1970 UTC.
            closed_days: local days on which offices are closed.
            eyes: instruments that lie, and outages.
        """
        eyes = eyes or Eyes()
        self._begin_ms = round(begin_s * 1000)
        row = {code: (one, at) for one in members.values() for at, code in enumerate(one.code)}
        self._sources: list[_Source] = []
        for place in places:
            site = Site(
                code=place.code,
                community=place.community,
                seed=seed,
                start_s=begin_s,
                happening=happening.get(place.code, {}),
                closed_days=closed_days,
            )
            group, at = row[place.code]
            for number, output in enumerate(STATIONS[place.class_id](site)):
                points = tuple(int(group.point[name][at]) for name in output.names)
                own = derive_seed(seed, f"{place.code}/{number}") & _MASK
                phase = own % max(1, round(output.interval_s * 1000))
                ills = tuple(tuple(eyes.ills_of(place.code, name)) for name in output.names)
                self._sources.append(_Source(output, points, phase, own, ills, tuple(eyes.outages_of(place.code))))

    @property
    def points(self) -> int:
        """How many points are measured."""
        return sum(len(source.points) for source in self._sources)

    def raw_from_ms(self) -> int:
        """Nothing is dropped."""
        return 0

    def stretch(self, points: Int32s, from_ms: int, to_ms: int, points_at_once: int) -> Iterator[Readings]:
        """See ``PastReadings.stretch``."""
        wanted = frozenset(points.tolist())
        parts: list[Readings] = []
        pending = 0
        for source in self._sources:
            found = _sampled(source, wanted, max(from_ms, self._begin_ms), to_ms)
            if found is None:
                continue
            parts.append(found)
            pending += len(source.points)
            if pending >= points_at_once:
                yield _sorted(parts)
                parts, pending = [], 0
        if parts:
            yield _sorted(parts)


def _sorted(parts: Sequence[Readings]) -> Readings:
    every = concat(parts)
    return every.take(np.lexsort((every.time_ms, every.point)))


def _sampled(source: _Source, wanted: frozenset[int], from_ms: int, to_ms: int) -> Readings | None:
    """One source in [from, to), a few readings lost; None if nobody asks for it or there is none."""
    kept = [at for at, point in enumerate(source.points) if point in wanted]
    step_ms = round(source.output.interval_s * 1000)
    first = -((source.phase_ms - from_ms) // step_ms)
    stamp = source.phase_ms + step_ms * np.arange(first, max(first, -((source.phase_ms - to_ms) // step_ms)))
    if not kept or not len(stamp):
        return None
    value = source.output.sample(stamp / 1000.0)[kept]
    there = np.random.default_rng(source.seed ^ from_ms).random(len(stamp)) >= LOST
    for outage in source.outages:
        there &= (stamp < outage.start_ms) | (stamp >= outage.stop_ms)
    seen = np.tile(there, (len(kept), 1))
    for row, at in enumerate(kept):
        for ill in source.ills[at]:
            held = float(source.output.sample(np.array([ill.start_ms / 1000.0]))[at, 0])
            value[row], arrives = told(ill, stamp, value[row], held, source.seed)
            seen[row] &= arrives
    point = np.array([source.points[at] for at in kept], dtype=np.int32)
    return readings(
        point=np.repeat(point, len(stamp))[seen.ravel()],
        time_ms=np.tile(stamp, len(kept))[seen.ravel()],
        value=value.ravel()[seen.ravel()],
    )
