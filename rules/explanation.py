"""A rule in sentences: its conditions, times and what makes it unknown, in both languages.

The tree is walked once; operators speak through ``rules.phrases``, operands through ``rules.operand_kinds``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from core.findings import PLAIN, Sentence, Speaks
from core.places import FacilityClass
from core.units import UNITS
from rules import phrases, surroundings_told
from rules.expression import (
    Apply,
    Attribute,
    AttributeText,
    Between,
    Compare,
    Connect,
    Const,
    Known,
    Load,
    Number,
    Scale,
    Truth,
)
from rules.operand_kinds import kind_of
from rules.rule_set import Rule

RAISES = Sentence("告警条件：{condition}", "raised when: {condition}")
RAISES_AFTER = Sentence("告警条件：{condition}，且持续 {held}", "raised when: {condition}, for {held}")
CLEARS = Sentence("解除条件：{condition}", "cleared when: {condition}")
CLEARS_AFTER = Sentence("解除条件：{condition}，且持续 {held}", "cleared when: {condition}, for {held}")
NOT_RAISED = Sentence("告警条件不再成立", "it is not so any more")
LEVEL = Sentence("{severity}：{said}", "{severity}: {said}")
LATCHES = Sentence("解除后仍须有人复位", "it stays until a person resets it")


class Narrator:
    """Puts expressions of one class of facilities into words."""

    def __init__(self, facility_class: FacilityClass) -> None:
        """Speak of the measurements of ``facility_class``."""
        self._class = facility_class

    def rule(self, rule: Rule) -> Iterator[Speaks]:
        """What raises the alarm, what clears it, and whether it latches."""
        for part in rule.parts:
            raised = self._timed(RAISES, RAISES_AFTER, self.truth(part.when), part.for_ms)
            over: Speaks = NOT_RAISED if part.clear is None else self.truth(part.clear)
            cleared = self._timed(CLEARS, CLEARS_AFTER, over, part.clear_for_ms)
            if rule.levels:
                severity = phrases.SEVERITIES[part.info.severity]
                yield LEVEL(severity=severity(), said=raised)
                yield LEVEL(severity=severity(), said=cleared)
            else:
                yield from (raised, cleared)
        if rule.info.latching:
            yield LATCHES

    def unknowns(self, rule: Rule) -> list[Speaks]:
        """When nobody knows an operand of the rule."""
        rows = [(kind_of(operand), operand) for operand in sorted(rule.operands, key=repr)]
        said = [one for row, operand in rows if (one := row.unknown(operand, self._class)) is not None]
        return list({one.in_language("en"): one for one in said}.values())

    @staticmethod
    def _timed(plain: Sentence, held: Sentence, condition: Speaks, span_ms: int) -> Speaks:
        if span_ms:
            return held(condition=condition, held=phrases.duration(span_ms))
        return plain(condition=condition)

    def said(self, node: Number | Truth) -> Speaks:
        """A number or a condition in words."""
        return self.truth(node) if isinstance(node, Compare | Between | Connect) else self.number(node, self.unit(node))

    def truth(self, condition: Truth) -> Speaks:
        """A condition in words."""
        match condition:
            case Compare() if (told := surroundings_told.said(condition, self._class)) is not None:
                return told
            case Compare(operator, left, right):
                unit = self.unit(left) or self.unit(right)
                sentence = phrases.COMPARISONS[operator.word]
                return sentence(left=self.number(left, unit), right=self.number(right, unit))
            case Between(operator, value, low, high):
                unit = self.unit(value) or self.unit(low) or self.unit(high)
                sides = {
                    name: self.number(side, unit) for name, side in (("value", value), ("low", low), ("high", high))
                }
                return phrases.RANGE_TESTS[operator.word](**sides)
            case Connect(operator, (inner,)):
                return phrases.CONNECTIVES[operator.word](inner=self.truth(inner))
            case Connect(operator, args) if operator.word not in phrases.CONNECTIVES:
                parts = _listed([phrases.INNER(inner=self.truth(part)) for part in args])
                return phrases.AT_LEAST(count=operator.word.split()[2], parts=parts)
            case Connect(operator, args):
                first, second = (self._inside(operator.word, part) for part in args)
                return phrases.CONNECTIVES[operator.word](left=first, right=second)

    def _inside(self, word: str, part: Truth) -> Speaks:
        said = self.truth(part)
        other = isinstance(part, Connect) and len(part.args) > 1 and part.operator.word != word
        return phrases.INNER(inner=said) if other else said

    def number(self, number: Number, unit: str) -> Speaks:
        """A number in words; constants carry ``unit``."""
        match number:
            case Const(value):
                return quantity(value, unit)
            case Load(operand):
                return kind_of(operand).name(operand, self._class)
            case Attribute(name) | AttributeText(name):
                return phrases.FACILITY_ATTRIBUTE(name=name)
            case Known(operand):
                return kind_of(operand).name(operand, self._class)
            case Scale(child, -1.0, 0.0):
                return PLAIN(text=_Minus(self.number(child, unit)))
            case Scale(child):
                said, target = self.number(child, self.unit(child)), self.unit(number)
                return said if target == "K" else phrases.SCALED(value=said, unit=target)
            case Apply(operator, (Const(factor), Const(other))) if operator.word in {"*", "/"} and other:
                return quantity(factor * other if operator.word == "*" else factor / other, unit)
            case Apply(operator, args) if operator.word in phrases.ARITHMETIC:
                scales = operator.word in {"*", "/"}  # by plain numbers
                left, right = (self._term(arg, "" if scales and isinstance(arg, Const) else unit) for arg in args)
                return phrases.ARITHMETIC[operator.word](left=left, right=right)
            case Apply(operator, args):
                return phrases.FUNCTIONS[operator.word](args=_listed([self._term(arg, unit) for arg in args]))

    def _term(self, number: Number, unit: str) -> Speaks:
        said = self.number(number, unit)
        nested = isinstance(number, Apply) and number.operator.word in phrases.ARITHMETIC
        return phrases.INNER(inner=said) if nested else said

    def unit(self, number: Number) -> str:
        """The UCUM unit of an expression, as far as its operands say; empty where they do not."""
        match number:
            case Load(operand):
                kind = kind_of(operand)
                key = kind.key(operand)
                if key is None:
                    return kind.unit(operand, self._class)
                measurement = self._class.measurements.get(key)
                return "" if measurement is None or measurement.unit == "1" else measurement.unit
            case Scale(child, factor, offset):
                return _scaled_unit(self.unit(child), factor, offset)
            case Apply(operator, (left, right)) if operator.word == "-":
                unit = self.unit(left) or self.unit(right)
                return "K" if unit and UNITS[unit].offset else unit
            case Apply(operator, args) if operator.word not in {"*", "/"}:
                return next((unit for unit in map(self.unit, args) if unit), "")
            case _:
                return ""


def _scaled_unit(unit: str, factor: float, offset: float) -> str:
    """The unit that a change of unit leads to; empty if there is none such."""
    have = UNITS.get(unit)
    if have is None or (factor, offset) == (-1.0, 0.0):
        return unit
    for want in UNITS.values():
        reached = (have.factor / want.factor, (have.offset - want.offset) / want.factor)
        if want.dimension == have.dimension and reached == (factor, offset):
            return want.code
    return ""


def quantity(value: float, unit: str) -> Speaks:
    """A number with its unit."""
    return phrases.QUANTITY(number=f"{value:g}", unit=unit) if unit else PLAIN(text=f"{value:g}")


class _Minus:
    """The opposite of something said."""

    def __init__(self, said: Speaks) -> None:
        self._said = said

    def in_language(self, language: str) -> str:
        """The text for ``zh`` or ``en``."""
        return f"-{self._said.in_language(language)}"


def _listed(said: Sequence[Speaks]) -> Speaks:
    return reduce(lambda first, rest: phrases.LIST(first=first, rest=rest), said)
