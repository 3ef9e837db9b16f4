"""The rule set as pages show it: each rule in its author's words, and the limits to draw on a chart.

A limit is a comparison of one measurement (or its window) with a number, found in the checked expression; comparisons
of sums have no single line to draw and are left to the text, and so are those with attributes, unless a facility is
named whose attributes are meant. A comparison inside an ``and`` is no
limit by itself (a pump may well draw more than 2 A, unless its well is empty): such a limit says what belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from api.ports import RuleLimit, RuleText
from rules.expression import Compare, Connect, Grouped, OfParent, Truth, attributes, measured, operands, terms
from rules.limits import line_of
from rules.rule_set import Rule, RuleSet


class RuleBook:
    """Answers from memory for one rule set."""

    def __init__(self, rules: RuleSet) -> None:
        """Take the rule set in force."""
        self._rules = rules
        self._limits: dict[str, tuple[RuleLimit, ...]] = {}

    def take(self, rules: RuleSet) -> None:
        """Answer from another rule set from now on."""
        self._rules, self._limits = rules, {}

    @property
    def rules(self) -> RuleSet:
        """The rule set it answers from."""
        return self._rules

    def rule(self, rule_id: str) -> RuleText | None:
        """One rule; ``None`` for ``sight.*`` and for rules that no longer exist."""
        rule = self._rules.by_id.get(rule_id)
        if rule is None:
            return None
        return _text(rule)

    def limits(self, class_id: str) -> Sequence[RuleLimit]:
        """Limits over the measurements of a class, in the order of the rule book."""
        if class_id not in self._limits:
            units = self._rules.units.get(class_id, {})
            found = (limit for rule in self._rules.of_class(class_id) for limit in limits_of(rule, units))
            self._limits[class_id] = tuple(found)
        return self._limits[class_id]


def limits_of(
    rule: Rule, units: Mapping[str, str], attributes: Mapping[str, float] | None = None
) -> Iterator[RuleLimit]:
    """The limits of a rule, of all its levels.

    Args:
        rule: the rule.
        units: of the measurements of its class.
        attributes: numbers of one facility; with them a comparison with an attribute has a line there, too.
    """
    for part in rule.parts:
        yield from _limits(part, units, attributes or {})


def _text(rule: Rule) -> RuleText:
    return RuleText(
        info=rule.info,
        when=rule.when_text,
        clear=rule.clear_text,
        for_s=rule.for_ms / 1000,
        clear_for_s=rule.clear_for_ms / 1000,
        source=rule.source.document,
        levels=tuple(_text(level) for level in rule.levels),
        version=rule.fingerprint,
    )


def _limits(rule: Rule, known: Mapping[str, str], attributes: Mapping[str, float]) -> Iterator[RuleLimit]:
    for standing in _standing(rule.when, True, frozenset()):
        part = standing.comparison
        line = line_of(part, attributes)
        if line is not None and line.key in known:
            yield RuleLimit(
                measurement=line.key,
                value=line.value,
                unit=known[line.key],
                kind="high" if line.is_high == standing.holds else "low",
                severity=rule.info.severity,
                rule_id=rule.id,
                say=rule.info.say,
                only_with=tuple(sorted(standing.others)),
            )


@dataclass(frozen=True, slots=True)
class _Standing:
    """A comparison where it stands in a condition.

    Attributes:
        comparison: itself.
        holds: whether it works towards the alarm by being true (false below a ``not``).
        others: what else must be so at the same time: measurements, and attributes as ``facility.x``; empty when the
            comparison alone decides.
    """

    comparison: Compare
    holds: bool
    others: frozenset[str]


def _standing(condition: Truth, holds: bool, others: frozenset[str]) -> Iterator[_Standing]:
    """Every comparison of a condition with what must be so beside it; ``not (a or b)`` is ``not a and not b``."""
    if isinstance(condition, Compare):
        yield _Standing(condition, holds, others)
    elif isinstance(condition, Connect):
        if condition.operator.word == "not":
            yield from _standing(condition.args[0], not holds, others)
            return
        word = condition.operator.word
        # Of several that must vote together none decides alone, true or false.
        joint = word == ("and" if holds else "or") or word not in {"and", "or"}
        for i, part in enumerate(condition.args):
            beside = [_named(other) for j, other in enumerate(condition.args) if joint and j != i]
            yield from _standing(part, holds, others.union(*beside))


def _named(condition: Truth) -> frozenset[str]:
    """What a condition reads, for people; terms of the calendar too, while a rule's own dates are no condition."""
    read = operands(condition)
    found = frozenset().union(*(measured(part) for part in read if not isinstance(part, Grouped)))
    found |= terms(condition)
    found |= {f"parent.{part.operand.key}" for part in read if isinstance(part, OfParent)}
    found |= {f"{part.aggregate.word} of {part.relation}" for part in read if isinstance(part, Grouped)}
    return found | {f"facility.{name}" for name in attributes(condition)}
