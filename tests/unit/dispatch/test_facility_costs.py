"""What a facility has cost, by year, kind and case, and what stands in the books of others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import ChangeKind
from core.closure import HandlingReport
from core.ports.closure import Cost
from core.ports.registry import Owner, OwnerKind
from dispatch.funds import Spending, book_lines, years_of
from dispatch.funds_desk import Money, SqlFunds
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from tests.unit.dispatch.hall import HOUR, MONDAY_9, RULES, Hall, change
from tests.unit.dispatch.test_closure import FLOAT, closed, opened, repaired
from tests.unit.dispatch.test_funds_desk import DAY, facilities, funds_of

PUMP = "aa-sp-01"
SPENDINGS = st.lists(
    st.builds(
        Spending,
        book=st.sampled_from(["village:east", "village:west", ""]),
        month=st.builds("{:04d}-{:02d}".format, st.integers(2024, 2027), st.integers(1, 12)),
        case=st.integers(1, 6),
        cost=st.builds(
            Cost,
            labour_min=st.integers(0, 600),
            parts_fen=st.integers(0, 10**7),
            contractor_fen=st.integers(0, 10**7),
        ),
    ),
    max_size=30,
)


@given(SPENDINGS, st.integers(0, 20_000))
def test_the_years_together_are_what_the_books_say(spendings: list[Spending], rate: int) -> None:
    """Nothing is lost or counted twice between months and years; the newest year is first."""
    years = years_of(spendings, rate)
    assert [one.year for one in years] == sorted({int(one.month[:4]) for one in spendings}, reverse=True)
    books = sum((one.cost for one in book_lines(spendings, rate)), Cost())
    assert sum((one.cost for one in years), Cost()) == books
    for one in years:
        mine = [each for each in spendings if each.month.startswith(str(one.year))]
        assert one.cases == len({each.case for each in mine})
        assert (
            abs(one.money_fen - one.cost.parts_fen - one.cost.contractor_fen - one.cost.labour_min * rate / 60) <= 0.5
        )


def test_a_year_ends_at_midnight_where_the_city_is(hall: Hall) -> None:
    """What is reported a millisecond before is of the old year, whatever UTC says."""
    new_year = round(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000) - 8 * HOUR
    case = opened(hall, now_ms=new_year - 2 * HOUR)
    repaired(hall, case, HandlingReport(labour_min=90, parts=(FLOAT,)), new_year - 1)
    found = funds_of(hall).costs(hall.city.facility(PUMP), 10)
    assert [(one.year, one.cases, one.money_fen) for one in found.years] == [(2026, 1, 9_000 + 9_100)]
    second = opened(hall, "aa-sp-02", now_ms=new_year)
    repaired(hall, second, HandlingReport(contractor_fen=500), new_year)
    assert [one.year for one in funds_of(hall).costs(hall.city.facility("aa-sp-02"), 10).years] == [2027]


def test_cases_are_listed_with_what_they_cost_the_newest_first(hall: Hall) -> None:
    """As many as were asked for; the years hold all of them, and a part of an hour costs a part of its price."""
    numbers = []
    for day in range(3):
        when = MONDAY_9 + day * DAY
        numbers.append(opened(hall, now_ms=when))
        closed(hall, numbers[-1], HandlingReport(labour_min=10, contractor_fen=day), when)
    desk = SqlFunds(hall.engine, lambda: facilities(hall), money=Money(labour_fen_per_h=1_000))
    found = desk.costs(hall.city.facility(PUMP), 2)
    assert ([one.number for one in found.cases], found.total) == ([numbers[2], numbers[1]], 3)
    assert [one.money_fen for one in found.cases] == [169, 168]
    assert [(one.cases, one.money_fen) for one in found.years] == [(3, 503)], "rounded once: 30 min are 500 fen"
    assert found.labour_fen_per_h == 1_000
    assert found.cases[0].code.startswith("C-")
    assert (found.cases[0].others, found.elsewhere) == (0, [])


def test_money_in_the_books_of_another_owner_stands_apart(hall: Hall) -> None:
    """A case of several facilities is paid by the one that it is filed for; the others see it, and count it nowhere."""
    hall.journal = SqlJournal(
        hall.engine, rules=RULES.get, source=hall.city.registry, policy=Policy(storm_facilities=2)
    )
    codes = (PUMP, "aa-sp-02", "aa-li-01")
    for code in codes:
        hall.apply(change(ChangeKind.OPENED, "medium", facility=hall.city.facility(code), start=MONDAY_9))
    [storm] = [one for one in hall.cases(open_only=True) if one.storm]
    repaired(hall, storm.number, HandlingReport(labour_min=60))
    owners = {storm.facility: Owner(kind=OwnerKind.VILLAGE, code="east")}
    known = [replace(one, owner=owners.get(one.number), cost_book="") for one in facilities(hall)]
    desk = SqlFunds(hall.engine, lambda: known)
    payer = desk.costs(storm.facility, 10)
    assert (payer.book, payer.cases[0].others, payer.years[0].money_fen) == ("village:east", 2, 6_000)
    for other in {hall.city.facility(code) for code in codes} - {storm.facility}:
        found = desk.costs(other, 10)
        assert (found.book, found.years, found.cases, found.total) == ("", [], [], 0)
        [apart] = found.elsewhere
        assert (apart.number, apart.facility, apart.book) == (storm.number, storm.facility, "village:east")
        assert (apart.others, apart.money_fen) == (2, 6_000)


@pytest.mark.parametrize(("communities", "seen"), [(frozenset({99}), 0), (None, 1)])
def test_who_does_not_see_the_community_sees_no_money(
    hall: Hall, communities: frozenset[int] | None, seen: int
) -> None:
    """Neither sums nor cases."""
    repaired(hall, opened(hall), HandlingReport(labour_min=60))
    found = funds_of(hall).costs(hall.city.facility(PUMP), 10, communities)
    assert (len(found.years), len(found.cases), found.total) == (seen, seen, seen)
