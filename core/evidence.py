"""Frozen evidence: what was so when an alarm opened, kept apart from everything that changes later.

Two parts. The *context* is words and numbers (rule, limits, place, calendar), built once and stored as JSON; its fields
are these dataclasses. The *samples* are the readings around the opening, columns of bounded length, packed small.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.places import Text
from core.readings import Float64s, Int64s

MOST_POINTS: Final = 8
"""Points of a facility whose samples are kept; those the rule reads come first."""
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
class FrozenPlace:
    """Where the facility stood, and what its readings came through.

    Attributes:
        cells: grid to code and name of the cell.
        gateways: edge nodes its points came from.
        parents: codes of what supplied or contained it, nearest first.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenCalendar:
    """What time it was for people.

    Attributes:
        zone: IANA name; local: ISO date and time with offset.
        works: within working hours; windows: minutes after local midnight.
    """

    zone: str
    local: str
    workday: bool
    works: bool
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenContext:
    """Everything but the samples.

    Attributes:
        rule: ``None`` for ``sight.*`` and rules that have left the set.
        attributes: of the facility, those the rule reads.
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

    def as_text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Samples:
    """The readings of one point, ascending.

    Attributes:
        point: registry number; key: measurement; unit: UCUM; stale_after_ms: how long a value holds.
        time_ms: int64[n]; value: float64[n], NaN for none; quality: uint8[n].
        text: by row, of a point that carries text.
        thinned: there were more than are kept.
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
        )
        for row in rows
    )
