"""What may be decided of an intake by whom, looked up in ``core.intake.RULINGS``; pure, and as a picture."""

from __future__ import annotations

from collections.abc import Iterator

from core.alarms import Severity
from core.cases import Conflict
from core.findings import Finding
from core.intake import RULINGS, Decider, Needs, Verdict
from core.ports.intake import Ruling
from dispatch import intake_findings as kinds


def needs(before: Verdict, ruling: Ruling) -> Needs:
    """What the decision needs.

    Raises:
        Conflict: ``wrong_state`` if the table has no such decision.
    """
    found = RULINGS.get((before, ruling.decider), {}).get(ruling.verdict)
    if found is None:
        raise Conflict("wrong_state", kinds.DECIDED())
    return found


def wrong(need: Needs, ruling: Ruling, severity: Severity, handed_down_by: str) -> Iterator[Finding]:
    """What is missing or wrong in a decision; whether its case is open is not asked here.

    Args:
        need: of the table.
        ruling: what somebody decides.
        severity: of the event, in the eyes of whoever decides.
        handed_down_by: code of the department; empty: none.
    """
    if need.words and not ruling.words.strip():
        yield kinds.RULING_MISSING.at()
    if need.department and ruling.department in {"", handed_down_by}:
        yield kinds.REFERRED_NOWHERE.at()
    if ruling.verdict is Verdict.REFER and severity >= Severity.HIGH:
        yield kinds.URGENT_NOT_REFERRED.at()


def picture() -> list[str]:
    """The lines of the picture in ``docs/intake.md``, drawn from the table."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> wait: the gate doubts"]
    decided = {after for row in RULINGS.values() for after in row} - {before for before, _ in RULINGS}
    at_once = [Verdict.ADMIT, Verdict.JOIN, Verdict.RETURN, Verdict.ANSWER]
    lines += [f"    [*] --> {verdict}: the gate" for verdict in at_once]
    for (before, decider), row in RULINGS.items():
        lines += [f"    {before} --> {after}: {_said(decider, need)}" for after, need in row.items()]
    return [*lines, *(f"    {verdict} --> [*]" for verdict in Verdict if verdict in decided), "```"]


def _said(decider: Decider, need: Needs) -> str:
    names = [name for name in Needs.__slots__ if getattr(need, name)]
    return decider.value if not names else f"{decider.value} ({', '.join(names)})"
