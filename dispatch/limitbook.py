"""Limits by facility class and event, read from ``dispatch/limits.yaml``; and which limit a stage of a case has."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from core.alarms import Severity
from core.cases import Deadline, DeadlineClock, DeadlineWhat
from core.errors import Invalid
from core.findings import Finding
from core.places import Text
from core.stages import Basis, LadderStep, LimitUnit, Stage, StageLimit
from dispatch import findings as kinds
from dispatch.bookfile import table_of, text_of
from dispatch.stageclocks import Ladder

ANY = "*"
SHIPPED = "dispatch/limits.yaml"
_FIELDS = frozenset({"class", "event", "said", *Stage})
_DAY_HOURS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitRow:
    """Limits of one kind of event; ``said``: the standard's own words for the handling limit."""

    limits: Mapping[Stage, StageLimit]
    said: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitBook:
    """The table; keys are (facility class, rule family), either may be ``*``.

    Attributes:
        file, version: where it was read and what it calls itself, or the digest of its text.
        ladder: shares of the escalation that it states, by severity; appeal_days: how long an appeal is heard; what it
            does not state stays as proposed (``dispatch.policy``).
    """

    rows: Mapping[tuple[str, str], LimitRow] = field(default_factory=dict)
    source: Text = field(default_factory=lambda: Text(zh="", en=""))
    file: str = ""
    version: str = ""
    ladder: Mapping[Severity, Ladder] = field(default_factory=dict)
    appeal_days: float | None = None

    def limit(self, class_id: str, event: str, stage: Stage) -> StageLimit | None:
        """The limit of the narrowest row that has this stage."""
        for key in ((class_id, event), (class_id, ANY), (ANY, event)):
            row = self.rows.get(key)
            if row is not None and stage in row.limits:
                return row.limits[stage]
        return None

    def said(self, class_id: str, event: str) -> Text | None:
        """What the standard says of this event, in its own words."""
        for key in ((class_id, event), (class_id, ANY), (ANY, event)):
            if key in self.rows:
                return self.rows[key].said
        return None


@cache
def load_limits() -> LimitBook:
    """The table that ships with dispatch.

    Raises:
        Invalid: naming everything that is wrong in it.
    """
    return parse_limits(files("dispatch").joinpath("limits.yaml").read_text(encoding="utf-8"), SHIPPED)


def read_limits(path: Path) -> LimitBook:
    """A city's own table.

    Raises:
        Invalid: if it cannot be read, or naming everything that is wrong in it.
    """
    text = text_of(path, lambda problem: kinds.LIMITS_UNREADABLE.at(str(path), problem=problem))
    return parse_limits(text, str(path))


def parse_limits(text: str, file: str) -> LimitBook:
    """Read a table of limits.

    Raises:
        Invalid: naming every row that is wrong, with the number of the row.
    """
    findings: list[Finding] = []
    raw = table_of(text, file, kinds.LIMITS_NO_TABLE)
    listed = raw.get("limits")
    if not isinstance(listed, list):
        raise Invalid([kinds.LIMITS_NO_TABLE.at(file)])
    rows: dict[tuple[str, str], LimitRow] = {}
    for number, item in enumerate(listed, start=1):
        before = len(findings)
        row = _row(item, number, file, findings)
        if row is None or len(findings) > before:
            continue
        key = (str(item["class"]), str(item["event"]))
        if key in rows:
            findings.append(kinds.LIMITS_TWICE.at(file, row=number, facility=key[0], event=key[1]))
        rows[key] = row
    ladder = _ladders(raw.get("ladder"), file, findings)
    appeal_days = raw.get("appeal_days")
    if appeal_days is not None and not _is_number(appeal_days, 1, 365):
        findings.append(kinds.LIMITS_APPEAL.at(file))
    source = _text(raw.get("source"))
    if findings:
        raise Invalid(findings)
    digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    return LimitBook(
        rows=rows,
        source=source or Text(zh="", en=""),
        file=file,
        version=str(raw.get("version") or digest),
        ladder=ladder,
        appeal_days=appeal_days,
    )


def stage_limit(
    book: LimitBook, stage: Stage, *, class_id: str, event: str, stated: Deadline | None, default: Deadline
) -> StageLimit:
    """The limit of a stage: what the rule states, else the table's, else the default of the severity.

    Args:
        book: limits by class and event.
        stage: which.
        class_id: of the facility; event: rule family of the case.
        event: rule family of the case.
        stated: deadline of the rule, as far as it is of this stage.
        default: of the severity.
    """
    found = book.limit(class_id, event, stage)
    said = book.said(class_id, event) if stage is Stage.HANDLE else None
    if stated is not None:
        return as_limit(stated, Basis.RULE, said)
    if found is not None:
        return StageLimit(amount=found.amount, unit=found.unit, basis=Basis.STANDARD, standard=said)
    return as_limit(default, Basis.SEVERITY, said)


def as_limit(deadline: Deadline, basis: Basis, standard: Text | None = None) -> StageLimit:
    """A deadline as it would be written: whole working days as days."""
    if deadline.clock is DeadlineClock.CONTINUOUS:
        return StageLimit(amount=deadline.hours, unit=LimitUnit.URGENT_HOUR, basis=basis, standard=standard)
    if deadline.hours % _DAY_HOURS == 0:
        days = deadline.hours / _DAY_HOURS
        return StageLimit(amount=days, unit=LimitUnit.WORK_DAY, basis=basis, standard=standard)
    return StageLimit(amount=deadline.hours, unit=LimitUnit.WORK_HOUR, basis=basis, standard=standard)


def stated_for(stage: Stage, deadline: Deadline | None) -> Deadline | None:
    """A rule's deadline, if it is the limit of this stage."""
    if deadline is None:
        return None
    mine = {DeadlineWhat.ARRIVE: Stage.ARRIVE, DeadlineWhat.HANDLE: Stage.HANDLE}[deadline.what]
    return deadline if mine is stage else None


def accept_default(severity: Severity, accept_ms: Mapping[Severity, int], clock: DeadlineClock) -> Deadline:
    """How long a task may wait to be accepted, as a deadline."""
    return Deadline(hours=accept_ms[severity] / 3_600_000, clock=clock)


def _row(item: Any, number: int, file: str, findings: list[Finding]) -> LimitRow | None:
    if not isinstance(item, dict) or not item.get("class") or not item.get("event"):
        findings.append(kinds.LIMITS_NO_KEY.at(file, row=number))
        return None
    findings += [kinds.LIMITS_FIELD.at(file, row=number, field=str(name)) for name in item if name not in _FIELDS]
    limits: dict[Stage, StageLimit] = {}
    before = len(findings)
    for stage in Stage:
        if stage.value not in item:
            continue
        try:
            one = item[stage.value]
            limits[stage] = StageLimit(amount=float(one["amount"]), unit=LimitUnit(one["unit"]), basis=Basis.STANDARD)
        except (KeyError, TypeError, ValueError):
            findings.append(kinds.LIMITS_AMOUNT.at(file, row=number, stage=kinds.STAGES[stage.value]))
    if not limits and len(findings) == before:
        findings.append(kinds.LIMITS_AMOUNT.at(file, row=number, stage=kinds.STAGES[Stage.HANDLE.value]))
    said = _text(item.get("said"))
    if said is None:
        findings.append(kinds.LIMITS_SAID.at(file, row=number))
    return None if said is None else LimitRow(limits=limits, said=said)


def _is_number(raw: Any, least: float, most: float) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool) and least <= raw <= most


def _ladders(raw: Any, file: str, findings: list[Finding]) -> dict[Severity, Ladder]:
    """The shares of the escalation, as far as they are stated."""
    found: dict[Severity, Ladder] = {}
    if raw is not None and not isinstance(raw, dict):
        findings.append(kinds.LIMITS_LADDER.at(file, name="ladder"))
        return found
    names = {severity.name.lower(): severity for severity in Severity}
    for name, steps in (raw or {}).items():
        shares = [(step, steps[step.value]) for step in LadderStep if step.value in steps] if _is_steps(steps) else []
        numbers = [share for _, share in shares]
        rising = all(before < after for before, after in itertools.pairwise(numbers))
        if name not in names or not shares or not rising:
            findings.append(kinds.LIMITS_LADDER.at(file, name=str(name)))
            continue
        found[names[name]] = tuple((step, float(share)) for step, share in shares)
    return found


def _is_steps(steps: Any) -> bool:
    known = {step.value for step in LadderStep}
    return isinstance(steps, dict) and set(steps) <= known and all(_is_number(one, 0.01, 100) for one in steps.values())


def _text(raw: Any) -> Text | None:
    if isinstance(raw, dict) and raw.get("zh") and raw.get("en"):
        return Text(zh=str(raw["zh"]), en=str(raw["en"]))
    return None
