"""Gateways that nobody has enrolled yet: what their births say, and how they come into the registry.

What a stranger calls itself and its metrics is whatever it likes: text to be shown, never an id to be trusted. Only ids
that Twingrid would give out itself can be enrolled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from core.places import Text
from core.sparkplug.topics import NodeId


class Announced(NamedTuple):
    """A metric as a birth announced it: name (``facility/measurement``), unit (empty: not said), Sparkplug device."""

    name: str
    unit: str
    device: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stranger:
    """A gateway that the registry does not know.

    Attributes:
        node: what it calls itself.
        first_ms, seen_ms: when anything first and last arrived, host time.
        metrics: of its devices, numbers only; empty until its births have come.
        left_out: metrics that were more, or longer, than is kept.
    """

    node: NodeId
    first_ms: int
    seen_ms: int
    metrics: tuple[Announced, ...] = ()
    left_out: int = 0


class StrangerBook(Protocol):
    """Where strangers are kept: a bounded number of them, those heard last."""

    def put(self, strangers: Sequence[Stranger]) -> None:
        """Replace what is kept of these.

        Raises:
            core.errors.Unavailable: if it cannot be kept now; the next call repeats it.
        """
        ...


class PointState(StrEnum):
    """What becomes of an announced metric when its gateway is enrolled."""

    NEW = "new"
    TAKEN = "taken"  # another gateway serves the point
    UNFIT = "unfit"  # the class measures no such thing, or in another unit


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposedPoint:
    """A metric of a facility: its measurement, the unit announced, what becomes of it."""

    key: str
    unit: str
    state: PointState


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposedFacility:
    """A facility that a gateway's metrics name.

    Attributes:
        code: as the metrics name it.
        known: whether it stands in the registry already.
        community: number; of a known one.
        class_id: its own, or the one that fits best; empty: none fits.
        classes: those that measure at least one of its metrics, the best first; of a known one only its own.
        points: its metrics under ``class_id``.
    """

    code: str
    known: bool
    community: int | None
    class_id: str
    classes: tuple[str, ...]
    points: tuple[ProposedPoint, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A stranger, and what enrolling it would make.

    Attributes:
        enrollable: whether its ids are such as Twingrid gives out.
        nameless: metrics that are not ``facility/measurement``.
    """

    stranger: Stranger
    enrollable: bool
    facilities: tuple[ProposedFacility, ...]
    nameless: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCommunity:
    """The first community of an installation: its name, and where it lies (WGS-84)."""

    name: Text
    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolment:
    """What somebody wants of a stranger.

    Attributes:
        node: which.
        name: of the gateway.
        community: code; ``new_community`` makes one instead.
        classes: code to class of the facilities to be made; what is neither here nor known stays out.
        names: of the facilities to be made, where they are not called by class and code.
    """

    node: NodeId
    name: Text
    community: str = ""
    new_community: NewCommunity | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolled:
    """What came of it: numbers of the gateway and of its facilities, and how many points it serves."""

    gateway: int
    facilities: tuple[int, ...]
    points: int


class Enrolling(Protocol):
    """Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def strangers(self) -> Sequence[Proposal]:
        """Gateways that were heard and are not in the registry, the last heard first."""
        ...

    def enrol(self, wish: Enrolment, *, day: str, actor: str, now_ms: int) -> Enrolled:
        """Make gateway, facilities and points in one transaction.

        Raises:
            core.cases.UnknownItem: if nobody has heard of it, or it is enrolled.
            core.errors.Invalid: with everything that is wrong.
            core.errors.Refused: if nothing of it could be read.
        """
        ...
