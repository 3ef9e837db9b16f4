"""From the texts of rule files to a ``RuleSet``, or all their faults at once.

A file is a list of rules; ``docs/rules.md`` says what each field means. Files are read by the caller: nothing here
does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Invalid
from core.places import FacilityClass
from rules.language import findings as kinds
from rules.language.document import Document, Findings
from rules.language.levels import entry
from rules.rule_set import Rule, RuleSet


def load_rules(sources: Mapping[str, str], classes: Mapping[str, FacilityClass]) -> RuleSet:
    """Check all rules of all files.

    Args:
        sources: file name as the person knows it to its text.
        classes: the classes rules may be written for.

    Raises:
        Invalid: with every fault of every file, each with its place and remedy.
    """
    findings = Findings()
    rules: list[Rule] = []
    first_place: dict[str, str] = {}
    for file, text in sources.items():
        root = Document(file, text, findings).root()
        if root is None:
            continue
        for place in root.items():
            rule = entry(place, file, classes).rule()
            if rule is None:
                continue
            if rule.id in first_place:
                place.fault(kinds.RULE_TWICE, value=rule.id, first=first_place[rule.id])
            first_place.setdefault(rule.id, f"{file}:{rule.line}")
            rules.append(rule)
    if findings.items:
        raise Invalid(findings.items)
    units = {
        class_id: {key: measurement.unit for key, measurement in one.measurements.items()}
        for class_id, one in classes.items()
    }
    return RuleSet(tuple(rules), units)
