"""What stands where: communities, the two grids, facilities and their points.

These are the values that travel between the rooms; their tables, history and import live in ``registry``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from core.findings import ENGLISH, Speaks
from core.readings import Int32s, Int64s


class Grid(StrEnum):
    """The two grids over the same ground."""

    GOVERNANCE = "governance"
    CONSTRUCTION = "construction"

    @property
    def other(self) -> Grid:
        """The grid that supports when this one leads."""
        return Grid.CONSTRUCTION if self is Grid.GOVERNANCE else Grid.GOVERNANCE


class Relation(StrEnum):
    """What facilities can have in common; facilities that share it are a group."""

    GOVERNANCE_CELL = "cell.governance"
    CONSTRUCTION_CELL = "cell.construction"
    COMMUNITY = "community"
    PARENT = "parent"
    """What supplies or contains them."""
    REDUNDANT_SET = "redundant_set"
    GATEWAY = "gateway"
    BUS = "bus"
    """The line of a gateway on which their devices hang."""


class PointKind(StrEnum):
    """How a point's values are to be read (``facility_classes``: value kinds)."""

    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"
    EVENT = "event"


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A text in both languages; both are always there."""

    zh: str
    en: str

    @classmethod
    def of(cls, said: Speaks) -> Text:
        """What anything says in both languages, as a value that is kept."""
        return cls(zh=said.in_language("zh"), en=said.in_language(ENGLISH))

    def in_language(self, language: str) -> str:
        """The text for ``zh`` or ``en`` (anything else reads Chinese)."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One quantity of a facility class: the row of a table, never code.

    Attributes:
        key: name within the class, such as ``level``.
        unit: UCUM code.
        low, high: plausible range in ``unit``; outside it a value is bad.
        interval_s: expected time between two readings.
        kind: gauge, counter, state or event.
        name: what people read.
        event_interval_s: time between two readings while the value changes, of devices that then report faster.
    """

    key: str
    unit: str
    low: float
    high: float
    interval_s: float
    kind: PointKind
    name: Text
    event_interval_s: float | None = None

    @property
    def says_yes_or_no(self) -> bool:
        """Whether its values are 1 for yes and 0 for no."""
        return (self.kind, self.unit, self.low, self.high) == (PointKind.STATE, "1", 0.0, 1.0)

    @property
    def pace_s(self) -> float:
        """Time between two readings when something happens."""
        return self.interval_s if self.event_interval_s is None else self.event_interval_s


@dataclass(frozen=True, kw_only=True, slots=True)
class FacilityClass:
    """A class of facilities (``sewage_pump``) with its measurements, and attributes for those that have none."""

    id: str
    name: Text
    measurements: Mapping[str, Measurement]
    attributes: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PointBinding:
    """What ingest must know of a metric to accept its readings.

    Attributes:
        point: the registry's number of the point, >= 0.
        unit: UCUM code the values must come in.
        low, high: plausible range in ``unit``.
        textual: the point carries text, not numbers.
    """

    point: int
    unit: str
    low: float
    high: float
    textual: bool = False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ClassMembers:
    """All facilities of one class as columns, for the rules engine.

    Row i of every column is the same facility. A facility without a measurement has point -1 there: its value is
    unknown for ever.

    Attributes:
        class_id: the class.
        facility: int32[m], registry numbers.
        code: the m facility codes people know (``wtl-sp-01``).
        point: measurement key to int32[m] point numbers, -1 where there is none.
        stale_after_ms: measurement key to int64[m]: how long a value holds when nothing follows.
        unit: measurement key to the UCUM unit of its readings.
        attribute: numeric attributes (``design_pressure``) to float64[m], NaN where a facility has none.
        group: relation to m names: the cell, community, parent (facility code), redundant set, gateway (``group/node``)
            or bus (``group/node/bus``) of each facility, empty where it has none. A relation that is
            missing nobody has.
        text: text attributes (``material``) to m texts, ``None`` where a facility has none.
    """

    class_id: str
    facility: Int32s
    code: tuple[str, ...]
    point: Mapping[str, Int32s]
    stale_after_ms: Mapping[str, Int64s]
    unit: Mapping[str, str]
    attribute: Mapping[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = field(default_factory=dict)
    group: Mapping[Relation, tuple[str, ...]] = field(default_factory=dict)
    text: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of facilities."""
        return len(self.facility)


def parents(members: Mapping[str, ClassMembers]) -> dict[int, int]:
    """Facility number to that of the facility that supplies or contains it; those without a parent are left out."""
    number = {
        code: facility
        for one in members.values()
        for code, facility in zip(one.code, one.facility.tolist(), strict=True)
    }
    return {
        facility: number[code]
        for one in members.values()
        for facility, code in zip(one.facility.tolist(), one.group.get(Relation.PARENT, ()), strict=False)
        if code in number
    }
