"""What is odd in sound rules: limits nobody reaches, times nobody measures, rules that say nothing new.

Each look takes one rule and yields findings; a look that compares rules takes all of a class. Nothing here keeps a
rule from loading, and nothing here guesses: each warning is a statement about the class's table and the rules read.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

from core.findings import DID_YOU_MEAN, Finding
from core.places import FacilityClass, Measurement, PointKind
from core.units import UNITS
from rules import phrases
from rules.expression import Compare, Measured, Truth, Windowed, comparisons, form
from rules.language import warning_findings as kinds
from rules.language.load import ReadRule
from rules.language.tokens import SyntaxFault, TokenKind, tokenize
from rules.limits import OPPOSITE, Line, line_of
from rules.rule_set import Rule

_BACK = 0.1
"""Share of the limit proposed as the distance between raising and clearing."""
_PACED = frozenset({PointKind.GAUGE, PointKind.COUNTER})
"""Kinds that are read at an interval; states and events come when they change."""


def warnings(
    read: Sequence[ReadRule],
    classes: Mapping[str, FacilityClass],
    attributes: Mapping[str, AbstractSet[str]] | None = None,
) -> tuple[Finding, ...]:
    """Everything odd, in the order of the rules.

    Args:
        read: the sound rules of all files.
        classes: their classes.
        attributes: by class what the facilities of the installation carry; ``None`` where that is not known.
    """
    found: list[Finding] = []
    read = [part for one in read for part in (one.levels or (one,))]
    for class_id in dict.fromkeys(one.rule.class_id for one in read):
        mine = [one for one in read if one.rule.class_id == class_id]
        for one in mine:
            found += _of_rule(one, classes[class_id])
        found += _shadows(mine)
        found += _attributes(mine, None if attributes is None else attributes.get(class_id, frozenset()))
    once = {str(finding): finding for finding in found}.values()
    return tuple(sorted(once, key=lambda finding: (finding.file, finding.line, finding.column)))


def _of_rule(one: ReadRule, facility_class: FacilityClass) -> Iterator[Finding]:
    yield from _pace(one, facility_class)
    yield from _hysteresis(one, facility_class)
    yield from _windows(one, facility_class)
    for field, condition in (("when", one.rule.when), ("clear", one.rule.clear)):
        if condition is not None and field in one.fields:
            yield from _ranges(one, field, condition, facility_class)


def _pace(one: ReadRule, facility_class: FacilityClass) -> Iterator[Finding]:
    """A time that passes between two readings holds nothing; states and events come when they change, not at a pace."""
    rule = one.rule
    read = [facility_class.measurements[part.key] for part in rule.operands if isinstance(part, Measured)]
    intervals = [measurement.pace_s * 1000 for measurement in read]
    paced = all(measurement.kind in _PACED for measurement in read)
    if rule.for_ms and paced and intervals and rule.for_ms < min(intervals):
        yield one.fields["for"].finding(
            kinds.SHORTER_THAN_PACE,
            held=phrases.duration(rule.for_ms),
            interval=phrases.duration(round(min(intervals))),
        )


def _hysteresis(one: ReadRule, facility_class: FacilityClass) -> Iterator[Finding]:
    """A single limit on a gauge that raises and clears at one value, at once."""
    rule = one.rule
    raising = _only_line(rule.when)
    if raising is None:
        return
    measurement = facility_class.measurements[raising.key]
    clearing = _only_line(rule.clear) if rule.clear is not None else None
    if clearing is not None and clearing.operand == raising.operand and clearing.is_high == raising.is_high:
        yield one.fields["clear"].finding(kinds.CLEARS_WHILE_RAISED, key=raising.key, word=raising.word)
        return
    same = rule.clear is None or (clearing is not None and clearing.value == raising.value)
    proposal = back(raising, measurement)
    if measurement.kind is PointKind.GAUGE and same and not rule.clear_for_ms and proposal != raising.value:
        yield one.fields["when"].finding(
            kinds.NO_HYSTERESIS,
            key=raising.key,
            limit=_quantity(raising.value, measurement),
            word=OPPOSITE[raising.word],
            proposal=_quantity(proposal, measurement),
        )


def back(line: Line, measurement: Measurement) -> float:
    """Where an alarm of a line may clear: a tenth of the limit back, of the plausible range where the limit is 0."""
    size = abs(line.value) or (measurement.high - measurement.low) * _BACK
    value = line.value + (-_BACK if line.is_high else _BACK) * size
    return float(f"{min(max(value, measurement.low), measurement.high):.6g}")


def _windows(one: ReadRule, facility_class: FacilityClass) -> Iterator[Finding]:
    """A window that holds no two readings; not where the rule looks back far enough as well."""
    every = sorted((part for part in one.rule.operands if isinstance(part, Windowed)), key=repr)
    longest: dict[tuple[str, object], int] = {}
    for operand in every:
        alike = operand.key, operand.aggregate
        longest[alike] = max(longest.get(alike, 0), operand.window_ms)
    for operand in every:
        measurement = facility_class.measurements[operand.key]
        interval_ms = round(measurement.pace_s * 1000)
        if measurement.kind in _PACED and longest[operand.key, operand.aggregate] < 2 * interval_ms:
            field, at = _window_place(one, operand)
            yield one.fields[field].finding(
                kinds.SHORT_WINDOW,
                at,
                window=phrases.duration(operand.window_ms),
                key=operand.key,
                interval=phrases.duration(interval_ms),
                least=phrases.duration(2 * interval_ms),
            )


def _ranges(one: ReadRule, field: str, condition: Truth, facility_class: FacilityClass) -> Iterator[Finding]:
    for comparison in comparisons(condition):
        line = line_of(comparison) if isinstance(comparison, Compare) else None
        if line is None or not isinstance(line.operand, Measured | Windowed):
            continue
        measurement = facility_class.measurements[line.key]
        above, below = line.value > measurement.high, line.value < measurement.low
        above |= line.word == ">" and line.value == measurement.high
        below |= line.word == "<" and line.value == measurement.low
        if above or below:
            yield one.fields[field].finding(
                kinds.BEYOND_RANGE,
                _number_place(one, field, line.value, measurement),
                limit=_quantity(line.value, measurement),
                key=line.key,
                low=_quantity(measurement.low, measurement),
                high=_quantity(measurement.high, measurement),
                always=kinds.NEVER if above == line.is_high else kinds.ALWAYS,
            )


def _shadows(mine: Sequence[ReadRule]) -> Iterator[Finding]:
    """Rules with one condition, and rules of which another is on first, for as long, and as severe."""
    for place, one in enumerate(mine):
        same = next((other for other in mine[:place] if _judges_alike(one.rule, other.rule)), None)
        if same is not None:
            yield one.fields["when"].finding(kinds.SAME_CONDITION, other=same.rule.id, place=_place(same.rule))
            continue
        stronger = next((other for other in mine if other is not one and _covers(other.rule, one.rule)), None)
        if stronger is not None:
            yield one.fields["when"].finding(kinds.SHADOWED, other=stronger.rule.id, place=_place(stronger.rule))


def _judges_alike(one: Rule, other: Rule) -> bool:
    return (form(one.when), one.for_ms, one.info.kind) == (form(other.when), other.for_ms, other.info.kind)


def _covers(wide: Rule, narrow: Rule) -> bool:
    """Whether ``wide`` is on whenever ``narrow`` is, and says at least as much."""
    outer, inner = _only_line(wide.when), _only_line(narrow.when)
    if outer is None or inner is None or outer.operand != inner.operand or outer.is_high != inner.is_high:
        return False
    if (wide.info.family, wide.info.kind) != (narrow.info.family, narrow.info.kind):
        return False
    further = inner.value > outer.value if outer.is_high else inner.value < outer.value
    return further and wide.for_ms <= narrow.for_ms and wide.info.severity >= narrow.info.severity


def _attributes(mine: Sequence[ReadRule], carried: AbstractSet[str] | None) -> Iterator[Finding]:
    uses = Counter(name for one in mine for name in one.rule.attributes)
    for one in mine:
        for name in sorted(one.rule.attributes):
            field, at = _text_place(one, f"facility.{name}")
            if carried is not None and name not in carried:
                near = difflib.get_close_matches(name, carried, n=1, cutoff=0.6)
                hint = DID_YOU_MEAN(near=near[0]) if near else kinds.ADD_ATTRIBUTE()
                yield one.fields[field].finding(kinds.UNKNOWN_ATTRIBUTE, at, name=name, hint=hint)
            elif carried is None and uses[name] == 1:
                others = [other for other, count in uses.items() if count > 1]
                near = difflib.get_close_matches(name, others, n=1, cutoff=0.8)
                if near:
                    yield one.fields[field].finding(kinds.STRANGE_ATTRIBUTE, at, name=name, near=near[0])


# --- places -------------------------------------------------------------------------------------------------------


def _only_line(condition: Truth) -> Line | None:
    return line_of(condition) if isinstance(condition, Compare) else None


def _place(rule: Rule) -> str:
    return f"{rule.file}:{rule.line}"


def _quantity(value: float, measurement: Measurement) -> str:
    return f"{value:g} {measurement.unit}" if measurement.unit != "1" else f"{value:g}"


def _texts(one: ReadRule, fields: Iterable[str] = ("when", "clear")) -> Iterator[tuple[str, str]]:
    for field in fields:
        text = one.fields[field].text() if field in one.fields else None
        if text is not None:
            yield field, text


def _text_place(one: ReadRule, text: str) -> tuple[str, int]:
    for field, written in _texts(one):
        if text in written:
            return field, written.index(text)
    return "when", 0


def _window_place(one: ReadRule, operand: Windowed) -> tuple[str, int]:
    for field, text in _texts(one):
        found = list(tokenize(text))
        for word, width in pairwise(found):
            unit = UNITS.get(width.unit or "1")
            if word.text == "over" and unit is not None:
                span_ms = round(width.value * unit.factor * 1000)
                if span_ms == operand.window_ms and operand.key in text:
                    return field, width.at
    return "when", 0


def _number_place(one: ReadRule, field: str, value: float, measurement: Measurement) -> int:
    """Where in a condition the number stands that is this value of the measurement."""
    own = UNITS[measurement.unit]
    for _, text in _texts(one, (field,)):
        try:
            found = tokenize(text)
        except SyntaxFault:
            continue
        for token in found:
            unit = UNITS[token.unit or "1"] if token.kind is TokenKind.QUANTITY else None
            if unit is None or unit.dimension != own.dimension:
                continue
            converted = (token.value * unit.factor + unit.offset - own.offset) / own.factor
            if abs(converted - value) <= 1e-9 * max(1.0, abs(value)) or -converted == value:
                return token.at
    return 0
