"""Finding rules by their ids, listing them, and showing one as it is written."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.console import Speaker
from app.exits import Exit
from app.rule_check import cost_values
from app.rule_files import book_sources, classes, rule_set
from core.findings import Speaks
from rules import phrases
from rules.cost import cost_of
from rules.rule_set import Rule, RuleSet


def find_rule(speaker: Speaker, rules: RuleSet, rule_id: str) -> Rule | None:
    """The rule; ``None`` if there is none, and the nearest ids are said."""
    rule = rules.by_id.get(rule_id)
    if rule is None:
        near = difflib.get_close_matches(rule_id, rules.by_id, n=3, cutoff=0.3)
        speaker.error(speaker.say("rule.none", name=rule_id, near=", ".join(near) or "-"))
    return rule


def list_rules(speaker: Speaker, paths: Sequence[Path], config: Path | None, class_id: str, *, as_json: bool) -> int:
    """Every rule of the files named, or of the installation, a line each.

    Raises:
        Invalid: if settings or rule files are wrong.
    """
    if class_id and class_id not in classes():
        speaker.error(speaker.say("rule.no-class", name=class_id, known=", ".join(classes())))
        return Exit.USAGE
    rules = [one for one in rule_set(paths, config).rules if class_id in ("", one.class_id)]
    if as_json:
        speaker.json([_values(rule) for rule in rules])
        return Exit.OK
    columns = [speaker.say(f"col.{name}") for name in ("rule", "class", "severity", "condition", "for", "says")]
    speaker.table(columns, [_row(rule, speaker) for rule in rules], whole=1)
    return Exit.OK


def _row(rule: Rule, speaker: Speaker) -> list[str]:
    language = speaker.language.value
    held: Speaks | None = phrases.duration(rule.for_ms) if rule.for_ms else None
    severity = speaker.say(f"severity.{rule.info.severity.name.lower()}")
    say = rule.info.say.in_language(language)
    return [rule.id, rule.class_id, severity, rule.when_text, held.in_language(language) if held else "", say]


def _values(rule: Rule) -> Mapping[str, object]:
    return {
        "id": rule.id,
        "class": rule.class_id,
        "severity": rule.info.severity.name.lower(),
        "when": rule.when_text,
        "clear": rule.clear_text,
        "for_ms": rule.for_ms,
        "clear_for_ms": rule.clear_for_ms,
        "say": {"zh": rule.info.say.zh, "en": rule.info.say.en},
        "file": rule.file,
        "line": rule.line,
        "cost": cost_values(cost_of(rule)),
    }


def show_rule(speaker: Speaker, rule_id: str, paths: Sequence[Path], config: Path | None) -> int:
    """A rule as it is written, with its comments.

    Raises:
        Invalid: if settings or rule files are wrong.
    """
    rule = find_rule(speaker, rule_set(paths, config), rule_id)
    if rule is None:
        return Exit.FINDING
    sources, _ = book_sources(paths, config)
    lines = sources[rule.file].splitlines()
    end = next((i for i in range(rule.line, len(lines)) if lines[i].startswith("- ")), len(lines))
    speaker.out.print("\n".join(lines[rule.line - 1 : end]).rstrip(), markup=False, soft_wrap=True)
    return Exit.OK
