"""Projects, ledgers, books and warnings over a database, from what workers report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.cases import Actor, Conflict, UnknownItem
from core.closure import HandlingReport
from core.errors import Invalid
from core.places import Text
from core.ports.funds import (
    Cover,
    EntryKind,
    ForecastBasis,
    FundEntry,
    FundPhase,
    FundSource,
    Project,
    ProjectState,
)
from core.ports.registry import Facility, FacilityFilter, PageRequest
from dispatch.funds_desk import SqlFunds
from tests.unit.dispatch.hall import HOUR, MONDAY_9, Hall
from tests.unit.dispatch.test_closure import closed, opened

DAY = 24 * HOUR
CLERK = Actor(login="clerk")


def facilities(hall: Hall) -> Sequence[Facility]:
    """All of the small city."""
    return hall.city.registry.facilities(FacilityFilter(), PageRequest(limit=500)).items


def funds_of(hall: Hall) -> SqlFunds:
    return SqlFunds(hall.engine, lambda: facilities(hall))


def project_of(hall: Hall, *codes: str, state: ProjectState = ProjectState.OPERATING) -> Project:
    numbers = tuple(hall.city.facility(code) for code in codes)
    community = next(one.community for one in facilities(hall) if one.number == numbers[0])
    name = Text(zh="泵站改造", en="Pumps renewed")
    return Project(code="pumps", name=name, community=community, state=state, facilities=numbers)


def money(project: int, amount: int, kind: EntryKind = EntryKind.RECEIVED, **values: object) -> FundEntry:
    usual = FundEntry(
        project=project,
        kind=kind,
        source=FundSource.OWNERS,
        phase=FundPhase.FOLLOW_UP,
        amount_fen=amount,
        day="2026-11-20",
    )
    return replace(usual, **values)  # type: ignore[arg-type]


def test_a_project_is_kept_changed_and_read_again(hall: Hall) -> None:
    """A project is kept changed and read again."""
    desk = funds_of(hall)
    kept = desk.keep_project(project_of(hall, "aa-sp-01"), CLERK, MONDAY_9)
    assert desk.projects() == [kept]
    changed = desk.keep_project(replace(kept, state=ProjectState.ENDED, facilities=()), CLERK, MONDAY_9)
    assert desk.projects() == [changed]
    assert desk.projects(frozenset({99})) == []
    with pytest.raises(UnknownItem):
        desk.keep_project(replace(kept, number=77), CLERK, MONDAY_9)


def test_money_sent_again_after_an_answer_got_lost_counts_once(hall: Hall) -> None:
    """By its key; another line with it is refused, and another person's key is another one."""
    desk = funds_of(hall)
    number = desk.keep_project(project_of(hall, "aa-sp-01"), CLERK, MONDAY_9).number
    line = money(number, 900, note=" from the owners ")
    first = desk.enter(line, CLERK, MONDAY_9, "k1")
    assert desk.enter(line, CLERK, MONDAY_9 + HOUR, "k1") == first
    assert desk.entries(number) == [first]
    with pytest.raises(Conflict) as refused:
        desk.enter(replace(line, amount_fen=901), CLERK, MONDAY_9, "k1")
    assert refused.value.code == "key_reused"
    others = [desk.enter(line, Actor(login="bookkeeper"), MONDAY_9, "k1"), desk.enter(line, CLERK, MONDAY_9)]
    assert desk.entries(number) == [first, *others]


def test_a_ledger_takes_what_can_be_and_keeps_it_in_order(hall: Hall) -> None:
    """A ledger takes what can be and keeps it in order."""
    desk = funds_of(hall)
    number = desk.keep_project(project_of(hall, "aa-sp-01"), CLERK, MONDAY_9).number
    pledge = desk.enter(money(number, 900, EntryKind.PLEDGED, day="2027-03-01"), CLERK, MONDAY_9)
    paid = desk.enter(money(number, 800, settles=pledge.number), CLERK, MONDAY_9)
    assert desk.entries(number) == [pledge, paid]
    with pytest.raises(Invalid):
        desk.enter(money(number, 801, EntryKind.SPENT), CLERK, MONDAY_9)
    with pytest.raises(Invalid):
        desk.enter(money(number, 1, day="2026-11-24"), CLERK, MONDAY_9)
    with pytest.raises(UnknownItem):
        desk.enter(money(number + 1, 1), CLERK, MONDAY_9)
    assert desk.entries(number) == [pledge, paid]


def test_the_money_of_each_project_is_its_own(hall: Hall) -> None:
    """All are read at once; a project without a line has no money."""
    desk = funds_of(hall)
    first = desk.keep_project(project_of(hall, "aa-sp-01"), CLERK, MONDAY_9).number
    others = [
        desk.keep_project(replace(project_of(hall, "aa-sp-01"), code=code, facilities=()), CLERK, MONDAY_9).number
        for code in ("roofs", "doors")
    ]
    desk.enter(money(first, 900), CLERK, MONDAY_9)
    desk.enter(money(others[0], 70), CLERK, MONDAY_9)
    desk.enter(money(first, 400, EntryKind.SPENT), CLERK, MONDAY_9)
    found = desk.balances([first, *others])
    left = {number: [one.left_fen for one in some] for number, some in found.items()}
    assert left == {first: [500], others[0]: [70], others[1]: []}


def test_what_workers_report_is_in_the_book_of_the_facilitys_owner(hall: Hall) -> None:
    """What workers report is in the book of the facilitys owner."""
    case = opened(hall)
    closed(hall, case, HandlingReport(labour_min=60, contractor_fen=500))
    desk = funds_of(hall)
    account = next(one.account for one in facilities(hall) if one.number == hall.city.facility("aa-sp-01"))
    [line] = desk.books(MONDAY_9 - DAY, MONDAY_9 + DAY)
    assert (line.book, line.month, line.cases, line.money_fen) == (account, "2026-11", 1, 6_500)
    assert desk.books(MONDAY_9 - DAY, MONDAY_9 + DAY, frozenset({99})) == []


def test_a_facility_in_operation_is_warned_of_until_follow_up_money_is_there(hall: Hall) -> None:
    """A facility in operation is warned of until follow up money is there."""
    desk, facility = funds_of(hall), hall.city.facility("aa-sp-01")
    later = MONDAY_9 + 400 * DAY
    for number in range(6):
        when = MONDAY_9 + number * 20 * DAY
        closed(hall, opened(hall, now_ms=when), HandlingReport(labour_min=60, contractor_fen=10_000), when)
    mine = next(one for one in desk.warnings(later) if one.facility == facility)
    assert mine.forecast.basis is not ForecastBasis.FEW
    assert (mine.cover, mine.project) == (Cover.NONE, "")
    kept = desk.keep_project(project_of(hall, "aa-sp-01"), CLERK, MONDAY_9)
    desk.enter(money(kept.number, 10**8, phase=FundPhase.STARTUP), CLERK, MONDAY_9)
    mine = next(one for one in desk.warnings(later) if one.facility == facility)
    assert (mine.cover, mine.project) == (Cover.NONE, "pumps")
    desk.enter(money(kept.number, 10**8), CLERK, MONDAY_9)
    mine = next(one for one in desk.warnings(later) if one.facility == facility)
    assert (mine.cover, mine.left_fen) == (Cover.ENOUGH, 10**8)
    assert mine.forecast.low_fen <= mine.forecast.mean_fen <= mine.forecast.high_fen


def test_every_facility_in_use_has_a_rank(hall: Hall) -> None:
    """Every facility in use has a rank."""
    found = funds_of(hall).renewals(MONDAY_9)
    assert sorted(one.facility for one in found) == sorted(one.number for one in facilities(hall))
    assert [one.rank for one in found] == list(range(1, len(found) + 1))


def test_who_sees_one_community_sees_its_facilities_alone(hall: Hall) -> None:
    """Who sees one community sees its facilities alone."""
    community = next(one.community for one in facilities(hall) if one.code == "aa-sp-01")
    found = {one.facility for one in funds_of(hall).warnings(MONDAY_9, frozenset({community}))}
    assert found == {one.number for one in facilities(hall) if one.community == community}


def test_the_history_is_worked_out_once_a_day(hall: Hall) -> None:
    """The same facilities on the same day are looked at once; the next day, or changed ones, anew."""
    kept = tuple(facilities(hall))
    desk = SqlFunds(hall.engine, lambda: kept)
    first = desk.forecasts(MONDAY_9)
    assert desk.forecasts(MONDAY_9 + HOUR) is first
    assert desk.forecasts(MONDAY_9 + DAY) is not first
    assert funds_of(hall).forecasts(MONDAY_9) is not first
