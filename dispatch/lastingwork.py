"""A fault that came again: whether a lasting repair is asked for, and what somebody decided about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Actor, RuleInfo
from core.intake import SourceKind
from core.places import Grid, Text
from dispatch import closure_tables, tables
from dispatch.alarmwork import AlarmWork
from dispatch.filing import Filing, filed, given_out
from dispatch.funds_tables import project
from dispatch.parts import in_parts
from dispatch.policy import Policy

FAMILY: Final = "lasting/"
"""Before the family of the fault: the family of the case that mends it for good."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the newest decision about a fault says.

    Attributes:
        newest: number of the newest case then; renewing: the case that was opened for it is open.
    """

    newest: int
    renewing: bool


def asks(numbers: Sequence[int], known: Known | None, policy: Policy) -> bool:
    """Whether a lasting repair is to be decided about now.

    Args:
        numbers: of the cases of the fault that count.
        known: the newest decision, ``None`` without one: whoever declined is asked again after as many cases more.
        policy: how many cases ask.
    """
    if known is not None and known.renewing:
        return False
    after = 0 if known is None else known.newest
    return sum(number > after for number in numbers) >= policy.recurring_cases


def newest_decisions(
    connection: sa.Connection, keys: Sequence[tuple[int, str]]
) -> Mapping[tuple[int, str], tuple[Any, Known]]:
    """The newest decision about each fault, with what counts of it."""
    table, case = closure_tables.lasting, tables.case
    facilities = sorted({facility for facility, _ in keys})
    found: dict[tuple[int, str], tuple[Any, Known]] = {}
    for part in in_parts(facilities):
        query = sa.select(table, case.c.open.label("renewing")).outerjoin(case, case.c.number == table.c.case)
        query = query.where(table.c.facility.in_(part)).order_by(table.c.number)
        for row in connection.execute(query):
            found[row.facility, row.family] = row, Known(newest=row.newest, renewing=bool(row.renewing))
    return found


def has_project(connection: sa.Connection, number: int, community: int) -> bool:
    """Whether a community has such a project: those of others pay for nothing there, and are none of its business."""
    mine = (project.c.number == number, project.c.community == community)
    return bool(connection.execute(sa.select(sa.exists().where(*mine))).scalar_one())


def write_down(
    connection: sa.Connection,
    work: AlarmWork,
    *,
    newest: Any,
    counted: int,
    accepted: bool,
    project_number: int | None,
    reason: str,
    actor: Actor,
    policy: Policy,
    now_ms: int,
) -> int | None:
    """Keep a decision; accepted without a project, a case is filed for the renewal: its number.

    ``newest`` is the row of the newest case of the fault.
    """
    table = closure_tables.lasting
    values = {
        "facility": newest.facility,
        "family": newest.family,
        "accepted": accepted,
        "counted": counted,
        "newest": newest.number,
        "case": None,
        "project": project_number,
        "at_ms": now_ms,
        "actor": actor.login,
        "person": actor.person,
        "reason": reason[:1000],
    }
    number = connection.execute(sa.insert(table).returning(table.c.number), values).scalar_one()
    word = "lasting_accepted" if accepted else "lasting_declined"
    work.ledger.note(newest.number, word, actor=actor, note=reason[:1000])
    work.cases.tell(newest, word)
    if not accepted or project_number is not None:
        return None
    case = _filed(connection, work, newest, number, actor, reason, policy, now_ms)
    connection.execute(sa.update(table).where(table.c.number == number).values(case=case))
    return case


def _filed(
    connection: sa.Connection,
    work: AlarmWork,
    newest: Any,
    decision: int,
    actor: Actor,
    reason: str,
    policy: Policy,
    now_ms: int,
) -> int:
    info = RuleInfo(
        rule_id="",
        family=f"{FAMILY}{newest.family}"[:160],
        severity=Severity.LOW,
        lead=Grid(newest.lead),
        support=None,
        say=Text(zh=f"根治：{newest.say_zh}"[:1000], en=f"Lasting repair: {newest.say_en}"[:1000]),
    )
    filing = Filing(
        facility=newest.facility,
        community=newest.community,
        severity=Severity.LOW,
        info=info,
        limit=policy.handle[Severity.LOW],
        opening=f"lasting/{decision}",
        source=SourceKind.PLAN,
    )
    case = filed(work.cases, work.ledger, policy, filing, now_ms)
    work.ledger.note(case.number, "planned", actor=actor, note=f"{newest.code} {reason}"[:1000])
    return int(given_out(work.cases, policy, case, filing).number)


def is_filed(connection: sa.Connection, facility: int, family: str) -> bool:
    """Whether a case for the renewal is open."""
    case = tables.case
    mine = (case.c.facility == facility, case.c.family == f"{FAMILY}{family}"[:160], case.c.open)
    return bool(connection.execute(sa.select(sa.exists().where(*mine))).scalar_one())
