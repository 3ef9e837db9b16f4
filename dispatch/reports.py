"""Reports of handling: checked, kept, read. What was found is what the newest says, what it cost is the sum of all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.cases import Action, Actor
from core.closure import (
    MOST_FEN,
    MOST_LABOUR_MIN,
    MOST_PARTS,
    FalseCause,
    HandlingReport,
    Outcome,
    Part,
)
from core.errors import Invalid
from core.findings import Finding
from core.ports.closure import Cost, ReportRow
from dispatch import closure_tables
from dispatch import findings as kinds
from dispatch.parts import in_parts


def check(action: Action, report: HandlingReport | None) -> None:
    """Refuse a report that cannot be.

    Raises:
        Invalid: with everything that is wrong in it.
    """
    if report is None:
        return
    if action is not Action.HANDLE:
        raise Invalid([kinds.REPORT_WITHOUT_HANDLING.at()])
    found = [*_wrong_cause(report), *_wrong_cost(report)]
    if found:
        raise Invalid(found)


def _wrong_cause(report: HandlingReport) -> Iterator[Finding]:
    wordless = report.cause is FalseCause.OTHER and not report.cause_text.strip()
    if report.outcome is Outcome.FALSE_ALARM and (report.cause is None or wordless):
        yield kinds.FALSE_ALARM_NEEDS_CAUSE.at()
    if report.outcome is not Outcome.FALSE_ALARM and report.cause is not None:
        yield kinds.CAUSE_WITHOUT_FALSE_ALARM.at()


def _wrong_cost(report: HandlingReport) -> Iterator[Finding]:
    if not 0 <= report.labour_min <= MOST_LABOUR_MIN:
        yield kinds.COST_IMPOSSIBLE.at(name="labour_min", value=report.labour_min)
    if not 0 <= report.contractor_fen <= MOST_FEN:
        yield kinds.COST_IMPOSSIBLE.at(name="contractor_fen", value=report.contractor_fen)
    if len(report.parts) > MOST_PARTS:
        yield kinds.COST_IMPOSSIBLE.at(name="parts", value=len(report.parts))
    for part in report.parts[:MOST_PARTS]:
        if not part.name.strip():
            yield kinds.COST_IMPOSSIBLE.at(name="name", value='""')
        if not (math.isfinite(part.quantity) and part.quantity > 0):
            yield kinds.COST_IMPOSSIBLE.at(name=part.name, value=part.quantity)
        elif not 0 <= part.price_fen <= MOST_FEN or part.quantity * part.price_fen > MOST_FEN:
            yield kinds.COST_IMPOSSIBLE.at(name=part.name, value=part.price_fen)


def keep(connection: sa.Connection, *, case: int, task: int, actor: Actor, report: HandlingReport, now_ms: int) -> None:
    """Keep what was reported with *handle*."""
    table = closure_tables.report
    values = {
        "case": case,
        "task": task,
        "at_ms": now_ms,
        "actor": actor.login,
        "person": actor.person,
        "outcome": report.outcome.value,
        "cause": report.cause.value if report.cause is not None else "",
        "cause_text": report.cause_text.strip()[:1000],
        "labour_min": report.labour_min,
        "contractor_fen": report.contractor_fen,
        "parts_fen": report.parts_fen,
        "no_photo": report.no_photo.strip()[:1000],
    }
    number = connection.execute(sa.insert(table).returning(table.c.number), values).scalar_one()
    put_parts(connection, number, report.parts)


def put_parts(connection: sa.Connection, number: int, used: Sequence[Part]) -> None:
    """Write the parts of a report in place of those that were there."""
    connection.execute(sa.delete(closure_tables.part).where(closure_tables.part.c.report == number))
    parts = [
        {
            "report": number,
            "position": position,
            "name": part.name.strip()[:200],
            "quantity": part.quantity,
            "price_fen": part.price_fen,
        }
        for position, part in enumerate(used)
    ]
    if parts:
        connection.execute(sa.insert(closure_tables.part), parts)


def of_case(connection: sa.Connection, case: int) -> tuple[ReportRow, ...]:
    """What was reported of a case, oldest first."""
    return _read(connection, closure_tables.report.c.case == case)


def of_task(connection: sa.Connection, task: int) -> ReportRow | None:
    """What was reported last with a task."""
    return next(reversed(_read(connection, closure_tables.report.c.task == task)), None)


def _read(connection: sa.Connection, which: sa.ColumnElement[bool]) -> tuple[ReportRow, ...]:
    table, parts = closure_tables.report, closure_tables.part
    rows = connection.execute(sa.select(table).where(which).order_by(table.c.number)).all()
    used: dict[int, list[Part]] = {}
    query = sa.select(parts).where(parts.c.report.in_([row.number for row in rows]))
    for one in connection.execute(query.order_by(parts.c.report, parts.c.position)):
        used.setdefault(one.report, []).append(Part(name=one.name, quantity=one.quantity, price_fen=one.price_fen))
    return tuple(_row(row, tuple(used.get(row.number, ()))) for row in rows)


def _row(row: Any, parts: tuple[Part, ...]) -> ReportRow:
    return ReportRow(
        at_ms=row.at_ms,
        actor=row.actor,
        person=row.person,
        report=HandlingReport(
            outcome=Outcome(row.outcome),
            cause=FalseCause(row.cause) if row.cause else None,
            cause_text=row.cause_text,
            labour_min=row.labour_min,
            parts=parts,
            contractor_fen=row.contractor_fen,
            no_photo=row.no_photo,
        ),
    )


def cost_of(reports: Sequence[ReportRow]) -> Cost:
    """The sum of what was reported."""
    return Cost(
        labour_min=sum(one.report.labour_min for one in reports),
        parts_fen=sum(one.report.parts_fen for one in reports),
        contractor_fen=sum(one.report.contractor_fen for one in reports),
    )


def costs(connection: sa.Connection, cases: Sequence[int]) -> Mapping[int, Cost]:
    """What cases cost; those without a report have no entry."""
    table = closure_tables.report
    sums = [sa.func.sum(table.c[name]).label(name) for name in ("labour_min", "parts_fen", "contractor_fen")]
    found: dict[int, Cost] = {}
    for part in in_parts(cases):
        query = sa.select(table.c.case, *sums).where(table.c.case.in_(part)).group_by(table.c.case)
        for row in connection.execute(query):
            found[row.case] = Cost(
                labour_min=int(row.labour_min), parts_fen=int(row.parts_fen), contractor_fen=int(row.contractor_fen)
            )
    return found
