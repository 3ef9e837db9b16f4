"""Rules as pages edit them: lists, texts, forms, findings, previews."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from api.models.backtests import MAX_TEXT, Code
from api.models.base import Bilingual, FacilityRef, Model, Number, SeverityName, TimeMs
from api.models.history import Limit
from core.places import PointKind
from core.ports.rule_editing import EditKind, RuleState

Line = Annotated[str, Field(max_length=4_000)]
Word = Annotated[str, Field(max_length=400)]
RuleTextField = Annotated[str, Field(max_length=MAX_TEXT, description="one rule, as a rule file has it")]
Version = Annotated[str, Field(max_length=64, pattern=r"^[a-f0-9]*$", examples=["0c4d9a41b7f04b2a9be1f2c3"])]


class VoteRow(Model):
    """One line of a condition. `text` is what it was cut from; a row whose fields are unchanged is written with it."""

    kind: Literal["compare", "group", "vote", "formula", "term", "text"] = Field(
        description="`group`: over the facilities of a group; `text` cannot be drawn and stays text"
    )
    text: Line = ""
    measurement: Line = Field("", description="key, `parent.key`, a formula, or a term of the calendar")
    aggregate: Word = Field("", examples=["mean"])
    window: Word = Field("", examples=["10 min"])
    inner_operator: Word = Field("", description="of the comparison that an aggregate counts; empty: it takes values")
    inner_limit: Word = ""
    inner_unit: Word = ""
    group: Word = Field("", examples=["cell.governance"])
    operator: Word = Field("", examples=[">"])
    limit: Word = Field("", description="a number, `facility.x` or `class.x`; of a vote how many", examples=["2"])
    unit: Word = Field("", examples=["m"])
    upper: Word = Field("", description="of a range")
    upper_unit: Word = ""


class ConditionRow(VoteRow):
    """A line that may be a vote: so many of several."""

    votes: list[VoteRow] = Field([], max_length=50, description="of a vote; none of them is one")


class ConditionForm(Model):
    """Parts joined by `join`; the rows of a part with several are joined by the other word."""

    join: Literal["all", "any"]
    parts: list[Annotated[list[ConditionRow], Field(max_length=100)]] = Field(max_length=100)


class TextPair(Model):
    """A text in both languages, as far as it is written."""

    zh: Line = ""
    en: Line = ""


class DeadlineForm(Model):
    """A deadline as written; all empty: none."""

    hours: Word = ""
    clock: Word = ""
    what: Word = ""


class LevelForm(Model):
    """One severity of a rule with several."""

    origin: int = Field(-1, ge=-1, le=1_000, description="its place in the text, from 0; -1: it stands in none yet")
    severity: Word = ""
    when: ConditionForm
    for_: Word = Field("", alias="for")
    clear: ConditionForm | None = None
    clear_for: Word = ""


class TargetForm(Model):
    """One measurement of a class that a template stands for, and the limit it gives it."""

    class_: Word = Field("", alias="class")
    measurement: Word = ""
    limit: Word = ""


class RuleForm(Model):
    """A rule as fields, each as it is written; empty where nothing is."""

    id: Word = ""
    class_: Word = Field("", alias="class")
    targets: list[TargetForm] = Field([], max_length=500, description="of a template, in place of the class")
    kind: Word = ""
    severity: Word = ""
    when: ConditionForm | None = None
    for_: Word = Field("", alias="for")
    clear: ConditionForm | None = None
    clear_for: Word = ""
    levels: list[LevelForm] = Field(max_length=5)
    lead: Word = ""
    support: Word = ""
    supply: Word = ""
    latching: Word = ""
    family: Word = ""
    gather: Word = ""
    say: TextPair
    steps: list[TextPair] = Field(max_length=50)
    source: TextPair
    evidence: Word = ""
    deadline: DeadlineForm
    observe: Word = Field("", description="how long a repair is observed, or `none`; empty: as the class")
    from_: Word = Field("", alias="from")
    until: Word = ""


class RuleSummary(Model):
    """A rule of the folder."""

    id: str
    class_id: str = Field(description="empty for a rule that does not load")
    file: str
    line: int
    version: Version
    state: RuleState
    severity: SeverityName | None
    levels: int = Field(description="how many severities it has")
    say: Bilingual
    when: str


class RuleFinding(Model):
    """Something wrong or odd in a rule's text."""

    code: str = Field(examples=["TG-0311"])
    line: int = Field(ge=0, description="1-based line of the text, 0 where it has none")
    column: int = Field(ge=0)
    field: str = Field(description="such as `when` or `levels.0.for`; empty where it is of the whole rule")
    error: bool = Field(description="else it is only odd, and keeps nobody from saving")
    what: Bilingual
    fix: Bilingual


class RuleEditLine(Model):
    """One line of the record."""

    number: int
    rule_id: str
    file: str
    kind: EditKind
    at_ms: TimeMs
    actor: str
    note: str
    before: str = Field(description="the text before; empty where there was none")
    after: str = Field(description="the text after; empty where there is none")


class RuleList(Model):
    """All rules, in the order of their files."""

    items: list[RuleSummary]
    own: bool = Field(description="whether the installation has rule files of its own; the first edit makes them")
    version: str = Field(description="of the rules in force")
    may_edit: bool = Field(description="whether this login may change rules")
    wrong: list[RuleFinding] = Field(description="why the folder does not load, if it does not")
    removed: list[RuleEditLine] = Field(description="taken out of force in the pages, newest first")


class RuleMeasurement(Model):
    """A measurement that a rule reads, and the lines of its limits."""

    key: str
    name: Bilingual
    unit: str
    limits: list[Limit]


class RuleMember(Model):
    """One rule that a template stands for."""

    rule_id: str
    class_id: str
    class_name: Bilingual
    measurement: Bilingual
    limit: str = Field(description="as the template gives it")
    facilities: int = Field(description="of the class that this login sees")


class RuleDraft(Model):
    """A text and everything that can be said of it."""

    text: str
    form: RuleForm | None = Field(description="null where the text cannot be read as one rule")
    findings: list[RuleFinding]
    sound: bool = Field(description="whether it may be saved")
    cost: dict[str, JsonValue] | None = Field(description="as `twingrid rule check --json` says it")
    sentences: list[Bilingual] = Field(description="the rule in words")
    same: bool = Field(description="whether it judges as the rule in force does")
    class_id: str = Field(description="empty with errors")
    member: str = Field(description="of a template: the rule that words, cost and limits are of; else empty")
    members: list[RuleMember] = Field(description="that a template stands for; empty for a rule and with errors")
    measurements: list[RuleMeasurement] = Field(description="that it reads, with lines to draw")


class RuleDetail(Model):
    """A rule, its text, and what was done to it in the pages."""

    rule: RuleSummary
    draft: RuleDraft
    may_edit: bool
    edits: list[RuleEditLine] = Field(description="newest first")


class DraftQuestion(Model):
    """A text to be checked; with a form, which is put into it first."""

    text: RuleTextField
    form: RuleForm | None = None
    rule: Code | None = Field(None, description="id of the rule that it is to replace")
    member: Code | None = Field(None, description="of a template: the rule to tell about; else the first")


class RuleTemplate(Model):
    """The beginning of a new rule."""

    draft: RuleDraft


class WordMeasurement(Model):
    """A measurement that a row may read."""

    key: str
    name: Bilingual
    unit: str = Field(description="UCUM")
    low: float = Field(description="plausible from here")
    high: float
    kind: PointKind


class RuleWords(Model):
    """What the fields of a form may hold, for one class."""

    class_id: str
    name: Bilingual
    measurements: list[WordMeasurement]
    aggregates: list[str] = Field(description="over time, of a measurement")
    counts: list[str] = Field(description="over time, of a comparison")
    group_aggregates: list[str] = Field(description="over the facilities of a group, of a measurement")
    group_counts: list[str] = Field(description="over the facilities of a group, of a comparison")
    groups: list[str] = Field(description="what the facilities of a group have in common")
    comparisons: list[str]
    ranges: list[str]
    terms: list[str] = Field(description="of the site calendar")
    attributes: list[str]


class RuleChange(Model):
    """A text that is to be in force."""

    text: RuleTextField
    base: Version = Field("", description="version that the edit is based on; empty for a new rule")
    note: str = Field("", max_length=1_000, description="why")


class RuleRemoval(Model):
    """A rule that is to go."""

    base: Version
    note: str = Field("", max_length=1_000, description="why")


class RuleSaved(Model):
    """What became of a change."""

    rule_id: str
    version: Version
    in_force: bool = Field(description="whether the core goes by it; else it does once it runs or answers")
    kept: int = Field(description="rules that keep their state")
    changed: int
    added: int
    removed: int


class PreviewQuestion(Model):
    """A rule to be tried on the last 24 h."""

    text: RuleTextField
    facility: Number | None = Field(None, description="looked at first; else the first of its class")
    member: Code | None = Field(None, description="of a template: the rule to try; else the first")


class PreviewAlarm(Model):
    """An alarm that the rule would have raised."""

    since_ms: TimeMs = Field(description="since when the condition holds")
    start_ms: TimeMs
    stop_ms: TimeMs | None
    severity: SeverityName


class FacilityAlarms(Model):
    """How many alarms a facility would have had."""

    facility: FacilityRef
    alarms: int


class RulePreview(Model):
    """What the last 24 h say."""

    facility: FacilityRef | None = Field(description="that was looked at first; null if nobody sees one of the class")
    from_ms: TimeMs
    to_ms: TimeMs
    alarms: list[PreviewAlarm] = Field(description="of that facility")
    before: list[PreviewAlarm] | None = Field(description="of the rule in force, where it judges otherwise")
    looked_at: int = Field(description="facilities the figures are of")
    facilities: int = Field(description="of the class that this login sees")
    complete: bool
    total: int = Field(description="alarms")
    before_total: int | None
    cases: int
    affected: int = Field(description="facilities with an alarm")
    most: list[FacilityAlarms]
    readings: int
    spent_s: float


class TrialQuestion(Model):
    """A rule whose scenarios are to be played."""

    text: RuleTextField


class TrialDifference(Model):
    """What the rule did otherwise than expected."""

    rule_id: str = Field(description="empty for its state at a moment")
    orders: list[Bilingual] = Field(description="of arrival in which it shows; empty: in all")
    expected: list[Bilingual] = Field(description="one line per alarm")
    got: list[Bilingual]
    lines: list[str] = Field(description="expected and got on a line of time; empty for a state")


class TrialCase(Model):
    """A scenario that was played."""

    name: str
    file: str
    line: int
    say: Bilingual
    passed: bool
    expects: bool = Field(description="whether it expects an alarm of the rule, or none")
    differences: list[TrialDifference]


class RuleTrial(Model):
    """What the scenarios of a rule say, failed ones first."""

    cases: list[TrialCase]
    passed: int
    left_out: int = Field(description="not played, because the time was over")
    wrong: list[Bilingual] = Field(description="what is wrong with the files of scenarios")
    spent_s: float


class ExplainQuestion(Model):
    """A rule on a facility at a moment: one in force by its id, or a text that is being edited."""

    facility: Number
    rule: Word = Field("", description="a rule in force; with a template's text one of its rules")
    text: Annotated[str, Field(max_length=MAX_TEXT, description="empty: the rule in force")] = ""
    at_ms: TimeMs | None = Field(None, description="now if left out")


class MomentOperand(Model):
    """What the rule reads, and its newest reading."""

    name: Bilingual
    value: float | None = Field(description="null: unknown")
    unit: str = Field(description="UCUM")
    reading_ms: TimeMs | None = Field(description="of the newest reading; null if there is none, or it has none")
    quality: str = Field(examples=["good"])


class MomentPart(Model):
    """A condition or a part of one."""

    depth: int
    say: Bilingual
    holds: bool | None = Field(description="null: unknown")


class MomentLevel(Model):
    """One severity of the rule at the moment."""

    severity: SeverityName
    when: list[MomentPart] = Field(description="the condition, then its parts")
    clear: list[MomentPart]
    state: Literal["normal", "pending", "on", "clearing"]
    since_ms: TimeMs | None = Field(description="since when the condition holds")
    start_ms: TimeMs | None = Field(description="when the alarm started")
    spent_ms: int = Field(description="of the time that runs")
    needed_ms: int
    due_ms: TimeMs | None = Field(description="when that time is over; null: none runs, or it stands still")


class RuleMoment(Model):
    """Why a rule's alarm is on at a facility at a moment, or what it lacks."""

    rule_id: str
    facility: FacilityRef
    at_ms: TimeMs
    from_ms: TimeMs = Field(description="since when readings were judged")
    readings: int
    operands: list[MomentOperand]
    levels: list[MomentLevel] = Field(description="from the least to the worst severity; one where it has one")


class RuleFacilities(Model):
    """Facilities of a class that a rule can be looked at."""

    items: list[FacilityRef] = Field(description="the first by code")
    matching: int = Field(description="that match the text")
    all: int = Field(description="of the class that this login sees")
