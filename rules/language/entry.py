"""One rule of a file: every field is read, checked and, if wrong, reported; reading goes on to the next.

Fields: ``id class kind when for clear clear_for severity lead support family latching say do source evidence deadline
from until supply levels gather observe``; ``docs/rules.md`` says what each means. Levels are read by ``levels.py``.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from core.alarms import AlarmKind, Severity
from core.cases import Common, Deadline, DeadlineClock, DeadlineWhat, RuleInfo
from core.findings import DID_YOU_MEAN, USE_ONE_OF, Kind
from core.places import FacilityClass, Grid, Text
from rules.bounds import MAX_NODES, MAX_WINDOWS
from rules.cost import conditions_cost
from rules.expression import Compare, Connect, Const, InForce, Load, Truth, form, measured, operands
from rules.language import condition_findings as wrong
from rules.language import findings as kinds
from rules.language.alone import true_by_itself
from rules.language.check import Checker
from rules.language.document import Place
from rules.language.parser import parse, parse_quantity
from rules.language.tokens import SyntaxFault, names
from rules.operators import COMPARISONS, CONNECTIVES
from rules.rule_set import Evidence, Rule, Source

_FIELDS = (
    *("id", "class", "kind", "when", "for", "clear", "clear_for", "severity", "lead", "support", "family", "latching"),
    *("say", "do", "source", "evidence", "deadline", "from", "until", "supply", "levels", "gather", "observe"),
)
_REQUIRED = ("id", "class", "when", "severity", "lead", "say", "do", "source", "evidence")
_SUPPLY_MARKS = {"lost": True, "feed_lost": True}
_ID = re.compile(r"[a-z][a-z0-9]*(?:[-._][a-z0-9]+)*")
_DEADLINE_EXAMPLES = "{hours: 4, clock: continuous} / {hours: 8, clock: work, what: arrive}"
_MAX_DURATION_MS = 30 * 86_400_000
_CITY_TIME = timezone(timedelta(hours=8))
"""Dates without a time of day begin at midnight of Asia/Shanghai, which has no daylight saving time."""


class Entry:
    """One rule of a file while it is read; every field reports its own faults and reading goes on."""

    FIELDS: tuple[str, ...] = _FIELDS
    REQUIRED: tuple[str, ...] = _REQUIRED

    fields: Mapping[str, Place]
    """Where each field stands."""

    def __init__(self, place: Place, file: str, classes: Mapping[str, FacilityClass]) -> None:
        self._place = place
        self._file = file
        self._classes = classes
        self.fields = place.fields(self.FIELDS, self.REQUIRED)
        self._sound = all(name in self.fields for name in self.REQUIRED)

    def rule(self) -> Rule | None:
        """The checked rule, or None if anything in it was reported."""
        rule_id, facility_class = self._id(), self._class()
        when, clear = self._condition("when", facility_class), self._condition("clear", facility_class)
        self._reads_something(when)
        for_ms, clear_for_ms = self._duration("for"), self._duration("clear_for")
        self._bounded([part for part in (when, clear) if part is not None])
        dates = self._dates()
        info = self._info(rule_id, facility_class, when)
        source = self._source()
        if not self._sound or when is None or facility_class is None or info is None or source is None:
            return None
        if dates is not None:
            when, clear = within(when, clear, dates)
        when_text, clear_text = self._written("when"), self._written("clear")
        rule = Rule(
            id=rule_id,
            class_id=facility_class.id,
            when=when,
            clear=clear,
            for_ms=for_ms,
            clear_for_ms=clear_for_ms,
            info=info,
            source=source,
            when_text=when_text,
            clear_text=clear_text,
            file=self._file,
            line=self._place.line,
            fingerprint="",
        )
        return replace(rule, fingerprint=fingerprint_of(rule))

    def _reads_something(self, when: Truth | None) -> None:
        if when is not None and not operands(when):
            self._bad("when", wrong.READS_NOTHING)
        elif when is not None and true_by_itself(when):
            self._bad("when", wrong.TRUE_BY_ITSELF)

    @property
    def level_fields(self) -> Sequence[Mapping[str, Place]]:
        """Where each field of each level stands; a rule without levels has none."""
        return ()

    def _bounded(self, conditions: Sequence[Truth]) -> None:
        """Refuse what costs more than is declared (``rules.bounds``)."""
        cost = conditions_cost(conditions)
        if cost.nodes > MAX_NODES:
            self._bad("when", kinds.TOO_MANY_NODES, count=cost.nodes, most=MAX_NODES)
        if len(cost.windows) > MAX_WINDOWS:
            size = sum(window.state_bytes for window in cost.windows)
            self._bad("when", kinds.TOO_MANY_WINDOWS, count=len(cost.windows), most=MAX_WINDOWS, bytes=size)

    def _bad(self, field: str, kind: Kind, at: int = 0, /, **values: object) -> None:
        self._sound = False
        self.fields[field].fault(kind, at, **values)

    def _written(self, name: str) -> str:
        place = self.fields.get(name)
        return (place.text() or "").strip() if place is not None else ""

    def _id(self) -> str:
        text = self._written("id")
        if "id" in self.fields and (not _ID.fullmatch(text) or len(text) > 64):
            self._bad("id", kinds.NO_RULE_ID, value=text)
        return text

    def _class(self) -> FacilityClass | None:
        text = self._written("class")
        found = self._classes.get(text)
        if found is None and "class" in self.fields:
            near = difflib.get_close_matches(text, self._classes, n=1, cutoff=0.5)
            known = ", ".join(sorted(self._classes))
            rest = kinds.KNOWN_CLASSES(known=known) if known else kinds.NO_CLASSES()
            self._bad("class", kinds.NO_CLASS, value=text, hint=DID_YOU_MEAN(near=near[0]) if near else rest)
        return found

    def _condition(self, name: str, facility_class: FacilityClass | None) -> Truth | None:
        place = self.fields.get(name)
        text = place.text() if place is not None else None
        if text is None:
            self._sound = self._sound and place is None
            return None
        try:
            node = parse(text)
        except SyntaxFault as fault:
            self._misspelt(name, text[: fault.at], facility_class)
            self._bad(name, fault.kind, fault.at, **fault.values)
            return None
        if facility_class is None:
            return None

        def report(at: int, kind: Kind, values: Mapping[str, object]) -> None:
            self._bad(name, kind, at, **values)

        return Checker(facility_class, report, self._classes).condition(node)

    def _misspelt(self, name: str, before: str, facility_class: FacilityClass | None) -> None:
        """Names before a fault of form that are nearly measurements: with the fault mended they would be the next."""
        known = facility_class.measurements if facility_class is not None else {}
        for token in names(before):
            near = difflib.get_close_matches(token.text, known, n=1, cutoff=0.7)
            if near and token.text not in known:
                hint = DID_YOU_MEAN(near=near[0])
                self._bad(
                    name, wrong.NO_MEASUREMENT, token.at, class_id=self._written("class"), value=token.text, hint=hint
                )

    def _duration(self, name: str) -> int:
        if name not in self.fields:
            return 0
        text = self._written(name)
        try:
            quantity = parse_quantity(text)
        except SyntaxFault as fault:
            self._bad(name, fault.kind.under(kinds.NO_DURATION.code), fault.at, **fault.values)
            return 0
        seconds = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}.get(quantity.unit)
        if seconds is None:
            self._bad(name, kinds.NO_DURATION, value=text)
            return 0
        duration_ms = round(quantity.value * seconds * 1000)
        if duration_ms > _MAX_DURATION_MS:
            self._bad(name, kinds.TOO_LONG, value=text)
        return duration_ms

    def _choice(self, name: str, choices: Mapping[str, object]) -> str | None:
        if name not in self.fields:
            return None
        text = self._written(name)
        if text in choices:
            return text
        near = difflib.get_close_matches(text, choices, n=1, cutoff=0.5)
        hint = DID_YOU_MEAN(near=near[0]) if near else USE_ONE_OF(known=", ".join(choices))
        self._bad(name, kinds.NOT_A_CHOICE, value=text, name=name, hint=hint)
        return None

    def _info(self, rule_id: str, facility_class: FacilityClass | None, when: Truth | None) -> RuleInfo | None:
        severity = self._severity()
        grids = {grid.value: grid for grid in Grid}
        lead = self._choice("lead", grids)
        support = "none" if "support" in self.fields and self.fields["support"].is_null() else None
        support = support or self._choice("support", {**grids, "none": None})
        latching = self._choice("latching", {"true": True, "false": False})
        kind = self._choice("kind", {one.value: one for one in (AlarmKind.CONDITION, AlarmKind.COMMISSIONING)})
        supply = self._choice("supply", _SUPPLY_MARKS)
        gather = self._choice("gather", {one.value: one for one in Common})
        say, steps, deadline = self._text_pair("say"), self._steps(), self._deadline()
        family = self._written("family")
        if "family" in self.fields and not _ID.fullmatch(family):
            self._bad("family", kinds.NO_FAMILY, value=family)
        if severity is None or lead is None or say is None or steps is None or facility_class is None:
            self._sound = False
            return None
        if support == lead:
            self._bad("support", kinds.SUPPORTS_ITSELF, other=grids[lead].other)
        return RuleInfo(
            rule_id=rule_id,
            family=family or facility_class.id,
            severity=severity,
            lead=grids[lead],
            support=None if support == "none" else grids[support] if support else grids[lead].other,
            say=say,
            do=steps,
            deadline=deadline,
            latching=latching == "true",
            kind=AlarmKind(kind) if kind else AlarmKind.CONDITION,
            measurements=evidence_of(when),
            supply=supply or "",
            gather=Common(gather) if gather else None,
            observe_ms=self._observe(),
        )

    def _observe(self) -> int | None:
        """How long a repair is observed; 0 for ``none``, ``None`` where the class says it."""
        if "observe" not in self.fields:
            return None
        return 0 if self._written("observe") == "none" else self._duration("observe")

    def _severity(self) -> Severity | None:
        name = self._choice("severity", {level.name.lower(): level for level in Severity})
        return None if name is None else Severity[name.upper()]

    def _text_pair(self, name: str) -> Text | None:
        if name not in self.fields:
            return None
        pair = self.fields[name].fields(("zh", "en"), ("zh", "en"))
        texts = {language: (place.text() or "").strip() for language, place in pair.items()}
        for language, text in texts.items():
            if not text:
                pair[language].fault(kinds.EMPTY_TEXT, language=language)
        if len(texts) < 2 or not all(texts.values()):
            self._sound = False
            return None
        return Text(zh=texts["zh"], en=texts["en"])

    def _steps(self) -> tuple[Text, ...] | None:
        if "do" not in self.fields:
            return None
        pair = self.fields["do"].fields(("zh", "en"), ("zh", "en"))
        lists = {language: [(step.text() or "").strip() for step in place.items()] for language, place in pair.items()}
        if len(lists) < 2:
            self._sound = False
            return None
        if len(lists["zh"]) != len(lists["en"]) or not lists["zh"] or not all(lists["zh"] + lists["en"]):
            self._bad("do", kinds.STEPS_DIFFER)
            return None
        return tuple(Text(zh=zh, en=en) for zh, en in zip(lists["zh"], lists["en"], strict=True))

    def _source(self) -> Source | None:
        evidence = self._choice("evidence", {level.value: level for level in Evidence})
        document = self._document()
        if evidence is None or document is None:
            self._sound = False
            return None
        return Source(document=document, evidence=Evidence(evidence))

    def _document(self) -> Text | None:
        """The source's name: one text where it is the same in both languages, else ``{zh: …, en: …}``."""
        place = self.fields.get("source")
        if place is None:
            return None
        if place.is_map():
            return self._text_pair("source")
        text = self._written("source")
        if not text:
            self._bad("source", kinds.NO_SOURCE)
            return None
        return Text(zh=text, en=text)

    def _deadline(self) -> Deadline | None:
        place = self.fields.get("deadline")
        if place is None or place.is_null():
            return None
        parts = place.fields(("hours", "clock", "what"), ("hours", "clock"))
        texts = {name: (part.text() or "").strip() for name, part in parts.items()}
        try:
            return Deadline(
                hours=float(texts["hours"]),
                clock=DeadlineClock(texts["clock"]),
                what=DeadlineWhat(texts.get("what", DeadlineWhat.HANDLE.value)),
            )
        except (KeyError, ValueError):
            self._bad("deadline", kinds.NO_DEADLINE, given=_shown(texts), example=_DEADLINE_EXAMPLES)
            return None

    def _dates(self) -> InForce | None:
        from_ms, until_ms = self._moment("from"), self._moment("until")
        if from_ms is None and until_ms is None:
            return None
        if from_ms is not None and until_ms is not None and from_ms >= until_ms:
            self._bad("until", kinds.ENDS_BEFORE_START)
        return InForce(from_ms, until_ms)

    def _moment(self, name: str) -> int | None:
        if name not in self.fields:
            return None
        text = self._written(name)
        try:
            if len(text) == len("2026-01-01"):
                day = date.fromisoformat(text)
                moment = datetime(day.year, day.month, day.day, tzinfo=_CITY_TIME)
            else:
                moment = datetime.fromisoformat(text)
                if moment.tzinfo is None:
                    raise ValueError("no time zone")
        except ValueError:
            self._bad(name, kinds.NO_DATE, value=text)
            return None
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def _shown(texts: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {text}" for name, text in texts.items())


def within(when: Truth, clear: Truth | None, dates: InForce) -> tuple[Truth, Truth]:
    """Outside its dates a rule's ``when`` is false and its ``clear`` true."""
    inside = Compare(COMPARISONS["=="], Load(dates), Const(1.0))
    over = clear if clear is not None else Connect(CONNECTIVES["not"], (when,))
    outside = Connect(CONNECTIVES["not"], (inside,))
    return Connect(CONNECTIVES["and"], (inside, when)), Connect(CONNECTIVES["or"], (outside, over))


def evidence_of(when: Truth | None) -> tuple[str, ...]:
    """Keys of the measurements a condition reads."""
    if when is None:
        return ()
    return tuple(sorted(frozenset().union(*(measured(part) for part in operands(when)))))


def fingerprint_of(rule: Rule, *levels: str) -> str:
    """Of everything that decides; the tree's text form names operators by their words, so it is stable."""
    judged = f"{rule.id}|{rule.class_id}|{form(rule.when)}|{form(rule.clear)}|{rule.for_ms}|{rule.clear_for_ms}"
    judged = "|".join([judged, *levels])
    return hashlib.blake2b(judged.encode(), digest_size=12).hexdigest()
