"""What the technician's page sends and gets: typed, with limits, so that the rest of the server meets only sane values.

Values of ``gateway.site_survey`` travel as they are; what is large (words, search logs) or must be worked out for a
person (quantities, plausible meanings) has a view here.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from core.places import Text
from gateway.profile import DataType, Order
from gateway.site_survey.drill import DrillState
from gateway.site_survey.record import Placement, RawFrame
from gateway.site_survey.state import (
    AlikeState,
    FitState,
    HypothesisState,
    PointState,
    SignedState,
    SolutionState,
    Step,
    TimingState,
)
from gateway.transport import Framing

MOST_TEXT: Final = 200
MOST_NOTE: Final = 2000
Short = Annotated[str, Field(max_length=MOST_TEXT)]
UnitId = Annotated[int, Field(ge=1, le=255)]


class Form(BaseModel):
    """What is sent: nothing unknown, no blanks around texts."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class BusForm(Form):
    """Where the bus is.

    Attributes:
        live: id of a bus that this gateway polls; then nothing else is needed.
        host, port, framing: of a server on the network.
        serial: path of a serial port.
        id, gateway: names of bus and gateway (``group/node``) in the record.
    """

    live: Short = ""
    host: Short = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 502
    framing: Framing = Framing.TCP
    serial: Short = ""
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "bus"
    gateway: Short = ""


class FindForm(Form):
    """A search: serial settings (empty: all usual ones), unit ids such as ``1-32,40`` (empty: 1 to 247)."""

    settings: Annotated[list[Short], Field(max_length=64)] = []
    units: Short = ""
    timeout_s: Annotated[float, Field(gt=0, le=10)] = 0.3
    thorough: bool = False


class UnitForm(Form):
    """A unit that is entered by hand; setting such as ``9600-8N1``, empty on TCP."""

    unit: UnitId
    setting: Short = ""


class ProfileForm(Form):
    """A person's choice of a profile; empty: none."""

    profile: Short


class LookForm(Form):
    """What is looked at: all registers of the profile, or a range."""

    function: Annotated[int, Field(ge=3, le=4)] | None = None
    address: Annotated[int, Field(ge=0, le=65535)] = 0
    count: Annotated[int, Field(ge=1, le=1000)] = 20


class SolveForm(Form):
    """What the display shows, by quantity; an empty text forgets."""

    shown: Annotated[dict[Short, Short], Field(min_length=1, max_length=200)]


class ChooseForm(Form):
    """Another candidate of a quantity."""

    register_name: Annotated[str, Field(alias="register", max_length=MOST_TEXT)]
    index: Annotated[int, Field(ge=0, le=100)]


class PointForm(Form):
    """A point: quantity, measurement, interval, and its unit where it is not the profile's."""

    register_name: Annotated[str, Field(alias="register", max_length=MOST_TEXT)]
    measurement: Short
    interval_s: Annotated[float, Field(gt=0, le=86_400)] = 10.0
    unit: Short = ""


class PointsForm(Form):
    """All points of a unit."""

    points: Annotated[list[PointForm], Field(max_length=500)]


class ReferenceForm(Form):
    """What was seen for one quantity: the number as shown, tolerance, where (``display``, ``instrument``), by whom."""

    register_name: Annotated[str, Field(alias="register", max_length=MOST_TEXT)]
    shown: Short
    tolerance: Annotated[float, Field(ge=0, le=1e12)] = 0.0
    where: Short = "display"
    by: Short = ""


class ProveForm(Form):
    """References to be proven together."""

    references: Annotated[list[ReferenceForm], Field(min_length=1, max_length=200)]


class WatchForm(Form):
    """How long a unit is watched."""

    seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0


class PlaceForm(Form):
    """Where a unit belongs."""

    facility: Short
    facility_class: Short = ""
    governance_cell: Short = ""
    construction_cell: Short = ""
    note: Annotated[str, Field(max_length=MOST_NOTE)] = ""
    name: Short = ""


class UnitsForm(Form):
    """Units; empty: all that are meant."""

    units: Annotated[list[UnitId], Field(max_length=255)] = []


class ChoicesForm(Form):
    """Profiles by unit; an empty one takes the profile away."""

    profiles: Annotated[dict[UnitId, Short], Field(min_length=1, max_length=255)]


class ProveManyForm(Form):
    """References by unit."""

    units: Annotated[dict[UnitId, ProveForm], Field(min_length=1, max_length=255)]


class PlacesForm(Form):
    """Places by unit."""

    units: Annotated[dict[UnitId, PlaceForm], Field(min_length=1, max_length=255)]


class SignForm(Form):
    """Who signs."""

    by: Short


class DrillForm(Form):
    """A test alarm of a point: its quantity, and who asks."""

    register_name: Annotated[str, Field(alias="register", max_length=MOST_TEXT)]
    by: Short = ""


class EntryForm(Form):
    """The access code."""

    code: Short


# --- what is answered -----------------------------------------------------------------------------------------------


class ProblemPart(BaseModel):
    """One wrong field or cell: where it is, what is wrong, what to do; row and column from 1, 0 when it has none."""

    where: str
    what: str
    fix: str = ""
    row: int = 0
    column: int = 0


class SiteProblem(BaseModel):
    """Why something was not done (RFC 9457), in the reader's language."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    fix: str
    instance: str = ""
    errors: list[ProblemPart] = []


class EntryView(BaseModel):
    """Whether a code is needed here, and whether this browser has entered it."""

    needed: bool
    open: bool


class BusView(BaseModel):
    """The bus; ``live``: the gateway polls it too; ``settings``: serial settings can be tried."""

    id: str
    address: str
    gateway: str
    live: bool
    settings: bool


class RunView(BaseModel):
    """A step that is using the bus, and how far it is (counters that do not belong to it are 0).

    A step for many units says how many there are and how many are done; ``unit`` is then the one at work.
    """

    number: int
    step: Step
    unit: int | None
    began_ms: int
    units: int = 0
    units_done: int = 0
    asked: int = 0
    planned: int = 0
    left_s: float = 0.0
    errors: int = 0
    stopping: bool = False


class RunEnd(BaseModel):
    """How the last step ended; ``problem`` says why it could not be done."""

    number: int
    step: Step
    unit: int | None
    ended_ms: int
    stopped: bool
    problem: Text | None = None


class SearchView(BaseModel):
    """The last search."""

    asked: int
    settings: int
    units: int
    ended: bool
    any_address: bool


class SolvedView(BaseModel):
    """One quantity that was solved: what was typed, candidates, the one in use (-1: none)."""

    shown: list[str]
    candidates: tuple[HypothesisState, ...]
    chosen: int
    decided: bool


class UnitView(BaseModel):
    """One unit; see ``gateway.site_survey.state.UnitState``."""

    unit: int
    setting: str
    sure: bool
    response_ms: float | None
    name: str
    identity: dict[int, str]
    fits: tuple[FitState, ...]
    identified: bool
    alike: tuple[AlikeState, ...]
    profile: str
    product: Text | None
    notes: list[Text]
    snapshot_ms: int | None
    solution: SolutionState | None
    solved: dict[str, SolvedView]
    points: dict[str, PointState]
    timing: TimingState | None
    frames: tuple[RawFrame, ...]
    placement: Placement | None
    photos: dict[str, str]
    template: int
    drills: dict[str, DrillState]
    done: tuple[Step, ...]


class SiteState(BaseModel):
    """All of the session, as the page shows it.

    Attributes:
        version: grows with every change.
        tests: there is a gateway that sends test alarms.
    """

    version: int
    now_ms: int
    program: str
    live_buses: tuple[str, ...]
    bus: BusView | None
    search: SearchView | None
    units: list[UnitView]
    signed: SignedState | None
    unproven: list[str]
    run: RunView | None
    ended: RunEnd | None
    tests: bool


class ProfileView(BaseModel):
    """A product that can be chosen."""

    key: str
    product: Text


class QuantityName(BaseModel):
    """A quantity of a product: its name, what people call it, and its UCUM code."""

    name: str
    label: Text
    unit: str


class MeaningView(BaseModel):
    """One way to read words."""

    type: DataType
    order: str
    value: float
    plausibility: float


class CellView(BaseModel):
    """One address: its word in hexadecimal, and its meanings, the most plausible first."""

    function: int
    address: int
    word: str
    meanings: list[MeaningView]


class QuantityView(BaseModel):
    """One quantity as the unit's own map has it now, and what it reads (None: not read, or not usable).

    ``label`` is what people call it, ``note`` what they should know, ``meaning`` what the value stands for.
    """

    name: str
    label: Text
    note: Text | None
    unit: str
    function: int
    address: int
    type: DataType
    order: Order
    factor: float
    value: float | None
    text: str
    meaning: Text | None


class ReadingView(BaseModel):
    """The live grid of a unit: when it was read (None: never), words, quantities."""

    time_ms: int | None
    cells: list[CellView]
    quantities: list[QuantityView]


class BulkRow(BaseModel):
    """One row of a table that would be, or was, applied."""

    row: int
    unit: int
    facility: str
    name: str
    known: bool


class BulkView(BaseModel):
    """What a table does; ``applied`` is false for a dry run."""

    applied: bool
    template: int
    rows: list[BulkRow]


class ConfigurationView(BaseModel):
    """The gateway's fragment, profiles of this site by file name, and where the signed record belongs (empty: none)."""

    buses: str
    profiles: dict[str, str]
    record: str


class FrameView(BaseModel):
    """A raw frame on the bus, in hexadecimal; ``number`` counts them."""

    number: int
    time_ms: int
    sent: bool
    data: str
    unit: int | None


class UnitTraffic(BaseModel):
    """What the last minute held for one unit; ``percent`` of the time it kept the bus busy."""

    unit: int
    asked: int
    answered: int
    exceptions: int
    silent: int
    percent: float
    mean_ms: float | None


class TrafficView(BaseModel):
    """New frames, and the last minute of the bus; an exception is an answer, silence is none."""

    frames: list[FrameView]
    asked: int
    silent: int
    percent: float
    units: list[UnitTraffic]
