"""What ``twingrid rule check`` prints: findings under their lines, and what each rule costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape

from app.console import Speaker, finding_values
from app.exits import Exit
from app.rule_files import CheckedRules, check_rules
from app.source_view import excerpt
from core.findings import Finding
from rules import bounds
from rules.cost import Cost, cost_of
from rules.expression import form
from rules.operand_kinds import kind_of
from rules.rule_set import Rule

FEW_RULES = 30
"""So many are listed with their cost without being asked for."""
_COLUMNS = ("rule", "nodes", "operands", "windows", "own", "shared", "evaluated")


def check(speaker: Speaker, paths: Sequence[Path], config: Path | None, options: Mapping[str, bool]) -> int:
    """Check, print, and say how it went; ``options``: ``strict``, ``cost``, ``json``."""
    checked = check_rules(paths, config)
    if options["json"]:
        speaker.json(check_values(checked, speaker))
    else:
        lines = {file: text.splitlines() for file, text in checked.sources.items()}
        print_findings(speaker, checked.errors, lines, "red")
        print_findings(speaker, checked.warnings, lines, "yellow")
        rules = [one.rule for one in checked.read.rules]
        _print_costs(speaker, rules, whole=options["cost"])
        if checked.errors or checked.warnings:
            counts = {"errors": len(checked.errors), "odd": len(checked.warnings), "rules": len(rules)}
            speaker.note(speaker.say("rule.bad", **counts))
        else:
            speaker.out.print(speaker.say("rule.good", files=len(checked.sources), rules=len(rules)))
    return Exit.FINDING if checked.errors or (options["strict"] and checked.warnings) else Exit.OK


def print_findings(
    speaker: Speaker, findings: Iterable[Finding], lines: Mapping[str, Sequence[str]], colour: str
) -> None:
    """Each finding under its line, in a colour; anything but red is marked as odd."""
    for finding in findings:
        odd = f"{speaker.say('rule.odd')}: " if colour != "red" else ""
        what, fix = finding.what_in(speaker.language), finding.fix_in(speaker.language)
        head = f"[bold]{escape(finding.place)}[/] [{colour}]{finding.code}[/] {odd}{escape(what)}"
        speaker.err.print(head, soft_wrap=True)
        for line in excerpt(finding, lines) or ():
            speaker.err.print(f"    {line}", markup=False, soft_wrap=True)
        speaker.err.print(f"    {speaker.say('check.fix')}: {escape(fix)}", soft_wrap=True)


def _print_costs(speaker: Speaker, rules: Sequence[Rule], *, whole: bool) -> None:
    if not rules:
        return
    costs = [(rule, cost_of(rule)) for rule in rules]
    if whole or len(rules) <= FEW_RULES:
        speaker.out.print(speaker.say("rule.costs"))
        speaker.table(
            [speaker.say(f"col.{name}") for name in _COLUMNS],
            [_row(rule, cost, speaker) for rule, cost in costs],
            whole=1,
        )
    else:
        rule, cost = max(costs, key=lambda one: (one[1].shared_bytes, one[1].nodes))
        most = speaker.say("rule.most", name=rule.id, shared=cost.shared_bytes, nodes=cost.nodes)
        speaker.out.print(most, soft_wrap=True)


def _row(rule: Rule, cost: Cost, speaker: Speaker) -> list[str]:
    windows = f"{len(cost.windows)} ({cost.slots})" if cost.windows else "0"
    sizes = (cost.nodes, len(cost.operands), windows, cost.own_bytes, cost.shared_bytes)
    return [rule.id, *map(str, sizes), evaluated(cost, speaker)]


def evaluated(cost: Cost, speaker: Speaker) -> str:
    """When a rule is evaluated, in words."""
    keys = sorted({kind_of(operand).key(operand) or form(operand) for operand in cost.restless})
    return speaker.say("rule.each", keys=", ".join(keys)) if keys else speaker.say("rule.crossing")


def check_values(checked: CheckedRules, speaker: Speaker) -> dict[str, Any]:
    """What was found, for programs."""
    return {
        "files": list(checked.sources),
        "errors": finding_values(checked.errors, speaker.language),
        "warnings": finding_values(checked.warnings, speaker.language),
        "rules": [
            {"id": one.rule.id, "class": one.rule.class_id, "file": one.rule.file, "line": one.rule.line}
            | {"cost": cost_values(cost_of(one.rule))}
            for one in checked.read.rules
        ],
        "bounds": {
            "nodes": bounds.MAX_NODES,
            "windows": bounds.MAX_WINDOWS,
            "window_ms": bounds.MAX_WINDOW_MS,
            "nesting": bounds.MAX_NESTING,
            "words": bounds.MAX_WORDS,
            "characters": bounds.MAX_CHARACTERS,
        },
    }


def cost_values(cost: Cost) -> dict[str, Any]:
    """What a rule costs, for programs."""
    return {
        "nodes": cost.nodes,
        "nesting": cost.nesting,
        "comparisons": cost.comparisons,
        "operands": [form(operand) for operand in cost.operands],
        "windows": [
            {"window_ms": one.window_ms, "slots": one.slots, "state_bytes": one.state_bytes} for one in cost.windows
        ],
        "own_bytes": cost.own_bytes,
        "shared_bytes": cost.shared_bytes,
        "evaluated_at_every_reading_of": [form(operand) for operand in cost.restless],
    }
