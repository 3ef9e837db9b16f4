"""A case is written down: for an alarm, and for what people report or hand down. One way, whatever the source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.alarms import Severity
from core.cases import CaseState, Deadline, RuleInfo, TaskKind
from core.intake import SourceKind
from dispatch import tables
from dispatch.ledger import Ledger
from dispatch.newrows import NewRows
from dispatch.policy import Policy
from dispatch.taskwork import TaskWork
from dispatch.worktime import due


@dataclass(frozen=True, kw_only=True, slots=True)
class Filing:
    """What a new case is about.

    Attributes:
        facility: registry number; 0: none.
        info: of the rule, or of the event as if it were one.
        limit: by when it must be handled.
        opening: what opened it, once only: the alarm, or the intake.
        reports: people who reported it.
        gathers: the key of the group whose case it is; empty for one of a single facility.
    """

    facility: int
    community: int
    severity: Severity
    info: RuleInfo
    limit: Deadline
    opening: str
    drill: bool = False
    source: SourceKind = SourceKind.ALARM
    reports: int = 0
    gathers: str = ""


class _Cases(Protocol):
    tasks: TaskWork
    rows: NewRows

    def update(self, row: Any, **values: object) -> Any:
        """Change a case row; the row after it."""
        ...

    def tell(self, row: Any, what: str) -> None:
        """A line in the change feed."""
        ...

    def follow_up(self, row: Any, handle: Any | None = None) -> Any:
        """Let the system do what follows; ``handle`` is the handling task, where it is known."""
        ...


def filed(cases: _Cases, ledger: Ledger, policy: Policy, filing: Filing, now_ms: int) -> Any:
    """The row of a new case, without tasks yet."""
    info, limit = filing.info, filing.limit
    start_ms = cases.tasks.announce_ms(filing.severity)
    values = {
        "code": filing.opening[:20],
        "facility": filing.facility,
        "community": filing.community,
        "family": info.family,
        "open": True,
        "state": CaseState.FILED.value,
        "severity": filing.severity.value,
        "lead": info.lead.value,
        "support": info.support.value if info.support else None,
        "rule_id": info.rule_id,
        "say_zh": info.say.zh,
        "say_en": info.say.en,
        "opening_alarm": f"storm/{filing.opening}" if filing.gathers else filing.opening,
        "opened_ms": now_ms,
        "changed_ms": now_ms,
        "due_ms": None if filing.drill else due(policy.calendar, limit.clock, start_ms, limit.hours),
        "due_clock": limit.clock.value,
        "due_what": limit.what.value,
        "overdue": False,
        "escalated": 0,
        "suspensions": 0,
        "ended_by": "",
        "note": "",
        "drill": filing.drill,
        "source": filing.source.value,
        "reports": filing.reports,
        "gathers": filing.gathers,
        "flagged": "",
        "members": 0,
        "members_on": 0,
        "extensions": 0,
        "supervised": "",
        "excused": False,
    }
    row = cases.rows.insert(tables.case, values)
    year = datetime.fromtimestamp(now_ms / 1000, policy.calendar.zone).year
    row = cases.update(row, code=f"C-{year}-{row.number:06d}")
    cases.tasks.stages.filed(row.number)
    ledger.note(row.number, "opened", to_state=row.state, note=filing.opening)
    return row


def given_out(cases: _Cases, policy: Policy, row: Any, filing: Filing) -> Any:
    """The tasks of a case that has just been filed are given to somebody; the row after what follows."""
    info, severity, tasks = filing.info, filing.severity, cases.tasks
    routed_as = info.severity if filing.drill else None
    handle = tasks.create(row, TaskKind.HANDLE, filing.limit, {}, routed_as)
    tasks.stages.handling(row, handle.number, info.deadline, tasks.announce_ms(severity))
    if row.support:
        tasks.create(row, TaskKind.VERIFY, policy.look[severity], {}, routed_as)
    cases.tell(row, "opened")
    return cases.follow_up(row, handle)
