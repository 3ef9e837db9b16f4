"""Projects, money and renewal, for pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from api.access import Caller
from api.histories import asked_range
from api.idempotency import bound_key
from api.models import funds as models
from api.models.base import Bilingual
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.findings import Speaks
from core.places import Text
from core.ports import funds as rows
from core.ports.closure import Cost
from core.ports.registry import Owner, OwnerKind

_YEAR_MS = 366 * 86_400_000
_LONGEST_MS = 5 * _YEAR_MS
"""Of a cost book: every report of the span is read."""


class FundsDesk:
    """What people see and enter of money; nobody reaches a project outside their communities."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join money and places."""
        self._ports = ports
        self._places = places

    def projects(self, caller: Caller, community: int | None) -> models.Projects:
        """All in sight."""
        found = self._ports.funds.projects(caller.narrowed(community))
        return models.Projects(items=self._projects(found))

    def keep(self, caller: Caller, number: int, form: models.ProjectForm) -> models.ProjectDetail:
        """A new project (0), or a changed one; the caller must see it before and after."""
        if number:
            self._seen(caller, number)
        if not caller.sees(form.community):
            raise ProblemError(Problems.NOT_FOUND)
        wanted = rows.Project(
            number=number,
            code=form.code,
            name=Text(zh=form.name_zh, en=form.name_en),
            community=form.community,
            state=form.state,
            facilities=tuple(form.facilities),
        )
        kept = self._ports.funds.keep_project(wanted, caller.actor, self._ports.clock.now_ms())
        return self._projects([kept])[0]

    def ledger(self, caller: Caller, number: int) -> models.Ledger:
        """The lines of a project."""
        self._seen(caller, number)
        return models.Ledger(items=[_entry(one) for one in self._ports.funds.entries(number)])

    def enter(self, caller: Caller, number: int, form: models.EntryForm, key: str) -> models.Entry:
        """A new line; the same key again answers as the first time."""
        self._seen(caller, number)
        wanted = rows.FundEntry(
            project=number,
            kind=form.kind,
            source=form.source,
            phase=form.phase,
            amount_fen=form.amount_fen,
            day=form.day,
            note=form.note,
            settles=form.settles,
        )
        now_ms = self._ports.clock.now_ms()
        return _entry(self._ports.funds.enter(wanted, caller.actor, now_ms, bound_key(key, "entry")))

    def books(
        self, caller: Caller, *, community: int | None, from_ms: int | None, to_ms: int | None
    ) -> models.CostBooks:
        """Cost books by month; the last year unless told otherwise."""
        begin_ms, end_ms = asked_range(from_ms, to_ms, self._ports.clock.now_ms(), _YEAR_MS)
        if end_ms - begin_ms > _LONGEST_MS:
            raise ProblemError(Problems.RANGE_TOO_LARGE)
        found = self._ports.funds.books(begin_ms, end_ms, caller.narrowed(community))
        return models.CostBooks(
            items=[
                models.BookLine(
                    book=one.book,
                    name=self._book_name(one.book),
                    month=one.month,
                    cases=one.cases,
                    labour_min=one.cost.labour_min,
                    parts_fen=one.cost.parts_fen,
                    contractor_fen=one.cost.contractor_fen,
                    money_fen=one.money_fen,
                )
                for one in found
            ]
        )

    def costs(self, caller: Caller, facility: int, limit: int) -> models.FacilityCosts:
        """What a facility has cost.

        Raises:
            ProblemError: ``NOT_FOUND`` for a facility out of sight.
        """
        found = self._ports.registry.facility(facility)
        if found is None or not caller.sees(found.facility.community):
            raise ProblemError(Problems.NOT_FOUND)
        costs, places = self._ports.funds.costs(facility, limit, caller.horizon), self._places.now()
        return models.FacilityCosts(
            book=self._book_name(costs.book),
            labour_fen_per_h=costs.labour_fen_per_h,
            years=[
                models.YearOfCosts(year=one.year, cases=one.cases, **_by_kind(one.cost, one.money_fen))
                for one in costs.years
            ],
            cases=[self._case(one, places) for one in costs.cases],
            total=costs.total,
            elsewhere=[self._case(one, places) for one in costs.elsewhere],
        )

    def warnings(self, caller: Caller, community: int | None, limit: int) -> models.FundsWarnings:
        """How facilities in use are provided for."""
        found = self._ports.funds.warnings(self._ports.clock.now_ms(), caller.narrowed(community))
        places = self._places.now()
        return models.FundsWarnings(items=[_warning(one, places) for one in found[:limit]], total=len(found))

    def renewals(self, caller: Caller, community: int | None, limit: int) -> models.Renewals:
        """What to renew first."""
        found = self._ports.funds.renewals(self._ports.clock.now_ms(), caller.narrowed(community))
        places = self._places.now()
        return models.Renewals(items=[_renewal(one, places) for one in found[:limit]], total=len(found))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _case(self, one: rows.CaseCost, places: Places) -> models.CaseOfCosts:
        return models.CaseOfCosts(
            id=one.number,
            code=one.code,
            say=Bilingual.of(one.say),
            facility=places.facility_ref(one.facility),
            book=self._book_name(one.book),
            others=one.others,
            reported_ms=one.reported_ms,
            **_by_kind(one.cost, one.money_fen),
        )

    def _book_name(self, book: str) -> Bilingual:
        """A book that was not given a name of its own is that of an owner: ``village:east``."""
        kind, _, code = book.partition(":")
        if code and kind in set(OwnerKind):
            return Bilingual.of(self._ports.book.owner_name(Owner(kind=OwnerKind(kind), code=code)))
        return Bilingual(zh=book, en=book)

    def _seen(self, caller: Caller, number: int) -> None:
        if number not in {one.number for one in self._ports.funds.projects(caller.horizon)}:
            raise ProblemError(Problems.NOT_FOUND)

    def _projects(self, found: Sequence[rows.Project]) -> list[models.ProjectDetail]:
        places, money = self._places.now(), self._ports.funds.balances([one.number for one in found])
        return [_project(one, money[one.number], places) for one in found]


class _ByKind(TypedDict):
    labour_min: int
    labour_fen: int
    parts_fen: int
    contractor_fen: int
    money_fen: int


def _by_kind(cost: Cost, money_fen: int) -> _ByKind:
    """A cost by kind; the kinds add up to the sum, which is rounded once."""
    return _ByKind(
        labour_min=cost.labour_min,
        labour_fen=money_fen - cost.parts_fen - cost.contractor_fen,
        parts_fen=cost.parts_fen,
        contractor_fen=cost.contractor_fen,
        money_fen=money_fen,
    )


def said(words: Speaks) -> Bilingual:
    """What is said, in both languages."""
    return Bilingual(zh=words.in_language("zh"), en=words.in_language("en"))


def _project(one: rows.Project, balances: Sequence[rows.Balance], places: Places) -> models.ProjectDetail:
    return models.ProjectDetail(
        id=one.number,
        code=one.code,
        name=Bilingual.of(one.name),
        community=places.community_ref(one.community),
        state=one.state,
        facilities=[places.facility_ref(facility) for facility in one.facilities],
        balances=[
            models.Balance(
                source=each.source,
                phase=each.phase,
                pledged_fen=each.pledged_fen,
                received_fen=each.received_fen,
                spent_fen=each.spent_fen,
                left_fen=each.left_fen,
            )
            for each in balances
        ],
    )


def _entry(one: rows.FundEntry) -> models.Entry:
    return models.Entry(
        id=one.number,
        kind=one.kind,
        source=one.source,
        phase=one.phase,
        amount_fen=one.amount_fen,
        day=one.day,
        note=one.note,
        settles=one.settles,
    )


def _warning(one: rows.FundsWarning, places: Places) -> models.FundsWarning:
    forecast = one.forecast
    return models.FundsWarning(
        facility=places.facility_ref(one.facility),
        project=one.project or None,
        cover=one.cover,
        left_fen=one.left_fen,
        due_fen=one.due_fen,
        months=one.months,
        forecast=models.Forecast(
            basis=forecast.basis,
            months=forecast.months,
            level=forecast.level,
            mean_fen=forecast.mean_fen,
            low_fen=forecast.low_fen,
            high_fen=forecast.high_fen,
            likely_fen=forecast.likely_fen,
            events=forecast.events,
            repairs=forecast.repairs,
            years=forecast.years,
            class_repairs=forecast.class_repairs,
            class_years=forecast.class_years,
        ),
        why=said(one.why),
    )


def _renewal(one: rows.Renewal, places: Places) -> models.Renewal:
    return models.Renewal(
        facility=places.facility_ref(one.facility),
        rank=one.rank,
        score=one.score,
        low=one.low,
        high=one.high,
        condition=one.condition,
        risk=one.risk,
        people=one.people,
        waiting=one.waiting,
        reasons=[said(each) for each in one.reasons],
    )
