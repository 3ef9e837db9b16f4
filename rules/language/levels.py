"""Rules with levels: one entry with several severities, each with its own condition (``docs/rules.md``).

The levels stand from the least to the worst. What the rule itself may say of its conditions is ``clear`` and
``clear_for``: they end the lowest level, and with it the alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from core.alarms import Severity
from core.cases import LevelInfo, RuleInfo
from core.places import FacilityClass
from rules.expression import Compare, Const, InForce, Load, Operand, Truth
from rules.language import findings as kinds
from rules.language.document import Place
from rules.language.entry import Entry, evidence_of, fingerprint_of, within
from rules.rule_set import Rule, Source

_OF_LEVELS = ("when", "for", "severity")


class Level(NamedTuple):
    """One checked level."""

    when: Truth
    clear: Truth | None
    for_ms: int
    clear_for_ms: int
    info: LevelInfo
    source: Source | None


class LevelEntry(Entry):
    """One level of a rule while it is read."""

    FIELDS = (
        *("severity", "when", "for", "clear", "clear_for", "say", "do", "deadline", "support", "source", "evidence"),
    )
    REQUIRED = ("severity", "when")
    severity: Severity | None = None

    def level(self, facility_class: FacilityClass | None) -> Level | None:
        """The checked level, or None if anything in it was reported."""
        when, clear = self._condition("when", facility_class), self._condition("clear", facility_class)
        self._reads_something(when)
        for_ms, clear_for_ms = self._duration("for"), self._duration("clear_for")
        self._bounded([part for part in (when, clear) if part is not None])
        self.severity = self._severity()
        say, steps, deadline = self._text_pair("say"), self._steps(), self._deadline()
        alone = self._choice("support", {"none": None}) is not None
        source = self._own_source()
        if not self._sound or when is None or self.severity is None:
            return None
        info = LevelInfo(severity=self.severity, say=say, do=steps, deadline=deadline, alone=alone)
        return Level(when, clear, for_ms, clear_for_ms, info, source)

    def _own_source(self) -> Source | None:
        """Where this limit comes from, if not from where the rule says: both fields or none."""
        missing = [name for name in ("source", "evidence") if name not in self.fields]
        if len(missing) == 1:
            self._place.fault(kinds.FIELD_MISSING, name=missing[0])
            self._sound = False
        return self._source() if not missing else None

    def ends_alone(self, lowest: LevelledEntry) -> None:
        """Report fields of the lowest level that its rule has, too."""
        for name in ("clear", "clear_for"):
            if name in self.fields and lowest.has(name):
                self._bad(name, kinds.LEVEL_CLEARS_TWICE, name=name)

    def follows(self, other: LevelEntry, level: Level | None, lower: Level | None) -> bool:
        """Whether this level stands rightly after another one; reported if not."""
        own, before = self.severity, other.severity
        if own is None or before is None:
            return False
        if own <= before:
            kind = kinds.LEVEL_TWICE if own == before else kinds.LEVELS_DESCEND
            self._bad("severity", kind, value=self._written("severity"), other=other.written("severity"))
            return False
        if level is not None and lower is not None and _reached_first(level.when, lower.when):
            self._bad("when", kinds.LEVEL_TOO_NEAR, value=self._written("severity"), other=other.written("severity"))
            return False
        return True

    def written(self, name: str) -> str:
        """The text of a field."""
        return self._written(name)

    @property
    def is_sound(self) -> bool:
        """Whether nothing in it was reported."""
        return self._sound


class LevelledEntry(Entry):
    """A rule with levels while it is read."""

    REQUIRED = tuple(name for name in Entry.REQUIRED if name not in _OF_LEVELS)

    def rule(self) -> Rule | None:
        """The checked rule, or None if anything in it was reported."""
        rule_id, facility_class = self._id(), self._class()
        for name in _OF_LEVELS:
            if self.has(name):
                self._bad(name, kinds.BELONGS_TO_LEVELS, name=name)
        clear, clear_for_ms = self._condition("clear", facility_class), self._duration("clear_for")
        entries = [LevelEntry(place, self._file, self._classes) for place in self.fields["levels"].items()]
        self._level_fields = [self._with_own(number, entry.fields) for number, entry in enumerate(entries)]
        levels = self._levels(entries, facility_class)
        dates = self._dates()
        info = self._info(rule_id, facility_class, None)
        source = self._source()
        if not self._sound or facility_class is None or info is None or source is None or not levels:
            return None
        if self.has("clear"):
            levels[0] = levels[0]._replace(clear=clear)
        if self.has("clear_for"):
            levels[0] = levels[0]._replace(clear_for_ms=clear_for_ms)
        whole = Rule(
            id=rule_id,
            class_id=facility_class.id,
            when=levels[0].when,
            clear=levels[0].clear,
            for_ms=levels[0].for_ms,
            clear_for_ms=levels[0].clear_for_ms,
            info=_info_with(info, levels),
            source=source,
            when_text=entries[0].written("when"),
            clear_text=self._written("clear") or entries[0].written("clear"),
            file=self._file,
            line=self._place.line,
            fingerprint="",
        )
        return _put_together(whole, levels, entries, dates)

    _level_fields: Sequence[Mapping[str, Place]] = ()

    @property
    def level_fields(self) -> Sequence[Mapping[str, Place]]:
        """Where each field of each level stands; what the rule says of its end belongs to the lowest."""
        return self._level_fields

    def _with_own(self, number: int, fields: Mapping[str, Place]) -> Mapping[str, Place]:
        own: dict[str, Place] = {
            name: self.fields[name] for name in ("clear", "clear_for") if name in self.fields and number == 0
        }
        return {**own, **fields}

    def has(self, name: str) -> bool:
        """Whether a field stands there."""
        return name in self.fields

    def _severity(self) -> Severity | None:
        """The worst of its levels is put in when they are known."""
        return Severity.CRITICAL

    def _levels(self, entries: Sequence[LevelEntry], facility_class: FacilityClass | None) -> list[Level]:
        """The levels; none if anything about them was reported."""
        levels = [entry.level(facility_class) for entry in entries]
        if len(entries) < 2:
            self._bad("levels", kinds.TOO_FEW_LEVELS)
            return []
        entries[0].ends_alone(self)
        ordered = [
            upper.follows(lower, levels[place], levels[place - 1])
            for place, (lower, upper) in enumerate(pairwise(entries), start=1)
        ]
        sound = [level for level in levels if level is not None]
        if len(sound) < len(levels) or not all(ordered) or not entries[0].is_sound:
            self._sound = False
            return []
        return sound


def entry(place: Place, file: str, classes: Mapping[str, FacilityClass]) -> Entry:
    """The rule that stands at a place, of either kind."""
    kind = LevelledEntry if place.has("levels") else Entry
    return kind(place, file, classes)


def _info_with(info: RuleInfo, levels: Sequence[Level]) -> RuleInfo:
    keys = {key for level in levels for key in evidence_of(level.when)}
    return replace(
        info,
        severity=levels[-1].info.severity,
        measurements=tuple(sorted(keys)),
        levels=tuple(level.info for level in levels),
    )


def _put_together(whole: Rule, levels: Sequence[Level], entries: Sequence[LevelEntry], dates: InForce | None) -> Rule:
    """The rule with its levels; a change of one level is a change of all: they are remembered together."""
    parts: list[Rule] = []
    for place, (level, entry) in enumerate(zip(levels, entries, strict=True)):
        when, clear = level.when, level.clear
        if dates is not None:
            when, clear = within(when, clear, dates)
        part = replace(
            whole,
            when=when,
            clear=clear,
            for_ms=level.for_ms,
            clear_for_ms=level.clear_for_ms,
            info=whole.info.at(level.info.severity),
            source=level.source or whole.source,
            when_text=entry.written("when"),
            clear_text=whole.clear_text if place == 0 else entry.written("clear"),
        )
        parts.append(replace(part, fingerprint=f"{level.info.severity.name}:{fingerprint_of(part)}"))
    fingerprint = fingerprint_of(whole, *(part.fingerprint for part in parts))
    named = tuple(replace(part, fingerprint=f"{fingerprint}.{part.info.severity.name.lower()}") for part in parts)
    first = named[0]
    return replace(whole, when=first.when, clear=first.clear, fingerprint=fingerprint, levels=named)


def _reached_first(upper: Truth, lower: Truth) -> bool:
    """Whether of two limits of one quantity that of the higher level is reached no later; where that can be seen."""
    one, other = _limit(upper), _limit(lower)
    if one is None or other is None or one[:2] != other[:2]:
        return False
    return one[2] <= other[2] if one[1] else one[2] >= other[2]


def _limit(when: Truth) -> tuple[Operand, bool, float] | None:
    """(operand, whether it must be above, limit) of a comparison of one operand with a number."""
    if not isinstance(when, Compare) or not isinstance(when.left, Load) or not isinstance(when.right, Const):
        return None
    above = _ABOVE.get(when.operator.word)
    return None if above is None else (when.left.operand, above, when.right.value)


_ABOVE: dict[str, bool] = {">": True, ">=": True, "<": False, "<=": False}
