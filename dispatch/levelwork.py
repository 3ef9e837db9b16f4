"""Severity that changes while an alarm is on (``docs/alarms.md``, parts 7 and 8): what is shown, kept and asked for.

Alarms of rules without levels have no steps; for them nothing of this does anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from core.alarms import AlarmChange, Interval, Piece, Severity, SeverityStep
from core.cases import RuleInfo

RISE, FALL = "rise", "fall"


def steps_text(interval: Interval) -> str:
    """The steps of an interval as they are kept: pairs of moment and severity."""
    return json.dumps([[step.at_ms, step.severity.value] for step in interval.steps], separators=(",", ":"))


def steps_of(text: str) -> tuple[SeverityStep, ...]:
    """The steps that were kept."""
    return tuple(SeverityStep(at_ms, Severity(severity)) for at_ms, severity in json.loads(text))


def pieces_text(interval: Interval) -> str:
    """When the condition of a flapping alarm held, as it is kept: pairs of start and stop."""
    return json.dumps(interval.pieces, separators=(",", ":"))


def pieces_of(text: str) -> tuple[Piece, ...]:
    """The pieces that were kept."""
    return tuple(Piece(start_ms, stop_ms) for start_ms, stop_ms in json.loads(text))


def digest_of(steps: str, flaps: int = 0, pieces: str = "[]") -> str:
    """What tells one course of an alarm from another in a line of history; empty without steps and flapping."""
    if not flaps:
        return hashlib.blake2b(steps.encode(), digest_size=8).hexdigest() if steps_of(steps) else ""
    return hashlib.blake2b(f"{steps} {flaps} {pieces}".encode(), digest_size=8).hexdigest()


def says(info: RuleInfo) -> dict[str, object]:
    """What an alarm says and what is to be done, frozen into its row."""
    do = [[text.zh, text.en] for text in info.do]
    return {"say_zh": info.say.zh[:1000], "say_en": info.say.en[:1000], "do": json.dumps(do, ensure_ascii=False)}


def graded(before: Any, change: AlarmChange, info: RuleInfo) -> Mapping[str, object]:
    """What a change makes of the severity of an alarm: nothing, if neither it nor the alarm has steps.

    Args:
        before: the row.
        change: carries the steps after it.
        info: of the rule, at the severity of the change.
    """
    steps = steps_text(change.interval)
    if before.steps == steps and not change.interval.steps:
        return {}
    found: dict[str, object] = {"steps": steps, "severity": change.severity.value}
    return found if change.severity == before.severity else found | says(info)


def direction(before: Any, severity: Severity) -> str:
    """Whether an alarm that was on and is has risen or fallen; empty if neither."""
    if severity == before.severity:
        return ""
    return RISE if severity > before.severity else FALL
