"""What an expression looks like before names and units are checked. ``at`` is the offset in its text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, empty when none was written."""

    at: int
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Name:
    """A measurement."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class CalendarTerm:
    """A term of the site calendar (``core.calendar``)."""

    at: int
    term: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotation marks."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class ClassAttribute:
    """``class.name`` with the unit it is meant in, empty when it takes that of its neighbour."""

    at: int
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class FacilityAttribute:
    """``facility.name`` with the unit it is meant in, empty when it takes that of its neighbour."""

    at: int
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Call:
    """``name(args)``, or an aggregate ``name(arg) over w`` when there is a window."""

    at: int
    name: str
    args: tuple[Node, ...]
    window: Quantity | None


@dataclass(frozen=True, slots=True)
class ParentName:
    """``parent.name``: a measurement of the facility that supplies or contains this one."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class OfGroup:
    """``name(args) of relation``: an aggregate over the members of a group."""

    at: int
    name: str
    args: tuple[Node, ...]
    relation: str
    relation_at: int


@dataclass(frozen=True, slots=True)
class Infix:
    """``left word right``: arithmetic, comparison, ``and``, ``or``."""

    at: int
    word: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Prefix:
    """``not x`` or ``-x``."""

    at: int
    word: str
    operand: Node


@dataclass(frozen=True, slots=True)
class RangeOf:
    """``value in [low, high]`` and its opposite."""

    at: int
    word: str
    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Forecast:
    """``reaches(value, limit) within t``, ``over w`` where the trend is not taken over the same time."""

    at: int
    name: str
    args: tuple[Node, ...]
    within: Quantity
    window: Quantity | None


@dataclass(frozen=True, slots=True)
class AtLeast:
    """``at least count of (parts)``."""

    at: int
    count: float
    parts: tuple[Node, ...]


Node = (
    Quantity
    | Name
    | CalendarTerm
    | Text
    | ClassAttribute
    | FacilityAttribute
    | Call
    | ParentName
    | OfGroup
    | Infix
    | Prefix
    | RangeOf
    | Forecast
    | AtLeast
)
