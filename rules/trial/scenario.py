"""A file of scenarios, read and checked: every fault with its place, all at once."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.alarms import Severity
from core.findings import DID_YOU_MEAN, Finding, Kind, Said
from core.places import FacilityClass, Text
from rules.language.document import Document, Findings, Place
from rules.trial import findings as kinds
from rules.trial.series import Sample, read_series, span_ms

DEFAULT_START_MS = 1_772_409_600_000
"""2026-03-02T08:00+08:00, a Monday."""
TOP = ("class", "interval", "start", "rules", "scenarios")
FIELDS = (
    "name",
    "say",
    "only",
    "attributes",
    "stale_after",
    "interval",
    "start",
    "series",
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
        attributes: numeric attributes of the facility.
        stale_ms: how long a reading holds, by measurement.
        series: readings by measurement, in the order of time.
        expected: all alarms of the rules under test; whatever else is raised is a failure.
    """

    place: str
    name: str
    say: Text
    class_id: str
    start_ms: int
    until_ms: int
    only: tuple[str, ...]
    attributes: Mapping[str, float]
    stale_ms: Mapping[str, int]
    series: Mapping[str, tuple[Sample, ...]]
    expected: tuple[Expected, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioFile:
    """A file of scenarios.

    Attributes:
        rules: rule files or folders it names, relative to its own folder; empty: the book.
        class_id: the class it tests.
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
    rules = tuple(path for place in _items(top, "rules") if (path := place.text()))
    scenarios: list[Scenario] = []
    if facility_class is not None and "scenarios" in top:
        for place in top["scenarios"].items():
            one = _Entry(place, f"{file}:{place.line}", facility_class, top).scenario()
            if one.name in {other.name for other in scenarios}:
                place.fault(kinds.TWICE, value=one.name)
            scenarios.append(one)
    return ScenarioFile(
        rules=rules,
        class_id="" if facility_class is None else facility_class.id,
        scenarios=tuple(scenarios),
        findings=tuple(findings.items),
    )


def unknown_rules(file: str, read: ScenarioFile, known: Iterable[str]) -> list[Finding]:
    """Rules that scenarios name and nobody has written."""
    ids = list(known)
    found: list[Finding] = []
    for one in read.scenarios:
        named = {*one.only, *(expected.rule_id for expected in one.expected)}
        named |= {rule for moment in one.moments for rule in moment.states}
        line = int(one.place.rpartition(":")[2])
        for rule in sorted(named - set(ids)):
            values = {"class_id": read.class_id, "value": rule, "hint": _near(rule, ids)}
            found.append(kinds.NO_RULE.at(file, line, 0, **values))
    return found


def _class(top: Mapping[str, Place], classes: Mapping[str, FacilityClass]) -> FacilityClass | None:
    text = _text(top, "class")
    if "class" in top and text not in classes:
        top["class"].fault(kinds.NO_CLASS, value=text, hint=_near(text, classes))
    return classes.get(text)


def _near(text: str, known: Iterable[str]) -> Said:
    names = list(known)
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    return DID_YOU_MEAN(near=near[0]) if near else kinds.KNOWN(known=", ".join(sorted(names)) or "-")


def _text(fields: Mapping[str, Place], name: str) -> str:
    return (fields[name].text() or "").strip() if name in fields else ""


def _items(fields: Mapping[str, Place], name: str) -> Sequence[Place]:
    return list(fields[name].items()) if name in fields else ()


def _span(fields: Mapping[str, Place], name: str) -> int | None:
    """A duration field; ``None`` if it is missing or wrong (reported)."""
    if name not in fields:
        return None
    text = _text(fields, name)
    found = span_ms(text)
    if found is None:
        fields[name].fault(kinds.NO_SPAN, value=text)
    return found


@dataclass
class _Entry:
    """One scenario while it is read."""

    place: Place
    where: str
    facility_class: FacilityClass
    top: Mapping[str, Place]
    fields: Mapping[str, Place] = field(default_factory=dict)

    def scenario(self) -> Scenario:
        """The scenario; what is wrong in it is reported, and left out."""
        self.fields = self.place.fields(FIELDS, ("name", "series", "expect"))
        keys = tuple(self.facility_class.measurements)
        stale = {key: round(3000 * one.interval_s) for key, one in self.facility_class.measurements.items()}
        for key, place in self._map("stale_after", keys).items():
            stale[key] = _span({key: place}, key) or stale[key]
        series = {key: self._series(key, place, stale[key]) for key, place in self._map("series", keys).items()}
        if "series" in self.fields and not any(series.values()):
            self.fields["series"].fault(kinds.NOTHING_PLAYED)
        last_ms = max((one[-1].at_ms + self._interval(key) for key, one in series.items() if one), default=0)
        until_ms = _span(self.fields, "until")
        return Scenario(
            place=self.where,
            name=_text(self.fields, "name"),
            say=self._say(),
            class_id=self.facility_class.id,
            start_ms=self._start(),
            until_ms=last_ms if until_ms is None else until_ms,
            only=tuple(_text({"": place}, "") for place in _items(self.fields, "only")),
            attributes=self._attributes(),
            stale_ms=stale,
            series=series,
            expected=tuple(filter(None, map(_expected, _items(self.fields, "expect")))),
            moments=tuple(filter(None, map(_moment, _items(self.fields, "moments")))),
        )

    def _map(self, name: str, keys: Sequence[str]) -> dict[str, Place]:
        """A map whose keys are measurements of the class; others are reported."""
        if name not in self.fields:
            return {}
        found: dict[str, Place] = {}
        for key, key_place, place in self.fields[name].entries():
            if key in keys:
                found[key] = place
            else:
                class_id, hint = self.facility_class.id, _near(key, keys)
                key_place.fault(kinds.NO_MEASUREMENT, class_id=class_id, value=key, hint=hint)
        return found

    def _say(self) -> Text:
        place = self.fields.get("say")
        if place is None or not place.is_map():
            text = _text(self.fields, "say") or _text(self.fields, "name")
            return Text(zh=text, en=text)
        pair = place.fields(("zh", "en"), ("zh", "en"))
        return Text(zh=_text(pair, "zh"), en=_text(pair, "en"))

    def _start(self) -> int:
        fields = self.fields if "start" in self.fields else self.top
        if "start" not in fields:
            return DEFAULT_START_MS
        text = _text(fields, "start")
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise ValueError("no time zone")
            return round(moment.timestamp() * 1000)
        except (ValueError, OverflowError):
            fields["start"].fault(kinds.NO_START, value=text)
            return DEFAULT_START_MS

    def _interval(self, key: str) -> int:
        """The distance of two readings: of the scenario, of the file, or of the class."""
        for fields in (self.fields, self.top):
            if "interval" in fields:
                return _pace(fields) or 1000
        return round(self.facility_class.measurements[key].interval_s * 1000)

    def _series(self, key: str, place: Place, stale_ms: int) -> tuple[Sample, ...]:
        interval_ms = self._interval(key)
        if place.is_map():
            parts = place.fields(("interval", "values"), ("values",))
            interval_ms = (_pace(parts) or interval_ms) if "interval" in parts else interval_ms
            if "values" not in parts:
                return ()
            place = parts["values"]
        text = place.text() or ""

        def report(at: int, kind: Kind, /, **values: object) -> None:
            place.fault(kind, at, **values)

        return read_series(text, interval_ms, stale_ms, report)

    def _attributes(self) -> dict[str, float]:
        found: dict[str, float] = {}
        if "attributes" in self.fields:
            for name, _, place in self.fields["attributes"].entries():
                text = _text({name: place}, name)
                try:
                    found[name] = float(text)
                except ValueError:
                    found[name] = math.nan
                if not math.isfinite(found[name]):
                    place.fault(kinds.NO_NUMBER, value=text)
        return found


def _pace(fields: Mapping[str, Place]) -> int | None:
    found = _span(fields, "interval")
    if found == 0:
        fields["interval"].fault(kinds.NO_PACE)
    return found or None


def _expected(place: Place) -> Expected | None:
    fields = place.fields(EXPECTED, ("rule", "start"))
    since_ms, start_ms, stop_ms = (_span(fields, name) for name in ("since", "start", "stop"))
    severity, late = (
        _choice(fields, "severity", [one.name.lower() for one in Severity]),
        _choice(fields, "late", _BOOLS),
    )
    if start_ms is None or "rule" not in fields:
        return None
    if (since_ms is not None and since_ms > start_ms) or (stop_ms is not None and stop_ms <= start_ms):
        place.fault(kinds.NO_INTERVAL)
    return Expected(
        rule_id=_text(fields, "rule"),
        start_ms=start_ms,
        stop_ms=stop_ms,
        since_ms=since_ms,
        severity=Severity[severity.upper()] if severity else None,
        late=None if late is None else late == "true",
    )


_BOOLS = ("true", "false")


def _choice(fields: Mapping[str, Place], name: str, choices: Sequence[str]) -> str | None:
    if name not in fields:
        return None
    text = _text(fields, name)
    if text in choices:
        return text
    fields[name].fault(kinds.NO_CHOICE, name=name, value=text, hint=_near(text, choices))
    return None


def _moment(place: Place) -> Moment | None:
    at_ms: int | None = None
    states: dict[str, str] = {}
    entries = list(place.entries())
    for name, _, value in entries:
        if name == "at":
            at_ms = _span({name: value}, name)
        elif (state := _choice({name: value}, name, STATES)) is not None:
            states[name] = state
    if at_ms is None:
        if not any(name == "at" for name, _, _ in entries):
            place.fault(kinds.NO_SPAN, value="")
        return None
    return Moment(at_ms=at_ms, states=states)
