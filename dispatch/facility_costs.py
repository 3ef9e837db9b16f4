"""What one facility has cost, from the reports of handling: by year, by case, and beside other facilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.places import Text
from core.ports.closure import Cost
from core.ports.funds import CaseCost, FacilityCosts
from dispatch import funds, tables
from dispatch.closure_tables import report
from dispatch.flag_queries import seen
from dispatch.parts import in_parts

_ABOUT = (tables.case.c.code, tables.case.c.say_zh, tables.case.c.say_en, tables.case.c.facility)


def costs_of(
    connection: sa.Connection,
    facility: int,
    *,
    books: Mapping[int, str],
    month_of: Callable[[int], str],
    labour_fen_per_h: int,
    most: int,
    communities: frozenset[int] | None,
) -> FacilityCosts:
    """Read what a facility has cost.

    Args:
        connection: of the room.
        facility: registry number.
        books: of facilities in use, the name of their cost book.
        month_of: the local month of a moment, ``2026-10``.
        labour_fen_per_h: what an hour of labour counts, fen.
        most: cases of each list.
        communities: what the reader sees; ``None``: all.
    """
    case, alarm = tables.case, tables.alarm
    mine = _reported(connection, case.c.facility == facility, communities)
    about = sa.select(alarm.c.case).where(alarm.c.facility == facility, alarm.c.case.is_not(None))
    elsewhere = _reported(connection, sa.and_(case.c.facility != facility, case.c.number.in_(about)), communities)
    shown = [_newest_first(rows)[:most] for rows in (mine, elsewhere)]
    others = _facilities(connection, [some[-1].case for part in shown for some in part])
    listed = [
        [_case(some, books, len(others.get(some[-1].case, set()) - {facility}), labour_fen_per_h) for some in part]
        for part in shown
    ]
    book = books.get(facility, "")
    spendings = [funds.Spending(book=book, month=month_of(row.at_ms), case=row.case, cost=_cost(row)) for row in mine]
    return FacilityCosts(
        book=book,
        labour_fen_per_h=labour_fen_per_h,
        years=funds.years_of(spendings, labour_fen_per_h),
        cases=listed[0],
        total=len({row.case for row in mine}),
        elsewhere=listed[1],
    )


def _reported(
    connection: sa.Connection, where: sa.ColumnElement[bool], communities: frozenset[int] | None
) -> Sequence[Any]:
    """Reports of handling with their case, oldest first."""
    case = tables.case
    query = (
        sa.select(report, *_ABOUT)
        .join(case, case.c.number == report.c.case)
        .where(where, ~case.c.drill, seen(case.c.community, communities))
        .order_by(report.c.number)
    )
    return connection.execute(query).all()


def _newest_first(rows: Sequence[Any]) -> list[list[Any]]:
    """Reports by case; the case that was reported last comes first."""
    by_case: dict[int, list[Any]] = {}
    for row in rows:
        by_case[row.case] = [*by_case.pop(row.case, []), row]
    return list(reversed(by_case.values()))


def _facilities(connection: sa.Connection, cases: Sequence[int]) -> dict[int, set[int]]:
    """The facilities whose alarms belong to cases."""
    alarm = tables.alarm
    found: dict[int, set[int]] = {}
    for part in in_parts(cases):
        query = sa.select(alarm.c.case, alarm.c.facility).where(alarm.c.case.in_(part)).distinct()
        for row in connection.execute(query):
            found.setdefault(row.case, set()).add(row.facility)
    return found


def _case(some: Sequence[Any], books: Mapping[int, str], others: int, labour_fen_per_h: int) -> CaseCost:
    last = some[-1]
    cost = sum((_cost(row) for row in some), Cost())
    return CaseCost(
        number=last.case,
        code=last.code,
        say=Text(zh=last.say_zh, en=last.say_en),
        facility=last.facility,
        book=books.get(last.facility, ""),
        others=others,
        reported_ms=last.at_ms,
        cost=cost,
        money_fen=funds.money(cost, labour_fen_per_h),
    )


def _cost(row: Any) -> Cost:
    return Cost(labour_min=row.labour_min, parts_fen=row.parts_fen, contractor_fen=row.contractor_fen)
