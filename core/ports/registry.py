"""The registry as its neighbours see it: places, gateways, people and logins for ``api``; the roster for ``dispatch``.

Queries return values, never rows, and ``None`` for what does not exist. Lists are paged by an opaque cursor, ordered by
a stable key, so that a page never skips or repeats while others write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from core.people import Language, Login, Person
from core.places import FacilityClass, Grid, PointKind, Text
from core.sparkplug.topics import NodeId

T = TypeVar("T")


class Provenance(StrEnum):
    """Where a facility's readings come from; shown wherever they are shown."""

    MEASURED = "measured"
    RECORDED = "recorded"
    MODEL = "model"


class ChangeKind(StrEnum):
    """What happened to a record of the registry."""

    ADD = "add"
    CHANGE = "change"
    RETIRE = "retire"


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field of one record that became another, or a record that came.

    Attributes:
        number: of the line, ascending in time.
        at_ms: wall clock.
        actor: login, ``settings`` for the folder of the settings, or the user of the command line.
        collection: ``facilities``, ``people`` …
        record: the code people know; parts of a longer key are joined by ``/``.
        field: its name in the registry; empty for a record that came.
        before, after: JSON; empty where there was nothing. ``after`` of a record that came holds all its values.
    """

    number: int
    at_ms: int
    actor: str
    collection: str
    record: str
    kind: ChangeKind
    field: str
    before: str
    after: str


class OwnerKind(StrEnum):
    """Who can own a facility."""

    VILLAGE = "village"
    """A village that was merged into a community and keeps its own books."""
    COMMUNITY = "community"
    STREET = "street"
    DEPARTMENT = "department"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Who owns a facility: ``code`` is the code of a record, of an enterprise its name."""

    kind: OwnerKind
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Department:
    """A department of the city that owns facilities and hands down tasks."""

    code: str
    name: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRequest:
    """Which stretch of a list; ``cursor`` is what the previous page gave, empty for the first; 1 <= limit <= 500."""

    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """A stretch of a list; ``next_cursor`` is empty on the last page."""

    items: tuple[T, ...]
    next_cursor: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Community:
    """A community; communities merge and split, so it has dates.

    Attributes:
        number: registry number, never reused.
        code: stable code (``wtl``).
        name: what people read.
        street: name of the street office it belongs to.
        valid_from: ISO date; valid_to: ISO date or empty (still valid).
        latitude, longitude: WGS-84, for the map's first view.
    """

    number: int
    code: str
    name: Text
    street: Text
    valid_from: str
    valid_to: str = ""
    latitude: float = 0.0
    longitude: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A cell of one grid: a polygon on the ground.

    Attributes:
        code: grid code, unique; text, validated by the city's profile.
        grid: which of the two.
        community: registry number.
        polygon: ring of (longitude, latitude), WGS-84, closed.
        neighbours: codes of cells of the same grid that touch it, nearest first.
        valid_from, valid_to: ISO dates; valid_to empty while valid.
    """

    code: str
    grid: Grid
    community: int
    name: Text
    polygon: tuple[tuple[float, float], ...]
    neighbours: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facility:
    """Something that stands somewhere and is watched.

    Attributes:
        number: registry number (int32), never reused.
        code: stable code people know (``wtl-sp-01``), part of metric names.
        class_id: facility class.
        cells: code of its cell in each grid.
        attributes: free facts (``design_pressure``, ``build_year``); numbers feed rules.
        provenance, provenance_note: where its readings come from.
        address: text for people.
        parent: registry number of the facility that supplies or contains it, if there is one.
        redundant_set: name that it shares with those that measure the same; empty: none.
        built: year, month or day in which it was built (``1998``, ``1998-06``, ``1998-06-15``); empty: not known.
        owner: who owns it, if that is known.
        cost_book: name of the book its costs are entered in; empty: that of its owner.
        component_code: its number as a component (部件) of GB/T 30428.2; empty: none.
    """

    number: int
    code: str
    name: Text
    class_id: str
    community: int
    latitude: float
    longitude: float
    cells: Mapping[Grid, str]
    address: Text
    attributes: Mapping[str, float | str] = field(default_factory=dict)
    provenance: Provenance = Provenance.MEASURED
    provenance_note: Text = field(default_factory=lambda: Text(zh="", en=""))
    parent: int | None = None
    redundant_set: str = ""
    built: str = ""
    owner: Owner | None = None
    cost_book: str = ""
    component_code: str = ""

    @property
    def account(self) -> str:
        """The book its costs are entered in: its own, else one per owner, so that merged villages stay apart."""
        if self.cost_book or self.owner is None:
            return self.cost_book
        return f"{self.owner.kind.value}:{self.owner.code}"

    def age_years(self, day: str) -> float | None:
        """Years since it was built, on an ISO date; a year or a month counts from its middle. ``None``: not known."""
        built = self.built or _year_text(self.attributes.get("build_year"))
        if not built:
            return None
        middle = {4: "-07-01", 7: "-15"}.get(len(built), "")
        return max(0.0, (date.fromisoformat(day) - date.fromisoformat(built + middle)).days / 365.25)


def _year_text(value: float | str | None) -> str:
    """A year that stands among the attributes, as text; empty where it is none."""
    return f"{value:04.0f}" if isinstance(value, int | float) and 1800 <= value <= 2200 else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Supply:
    """What supplied a facility from a moment on, until the next such entry.

    Attributes:
        from_ms: wall clock of the import that said so.
        parent: registry number of what supplies or contains it; ``None``: nothing known.
        redundant_set: name that it shares with those that measure the same; empty: none.
    """

    from_ms: int
    parent: int | None
    redundant_set: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One measured quantity of one facility.

    Attributes:
        number: int32, never reused, stable across imports.
        facility: registry number of its facility.
        key: measurement key within the class.
        metric: ``facility/measurement`` as it is named on the wire.
        gateway: the edge node it comes from; bus: the line of that on which it is read, empty where nobody says.
        unit: UCUM code; low, high: plausible range.
        normal_low, normal_high: usual band, for charts.
        interval_s: expected time between readings; stale_after_s: how long a value holds.
    """

    number: int
    facility: int
    key: str
    metric: str
    name: Text
    gateway: NodeId | None
    unit: str
    kind: PointKind
    low: float
    high: float
    normal_low: float
    normal_high: float
    interval_s: float
    stale_after_s: float
    active: bool = True
    bus: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FacilityDetail:
    """A facility with its points."""

    facility: Facility
    points: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """An edge node as it was enrolled.

    Attributes:
        number: registry number.
        node: its Sparkplug identity.
        community: where it stands.
        enrolled_ms: when; revoked_ms: when it was shut out, ``None`` while it may speak.
        points: how many points it serves.
        facility: registry number of the facility that stands for its own health, if there is one.
    """

    number: int
    node: NodeId
    name: Text
    community: int
    enrolled_ms: int
    revoked_ms: int | None = None
    points: int = 0
    facility: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FacilityFilter:
    """Which facilities; empty fields do not restrict. ``communities`` None means all (the caller decides who may)."""

    communities: frozenset[int] | None = None
    class_id: str = ""
    cell: str = ""
    numbers: frozenset[int] | None = None
    parent: int | None = None
    """Only what this facility supplies or contains, directly."""
    text: str = ""
    """Part of a code, name or address, in either language."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FacilityPlace:
    """What dispatch must know of a facility to route its case."""

    number: int
    code: str
    name: Text
    class_id: str
    community: int
    cells: Mapping[Grid, str]
    skill: str = ""
    """Skill its class asks of the construction grid; empty: any."""
    parent: int | None = None
    """Registry number of the facility that supplies or contains it."""
    latitude: float | None = None
    longitude: float | None = None
    """WGS-84 degrees."""
    redundant_set: str = ""
    """Name that it shares with those that measure the same; empty: none."""

    @property
    def spot(self) -> tuple[float, float] | None:
        """Longitude and latitude; ``None`` where they are not known."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.longitude, self.latitude


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A post of one cell; ``holder`` None while it is vacant.

    ``code`` and ``since`` (ISO date on which the holder came or the post fell vacant) are empty where the registry has
    no record of the post itself and only its cell asks for one.
    """

    cell: str
    grid: Grid
    community: int
    holder: int | None
    code: str = ""
    since: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Roster:
    """Who may be given a task and where: one value, taken at one registry version."""

    version: int
    people: Mapping[int, Person]
    posts: tuple[Post, ...]
    neighbours: Mapping[str, tuple[str, ...]]
    """Cell code to the codes of touching cells of the same grid, nearest first."""
    centres: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Cell code to longitude and latitude of its middle."""
    places: Mapping[int, FacilityPlace] = field(default_factory=dict)
    """Every facility, retired ones included, so that a transaction need not ask again."""
    cells: Mapping[str, Cell] = field(default_factory=dict)
    """Cells valid now by code, with their polygons: where a report without a facility belongs."""
    skills: Mapping[str, str] = field(default_factory=dict)
    """Facility class to the skill it asks of the construction grid."""


class RegistryQueries(Protocol):
    """Reading. Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def version(self) -> int:
        """Grows with every change of places, gateways and people (not of logins)."""
        ...

    def classes(self) -> Mapping[str, FacilityClass]:
        """All facility classes by id."""
        ...

    def communities(self) -> Sequence[Community]:
        """All communities, by number, those that ended included."""
        ...

    def cells(self, community: int | None = None, grid: Grid | None = None) -> Sequence[Cell]:
        """Cells valid now, by code."""
        ...

    def facilities(self, where: FacilityFilter, page: PageRequest) -> Page[Facility]:
        """Facilities by number.

        Raises:
            core.errors.Refused: if the cursor or the limit is not valid.
        """
        ...

    def facility(self, number: int) -> FacilityDetail | None:
        """One facility with its points."""
        ...

    def facility_by_code(self, code: str) -> FacilityDetail | None:
        """The same by the code people know."""
        ...

    def point(self, number: int) -> Point | None:
        """One point."""
        ...

    def gateways(self, communities: frozenset[int] | None = None) -> Sequence[Gateway]:
        """Gateways by number, revoked ones included."""
        ...

    def people(self, communities: frozenset[int] | None = None) -> Sequence[Person]:
        """People by number, those no longer active included."""
        ...

    def person(self, number: int) -> Person | None:
        """One person."""
        ...

    def login(self, username: str) -> Login | None:
        """The login of that name, whatever its case; ``None`` also if it was never given."""
        ...

    def logins(self) -> Sequence[Login]:
        """All logins by username."""
        ...

    def facility_counts(self) -> Mapping[int, int]:
        """Community to number of facilities."""
        ...


class RegistryCommands(Protocol):
    """Writing by people; each call is one transaction with an audit row. Raises ``Refused`` or ``Unavailable``."""

    def create_first_administrator(self, username: str, password_hash: str, language: Language, now_ms: int) -> Login:
        """The login that first-run creates.

        Raises:
            core.errors.Refused: if any administrator exists already (decided in one transaction).
        """
        ...

    def put_login(self, login: Login, actor: str, now_ms: int) -> None:
        """Create or replace a login.

        Raises:
            core.errors.Refused: if it would leave no active administrator, or names an unknown person or community.
        """
        ...

    def set_password(
        self, username: str, password_hash: str, actor: str, now_ms: int, *, one_time: bool = False
    ) -> None:
        """Give a login a new hash; its other sessions end (``changed_ms``)."""
        ...

    def set_language(self, username: str, language: Language, now_ms: int) -> None:
        """Change the language and nothing else of a login; its sessions go on."""
        ...

    def enrol_gateway(self, node: NodeId, name: Text, community: int, actor: str, now_ms: int) -> Gateway:
        """Let a gateway in, or let a revoked one in again."""
        ...

    def revoke_gateway(self, node: NodeId, actor: str, now_ms: int) -> None:
        """Shut a gateway out."""
        ...


class RosterSource(Protocol):
    """The registry as dispatch sees it."""

    def roster(self) -> Roster:
        """Who may be given a task; the same object while nothing changed."""
        ...

    def place(self, facility: int) -> FacilityPlace | None:
        """Where a facility stands; ``None`` when nobody knows it."""
        ...

    def facility_counts(self) -> Mapping[int, int]:
        """Community to number of facilities."""
        ...
