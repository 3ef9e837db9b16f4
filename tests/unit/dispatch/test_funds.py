"""Ledgers, books, warnings, the order of renewal: nothing is lost or spent twice, worse never comes later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.places import Text
from core.ports.closure import Cost
from core.ports.funds import (
    Cover,
    EntryKind,
    Forecast,
    ForecastBasis,
    FundEntry,
    FundPhase,
    FundSource,
    Project,
    ProjectState,
)
from dispatch import funds_findings as kinds
from dispatch.funds import Spending, balance_of, balances, book_lines, check_entry, check_project, money, warnings
from dispatch.renewal import Aging, Weights, ranked

TODAY = "2026-11-30"
PROJECT = Project(
    code="lifts-2026", name=Text(zh="电梯", en="Lifts"), community=1, state=ProjectState.OPERATING, facilities=(10, 11)
)


def entry(kind: EntryKind, amount: int, *, number: int = 0, **values: object) -> FundEntry:
    usual = FundEntry(
        project=1,
        kind=kind,
        source=FundSource.GOVERNMENT,
        phase=FundPhase.FOLLOW_UP,
        amount_fen=amount,
        day="2026-11-01",
        number=number,
    )
    return replace(usual, **values)  # type: ignore[arg-type]


def codes(raised: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [finding.kind.code for finding in raised.value.findings]


# --- ledger -----------------------------------------------------------------------------------------------------------


def test_start_up_money_pays_for_no_maintenance() -> None:
    """Start up money pays for no maintenance."""
    ledger = [entry(EntryKind.RECEIVED, 1_000, phase=FundPhase.STARTUP)]
    with pytest.raises(Invalid) as raised:
        check_entry(entry(EntryKind.SPENT, 1), ledger, TODAY)
    assert codes(raised) == [kinds.OVERSPENT.code]


def test_a_pledge_that_is_redeemed_is_received_and_no_longer_promised() -> None:
    """A pledge that is redeemed is received and no longer promised."""
    ledger = [entry(EntryKind.PLEDGED, 500, number=1)]
    paid = entry(EntryKind.RECEIVED, 450, number=2, settles=1)
    check_entry(paid, ledger, TODAY)
    made = balance_of([*ledger, paid], FundSource.GOVERNMENT, FundPhase.FOLLOW_UP)
    assert (made.pledged_fen, made.received_fen, made.left_fen) == (0, 450, 450)
    with pytest.raises(Invalid) as raised:
        check_entry(entry(EntryKind.RECEIVED, 50, settles=1), [*ledger, paid], TODAY)
    assert codes(raised) == [kinds.PLEDGE_UNKNOWN.code]


def test_what_is_taken_back_redeems_no_pledge() -> None:
    """The promise would be gone, and nothing would have been received for it."""
    ledger = [entry(EntryKind.PLEDGED, 500, number=1), entry(EntryKind.RECEIVED, 100, number=2)]
    with pytest.raises(Invalid) as raised:
        check_entry(entry(EntryKind.RECEIVED, -50, settles=1), ledger, TODAY)
    assert codes(raised) == [kinds.PLEDGE_UNKNOWN.code]


def test_a_code_with_a_space_behind_it_is_taken_too() -> None:
    """It is kept without it."""
    with pytest.raises(Invalid) as raised:
        check_project(replace(PROJECT, code=f"{PROJECT.code} "), [replace(PROJECT, number=7)], {10: 1, 11: 1})
    assert kinds.PROJECT_CODE_TAKEN.code in codes(raised)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """Everything that is wrong is said at once."""
    with pytest.raises(Invalid) as raised:
        check_entry(entry(EntryKind.SPENT, 5, day="2027-01-01", settles=9), [], TODAY)
    assert codes(raised) == [kinds.OVERSPENT.code, kinds.DAY_IMPOSSIBLE.code, kinds.PLEDGE_UNKNOWN.code]


@pytest.mark.parametrize("day", ["", "2026-13-01", "20261101", "2026-11-1", "2026-11-30T00:00", "2026-W48-1"])
def test_a_day_that_is_none_is_refused(day: str) -> None:
    """A day that is none is refused."""
    with pytest.raises(Invalid) as raised:
        check_entry(entry(EntryKind.RECEIVED, 5, day=day), [], TODAY)
    assert codes(raised) == [kinds.DAY_IMPOSSIBLE.code]


entries = st.builds(
    entry,
    st.sampled_from(EntryKind),
    st.integers(-900, 900),
    source=st.sampled_from(FundSource),
    phase=st.sampled_from(FundPhase),
    settles=st.none() | st.integers(1, 12),
)


@given(st.lists(entries, max_size=25))
def test_whatever_is_entered_nothing_is_ever_overspent_or_lost(wished: list[FundEntry]) -> None:
    """Whatever is entered nothing is ever overspent or lost."""
    ledger: list[FundEntry] = []
    for one in wished:
        one = replace(one, number=len(ledger) + 1)
        try:
            check_entry(one, ledger, TODAY)
        except Invalid:
            continue
        ledger.append(one)
    made = balances(ledger)
    assert all(one.left_fen >= 0 and one.pledged_fen >= 0 and one.spent_fen >= 0 for one in made)
    for kind, name in ((EntryKind.RECEIVED, "received_fen"), (EntryKind.SPENT, "spent_fen")):
        assert sum(getattr(one, name) for one in made) == sum(one.amount_fen for one in ledger if one.kind is kind)


# --- projects ---------------------------------------------------------------------------------------------------------


def test_a_facility_is_paid_for_once() -> None:
    """A facility is paid for once."""
    other = replace(PROJECT, code="other", number=5)
    with pytest.raises(Invalid) as raised:
        check_project(PROJECT, [other], {10: 1, 11: 1})
    assert codes(raised) == [kinds.PROJECT_SHARES.code] * 2
    check_project(PROJECT, [replace(other, state=ProjectState.ENDED)], {10: 1, 11: 1})
    check_project(replace(PROJECT, number=5), [other], {10: 1, 11: 1})


def test_code_name_and_foreign_facilities_are_looked_at() -> None:
    """Code name and foreign facilities are looked at."""
    bad = replace(PROJECT, name=Text(zh="", en="x"), facilities=(10, 77))
    with pytest.raises(Invalid) as raised:
        check_project(bad, [replace(PROJECT, number=3, facilities=())], {10: 2})
    assert codes(raised) == [
        kinds.PROJECT_NAMELESS.code,
        kinds.PROJECT_CODE_TAKEN.code,
        *[kinds.PROJECT_FACILITY.code] * 2,
    ]


# --- books ------------------------------------------------------------------------------------------------------------

spendings = st.builds(
    Spending,
    book=st.sampled_from(["", "village:a", "village:b"]),
    month=st.sampled_from(["2026-10", "2026-11"]),
    case=st.integers(1, 5),
    cost=st.builds(
        Cost,
        labour_min=st.integers(0, 500),
        parts_fen=st.integers(0, 10**6),
        contractor_fen=st.integers(0, 10**6),
    ),
)


@given(st.lists(spendings, max_size=20))
def test_the_books_add_up_to_all_that_was_spent_and_villages_stay_apart(some: list[Spending]) -> None:
    """The books add up to all that was spent and villages stay apart."""
    lines = book_lines(some, 3_000)
    assert sum((line.cost for line in lines), Cost()) == sum((one.cost for one in some), Cost())
    assert {line.book for line in lines} == {one.book for one in some}
    assert len({(line.book, line.month) for line in lines}) == len(lines)


def test_labour_counts_as_money_at_its_rate() -> None:
    """Labour counts as money at its rate."""
    assert money(Cost(labour_min=90, parts_fen=5, contractor_fen=7), 4_000) == 6_012


# --- warnings ---------------------------------------------------------------------------------------------------------


def forecast(mean: int = 12_000_00, *, likely: int | None = None, basis: ForecastBasis = ForecastBasis.OWN) -> Forecast:
    return Forecast(
        basis=basis,
        months=12,
        level=0.9,
        mean_fen=mean,
        low_fen=0,
        high_fen=mean * 3,
        likely_fen=mean * 3 // 2 if likely is None else likely,
        events=2.0,
        repairs=4,
        years=2.0,
        class_repairs=40,
        class_years=20.0,
    )


def covers(ledger: Sequence[FundEntry], forecasts: dict[int, Forecast]) -> dict[int, Cover]:
    project = replace(PROJECT, number=1)
    return {one.facility: one.cover for one in warnings(forecasts, [project], {1: ledger}, "2027-11-30")}


def test_a_facility_in_operation_without_follow_up_money_is_warned_of() -> None:
    """A facility in operation without follow up money is warned of."""
    ledger = [entry(EntryKind.RECEIVED, 10**9, phase=FundPhase.STARTUP)]
    found = warnings({10: forecast(), 99: forecast()}, [replace(PROJECT, number=1)], {1: ledger}, "2027-11-30")
    assert [one.cover for one in found] == [Cover.NONE, Cover.NONE]
    assert {one.why.sentence for one in found} == {kinds.NO_FOLLOW_UP, kinds.NO_PROJECT}
    assert all(one.why.in_language("zh") and one.why.in_language("en") for one in found)


def test_how_money_is_judged_by_the_forecast_and_its_interval() -> None:
    """How money is judged by the forecast and its interval."""
    for left, cover in (
        (11_000_00, Cover.SHORT),
        (12_000_00, Cover.TIGHT),
        (17_999_99, Cover.TIGHT),
        (18_000_00, Cover.ENOUGH),
    ):
        assert covers([entry(EntryKind.RECEIVED, left)], {10: forecast()}) == {10: cover}
    unknown = forecast(0, basis=ForecastBasis.FEW)
    assert covers([entry(EntryKind.RECEIVED, 1)], {10: unknown}) == {10: Cover.UNKNOWN}


def test_the_money_of_a_project_is_shared_as_its_facilities_need_it_and_never_counted_twice() -> None:
    """The money of a project is shared as its facilities need it and never counted twice."""
    ledger = [entry(EntryKind.RECEIVED, 900), entry(EntryKind.PLEDGED, 300, number=2, day="2027-06-01")]
    found = warnings(
        {10: forecast(2_000), 11: forecast(1_000)}, [replace(PROJECT, number=1)], {1: ledger}, "2027-11-30"
    )
    assert {one.facility: (one.left_fen, one.due_fen) for one in found} == {10: (600, 200), 11: (300, 100)}


def test_a_facility_whose_need_nobody_knows_has_a_share_as_the_others_on_average() -> None:
    """Its project has money: that there is none would be wrong."""
    few = forecast(0, basis=ForecastBasis.FEW)
    found = warnings(
        {10: forecast(2_000), 11: forecast(1_000), 12: few},
        [replace(PROJECT, number=1, facilities=(10, 11, 12))],
        {1: [entry(EntryKind.RECEIVED, 900)]},
        "2027-11-30",
    )
    assert {one.facility: (one.left_fen, one.cover) for one in found} == {
        10: (400, Cover.SHORT),
        11: (200, Cover.SHORT),
        12: (300, Cover.UNKNOWN),
    }


def test_a_pledge_beyond_the_forecast_is_not_counted() -> None:
    """A pledge beyond the forecast is not counted."""
    ledger = [entry(EntryKind.PLEDGED, 10**9, number=1, day="2028-01-01")]
    assert covers(ledger, {10: forecast()}) == {10: Cover.NONE}


# --- renewal ----------------------------------------------------------------------------------------------------------


def aging(facility: int, **values: object) -> Aging:
    usual = Aging(
        facility=facility,
        years=3.0,
        age_years=10.0,
        life_years=20.0,
        grave=0,
        repairs_a_year=1.0,
        class_repairs_a_year=1.0,
        people=100,
        renewal_fen=100_000_00,
        forecast=forecast(),
    )
    return replace(usual, **values)  # type: ignore[arg-type]


facts = st.fixed_dictionaries(
    {
        "age_years": st.floats(0, 80),
        "grave": st.integers(0, 20),
        "repairs_a_year": st.floats(0, 20),
        "people": st.integers(0, 50_000),
        "forecast": st.integers(0, 10**8).map(forecast),
    }
)


@given(facts, facts)
def test_what_is_worse_in_every_respect_never_comes_later(one: dict[str, object], other: dict[str, object]) -> None:
    """What is worse in every respect never comes later."""
    worse = {
        name: max(one[name], other[name], key=lambda it: it.mean_fen if isinstance(it, Forecast) else it)  # type: ignore[return-value,arg-type]
        for name in one
    }
    found = ranked([aging(1, **other), aging(2, **worse)])
    rank = {each.facility: each for each in found}
    assert rank[2].score >= rank[1].score


@given(st.lists(facts, max_size=8), st.sets(st.sampled_from(["age_years", "people", "forecast"])))
def test_what_is_not_known_widens_the_score_and_is_named(some: list[dict[str, object]], gone: set[str]) -> None:
    """What is not known widens the score and is named."""
    nothing = dict.fromkeys(gone)
    found = ranked([aging(number, **(each | nothing)) for number, each in enumerate(some)])
    whole = {one.facility: one for one in ranked([aging(number, **each) for number, each in enumerate(some)])}
    assert [one.rank for one in found] == list(range(1, len(some) + 1))
    for one in found:
        assert 0 <= one.low <= one.score <= one.high <= 1 + 1e-9
        assert one.high - one.low >= -1e-9
        if "people" in gone:
            assert one.people is None
            assert one.low <= whole[one.facility].high
        assert all(said.in_language("zh") and said.in_language("en") for said in one.reasons)
        assert sum(said.sentence is kinds.NOT_KNOWN for said in one.reasons) == len(gone & {"people", "forecast"})


def test_the_heaviest_reason_comes_first() -> None:
    """The heaviest reason comes first."""
    [one] = ranked([aging(1, age_years=28.0, grave=9, people=5_000)])
    assert [said.sentence for said in one.reasons][:2] == [kinds.DANGEROUS, kinds.OLD]


def test_weights_that_weigh_nothing_are_refused() -> None:
    """Weights that weigh nothing are refused."""
    with pytest.raises(ValueError, match="weights"):
        Weights(condition=0, risk=0, people=0, waiting=0)
    with pytest.raises(ValueError, match="weights"):
        Weights(risk=-1)
