"""What is wrong with the eyes: instruments that lie, and outages in which nothing is seen.

Both are drawn from the seed beside the script of faults. A lie is one of the rules on the instruments themselves, an
outage one of sight; what a rule of the process says because of either is a false alarm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.city.town import GATEWAY, Place
from core.readings import Float64s, Int64s
from firmware_sim.noise import derive_seed

Bools = NDArray[np.bool_]

LIES_A_DAY = 1.0
OUTAGES_A_DAY = 0.4
"""Of one community, on the average."""
_DAY_S, _HOUR_S = 86_400.0, 3600.0
_BUS_SIZE = 3


class Lie(StrEnum):
    """How an instrument goes wrong."""

    STUCK = "stuck"
    DRIFT = "drift"
    SPIKES = "spikes"
    DROPOUT = "dropout"


class Blindness(StrEnum):
    """What fails."""

    GATEWAY = "gateway"
    BUS = "bus"
    DEVICE = "device"


@dataclass(frozen=True, kw_only=True, slots=True)
class Instrument:
    """One row: a measurement, how its instrument goes wrong, for how long and how much.

    ``strength`` is the height of a spike and what a drift comes to, in the unit of the measurement; the share of a
    dropout. ``seen`` says that a rule of the book claims to find it; a drift takes a usual of two weeks.
    """

    class_id: str
    measurement: str
    lie: Lie
    hours: tuple[float, float]
    strength: float = 0.0
    seen: bool = True


def _rows(lie: Lie, hours: tuple[float, float], seen: bool = True, **strengths: float) -> tuple[Instrument, ...]:
    return tuple(
        Instrument(
            class_id=key.split("__")[0],
            measurement=key.split("__")[1],
            lie=lie,
            hours=hours,
            strength=value,
            seen=seen,
        )
        for key, value in strengths.items()
    )


INSTRUMENTS: Final = (
    *_rows(Lie.STUCK, (15, 36), indoor_air__air_temp=0, weather__air_temp=0, weather__pressure=0),
    *_rows(Lie.STUCK, (9, 24), water_supply_pump__outlet_pressure=0, electrical_distribution__u_b=0),
    *_rows(Lie.SPIKES, (4, 12), indoor_air__air_temp=14, weather__air_temp=18, sewage_pump__level=1.2),
    *_rows(Lie.SPIKES, (4, 12), hvac__room_temp=12, water_network__pressure=0.4, indoor_air__co2=3000),
    *_rows(Lie.DROPOUT, (5, 20), indoor_air__air_temp=0.45, weather__air_temp=0.45, water_network__pressure=0.5),
    *_rows(Lie.DROPOUT, (5, 20), gas_indoor__ch4_lel=0.35, sewage_pump__level=0.35, road_ponding__depth=0.45),
    *_rows(Lie.DRIFT, (40, 72), seen=False, water_supply_pump__ph=0.7, ups_battery__battery_temp=6),
)
SPIKE_SHARE = 0.04


@dataclass(frozen=True, kw_only=True, slots=True)
class Ill:
    """An instrument that is wrong in [start, stop)."""

    facility: str
    instrument: Instrument
    start_ms: int
    stop_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """Facilities of a community of which nothing is heard in [start, stop)."""

    what: Blindness
    community: str
    facilities: frozenset[str]
    start_ms: int
    stop_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Eyes:
    """Everything that is wrong with them."""

    ills: tuple[Ill, ...] = ()
    outages: tuple[Outage, ...] = ()

    def ills_of(self, facility: str, measurement: str) -> list[Ill]:
        """Of one point."""
        return [ill for ill in self.ills if (ill.facility, ill.instrument.measurement) == (facility, measurement)]

    def outages_of(self, facility: str) -> list[Outage]:
        """In which a facility is not heard."""
        return [outage for outage in self.outages if facility in outage.facilities]


def draw(
    places: Sequence[Place],
    heard: frozenset[str],
    busy: Mapping[str, Sequence[tuple[float, float]]],
    *,
    seed: int,
    begin_s: float,
    days: int,
    rate: float = 1.0,
) -> Eyes:
    """Draw lies and outages.

    Args:
        places: the facilities.
        heard: those that are missed soon; only such a device or bus fails.
        busy: facility to the times at which something happens to it, s; a lie keeps away from them by an hour.
        seed: fixes everything.
        begin_s: of the first day, s since 1970 UTC.
        days: how long; nothing begins in the last hours.
        rate: times the usual number.
    """
    rng = np.random.default_rng(derive_seed(seed, "eyes"))
    communities = sorted({place.community for place in places})
    ills: list[Ill] = []
    outages: list[Outage] = []
    for community in communities:
        mine = [place for place in places if place.community == community]
        for day in range(days):
            for _ in range(int(rng.poisson(LIES_A_DAY * rate))):
                ill = _ill(rng, mine, begin_s + day * _DAY_S)
                if ill is not None and _fits(ill, ills, busy, begin_s + days * _DAY_S):
                    ills.append(ill)
            for _ in range(int(rng.poisson(OUTAGES_A_DAY * rate))):
                outage = _outage(rng, mine, heard, begin_s + day * _DAY_S)
                if outage.stop_ms < (begin_s + days * _DAY_S - 2 * _HOUR_S) * 1000 and _apart(outage, outages):
                    outages.append(outage)
    kept = [ill for ill in ills if all(_after(ill, outage) for outage in outages)]
    return Eyes(
        ills=tuple(sorted(kept, key=lambda one: (one.start_ms, one.facility))),
        outages=tuple(sorted(outages, key=lambda one: (one.start_ms, one.community))),
    )


def _ill(rng: np.random.Generator, mine: Sequence[Place], day_s: float) -> Ill | None:
    instrument = INSTRUMENTS[int(rng.integers(len(INSTRUMENTS)))]
    start_s = round(day_s + float(rng.uniform(0, _DAY_S)))
    last_s = _HOUR_S * float(rng.uniform(*instrument.hours))
    those = [place for place in mine if place.class_id == instrument.class_id]
    if not those:
        return None
    code = those[int(rng.integers(len(those)))].code
    return Ill(
        facility=code, instrument=instrument, start_ms=start_s * 1000, stop_ms=math.floor((start_s + last_s) * 1000)
    )


def _fits(ill: Ill, others: Sequence[Ill], busy: Mapping[str, Sequence[tuple[float, float]]], end_s: float) -> bool:
    """Whether the facility is in peace from an hour before to an hour after, and there is time to see it."""
    first_s, last_s = ill.start_ms / 1000 - _HOUR_S, ill.stop_ms / 1000 + _HOUR_S
    if last_s > end_s or any(one.facility == ill.facility for one in others):
        return False
    return all(end <= first_s or begin >= last_s for begin, end in busy.get(ill.facility, ()))


def _outage(rng: np.random.Generator, mine: Sequence[Place], heard: frozenset[str], day_s: float) -> Outage:
    what = list(Blindness)[int(rng.integers(len(Blindness)))]
    start_s = round(day_s + float(rng.uniform(0, _DAY_S)))
    last_s = _HOUR_S * float(rng.uniform(0.5, 3))
    field = [place.code for place in mine if place.class_id != GATEWAY and place.code in heard]
    size = {Blindness.BUS: _BUS_SIZE, Blindness.DEVICE: 1}.get(what, 0)
    chosen = rng.choice(field, size, replace=False).tolist() if size else [place.code for place in mine]
    return Outage(
        what=what,
        community=mine[0].community,
        facilities=frozenset(chosen),
        start_ms=start_s * 1000,
        stop_ms=math.floor((start_s + last_s) * 1000),
    )


def _apart(outage: Outage, others: Sequence[Outage]) -> bool:
    return all(
        one.community != outage.community
        or one.stop_ms + 6 * 3_600_000 < outage.start_ms
        or outage.stop_ms + 6 * 3_600_000 < one.start_ms
        for one in others
    )


def _after(ill: Ill, outage: Outage) -> bool:
    return ill.facility not in outage.facilities or outage.stop_ms < ill.start_ms or ill.stop_ms < outage.start_ms


# --- what they do to readings ---------------------------------------------------------------------------------------


def chance(seed: int, time_ms: Int64s) -> Float64s:
    """float64[n] in [0, 1): the same for a moment however it is asked for."""
    mixed = time_ms.astype(np.uint64) ^ np.uint64(seed & ((1 << 63) - 1))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def told(ill: Ill, time_ms: Int64s, value: Float64s, held: float, seed: int) -> tuple[Float64s, Bools]:
    """What an ill instrument shows: (float64[n], bool[n] whether anything arrives).

    Args:
        ill: what is wrong.
        time_ms: int64[n].
        value: float64[n], the truth.
        held: what it showed when it began to be wrong.
        seed: of the point.
    """
    during: Bools = (time_ms >= ill.start_ms) & (time_ms < ill.stop_ms)
    there: Bools = np.ones(len(time_ms), np.bool_)
    by = ill.instrument
    draws = chance(seed, time_ms)
    match by.lie:
        case Lie.STUCK:
            return np.where(during, held, value), there
        case Lie.SPIKES:
            return np.where(during & (draws < SPIKE_SHARE), value + by.strength, value), there
        case Lie.DROPOUT:
            return value, ~(during & (draws < by.strength))
        case Lie.DRIFT:
            share = (time_ms - ill.start_ms) / (ill.stop_ms - ill.start_ms)
            return np.where(during, value + by.strength * share, value), there
