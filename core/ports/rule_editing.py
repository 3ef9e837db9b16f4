"""Rules as people edit them in the pages: listed, checked, saved with a record, taken back; tried on the last day.

Forms travel as plain values (``rules.editing.form`` gives them their meaning), so that the API needs no rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from core.alarms import Severity
from core.findings import Finding
from core.places import Text

FormValues = Mapping[str, Any]


class RuleState(StrEnum):
    """How a rule of the folder stands to what the core goes by."""

    IN_FORCE = "in_force"
    WAITING = "waiting"
    """Saved, and not in force yet."""
    BROKEN = "broken"
    """It does not load."""


class EditKind(StrEnum):
    """What was done to a rule."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleEntry:
    """A rule of the folder.

    Attributes:
        file, line: where it stands; the file without its folder.
        version: of its text; what an edit is based on.
        severity: of its worst level; ``None`` with ``class_id`` and ``say`` empty for a broken one.
        levels: number of its severities.
    """

    rule_id: str
    file: str
    line: int
    version: str
    state: RuleState
    class_id: str = ""
    severity: Severity | None = None
    say: Text = Text(zh="", en="")  # noqa: RUF009 - frozen
    when: str = ""
    levels: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleEdit:
    """One line of the record; ``before`` and ``after`` are texts, empty where there was or is none."""

    number: int
    rule_id: str
    file: str
    kind: EditKind
    at_ms: int
    actor: str
    note: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleShelf:
    """What the folder holds.

    Attributes:
        rules: in the order of files and lines.
        is_own: whether the installation has a folder of its own; else these are the rules that came with Twingrid.
        version: of the rules in force; empty if none are known.
        wrong: why the folder does not load as a whole, if it does not.
    """

    rules: tuple[RuleEntry, ...]
    is_own: bool
    version: str
    wrong: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFault:
    """A finding in a rule's text: lines are those of the text; ``field`` such as ``when`` or ``levels.0.for``."""

    finding: Finding
    field: str
    is_error: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnLimit:
    """A limit to be drawn as a line: ``value`` in the unit of the measurement; ``kind`` is ``high`` or ``low``.

    Attributes:
        only_with: what else must be so: measurement keys, and attributes as ``facility.x``.
    """

    measurement: str
    value: float
    kind: str
    severity: Severity
    say: Text
    only_with: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleMember:
    """One rule that a template stands for; ``limit`` as the template gives it."""

    rule_id: str
    class_id: str
    measurement: str
    limit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleDraft:
    """A text, and everything that can be said of it.

    Attributes:
        text: that was asked about, with the form put in where one was given.
        form: of it; ``None`` where the text cannot be read as one rule.
        faults: errors and oddities, as ``twingrid rule check`` finds them.
        cost: what it costs, with ``bounds``; ``None`` with errors.
        sentences: the rule in words; empty with errors.
        same: whether it judges as the rule in force under its id does.
        class_id: of the rule; empty with errors, as all that follows.
        reads: keys of the measurements it reads.
        limits: to be drawn.
        member: of a template the rule that all this is of; empty for a rule.
        members: that a template stands for; empty for a rule and with errors.
    """

    text: str
    form: FormValues | None
    faults: tuple[FoundFault, ...]
    cost: Mapping[str, Any] | None = None
    sentences: tuple[Text, ...] = ()
    same: bool = False
    class_id: str = ""
    reads: tuple[str, ...] = ()
    limits: tuple[DrawnLimit, ...] = ()
    member: str = ""
    members: tuple[RuleMember, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether it may be saved."""
        return not any(fault.is_error for fault in self.faults)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleSaved:
    """What became of a change.

    Attributes:
        rule_id, version: of the rule now; the version is empty after a removal.
        in_force: whether the core goes by it; ``False``: it does once it runs or answers.
        kept, changed, added, removed: numbers of rules, as the core has told them.
    """

    rule_id: str
    version: str
    in_force: bool
    kept: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleWords:
    """What the fields of a form may hold.

    Attributes:
        aggregates: of windows over a measurement; counts: over a comparison.
        group_aggregates, group_counts: the same over the facilities of a group.
        groups: what the facilities of a group have in common.
        comparisons: between two numbers; ranges: with two limits.
        terms: of the calendar.
        attributes: numeric ones of the class, for limits; those of single facilities may have other names.
    """

    aggregates: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    group_aggregates: tuple[str, ...] = ()
    group_counts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    comparisons: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


class RuleEditing(Protocol):
    """Edits the rules of an installation; ``core.errors.Unavailable`` means that the database does not answer."""

    def shelf(self) -> RuleShelf:
        """Everything there is."""
        ...

    def text(self, rule_id: str) -> tuple[RuleEntry, str] | None:
        """A rule as it is written; ``None`` if there is none."""
        ...

    def template(self, class_id: str, language: str) -> str | None:
        """The beginning of a new rule; ``None`` if there is no such class."""
        ...

    def words(self, class_id: str) -> RuleWords:
        """What a form for a class may offer."""
        ...

    def draft(self, text: str, form: FormValues | None, rule_id: str, member: str = "") -> RuleDraft:
        """Check a text, with a form put in.

        Args:
            text: of one rule or template.
            form: of it.
            rule_id: the rule that it is to replace, empty for a new one.
            member: of a template the rule to tell about, empty for the first.
        """
        ...

    def edits(self, rule_id: str = "", limit: int = 100) -> Sequence[RuleEdit]:
        """The record, newest first."""
        ...

    def save(self, rule_id: str, base: str, text: str, note: str, actor: str, now_ms: int) -> RuleSaved:
        """Put a text in the place of a rule; without ``rule_id`` a new one.

        Raises:
            core.errors.Invalid: with everything wrong; nothing has changed.
            core.cases.Conflict: ``changed``, if the rule is not at version ``base`` any more, or has gone.
            core.errors.Refused: if the core refuses it or the folder cannot be written; nothing has changed.
        """
        ...

    def remove(self, rule_id: str, base: str, note: str, actor: str, now_ms: int) -> RuleSaved:
        """Take a rule out of force; the record keeps its text. Raises as ``save`` does."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewAsk:
    """A rule to be tried on the last day.

    Attributes:
        text: of one rule or template.
        member: of a template the rule to try; empty for the first.
        facility: looked at first, and whose alarms are told; 0: the first of its class.
        communities: codes; empty: all.
        from_ms, to_ms: the time.
    """

    text: str
    facility: int
    communities: tuple[str, ...]
    from_ms: int
    to_ms: int
    member: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewAlarm:
    """An alarm that the rule would have raised; ``stop_ms`` is ``None`` where it is on at the end."""

    facility: int
    since_ms: int
    start_ms: int
    stop_ms: int | None
    severity: Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What the last day says.

    Attributes:
        facility: that was looked at first, 0 if there is none.
        from_ms, to_ms: the time.
        alarms: of that facility; before: the same of the rule in force under its id.
        looked_at, facilities: how many facilities of how many.
        complete: whether all were looked at; else the figures are of those that were.
        total, before_total: alarms of all that were looked at; cases: what they would have made.
        affected: facilities with an alarm.
        most: facilities with the most alarms, and how many.
        readings: judged; spent_s: how long it took.
    """

    facility: int
    from_ms: int
    to_ms: int
    alarms: tuple[PreviewAlarm, ...] = ()
    before: tuple[PreviewAlarm, ...] = ()
    has_before: bool = False
    looked_at: int = 0
    facilities: int = 0
    complete: bool = True
    total: int = 0
    before_total: int = 0
    cases: int = 0
    affected: int = 0
    most: tuple[tuple[int, int], ...] = ()
    readings: int = 0
    spent_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialDifference:
    """What a rule did otherwise than a scenario expects.

    Attributes:
        rule_id: the rule; empty for its state at a moment.
        orders: of arrival in which it shows; empty: in all of them.
        expected, got: one line per alarm.
        lines: the same on a line of time; empty for a state.
    """

    rule_id: str
    orders: tuple[Text, ...]
    expected: tuple[Text, ...]
    got: tuple[Text, ...]
    lines: tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialCase:
    """One scenario that was played: where it stands, and whether the rule did what it should.

    Attributes:
        name, file, line: of the scenario.
        say: what happens in it.
        passed: whether all was as expected, in every order of arrival.
        expects: whether it expects an alarm of the rule, or none.
        differences: nothing where it passed.
    """

    name: str
    file: str
    line: int
    say: Text
    passed: bool
    expects: bool
    differences: tuple[TrialDifference, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """The scenarios of a rule, failed ones first.

    Attributes:
        cases: that were played.
        left_out: not played, because the time was over.
        wrong: what is wrong with the files of scenarios.
        spent_s: how long it took.
    """

    cases: tuple[TrialCase, ...] = ()
    left_out: int = 0
    wrong: tuple[Text, ...] = ()
    spent_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainAsk:
    """A rule on a facility at a moment.

    Attributes:
        rule_id: of a rule in force; of a template's text the rule to look at, empty for the first.
        text: of one rule or template; empty: the rule in force.
        facility: its code.
        at_ms: the moment.
    """

    rule_id: str
    text: str
    facility: str
    at_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedOperand:
    """What a rule reads: its value (``None``: unknown) in a unit, and time and quality of its newest reading."""

    name: Text
    value: float | None
    unit: str
    reading_ms: int | None
    quality: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedPart:
    """A condition or a part of one: how deep it stands, in words, and whether it holds (``None``: unknown)."""

    depth: int
    say: Text
    holds: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedLevel:
    """One severity of a rule at a moment.

    Attributes:
        severity: of it.
        when, clear: the conditions, each followed by its parts.
        state: ``normal``, ``pending``, ``on`` or ``clearing``.
        since_ms, start_ms: since when the condition holds, and when the alarm started.
        spent_ms, needed_ms, due_ms: of the timer that runs.
    """

    severity: Severity
    when: tuple[ExplainedPart, ...]
    clear: tuple[ExplainedPart, ...]
    state: str
    since_ms: int | None
    start_ms: int | None
    spent_ms: int
    needed_ms: int
    due_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """A rule on a facility at a moment, as the engine sees it.

    Attributes:
        rule_id, at_ms: what was asked about.
        from_ms, readings: since when readings were judged, and how many.
        operands: what the rule reads.
        levels: from the least to the worst severity; one where the rule has one.
    """

    rule_id: str
    at_ms: int
    from_ms: int
    readings: int
    operands: tuple[ExplainedOperand, ...]
    levels: tuple[ExplainedLevel, ...]


class RulePreviews(Protocol):
    """Tries rules on the last day and on their scenarios, within seconds, in a process of their own."""

    def look(self, ask: PreviewAsk, owner: str) -> Preview:
        """Try one; a newer question of the same owner ends an older one.

        Raises:
            core.errors.Invalid: if the rule is wrong.
            core.errors.Refused: if too many run, or a newer question has come.
            core.errors.Unavailable: if store or database do not answer.
        """
        ...

    def trial(self, text: str, owner: str) -> Trial:
        """Play the scenarios of one rule or template. Raises as ``look`` does."""
        ...

    def explain(self, ask: ExplainAsk, owner: str) -> Explained:
        """Why a rule's alarm is on at a facility, or is not. Raises as ``look`` does."""
        ...
