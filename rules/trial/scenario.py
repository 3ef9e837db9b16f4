"""A file of scenarios, read and checked: every fault with its place, all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.alarms import Severity
from core.findings import Finding
from core.places import FacilityClass, Text
from rules.language.document import Document, Findings, Place
from rules.rule_set import RuleSet
from rules.trial import findings as kinds
from rules.trial.fields import choice_of, items_of, near, span_of, text_of
from rules.trial.players import Player, PlayerReader, Read, read_attributes, read_member, read_parent
from rules.trial.template import expanded
from rules.trial.timeline import Timeline, read_calendar

DEFAULT_START_MS = 1_772_409_600_000
"""2026-03-02T08:00+08:00, a Monday."""
TOP = ("class", "interval", "start", "rules", "attributes", "calendar", "scenarios")
FIELDS = (
    "name",
    "say",
    "only",
    "attributes",
    "calendar",
    "stale_after",
    "interval",
    "start",
    "series",
    "parent",
    "members",
    "until",
    "expect",
    "moments",
)
EXPECTED = ("rule", "severity", "since", "start", "stop", "late")
STATES = ("normal", "pending", "on", "clearing")
"""No alarm; ``when`` holds and its time runs or stands; the alarm is on; it is on and the time of ``clear`` runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """An alarm that is expected; ``None`` is not looked at. Times are milliseconds after the start of the series.

    Attributes:
        stop_ms: ``None``: the alarm is on at the end.
        late: whether it is announced as discovered late, where the readings arrive as written.
    """

    rule_id: str
    start_ms: int
    stop_ms: int | None
    since_ms: int | None = None
    severity: Severity | None = None
    late: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """What the state of rules is expected to be at a moment, where the readings arrive as written."""

    at_ms: int
    states: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One scenario of a facility.

    Attributes:
        place: where it stands, as ``file:line``.
        name: unique in its file.
        say: what happens, for people.
        class_id: the class of the facility.
        start_ms: the moment of the first interval, UTC milliseconds.
        until_ms: the end, after the start.
        only: rules under test; empty: all of the class.
        own: the facility under test, with its readings.
        parent: what supplies or contains it; ``None`` if nothing does.
        members: facilities of its class that share a group with it.
        calendar: when the terms of the site calendar hold; those that are missing are unknown.
        expected: all alarms of the rules under test; whatever else is raised is a failure.
    """

    place: str
    name: str
    say: Text
    class_id: str
    start_ms: int
    until_ms: int
    only: tuple[str, ...]
    own: Player
    expected: tuple[Expected, ...]
    moments: tuple[Moment, ...]
    parent: Player | None = None
    members: tuple[Player, ...] = ()
    calendar: Mapping[str, Timeline] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioFile:
    """A file of scenarios.

    Attributes:
        rules: rule files or folders it names, relative to its own folder; empty: the book.
        class_id: the class it tests; templates name classes of their own.
        scenarios: the sound ones.
        findings: everything wrong.
    """

    rules: tuple[str, ...] = ()
    class_id: str = ""
    scenarios: tuple[Scenario, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_scenarios(file: str, text: str, classes: Mapping[str, FacilityClass]) -> ScenarioFile:
    """Read a file of scenarios; what rules it names is read by the caller, who then calls ``unknown_rules``."""
    findings = Findings()
    root = Document(file, text, findings).root()
    if root is None:
        return ScenarioFile(findings=tuple(findings.items))
    top = root.fields(TOP, ("class", "scenarios"))
    facility_class = _class(top, classes)
    rules = tuple(path for place in items_of(top, "rules") if (path := place.text()))
    scenarios: list[Scenario] = []
    attributes = read_attributes(top)
    calendar = read_calendar(top["calendar"]) if "calendar" in top else {}
    if facility_class is not None and "scenarios" in top:
        written = (one for place in top["scenarios"].items() for one in expanded(place, facility_class, classes))
        for mine, place in written:
            one = _Entry(place, f"{file}:{place.line}", mine, classes, top, attributes, calendar).scenario()
            if one.name in {other.name for other in scenarios}:
                place.fault(kinds.TWICE, value=one.name)
            scenarios.append(one)
    return ScenarioFile(
        rules=rules,
        class_id="" if facility_class is None else facility_class.id,
        scenarios=tuple(scenarios),
        findings=tuple(findings.items),
    )


def unknown_rules(file: str, read: ScenarioFile, rules: RuleSet) -> list[Finding]:
    """Rules that scenarios name and nobody has written for their class."""
    found: list[Finding] = []
    for one in read.scenarios:
        ids = [rule.id for rule in rules.of_class(one.class_id)]
        named = {*one.only, *(expected.rule_id for expected in one.expected)}
        named |= {rule for moment in one.moments for rule in moment.states}
        line = int(one.place.rpartition(":")[2])
        for rule in sorted(named - set(ids)):
            values = {"class_id": one.class_id, "value": rule, "hint": near(rule, ids)}
            found.append(kinds.NO_RULE.at(file, line, 0, **values))
    return found


def _class(top: Mapping[str, Place], classes: Mapping[str, FacilityClass]) -> FacilityClass | None:
    text = text_of(top, "class")
    if "class" in top and text not in classes:
        top["class"].fault(kinds.NO_CLASS, value=text, hint=near(text, classes))
    return classes.get(text)


@dataclass
class _Entry:
    """One scenario while it is read."""

    place: Place
    where: str
    facility_class: FacilityClass
    classes: Mapping[str, FacilityClass]
    top: Mapping[str, Place]
    attributes: Mapping[str, float | str]
    terms: Mapping[str, Timeline]
    fields: Mapping[str, Place] = field(default_factory=dict)

    def scenario(self) -> Scenario:
        """The scenario; what is wrong in it is reported, and left out."""
        self.fields = self.place.fields(FIELDS, ("name", "series", "expect"))
        outer = (self.fields, self.top)
        own = PlayerReader(self.fields, self.facility_class, (self.top,), self.attributes).read()
        around = [read_member(place, self.facility_class, outer, own.player) for place in self._list("members")]
        parent = read_parent(self.fields["parent"], self.classes, outer) if "parent" in self.fields else None
        every: list[Read] = [own, *around, *([] if parent is None else [parent])]
        if "series" in self.fields and not any(part for one in every for part in one.player.series.values()):
            self.fields["series"].fault(kinds.NOTHING_PLAYED)
        until_ms = span_of(self.fields, "until")
        return Scenario(
            place=self.where,
            name=text_of(self.fields, "name"),
            say=self._say(),
            class_id=self.facility_class.id,
            start_ms=self._start(),
            until_ms=max(one.last_ms for one in every) if until_ms is None else until_ms,
            only=tuple(text_of({"": place}, "") for place in self._list("only")),
            own=own.player,
            parent=None if parent is None else parent.player,
            members=tuple(one.player for one in around),
            calendar={**self.terms, **(read_calendar(self.fields["calendar"]) if "calendar" in self.fields else {})},
            expected=tuple(filter(None, map(_expected, self._list("expect")))),
            moments=tuple(filter(None, map(_moment, self._list("moments")))),
        )

    def _list(self, name: str) -> Sequence[Place]:
        return items_of(self.fields, name)

    def _say(self) -> Text:
        place = self.fields.get("say")
        if place is None or not place.is_map():
            text = text_of(self.fields, "say") or text_of(self.fields, "name")
            return Text(zh=text, en=text)
        pair = place.fields(("zh", "en"), ("zh", "en"))
        return Text(zh=text_of(pair, "zh"), en=text_of(pair, "en"))

    def _start(self) -> int:
        fields = self.fields if "start" in self.fields else self.top
        if "start" not in fields:
            return DEFAULT_START_MS
        text = text_of(fields, "start")
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise ValueError("no time zone")
            return round(moment.timestamp() * 1000)
        except (ValueError, OverflowError):
            fields["start"].fault(kinds.NO_START, value=text)
            return DEFAULT_START_MS


def _expected(place: Place) -> Expected | None:
    fields = place.fields(EXPECTED, ("rule", "start"))
    since_ms, start_ms, stop_ms = (span_of(fields, name) for name in ("since", "start", "stop"))
    severity, late = (
        choice_of(fields, "severity", [one.name.lower() for one in Severity]),
        choice_of(fields, "late", _BOOLS),
    )
    if start_ms is None or "rule" not in fields:
        return None
    if (since_ms is not None and since_ms > start_ms) or (stop_ms is not None and stop_ms <= start_ms):
        place.fault(kinds.NO_INTERVAL)
    return Expected(
        rule_id=text_of(fields, "rule"),
        start_ms=start_ms,
        stop_ms=stop_ms,
        since_ms=since_ms,
        severity=Severity[severity.upper()] if severity else None,
        late=None if late is None else late == "true",
    )


_BOOLS = ("true", "false")


def _moment(place: Place) -> Moment | None:
    at_ms: int | None = None
    states: dict[str, str] = {}
    entries = list(place.entries())
    for name, _, value in entries:
        if name == "at":
            at_ms = span_of({name: value}, name)
        elif (state := choice_of({name: value}, name, STATES)) is not None:
            states[name] = state
    if at_ms is None:
        if not any(name == "at" for name, _, _ in entries):
            place.fault(kinds.NO_SPAN, value="")
        return None
    return Moment(at_ms=at_ms, states=states)
