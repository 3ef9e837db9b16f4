"""Projects, their ledgers, cost books, warnings and the order of renewal, over SQL: ``core.ports.funds.Funds``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Actor, CaseState, Conflict, UnknownItem
from core.places import Text
from core.ports.closure import Cost
from core.ports.funds import (
    Balance,
    BookLine,
    EntryKind,
    FacilityCosts,
    Forecast,
    ForecastBasis,
    FundEntry,
    FundPhase,
    FundSource,
    FundsWarning,
    Project,
    ProjectState,
    Renewal,
)
from core.ports.registry import Facility
from dispatch import findings, funds, tables
from dispatch import funds_findings as kinds
from dispatch.closure_tables import report
from dispatch.database import reading, writing
from dispatch.facility_costs import costs_of
from dispatch.forecast import Past, forecasts, rates_of
from dispatch.funds_tables import fund_entry, project, project_facility
from dispatch.policy import Policy
from dispatch.renewal import Aging, Weights, ranked

YEAR_MS = 365.25 * 86_400_000
_DAYS_AHEAD = 365


@dataclass(frozen=True, kw_only=True, slots=True)
class Money:
    """A city's numbers; proposals, to be set by each city.

    Attributes:
        labour_fen_per_h: what an hour of labour counts.
        history_years: how far back repairs are looked at.
        life_years: how long a class is made for, where somebody has said so.
        people, renewal_fen: names of the facilities' attributes that say how many people one serves, and what a new
            one would cost in fen.
        weights: of the order of renewal.
    """

    labour_fen_per_h: int = 6_000
    history_years: float = 5.0
    life_years: Mapping[str, float] | None = None
    people: str = "people_served"
    renewal_fen: str = "renewal_cost_fen"
    weights: Weights = Weights()  # noqa: RUF009 - frozen


class SqlFunds:
    """Reads and writes; safe to use from several threads and processes."""

    def __init__(
        self,
        engine: sa.Engine,
        facilities: Callable[[], Sequence[Facility]],
        policy: Policy | None = None,
        money: Money | None = None,
    ) -> None:
        """Keep in ``engine``; ``facilities`` are those in use, with owner, age and attributes."""
        self._engine = engine
        self._facilities = facilities
        self._policy = policy or Policy()
        self._money = money or Money()
        self._lock = threading.Lock()
        self._remembered: _Remembered | None = None

    # --- projects and ledgers ---------------------------------------------------------------------------------------

    def projects(self, communities: frozenset[int] | None = None) -> Sequence[Project]:
        """All projects, by code."""
        with reading(self._engine) as connection:
            return _projects(connection, communities)

    def keep_project(self, wanted: Project, actor: Actor, now_ms: int) -> Project:
        """Keep a new project, or change one."""
        places = {one.number: one.community for one in self._facilities()}
        with writing(self._engine) as connection:
            others = _projects(connection, None)
            if wanted.number and wanted.number not in {one.number for one in others}:
                raise UnknownItem(kinds.NO_PROJECT())
            funds.check_project(wanted, others, places)
            values = {
                "code": wanted.code.strip(),
                "name_zh": wanted.name.zh.strip()[:200],
                "name_en": wanted.name.en.strip()[:200],
                "community": wanted.community,
                "state": wanted.state.value,
                "changed_ms": now_ms,
                "changed_by": actor.login,
            }
            if wanted.number:
                connection.execute(sa.update(project).where(project.c.number == wanted.number).values(**values))
                number = wanted.number
            else:
                made = connection.execute(sa.insert(project).returning(project.c.number), values)
                number = int(made.scalar_one())
            connection.execute(sa.delete(project_facility).where(project_facility.c.project == number))
            rows = [{"project": number, "facility": facility} for facility in sorted(set(wanted.facilities))]
            if rows:
                connection.execute(sa.insert(project_facility), rows)
        return replace(wanted, number=number, facilities=tuple(sorted(set(wanted.facilities))))

    def enter(self, entry: FundEntry, actor: Actor, now_ms: int, key: str = "") -> FundEntry:
        """Append a line to a project's ledger, once for each key of its actor."""
        today = self._policy.calendar.day_of(now_ms).isoformat()
        with writing(self._engine) as connection:
            known = sa.select(project.c.number).where(project.c.number == entry.project)
            if connection.execute(known).one_or_none() is None:
                raise UnknownItem(kinds.NO_PROJECT())
            entry = replace(entry, note=entry.note.strip()[:1000], number=0)
            before = _entered(connection, entry, actor, key)
            if before is not None:
                return before
            funds.check_entry(entry, _ledger(connection, entry.project), today)
            values = {
                "project": entry.project,
                "kind": entry.kind.value,
                "source": entry.source.value,
                "phase": entry.phase.value,
                "amount_fen": entry.amount_fen,
                "day": entry.day,
                "note": entry.note,
                "settles": entry.settles,
                "at_ms": now_ms,
                "actor": actor.login,
                "person": actor.person,
                "key": key or None,
            }
            made = connection.execute(sa.insert(fund_entry).returning(fund_entry.c.number), values)
            return replace(entry, number=int(made.scalar_one()))

    def entries(self, number: int) -> Sequence[FundEntry]:
        """The lines of a project's ledger, oldest first."""
        with reading(self._engine) as connection:
            return _ledger(connection, number)

    def balances(self, projects: Sequence[int]) -> Mapping[int, Sequence[Balance]]:
        """The money of projects by source and phase."""
        with reading(self._engine) as connection:
            ledgers = _ledgers(connection)
        return {number: funds.balances(ledgers.get(number, ())) for number in projects}

    # --- books, forecasts, warnings, renewal ------------------------------------------------------------------------

    def books(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Sequence[BookLine]:
        """Cost books by month, from the reports of handling in [from, to)."""
        accounts = {one.number: one.account for one in self._facilities()}
        with reading(self._engine) as connection:
            rows = _reported(connection, from_ms, to_ms, communities)
        spendings = [
            funds.Spending(
                book=accounts.get(row.facility, ""),
                month=self._month_of(row.at_ms),
                case=row.case,
                cost=_cost(row),
            )
            for row in rows
        ]
        return funds.book_lines(spendings, self._money.labour_fen_per_h)

    def costs(self, facility: int, most: int, communities: frozenset[int] | None = None) -> FacilityCosts:
        """What a facility has cost by year and case."""
        with reading(self._engine) as connection:
            return costs_of(
                connection,
                facility,
                books={one.number: one.account for one in self._facilities()},
                month_of=self._month_of,
                labour_fen_per_h=self._money.labour_fen_per_h,
                most=most,
                communities=communities,
            )

    def forecasts(self, now_ms: int, months: int = 12) -> Mapping[int, Forecast]:
        """What the maintenance of every facility in use will cost."""
        return self._looked_back(now_ms, months).forecasts

    def warnings(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[FundsWarning]:
        """How facilities in use are provided for, the worst first."""
        looked = self._looked_back(now_ms, 12)
        places = {number: one.community for number, one in looked.facilities.items()}
        until = (self._policy.calendar.day_of(now_ms) + timedelta(days=_DAYS_AHEAD)).isoformat()
        with reading(self._engine) as connection:
            known = _projects(connection, None)
            ledgers = _ledgers(connection)
        # Shared money is shared among all of a project's facilities, whoever is looking.
        found = funds.warnings(looked.forecasts, known, ledgers, until)
        return [one for one in found if communities is None or places[one.facility] in communities]

    def renewals(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[Renewal]:
        """Facilities in use in the order in which they should be renewed."""
        looked = self._looked_back(now_ms, 12)
        day = self._policy.calendar.day_of(now_ms).isoformat()
        found = [
            looked.aging(one, self._money, day)
            for one in looked.facilities.values()
            if communities is None or one.community in communities
        ]
        return ranked(found, self._money.weights)

    def _month_of(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, self._policy.calendar.zone).strftime("%Y-%m")

    def _looked_back(self, now_ms: int, months: int) -> _LookedBack:
        """The history as it was when it was first asked for on a day, or with this version of the registry.

        A forecast of a year does not change with a report; working it out for every page would.
        """
        found, day = self._facilities(), self._policy.calendar.day_of(now_ms)
        with self._lock:
            known = self._remembered
            if known is None or known.facilities is not found or (known.day, known.months) != (day, months):
                history = self._look_back({one.number: one for one in found}, now_ms, months)
                known = _Remembered(facilities=found, day=day, months=months, history=history)
                self._remembered = known
            return known.history

    def _look_back(self, facilities: Mapping[int, Facility], now_ms: int, months: int) -> _LookedBack:
        from_ms = round(now_ms - self._money.history_years * YEAR_MS)
        case = tables.case
        with reading(self._engine) as connection:
            rows = _reported(connection, from_ms, now_ms, None)
            first_ms = connection.execute(sa.select(sa.func.min(case.c.opened_ms))).scalar_one()
            grave = connection.execute(
                sa.select(case.c.facility, sa.func.count())
                .where(
                    ~case.c.drill,
                    case.c.opened_ms >= from_ms,
                    case.c.severity >= Severity.HIGH.value,
                    case.c.state != CaseState.CANCELLED.value,
                )
                .group_by(case.c.facility)
            ).all()
        begin_ms = max(from_ms, now_ms if first_ms is None else first_ms)
        return _LookedBack(
            facilities=facilities,
            pasts=_pasts(facilities, rows, begin_ms, now_ms, self._money.labour_fen_per_h),
            grave={facility: int(count) for facility, count in grave},
            months=months,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Remembered:
    facilities: Sequence[Facility]
    day: date
    months: int
    history: _LookedBack


class _LookedBack:
    """The history of all facilities, and what follows from it."""

    def __init__(
        self,
        *,
        facilities: Mapping[int, Facility],
        pasts: Mapping[str, Sequence[Past]],
        grave: Mapping[int, int],
        months: int,
    ) -> None:
        self.facilities = facilities
        self.forecasts: dict[int, Forecast] = {}
        self._grave = grave
        self._mean: dict[str, float | None] = {}
        for class_id, some in pasts.items():
            self.forecasts |= forecasts(some, months=months)
            rates = rates_of(some)
            self._mean[class_id] = None if rates is None else rates.mean

    def aging(self, one: Facility, money: Money, day: str) -> Aging:
        """What is known of a facility for the order of renewal."""
        forecast = self.forecasts[one.number]
        known = forecast.basis is not ForecastBasis.FEW
        people, renewal = _number(one, money.people), _number(one, money.renewal_fen)
        return Aging(
            facility=one.number,
            years=forecast.years,
            age_years=one.age_years(day),
            life_years=(money.life_years or {}).get(one.class_id),
            grave=self._grave.get(one.number, 0),
            repairs_a_year=forecast.events * 12 / forecast.months if known else None,
            class_repairs_a_year=self._mean.get(one.class_id),
            people=None if people is None else int(people),
            renewal_fen=None if renewal is None else int(renewal),
            forecast=forecast,
        )


def _number(one: Facility, name: str) -> float | None:
    value = one.attributes.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _pasts(
    facilities: Mapping[int, Facility], rows: Sequence[Any], begin_ms: int, now_ms: int, labour_fen_per_h: int
) -> dict[str, list[Past]]:
    """Histories by class: a facility was watched since cases are kept, or since it was built."""
    costs: dict[int, dict[int, Cost]] = {}
    for row in rows:
        by_case = costs.setdefault(row.facility, {})
        by_case[row.case] = by_case.get(row.case, Cost()) + _cost(row)
    made: dict[str, list[Past]] = {}
    for number, one in facilities.items():
        since_ms = max(begin_ms, _built_ms(one.built))
        spent = tuple(funds.money(cost, labour_fen_per_h) for cost in costs.get(number, {}).values())
        past = Past(facility=number, years=max(0.0, (now_ms - since_ms) / YEAR_MS), costs_fen=spent)
        made.setdefault(one.class_id, []).append(past)
    return made


def _built_ms(built: str) -> int:
    """Midnight, UTC, of the first day on which it can have stood; a day more or less does not matter here."""
    if not built:
        return 0
    first = date.fromisoformat(built + {4: "-01-01", 7: "-01"}.get(len(built), ""))
    return (first - date(1970, 1, 1)).days * 86_400_000


def _reported(connection: sa.Connection, from_ms: int, to_ms: int, communities: frozenset[int] | None) -> Sequence[Any]:
    """Reports of handling with the facility of their case; a false alarm costs too."""
    case = tables.case
    query = (
        sa.select(report, case.c.facility)
        .join(case, case.c.number == report.c.case)
        .where(report.c.at_ms >= from_ms, report.c.at_ms < to_ms, ~case.c.drill, case.c.facility != 0)
        .order_by(report.c.number)
    )
    if communities is not None:
        query = query.where(case.c.community.in_(communities))
    return connection.execute(query).all()


def _cost(row: Any) -> Cost:
    return Cost(labour_min=row.labour_min, parts_fen=row.parts_fen, contractor_fen=row.contractor_fen)


def _projects(connection: sa.Connection, communities: frozenset[int] | None) -> list[Project]:
    query = sa.select(project).order_by(project.c.code)
    if communities is not None:
        query = query.where(project.c.community.in_(communities))
    facilities: dict[int, list[int]] = {}
    for row in connection.execute(sa.select(project_facility).order_by(project_facility.c.facility)):
        facilities.setdefault(row.project, []).append(row.facility)
    return [
        Project(
            number=row.number,
            code=row.code,
            name=Text(zh=row.name_zh, en=row.name_en),
            community=row.community,
            state=ProjectState(row.state),
            facilities=tuple(facilities.get(row.number, ())),
        )
        for row in connection.execute(query)
    ]


def _ledger(connection: sa.Connection, number: int) -> list[FundEntry]:
    query = sa.select(fund_entry).where(fund_entry.c.project == number).order_by(fund_entry.c.number)
    return [_entry(row) for row in connection.execute(query)]


def _ledgers(connection: sa.Connection) -> dict[int, list[FundEntry]]:
    """Those of all projects that have a line, by number."""
    found: dict[int, list[FundEntry]] = {}
    for row in connection.execute(sa.select(fund_entry).order_by(fund_entry.c.number)):
        found.setdefault(row.project, []).append(_entry(row))
    return found


def _entered(connection: sa.Connection, entry: FundEntry, actor: Actor, key: str) -> FundEntry | None:
    """The line that this actor entered with this key before."""
    if not key:
        return None
    mine = (fund_entry.c.actor == actor.login, fund_entry.c.key == key)
    row = connection.execute(sa.select(fund_entry).where(*mine)).one_or_none()
    if row is None:
        return None
    known = _entry(row)
    if replace(known, number=0) != entry:
        raise Conflict("key_reused", findings.KEY_REUSED())
    return known


def _entry(row: Any) -> FundEntry:
    return FundEntry(
        number=row.number,
        project=row.project,
        kind=EntryKind(row.kind),
        source=FundSource(row.source),
        phase=FundPhase(row.phase),
        amount_fen=row.amount_fen,
        day=row.day,
        note=row.note,
        settles=row.settles,
    )
