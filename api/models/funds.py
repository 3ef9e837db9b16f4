"""Projects, money and renewal as they travel."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Bilingual, CommunityRef, FacilityRef, Model, Number, TimeMs
from core.ports.funds import Cover, EntryKind, ForecastBasis, FundPhase, FundSource, ProjectState

MOST_FACILITIES = 2_000
_DAY = r"^\d{4}-\d{2}-\d{2}$"


class ProjectForm(Model):
    """A project as somebody writes it."""

    code: str = Field(min_length=1, max_length=64, examples=["lifts-2026"])
    name_zh: str = Field(min_length=1, max_length=200)
    name_en: str = Field(min_length=1, max_length=200)
    community: Number
    state: ProjectState
    facilities: list[Number] = Field(max_length=MOST_FACILITIES, description="what it pays for")


class Balance(Model):
    """Money of one source and phase, fen."""

    source: FundSource
    phase: FundPhase
    pledged_fen: int = Field(description="still promised")
    received_fen: int
    spent_fen: int
    left_fen: int


class ProjectDetail(Model):
    """A project with its money."""

    id: Number
    code: str
    name: Bilingual
    community: CommunityRef
    state: ProjectState
    facilities: list[FacilityRef]
    balances: list[Balance]


class Projects(Model):
    """All projects in sight."""

    items: list[ProjectDetail]


class EntryForm(Model):
    """A line of a ledger as somebody writes it."""

    kind: EntryKind
    source: FundSource
    phase: FundPhase
    amount_fen: int = Field(ge=-(10**13), le=10**13, description="not 0; negative takes back")
    day: str = Field(pattern=_DAY, examples=["2026-11-30"])
    note: str = Field(default="", max_length=1000)
    settles: Number | None = Field(default=None, description="of received money: the pledge that it redeems")


class Entry(Model):
    """A line of a ledger."""

    id: Number
    kind: EntryKind
    source: FundSource
    phase: FundPhase
    amount_fen: int
    day: str
    note: str
    settles: Number | None


class Ledger(Model):
    """The lines of a project, oldest first."""

    items: list[Entry]


class BookLine(Model):
    """A month of a cost book."""

    book: str = Field(description="empty: facilities whose owner nobody knows")
    name: Bilingual = Field(description="of the owner, or what the registry calls the book")
    month: str = Field(examples=["2026-10"])
    cases: int
    labour_min: int
    parts_fen: int
    contractor_fen: int
    money_fen: int = Field(description="labour as money too")


class CostBooks(Model):
    """Cost books by month."""

    items: list[BookLine]


class CostsByKind(Model):
    """A cost by kind."""

    labour_min: int
    labour_fen: int = Field(description="labour as money; what parts and contractor leave of the sum")
    parts_fen: int
    contractor_fen: int
    money_fen: int = Field(description="the sum")


class YearOfCosts(CostsByKind):
    """What a facility cost in a calendar year."""

    year: int = Field(examples=[2026])
    cases: int = Field(description="whose handling was reported; one of two years counts in both")


class CaseOfCosts(CostsByKind):
    """What a case cost."""

    id: Number
    code: str = Field(examples=["C-2026-000123"])
    say: Bilingual
    facility: FacilityRef = Field(description="in whose book it stands")
    book: Bilingual = Field(description="name of that book; empty: nobody knows the owner")
    others: int = Field(description="so many other facilities it was about")
    reported_ms: TimeMs = Field(description="when its handling was last reported")


class FacilityCosts(Model):
    """What a facility has cost; money of other owners' books stands apart and is counted nowhere here."""

    book: Bilingual = Field(description="empty: nobody knows the owner")
    labour_fen_per_h: int = Field(description="what an hour of labour counts")
    years: list[YearOfCosts] = Field(description="the newest first; together they are all of it")
    cases: list[CaseOfCosts] = Field(description="the newest first")
    total: int = Field(description="so many cases there are")
    elsewhere: list[CaseOfCosts] = Field(description="about this facility too, in the books of others")


class Forecast(Model):
    """What maintenance will cost."""

    basis: ForecastBasis
    months: int
    level: float = Field(description="probability of the interval")
    mean_fen: int
    low_fen: int
    high_fen: int
    likely_fen: int = Field(description="in four of five years it is not more")
    events: float
    repairs: int = Field(description="of its own history")
    years: float
    class_repairs: int
    class_years: float


class FundsWarning(Model):
    """How a facility in use is provided for."""

    facility: FacilityRef
    project: str | None = Field(description="code; null: none pays for it")
    cover: Cover
    left_fen: int
    due_fen: int
    months: float | None = Field(description="how long it lasts at the expected cost; null: nobody can say")
    forecast: Forecast
    why: Bilingual


class FundsWarnings(Model):
    """The worst first; ``total`` counts those left out too."""

    items: list[FundsWarning]
    total: int


class Renewal(Model):
    """A facility in the order of renewal."""

    facility: FacilityRef
    rank: int
    score: float
    low: float = Field(description="if what is not known were as good as can be")
    high: float = Field(description="if it were as bad as can be")
    condition: float | None
    risk: float | None
    people: float | None
    waiting: float | None
    reasons: list[Bilingual]


class Renewals(Model):
    """First what should be renewed first; ``total`` counts those left out too."""

    items: list[Renewal]
    total: int
