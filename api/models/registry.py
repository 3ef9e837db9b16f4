"""What pages show and change of the registry: kinds of record, records, changes, staff and posts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.models.base import Bilingual, CommunityRef, FieldMoved, Model, Number, PersonRef, TimeMs
from core.coordinates import PositionSystem
from core.people import CertificateStanding, Role
from core.places import Grid
from core.ports.registry import ChangeKind

FieldName = Annotated[str, Field(min_length=1, max_length=80)]
FieldText = Annotated[str, Field(max_length=20_000)]
RecordCode = Annotated[str, Field(max_length=200, examples=["wtl-m1"])]


class FieldView(Model):
    """A field of a kind of record, as a form needs to know it."""

    name: str = Field(examples=["owner_kind"])
    label: Bilingual
    help: Bilingual
    holds: str = Field(description="`text`, `code`, `number`, `date`, `built`, `moment`, `flag` or `value`")
    choices: list[str] = Field(description="the words it may hold; empty: any")
    refers: str = Field(description="kind of record whose codes it holds; empty: none")
    several: bool = Field(description="several of them, separated by spaces")
    required: bool
    fixed: bool = Field(description="stays as it was when the record came")


class KindView(Model):
    """A kind of record."""

    kind: str = Field(examples=["facilities"])
    label: Bilingual
    fields: list[FieldView]
    editable: bool = Field(description="whether single records can be changed")
    adds: bool = Field(description="whether a single record can be made")
    ends: bool = Field(description="whether single records can be taken out of use")


class KindList(Model):
    """All kinds of record, in the order of the files."""

    items: list[KindView]


class RecordLineView(Model):
    """A record in a list."""

    code: str = Field(description="parts of a longer code are joined by `:`", examples=["wtl-sp-01"])
    name: Bilingual
    active: bool


class RecordView(Model):
    """One record as the texts of its file."""

    kind: str
    code: str
    number: Number | None = Field(description="of the registry, where the kind has one")
    active: bool
    mark: str = Field(description="goes back with a change: one that somebody else has overtaken is refused")
    fields: dict[str, str] = Field(description="empty ones are left out")
    communities: list[CommunityRef]
    everywhere: bool = Field(description="belongs to the whole city")
    editable: bool = Field(description="whether who asks may change it")
    meanwhile: list[FieldMoved] = Field(
        default_factory=list, description="after a change: what others changed since its `base`; it stands"
    )


class RecordChange(Model):
    """What becomes other in a record."""

    mark: str = Field(max_length=64)
    fields: dict[FieldName, FieldText] = Field(
        max_length=80, description="the changed ones; an empty text empties a field", examples=[{"skills": "pump gas"}]
    )
    system: PositionSystem = Field(
        default=PositionSystem.WGS84, description="of `latitude` and `longitude`, which then come together"
    )
    base: dict[FieldName, FieldText] | None = Field(
        default=None,
        max_length=120,
        description="all fields as they were when the edit began, positions in WGS-84: it is merged by field with what "
        "others changed since; null: it holds for the record of `mark` alone",
    )


class NewRecord(Model):
    """A record that comes."""

    fields: dict[FieldName, FieldText] = Field(min_length=1, max_length=80)
    system: PositionSystem = PositionSystem.WGS84


class CellWish(Model):
    """A cell that is being drawn."""

    code: RecordCode = Field(default="", description="of the cell as it stands; empty: a new one")
    fields: dict[FieldName, FieldText] = Field(
        min_length=1, max_length=80, description="the changed ones; of a new cell all"
    )


class CellFindingView(Model):
    """Something wrong with it."""

    field: str = Field(description="empty: the cell as a whole", examples=["polygon"])
    what: Bilingual
    fix: Bilingual


class CellPreviewView(Model):
    """What it would be."""

    ring: list[list[float]] = Field(
        description="longitude and latitude of its corners, WGS-84, as far as they can be read"
    )
    area_m2: float
    facilities: int = Field(description="how many facilities would come into another cell")
    findings: list[CellFindingView] = Field(description="empty: it can be saved")


class RecordMark(Model):
    """Which state of a record somebody looked at."""

    mark: str = Field(max_length=64)


class RegistryChange(Model):
    """One line of the history of the registry."""

    id: int
    time_ms: TimeMs
    by: str = Field(description="login, or the user of the command line", examples=["cli:operator"])
    change: ChangeKind
    kind: str = Field(examples=["people"])
    kind_name: Bilingual
    code: str
    field: Bilingual | None = Field(description="null for the record that came")
    before: str
    after: str


class RegistryChanges(Model):
    """The newest first."""

    items: list[RegistryChange]
    before: int | None = Field(description="for the next page; null on the last")


class CertificateView(Model):
    """A certificate and whether it still holds."""

    name: str
    number: str
    valid_to: str = Field(description="ISO date of the last day; empty: without an end")
    standing: CertificateStanding


class LeaveView(Model):
    """Days on which somebody is away, both included."""

    first_day: str
    last_day: str


class StaffMember(Model):
    """Somebody who works, or helps."""

    id: Number
    code: str
    name: Bilingual
    role: Role
    grid: Grid | None
    communities: list[CommunityRef]
    everywhere: bool
    supervisor: bool
    volunteer: bool
    active: bool
    department: Bilingual | None
    skills: list[str]
    cells: list[str]
    certificates: list[CertificateView]
    leave: list[LeaveView] = Field(description="from today on")
    away: bool = Field(description="on leave today")


class PostView(Model):
    """A post of a cell."""

    code: str = Field(description="empty: the registry does not list it, the cell alone says that it is there")
    cell: str
    cell_name: Bilingual
    grid: Grid
    community: CommunityRef
    holder: PersonRef | None = Field(description="null: vacant")
    since: str = Field(description="ISO date; empty: not known")


class Staff(Model):
    """Who works where, and which posts are empty."""

    day: str = Field(description="today, where the city is", examples=["2026-11-22"])
    people: list[StaffMember]
    posts: list[PostView]


class CellShape(Model):
    """A cell of one grid on the ground."""

    code: str
    grid: Grid
    name: Bilingual
    ring: list[list[float]] = Field(description="longitude and latitude of its corners, WGS-84, closed")
    vacant: bool = Field(description="nobody holds a post of it")


class CellShapes(Model):
    """The cells of a community."""

    items: list[CellShape]
    faults: list[Bilingual] = Field(description="overlaps, holes, shapes that are none; empty: sound")
