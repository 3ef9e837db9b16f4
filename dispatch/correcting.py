"""Corrections of what was reported with *handle*, inside a transaction: merged by field, each field remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.cases import Action, CaseState, Conflict, NotPermitted, UnknownItem
from core.closure import HandlingReport
from core.errors import Invalid
from core.findings import Sentence
from core.merging import Diverged, FieldMoved, Merged, Who, merge, signed
from core.ports.closure import Correction
from dispatch import closure_tables, tables
from dispatch import findings as kinds
from dispatch.correction import TOGETHER, edited, fields_of, part_name, report_of, said
from dispatch.reports import check, of_task, put_parts

ACTION = "correct"
_ENDED = frozenset({CaseState.CLOSED.value, CaseState.CANCELLED.value})


def is_repeat(connection: sa.Connection, ask: Correction) -> bool:
    """Whether this was done before under its key.

    Raises:
        Conflict: ``key_reused`` if the key was used for something else.
    """
    table = tables.command
    query = sa.select(table).where(table.c.actor == ask.actor.login, table.c.key == ask.key)
    row = connection.execute(query).one_or_none()
    if row is None:
        return False
    if (row.task, row.action) != (ask.task, ACTION):
        raise Conflict("key_reused", kinds.KEY_REUSED())
    return True


def correct(connection: sa.Connection, ask: Correction, now_ms: int) -> tuple[tuple[FieldMoved[str], ...], str]:
    """Lay a correction over the newest report of a task; what others changed meanwhile, and what became other in words.

    Raises:
        UnknownItem: if the task has no report.
        NotPermitted: if somebody else reported it and the actor does not supervise, or its case has ended.
        Diverged: with the fields that both sides changed to different values; nothing is written.
        Invalid: with everything that is wrong in what came of it.
    """
    row, stands = _newest(connection, ask)
    if ask.report.outcome is not stands.outcome or ask.base.outcome is not stands.outcome:
        raise Invalid([kinds.OUTCOME_STAYS.at()])
    check(Action.HANDLE, ask.report)
    before = fields_of(stands)
    found = merge(fields_of(ask.base), edited(ask.base, ask.report), before, empty="", together=TOGETHER)
    found = signed(found, lambda field: _who(connection, row.number, field))
    if found.conflicts:
        zh, en = (", ".join(_label(one.field, of) for one in found.conflicts) for of in ("zh", "en"))
        raise Diverged(kinds.REPORT_CHANGED(names=Sentence(zh, en)), found.conflicts)
    after = {**before, **found.taken}
    report = report_of(after, stands.outcome)
    check(Action.HANDLE, report)
    _write(connection, row, report, found, before, ask, now_ms)
    return found.moved, _told(found.taken, before, ask.reason)


def _told(taken: Mapping[str, str], before: Mapping[str, str], reason: str) -> str:
    """What became other and why, Chinese first, then `` / ``; empty where nothing did."""
    if not taken:
        return ""
    lines = []
    for language in ("zh", "en"):
        changes = [
            f"{_label(name, language)} {said(name, before.get(name, ''))} → {said(name, text)}"
            for name, text in taken.items()
        ]
        lines.append("; ".join(changes))
    why = reason.strip().replace(" / ", "/")
    return f"{lines[0]}；{why} / {lines[1]}; {why}"


def _label(field: str, language: str) -> str:
    known = kinds.REPORT_FIELDS.get(field)
    return part_name(field) if known is None else known.in_language(language)


def _newest(connection: sa.Connection, ask: Correction) -> tuple[Any, HandlingReport]:
    table = closure_tables.report
    query = sa.select(table, tables.case.c.state).join(tables.case, tables.case.c.number == table.c.case)
    query = query.where(table.c.task == ask.task).order_by(table.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    found = of_task(connection, ask.task)
    if row is None or found is None:
        raise UnknownItem(kinds.NO_TASK(task=ask.task))
    if not may_correct(ask.actor.person, row.person, row.state, supervises=ask.actor.supervises):
        raise NotPermitted(kinds.NOT_YOUR_REPORT())
    return row, found.report


def may_correct(person: int | None, reporter: int | None, case_state: str, *, supervises: bool) -> bool:
    """Whoever reported it until the case has ended; a supervisor at any time: bills come late."""
    return supervises or (person is not None and person == reporter and case_state not in _ENDED)


def _write(
    connection: sa.Connection,
    row: Any,
    report: HandlingReport,
    found: Merged[str],
    before: dict[str, str],
    ask: Correction,
    now_ms: int,
) -> None:
    if not found.taken:
        return
    table, change = closure_tables.report, closure_tables.report_change
    values = {
        "cause": report.cause.value if report.cause is not None else "",
        "cause_text": report.cause_text[:1000],
        "labour_min": report.labour_min,
        "contractor_fen": report.contractor_fen,
        "parts_fen": report.parts_fen,
        "no_photo": report.no_photo[:1000],
    }
    connection.execute(sa.update(table).where(table.c.number == row.number).values(**values))
    put_parts(connection, row.number, report.parts)
    lines = [
        {
            "report": row.number,
            "at_ms": now_ms,
            "actor": ask.actor.login,
            "person": ask.actor.person,
            "field": name[:240],
            "before": before.get(name, "")[:1000],
            "after": text[:1000],
            "reason": ask.reason.strip()[:1000],
        }
        for name, text in found.taken.items()
    ]
    connection.execute(sa.insert(change), lines)


def _who(connection: sa.Connection, report: int, field: str) -> Who | None:
    change = closure_tables.report_change
    query = sa.select(change.c.actor, change.c.at_ms).where(change.c.report == report, change.c.field == field)
    row = connection.execute(query.order_by(change.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else (row.actor, row.at_ms)
