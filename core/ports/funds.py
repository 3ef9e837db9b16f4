"""Money for facilities: projects with their sources, cost books, what maintenance will cost, what to renew first.

Money is in fen throughout. The theory stands in ``docs/funds.md``; the decisions in ``dispatch/funds.py``,
``dispatch/forecast.py`` and ``dispatch/renewal.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.cases import Actor
from core.findings import Said
from core.places import Text
from core.ports.closure import Cost


class FundSource(StrEnum):
    """Who gives money."""

    GOVERNMENT = "government"
    """Subsidy (政府补助)."""
    DONATION = "donation"
    """捐赠."""
    OWNERS = "owners"
    """Collected from the owners, maintenance funds included (业主筹集)."""
    ENTERPRISE = "enterprise"
    """企业出资."""


class FundPhase(StrEnum):
    """What money is for."""

    STARTUP = "startup"
    """To build it or put it in."""
    FOLLOW_UP = "follow_up"
    """To keep it going."""


class EntryKind(StrEnum):
    """What a line of the ledger says."""

    PLEDGED = "pledged"
    """Promised for a day; becomes received money with a line of its own."""
    RECEIVED = "received"
    SPENT = "spent"


class ProjectState(StrEnum):
    """Where a project stands."""

    PLANNED = "planned"
    BUILDING = "building"
    OPERATING = "operating"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class FundEntry:
    """A line of a project's ledger; only ever appended, a slip is taken back by a line of the opposite sign.

    Attributes:
        number: of the line, 0 before it is kept.
        day: ISO date on which it was, or is to be, paid.
        amount_fen: not 0; negative takes back.
        settles: of received money, the pledge that it redeems; ``None``: none.
    """

    project: int
    kind: EntryKind
    source: FundSource
    phase: FundPhase
    amount_fen: int
    day: str
    note: str = ""
    number: int = 0
    settles: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """Something that is built and then has to be kept going.

    Attributes:
        number: 0 before it is kept; code: unique, as people know it.
        facilities: registry numbers of what it pays for.
    """

    code: str
    name: Text
    community: int
    state: ProjectState
    facilities: tuple[int, ...] = ()
    number: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """Money of one source and phase.

    Attributes:
        pledged_fen: what is still promised; received_fen, spent_fen: so far.
    """

    source: FundSource
    phase: FundPhase
    pledged_fen: int
    received_fen: int
    spent_fen: int

    @property
    def left_fen(self) -> int:
        """What is there."""
        return self.received_fen - self.spent_fen


@dataclass(frozen=True, kw_only=True, slots=True)
class BookLine:
    """A month of a cost book.

    Attributes:
        book: name of the book; empty: facilities whose owner nobody knows.
        month: ``2026-10``.
        cases: whose handling was reported.
        money_fen: labour at the rate asked for, parts and contractors.
    """

    book: str
    month: str
    cases: int
    cost: Cost
    money_fen: int


@dataclass(frozen=True, kw_only=True, slots=True)
class YearOfCosts:
    """What a facility cost in a calendar year, by when the handling was reported.

    Attributes:
        cases: whose handling was reported; one that was handled in two years counts in both.
        money_fen: labour at the city's rate, parts and contractors.
    """

    year: int
    cases: int
    cost: Cost
    money_fen: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseCost:
    """What a case cost.

    Attributes:
        number, code, say: of the case; facility: in whose book it stands; book: name of that.
        others: so many other facilities it was about.
        reported_ms: when its handling was last reported.
        money_fen: labour at the city's rate, parts and contractors.
    """

    number: int
    code: str
    say: Text
    facility: int
    book: str
    others: int
    reported_ms: int
    cost: Cost
    money_fen: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FacilityCosts:
    """What a facility has cost.

    Attributes:
        book: in which it stands; empty: nobody knows the owner.
        years: the newest first; together they are all of it.
        cases: the newest first, ``total`` of them, so many as were asked for.
        elsewhere: cases that were about it too and stand in the books of other facilities; counted in none of the
            above.
    """

    book: str
    labour_fen_per_h: int
    years: Sequence[YearOfCosts]
    cases: Sequence[CaseCost]
    total: int
    elsewhere: Sequence[CaseCost]


class ForecastBasis(StrEnum):
    """What a forecast rests on."""

    OWN = "own"
    """More on its own history than on that of its class."""
    CLASS = "class"
    FEW = "few"
    """Too little history; nothing is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What maintenance will cost over a time to come.

    Attributes:
        mean_fen: expected; low_fen, high_fen: with probability ``level`` it lies between them.
        likely_fen: in four of five years it is not more.
        events: expected number of repairs.
        repairs, years: of its own history; class_repairs, class_years: of its class, itself included.
    """

    basis: ForecastBasis
    months: int
    level: float
    mean_fen: int
    low_fen: int
    high_fen: int
    likely_fen: int
    events: float
    repairs: int
    years: float
    class_repairs: int
    class_years: float


class Cover(StrEnum):
    """Follow-up money beside what maintenance will cost."""

    NONE = "none"
    """There is none at all."""
    SHORT = "short"
    """Less than is expected to be needed."""
    TIGHT = "tight"
    """Enough for the expected, not for four of five years."""
    ENOUGH = "enough"
    UNKNOWN = "unknown"
    """There is money, and too little history to say for what."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FundsWarning:
    """How a facility in operation is provided for.

    Attributes:
        project: code; empty: none pays for it.
        left_fen: follow-up money there is; due_fen: promised within the forecast's months. Money of a project that
            pays for several facilities is shared out as their forecasts are.
        months: how long it lasts at the expected cost; ``None``: not known, or for ever.
        why: in words.
    """

    facility: int
    project: str
    cover: Cover
    left_fen: int
    due_fen: int
    months: float | None
    forecast: Forecast
    why: Said


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """A facility in the order in which facilities should be renewed.

    Attributes:
        rank: 1 is first.
        score: 0 to 1; low, high: if what is not known were as good, or as bad, as can be.
        condition, risk, people, waiting: 0 to 1 each; ``None``: not known.
        reasons: in words, the heaviest first.
    """

    facility: int
    rank: int
    score: float
    low: float
    high: float
    condition: float | None
    risk: float | None
    people: float | None
    waiting: float | None
    reasons: Sequence[Said]


class Funds(Protocol):
    """Ledger, books, forecasts. Methods raise ``core.errors.Unavailable`` if the database does not answer."""

    def projects(self, communities: frozenset[int] | None = None) -> Sequence[Project]:
        """All projects; ``None`` is every community."""
        ...

    def keep_project(self, project: Project, actor: Actor, now_ms: int) -> Project:
        """Keep a new project (number 0), or change one.

        Raises:
            core.cases.UnknownItem: if there is no such project.
            core.errors.Invalid: with everything that is wrong in it.
        """
        ...

    def enter(self, entry: FundEntry, actor: Actor, now_ms: int, key: str = "") -> FundEntry:
        """Append a line to a project's ledger; the same (actor, ``key``) again answers as the first time.

        Args:
            entry: the line.
            actor: who enters it.
            now_ms: UTC milliseconds.
            key: at most 64 characters; empty: each call is a line of its own.

        Raises:
            core.cases.UnknownItem: if there is no such project.
            core.cases.Conflict: ``key_reused`` if the key stands for another line.
            core.errors.Invalid: with everything that is wrong in it.
        """
        ...

    def entries(self, project: int) -> Sequence[FundEntry]:
        """The lines of a project's ledger, oldest first."""
        ...

    def balances(self, projects: Sequence[int]) -> Mapping[int, Sequence[Balance]]:
        """The money of each by source and phase; what it never had is left out."""
        ...

    def books(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Sequence[BookLine]:
        """Cost books by month, from what was reported in [from, to)."""
        ...

    def costs(self, facility: int, most: int, communities: frozenset[int] | None = None) -> FacilityCosts:
        """What a facility has cost by year and case, ``most`` cases of each list; drills cost nothing."""
        ...

    def warnings(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[FundsWarning]:
        """How facilities in use are provided for, the worst first."""
        ...

    def renewals(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[Renewal]:
        """Facilities in use in the order in which they should be renewed."""
        ...
