"""What the language produces: rules as values, and the set of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.cases import RuleInfo
from core.places import Relation, Text
from rules.expression import (
    Attribute,
    AttributeText,
    Grouped,
    InForce,
    OfParent,
    Operand,
    Truth,
    Windowed,
    WindowedOver,
    attribute_parts,
    inner_operands,
    measured,
    operands,
    terms,
)


class Evidence(StrEnum):
    """How well the limit of a rule is supported."""

    READ = "read"
    """The text of the standard, or of the municipal table, was read."""
    SECONDARY = "secondary"
    """A text that quotes the standard was read."""
    UNCHECKED = "unchecked"
    """Known to practitioners, not compared with the text."""
    PROPOSAL = "proposal"
    """No standard behind the number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a limit comes from."""

    document: Text
    evidence: Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One checked rule.

    Attributes:
        id: unique in its set.
        class_id: the class of facilities it is for.
        when: raises the alarm.
        clear: ends it; ``None`` is *not when*.
        for_ms: how long ``when`` must hold.
        clear_for_ms: how long ``clear`` must hold.
        info: what people and dispatch need: texts, steps, grids, family, deadline.
        source: where its limit comes from.
        when_text, clear_text: the conditions as written, for people.
        file, line: where it stands.
        fingerprint: the same for two rules that judge alike; saved state is kept while it stays.
        levels: from the least to the worst severity, each a rule of the same id; the fields above are then those of the
            first. Empty for a rule of one severity.
    """

    id: str
    class_id: str
    when: Truth
    clear: Truth | None
    for_ms: int
    clear_for_ms: int
    info: RuleInfo
    source: Source
    when_text: str
    clear_text: str
    file: str
    line: int
    fingerprint: str
    levels: tuple[Rule, ...] = ()

    @property
    def parts(self) -> tuple[Rule, ...]:
        """What is judged, each by a machine of its own: the levels, or the rule itself."""
        return self.levels or (self,)

    @property
    def conditions(self) -> tuple[Truth, ...]:
        """All its conditions, of all levels."""
        return tuple(one for part in self.parts for one in (part.when, part.clear) if one is not None)

    @property
    def operands(self) -> frozenset[Operand]:
        """Everything its conditions read."""
        return frozenset().union(*(operands(one) for one in self.conditions))

    @property
    def hold_ms(self) -> int:
        """Over how long a time it judges at most: its ``for`` and the longest window that it reads."""
        windows = (one.window_ms for one in _looking_back(self.operands))
        return max(max(part.for_ms, part.clear_for_ms) for part in self.parts) + max(windows, default=0)

    @property
    def terms(self) -> frozenset[str]:
        """Terms of the calendar that its conditions ask for, be it inside a window."""
        return frozenset().union(*(terms(one) for one in self.conditions))

    @property
    def attribute_parts(self) -> frozenset[Attribute | AttributeText]:
        """What its conditions ask of the facility's attributes."""
        return frozenset().union(*(attribute_parts(one) for one in self.conditions))

    @property
    def attributes(self) -> frozenset[str]:
        """The facility attributes its conditions read."""
        return frozenset(part.name for part in self.attribute_parts)

    @property
    def measurements(self) -> frozenset[str]:
        """Keys of the measurements its conditions read."""
        return frozenset().union(*(measured(operand) for operand in self.operands))

    @property
    def relations(self) -> frozenset[Relation]:
        """By what it reaches across facilities; empty for a rule that is judged on each facility alone."""
        parents = {Relation.PARENT for operand in self.operands if isinstance(operand, OfParent)}
        return frozenset(self.grouped_by | parents)

    @property
    def grouped_by(self) -> frozenset[Relation]:
        """By what the groups it reads are held together; a parent's own value is no group."""
        return frozenset(operand.relation for operand in self.operands if isinstance(operand, Grouped))

    @property
    def dates(self) -> InForce | None:
        """When it is in force, if it has dates."""
        return next((operand for operand in self.operands if isinstance(operand, InForce)), None)


class RuleSet:
    """All rules in force together, by class and by id."""

    def __init__(self, rules: tuple[Rule, ...], units: Mapping[str, Mapping[str, str]]) -> None:
        """Keep the rules in the order of their files, and the unit of each measurement they were checked in."""
        self.rules = rules
        self.units = units
        self.by_id: Mapping[str, Rule] = {rule.id: rule for rule in rules}
        self.version = hashlib.blake2b(
            "\n".join(rule.fingerprint for rule in rules).encode(), digest_size=8
        ).hexdigest()

    def __len__(self) -> int:
        """Number of rules."""
        return len(self.rules)

    def of_class(self, class_id: str) -> tuple[Rule, ...]:
        """The rules for one class."""
        return tuple(rule for rule in self.rules if rule.class_id == class_id)

    @property
    def longest_window_ms(self) -> int:
        """The longest window any rule looks back over; 0 without windows."""
        widths = (part.window_ms for rule in self.rules for part in _looking_back(rule.operands))
        return max(widths, default=0)

    def across(self) -> Mapping[str, frozenset[Relation]]:
        """The rules that reach across facilities, by id, and by which relations: no partition may cut these."""
        return {rule.id: rule.relations for rule in self.rules if rule.relations}


def _looking_back(read: Iterable[Operand]) -> Iterator[Windowed | WindowedOver]:
    """The windows among operands, and within those of parents and groups."""
    for operand in read:
        if isinstance(operand, Windowed | WindowedOver):
            yield operand
        elif isinstance(operand, OfParent):
            yield from _looking_back((operand.operand,))
        elif isinstance(operand, Grouped):
            yield from _looking_back(inner_operands(operand.inner))
