"""Projects and their money: ledger, balances, cost books, and who has no money to go on with. Pure.

Start-up money builds, follow-up money keeps going; the one never counts as the other. A line of a ledger is never
changed: a slip is taken back by a line of the opposite sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from core.closure import MOST_FEN
from core.errors import Invalid
from core.findings import Finding
from core.ports.closure import Cost
from core.ports.funds import (
    Balance,
    BookLine,
    Cover,
    EntryKind,
    Forecast,
    ForecastBasis,
    FundEntry,
    FundPhase,
    FundSource,
    FundsWarning,
    Project,
    ProjectState,
    YearOfCosts,
)
from dispatch import funds_findings as kinds

MOST_ENTRY_FEN = 1_000 * MOST_FEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Spending:
    """What a report of handling cost; ``book``: of its facility; ``month``: ``2026-10``, local time."""

    book: str
    month: str
    case: int
    cost: Cost


# --- what may be entered ----------------------------------------------------------------------------------------------


def check_project(project: Project, others: Sequence[Project], facilities: Mapping[int, int]) -> None:
    """Refuse a project that cannot be.

    Args:
        project: as it is to be kept.
        others: all projects that there are; itself among them is passed over.
        facilities: registry number of every facility in use to its community.

    Raises:
        Invalid: with everything that is wrong in it.
    """
    others = [other for other in others if other.number != project.number or not project.number]
    found: list[Finding] = []
    if not 0 < len(project.code.strip()) <= 64 or not (project.name.zh.strip() and project.name.en.strip()):
        found.append(kinds.PROJECT_NAMELESS.at())
    if any(other.code == project.code.strip() for other in others):
        found.append(kinds.PROJECT_CODE_TAKEN.at(code=project.code))
    paid = {
        facility: other.code
        for other in others
        if other.state is ProjectState.OPERATING
        for facility in other.facilities
    }
    for facility in sorted(set(project.facilities)):
        if facilities.get(facility) != project.community:
            found.append(kinds.PROJECT_FACILITY.at(facility=facility))
        elif project.state is ProjectState.OPERATING and facility in paid:
            found.append(kinds.PROJECT_SHARES.at(facility=facility, project=paid[facility]))
    if found:
        raise Invalid(found)


def check_entry(entry: FundEntry, ledger: Sequence[FundEntry], today: str) -> None:
    """Refuse a line that cannot be.

    Args:
        entry: as it is to be appended.
        ledger: the lines of its project.
        today: ISO date.

    Raises:
        Invalid: with everything that is wrong in it.
    """
    found = [*_wrong_amount(entry, ledger), *_wrong_day(entry, today), *_wrong_pledge(entry, ledger)]
    if found:
        raise Invalid(found)


def _wrong_amount(entry: FundEntry, ledger: Sequence[FundEntry]) -> Iterator[Finding]:
    amount = entry.amount_fen
    if amount == 0 or abs(amount) > MOST_ENTRY_FEN:
        yield kinds.AMOUNT_IMPOSSIBLE.at(value=amount)
        return
    balance = balance_of(ledger, entry.source, entry.phase)
    if amount < 0:
        of_kind = {
            EntryKind.PLEDGED: balance.pledged_fen,
            EntryKind.RECEIVED: balance.received_fen,
            EntryKind.SPENT: balance.spent_fen,
        }
        if -amount > of_kind[entry.kind]:
            yield kinds.TAKES_BACK_TOO_MUCH.at(value=-amount, left=of_kind[entry.kind])
        elif entry.kind is EntryKind.RECEIVED and -amount > balance.left_fen:
            yield kinds.OVERSPENT.at(left=balance.left_fen, value=-amount)
    elif entry.kind is EntryKind.SPENT and amount > balance.left_fen:
        yield kinds.OVERSPENT.at(left=balance.left_fen, value=amount)


def _wrong_day(entry: FundEntry, today: str) -> Iterator[Finding]:
    try:
        day = date.fromisoformat(entry.day)
    except ValueError:
        yield kinds.DAY_IMPOSSIBLE.at(value=repr(entry.day))
        return
    if day.isoformat() != entry.day or (entry.kind is not EntryKind.PLEDGED and entry.day > today):
        yield kinds.DAY_IMPOSSIBLE.at(value=repr(entry.day))


def _wrong_pledge(entry: FundEntry, ledger: Sequence[FundEntry]) -> Iterator[Finding]:
    if entry.settles is None:
        return
    open_ones = {
        pledge.number for pledge in open_pledges(ledger) if (pledge.source, pledge.phase) == (entry.source, entry.phase)
    }
    if entry.kind is not EntryKind.RECEIVED or entry.amount_fen < 0 or entry.settles not in open_ones:
        yield kinds.PLEDGE_UNKNOWN.at(value=entry.settles)


# --- balances ---------------------------------------------------------------------------------------------------------


def open_pledges(ledger: Sequence[FundEntry]) -> list[FundEntry]:
    """Pledges that no received money has redeemed; what was taken back of pledges has no line of its own here."""
    settled = {entry.settles for entry in ledger if entry.settles is not None}
    return [
        entry
        for entry in ledger
        if entry.kind is EntryKind.PLEDGED and entry.amount_fen > 0 and entry.number not in settled
    ]


def balance_of(ledger: Sequence[FundEntry], source: FundSource, phase: FundPhase) -> Balance:
    """Money of one source and phase of a project."""
    mine = [entry for entry in ledger if (entry.source, entry.phase) == (source, phase)]
    sums = defaultdict[EntryKind, int](int)
    for entry in mine:
        sums[entry.kind] += entry.amount_fen
    back = sum(entry.amount_fen for entry in mine if entry.kind is EntryKind.PLEDGED and entry.amount_fen < 0)
    pledged = max(0, sum(entry.amount_fen for entry in open_pledges(mine)) + back)
    return Balance(
        source=source,
        phase=phase,
        pledged_fen=pledged,
        received_fen=sums[EntryKind.RECEIVED],
        spent_fen=sums[EntryKind.SPENT],
    )


def balances(ledger: Sequence[FundEntry]) -> list[Balance]:
    """Money of a project by source and phase; what it never had is left out."""
    keys = {(entry.source, entry.phase) for entry in ledger}
    return [
        balance_of(ledger, source, phase) for source in FundSource for phase in FundPhase if (source, phase) in keys
    ]


def book_lines(spendings: Sequence[Spending], labour_fen_per_h: int) -> list[BookLine]:
    """Cost books by month: by book, then by month.

    Args:
        spendings: reports of handling.
        labour_fen_per_h: what an hour of labour counts, fen.
    """
    grouped: dict[tuple[str, str], list[Spending]] = defaultdict(list)
    for one in spendings:
        grouped[one.book, one.month].append(one)
    made = []
    for (book, month), some in sorted(grouped.items()):
        cost = sum((one.cost for one in some), Cost())
        made.append(
            BookLine(
                book=book,
                month=month,
                cases=len({one.case for one in some}),
                cost=cost,
                money_fen=money(cost, labour_fen_per_h),
            )
        )
    return made


def years_of(spendings: Sequence[Spending], labour_fen_per_h: int) -> list[YearOfCosts]:
    """The same by calendar year, whatever book it stands in; the newest first."""
    grouped: dict[int, list[Spending]] = defaultdict(list)
    for one in spendings:
        grouped[int(one.month[:4])].append(one)
    made = []
    for year, some in sorted(grouped.items(), reverse=True):
        cost = sum((one.cost for one in some), Cost())
        cases = len({one.case for one in some})
        made.append(YearOfCosts(year=year, cases=cases, cost=cost, money_fen=money(cost, labour_fen_per_h)))
    return made


def money(cost: Cost, labour_fen_per_h: int) -> int:
    """A cost as money, labour at so much an hour, rounded to a fen."""
    return cost.parts_fen + cost.contractor_fen + round(cost.labour_min * labour_fen_per_h / 60)


# --- who has no money to go on with -----------------------------------------------------------------------------------


def warnings(
    forecasts: Mapping[int, Forecast],
    projects: Sequence[Project],
    ledgers: Mapping[int, Sequence[FundEntry]],
    until: str,
) -> list[FundsWarning]:
    """How every facility in operation is provided for, the worst first.

    Args:
        forecasts: of every facility in operation, by registry number.
        projects: all of them; only operating ones pay.
        ledgers: their lines by number.
        until: ISO date; pledges for a day after it are not counted.
    """
    made = []
    paid: set[int] = set()
    for project in projects:
        mine = {one: forecasts[one] for one in project.facilities if one in forecasts}
        if project.state is not ProjectState.OPERATING or not mine:
            continue
        paid |= mine.keys()
        ledger = ledgers.get(project.number, ())
        left = sum(balance_of(ledger, source, FundPhase.FOLLOW_UP).left_fen for source in FundSource)
        due = _due_fen(ledger, until)
        for facility, share in _shares(mine).items():
            made.append(_warning(facility, project.code, int(left * share), int(due * share), mine[facility]))
    made += [_warning(one, "", 0, 0, forecast) for one, forecast in forecasts.items() if one not in paid]
    order = list(Cover)
    return sorted(made, key=lambda one: (order.index(one.cover), -one.forecast.mean_fen, one.facility))


def _due_fen(ledger: Sequence[FundEntry], until: str) -> int:
    """Follow-up money promised until a day; what was taken back of promises lessens it."""
    due = 0
    for source in FundSource:
        mine = [entry for entry in ledger if (entry.source, entry.phase) == (source, FundPhase.FOLLOW_UP)]
        soon = sum(entry.amount_fen for entry in open_pledges(mine) if entry.day <= until)
        due += min(soon, balance_of(mine, source, FundPhase.FOLLOW_UP).pledged_fen)
    return due


def _shares(mine: Mapping[int, Forecast]) -> dict[int, float]:
    """Which part of a project's money each of its facilities may count on: as its forecast is to those of all.

    Where nobody can say what one needs it counts as much as the others on average: it has a share, too.
    """
    known = [one.mean_fen for one in mine.values() if one.basis is not ForecastBasis.FEW]
    usual = sum(known) / len(known) if known else 1.0
    needs = {one: usual if told.basis is ForecastBasis.FEW else told.mean_fen for one, told in mine.items()}
    whole = sum(needs.values())
    return {one: need / whole if whole else 1 / len(needs) for one, need in needs.items()}


def _warning(facility: int, project: str, left_fen: int, due_fen: int, forecast: Forecast) -> FundsWarning:
    there = left_fen + due_fen
    cover = _cover(there, forecast)
    known = forecast.basis is not ForecastBasis.FEW and forecast.mean_fen > 0
    lasts = there * forecast.months / forecast.mean_fen if known else None
    sentence = kinds.NO_PROJECT
    if project:
        sentence = {
            Cover.NONE: kinds.NO_FOLLOW_UP,
            Cover.SHORT: kinds.FOLLOW_UP_SHORT,
            Cover.TIGHT: kinds.FOLLOW_UP_TIGHT,
            Cover.ENOUGH: kinds.FOLLOW_UP_ENOUGH,
            Cover.UNKNOWN: kinds.FOLLOW_UP_UNKNOWN,
        }[cover]
    why = sentence(
        project=project,
        months=forecast.months,
        left=yuan(there),
        mean=yuan(forecast.mean_fen),
        likely=yuan(forecast.likely_fen),
        lasts=f"{lasts or 0.0:.1f}",
        repairs=forecast.class_repairs,
    )
    return FundsWarning(
        facility=facility,
        project=project,
        cover=cover,
        left_fen=left_fen,
        due_fen=due_fen,
        months=lasts,
        forecast=forecast,
        why=why,
    )


def _cover(there_fen: int, forecast: Forecast) -> Cover:
    if there_fen <= 0:
        return Cover.NONE
    if forecast.basis is ForecastBasis.FEW:
        return Cover.UNKNOWN
    if there_fen < forecast.mean_fen:
        return Cover.SHORT
    return Cover.TIGHT if there_fen < forecast.likely_fen else Cover.ENOUGH


def yuan(fen: int) -> str:
    """Money for people: whole yuan from a hundred on."""
    return f"{fen / 100:,.0f}" if abs(fen) >= 10_000 else f"{fen / 100:,.2f}"
