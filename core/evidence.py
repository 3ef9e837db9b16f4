"""Frozen evidence: what was so when an alarm opened, kept apart from everything that changes later.

Two parts. The *context* is words and numbers (rule, limits, place, calendar), built once and stored as JSON; its fields
are these dataclasses. The *samples* are the readings around the opening, columns of bounded length, packed small.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.places import Text
from core.readings import Float64s, Int64s

MOST_POINTS: Final = 8
"""Points of a facility whose samples are kept; those the rule reads come first."""
MOST_MEMBERS: Final = 40
"""Members of a group that are kept with their values; of more, how many were left out."""
MOST_SAMPLES: Final = 360
"""Readings kept of each point; of more, the first, last, lowest and highest of each stretch of time stay."""
_MOST_TEXT: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenLevel:
    """One level of a rule of several severities."""

    severity: str
    when: str
    clear: str
    for_ms: int
    clear_for_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenRule:
    """A rule as it stood.

    Attributes:
        version: fingerprint of this rule; set_version: of the whole rule set.
        when, clear: as written; for_ms, clear_for_ms: how long each must hold.
        severity, lead, support: names; support empty without one.
        levels: from the least to the worst severity; empty for a rule of one, the fields above are those of the first.
    """

    id: str
    version: str
    set_version: str
    say: Text
    when: str
    clear: str
    for_ms: int
    clear_for_ms: int
    severity: str
    family: str
    lead: str
    support: str
    source: Text
    levels: tuple[FrozenLevel, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenLimit:
    """A limit to be drawn over the samples of a measurement.

    Attributes:
        unit: UCUM, of ``value``; kind: ``high`` or ``low``: which side is wrong.
        only_with: names of what else must be so.
    """

    measurement: str
    value: float
    unit: str
    kind: str
    severity: str
    only_with: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenPoint:
    """What one reading came through.

    Attributes:
        point: registry number; metric: its name on the wire.
        gateway: ``group/node``; bus, unit: the line and the unit on it: as the gateway's births said, else the bus as
            the registry has it. Empty: not known.
    """

    point: int
    key: str
    name: Text
    metric: str
    gateway: str
    bus: str
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenPlace:
    """Where the facility stood, and what its readings came through.

    Attributes:
        cells: grid to code and name of the cell.
        gateways: edge nodes its points came from.
        parents: codes of what supplied or contained it, nearest first.
        points: its points, those that the rule reads first; points_left_out: how many more it had.
    """

    code: str
    name: Text
    class_id: str
    class_name: Text
    community: str
    community_name: Text
    street: Text
    cells: Mapping[str, tuple[str, Text]]
    gateways: tuple[str, ...]
    parents: tuple[str, ...] = ()
    points: tuple[FrozenPoint, ...] = ()
    points_left_out: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenMember:
    """A facility that a rule read beside its own: what it came to at that moment, ``None`` where unknown."""

    code: str
    name: Text
    value: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenAround:
    """What a rule read of a parent or of a group at that moment.

    Attributes:
        name: what it is called; written: as it stands in the fingerprint of the rule.
        relation: by what the group is held together (``core.places.Relation``); empty: it is the parent itself.
        group: name of the group, or code of the parent; empty: there was none.
        value: of the parent, or of the group; ``None``: unknown, or not kept. ``unit``: UCUM, empty for a count.
        condition: the members' values say whether a condition held, 1 or 0.
        members: the parent, or the members of the group: those that decide first; left_out: how many more there were.
        kept: false where the group was too large, or looks back too far, to be read once more.
    """

    name: Text
    written: str
    relation: str
    group: str
    value: float | None
    unit: str
    condition: bool
    members: tuple[FrozenMember, ...]
    left_out: int = 0
    kept: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenTerm:
    """What the site calendar said of a term at the facility: ``None``, nobody knew. ``read``: the rule asks for it."""

    term: str
    name: Text
    holds: bool | None
    read: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenWork:
    """Planned work that went on at the facility."""

    code: str
    name: Text
    until_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenCalendar:
    """What time it was for people.

    Attributes:
        zone: IANA name; local: ISO date and time with offset.
        works: within working hours; windows: minutes after local midnight.
        day: what the date was (``core.holidays.DayKind``), a make-up day (调休) among them.
        terms: every term of the calendar, those that the rule asks for first.
        planned: planned work at the facility.
    """

    zone: str
    local: str
    workday: bool
    works: bool
    windows: tuple[tuple[int, int], ...]
    day: str = ""
    terms: tuple[FrozenTerm, ...] = ()
    planned: tuple[FrozenWork, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenContext:
    """Everything but the samples.

    Attributes:
        rule: ``None`` for ``sight.*`` and rules that have left the set.
        attributes: of the facility, those the rule reads; where it has none of its own, what its class says.
        around: what the rule read of parents and groups; comes with the samples.
        registry_version: of the places; program: version of Twingrid.
    """

    rule: FrozenRule | None
    limits: tuple[FrozenLimit, ...]
    do: tuple[Text, ...]
    attributes: Mapping[str, float | str]
    place: FrozenPlace | None
    calendar: FrozenCalendar
    registry_version: int
    program: str
    around: tuple[FrozenAround, ...] = ()

    def as_text(self) -> str:
        """As JSON."""
        return _text(self)


def with_around(context: str, around: Sequence[FrozenAround]) -> str:
    """A context, as JSON, with what the rule read of parents and groups; as it is where it read nothing of them."""
    if not around or not context:
        return context
    return _text({**json.loads(context), "around": list(around)})


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_fields)


def _fields(one: Any) -> Mapping[str, Any]:
    """A dataclass as JSON has it; ``asdict`` would copy everything, which a storm of alarms feels."""
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Samples:
    """The readings of one point, ascending.

    Attributes:
        point: registry number; key: measurement; unit: UCUM; stale_after_ms: how long a value holds.
        time_ms: int64[n]; value: float64[n], NaN for none; quality: uint8[n].
        text: by row, of a point that carries text.
        thinned: there were more than are kept.
        of: code of the parent whose point it is; empty: of the facility itself.
    """

    point: int
    key: str
    name: Text
    unit: str
    stale_after_ms: int
    time_ms: Int64s
    value: Float64s
    quality: NDArray[np.uint8]
    text: Mapping[int, str] = field(default_factory=dict)
    thinned: bool = False
    of: str = ""


def thinned(time_ms: Int64s, value: Float64s, most: int = MOST_SAMPLES) -> NDArray[np.int64]:
    """Which rows stay when at most ``most`` may: of equal stretches of rows the first, lowest, highest and last.

    Args:
        time_ms: int64[n], ascending.
        value: float64[n]; NaN counts as neither low nor high.
        most: at least 4.

    Returns:
        int64[m], ascending, m <= max(most, 4); all rows when they are few.
    """
    count = len(time_ms)
    if count <= most:
        return np.arange(count)
    edges = np.linspace(0, count, max(1, most // 4) + 1).astype(np.int64)
    low, high = np.where(np.isnan(value), np.inf, value), np.where(np.isnan(value), -np.inf, value)
    kept = [edges[:-1], edges[1:] - 1]
    stretches = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    kept.append(np.array([begin + int(np.argmin(low[begin:end])) for begin, end in stretches], np.int64))
    kept.append(np.array([begin + int(np.argmax(high[begin:end])) for begin, end in stretches], np.int64))
    return np.unique(np.concatenate(kept))


def pack(series: Sequence[Samples]) -> bytes:
    """Samples as bytes: at most a few tens of kilobytes, whatever was read."""
    rows = []
    for one in series[:MOST_POINTS]:
        kept = thinned(one.time_ms, one.value)
        places = {int(row): place for place, row in enumerate(kept.tolist())}
        values = one.value[kept].astype(object)
        values[~np.isfinite(one.value[kept])] = None
        rows.append(
            {
                "point": one.point,
                "key": one.key,
                "name": [one.name.zh, one.name.en],
                "unit": one.unit,
                "stale_after_ms": one.stale_after_ms,
                "time_ms": one.time_ms[kept].tolist(),
                "value": values.tolist(),
                "quality": one.quality[kept].tolist(),
                "text": {places[row]: text[:_MOST_TEXT] for row, text in one.text.items() if row in places},
                "thinned": one.thinned or len(kept) < len(one.time_ms),
                "of": one.of,
            }
        )
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def unpack(packed: bytes) -> tuple[Samples, ...]:
    """The samples that were packed."""
    rows: list[dict[str, Any]] = json.loads(zlib.decompress(packed))
    return tuple(
        Samples(
            point=row["point"],
            key=row["key"],
            name=Text(zh=row["name"][0], en=row["name"][1]),
            unit=row["unit"],
            stale_after_ms=row["stale_after_ms"],
            time_ms=np.array(row["time_ms"], np.int64),
            value=np.array([np.nan if one is None else one for one in row["value"]], np.float64),
            quality=np.array(row["quality"], np.uint8),
            text={int(at): text for at, text in row["text"].items()},
            thinned=row["thinned"],
            of=row.get("of", ""),
        )
        for row in rows
    )
