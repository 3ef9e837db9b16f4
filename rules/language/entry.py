"""One rule of a file: every field is read, checked and, if wrong, reported; reading goes on to the next.

Fields: ``id class when for clear clear_for severity lead support family latching say do source evidence deadline from
until``; ``docs/rules.md`` says what each means.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone

from core.alarms import Severity
from core.cases import Deadline, DeadlineClock, DeadlineWhat, RuleInfo
from core.places import FacilityClass, Grid, Text
from rules.expression import Compare, Connect, Const, InForce, Load, Measured, Truth, Windowed, form, operands
from rules.language.check import Checker
from rules.language.document import Place
from rules.language.parser import parse, parse_quantity
from rules.language.tokens import SyntaxFault
from rules.operators import COMPARISONS, CONNECTIVES
from rules.rule_set import Evidence, Rule, Source

_FIELDS = (
    *("id", "class", "when", "for", "clear", "clear_for", "severity", "lead", "support", "family", "latching"),
    *("say", "do", "source", "evidence", "deadline", "from", "until"),
)
_REQUIRED = ("id", "class", "when", "severity", "lead", "say", "do", "source", "evidence")
_ID = re.compile(r"[a-z][a-z0-9]*(?:[-._][a-z0-9]+)*")
_MAX_DURATION_MS = 30 * 86_400_000
_CITY_TIME = timezone(timedelta(hours=8))
"""Dates without a time of day begin at midnight of Asia/Shanghai, which has no daylight saving time."""


class Entry:
    """One rule of a file while it is read; every field reports its own faults and reading goes on."""

    def __init__(self, place: Place, file: str, classes: Mapping[str, FacilityClass]) -> None:
        self._place = place
        self._file = file
        self._classes = classes
        self._fields = place.fields(_FIELDS, _REQUIRED)
        self._sound = all(name in self._fields for name in _REQUIRED)

    def rule(self) -> Rule | None:
        """The checked rule, or None if anything in it was reported."""
        rule_id, facility_class = self._id(), self._class()
        when, clear = self._condition("when", facility_class), self._condition("clear", facility_class)
        if when is not None and not operands(when):
            self._bad("when", "TG-0311", "no measurement takes part", "a rule judges readings; compare a measurement")
        for_ms, clear_for_ms = self._duration("for"), self._duration("clear_for")
        dates = self._dates()
        info = self._info(rule_id, facility_class, when)
        source = self._source()
        if not self._sound or when is None or facility_class is None or info is None or source is None:
            return None
        if dates is not None:
            when, clear = _within(when, clear, dates)
        when_text, clear_text = self._written("when"), self._written("clear")
        return Rule(
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
            fingerprint=_fingerprint(rule_id, facility_class, when, clear, for_ms, clear_for_ms),
        )

    def _bad(self, name: str, code: str, what: str, fix: str, at: int = 0) -> None:
        self._sound = False
        self._fields[name].fault(code, what, fix, at)

    def _written(self, name: str) -> str:
        place = self._fields.get(name)
        return (place.text() or "").strip() if place is not None else ""

    def _id(self) -> str:
        text = self._written("id")
        if "id" in self._fields and (not _ID.fullmatch(text) or len(text) > 64):
            self._bad("id", "TG-0307", f"{text!r} is no rule id", "use up to 64 of a-z, 0-9, '-', '.' and '_'")
        return text

    def _class(self) -> FacilityClass | None:
        text = self._written("class")
        found = self._classes.get(text)
        if found is None and "class" in self._fields:
            near = difflib.get_close_matches(text, self._classes, n=1, cutoff=0.5)
            fix = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(self._classes)) or 'none'}"
            self._bad("class", "TG-0308", f"there is no class {text!r}", fix)
        return found

    def _condition(self, name: str, facility_class: FacilityClass | None) -> Truth | None:
        place = self._fields.get(name)
        text = place.text() if place is not None else None
        if text is None:
            self._sound = self._sound and place is None
            return None
        try:
            node = parse(text)
        except SyntaxFault as fault:
            self._bad(name, "TG-0310", fault.what, fault.fix, fault.at)
            return None
        if facility_class is None:
            return None
        return Checker(facility_class, lambda at, what, fix: self._bad(name, "TG-0311", what, fix, at)).condition(node)

    def _duration(self, name: str) -> int:
        if name not in self._fields:
            return 0
        text = self._written(name)
        try:
            quantity = parse_quantity(text)
        except SyntaxFault as fault:
            self._bad(name, "TG-0312", fault.what, fault.fix, fault.at)
            return 0
        seconds = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}.get(quantity.unit)
        if seconds is None:
            self._bad(name, "TG-0312", f"{text!r} is no duration", "write for example 30 s, 10 min or 2 h")
            return 0
        duration_ms = round(quantity.value * seconds * 1000)
        if duration_ms > _MAX_DURATION_MS:
            self._bad(name, "TG-0312", f"{text!r} is longer than 30 d", "choose a shorter time")
        return duration_ms

    def _choice(self, name: str, choices: Mapping[str, object]) -> str | None:
        if name not in self._fields:
            return None
        text = self._written(name)
        if text in choices:
            return text
        near = difflib.get_close_matches(text, choices, n=1, cutoff=0.5)
        fix = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(choices)}"
        self._bad(name, "TG-0313", f"{text!r} is no {name}", fix)
        return None

    def _info(self, rule_id: str, facility_class: FacilityClass | None, when: Truth | None) -> RuleInfo | None:
        severity = self._choice("severity", {level.name.lower(): level for level in Severity})
        grids = {grid.value: grid for grid in Grid}
        lead = self._choice("lead", grids)
        support = "none" if "support" in self._fields and self._fields["support"].is_null() else None
        support = support or self._choice("support", {**grids, "none": None})
        latching = self._choice("latching", {"true": True, "false": False})
        say, steps, deadline = self._text_pair("say"), self._steps(), self._deadline()
        family = self._written("family")
        if "family" in self._fields and not _ID.fullmatch(family):
            self._bad("family", "TG-0307", f"{family!r} is no family", "use a-z, 0-9, '-', '.' and '_'")
        if severity is None or lead is None or say is None or steps is None or facility_class is None:
            self._sound = False
            return None
        if support == lead:
            self._bad("support", "TG-0313", "the leading grid cannot support itself", f"write {grids[lead].other}")
        return RuleInfo(
            rule_id=rule_id,
            family=family or facility_class.id,
            severity=Severity[severity.upper()],
            lead=grids[lead],
            support=None if support == "none" else grids[support] if support else grids[lead].other,
            say=say,
            do=steps,
            deadline=deadline,
            latching=latching == "true",
            measurements=_evidence_of(when),
        )

    def _text_pair(self, name: str) -> Text | None:
        if name not in self._fields:
            return None
        pair = self._fields[name].fields(("zh", "en"), ("zh", "en"))
        texts = {language: (place.text() or "").strip() for language, place in pair.items()}
        for language, text in texts.items():
            if not text:
                pair[language].fault("TG-0314", f"the {language} text is empty", "both languages are needed")
        if len(texts) < 2 or not all(texts.values()):
            self._sound = False
            return None
        return Text(zh=texts["zh"], en=texts["en"])

    def _steps(self) -> tuple[Text, ...] | None:
        if "do" not in self._fields:
            return None
        pair = self._fields["do"].fields(("zh", "en"), ("zh", "en"))
        lists = {language: [(step.text() or "").strip() for step in place.items()] for language, place in pair.items()}
        if len(lists) < 2:
            self._sound = False
            return None
        if len(lists["zh"]) != len(lists["en"]) or not lists["zh"] or not all(lists["zh"] + lists["en"]):
            self._bad(
                "do", "TG-0314", "the steps differ in number, or one is empty", "write the same steps in zh and en"
            )
            return None
        return tuple(Text(zh=zh, en=en) for zh, en in zip(lists["zh"], lists["en"], strict=True))

    def _source(self) -> Source | None:
        evidence = self._choice("evidence", {level.value: level for level in Evidence})
        document = self._written("source")
        if "source" in self._fields and not document:
            self._bad("source", "TG-0315", "the source is empty", "name the standard, or what the limit rests on")
        if evidence is None or not document:
            self._sound = False
            return None
        return Source(document=document, evidence=Evidence(evidence))

    def _deadline(self) -> Deadline | None:
        place = self._fields.get("deadline")
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
        except (KeyError, ValueError) as reason:
            fix = "write {hours: 4, clock: continuous} or {hours: 8, clock: work, what: arrive}"
            self._bad("deadline", "TG-0316", f"no deadline: {reason}", fix)
            return None

    def _dates(self) -> InForce | None:
        from_ms, until_ms = self._moment("from"), self._moment("until")
        if from_ms is None and until_ms is None:
            return None
        if from_ms is not None and until_ms is not None and from_ms >= until_ms:
            self._bad("until", "TG-0317", "it ends before it begins", "write 'until' later than 'from'")
        return InForce(from_ms, until_ms)

    def _moment(self, name: str) -> int | None:
        if name not in self._fields:
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
            self._bad(name, "TG-0317", f"{text!r} is no date", "write 2026-05-01 or 2026-05-01T08:00+08:00")
            return None
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def _within(when: Truth, clear: Truth | None, dates: InForce) -> tuple[Truth, Truth]:
    """Outside its dates a rule's ``when`` is false and its ``clear`` true."""
    inside = Compare(COMPARISONS["=="], Load(dates), Const(1.0))
    over = clear if clear is not None else Connect(CONNECTIVES["not"], (when,))
    outside = Connect(CONNECTIVES["not"], (inside,))
    return Connect(CONNECTIVES["and"], (inside, when)), Connect(CONNECTIVES["or"], (outside, over))


def _evidence_of(when: Truth | None) -> tuple[str, ...]:
    if when is None:
        return ()
    return tuple(sorted({part.key for part in operands(when) if isinstance(part, Measured | Windowed)}))


def _fingerprint(
    rule_id: str, facility_class: FacilityClass, when: Truth, clear: Truth | None, for_ms: int, clear_for_ms: int
) -> str:
    """Of everything that decides; the tree's text form names operators by their words, so it is stable."""
    judged = f"{rule_id}|{facility_class.id}|{form(when)}|{form(clear)}|{for_ms}|{clear_for_ms}"
    return hashlib.blake2b(judged.encode(), digest_size=12).hexdigest()
