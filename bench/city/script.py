"""The script: faults and disturbances of known times, drawn from a seed, and the rain.

Drawn so that nothing happens to one facility while something else happens to it or within a day after: the models know
one disturbed course at a time. Rain falls on the whole city, a little different in each community.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.city.kinds import (
    CARRIED,
    CARRIED_AFTER_S,
    CARRIED_DISTURBS,
    DISTURBANCES,
    FAULTS,
    HOUR,
    Kind,
)
from bench.city.town import Place
from firmware_sim.noise import derive_seed
from firmware_sim.signals.windows import Schedule, Window

DAY_S = 86_400.0
LOCAL_S = 8 * HOUR
FAULTS_A_DAY = 2.0
DISTURBANCES_A_DAY = 12.0
"""Of one community, on the average."""
_REST_S = DAY_S
_LIGHT, _HEAVY = (0.1, 0.7), (2.3, 3.0)
_HEAVY_EVERY_DAYS = 7.0
_LIGHT_EVERY_DAYS = 1.5
_RAIN_APART_S = 8 * HOUR
_STORM_CLASSES = ("drain_well", "gas_network", "old_house", "road_ponding", "slope_wall", "street_light", "weather")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What a fault disturbs at one facility.

    Attributes:
        facility: code.
        disturbs: measurements.
        until_ms: when it is over there.
    """

    facility: str
    disturbs: frozenset[str]
    until_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A fault that somebody must be told of.

    Attributes:
        name: kind.
        class_id: of the facility where it begins.
        facility: its code.
        start_ms, stop_ms: when it lasts.
        reaches: what it disturbs, itself and what hangs on it.
        strength: as drawn.
    """

    name: str
    class_id: str
    facility: str
    start_ms: int
    stop_ms: int
    reaches: tuple[Reach, ...]
    strength: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """Everything that happens.

    Attributes:
        faults: in the order of time.
        happening: facility to kind to its windows, disturbances and rain included.
        disturbances: how many there are.
        rains: how many rains fall that are no storm.
        busy: facility to the times at which anything of that happens to it, s since 1970 UTC.
    """

    faults: tuple[Fault, ...]
    happening: Mapping[str, Mapping[str, Schedule]]
    disturbances: int
    rains: int
    busy: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)


@dataclass(slots=True)
class _Draft:
    places: Sequence[Place]
    windows: dict[str, dict[str, list[Window]]] = field(default_factory=dict)
    taken: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def free(self, code: str, start_s: float, end_s: float) -> bool:
        return all(end_s + _REST_S <= begin or end + _REST_S <= start_s for begin, end in self.taken.get(code, ()))

    def put(self, code: str, kind: str, window: Window, end_s: float) -> None:
        self.windows.setdefault(code, {}).setdefault(kind, []).append(window)
        self.taken.setdefault(code, []).append((window.start_s, end_s))


def write(
    places: Sequence[Place],
    *,
    seed: int,
    begin_s: float,
    days: int,
    rate: float = 1.0,
    closed_days: frozenset[int] = frozenset(),
) -> Script:
    """Draw a script.

    Args:
        places: the facilities.
        seed: fixes everything.
        begin_s: local midnight of the first day, s since 1970 UTC.
        days: how long; nothing begins in the last hours, so that it can still be seen.
        rate: times the usual number of faults and disturbances.
        closed_days: local days (since 1970-01-01) on which offices are closed.
    """
    draft = _Draft(places)
    rains = _rain(draft, np.random.default_rng(derive_seed(seed, "rain")), begin_s, days)
    rng = np.random.default_rng(derive_seed(seed, "faults"))
    communities = sorted({place.community for place in places})
    for community in communities:
        _draw(draft, rng, community, FAULTS, FAULTS_A_DAY * rate, begin_s, days, closed_days)
    rng = np.random.default_rng(derive_seed(seed, "disturbances"))
    disturbed = sum(
        _draw(draft, rng, community, DISTURBANCES, DISTURBANCES_A_DAY * rate, begin_s, days, closed_days)
        for community in communities
    )
    return Script(
        faults=tuple(sorted(draft.faults, key=lambda one: (one.start_ms, one.facility))),
        happening={
            code: {name: _schedule(windows) for name, windows in kinds.items()} for code, kinds in draft.windows.items()
        },
        disturbances=disturbed,
        rains=rains,
        busy=draft.taken,
    )


def _schedule(windows: Sequence[Window]) -> Schedule:
    return Schedule(windows=tuple(sorted(windows, key=lambda one: one.start_s)))


def _draw(
    draft: _Draft,
    rng: np.random.Generator,
    community: str,
    kinds: Sequence[Kind],
    a_day: float,
    begin_s: float,
    days: int,
    closed: frozenset[int],
) -> int:
    """Put so many events of a community where there is room; how many there are."""
    weight = np.array([kind.weight for kind in kinds])
    put = 0
    for day in range(days):
        for _ in range(int(rng.poisson(a_day))):
            kind = kinds[int(rng.choice(len(kinds), p=weight / weight.sum()))]
            mine = [p for p in draft.places if p.community == community and p.class_id == kind.class_id]
            first, last = kind.hours
            start_s = round(begin_s + day * DAY_S + HOUR * rng.uniform(first, last))
            last_s = round(rng.uniform(*kind.last_s), 1)
            strength = float(rng.uniform(*kind.strength))
            if kind.workdays and math.floor((start_s + LOCAL_S) / DAY_S) in closed:
                continue
            if not mine or start_s + min(last_s, 6 * HOUR) > begin_s + days * DAY_S:
                continue
            place = mine[int(rng.integers(len(mine)))]
            window = Window(start_s=start_s, stop_s=start_s + last_s, magnitude=strength)
            put += _put(draft, place, kind, window)
    return put


def _put(draft: _Draft, place: Place, kind: Kind, window: Window) -> bool:
    """Put one event, with what it brings to others; false when there is no room for it."""
    hit = [(place, kind.name, kind.disturbs, window.stop_s + kind.after_s)]
    if kind.carries:
        hit += [
            (other, CARRIED[other.class_id], CARRIED_DISTURBS[other.class_id], window.stop_s + _after(other))
            for other in draft.places
            if other.parent == place.code and other.class_id in CARRIED
        ]
    if not all(draft.free(one.code, window.start_s, end_s) for one, _, _, end_s in hit):
        return False
    for one, name, _, end_s in hit:
        draft.put(one.code, name, window, end_s)
    if kind.disturbs:
        reaches = tuple(
            Reach(facility=one.code, disturbs=disturbs, until_ms=_ms(end_s)) for one, _, disturbs, end_s in hit
        )
        draft.faults.append(_fault(kind.name, place, window, reaches))
    return True


def _after(place: Place) -> float:
    return CARRIED_AFTER_S.get(place.class_id, 0.2 * HOUR)


def _fault(name: str, place: Place, window: Window, reaches: tuple[Reach, ...]) -> Fault:
    return Fault(
        name=name,
        class_id=place.class_id,
        facility=place.code,
        start_ms=_ms(window.start_s),
        stop_ms=_ms(window.stop_s),
        reaches=reaches,
        strength=window.magnitude,
    )


def _ms(time_s: float) -> int:
    return math.floor(time_s * 1000)


# --- rain -------------------------------------------------------------------------------------------------------


def _rain(draft: _Draft, rng: np.random.Generator, begin_s: float, days: int) -> int:
    """Rain over the whole city; storms flood wells and roads, and are faults where they do."""
    rains, at_s, light = [], begin_s + rng.uniform(2, 20) * HOUR, 0
    storm_s = begin_s + rng.uniform(1.0, _HEAVY_EVERY_DAYS - 2) * DAY_S
    while at_s < begin_s + days * DAY_S - 12 * HOUR:
        heavy = at_s >= storm_s
        strength = float(rng.uniform(*(_HEAVY if heavy else _LIGHT)))
        last_s = float(rng.uniform(1.2, 2.5) if heavy else rng.uniform(0.5, 5)) * HOUR
        rains.append((at_s, last_s, strength, heavy))
        light += not heavy
        storm_s += _HEAVY_EVERY_DAYS * DAY_S * heavy
        at_s += last_s + _RAIN_APART_S + float(rng.exponential(_LIGHT_EVERY_DAYS * DAY_S - _RAIN_APART_S))
    for community in sorted({place.community for place in draft.places}):
        for start_s, last_s, strength, heavy in rains:
            here_s = round(start_s + float(rng.uniform(-600, 600)))
            window = Window(
                start_s=here_s, stop_s=round(here_s + last_s), magnitude=strength * float(rng.uniform(0.85, 1.05))
            )
            _fall(draft, community, window, heavy=heavy)
    return light


_WET = {
    "drain_well": frozenset({"level", "freeboard", "fill_ratio"}),
    "road_ponding": frozenset({"depth", "rain_10min"}),
    "weather": frozenset({"rain_1h", "rain_24h", "wind_speed", "rh"}),
    "slope_wall": frozenset({"soil_moisture", "pore_pressure"}),
    "gas_network": frozenset({"water_level"}),
    "street_light": frozenset({"leakage"}),
}
_DRIES_S = {"weather": 26 * HOUR, "slope_wall": 48 * HOUR, "gas_network": 24 * HOUR}


def _fall(draft: _Draft, community: str, window: Window, *, heavy: bool) -> None:
    wet = [place for place in draft.places if place.community == community and place.class_id in _STORM_CLASSES]
    for place in wet:
        draft.windows.setdefault(place.code, {}).setdefault("storm", []).append(window)
    wells = [place for place in wet if place.class_id == "drain_well"]
    if heavy and wells:
        reaches = tuple(
            Reach(
                facility=place.code,
                disturbs=_WET[place.class_id],
                until_ms=_ms(window.stop_s + _DRIES_S.get(place.class_id, 3 * HOUR)),
            )
            for place in wet
            if place.class_id in _WET
        )
        draft.faults.append(_fault("storm", wells[0], window, reaches))
