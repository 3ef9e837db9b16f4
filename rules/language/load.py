"""From the texts of rule files to a ``RuleSet``, or all their faults at once.

A file is a list of rules; ``docs/rules.md`` says what each field means. Files are read by the caller: nothing here
does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Invalid
from core.findings import Finding
from core.places import FacilityClass
from rules.language import findings as kinds
from rules.language.document import Document, Findings, Place
from rules.language.levels import entry
from rules.language.template import expanded
from rules.rule_set import Rule, RuleSet


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadRule:
    """A sound rule, where each of its fields stands, and the same of each of its levels."""

    rule: Rule
    fields: Mapping[str, Place]
    levels: tuple[ReadRule, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadRules:
    """What files hold: the sound rules, and everything that is wrong."""

    rules: tuple[ReadRule, ...]
    findings: tuple[Finding, ...]


def read_rules(sources: Mapping[str, str], classes: Mapping[str, FacilityClass]) -> ReadRules:
    """Read all rules of all files, as far as they are sound.

    Args:
        sources: file name as the person knows it to its text.
        classes: the classes rules may be written for.
    """
    findings = Findings()
    found: list[ReadRule] = []
    first_place: dict[str, str] = {}
    for file, text in sources.items():
        root = Document(file, text, findings).root()
        if root is None:
            continue
        for place in (one for item in root.items() for one in expanded(item, classes)):
            read = entry(place, file, classes)
            rule = read.rule()
            if rule is None:
                continue
            if rule.id in first_place:
                place.fault(kinds.RULE_TWICE, value=rule.id, first=first_place[rule.id])
            first_place.setdefault(rule.id, f"{file}:{rule.line}")
            parts = tuple(
                ReadRule(rule=part, fields=fields) for part, fields in zip(rule.levels, read.level_fields, strict=True)
            )
            found.append(ReadRule(rule=rule, fields=read.fields, levels=parts))
    return ReadRules(rules=tuple(found), findings=tuple(findings.items))


def load_rules(sources: Mapping[str, str], classes: Mapping[str, FacilityClass]) -> RuleSet:
    """Check all rules of all files.

    Args:
        sources: file name as the person knows it to its text.
        classes: the classes rules may be written for.

    Raises:
        Invalid: with every fault of every file, each with its place and remedy.
    """
    read = read_rules(sources, classes)
    if read.findings:
        raise Invalid(read.findings)
    return RuleSet(tuple(one.rule for one in read.rules), class_units(classes))


def class_units(classes: Mapping[str, FacilityClass]) -> Mapping[str, Mapping[str, str]]:
    """The unit of each measurement by class: what rules are checked in."""
    return {
        class_id: {key: measurement.unit for key, measurement in one.measurements.items()}
        for class_id, one in classes.items()
    }
