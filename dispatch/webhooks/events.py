"""Which line of a history is told, as what, and in which words. No clock, no I/O.

Names of people, logins and notes are not told: whoever may read those reads them here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.alarms import ChangeKind, Severity
from core.cases import OPEN_CASE_STATES, SYSTEM, CaseState
from core.webhooks import EventType

_ALARM_ENDED = frozenset({ChangeKind.CLOSED.value, ChangeKind.RETRACTED.value, ChangeKind.MERGED.value})
_ALARM_ON = frozenset({ChangeKind.OPENED.value, ChangeKind.REOPENED.value, ChangeKind.SPLIT.value})
_ALARM_SAME = frozenset({ChangeKind.MOVED.value, ChangeKind.COVERS.value, ChangeKind.FLAPPED.value})
_OPENED = "opened"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Codes of places by number; what is not known is told as empty."""

    facility: Callable[[int], str]
    community: Callable[[int], str]
    link: Callable[[str], str]
    """Where people read on, by ``cases/N`` or ``alarms/ID``; empty: nowhere."""


def of_case(line: Any, *, moves: bool) -> EventType | None:
    """What a line of the history of cases is; ``moves``: it is a step of the case by its table."""
    if not moves:
        return None
    if line.action == _OPENED:
        return EventType.CASE_OPENED
    return EventType.CASE_CHANGED if CaseState(line.to_state) in OPEN_CASE_STATES else EventType.CASE_ENDED


def of_alarm(line: Any) -> EventType | None:
    """What a line of the history of alarms is."""
    if line.change in _ALARM_ON:
        return EventType.ALARM_OPENED
    if line.change in _ALARM_ENDED or (line.change == ChangeKind.FOLDED.value):
        return EventType.ALARM_ENDED
    if line.change is not None and line.change not in _ALARM_SAME:
        return EventType.ALARM_CHANGED
    return EventType.ALARM_CHANGED if line.from_state != line.state else None


def case_body(kind: EventType, line: Any, case: Any, names: Names) -> str:
    """The body of a message about a case: the step of ``line``, and of which case; rows of dispatch's tables."""
    return _body(
        kind,
        line.at_ms,
        {
            "case": case.code,
            "from": line.from_state,
            "state": line.to_state,
            "action": line.action,
            "by": "system" if line.actor == SYSTEM else "person",
            "facility": names.facility(case.facility),
            "community": names.community(case.community),
            "severity": Severity(case.severity).name.lower(),
            "rule": case.rule_id,
            "title": {"zh": case.say_zh, "en": case.say_en},
            "opened_at": moment(case.opened_ms),
            "link": names.link(f"cases/{case.number}"),
        },
    )


def alarm_body(kind: EventType, line: Any, alarm: Any, names: Names) -> str:
    """The body of a message about an alarm; ``silent``: a flag stood over it, so that nobody was told here."""
    severity = alarm.severity if line.severity is None else line.severity
    return _body(
        kind,
        line.at_ms,
        {
            "alarm": line.alarm_id,
            "from": line.from_state,
            "state": line.state,
            "change": line.change or line.event,
            "by": "system" if line.actor == SYSTEM else "person",
            "silent": bool(line.silent),
            "facility": names.facility(alarm.facility),
            "community": names.community(alarm.community),
            "severity": Severity(severity).name.lower(),
            "rule": alarm.rule_id,
            "title": {"zh": alarm.say_zh, "en": alarm.say_en},
            "began_at": moment(line.start_ms),
            "ended_at": None if line.stop_ms is None else moment(line.stop_ms),
            "link": names.link(f"alarms/{line.alarm_id}"),
        },
    )


def test_body(kind: str, name: str, now_ms: int) -> str:
    """The body of a test."""
    return _body(kind, now_ms, {"webhook": name})


def moment(at_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _body(kind: str, at_ms: int, data: Mapping[str, object]) -> str:
    said = {"type": str(kind), "timestamp": moment(at_ms), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
